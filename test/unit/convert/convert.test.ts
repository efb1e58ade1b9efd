/** The converter from end to end on the tiny checkpoints: layouts, types, names, keys, paddings. Writes f32 only. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/convert.js';
import { maskCodecTensors } from '../../../src/convert/mask-codec.js';
import { bigVisionArrays } from '../../support/convert-big-vision.js';
import { f32Of, type Gguf, readGguf } from '../../support/convert-gguf.js';
import {
  copyOf,
  npy,
  parseNpy,
  pseudoRandom,
  readFolder,
  renamed,
  type Tensor,
  TINY1,
  TINY2,
  TOKENIZER_JSON,
  TOKENIZER_MODEL,
  temporaryFolder,
  tinyNpzMembers,
  toBf16,
  toF16,
  writeSharded,
  writeSingle,
  writeTinyNpz,
} from '../../support/convert-sources.js';
import { writeZip } from '../../support/convert-zip.js';

const folder = temporaryFolder();
let files = 0;

async function converted(source: string, options: object = {}): Promise<Gguf> {
  const output = path.join(folder, `${files++}.gguf`);
  const report = await convert({ source, output, type: 'f32', ...options });
  const gguf = readGguf(output);
  expect(report.bytes).toBe(gguf.fileBytes);
  expect(report.tensors.map((t) => t.name)).toEqual([...gguf.tensors.keys()]);
  expect(report.tensors.map((t) => t.shape)).toEqual(
    [...gguf.tensors.values()].map((t) => t.shape),
  );
  return gguf;
}

function expectSameTensors(a: Gguf, b: Gguf): void {
  expect([...a.tensors.keys()]).toEqual([...b.tensors.keys()]);
  for (const [name, tensor] of a.tensors) {
    const other = b.tensors.get(name);
    expect(other?.shape, name).toEqual(tensor.shape);
    expect(other?.typeId, name).toBe(tensor.typeId);
    expect(other?.padded.equals(tensor.padded), name).toBe(true);
  }
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (!tensor) throw new Error('no such tensor');
  return new Float32Array(Uint8Array.from(tensor.data).buffer);
}

const plain1 = converted(TINY1);
const plain2 = converted(TINY2);

describe('keys of the file', () => {
  it('describe a PaliGemma 1', async () => {
    const { keys, version } = await plain1;
    expect(version).toBe(3);
    expect([...keys.keys()][0]).toBe('general.architecture');
    const scalars = Object.fromEntries(
      [...keys].filter(([k]) => !/ggml\.(tokens|scores|token_type)$/.test(k)),
    );
    expect(scalars).toEqual({
      'general.architecture': 'gemma',
      'general.type': 'model',
      'general.name': 'tiny-paligemma1',
      'general.file_type': 0,
      'general.quantization_version': 2,
      'general.alignment': 32,
      'gemma.context_length': 1024,
      'gemma.embedding_length': 64,
      'gemma.block_count': 2,
      'gemma.feed_forward_length': 96,
      'gemma.attention.head_count': 4,
      'gemma.attention.head_count_kv': 1,
      'gemma.attention.key_length': 32,
      'gemma.attention.value_length': 32,
      'gemma.vocab_size': 1792,
      'gemma.attention.layer_norm_rms_epsilon': Math.fround(1e-6),
      'gemma.rope.freq_base': 10000,
      'clip.has_vision_encoder': true,
      'clip.projector_type': 'paligemma',
      'clip.use_gelu': true,
      'clip.vision.image_size': 224,
      'clip.vision.patch_size': 28,
      'clip.vision.embedding_length': 48,
      'clip.vision.feed_forward_length': 72,
      'clip.vision.block_count': 2,
      'clip.vision.attention.head_count': 2,
      'clip.vision.projection_dim': 64,
      'clip.vision.attention.layer_norm_epsilon': Math.fround(1e-6),
      'clip.vision.image_mean': [0.5, 0.5, 0.5],
      'clip.vision.image_std': [0.5, 0.5, 0.5],
      'paligemma.version': 1,
      'paligemma.variant': 'custom',
      'paligemma.image_token_count': 64,
      'paligemma.first_loc_token': 23,
      'paligemma.first_seg_token': 1047,
      'paligemma.separator_token': 8,
      'paligemma.attention.query_scale': Math.fround(32 ** -0.5),
      'paligemma.norm_offset_baked': true,
      'paligemma.vision.feed_forward_padded': 96,
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.pre': 'default',
      'tokenizer.ggml.bos_token_id': 2,
      'tokenizer.ggml.eos_token_id': 1,
      'tokenizer.ggml.unknown_token_id': 3,
      'tokenizer.ggml.padding_token_id': 0,
      'tokenizer.ggml.add_bos_token': true,
      'tokenizer.ggml.add_eos_token': false,
      'tokenizer.ggml.add_space_prefix': false,
    });
  });

  it('describe a PaliGemma 2 with its soft-caps and its own query scale', async () => {
    const { keys, keyTypes } = await plain2;
    expect(keys.get('general.architecture')).toBe('gemma2');
    expect(keys.get('paligemma.version')).toBe(2);
    expect(keys.get('gemma2.attn_logit_softcapping')).toBe(5);
    expect(keys.get('gemma2.final_logit_softcapping')).toBe(8);
    expect(keys.get('gemma2.attention.head_count_kv')).toBe(2);
    expect(keys.get('gemma2.attention.key_length')).toBe(32);
    expect(keys.get('gemma2.rope.freq_base')).toBe(10000);
    expect(keys.get('paligemma.attention.query_scale')).toBe(Math.fround(20 ** -0.5));
    expect(keys.get('paligemma.image_token_count')).toBe(16);
    expect(keys.get('paligemma.vision.feed_forward_padded')).toBe(224);
    expect(keyTypes.get('gemma2.attn_logit_softcapping')).toBe('f32');
    expect(keyTypes.get('tokenizer.ggml.tokens')).toBe('string[]');
    expect(keyTypes.get('tokenizer.ggml.scores')).toBe('f32[]');
    expect(keyTypes.get('tokenizer.ggml.token_type')).toBe('i32[]');
  });

  it('hold exactly as many pieces as the embedding has rows', async () => {
    for (const gguf of [await plain1, await plain2]) {
      expect(gguf.keys.get('tokenizer.ggml.tokens')).toHaveLength(1792);
      expect(gguf.keys.get('tokenizer.ggml.scores')).toHaveLength(1792);
      expect(gguf.keys.get('tokenizer.ggml.token_type')).toHaveLength(1792);
      expect(gguf.tensors.get('token_embd.weight')?.shape[1]).toBe(1792);
    }
  });

  it('take the caller at his word', async () => {
    const { keys } = await converted(TINY2, {
      name: 'my model',
      attentionSoftcap: 0,
      finalSoftcap: 12.5,
      queryPreAttnScalar: 64,
      contextLength: 300,
    });
    expect(keys.get('general.name')).toBe('my model');
    expect(keys.get('gemma2.attn_logit_softcapping')).toBe(0);
    expect(keys.get('gemma2.final_logit_softcapping')).toBe(12.5);
    expect(keys.get('paligemma.attention.query_scale')).toBe(0.125);
    expect(keys.get('gemma2.context_length')).toBe(300);
  });
});

describe('tensors', () => {
  it('stand in the order text, vision, projector, and each starts at a multiple of 32 bytes', async () => {
    for (const gguf of [await plain1, await plain2]) {
      const parts = [...gguf.tensors.keys()].map((n) => /^(v|mm)\./.exec(n)?.[1] ?? 'text');
      expect(parts.filter((p, i) => p !== parts[i - 1])).toEqual(['text', 'v', 'mm']);
      for (const { offset, padded } of gguf.tensors.values()) {
        expect(offset % 32).toBe(0);
        expect(padded.length % 32).toBe(0);
      }
    }
    // Spec 8.3: 2 + 9 L text tensors in version 1, 2 + 11 L in version 2; 16 L + 5 of the vision tower; 2.
    expect((await plain1).tensors.size).toBe(2 + 9 * 2 + 16 * 2 + 5 + 2);
    expect((await plain2).tensors.size).toBe(2 + 11 * 3 + 16 * 3 + 5 + 2);
  });

  it('are the numbers of the source, text norms with 1 added and nothing else changed', async () => {
    const source = readFolder(TINY2);
    const gguf = await plain2;
    const text = 'model.language_model.layers.1';
    const vision = 'model.vision_tower.encoder.layers.2';
    const pairs = [
      ['blk.1.attn_q.weight', `${text}.self_attn.q_proj.weight`],
      ['blk.1.attn_k.weight', `${text}.self_attn.k_proj.weight`],
      ['blk.1.attn_v.weight', `${text}.self_attn.v_proj.weight`],
      ['blk.1.attn_output.weight', `${text}.self_attn.o_proj.weight`],
      ['blk.1.ffn_gate.weight', `${text}.mlp.gate_proj.weight`],
      ['blk.1.ffn_up.weight', `${text}.mlp.up_proj.weight`],
      ['blk.1.ffn_down.weight', `${text}.mlp.down_proj.weight`],
      ['v.blk.2.ln1.weight', `${vision}.layer_norm1.weight`],
      ['v.blk.2.ln2.bias', `${vision}.layer_norm2.bias`],
      ['v.blk.2.attn_k.bias', `${vision}.self_attn.k_proj.bias`],
      ['v.blk.2.attn_out.weight', `${vision}.self_attn.out_proj.weight`],
      ['v.patch_embd.weight', 'model.vision_tower.embeddings.patch_embedding.weight'],
      ['v.position_embd.weight', 'model.vision_tower.embeddings.position_embedding.weight'],
      ['v.post_ln.weight', 'model.vision_tower.post_layernorm.weight'],
      ['mm.input_projection.weight', 'model.multi_modal_projector.linear.weight'],
      ['mm.input_projection.bias', 'model.multi_modal_projector.linear.bias'],
    ] as const;
    for (const [name, hf] of pairs) {
      expect(f32Of(gguf, name), name).toEqual(floats(source.get(hf)));
      expect(gguf.tensors.get(name)?.shape, name).toEqual(
        [...(source.get(hf)?.shape ?? [])].reverse(),
      );
    }
    const norms = [
      ['output_norm.weight', 'model.language_model.norm.weight'],
      ['blk.1.attn_norm.weight', `${text}.input_layernorm.weight`],
      ['blk.1.post_attention_norm.weight', `${text}.post_attention_layernorm.weight`],
      ['blk.1.ffn_norm.weight', `${text}.pre_feedforward_layernorm.weight`],
      ['blk.1.post_ffw_norm.weight', `${text}.post_feedforward_layernorm.weight`],
    ] as const;
    for (const [name, hf] of norms) {
      expect(f32Of(gguf, name), name).toEqual(floats(source.get(hf)).map((x) => x + 1));
    }
  });

  it('name the Gemma 1 norm before the MLP ffn_norm although the source says post_attention', async () => {
    const source = readFolder(TINY1).get(
      'language_model.model.layers.1.post_attention_layernorm.weight',
    );
    expect(f32Of(await plain1, 'blk.1.ffn_norm.weight')).toEqual(floats(source).map((x) => x + 1));
    expect((await plain1).tensors.has('blk.1.post_attention_norm.weight')).toBe(false);
  });

  it('drop the embedding rows from <image> on', async () => {
    const source = floats(readFolder(TINY1).get('language_model.model.embed_tokens.weight'));
    expect(source.length).toBe(1856 * 64);
    expect(f32Of(await plain1, 'token_embd.weight')).toEqual(source.slice(0, 1792 * 64));
  });

  it('pad the vision MLP with zeros and keep everything else in place', async () => {
    const source = readFolder(TINY1);
    const prefix = 'vision_tower.vision_model.encoder.layers.0.mlp';
    const gguf = await plain1;
    const up = f32Of(gguf, 'v.blk.0.ffn_up.weight');
    expect(gguf.tensors.get('v.blk.0.ffn_up.weight')?.shape).toEqual([48, 96]);
    expect(up.slice(0, 72 * 48)).toEqual(floats(source.get(`${prefix}.fc1.weight`)));
    expect(up.slice(72 * 48)).toEqual(new Float32Array(24 * 48));
    const bias = f32Of(gguf, 'v.blk.0.ffn_up.bias');
    expect(bias.slice(0, 72)).toEqual(floats(source.get(`${prefix}.fc1.bias`)));
    expect(bias.slice(72)).toEqual(new Float32Array(24));
    const down = f32Of(gguf, 'v.blk.0.ffn_down.weight');
    const before = floats(source.get(`${prefix}.fc2.weight`));
    expect(gguf.tensors.get('v.blk.0.ffn_down.weight')?.shape).toEqual([96, 48]);
    for (let r = 0; r < 48; r++) {
      expect(down.slice(r * 96, r * 96 + 72)).toEqual(before.slice(r * 72, (r + 1) * 72));
      expect(down.slice(r * 96 + 72, (r + 1) * 96)).toEqual(new Float32Array(24));
    }
  });

  it('report the padding and the dropped rows', async () => {
    const output = path.join(folder, 'notes.gguf');
    const { notes, tensors, ...rest } = await convert({ source: TINY1, output, type: 'f32' });
    expect(rest).toEqual({
      output,
      bytes: readFileSync(output).length,
      architecture: 'gemma',
      variant: 'custom',
      hasMaskCodec: false,
    });
    expect(notes).toEqual([
      'the last 64 of 1856 embedding rows, <image> and padding, were dropped',
      'the vision MLP is stored 96 wide instead of 72: the zeros added change no result',
      'no mask codec: segmentation answers cannot be turned into masks',
    ]);
    expect(tensors.find((t) => t.name === 'v.blk.0.ffn_down.weight')).toEqual({
      name: 'v.blk.0.ffn_down.weight',
      shape: [96, 48],
      type: 'f32',
      note: 'zero-padded from [48, 72]',
    });
  });
});

// --- one checkpoint in all its forms ------------------------------------------------------------------------------------

const LAYOUTS: Readonly<Record<string, (name: string) => string>> = {
  '2024 (hub)': (name) => name,
  '4.52': (name) =>
    name
      .replace(/^language_model\.model\./, 'model.language_model.')
      .replace(/^(vision_tower|multi_modal_projector)\./, 'model.$1.'),
  '5': (name) =>
    name
      .replace(/^language_model\.model\./, 'model.language_model.')
      .replace(/^vision_tower\.vision_model\./, 'model.vision_tower.')
      .replace(/^multi_modal_projector\./, 'model.multi_modal_projector.'),
};

describe('the same weights give the same tensors', () => {
  for (const [layout, rename] of Object.entries(LAYOUTS)) {
    it(`under the names of layout ${layout}, in one file and in shards`, async () => {
      const source = copyOf(TINY1, folder);
      const tensors = renamed(readFolder(TINY1), rename);
      writeSharded(source, tensors, 3);
      expectSameTensors(await converted(source), await plain1);
      writeSingle(source, tensors);
      expectSameTensors(await converted(source), await plain1);
    });
  }

  it('as PaliGemma 2 in one file under the oldest names', async () => {
    const source = copyOf(TINY2, folder);
    const tensors = renamed(readFolder(TINY2), (name) =>
      name
        .replace(/^model\.language_model\./, 'language_model.model.')
        .replace(/^model\.vision_tower\./, 'vision_tower.vision_model.')
        .replace(/^model\.multi/, 'multi'),
    );
    writeSingle(source, tensors);
    expectSameTensors(await converted(source), await plain2);
  });

  it('from a big_vision archive, stored or deflated, with and without params/', async () => {
    const npz = await writeTinyNpz(path.join(folder, 'stored.npz'));
    const deflated = await writeTinyNpz(path.join(folder, 'deflated.npz'), true);
    const options = { tokenizer: TOKENIZER_MODEL };
    const stored = await converted(npz, options);
    expectSameTensors(stored, await plain1);
    expectSameTensors(await converted(deflated, options), await plain1);
    const bare = path.join(folder, 'bare.npz');
    const members = await tinyNpzMembers();
    const names = members.map((m) => ({ ...m, name: m.name.replace('params/', ''), zip64: true }));
    writeFileSync(bare, writeZip(names));
    expectSameTensors(await converted(bare, options), await plain1);
    // The settings too, but for those an archive cannot hold.
    const plain = (await plain1).keys;
    const different = [...stored.keys].filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(plain.get(key)),
    );
    expect(different).toEqual([
      ['general.name', 'stored'],
      ['gemma.context_length', 8192],
    ]);
  });
});

describe('a PaliGemma 2 from arrays', () => {
  it('equals the one from safetensors, k and v heads and post-norms included', async () => {
    const npz = path.join(folder, 'two.npz');
    writeFileSync(npz, writeZip(bigVisionArrays(readFolder(TINY2))));
    const gguf = await converted(npz, {
      tokenizer: TOKENIZER_JSON,
      queryPreAttnScalar: 20,
      attentionSoftcap: 5,
      finalSoftcap: 8,
    });
    expectSameTensors(gguf, await plain2);
    expect(gguf.keys.get('paligemma.attention.query_scale')).toBe(Math.fround(20 ** -0.5));
    expect(gguf.keys.get('gemma2.final_logit_softcapping')).toBe(8);
  });
});

describe('source types', () => {
  it('bf16 and f16 become f32 exactly', async () => {
    const original = readFolder(TINY1);
    for (const [narrow, widen] of [
      [toBf16, (b: Buffer, i: number) => bf16Value(b.readUInt16LE(i * 2))],
      [toF16, (b: Buffer, i: number) => f16Value(b.readUInt16LE(i * 2))],
    ] as const) {
      const source = copyOf(TINY1, folder);
      const tensors = narrow(original);
      writeSingle(source, tensors);
      const gguf = await converted(source);
      const key = 'language_model.model.layers.0.mlp.down_proj.weight';
      const data = tensors.get(key)?.data as Buffer;
      const expected = Float32Array.from({ length: data.length / 2 }, (_, i) => widen(data, i));
      expect(f32Of(gguf, 'blk.0.ffn_down.weight')).toEqual(expected);
      const norm = tensors.get('language_model.model.norm.weight')?.data as Buffer;
      const one = Float32Array.from({ length: 64 }, (_, i) => Math.fround(widen(norm, i) + 1));
      expect(f32Of(gguf, 'output_norm.weight')).toEqual(one);
      // Padded rows and columns as well.
      expect(f32Of(gguf, 'v.blk.1.ffn_down.weight').slice(72, 96)).toEqual(new Float32Array(24));
    }
  });

  function bf16Value(bits: number): number {
    return new Float32Array(new Uint32Array([bits << 16]).buffer)[0] as number;
  }

  function f16Value(bits: number): number {
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    return exponent
      ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
      : sign * fraction * 2 ** -24;
  }

  it('refuse NaN and infinity with the tensor and the element', async () => {
    const source = copyOf(TINY1, folder);
    const tensors = readFolder(TINY1);
    const name = 'language_model.model.layers.1.self_attn.v_proj.weight';
    const data = Buffer.from(tensors.get(name)?.data as Buffer);
    data.writeFloatLE(Number.NaN, 4 * 77);
    tensors.set(name, { ...(tensors.get(name) as Tensor), data });
    writeSingle(source, tensors);
    await expect(converted(source)).rejects.toMatchObject({
      code: 'ERR_MODEL_CORRUPT',
      subject: name,
      message: expect.stringContaining('element 77'),
    });
  });
});

describe('the mask codec', () => {
  it('is stored in f32 with the shapes of the archive, training state left out', async () => {
    const arrays = maskCodecTensors().map(({ bigVision: { path: name, shape } }, i) => ({
      name: `${name}.npy`,
      data: npy(
        '<f4',
        shape,
        pseudoRandom(
          shape.reduce((a, b) => a * b),
          i,
          16,
        ),
      ),
      deflate: true,
    }));
    const ema = {
      name: '_vq_vae._ema_w.npy',
      data: npy('<f4', [128, 512], pseudoRandom(65_536, 99, 4)),
    };
    const maskCodec = path.join(folder, 'vae.npz');
    writeFileSync(maskCodec, writeZip([...arrays, ema]));
    const gguf = await converted(TINY1, { maskCodec });
    const names = [...gguf.tensors.keys()].filter((n) => n.startsWith('mask.'));
    expect(names).toHaveLength(arrays.length);
    expect(names[0]).toBe('mask.codebook');
    expect([...gguf.tensors.keys()].slice(-names.length)).toEqual(names);
    for (const { name, data } of arrays) {
      const stored = name
        .replace('_vq_vae._embedding', 'mask.codebook')
        .replace(/^decoder/, 'mask.dec')
        .replace(/^encoder/, 'mask.enc')
        .replace(/\.npy$/, '');
      const parsed = parseNpy(data);
      expect(gguf.tensors.get(stored)?.shape, stored).toEqual(parsed.shape.reverse());
      expect(
        gguf.tensors.get(stored)?.padded.subarray(0, parsed.data.length).equals(parsed.data),
        stored,
      ).toBe(true);
    }
    expect(gguf.tensors.get('mask.dec.6.weight')?.shape).toEqual([4, 4, 64, 128]);
    expect(gguf.tensors.get('mask.dec.12.bias')?.shape).toEqual([1]);
  });
});

describe('tensors beside the networks', () => {
  it('known to be unused are dropped with a note', async () => {
    const source = copyOf(TINY1, folder);
    const tensors = readFolder(TINY1);
    const embedding = tensors.get('language_model.model.embed_tokens.weight') as Tensor;
    tensors.set('language_model.lm_head.weight', embedding);
    tensors.set('language_model.model.layers.0.self_attn.rotary_emb.inv_freq', some([16]));
    tensors.set('vision_tower.vision_model.embeddings.position_ids', {
      dtype: 'I64',
      shape: [1, 64],
      data: Buffer.alloc(512),
    });
    tensors.set('vision_tower.vision_model.head.probe', some([1, 1, 48]));
    tensors.set('vision_tower.vision_model.head.mlp.fc1.bias', some([72]));
    writeSingle(source, tensors);
    const output = path.join(folder, 'extras.gguf');
    const { notes } = await convert({ source, output, type: 'f32' });
    expectSameTensors(readGguf(output), await plain1);
    expect(notes).toContain('1 tensor was dropped: rotary frequencies follow from the config');
    expect(notes).toContain('1 tensor was dropped: position numbers follow from the config');
    expect(notes).toContain(
      "2 tensors were dropped: PaliGemma does not use the vision tower's pooling head",
    );
    expect(notes.join()).toContain('language_model.lm_head.weight was dropped');
  });

  function some(shape: number[]): Tensor {
    return { dtype: 'F32', shape, data: Buffer.alloc(shape.reduce((a, b) => a * b) * 4) };
  }
});
