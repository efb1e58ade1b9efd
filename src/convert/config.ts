/**
 * The sizes of the networks: from a Hugging Face `config.json`, or from the shapes of big_vision arrays. Nothing is
 * taken from a variant's name. Tensors are compared with these sizes in tensor-names.ts.
 */
import { makeError } from '../errors.js';
import { MAX_CONTEXT_LENGTH, MAX_IMAGE_SIZE } from '../options/limits.js';
import { elementCount, formatShape, QUANTISED_HINT, type SourceTensor } from './checkpoint.js';
import { type JsonObject, JsonReader } from './strict-json.js';

export interface TextConfig {
  readonly architecture: 'gemma' | 'gemma2';
  readonly contextLength: number;
  readonly width: number;
  readonly layers: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rmsEpsilon: number;
  readonly ropeBase: number;
  /** Queries are multiplied by it. */
  readonly queryScale: number;
  /** 0: off. gemma2 only. */
  readonly attentionSoftcap: number;
  readonly finalSoftcap: number;
}

export interface VisionConfig {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** The width stored: see paddedWidth. */
  readonly paddedFeedForward: number;
  readonly epsilon: number;
}

export interface ModelConfig {
  readonly text: TextConfig;
  readonly vision: VisionConfig;
  /** Rows of the embedding that are kept, one per token of the vocabulary. */
  readonly vocabularySize: number;
  /** Where the source says it. */
  readonly imageTokenId: number | undefined;
  /** What the settings say of the output matrix: the embedding, or a matrix of its own. The tensors decide. */
  readonly tied: boolean;
  /** There is an output matrix beside the embedding. */
  readonly separateHead: boolean;
  /** Sizes that the source is silent about, with the defaults taken: "text_config.num_attention_heads (8)". */
  readonly assumed: readonly string[];
  readonly notes: readonly string[];
}

/** What the caller may say; undefined: what the source says. */
export interface ConfigOverrides {
  readonly imageSize?: number | undefined;
  readonly patchSize?: number | undefined;
  readonly contextLength?: number | undefined;
  readonly queryPreAttnScalar?: number | undefined;
  readonly attentionSoftcap?: number | undefined;
  readonly finalSoftcap?: number | undefined;
}

/** Bounds that no PaliGemma comes near; beyond them a file is wrong, not large. */
export const LIMITS = {
  layers: 128,
  heads: 128,
  width: 32_768,
  feedForward: 1 << 18,
  imageSize: MAX_IMAGE_SIZE,
  vocabulary: 1 << 20,
  context: MAX_CONTEXT_LENGTH,
} as const;

const DEFAULT_CONTEXT = 8192;
const DEFAULT_EPSILON = 1e-6;
const DEFAULT_ROPE_BASE = 10_000;
/** Gemma 2's config class: Gemma2Config of transformers. */
const DEFAULT_ATTENTION_SOFTCAP = 50;
const DEFAULT_FINAL_SOFTCAP = 30;
const DEFAULT_HEAD_DIM = 256;
const DEFAULT_QUERY_PRE_ATTN_SCALAR = 256;

/**
 * The width SigLIP's MLP is stored with: 4304 divides into no block of a quantised type, and zero rows and columns change
 * nothing because gelu(0) = 0. A multiple of 256 serves all types, 32 the smaller ones.
 */
export function paddedWidth(width: number): number {
  const to256 = Math.ceil(width / 256) * 256;
  return to256 - width <= width * 0.02 ? to256 : Math.ceil(width / 32) * 32;
}

/** Image tokens per picture. */
export function imageTokenCount(vision: VisionConfig): number {
  return (vision.imageSize / vision.patchSize) ** 2;
}

// --- config.json ----------------------------------------------------------------------------------------------------

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

