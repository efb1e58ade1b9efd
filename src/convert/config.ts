/**
 * The sizes of the networks, and the values taken where a source has none. They come from a Hugging Face `config.json`
 * (config-json.ts) or from the shapes of big_vision arrays (config-arrays.ts), never from a variant's name. Tensors are
 * compared with these sizes in tensor-names.ts.
 */
import { makeError } from '../errors.js';
import { MAX_CONTEXT_LENGTH, MAX_IMAGE_SIZE } from '../options/limits.js';

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

export const DEFAULT_CONTEXT = 8192;
export const DEFAULT_EPSILON = 1e-6;
export const DEFAULT_ROPE_BASE = 10_000;
/** Gemma 2's config class: Gemma2Config of transformers. */
export const DEFAULT_ATTENTION_SOFTCAP = 50;
export const DEFAULT_FINAL_SOFTCAP = 30;

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

/** PaliGemma 1 has none of what these options set; to ignore them silently would mislead. */
export function refuseForGemma1(overrides: ConfigOverrides): void {
  for (const name of ['attentionSoftcap', 'finalSoftcap', 'queryPreAttnScalar'] as const) {
    if (overrides[name] === undefined) continue;
    throw makeError('ERR_OPTION_RANGE', `${name} is given, but the source is a PaliGemma 1`, {
      name,
      found: String(overrides[name]),
      expected: 'no value: only PaliGemma 2 has it',
    });
  }
}

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
