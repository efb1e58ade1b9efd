/** The sizes of the networks from a Hugging Face `config.json`. */
import { makeError } from '../errors.js';
import { QUANTISED_HINT } from './checkpoint.js';
import {
  type ConfigOverrides,
  DEFAULT_ATTENTION_SOFTCAP,
  DEFAULT_CONTEXT,
  DEFAULT_EPSILON,
  DEFAULT_FINAL_SOFTCAP,
  DEFAULT_ROPE_BASE,
  LIMITS,
  type ModelConfig,
  paddedWidth,
  refuseForGemma1,
  type TextConfig,
  type VisionConfig,
} from './config.js';
import { type JsonObject, JsonReader } from './strict-json.js';

const FILE = 'config.json';
const TANH_GELU = ['gelu_pytorch_tanh', 'gelu_new', 'gelu_fast'];

/**
 * What the config classes of transformers take for a size that a file does not have: files leave out what equalled a
 * default when they were saved. The tensors' shapes then show whether it was meant. `outer` is for an absent sub-config,
 * which PaliGemmaConfig fills in itself. From configuration_{gemma,gemma2,siglip,paligemma}.py; they have not changed since
 * PaliGemma 2 came (4.47).
 */
const CLASS_DEFAULTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  gemma: {
    hidden_size: 3072,
    intermediate_size: 24_576,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 16,
  },
  gemma2: {
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
  },
  siglip_vision_model: {
    hidden_size: 768,
    intermediate_size: 3072,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    patch_size: 16,
  },
  'outer text_config': {
    hidden_size: 2048,
    intermediate_size: 16_384,
    num_hidden_layers: 18,
    num_attention_heads: 8,
    num_key_value_heads: 1,
  },
  'outer vision_config': {
    hidden_size: 1152,
    intermediate_size: 4096,
    num_hidden_layers: 27,
    num_attention_heads: 16,
    patch_size: 14,
  },
};
const DEFAULT_HEAD_DIM = 256;
const DEFAULT_QUERY_PRE_ATTN_SCALAR = 256;
const DEFAULT_IMAGE_TOKEN = 256_000;

/** Reads sizes of one sub-config and remembers which of them were left to the class. */
class Sizes {
  private readonly defaults: Readonly<Record<string, number>>;

  constructor(
    readonly json: JsonReader,
    className: string,
    private readonly section: string,
    private readonly assumed: string[],
  ) {
    this.defaults = CLASS_DEFAULTS[className] as Readonly<Record<string, number>>;
  }

  /** An absent key takes the default; null is no size. */
  get(key: string, max: number): number {
    const { json } = this;
    const value = this.defaults[key];
    if (json.has(key) || value === undefined) return json.required(key, json.integer(key, 1, max));
    this.assumed.push(`${this.section}.${key} (${value})`);
    return value;
  }
}

function subConfig(
  top: JsonReader,
  section: 'text_config' | 'vision_config',
  classes: readonly string[],
  assumed: string[],
): Sizes {
  if (!top.has(section)) {
    return new Sizes(
      new JsonReader(new Map(), FILE, section),
      `outer ${section}`,
      section,
      assumed,
    );
  }
  const json = top.required(section, top.child(section));
  // PaliGemmaConfig takes a sub-config without a type for the first of them.
  const type = json.string('model_type') ?? (classes[0] as string);
  if (classes.includes(type)) return new Sizes(json, type, section, assumed);
  return json.fail('model_type', classes.map((c) => `"${c}"`).join(' or '), 'ERR_MODEL_ARCH');
}

/** Reads Hugging Face's config.json; where each value is kept and which traps it has: spec section 1.5. */
export function configFromJson(json: JsonObject, overrides: ConfigOverrides): ModelConfig {
  const top = new JsonReader(json, FILE);
  const notes: string[] = [];
  const assumed: string[] = [];
  if (top.string('model_type') !== 'paligemma') {
    top.fail('model_type', '"paligemma"', 'ERR_MODEL_ARCH');
  }
  refuseQuantised(top);
  const text = subConfig(top, 'text_config', ['gemma', 'gemma2'], assumed);
  const vision = subConfig(top, 'vision_config', ['siglip_vision_model'], assumed);
  const textConfig = readText(text, overrides, notes);
  const visionConfig = readVision(vision, overrides);
  const idKey = top.has('image_token_id') ? 'image_token_id' : 'image_token_index';
  const imageTokenId = top.has(idKey)
    ? top.required(idKey, top.integer(idKey, 1, LIMITS.vocabulary))
    : DEFAULT_IMAGE_TOKEN;
  if (!top.has(idKey)) assumed.push(`${idKey} (${DEFAULT_IMAGE_TOKEN})`);
  if (assumed.length > 0) {
    notes.push(`${FILE} is silent about ${assumed.join(', ')}: defaults of transformers`);
  }
  // vocab_size is not read: published files disagree with their own embedding (spec 1.5), whose shape is what counts.
  return {
    text: textConfig,
    vision: visionConfig,
    vocabularySize: imageTokenId,
    imageTokenId,
    separateHead: false,
    tied: top.boolean('tie_word_embeddings') ?? text.json.boolean('tie_word_embeddings') ?? true,
    assumed,
    notes,
  };
}

