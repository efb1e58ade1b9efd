/** One model under all names and in all files that libraries save it in: the same tensors, or a refusal by name. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConvertReport, convert } from '../../../src/convert/convert.js';
import { canonicalName } from '../../../src/convert/source-names.js';
import { type Gguf, readGguf } from '../../support/convert-gguf.js';
import {
  copyOf,
  npy,
  readFolder,
  renamed,
  safetensorsBytes,
  type Tensor,
  type Tensors,
  TINY1,
  TINY2,
  TOKENIZER_MODEL,
  temporaryFolder,
  tinyNpzMembers,
  toBf16,
  writeSharded,
  writeSingle,
} from '../../support/convert-sources.js';
import { writeZip } from '../../support/convert-zip.js';

const folder = temporaryFolder();
let files = 0;

interface Converted {
  readonly gguf: Gguf;
  readonly notes: readonly string[];
  readonly report: ConvertReport;
}

async function converted(source: string, options: object = {}): Promise<Converted> {
  const output = path.join(folder, `${files++}.gguf`);
  const report = await convert({ source, output, type: 'f32', ...options });
  return { gguf: readGguf(output), notes: report.notes, report };
}

function expectSameTensors(a: Gguf, b: Gguf): void {
  expect([...a.tensors.keys()]).toEqual([...b.tensors.keys()]);
  for (const [name, tensor] of b.tensors) {
    expect(a.tensors.get(name)?.shape, name).toEqual(tensor.shape);
    expect(a.tensors.get(name)?.padded.equals(tensor.padded), name).toBe(true);
  }
}

const plain1 = converted(TINY1);
const plain2 = converted(TINY2);
const originals = { [TINY1]: readFolder(TINY1), [TINY2]: readFolder(TINY2) };

/** A copy of a checkpoint with other tensors in one file. */
function saved(source: string, tensors: Tensors): string {
  const copy = copyOf(source, folder);
  writeSingle(copy, tensors);
  return copy;
}

// --- names ------------------------------------------------------------------------------------------------------------

/** Where an inner network is in the outer model: [text, vision, projector]. */
const LAYOUTS: Readonly<Record<string, readonly [string, string, string]>> = {
  'until 4.51': ['language_model.model.', 'vision_tower.vision_model.', 'multi_modal_projector.'],
  '4.52 to 4.57': [
    'model.language_model.',
    'model.vision_tower.vision_model.',
    'model.multi_modal_projector.',
  ],
  '5, loaded': ['model.language_model.', 'model.vision_tower.', 'model.multi_modal_projector.'],
  '5, built and never loaded': ['language_model.model.', 'vision_tower.', 'multi_modal_projector.'],
  'the inner model alone': [
    'language_model.',
    'vision_tower.vision_model.',
    'multi_modal_projector.',
  ],
};
const WRAPPERS = [
  'module.',
  '_orig_mod.',
  'model.',
  'base_model.model.',
  '_fsdp_wrapped_module.',
  '_forward_module.module.',
];

function layout(
  name: string,
  [text, vision, projector]: readonly [string, string, string],
): string {
  const canonical = canonicalName(name) as string;
  return canonical
    .replace(/^text\./, text)
    .replace(/^vision\./, vision)
    .replace(/^projector\./, projector);
}

/** Puts wrapper segments in front of any segments of a name. */
const wrapped = (name: string, inserts: readonly (readonly [number, string])[]): string => {
  const segments = name.split('.');
  for (const [at, wrapper] of inserts) {
    const i = at % (segments.length - 1); // never between a layer and its `weight`
    segments[i] = wrapper + segments[i];
  }
  return segments.join('.');
};

