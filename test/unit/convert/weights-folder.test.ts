/** One model in all files that people have it in: the same tensors, or a refusal that says what is there; adapters never ignored. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertedIn, expectSameTensors, savedIn, zeros } from '../../support/convert-run.js';
import {
  copyOf,
  npy,
  readFolder,
  renamed,
  safetensorsBytes,
  type Tensors,
  TINY1,
  TOKENIZER_MODEL,
  temporaryFolder,
  tinyNpzMembers,
  writeSharded,
} from '../../support/convert-sources.js';
import { writeZip } from '../../support/convert-zip.js';

const folder = temporaryFolder();
const converted = (source: string, options: object = {}) => convertedIn(folder, source, options);
const saved = (source: string, tensors: Tensors) => savedIn(folder, source, tensors);

const plain1 = converted(TINY1);
const originals = { [TINY1]: readFolder(TINY1) };
let files = 0;

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