/** `quantization_config` of transformers, `quantization` of MLX. */
function refuseQuantised(top: JsonReader): void {
  for (const key of ['quantization_config', 'quantization'] as const) {
    const quantised = top.child(key);
    if (!quantised) continue;
    const bits = quantised.raw('bits') ?? (quantised.raw('load_in_4bit') === true ? 4 : undefined);
    const found = [
      quantised.raw('quant_method') ?? (key === 'quantization' ? 'mlx' : 'quantised weights'),
      ...(bits === undefined ? [] : [`${bits} bits`]),
    ].join(', ');
    throw makeError(
      'ERR_MODEL_TENSOR_TYPE',
      `${FILE}: ${key} says the weights are quantised (${found})`,
      {
        name: key,
        found,
        expected: 'a checkpoint that is not quantised',
        hint: QUANTISED_HINT,
      },
    );
  }
}

function readText(sizes: Sizes, overrides: ConfigOverrides, notes: string[]): TextConfig {
  const text = sizes.json;
  const type = text.string('model_type') === 'gemma2' ? 'gemma2' : 'gemma';
  const actKey = text.has('hidden_activation') ? 'hidden_activation' : 'hidden_act';
  // An explicit "gelu" in an old Gemma 1 file still means the tanh form: GemmaMLP replaced it.
  if (!['gelu', ...TANH_GELU].includes(text.string(actKey) ?? 'gelu')) {
    text.fail(actKey, TANH_GELU.join(', '), 'ERR_MODEL_ARCH');
  }
  if (text.boolean('attention_bias')) text.fail('attention_bias', 'false', 'ERR_MODEL_ARCH');
  const headDim = text.integer('head_dim', 1, LIMITS.width) ?? DEFAULT_HEAD_DIM;
  const heads = sizes.get('num_attention_heads', LIMITS.heads);
  const kvHeads = sizes.get('num_key_value_heads', LIMITS.heads);
  if (heads % kvHeads !== 0) text.fail('num_key_value_heads', `a divisor of ${heads}`);
  const scalar =
    type === 'gemma2'
      ? (overrides.queryPreAttnScalar ??
        text.positive('query_pre_attn_scalar') ??
        DEFAULT_QUERY_PRE_ATTN_SCALAR)
      : headDim;
  return {
    architecture: type,
    contextLength:
      overrides.contextLength ??
      text.integer('max_position_embeddings', 1, LIMITS.context) ??
      DEFAULT_CONTEXT,
    width: sizes.get('hidden_size', LIMITS.width),
    layers: sizes.get('num_hidden_layers', LIMITS.layers),
    feedForward: sizes.get('intermediate_size', LIMITS.feedForward),
    heads,
    kvHeads,
    headDim,
    rmsEpsilon: text.positive('rms_norm_eps') ?? DEFAULT_EPSILON,
    ropeBase: readRopeBase(text),
    queryScale: scalar ** -0.5,
    ...readSoftcaps(type, text, overrides, notes),
  };
}

function readRopeBase(text: JsonReader): number {
  if (text.raw('rope_scaling') !== undefined) {
    text.fail('rope_scaling', 'null: PaliGemma scales no positions', 'ERR_MODEL_ARCH');
  }
  const parameters = text.child('rope_parameters');
  if (!parameters) return text.positive('rope_theta') ?? DEFAULT_ROPE_BASE;
  if ((parameters.string('rope_type') ?? 'default') !== 'default') {
    parameters.fail('rope_type', '"default"', 'ERR_MODEL_ARCH');
  }
  return parameters.required('rope_theta', parameters.positive('rope_theta'));
}

function readSoftcaps(
  type: 'gemma' | 'gemma2',
  text: JsonReader,
  overrides: ConfigOverrides,
  notes: string[],
): Pick<TextConfig, 'attentionSoftcap' | 'finalSoftcap'> {
  if (type === 'gemma') {
    refuseForGemma1(overrides);
    return { attentionSoftcap: 0, finalSoftcap: 0 };
  }
  const read = (key: string, absent: number, override: number | undefined) => {
    if (override !== undefined) return override;
    if (text.isNull(key)) {
      notes.push(`${FILE} has ${key} null: stored as 0, no soft-cap`);
      return 0;
    }
    return text.positive(key, true) ?? absent;
  };
  return {
    attentionSoftcap: read(
      'attn_logit_softcapping',
      DEFAULT_ATTENTION_SOFTCAP,
      overrides.attentionSoftcap,
    ),
    finalSoftcap: read('final_logit_softcapping', DEFAULT_FINAL_SOFTCAP, overrides.finalSoftcap),
  };
}

function readVision(sizes: Sizes, overrides: ConfigOverrides): VisionConfig {
  const vision = sizes.json;
  if (!TANH_GELU.includes(vision.string('hidden_act') ?? 'gelu_pytorch_tanh')) {
    vision.fail('hidden_act', TANH_GELU.join(', '), 'ERR_MODEL_ARCH');
  }
  if ((vision.integer('num_channels', 1, 64) ?? 3) !== 3) {
    vision.fail('num_channels', '3', 'ERR_MODEL_ARCH');
  }
  const patchSize = overrides.patchSize ?? sizes.get('patch_size', LIMITS.imageSize);
  const imageSize = overrides.imageSize ?? vision.integer('image_size', 1, LIMITS.imageSize) ?? 224;
  if (imageSize % patchSize !== 0) vision.fail('image_size', `a multiple of ${patchSize}`);
  const width = sizes.get('hidden_size', LIMITS.width);
  const heads = sizes.get('num_attention_heads', LIMITS.heads);
  if (width % heads !== 0) vision.fail('num_attention_heads', `a divisor of ${width}`);
  const feedForward = sizes.get('intermediate_size', LIMITS.feedForward);
  return {
    imageSize,
    patchSize,
    width,
    layers: sizes.get('num_hidden_layers', LIMITS.layers),
    heads,
    feedForward,
    paddedFeedForward: paddedWidth(feedForward),
    epsilon: vision.positive('layer_norm_eps') ?? DEFAULT_EPSILON,
  };
}
