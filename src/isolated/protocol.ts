/**
 * What parent and child send each other, over the channel of child_process with structured clone. The child is an Engine
 * (src/engine): calls have its methods' names, and its results cross as they are.
 */
import type { EngineOptions, GenerateParams, ReadOptions, ScoreParams } from '../engine/engine.js';
import type { NativeErrorShape } from '../errors.js';
import type {
  NativeMemory,
  NativeModelInfo,
  NativePulse,
  NativeToken,
} from '../native/contract.js';
import type { ImageSize } from '../results/types.js';

/** The child's descriptor of the channel: its place in `stdio`. */
export const CHANNEL = 3;

/** How often the child reports that it is alive, in ms. */
export const BEAT_MS = 1000;

/** A picture on its way: a file that the child decodes, or pixels that are ready. */
export type SentPicture =
  | { readonly label: string; readonly bytes: Uint8Array }
  | (ImageSize & { readonly pixels: Uint8Array });

export type Call =
  | {
      readonly method: 'generate';
      readonly pictures: readonly SentPicture[];
      readonly read: ReadOptions;
      readonly params: GenerateParams;
    }
  | {
      readonly method: 'score';
      readonly pictures: readonly SentPicture[];
      readonly read: ReadOptions;
      readonly params: ScoreParams;
    }
  | {
      readonly method: 'encode' | 'prepare';
      readonly pictures: readonly SentPicture[];
      readonly read: ReadOptions;
    }
  | { readonly method: 'decodeMasks'; readonly codes: Int32Array }
  | { readonly method: 'encodeMasks'; readonly masks: Float32Array };

/** What is new of the answer to a call: `images` come once, before the first token; after `end` there is nothing. */
export interface Answer {
  readonly id: number;
  images?: readonly ImageSize[];
  tokens?: NativeToken[];
  end?: { readonly result: unknown } | { readonly error: NativeErrorShape };
}

export type ToChild =
  | { readonly kind: 'load'; readonly options: EngineOptions }
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromChild =
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'loaded'; readonly info: NativeModelInfo }
  | { readonly kind: 'load-failed'; readonly error: NativeErrorShape }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'beat'; readonly pulse: NativePulse; readonly memory?: NativeMemory }
  | { readonly kind: 'warning'; readonly message: string; readonly code?: string };
