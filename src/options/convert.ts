/** Options of `convert`. What they do is in src/convert. */

import { basename, resolve } from 'node:path';
import { WEIGHT_TYPES, type WeightType } from './closed-sets.js';
import { HUB_OPTIONS } from './hub.js';
import { MAX_CONTEXT_LENGTH, MAX_IMAGE_SIZE } from './limits.js';
import {
  boolean,
  callback,
  type Input,
  integer,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  path,
  REQUIRED,
  type Same,
  signal,
  string,
} from './option.js';

/** How far a conversion has come. */
export interface ConvertProgress {
  /**
   * `download`: a checkpoint on the hub comes into the cache; `write`: tensors are being written; `sync`: all are, the disk is
   * catching up; `done`: the file has its name.
   */
  readonly stage: 'download' | 'write' | 'sync' | 'done';
  /** GGUF name of the tensor the last bytes belong to; empty for the header and after the last tensor. */
  readonly tensor: string;
  /** Bytes of the output, or of what is downloaded; never shrinks within a stage. */
  readonly done: number;
  readonly total: number;
}

export const CONVERT_OPTIONS = {
  source: path({
    default: REQUIRED,
    cli: false,
    doc: 'folder of a Hugging Face checkpoint, a big_vision .npz file, or a checkpoint on the hub such as hf:owner/repo@revision',
  }),
  output: path({
    default: REQUIRED,
    cli: false,
    doc: 'the GGUF file to write; its folder must exist',
  }),
  type: oneOf(WEIGHT_TYPES, {
    default: REQUIRED,
    letter: 't',
    doc: 'number type of the large matrices; the embedding is never stored below six bits, norms and biases always as f32',
  }),
  tokenizer: path({
    default: undefined,
    doc: 'tokenizer.model or tokenizer.json; left out, the one in the source folder; an .npz needs it',
  }),
  maskCodec: path({
    default: undefined,
    doc: 'vae-oid.npz, without which segmentation answers cannot be turned into masks',
  }),
  name: string({
    default: undefined,
    minLength: 1,
    maxLength: 4096,
    doc: 'name to store in the file; left out, that of the source',
  }),
  imageSize: integer({
    default: undefined,
    min: 1,
    max: MAX_IMAGE_SIZE,
    unit: 'pixels',
    doc: 'side of the square picture that the model sees; left out, what the source says',
  }),
  patchSize: integer({
    default: undefined,
    min: 1,
    max: MAX_IMAGE_SIZE,
    unit: 'pixels',
    doc: 'side of the patches that pictures are cut into; left out, what the source says',
  }),
  contextLength: integer({
    default: undefined,
    min: 1,
    max: MAX_CONTEXT_LENGTH,
    unit: 'tokens',
    doc: 'longest prompt and answer together; left out, what the source says, else 8192',
  }),
  queryPreAttnScalar: number({
    default: undefined,
    min: 0,
    aboveMin: true,
    max: 1_000_000,
    doc: 'PaliGemma 2: queries are scaled by this to the power -0.5; left out, what the source says',
  }),
  attentionSoftcap: number({
    default: undefined,
    min: 0,
    max: 1_000_000,
    doc: 'PaliGemma 2: soft-cap of the attention scores; left out, what the source says, else 50; 0 turns it off',
  }),
  finalSoftcap: number({
    default: undefined,
    min: 0,
    max: 1_000_000,
    doc: 'PaliGemma 2: soft-cap of the logits; left out, what the source says, else 30; 0 turns it off',
  }),
  overwrite: boolean({ default: false, doc: 'replace an existing output' }),
  ...HUB_OPTIONS,
  keepDownload: boolean({
    default: false,
    doc: 'keep what was downloaded from the hub in its cache; left out, it is removed when the output is there',
  }),
  onProgress: callback<(progress: ConvertProgress) => void>({
    doc: 'called while the file is written; what it throws ends the conversion',
  }),
  signal: signal({
    doc: 'abort the conversion; it rejects with the reason of the signal and leaves no file',
  }),
};

/** Options of `convert`. */
export interface ConvertOptions {
  /**
   * folder of a Hugging Face checkpoint, a big_vision .npz file, or a checkpoint on the hub such as hf:owner/repo@revision. Required.
   */
  readonly source: string;
  /** the GGUF file to write; its folder must exist. Required. */
  readonly output: string;
  /**
   * number type of the large matrices; the embedding is never stored below six bits, norms and biases always as f32. Required.
   */
  readonly type: WeightType;
  /** tokenizer.model or tokenizer.json; left out, the one in the source folder; an .npz needs it. */
  readonly tokenizer?: string | undefined;
  /** vae-oid.npz, without which segmentation answers cannot be turned into masks. */
  readonly maskCodec?: string | undefined;
  /** name to store in the file; left out, that of the source. */
  readonly name?: string | undefined;
  /** side of the square picture that the model sees; left out, what the source says. At most 1792 pixels. */
  readonly imageSize?: number | undefined;
  /** side of the patches that pictures are cut into; left out, what the source says. At most 1792 pixels. */
  readonly patchSize?: number | undefined;
  /** longest prompt and answer together; left out, what the source says, else 8192. At least 1. */
  readonly contextLength?: number | undefined;
  /** PaliGemma 2: queries are scaled by this to the power -0.5; left out, what the source says. Above 0. */
  readonly queryPreAttnScalar?: number | undefined;
  /** PaliGemma 2: soft-cap of the attention scores; left out, what the source says, else 50; 0 turns it off. */
  readonly attentionSoftcap?: number | undefined;
  /** PaliGemma 2: soft-cap of the logits; left out, what the source says, else 30; 0 turns it off. */
  readonly finalSoftcap?: number | undefined;
  /** replace an existing output. Default false. */
  readonly overwrite?: boolean | undefined;
  /** access token for a model on the hub; left out, `HF_TOKEN` or the file beside the cache. At most 4096 characters. */
  readonly token?: string | undefined;
  /** take a model of the hub from the cache only, without asking anybody; left out, what `HF_HUB_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** keep what was downloaded from the hub in its cache; left out, it is removed when the output is there. Default false. */
  readonly keepDownload?: boolean | undefined;
  /** called while the file is written; what it throws ends the conversion. */
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  /** abort the conversion; it rejects with the reason of the signal and leaves no file. */
  readonly signal?: AbortSignal | undefined;
}
/** Paths are absolute, so that a later change of the working directory does not matter. */
export type ParsedConvertOptions = Parsed<typeof CONVERT_OPTIONS> & { readonly name: string };

// Fails to compile when the interface and the declarations part ways.
true satisfies Same<ConvertOptions, Input<typeof CONVERT_OPTIONS>>;

export function parseConvertOptions(options: ConvertOptions): ParsedConvertOptions {
  const parsed = parseOptions('convert', CONVERT_OPTIONS, options);
  const { source, output, tokenizer, maskCodec, name } = parsed;
  return Object.freeze({
    ...parsed,
    source: resolve(source),
    output: resolve(output),
    tokenizer: tokenizer === undefined ? undefined : resolve(tokenizer),
    maskCodec: maskCodec === undefined ? undefined : resolve(maskCodec),
    name: name ?? basename(resolve(source)).replace(/\.npz$/, ''),
  });
}