/** PaliGemma 1 has none of what these options set; to ignore them silently would mislead. */
function refuseForGemma1(overrides: ConfigOverrides): void {
  for (const name of ['attentionSoftcap', 'finalSoftcap', 'queryPreAttnScalar'] as const) {
    if (overrides[name] === undefined) continue;
    throw makeError('ERR_OPTION_RANGE', `${name} is given, but the source is a PaliGemma 1`, {
      name,
      found: String(overrides[name]),
      expected: 'no value: only PaliGemma 2 has it',
    });
  }
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

// --- big_vision arrays ----------------------------------------------------------------------------------------------

const ENCODER = 'img/Transformer/encoderblock';

/** Derives what shapes can tell; the rest are the published models' values. `tensors` has no `params/` prefix. */
export function configFromArrays(
  tensors: ReadonlyMap<string, SourceTensor>,
  overrides: ConfigOverrides,
): ModelConfig {
  const notes: string[] = [];
  const shape = (name: string, rank: number): readonly number[] => arrayShape(tensors, name, rank);
  const size = (name: string, rank: number, axis: number) => shape(name, rank)[axis] as number;
  const [rows, width] = shape('llm/embedder/input_embedding', 2) as [number, number];
  const [layers, heads, , headDim] = shape('llm/layers/attn/q_einsum/w', 4) as Four;
  const gemma2 = tensors.has('llm/layers/post_attention_norm/scale');
  if (!gemma2) refuseForGemma1(overrides);
  const patchSize = size('img/embedding/kernel', 4, 0);
  const patches = size('img/pos_embedding', 3, 1);
  const imageSize = Math.sqrt(patches) * patchSize;
  const feedForward = size(`${ENCODER}/MlpBlock_0/Dense_0/kernel`, 3, 2);
  const config: ModelConfig = {
    text: {
      architecture: gemma2 ? 'gemma2' : 'gemma',
      contextLength: overrides.contextLength ?? DEFAULT_CONTEXT,
      width,
      layers,
      feedForward: size('llm/layers/mlp/linear', 3, 1),
      heads,
      kvHeads: size('llm/layers/attn/kv_einsum/w', 5, 2),
      headDim,
      rmsEpsilon: DEFAULT_EPSILON,
      ropeBase: DEFAULT_ROPE_BASE,
      queryScale:
        (gemma2 ? queryScalar(width, layers, heads, headDim, overrides, notes) : headDim) ** -0.5,
      attentionSoftcap: gemma2 ? (overrides.attentionSoftcap ?? DEFAULT_ATTENTION_SOFTCAP) : 0,
      finalSoftcap: gemma2 ? (overrides.finalSoftcap ?? DEFAULT_FINAL_SOFTCAP) : 0,
    },
    vision: {
      imageSize,
      patchSize,
      width: size('img/embedding/kernel', 4, 3),
      layers: size(`${ENCODER}/LayerNorm_0/scale`, 2, 0),
      heads: size(`${ENCODER}/MultiHeadDotProductAttention_0/query/kernel`, 4, 2),
      feedForward,
      paddedFeedForward: paddedWidth(feedForward),
      epsilon: DEFAULT_EPSILON,
    },
    vocabularySize: rows,
    imageTokenId: undefined,
    tied: true,
    separateHead: false,
    assumed: [],
    notes,
  };
  checkDerived(config, overrides);
  notes.push(
    `arrays carry no settings: context length ${config.text.contextLength}, epsilons and RoPE base are PaliGemma's usual values`,
  );
  return config;
}

type Four = [number, number, number, number];

function arrayShape(
  tensors: ReadonlyMap<string, SourceTensor>,
  name: string,
  rank: number,
): readonly number[] {
  const tensor = tensors.get(name);
  if (!tensor) {
    throw makeError('ERR_MODEL_TENSOR_MISSING', `the archive has no array ${name}`, {
      name,
      found: [...tensors.keys()].slice(0, 5).join(', ') || 'no arrays',
      expected: 'the arrays of a big_vision PaliGemma checkpoint',
      hint: '10B and 28B archives may come in parts, to be joined with cat before conversion',
    });
  }
  if (tensor.shape.length === rank && (elementCount(tensor.shape) ?? 0) > 0) return tensor.shape;
  throw makeError('ERR_MODEL_TENSOR_SHAPE', `${name} has shape ${formatShape(tensor.shape)}`, {
    name,
    found: formatShape(tensor.shape),
    expected: `${rank} dimensions, none of them 0`,
  });
}

/** big_vision gemma.py, get_config: query_pre_attn_norm is by head_dim, but by embed_dim / heads for gemma2_27b. */
function queryScalar(
  width: number,
  layers: number,
  heads: number,
  headDim: number,
  overrides: ConfigOverrides,
  notes: string[],
): number {
  if (overrides.queryPreAttnScalar !== undefined) return overrides.queryPreAttnScalar;
  const is27b = width === 4608 && layers === 46 && heads === 32;
  const scalar = is27b ? width / heads : headDim;
  notes.push(`queries are scaled by ${scalar}^-0.5 (set queryPreAttnScalar if training differed)`);
  return scalar;
}

function checkDerived(
  { text, vision, vocabularySize }: ModelConfig,
  overrides: ConfigOverrides,
): void {
  const check = (name: string, found: number, ok: boolean, expected: string) => {
    if (ok) return;
    throw makeError('ERR_MODEL_FORMAT', `the arrays give ${name} ${found}, expected ${expected}`, {
      name,
      found: String(found),
      expected,
    });
  };
  const inRange = (name: string, found: number, max: number) =>
    check(name, found, found >= 1 && found <= max, `1 to ${max}`);
  inRange('the vocabulary', vocabularySize, LIMITS.vocabulary);
  inRange('the width', text.width, LIMITS.width);
  inRange('layers', text.layers, LIMITS.layers);
  inRange('heads', text.heads, LIMITS.heads);
  inRange('the head size', text.headDim, LIMITS.width);
  inRange('the MLP width', text.feedForward, LIMITS.feedForward);
  inRange('vision layers', vision.layers, LIMITS.layers);
  inRange('vision heads', vision.heads, LIMITS.heads);
  inRange('the vision width', vision.width, LIMITS.width);
  inRange('the vision MLP width', vision.feedForward, LIMITS.feedForward);
  inRange('the image size', vision.imageSize, LIMITS.imageSize);
  check(
    'image size',
    vision.imageSize,
    Number.isInteger(vision.imageSize),
    'a square number of patches',
  );
  check('kv heads', text.kvHeads, text.heads % text.kvHeads === 0, `a divisor of ${text.heads}`);
  const { heads, width } = vision;
  check('vision heads', heads, width % heads === 0, `a divisor of ${width}`);
  for (const name of ['imageSize', 'patchSize'] as const) {
    const wanted = overrides[name];
    check(
      name,
      vision[name],
      wanted === undefined || wanted === vision[name],
      `${wanted}, as ${name} says`,
    );
  }
}

// --- published variants ---------------------------------------------------------------------------------------------

const VARIANTS: readonly (readonly [TextConfig['architecture'], number, number, string])[] = [
  ['gemma', 2048, 18, '3b'],
  ['gemma2', 2304, 26, '3b'],
  ['gemma2', 3584, 42, '10b'],
  ['gemma2', 4608, 46, '28b'],
];

/** The name of the published sizes (spec section 1.1 and 1.2), for display only: "3b-448", else "custom". */
export function variantName({ text, vision }: ModelConfig): string {
  const row = VARIANTS.find(
    ([architecture, width, layers]) =>
      architecture === text.architecture && width === text.width && layers === text.layers,
  );
  const published = vision.patchSize === 14 && [224, 448, 896].includes(vision.imageSize);
  return row && published && vision.width === 1152 && vision.layers === 27
    ? `${row[3]}-${vision.imageSize}`
    : 'custom';
}
