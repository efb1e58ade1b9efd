/** Options of `PaliGemma.load`. What they do is in src/model.ts and the engine. */

import { availableParallelism } from 'node:os';
import { makeError } from '../errors.js';
import type { OnNote } from '../notes.js';
import { type DeviceName, KERNEL_SETS, KV_TYPES } from './closed-sets.js';
import { cpuQuota } from './cpu-quota.js';
import { HUB_OPTIONS } from './hub.js';
import { MAX_CONTEXT_LENGTH } from './limits.js';
import {
  boolean,
  callback,
  integer,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  signal,
  string,
} from './option.js';
import { physicalCores } from './physical-cores.js';
import type { LoadProgress } from './progress.js';
import type { LoadOptions } from './types.js';

const stageThreads = (stage: string) =>
  integer({ default: 0, min: 0, max: 512, doc: `threads for ${stage}; 0 takes \`threads\`` });

export const LOAD_OPTIONS = {
  device: string<DeviceName>({
    placeholder: 'device',
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
    doc: 'longest prompt and answer together, image tokens included; 0 takes that of the file',
  }),
  kvType: oneOf(KV_TYPES, {
    default: 'f16',
    doc: 'number type of the key-value cache; q8_0 takes about half the memory of f16 and is a little less exact',
  }),
  kernels: oneOf(KERNEL_SETS, {
    default: 'auto',
    doc: "which matmul kernels the CPU uses: the best of this package's that it can run, those for one instruction set, or ggml's",
  }),
  exactGelu: boolean({
    default: false,
    doc: 'compute GELU exactly instead of from a half-precision table; slower, for comparisons',
  }),
  checkTensors: boolean({
    default: false,
    doc: 'refuse a file whose weights hold NaN or infinity; reads all of them once more',
  }),
  isolate: oneOf(['none', 'process'], {
    default: 'none',
    doc: 'where pictures are decoded and the model computes: with process in a child process, whose crash or hang is an error, ERR_ENGINE_CRASHED, before a new child takes over',
  }),
  engines: integer({
    default: 1,
    min: 1,
    max: 2,
    doc: 'child processes with the model in memory, for `isolate`; 2 keeps a spare that takes over at once',
  }),
  hangMs: integer({
    default: 20_000,
    min: 1000,
    max: 3_600_000,
    unit: 'ms',
    doc: 'how long a child process may show no progress, for `isolate`, before it is killed and replaced',
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
    doc: 'soft-cap of the attention scores; left out, that of the file; 0 turns it off',
  }),
  finalSoftcap: number({
    default: null,
    min: 0,
    max: 1_000_000,
    doc: 'soft-cap of the logits; left out, that of the file; 0 turns it off',
  }),
  ...HUB_OPTIONS,
  onProgress: callback<(progress: LoadProgress) => void>({
    doc: 'called while the weights are read',
  }),
  onNote: callback<OnNote>({
    doc: 'called with what a caller should know of a prompt, or of an engine that crashed, `{ code, message }`; left out, `process.emitWarning` once for each code',
  }),
  signal: signal({ doc: 'abort loading; it rejects with the reason of the signal' }),
};

export type ParsedLoadOptions = Parsed<typeof LOAD_OPTIONS>;

export function parseLoadOptions(options?: LoadOptions): ParsedLoadOptions {
  const parsed = parseOptions('load', LOAD_OPTIONS, options);
  checkIsolation(parsed);
  return parsed;
}

/** Options of the child process would do nothing without one. Throws ERR_OPTION_RANGE. */
export function checkIsolation(
  options: Pick<ParsedLoadOptions, 'isolate' | 'engines' | 'hangMs'>,
): void {
  if (options.isolate === 'process') return;
  for (const name of ['engines', 'hangMs'] as const) {
    const { default: usual } = LOAD_OPTIONS[name];
    if (options[name] === usual) continue;
    const found = `${options[name]}`;
    const expected = `${usual} without isolate`;
    throw makeError('ERR_OPTION_RANGE', `option ${name} is ${found}, expected ${expected}`, {
      ...{ name, found, expected, hint: 'set isolate to "process", or leave this out' },
    });
  }
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
