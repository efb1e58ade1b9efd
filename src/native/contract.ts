/**
 * The addon's types, the only description of native/addon on this side. Closed sets cross as strings; shapes and
 * units are stated here and checked in native/addon/convert. RESTRICTED of scripts/arrows.mjs lists who may import it.
 */
import type { WeightType } from '../options/closed-sets.js';
import type { NativeGenerateOptions, NativeLoadOptions } from '../options/native.js';

export interface NativeDevice {
  /** `CPU`, `CUDA0`, `Metal`. */
  readonly name: string;
  readonly description: string;
  readonly type: 'cpu' | 'gpu' | 'igpu' | 'accel';
  /** Bytes; 0 when the backend cannot tell. */
  readonly memoryFree: number;
  readonly memoryTotal: number;
  /** Instruction sets and options the backend was built with. */
  readonly features: Readonly<Record<string, string>>;
}

export interface NativeTensorInfo {
  readonly name: string;
  /** Fastest first, as in ggml. */
  readonly shape: readonly number[];
  readonly type: string;
  readonly bytes: number;
}

export interface NativeGgufInfo {
  readonly version: number;
  readonly alignment: number;
  readonly fileBytes: number;
  /** Scalars as they are; arrays longer than 16 entries as `{ length, type }`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: readonly NativeTensorInfo[];
}

/** Options cross as src/options/native.ts has them. */
export type NativeLoadParams = NativeLoadOptions & { readonly paths: readonly string[] };

export interface NativeModelInfo {
  readonly architecture: 'gemma' | 'gemma2';
  readonly version: 1 | 2;
  readonly name: string;
  readonly variant: string;
  readonly device: string;
  readonly deviceDescription: string;
  /** The most that any stage uses. */
  readonly threads: number;
  readonly slots: number;
  readonly contextLength: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly imageTokenCount: number;
  readonly vocabularySize: number;
  readonly fileBytes: number;
  readonly text: Readonly<Record<string, number>>;
  readonly vision: Readonly<Record<string, number>>;
  /** Bytes of weights by type, in the file. */
  readonly weightTypes: Readonly<Record<string, number>>;
  /** Bytes of weights in memory by what multiplies them: a kernel of this package, else a buffer type of ggml. */
  readonly kernels: Readonly<Record<string, number>>;
  readonly memory: NativeMemory;
  readonly features: Readonly<Record<string, string>>;
  readonly hasMaskCodec: boolean;
}

/** They grow with use: of the mask codec, of longer contexts, of more pictures. */
export interface NativeMemory {
  readonly weightsBytes: number;
  readonly kvCacheBytes: number;
  readonly computeBytes: number;
  readonly featureCacheBytes: number;
}

export interface NativeGenerateParams extends NativeGenerateOptions {
  /** One entry per picture: interleaved RGB, imageSize x imageSize x 3. Copied by the addon. */
  readonly images: readonly Uint8Array[];
  readonly prompt: string;
  /** Texts that may follow `draftAfter` loc and seg tokens in a row; they save steps when they do. */
  readonly drafts: readonly string[];
  readonly draftAfter: number;
}

export interface NativeScoreParams {
  readonly images: readonly Uint8Array[];
  readonly prompt: string;
  /** Answers to be compared, none empty, at most 256 tokens each. */
  readonly candidates: readonly string[];
}

export interface NativeToken {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
  readonly top?: readonly { readonly id: number; readonly logprob: number }[];
  /** [1024]: the model's probability of each loc token, with a loc token when asked for. */
  readonly locProbabilities?: Float32Array;
  /**
   * With the token that begins a box where the answer could have ended instead: the probability that a box begins, of
   * these two.
   */
  readonly presence?: number;
}

/** What a prompt took. */
export interface NativeCosts {
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly completionTokens: number;
  /** How many pictures came from the feature cache. */
  readonly cachedImages: number;
  /** Milliseconds. */
  readonly queueMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface NativeResult extends NativeCosts {
  readonly finishReason: 'stop' | 'length' | 'repetition';
  /** Log-probability of the end where the model ended; 0 where it was cut off. */
  readonly endLogprob: number;
  /** The presence of one more box where the model ended. */
  readonly endPresence?: number;
  /** Text still held back by the streaming detokenizer when the last token came. */
  readonly tail: string;
}

export interface NativeScores extends NativeCosts {
  /** One per candidate, in the same order. */
  readonly candidates: readonly {
    readonly tokens: Int32Array;
    /** Log-probability of each token, then of the end of the answer. */
    readonly logprobs: Float32Array;
  }[];
}

export interface NativeTraceParams {
  readonly image: Uint8Array;
  readonly prefix: Int32Array;
  readonly suffix: Int32Array;
}

/** Intermediate tensors by the reference's names; rows of the decode steps follow those of the prefix. */
export type NativeTaps = Readonly<
  Record<string, { readonly width: number; readonly data: Float32Array }>
>;

export interface NativeFeatures {
  /** [imageTokenCount, width], row-major f32: the projector's output. */
  readonly data: Float32Array;
  readonly tokens: number;
  readonly width: number;
}

/** One native event; `id` is the request it belongs to. */
export type NativeEvent =
  | {
      readonly kind: 'progress';
      readonly id: number;
      readonly loaded: number;
      readonly total: number;
    }
  | { readonly kind: 'token'; readonly id: number; readonly token: NativeToken }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: unknown };

/** One loaded model: owns an Engine. Requests are numbered by the caller and answered through `dispatch`. */
export interface NativeModel {
  /** Answers with `done` (NativeModelInfo). */
  load(id: number, params: NativeLoadParams): void;
  /** Answers with `token`… and `done` (NativeResult). */
  generate(id: number, params: NativeGenerateParams): void;
  /** Answers with `done` (NativeScores). */
  score(id: number, params: NativeScoreParams): void;
  /** Answers with `done` (NativeFeatures). */
  encode(id: number, image: Uint8Array): void;
  /** For parity tests: runs these tokens and answers with every intermediate (NativeTaps). */
  trace(id: number, params: NativeTraceParams): void;
  /**
   * Codes [n, 16], each 0 to 127 -> answers with `done` (Float32Array [n, 64, 64], rows of pixels, about -1 to 1; above 0
   * is inside). ERR_MODEL_TENSOR_MISSING when the file has no mask codec; ERR_OPTION_RANGE for another length or
   * code, or more than 10,000 masks.
   */
  decodeMasks(id: number, codes: Int32Array): void;
  /**
   * Masks [n, 64, 64] in 0 to 1 -> answers with `done` (Int32Array [n, 16]). Errors as above; NaN is ERR_OPTION_RANGE.
   */
  encodeMasks(id: number, masks: Float32Array): void;
  /** The request answers with `error` ERR_ABORTED, unless it had already ended. */
  cancel(id: number): void;
  /** Cancels everything, frees the model and answers with `done`. Later requests throw ERR_DISPOSED. */
  dispose(id: number): void;
  tokenize(text: string): Int32Array;
  detokenize(ids: Int32Array): string;
  memory(): NativeMemory;
  /** Whether the pump has work, and how many of its bounded steps it has done; without any in seconds, it hangs. */
  pulse(): NativePulse;
}

export interface NativePulse {
  readonly busy: boolean;
  readonly steps: number;
}

/** The tokenizer of a model whose weights are elsewhere. */
export type NativeVocabulary = Pick<NativeModel, 'tokenize' | 'detokenize'>;

/** The CPU backend compiled for one instruction set. */
export interface NativeCpuVariant {
  /** `haswell`, `icelake`, `armv8.2_2`. */
  readonly name: string;
  /** ggml's rating for this CPU; 0: it lacks an instruction, or the system does not save its registers. The highest is chosen. */
  readonly score: number;
  readonly chosen: boolean;
}

export interface NativeBinding {
  readonly Model: new (dispatch: (event: NativeEvent) => void) => NativeModel;
  devices(): readonly NativeDevice[];
  /** Those beside a prebuilt addon; empty when the addon was compiled on this machine, for this machine. */
  cpuVariants(): readonly NativeCpuVariant[];
  /** Loads a GPU package's library; its devices then are among `devices()`. Throws ERR_DEVICE_UNAVAILABLE. */
  addBackend(path: string): void;
  weightTypes(): readonly string[];
  /** Every set of kernels, and whether this CPU and this build have it. */
  kernelSets(): Readonly<Record<string, boolean>>;
  errorCodes(): readonly string[];
  /** Names of what its errors say can be done: src/remedies.ts has the words. */
  remedies(): readonly string[];
  /** Reads and checks header and tensor table of one file. */
  inspect(path: string): Promise<NativeGgufInfo>;
  /** Reads the header of a model's files, checks it as `load` does, and keeps the vocabulary only. */
  loadVocabulary(paths: readonly string[]): Promise<NativeVocabulary>;
  /**
   * For a process with one parent: it ends within a second of the parent's end, or of the moment when the parent closes the
   * socket `channel`, whatever its threads do.
   */
  exitWithParent(channel: number): void;
  /**
   * Antialiased bicubic resize of interleaved 8-bit RGB, byte-equal to PIL's, to size x size.
   * `pixels` must not be changed until the promise settles.
   */
  resize(pixels: Uint8Array, width: number, height: number, size: number): Promise<Uint8Array>;
  /**
   * Converts `rows` rows of `width` elements from one float type to any weight type, on all cores.
   * `data` must not be changed until the promise settles.
   */
  quantize(
    data: Uint8Array,
    from: 'f32' | 'f16' | 'bf16',
    to: WeightType,
    width: number,
    rows: number,
  ): Promise<Uint8Array>;
  /**
   * What the CPU can do at most with so many threads: bytes read from memory, operations of the kernels' instructions.
   * Blocks for about half a second.
   */
  roofline(threads: number): {
    readonly readBytesPerSecond: number;
    readonly peaks: Readonly<
      Record<string, { readonly kernel: string; readonly opsPerSecond: number }>
    >;
  };
  /** Cancels all requests of all models of this thread; for process exit. */
  cancelAll(): void;
}
