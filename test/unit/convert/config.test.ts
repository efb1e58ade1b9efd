/** config.json of every published family, with its traps; sizes and parameter counts against the published ones. */
import { describe, expect, it } from 'vitest';
import {
  imageTokenCount,
  type ModelConfig,
  paddedWidth,
  variantName,
} from '../../../src/convert/config.js';
import { configFromJson } from '../../../src/convert/config-json.js';
import { canonicalName } from '../../../src/convert/source-names.js';
import { planTensor } from '../../../src/convert/storage-types.js';
import { parseJsonObject } from '../../../src/convert/strict-json.js';
import { modelTensors } from '../../../src/convert/tensor-names.js';

type Json = Record<string, unknown>;

function read(config: Json, overrides = {}): ModelConfig {
  return configFromJson(
    parseJsonObject(Buffer.from(JSON.stringify(config)), 'config.json'),
    overrides,
  );
}

/** A 3B-pt-224 file of 2024 holds only this: what equalled a class default was left out. */
const PG1: Json = {
  model_type: 'paligemma',
  bos_token_id: 2,
  eos_token_id: 1,
  pad_token_id: 0,
  hidden_size: 2048,
  ignore_index: -100,
  image_token_index: 257152,
  projection_dim: 2048,
  vocab_size: 257216,
  text_config: {
    model_type: 'gemma',
    hidden_size: 2048,
    intermediate_size: 16384,
    num_attention_heads: 8,
    num_key_value_heads: 1,
    num_hidden_layers: 18,
    num_image_tokens: 256,
    vocab_size: 257216,
  },
  vision_config: {
    model_type: 'siglip_vision_model',
    hidden_size: 1152,
    intermediate_size: 4304,
    num_attention_heads: 16,
    num_hidden_layers: 27,
    num_image_tokens: 256,
    patch_size: 14,
    projection_dim: 2048,
    projector_hidden_act: 'gelu_fast',
    vision_use_head: false,
  },
};

function with1(text: Json, vision: Json = {}, top: Json = {}): Json {
  return {
    ...PG1,
    ...top,
    text_config: { ...(PG1.text_config as Json), ...text },
    vision_config: { ...(PG1.vision_config as Json), ...vision },
  };
}

const gemma2 = (
  width: number,
  layers: number,
  ff: number,
  heads: number,
  kv: number,
  more: Json = {},
) =>
  with1({
    model_type: 'gemma2',
    hidden_size: width,
    num_hidden_layers: layers,
    intermediate_size: ff,
    num_attention_heads: heads,
    num_key_value_heads: kv,
    ...more,
  });

const PG2_3B = gemma2(2304, 26, 9216, 8, 4);
const PG2_10B = gemma2(3584, 42, 14336, 16, 8);
const PG2_28B = gemma2(4608, 46, 36864, 32, 16, { head_dim: 128, query_pre_attn_scalar: 144 });