describe('names of one model', () => {
  it('become the same tensors in any layout under any wrappers, mixed by the network', async () => {
    const arbitraryLayout = fc.constantFrom(...Object.values(LAYOUTS));
    const inserts = fc.array(fc.tuple(fc.nat(8), fc.constantFrom(...WRAPPERS)), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(TINY1, TINY2),
        fc.tuple(arbitraryLayout, arbitraryLayout, arbitraryLayout),
        fc.array(fc.constantFrom(...WRAPPERS), { maxLength: 3 }),
        inserts,
        async (source, [a, b, c], outer, inner) => {
          const mixed = [a[0], b[1], c[2]] as const;
          const tensors = renamed(
            originals[source] as Tensors,
            (name) => outer.join('') + wrapped(layout(name, mixed), inner),
          );
          const { gguf, notes } = await converted(saved(source, tensors));
          const expected = await (source === TINY1 ? plain1 : plain2);
          expectSameTensors(gguf, expected.gguf);
          expect(notes).toEqual(expected.notes);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('begin with the attribute of a module of one’s own, which a note names', async () => {
    const tensors = renamed(originals[TINY1] as Tensors, (name) => `net.paligemma.${name}`);
    const { gguf, notes } = await converted(saved(TINY1, tensors));
    expectSameTensors(gguf, (await plain1).gguf);
    expect(notes).toContain('all names begin with net.paligemma., which was left out');
  });

  it.each([
    ['another network beside it', 'gemma_expert.model.layers.0.mlp.up_proj.weight'],
    ['a moving average', 'model_ema.language_model.model.norm.weight'],
    ['an unknown part', 'language_model.model.layers.0.router.weight'],
    ['a head of another task', 'score.weight'],
  ])('that belong to %s are refused by name', async (_, name) => {
    const tensors: Tensors = new Map(originals[TINY1]);
    tensors.set(name, zeros([4, 4]));
    await expect(converted(saved(TINY1, tensors))).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_SURPLUS',
      subject: name,
    });
  });

  it('that fit one tensor twice are refused with both', async () => {
    const name = 'language_model.model.norm.weight';
    for (const wrapper of [...WRAPPERS, 'base_model.model._orig_mod.']) {
      const tensors: Tensors = new Map(originals[TINY1]);
      tensors.set(wrapper + name, tensors.get(name) as Tensor);
      await expect(converted(saved(TINY1, tensors))).rejects.toMatchObject({
        code: 'ERR_MODEL_TENSOR_SURPLUS',
        found: `${name} and ${wrapper}${name}`,
      });
    }
  });
});

function zeros(shape: readonly number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'F32', shape, data: Buffer.alloc(count * 4) };
}

// --- the output matrix ------------------------------------------------------------------------------------------------

const EMBEDDING = 'language_model.model.embed_tokens.weight';
const HEADS = ['language_model.lm_head.weight', 'lm_head.weight', 'model.lm_head.weight'];

describe('the output matrix', () => {
  for (const head of HEADS) {
    it(`alone, as ${head}, is the embedding`, async () => {
      const tensors = renamed(originals[TINY1] as Tensors, (n) => (n === EMBEDDING ? head : n));
      const { gguf, notes } = await converted(saved(TINY1, tensors));
      expectSameTensors(gguf, (await plain1).gguf);
      expect(notes).toContain(
        `${head} is the embedding too: the two are tied, and it alone is there`,
      );
    });

    it(`beside an equal embedding, as ${head}, is left out with a note`, async () => {
      const tensors: Tensors = new Map(originals[TINY1]);
      tensors.set(head, tensors.get(EMBEDDING) as Tensor);
      const { gguf, notes } = await converted(saved(TINY1, tensors));
      expectSameTensors(gguf, (await plain1).gguf);
      expect(notes.join()).toContain(`${head} was dropped: it equals the embedding`);
    });
  }

  it('equals the embedding in another number type, where its numbers do', async () => {
    const narrow = toBf16(originals[TINY1] as Tensors);
    const wide = (narrow.get(EMBEDDING) as Tensor).data;
    const data = Buffer.alloc(wide.length * 2);
    for (let i = 0; i < wide.length / 2; i++)
      data.writeUInt16LE(wide.readUInt16LE(i * 2), i * 4 + 2);
    const { shape } = narrow.get(EMBEDDING) as Tensor;
    narrow.set('lm_head.weight', { dtype: 'F32', shape, data });
    const { gguf, notes } = await converted(saved(TINY1, narrow));
    expect(gguf.tensors.has('output.weight')).toBe(false);
    expect(notes.join()).toContain('lm_head.weight was dropped');
  });

  it('that differs in one number of one row that is kept becomes a tensor of its own', async () => {
    for (const row of [0, 900, 1791]) {
      const tensors: Tensors = new Map(originals[TINY1]);
      const embedding = tensors.get(EMBEDDING) as Tensor;
      const data = Buffer.from(embedding.data);
      data.writeFloatLE(3, (row * 64 + 17) * 4);
      tensors.set('lm_head.weight', { ...embedding, data });
      const { gguf, notes } = await converted(saved(TINY1, tensors));
      expect(gguf.tensors.get('output.weight')?.shape).toEqual([64, 1792]);
      expect(
        gguf.tensors.get('output.weight')?.padded.equals(data.subarray(0, 1792 * 64 * 4)),
      ).toBe(true);
      expect(notes).toContain(
        `lm_head.weight differs from ${EMBEDDING}: stored as an output matrix of its own`,
      );
    }
  });

  it('alone, of settings that say it is not tied, leaves the embedding missing', async () => {
    const tensors = renamed(originals[TINY1] as Tensors, (n) =>
      n === EMBEDDING ? 'lm_head.weight' : n,
    );
    const source = saved(TINY1, tensors);
    editJson(path.join(source, 'config.json'), (json) => (json.tie_word_embeddings = false));
    await expect(converted(source)).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_MISSING',
      subject: 'text.embed_tokens.weight',
    });
  });
});

