/** Options of `convert`. What they do is in src/convert. */

import { basename, resolve } from 'node:path';
import { WEIGHT_TYPES } from './closed-sets.js';
import { HUB_OPTIONS } from './hub.js';
import { MAX_CONTEXT_LENGTH, MAX_IMAGE_SIZE } from './limits.js';
import {
  boolean,
  callback,
  integer,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  path,
  REQUIRED,
  signal,
  string,
} from './option.js';
import type { ConvertProgress } from './progress.js';
import type { ConvertOptions } from './types.js';

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
    default: 'q8_0',
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
    placeholder: 'name',
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
    doc: 'side of the square picture that the model sees; left out, as in the source',
  }),
  patchSize: integer({
    default: undefined,
    min: 1,
    max: MAX_IMAGE_SIZE,
    unit: 'pixels',
    doc: 'side of the patches that pictures are cut into; left out, as in the source',
  }),
  contextLength: integer({
    default: undefined,
    min: 1,
    max: MAX_CONTEXT_LENGTH,
    unit: 'tokens',
    doc: 'longest prompt and answer together; left out, as in the source, else 8192',
  }),
  queryPreAttnScalar: number({
    default: undefined,
    min: 0,
    aboveMin: true,
    max: 1_000_000,
    doc: 'PaliGemma 2: queries are scaled by this to the power -0.5; left out, as in the source',
  }),
  attentionSoftcap: number({
    default: undefined,
    min: 0,
    max: 1_000_000,
    doc: 'PaliGemma 2: soft-cap of the attention scores; left out, as in the source, else 50; 0 turns it off',
  }),
  finalSoftcap: number({
    default: undefined,
    min: 0,
    max: 1_000_000,
    doc: 'PaliGemma 2: soft-cap of the logits; left out, as in the source, else 30; 0 turns it off',
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

/** Paths are absolute, so that a later change of the working directory does not matter. */
export type ParsedConvertOptions = Parsed<typeof CONVERT_OPTIONS> & { readonly name: string };

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