describe('published checkpoints', () => {
  const atSize = (config: Json, size: number): Json => ({
    ...config,
    vision_config: {
      ...(config.vision_config as Json),
      ...(size === 224 ? {} : { image_size: size }),
    },
  });
  // Counts: KerasHub's presets, and Hugging Face's parameter counts less the padding rows.
  const TABLE: readonly (readonly [string, Json, number, string, number, number])[] = [
    ['PaliGemma 1 3B', PG1, 224, '3b-224', 2_923_335_408, 164],
    ['PaliGemma 1 3B', PG1, 448, '3b-448', 2_924_220_144, 164],
    ['PaliGemma 1 3B', PG1, 896, '3b-896', 2_927_759_088, 164],
    ['PaliGemma 2 3B', PG2_3B, 224, '3b-224', 3_032_094_960, 288],
    ['PaliGemma 2 3B', PG2_3B, 896, '3b-896', 3_036_518_640, 288],
    ['PaliGemma 2 10B', PG2_10B, 448, '10b-448', 9_663_294_192, 464],
    ['PaliGemma 2 28B', PG2_28B, 224, '28b-224', 27_650_192_112, 508],
    ['PaliGemma 2 28B', PG2_28B, 896, '28b-896', 27_654_615_792, 508],
  ];
  for (const [family, json, size, variant, parameters, textTensors] of TABLE) {
    it(`${family} at ${size}: ${parameters} parameters`, () => {
      const config = read(atSize(json, size));
      const tensors = modelTensors(config);
      const sum = tensors.reduce((n, t) => n + t.shape.reduce((a, b) => a * b), 0);
      expect(sum).toBe(parameters);
      expect(tensors.filter((t) => t.part === 'text')).toHaveLength(textTensors);
      expect(tensors.filter((t) => t.part === 'vision')).toHaveLength(437);
      expect(variantName(config)).toBe(variant);
      expect(imageTokenCount(config.vision)).toBe((size / 14) ** 2);
      expect(new Set(tensors.map((t) => t.name)).size).toBe(tensors.length);
      expect(new Set(tensors.map((t) => t.huggingFace)).size).toBe(tensors.length);
      // Arrays of the other layout hold the same elements, each once.
      const slices = tensors.map(({ bigVision: b }) => `${b.path} ${b.offset}`);
      expect(new Set(slices).size).toBe(tensors.length);
      const arrays = new Map(tensors.map(({ bigVision: b }) => [b.path, b.shape]));
      const inArrays = [...arrays.values()].reduce((n, s) => n + s.reduce((a, b) => a * b), 0);
      expect(inArrays).toBe(parameters);
    });
  }

  it('what the file leaves out is the class default', () => {
    const { text, vision, vocabularySize } = read(PG1);
    expect(text).toEqual({
      architecture: 'gemma',
      contextLength: 8192,
      width: 2048,
      layers: 18,
      feedForward: 16384,
      heads: 8,
      kvHeads: 1,
      headDim: 256,
      rmsEpsilon: 1e-6,
      ropeBase: 10000,
      queryScale: 0.0625,
      attentionSoftcap: 0,
      finalSoftcap: 0,
    });
    expect(vision).toEqual({
      imageSize: 224,
      patchSize: 14,
      width: 1152,
      layers: 27,
      heads: 16,
      feedForward: 4304,
      paddedFeedForward: 4352,
      epsilon: 1e-6,
    });
    expect(vocabularySize).toBe(257152);
  });

  it('queries of 28B are scaled by 1/12, of the others by 1/16', () => {
    expect(read(PG2_28B).text.queryScale).toBeCloseTo(1 / 12, 12);
    expect(read(PG2_3B).text.queryScale).toBe(1 / 16);
    expect(read(PG2_10B).text.queryScale).toBe(1 / 16);
  });

  it('soft-caps: 50 and 30 when absent, 0 with a note when null, else as given', () => {
    expect(read(PG2_3B).text).toMatchObject({ attentionSoftcap: 50, finalSoftcap: 30 });
    const off = read(
      gemma2(2304, 26, 9216, 8, 4, { attn_logit_softcapping: null, final_logit_softcapping: 0 }),
    );
    expect(off.text).toMatchObject({ attentionSoftcap: 0, finalSoftcap: 0 });
    expect(off.notes).toEqual([
      'config.json has attn_logit_softcapping null: stored as 0, no soft-cap',
    ]);
  });

  it('values of newer files are found where they moved', () => {
    const { rope_theta: _, ...moved } = {
      rope_theta: 0,
      rope_parameters: { rope_theta: 20000, rope_type: 'default' },
    };
    expect(read(with1(moved)).text.ropeBase).toBe(20000);
    expect(read(with1({ rope_theta: 5000 })).text.ropeBase).toBe(5000);
    const { image_token_index: __, ...rest } = PG1;
    expect(read({ ...rest, image_token_id: 257152 }).vocabularySize).toBe(257152);
    expect(read(with1({ hidden_act: 'gelu', hidden_activation: null })).text.layers).toBe(18);
  });
});