// biome-ignore lint/suspicious/noExplicitAny: edits at any depth of a JSON file
function editJson(file: string, edit: (json: any) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  edit(json);
  writeFileSync(file, JSON.stringify(json));
}

// --- settings ---------------------------------------------------------------------------------------------------------

describe('settings that leave out a size', () => {
  it('take the default of its class where the tensors agree, with a note', async () => {
    const source = copyOf(TINY2, folder);
    const config = path.join(source, 'config.json');
    // 4 heads of 32 are written as 8 of 16: the same tensors, and 8 is what Gemma2Config takes.
    editJson(config, ({ text_config: text }) => {
      delete text.num_attention_heads;
      text.head_dim = 16;
      text.num_key_value_heads = 4;
    });
    const { gguf, notes } = await converted(source);
    expectSameTensors(gguf, (await plain2).gguf);
    expect(gguf.keys.get('gemma2.attention.head_count')).toBe(8);
    expect(notes).toContain(
      'config.json is silent about text_config.num_attention_heads (8): defaults of transformers',
    );
  });

  for (const key of [
    'hidden_size',
    'intermediate_size',
    'num_hidden_layers',
    'num_attention_heads',
    'num_key_value_heads',
  ]) {
    it(`are refused where the tensors contradict the default: text_config.${key}`, async () => {
      const source = copyOf(TINY2, folder);
      editJson(path.join(source, 'config.json'), (json) => delete json.text_config[key]);
      await expect(converted(source)).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_MODEL_TENSOR_(SHAPE|MISSING)$/),
        hint: expect.stringContaining(`the settings are silent about text_config.${key} (`),
      });
    });
  }
});

// --- MLX --------------------------------------------------------------------------------------------------------------

