/** What computes for a Model, as the model sees it. Knows no tasks, and no options by name. */
import type {
  NativeFeatures,
  NativeGenerateParams,
  NativeMemory,
  NativeModelInfo,
  NativeResult,
  NativeScoreParams,
  NativeScores,
  NativeToken,
} from '../native/contract.js';
import type { ParsedEncodeOptions } from '../options/image.js';
import type { NativeLoadOptions } from '../options/native.js';
import type { ImageSize } from '../results/types.js';
import type { Picture, PictureSource } from './picture.js';

/** How pictures are to be read. */
export type ReadOptions = Omit<ParsedEncodeOptions, 'signal'>;

/** What an engine is loaded with. */
export interface EngineOptions {
  /** One file, or the two of a model in two parts. */
  readonly paths: readonly string[];
  readonly native: NativeLoadOptions;
  /** Calls that may be prepared, wait or run at the same time. */
  readonly maxQueue: number;
}

export interface LoadCall {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (loaded: number, total: number) => void;
}

export type GenerateParams = Omit<NativeGenerateParams, 'images'>;
export type ScoreParams = Omit<NativeScoreParams, 'images'>;

export interface GenerateCall {
  readonly signal: AbortSignal;
  readonly onToken: (token: NativeToken) => void;
  /** Called once, before the first token. */
  readonly onImages: (sizes: readonly ImageSize[]) => void;
}

/** A result of the network and what came before it. */
export interface Prepared<T> {
  readonly result: T;
  /** Of the upright originals. */
  readonly images: readonly ImageSize[];
  /** Milliseconds of reading, decoding and resizing the pictures, and of waiting for that. */
  readonly prepareMs: number;
}

export interface Health {
  /**
   * `ready`: a call is computed at once; `starting`: calls wait for a child that is being started; `unavailable`: calls are
   * rejected, because it crashed too often; `disposed`.
   */
  readonly state: 'ready' | 'starting' | 'unavailable' | 'disposed';
  /** Crashes and hangs since the model was loaded. */
  readonly crashes: number;
  /** Why the last one ended; undefined while there was none. */
  readonly lastCrash?: string;
  /** Until calls are taken again; while it is `unavailable`. */
  readonly retryAfterMs?: number;
  /** Ids of the child processes; empty where the engine is in this process. */
  readonly pids: readonly number[];
}

/**
 * One loaded model. Calls run in order of arrival and reject with ERR_QUEUE_FULL beyond `maxQueue`, with the reason of their
 * signal at once, with ERR_DISPOSED after `dispose`. The signal is the call's own: its caller aborts it when `closing` is
 * aborted, and when the call has failed, which ends the decoding of its other pictures. Pictures are taken as they are when the call is made; an engine may
 * empty the list when it has read them, so that they are not in memory until the answer.
 */
export interface Engine {
  /** Aborted with ERR_DISPOSED by `dispose`, for work around the calls. */
  readonly closing: AbortSignal;
  readonly health: Health;
  /** As it was when the model was loaded; only `memory` changes. */
  readonly info: NativeModelInfo;
  /** What it takes now. Stays readable after `dispose`. */
  memory(): NativeMemory;
  tokenize(text: string): Int32Array;
  detokenize(ids: Int32Array): string;
  prepare(picture: PictureSource, read: ReadOptions, signal: AbortSignal): Promise<Picture>;
  generate(
    pictures: PictureSource[],
    read: ReadOptions,
    params: GenerateParams,
    call: GenerateCall,
  ): Promise<Prepared<NativeResult>>;
  score(
    pictures: PictureSource[],
    read: ReadOptions,
    params: ScoreParams,
    signal: AbortSignal,
  ): Promise<Prepared<NativeScores>>;
  encode(
    picture: PictureSource,
    read: ReadOptions,
    signal: AbortSignal,
  ): Promise<Prepared<NativeFeatures>>;
  decodeMasks(codes: Int32Array, signal: AbortSignal | undefined): Promise<Float32Array>;
  encodeMasks(masks: Float32Array, signal: AbortSignal | undefined): Promise<Int32Array>;
  /** Always the same promise. `error`: with what running calls end; left out, ERR_DISPOSED of this place. */
  dispose(error?: Error): Promise<void>;
}
