/** Options of `convert`, their checks, and what it reports. */
import path from 'node:path';
import { makeError } from '../errors.js';
import { WEIGHT_TYPES, type WeightType } from '../native/contract.js';
import { type ConfigOverrides, LIMITS } from './config.js';

export interface ConvertProgress {
  /** `write`: tensors are being written; `sync`: all are, the disk is catching up; `done`: the file has its name. */
  readonly stage: 'write' | 'sync' | 'done';
  /** GGUF name of the tensor the last bytes belong to; empty for the header and after the last tensor. */
  readonly tensor: string;
  /** Bytes of the output; never shrinks. */
  readonly done: number;
  readonly total: number;
}

export interface ConvertOptions {
  /** Folder of a Hugging Face checkpoint, or a big_vision `.npz` file. */
  readonly source: string;
  /** The GGUF file to write. Its folder must exist. */
  readonly output: string;
  /** Type of the large matrices; norms, biases and the mask codec are always f32, the embedding never below six bits. */
  readonly type: WeightType;
  /** `tokenizer.model` or `tokenizer.json`. Default: the one in the source folder. Needed for an `.npz`. */
  readonly tokenizer?: string | undefined;
  /** `vae-oid.npz`: the mask codec, without which the model cannot turn segmentation answers into masks. */
  readonly maskCodec?: string | undefined;
  /** general.name of the file. Default: the name of the source. */
  readonly name?: string | undefined;
  /** Pixels. Default: what the source says. */
  readonly imageSize?: number | undefined;
  readonly patchSize?: number | undefined;
  /** Tokens. Default: what the source says, else 8192. */
  readonly contextLength?: number | undefined;
  /** PaliGemma 2: queries are scaled by this to the power -0.5. Default: what the source says. */
  readonly queryPreAttnScalar?: number | undefined;
  /** PaliGemma 2: 0 is off. Default: what the source says, else 50 and 30. */
  readonly attentionSoftcap?: number | undefined;
  readonly finalSoftcap?: number | undefined;
  /** Replace an existing output. Default: false. */
  readonly overwrite?: boolean | undefined;
  /** Called on this thread; what it throws ends the conversion. */
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  /** Ends the conversion; `convert` rejects with its reason and leaves no file. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConvertedTensor {
  readonly name: string;
  /** Fastest first, as in ggml and as `inspect` prints it. */
  readonly shape: readonly number[];
  readonly type: WeightType;
  /** Why the tensor differs from what was asked or from the source. */
  readonly note?: string;
}

export interface ConvertReport {
  /** Absolute path. */
  readonly output: string;
  readonly bytes: number;
  readonly architecture: 'gemma' | 'gemma2';
  /** `3b-448`, or `custom`. */
  readonly variant: string;
  readonly hasMaskCodec: boolean;
  readonly tensors: readonly ConvertedTensor[];
  /** What a reader of the file should know: deviations, paddings, what was dropped. */
  readonly notes: readonly string[];
}

/** Options after checking: paths absolute, defaults filled in. */
export interface ParsedOptions extends ConfigOverrides {
  readonly source: string;
  readonly output: string;
  readonly type: WeightType;
  readonly tokenizer: string | undefined;
  readonly maskCodec: string | undefined;
  readonly name: string;
  readonly overwrite: boolean;
  readonly onProgress: ((progress: ConvertProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

const KNOWN = [
  'source',
  'output',
  'type',
  'tokenizer',
  'maskCodec',
  'name',
  'imageSize',
  'patchSize',
  'contextLength',
  'queryPreAttnScalar',
  'attentionSoftcap',
  'finalSoftcap',
  'overwrite',
  'onProgress',
  'signal',
] as const satisfies readonly (keyof ConvertOptions)[];

export function parseConvertOptions(options: ConvertOptions): ParsedOptions {
  if (typeof options !== 'object' || options === null) {
    throw wrongType('options', options, 'an object with source, output and type');
  }
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key as never));
  if (unknown !== undefined) {
    throw makeError('ERR_OPTION_UNKNOWN', `convert has no option ${unknown}`, {
      name: unknown,
      found: unknown,
      expected: KNOWN.join(', '),
    });
  }
  const values: Readonly<Record<string, unknown>> = { ...options };
  const source = path.resolve(text(values, 'source') ?? missing('source'));
  const output = path.resolve(text(values, 'output') ?? missing('output'));
  const type = text(values, 'type') ?? missing('type');
  if (!WEIGHT_TYPES.includes(type as WeightType)) {
    throw outOfRange('type', type, `one of ${WEIGHT_TYPES.join(', ')}`);
  }
  const tokenizer = text(values, 'tokenizer');
  const maskCodec = text(values, 'maskCodec');
  return {
    source,
    output,
    type: type as WeightType,
    tokenizer: tokenizer === undefined ? undefined : path.resolve(tokenizer),
    maskCodec: maskCodec === undefined ? undefined : path.resolve(maskCodec),
    name: text(values, 'name') ?? path.basename(source).replace(/\.npz$/, ''),
    imageSize: whole(values, 'imageSize', LIMITS.imageSize),
    patchSize: whole(values, 'patchSize', LIMITS.imageSize),
    contextLength: whole(values, 'contextLength', LIMITS.context),
    queryPreAttnScalar: number(values, 'queryPreAttnScalar', false),
    attentionSoftcap: number(values, 'attentionSoftcap', true),
    finalSoftcap: number(values, 'finalSoftcap', true),
    overwrite: flag(values, 'overwrite'),
    onProgress: callback(values),
    signal: abortSignal(values),
  };
}

type Values = Readonly<Record<string, unknown>>;

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw wrongType(name, value, 'a string');
  if (value === '' || value.includes('\0') || value.length > 4096) {
    throw outOfRange(name, value, '1 to 4096 characters without NUL');
  }
  return value;
}

function whole(values: Values, name: string, max: number): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(name, value, 'a whole number');
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw outOfRange(name, value, `a whole number from 1 to ${max}`);
  }
  return value;
}

function number(values: Values, name: string, zero: boolean): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(name, value, 'a number');
  if (!(value > 0 && value <= 1e6) && !(zero && value === 0)) {
    throw outOfRange(name, value, zero ? '0 to 1000000' : 'above 0, up to 1000000');
  }
  return value;
}

function flag(values: Values, name: string): boolean {
  const value = values[name];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw wrongType(name, value, 'true or false');
  return value;
}

function callback(values: Values): ParsedOptions['onProgress'] {
  const value = values.onProgress;
  if (value === undefined) return undefined;
  if (typeof value !== 'function') throw wrongType('onProgress', value, 'a function');
  return value as ParsedOptions['onProgress'];
}

function abortSignal(values: Values): AbortSignal | undefined {
  const value = values.signal;
  if (value === undefined) return undefined;
  // Not instanceof: signals of other realms (test runners, frames) are as good.
  if (typeof (value as AbortSignal | null)?.throwIfAborted !== 'function') {
    throw wrongType('signal', value, 'an AbortSignal');
  }
  return value as AbortSignal;
}

function missing(name: string): never {
  throw wrongType(name, undefined, 'a string');
}

function wrongType(name: string, value: unknown, expected: string): Error {
  const found = value === null ? 'null' : typeof value;
  return makeError('ERR_OPTION_TYPE', `${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
  });
}

function outOfRange(name: string, value: unknown, expected: string): Error {
  const found = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return makeError('ERR_OPTION_RANGE', `${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
  });
}