describe('the patch embedding as MLX stores it', () => {
  it('with the channels last, is reordered', async () => {
    for (const source of [TINY1, TINY2]) {
      const tensors: Tensors = new Map(originals[source]);
      const [name, tensor] = [...tensors].find(([n]) => n.endsWith('patch_embedding.weight')) as [
        string,
        Tensor,
      ];
      const [out, channels, height, width] = tensor.shape as [number, number, number, number];
      const data = Buffer.alloc(tensor.data.length);
      let to = 0;
      for (let o = 0; o < out; o++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            for (let c = 0; c < channels; c++) {
              const from = ((o * channels + c) * height + y) * width + x;
              tensor.data.copy(data, to, from * 4, from * 4 + 4);
              to += 4;
            }
      tensors.set(name, { dtype: 'F32', shape: [out, height, width, channels], data });
      const { gguf, notes } = await converted(saved(source, tensors));
      expectSameTensors(gguf, (await (source === TINY1 ? plain1 : plain2)).gguf);
      expect(notes).toContain(`${name} has its channels last, as MLX stores it: reordered`);
    }
  });
});

// --- files ------------------------------------------------------------------------------------------------------------

describe('weights in a folder', () => {
  const shards = (count: number) => {
    const copy = copyOf(TINY1, folder);
    writeSharded(copy, originals[TINY1] as Tensors, count);
    rmSync(path.join(copy, 'model.safetensors.index.json'));
    return copy;
  };

  it('in shards without their index are read', async () => {
    const { gguf, notes } = await converted(shards(3));
    expectSameTensors(gguf, (await plain1).gguf);
    expect(notes).toContain('3 shards: read without model.safetensors.index.json');
  });

  it('in shards of which one is missing are refused with its name, with and without index', async () => {
    for (const indexed of [false, true]) {
      const copy = copyOf(TINY1, folder);
      writeSharded(copy, originals[TINY1] as Tensors, 3);
      if (!indexed) rmSync(path.join(copy, 'model.safetensors.index.json'));
      rmSync(path.join(copy, 'model-00002-of-00003.safetensors'));
      await expect(converted(copy)).rejects.toMatchObject({
        code: 'ERR_MODEL_NOT_FOUND',
        subject: 'model-00002-of-00003.safetensors',
        message: expect.stringContaining('lacks 1 of 3 shards'),
      });
    }
  });

  it('in empty or cut shards are refused with the shard', async () => {
    for (const bytes of [0, 9, 400]) {
      const copy = shards(3);
      const name = 'model-00003-of-00003.safetensors';
      writeFileSync(path.join(copy, name), readFileSync(path.join(copy, name)).subarray(0, bytes));
      await expect(converted(copy)).rejects.toMatchObject({
        code: 'ERR_MODEL_TRUNCATED',
        subject: name,
      });
    }
  });

  it('in one file of another name are read', async () => {
    const copy = copyOf(TINY1, folder);
    renameSync(
      path.join(copy, 'model.safetensors'),
      path.join(copy, 'paligemma_finetuned.safetensors'),
    );
    writeFileSync(path.join(copy, '._model.safetensors'), 'a resource fork');
    const { gguf, notes } = await converted(copy);
    expectSameTensors(gguf, (await plain1).gguf);
    expect(notes).toContain(
      'paligemma_finetuned.safetensors: read without the usual name model.safetensors',
    );
  });

  it('in several files of other names are refused with all of them', async () => {
    const copy = copyOf(TINY1, folder);
    renameSync(path.join(copy, 'model.safetensors'), path.join(copy, 'a.safetensors'));
    copyFileSync(path.join(copy, 'a.safetensors'), path.join(copy, 'b.safetensors'));
    await expect(converted(copy)).rejects.toMatchObject({
      code: 'ERR_MODEL_FORMAT',
      found: 'a.safetensors, b.safetensors',
    });
  });

  it('twice are read from model.safetensors, and what is left out is named', async () => {
    const copy = copyOf(TINY1, folder);
    writeFileSync(path.join(copy, 'model-00001-of-00002.safetensors'), 'not read');
    writeFileSync(path.join(copy, 'model.safetensors.index.json'), 'not read');
    writeFileSync(path.join(copy, 'pytorch_model.bin'), 'not read');
    writeFileSync(path.join(copy, 'optimizer.pt'), 'the state of training');
    const { gguf, notes } = await converted(copy);
    expectSameTensors(gguf, (await plain1).gguf);
    expect(notes[0]).toBe(
      'model-00001-of-00002.safetensors, model.safetensors.index.json, pytorch_model.bin were not read: ' +
        'model.safetensors was, as transformers does',
    );
  });

  it('beside an index that does not list one are read without it, and it is named', async () => {
    const copy = copyOf(TINY1, folder);
    writeSharded(copy, originals[TINY1] as Tensors, 2);
    writeFileSync(path.join(copy, 'model-00001-of-00009.safetensors'), 'of an earlier save');
    const { notes } = await converted(copy);
    expect(notes[0]).toBe(
      'model-00001-of-00009.safetensors was not read: model.safetensors.index.json does not list it',
    );
  });

  it.each([
    ['pytorch_model.bin', /safe_serialization=True/],
    ['last.ckpt', /state_dict/],
    ['global_step500', /zero_to_fp32/],
    ['model-q8_0.gguf', /needs no conversion/],
    ['model.npz', /give the file itself/],
    ['checkpoint-1500', /give the folder of one checkpoint: .*checkpoint-1500/],
  ])('only as %s say what to do', async (name, hint) => {
    const copy = path.join(folder, `only-${files++}`);
    mkdirSync(copy);
    writeFileSync(path.join(copy, name), '');
    writeFileSync(path.join(copy, 'training_args.bin'), '');
    await expect(converted(copy)).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      hint: expect.stringMatching(hint),
    });
  });

  it('without settings say that they are missing', async () => {
    const copy = copyOf(TINY1, folder);
    rmSync(path.join(copy, 'config.json'));
    await expect(converted(copy)).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      message: expect.stringContaining('holds weights but no config.json'),
    });
  });
});

// --- adapters ---------------------------------------------------------------------------------------------------------