describe('a config.json that is', () => {
  const WRONG: readonly (readonly [string, Json, string, string])[] = [
    ['of another model', { ...PG1, model_type: 'llava' }, 'ERR_MODEL_ARCH', 'model_type'],
    [
      'of another text model',
      with1({ model_type: 'gemma3_text' }),
      'ERR_MODEL_ARCH',
      'text_config.model_type',
    ],
    [
      'of another vision model',
      with1({}, { model_type: 'clip_vision_model' }),
      'ERR_MODEL_ARCH',
      'vision_config.model_type',
    ],
    [
      'quantised',
      { ...PG1, quantization_config: { load_in_4bit: true } },
      'ERR_MODEL_TENSOR_TYPE',
      'quantization_config',
    ],
    [
      'of another activation',
      with1({ hidden_activation: 'silu' }),
      'ERR_MODEL_ARCH',
      'text_config.hidden_activation',
    ],
    [
      'of exact GELU in the vision tower',
      with1({}, { hidden_act: 'gelu' }),
      'ERR_MODEL_ARCH',
      'vision_config.hidden_act',
    ],
    [
      'of biased attention',
      with1({ attention_bias: true }),
      'ERR_MODEL_ARCH',
      'text_config.attention_bias',
    ],
    [
      'of scaled positions',
      with1({ rope_scaling: { type: 'linear', factor: 2 } }),
      'ERR_MODEL_ARCH',
      'text_config.rope_scaling',
    ],
    [
      'of another rope',
      with1({ rope_parameters: { rope_theta: 1e4, rope_type: 'yarn' } }),
      'ERR_MODEL_ARCH',
      'text_config.rope_parameters.rope_type',
    ],
    [
      'of one channel',
      with1({}, { num_channels: 1 }),
      'ERR_MODEL_ARCH',
      'vision_config.num_channels',
    ],
    ['without text_config', { ...PG1, text_config: null }, 'ERR_MODEL_FORMAT', 'text_config'],
    [
      'of no image token',
      { ...PG1, image_token_index: null },
      'ERR_MODEL_FORMAT',
      'image_token_index',
    ],
    [
      'without layers',
      with1({ num_hidden_layers: null }),
      'ERR_MODEL_FORMAT',
      'text_config.num_hidden_layers',
    ],
    [
      'without a patch size',
      with1({}, { patch_size: null }),
      'ERR_MODEL_FORMAT',
      'vision_config.patch_size',
    ],
    [
      'of a million layers',
      with1({ num_hidden_layers: 1e6 }),
      'ERR_MODEL_FORMAT',
      'text_config.num_hidden_layers',
    ],
    [
      'of zero heads',
      with1({ num_attention_heads: 0 }),
      'ERR_MODEL_FORMAT',
      'text_config.num_attention_heads',
    ],
    [
      'of a negative width',
      with1({ hidden_size: -5 }),
      'ERR_MODEL_FORMAT',
      'text_config.hidden_size',
    ],
    [
      'of a width as text',
      with1({ hidden_size: '2048' }),
      'ERR_MODEL_FORMAT',
      'text_config.hidden_size',
    ],
    [
      'of heads that do not divide',
      with1({ num_key_value_heads: 3 }),
      'ERR_MODEL_FORMAT',
      'text_config.num_key_value_heads',
    ],
    [
      'of patches that do not divide',
      with1({}, { image_size: 225 }),
      'ERR_MODEL_FORMAT',
      'vision_config.image_size',
    ],
    [
      'of a negative epsilon',
      with1({ rms_norm_eps: -1 }),
      'ERR_MODEL_FORMAT',
      'text_config.rms_norm_eps',
    ],
  ];
  for (const [what, json, code, subject] of WRONG) {
    it(`${what} is ${code} at ${subject}`, () => {
      expect(() => read(json)).toThrow(expect.objectContaining({ code, subject }));
    });
  }
});

describe('rules', () => {
  it('the vision MLP is padded to 256 when that is cheap, else to 32', () => {
    const widths = {
      4304: 4352,
      1080: 1088,
      72: 96,
      200: 224,
      256: 256,
      4096: 4096,
      32: 32,
      1: 32,
    };
    for (const [width, padded] of Object.entries(widths))
      expect(paddedWidth(Number(width))).toBe(padded);
  });

  it('names of all layouts become the same, and no others pass', () => {
    const same = (...names: string[]) => new Set(names.map(canonicalName));
    expect([
      ...same('language_model.model.norm.weight', 'model.language_model.norm.weight'),
      ...same(
        'vision_tower.vision_model.post_layernorm.bias',
        'model.vision_tower.vision_model.post_layernorm.bias',
        'model.vision_tower.post_layernorm.bias',
      ),
      ...same('multi_modal_projector.linear.bias', 'model.multi_modal_projector.linear.bias'),
      ...same('lm_head.weight', 'language_model.lm_head.weight'),
    ]).toEqual([
      'text.norm.weight',
      'vision.post_layernorm.bias',
      'projector.linear.bias',
      'lm_head.weight',
    ]);
    expect(canonicalName('transformer.h.0.weight')).toBeUndefined();
  });

  it('types of the real sizes: widths of 1152 fall back to q8_0, the embedding to q6_k', () => {
    const plans = modelTensors(read(PG1)).map((spec) => planTensor(spec, 'q4_k'));
    const type = (name: string) => plans.find((p) => p.spec.name === name)?.type;
    expect(type('token_embd.weight')).toBe('q6_k');
    expect(type('blk.0.attn_q.weight')).toBe('q4_k');
    expect(type('blk.17.ffn_down.weight')).toBe('q4_k');
    expect(type('blk.0.attn_norm.weight')).toBe('f32');
    expect(type('v.blk.0.attn_q.weight')).toBe('q8_0');
    expect(type('v.blk.0.ffn_up.weight')).toBe('q8_0');
    expect(type('v.blk.0.ffn_down.weight')).toBe('q4_k'); // 4352 = 17 * 256
    expect(type('v.patch_embd.weight')).toBe('f32');
    expect(type('v.position_embd.weight')).toBe('f32');
    expect(type('mm.input_projection.weight')).toBe('q8_0');
    const bytes = plans.reduce((n, p) => n + p.bytes, 0);
    // By hand: 526.6 M x 6.5625 bits + 1981.8 M and 135.4 M x 4.5 + 281.1 M x 8.5 + 1.4 M x 32.
    expect(bytes / 1e9).toBeCloseTo(1.927, 3);
  });
});
