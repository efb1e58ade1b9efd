/** The sizes of the networks from the shapes of big_vision arrays, which carry no settings. */
import { makeError } from '../errors.js';
import { elementCount, formatShape, type SourceTensor } from './checkpoint.js';
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
} from './config.js';

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
