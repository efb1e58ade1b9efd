/** Options of `PaliGemma.load`. What they do is in src/model.ts and the engine. */
import { availableParallelism } from 'node:os';
import type { OnNote } from '../notes.js';
import { KERNEL_SETS, type KernelSet, KV_TYPES, type KvType } from './closed-sets.js';
import { cpuQuota } from './cpu-quota.js';
import { HUB_OPTIONS } from './hub.js';
import { MAX_CONTEXT_LENGTH } from './limits.js';
import {
  boolean,
  callback,
  type Input,
  integer,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  type Same,
  signal,
  string,
} from './option.js';
import { physicalCores } from './physical-cores.js';

/** Where the model runs. Other names are those of `devices()`, such as `CUDA1`. */
export type DeviceName = 'auto' | 'cpu' | 'cuda' | 'metal' | (string & {});

/** How far loading has come. */
export interface LoadProgress {
  /** Bytes of weights read so far. */
  readonly loaded: number;
  /** Bytes of weights in all. */
  readonly total: number;
  /** `download` while a model comes from the hub; the bytes are those of the file then. */
  readonly phase: 'download' | 'load';
}

const stageThreads = (stage: string) =>
  integer({ default: 0, min: 0, max: 512, doc: `threads for ${stage}; 0 takes \`threads\`` });

export const LOAD_OPTIONS = {
  device: string<DeviceName>({
    default: 'auto',
    minLength: 1,
    maxLength: 64,
    examples: ['auto', 'cpu', 'cuda', 'metal'],
    doc: 'where the model runs; auto takes a GPU when there is one that fits, else the CPU',
  }),
  threads: integer({
    default: 0,
    min: 0,
    max: 512,
    doc: 'threads that compute on the CPU; 0 takes one per physical core that the process may use, at most 8',
  }),
  encodeThreads: stageThreads('encoding pictures'),
  prefillThreads: stageThreads('prefill, which reads the prompt'),
  decodeThreads: stageThreads('decoding, which waits for memory more than it computes'),
  slots: integer({
    default: 4,
    min: 1,
    max: 64,
    doc: 'requests that decode at the same time; each has its own key-value cache',
  }),
  maxQueue: integer({
    default: 1024,
    min: 1,
    max: 1_000_000,
    doc: 'requests that may run or wait at the same time; one more rejects with ERR_QUEUE_FULL',
  }),
  contextLength: integer({
    default: 0,
    min: 0,
    max: MAX_CONTEXT_LENGTH,
    unit: 'tokens',
    doc: 'longest prompt and answer together, image tokens included; 0 takes what the file says',
  }),
  kvType: oneOf(KV_TYPES, {
    default: 'f16',
    doc: 'number type of the key-value cache; q8_0 takes about half the memory of f16 and is a little less exact',
  }),
  kernels: oneOf(KERNEL_SETS, {
    default: 'auto',
    doc: "what multiplies on the CPU: the best of this package's kernels that it has, those for one instruction set, or ggml's",
  }),
  exactGelu: boolean({
    default: false,
    doc: 'compute GELU exactly instead of from a half-precision table; slower, for comparisons',
  }),
  checkTensors: boolean({
    default: false,
    doc: 'refuse a file whose weights hold NaN or infinity; reads all of them once more',
  }),
  featureCacheMb: number({
    default: 64,
    min: 0,
    max: 65_536,
    unit: 'MiB',
    doc: 'memory for encoded pictures, so that further questions about one skip the encoder; 0 turns it off',
  }),
  attentionSoftcap: number({
    default: null,
    min: 0,
    max: 1_000_000,
    doc: 'soft-cap of the attention scores; left out, what the file says; 0 turns it off',
  }),
  finalSoftcap: number({
    default: null,
    min: 0,
    max: 1_000_000,
    doc: 'soft-cap of the logits; left out, what the file says; 0 turns it off',
  }),
  ...HUB_OPTIONS,
  onProgress: callback<(progress: LoadProgress) => void>({
    doc: 'called while the weights are read',
  }),
  onNote: callback<OnNote>({
    doc: 'called with what a caller should know of a prompt, `{ code, message }`; left out, `process.emitWarning` once for each code',
  }),
  signal: signal({ doc: 'abort loading; it rejects with the reason of the signal' }),
};

