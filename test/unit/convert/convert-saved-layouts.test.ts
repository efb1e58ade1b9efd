/** One model under all names that libraries save it with: the same tensors, or a refusal by name. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalName } from '../../../src/convert/source-names.js';
import {
  convertedIn,
  editJson,
  expectSameTensors,
  savedIn,
  zeros,
} from '../../support/convert-run.js';
import {
  copyOf,
  readFolder,
  renamed,
  type Tensor,
  type Tensors,
  TINY1,
  TINY2,
  temporaryFolder,
  toBf16,
} from '../../support/convert-sources.js';

const folder = temporaryFolder();
const converted = (source: string, options: object = {}) => convertedIn(folder, source, options);
const saved = (source: string, tensors: Tensors) => savedIn(folder, source, tensors);

const plain1 = converted(TINY1);
const plain2 = converted(TINY2);
const originals = { [TINY1]: readFolder(TINY1), [TINY2]: readFolder(TINY2) };

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

  it('equals the embedding in another number type, where its values do', async () => {
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

// --- rows of the embedding --------------------------------------------------------------------------------------------

describe('rows of the embedding that no token has', () => {
  const withRows = (rows: number, number: (row: number, i: number) => number | undefined) => {
    const tensors: Tensors = new Map(originals[TINY1]);
    const { data } = tensors.get(EMBEDDING) as Tensor;
    const table = Buffer.alloc(rows * 64 * 4);
    for (let at = 0; at < rows * 64; at++) {
      const own = number(Math.floor(at / 64), at % 64);
      table.writeFloatLE(own ?? data.readFloatLE((at * 4) % data.length), at * 4);
    }
    tensors.set(EMBEDDING, { dtype: 'F32', shape: [rows, 64], data: table });
    return converted(saved(TINY1, tensors));
  };
  const noise = (row: number, i: number) => Math.sin(row * 64 + i) * 1e-3;
  /** As published: rows after `<image>` are close to one mean. */
  const published = (row: number, i: number) => (row > 1792 ? 0.3 + noise(row, i) : undefined);

  it('are left out where they are padding to a multiple, near a mean, zero or at random', async () => {
    for (const number of [
      published,
      () => undefined,
      (row: number) => (row > 1792 ? 0 : undefined),
    ]) {
      const { gguf, notes } = await withRows(1856, number);
      expect(gguf.keys.get('tokenizer.ggml.tokens')).toHaveLength(1792);
      expect(notes[0]).toBe(
        'the last 64 of 1856 embedding rows, <image> and padding, were dropped',
      );
    }
    expect((await withRows(1793, published)).gguf.tensors.get('token_embd.weight')?.shape).toEqual([
      64, 1792,
    ]);
  });

  it('are kept where they stand out among the padding, and are reported to lack their tokens', async () => {
    const trained = (row: number, i: number) =>
      row === 1793 || row === 1795 ? Math.cos(row + i) : published(row, i);
    const { gguf, notes } = await withRows(1856, trained);
    expect(notes.slice(0, 2)).toEqual([
      'embedding rows 1793, 1795 are no padding, but no token of the tokenizer has them: kept, and never generated',
      'the last 60 of 1856 embedding rows, padding that no token has, were dropped',
    ]);
    const tokens = gguf.keys.get('tokenizer.ggml.tokens') as string[];
    expect(tokens.slice(1792)).toEqual(['<image>', '[PAD1793]', '[PAD1794]', '[PAD1795]']);
    expect((gguf.keys.get('tokenizer.ggml.token_type') as number[]).slice(1792)).toEqual([
      3, 5, 5, 5,
    ]);
    expect(gguf.tensors.get('token_embd.weight')?.shape).toEqual([64, 1796]);
  });

  it('are refused where they can be no padding', async () => {
    for (const rows of [1795, 1803, 2368]) {
      await expect(withRows(rows, published)).rejects.toMatchObject({
        code: 'ERR_TOKENIZER_FORMAT',
        subject: EMBEDDING,
        found: `rows 1793 to ${rows - 1} without a token`,
      });
    }
  });

  it('have a token as soon as a file names it', async () => {
    const tensors: Tensors = new Map(originals[TINY1]);
    const source = saved(TINY1, tensors);
    const names = { '<image>': 1792, '<dent>': 1793, 'scratched paint': 1795 };
    writeFileSync(path.join(source, 'added_tokens.json'), JSON.stringify(names));
    const { gguf, notes } = await converted(source);
    expect(notes.slice(0, 2)).toEqual([
      '2 tokens that were added after <image> are kept: "<dent>", "scratched paint"',
      'the last 60 of 1856 embedding rows, padding that no token has, were dropped',
    ]);
    expect((gguf.keys.get('tokenizer.ggml.tokens') as string[]).slice(1792)).toEqual([
      '<image>',
      '<dent>',
      '[PAD1794]',
      'scratched paint',
    ]);
    expect(gguf.keys.get('paligemma.added_tokens.ids')).toEqual([1793, 1795]);
    expect(gguf.keys.get('paligemma.added_tokens.flags')).toEqual([24, 24]);
  });

  it('are refused where two files name them differently', async () => {
    const source = copyOf(TINY1, folder);
    const names = { '<image>': 1792, '<dent>': 1793 };
    writeFileSync(path.join(source, 'added_tokens.json'), JSON.stringify(names));
    editJson(path.join(source, 'tokenizer_config.json'), (json) => {
      json.added_tokens_decoder[1793] = { content: '<scratch>' };
    });
    await expect(converted(source)).rejects.toMatchObject({
      code: 'ERR_TOKENIZER_FORMAT',
      message: expect.stringContaining('as tokenizer_config.json says'),
    });
  });
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
