/**
 * Options as they cross to the addon: whole, so that a new one needs no line here. What is named below stays on this side
 * or crosses in another form.
 */
import type { ParsedGenerateOptions } from './generate.js';
import { HUB_OPTIONS } from './hub.js';
import { ENCODE_OPTIONS } from './image.js';
import { LOAD_OPTIONS, type ParsedLoadOptions, stageThreadCounts } from './load.js';
import { omit } from './option.js';

const { threads, encodeThreads, prefillThreads, decodeThreads, featureCacheMb } = LOAD_OPTIONS;
const { maxQueue, onProgress, onNote, signal, isolate, engines, hangMs } = LOAD_OPTIONS;

const LOADING_HERE = {
  ...{ threads, encodeThreads, prefillThreads, decodeThreads, featureCacheMb },
  ...{ maxQueue, onProgress, onNote, signal, isolate, engines, hangMs },
  ...HUB_OPTIONS,
};

export type NativeLoadOptions = ReturnType<typeof nativeLoadOptions>;
export type NativeGenerateOptions = ReturnType<typeof nativeGenerateOptions>;

export function nativeLoadOptions(o: ParsedLoadOptions) {
  return {
    ...omit(LOADING_HERE, o),
    threads: stageThreadCounts(o),
    featureCacheBytes: Math.round(o.featureCacheMb * 2 ** 20),
  };
}

export function nativeGenerateOptions(o: ParsedGenerateOptions) {
  return {
    // Pictures are read on this side.
    ...omit(ENCODE_OPTIONS, o),
    /** 0: 256 tokens, or what still fits the context. */
    maxTokens: o.maxTokens ?? 0,
    seed: o.seed ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER),
    /** Empty: the answer may have any form. */
    pattern: o.pattern ?? '',
    /** Negative: the sampled token decides. */
    minPresence: o.minPresence ?? -1,
  };
}