describe('an adapter', () => {
  const LORA = { peft_type: 'LORA', base_model_name_or_path: 'google/paligemma-3b-pt-224', r: 8 };
  const weights = safetensorsBytes(
    new Map([
      [
        'base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight',
        zeros([8, 64]),
      ],
    ]),
  );
  const withAdapter = (copy: string, config: object | undefined) => {
    if (config) writeFileSync(path.join(copy, 'adapter_config.json'), JSON.stringify(config));
    writeFileSync(path.join(copy, 'adapter_model.safetensors'), weights);
    return copy;
  };
  const alone = (config: object | undefined) => {
    const copy = path.join(folder, `adapter-${files++}`);
    mkdirSync(copy);
    return withAdapter(copy, config);
  };

  it('alone is refused with its base and the command that merges it', async () => {
    const error = await converted(alone(LORA)).catch((e) => e);
    expect(error).toMatchObject({ code: 'ERR_MODEL_ADAPTER' });
    expect(error.message).toContain(
      'holds a LoRA adapter of google/paligemma-3b-pt-224 (adapter_config.json, adapter_model.safetensors), not a whole model',
    );
    expect(error.hint).toContain("P.from_pretrained('google/paligemma-3b-pt-224'");
    expect(error.hint).toContain("merge_and_unload().save_pretrained('merged')");
  });

  it('beside its base is refused, and not ignored', async () => {
    const error = await converted(withAdapter(copyOf(TINY1, folder), LORA)).catch((e) => e);
    expect(error).toMatchObject({ code: 'ERR_MODEL_ADAPTER' });
    expect(error.message).toContain('beside the whole model model.safetensors');
    const noSettings = await converted(withAdapter(copyOf(TINY1, folder), undefined)).catch(
      (e) => e,
    );
    expect(noSettings.message).toContain('an adapter (adapter_model.safetensors)');
  });

  it('is named for what it is', async () => {
    const named = async (config: object) =>
      (await converted(alone(config)).catch((e) => e)).message;
    expect(await named({ ...LORA, use_dora: true })).toContain('a DoRA adapter of');
    expect(await named({ ...LORA, peft_type: 'IA3' })).toContain('an IA3 adapter of');
    expect(await named({ ...LORA, modules_to_save: ['lm_head', 'embed_tokens'] })).toContain(
      'with lm_head, embed_tokens trained as a whole (modules_to_save)',
    );
  });

  it('puts no text of its settings into a command that a shell would run', async () => {
    const error = await converted(
      alone({ ...LORA, base_model_name_or_path: "x'; rm -rf ~; '" }),
    ).catch((e) => e);
    expect(error.hint).toContain("P.from_pretrained('BASE'");
    expect(error.hint).not.toContain('rm -rf');
  });

  const Q = 'language_model.model.layers.0.self_attn.q_proj';
  it.each([
    ['LoRA weights', [`base_model.model.${Q}.lora_A.default.weight`, `${Q}.lora_B.default.weight`]],
    ['DoRA weights', [`${Q}.lora_magnitude_vector.default.weight`]],
    ['adapter weights', [`${Q}.ia3_l.default`]],
    ['trained token rows', ['model.embed_tokens.token_adapter.trainable_tokens_delta']],
    [
      'fully trained modules beside their originals',
      ['multi_modal_projector.modules_to_save.default.linear.weight'],
    ],
  ])('inside a checkpoint is refused: %s', async (what, names) => {
    const tensors: Tensors = new Map(originals[TINY1]);
    for (const name of names) tensors.set(name, zeros([8, 64]));
    await expect(converted(saved(TINY1, tensors))).rejects.toMatchObject({
      code: 'ERR_MODEL_ADAPTER',
      found: what,
      subject: names[0],
    });
  });

  it('that was taken off and left its layers wrapped is refused', async () => {
    const tensors = renamed(originals[TINY1] as Tensors, (n) =>
      n.replace(/q_proj\.weight$/, 'q_proj.base_layer.weight'),
    );
    await expect(converted(saved(TINY1, tensors))).rejects.toMatchObject({
      code: 'ERR_MODEL_ADAPTER',
    });
  });
});

// --- big_vision -------------------------------------------------------------------------------------------------------

describe('an archive of training', () => {
  it('is read for its parameters alone, whatever the optimiser left beside them', async () => {
    const members = await tinyNpzMembers();
    const state = members.map(({ name, data }) => ({
      name: name.replace('params/', 'opt/0/mu/'),
      data,
    }));
    const step = { name: 'opt/step.npy', data: npy('<u4', [], Buffer.alloc(4)) };
    const file = path.join(folder, 'training.npz');
    writeFileSync(file, writeZip([...state, step, ...members]));
    const { gguf, notes } = await converted(file, { tokenizer: TOKENIZER_MODEL });
    expectSameTensors(gguf, (await plain1).gguf);
    expect(notes.join('\n')).toContain(
      `${state.length + 1} arrays outside params/ left out, as big_vision does: opt/0/mu/`,
    );
  });
});