/** Options of `PaliGemma.load`. */
export interface LoadOptions {
  /** where the model runs; auto takes a GPU when there is one that fits, else the CPU. Default `auto`. */
  readonly device?: DeviceName | undefined;
  /** threads that compute on the CPU; 0 takes one per physical core that the process may use, at most 8. Default 0, at most 512. */
  readonly threads?: number | undefined;
  /** threads for encoding pictures; 0 takes `threads`. Default 0, at most 512. */
  readonly encodeThreads?: number | undefined;
  /** threads for prefill, which reads the prompt; 0 takes `threads`. Default 0, at most 512. */
  readonly prefillThreads?: number | undefined;
  /** threads for decoding, which waits for memory more than it computes; 0 takes `threads`. Default 0, at most 512. */
  readonly decodeThreads?: number | undefined;
  /** requests that decode at the same time; each has its own key-value cache. Default 4, from 1 to 64. */
  readonly slots?: number | undefined;
  /** requests that may run or wait at the same time; one more rejects with ERR_QUEUE_FULL. Default 1024, from 1 to 1,000,000. */
  readonly maxQueue?: number | undefined;
  /** longest prompt and answer together, image tokens included; 0 takes what the file says. Default 0. */
  readonly contextLength?: number | undefined;
  /** number type of the key-value cache; q8_0 takes about half the memory of f16 and is a little less exact. Default `f16`. */
  readonly kvType?: KvType | undefined;
  /**
   * what multiplies on the CPU: the best of this package's kernels that it has, those for one instruction set, or ggml's. Default `auto`.
   */
  readonly kernels?: KernelSet | undefined;
  /** compute GELU exactly instead of from a half-precision table; slower, for comparisons. Default false. */
  readonly exactGelu?: boolean | undefined;
  /** refuse a file whose weights hold NaN or infinity; reads all of them once more. Default false. */
  readonly checkTensors?: boolean | undefined;
  /**
   * memory for encoded pictures, so that further questions about one skip the encoder; 0 turns it off. Default 64 MiB.
   */
  readonly featureCacheMb?: number | undefined;
  /** soft-cap of the attention scores; left out, what the file says; 0 turns it off. Default null. */
  readonly attentionSoftcap?: number | null | undefined;
  /** soft-cap of the logits; left out, what the file says; 0 turns it off. Default null. */
  readonly finalSoftcap?: number | null | undefined;
  /** access token for a model on the hub; left out, `HF_TOKEN` or the file beside the cache. */
  readonly token?: string | undefined;
  /** take a model of the hub from the cache only, without asking anybody; left out, what `HF_HUB_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** called while the weights are read. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * called with what a caller should know of a prompt, `{ code, message }`; left out, `process.emitWarning` once for each code.
   */
  readonly onNote?: OnNote | undefined;
  /** abort loading; it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}
export type ParsedLoadOptions = Parsed<typeof LOAD_OPTIONS>;

// Fails to compile when the interface and the declarations part ways.
true satisfies Same<LoadOptions, Input<typeof LOAD_OPTIONS>>;

export function parseLoadOptions(options?: LoadOptions): ParsedLoadOptions {
  return parseOptions('load', LOAD_OPTIONS, options);
}

/** What `threads: 0` takes: one per core that affinity and quota leave, at most 8, as decoding gains nothing beyond. */
export function defaultThreads(
  parallelism = availableParallelism(),
  cores = physicalCores(),
  quota = cpuQuota(),
): number {
  return Math.min(8, parallelism, cores, Math.max(1, Math.floor(quota)));
}

/** Threads of each stage. */
export function stageThreadCounts(o: ParsedLoadOptions): {
  readonly encode: number;
  readonly prefill: number;
  readonly decode: number;
} {
  const all = o.threads || defaultThreads();
  return {
    encode: o.encodeThreads || all,
    prefill: o.prefillThreads || all,
    decode: o.decodeThreads || all,
  };
}
