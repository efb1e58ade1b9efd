/**
 * class Model: load a model, ask it, stream its answer, take it down. Prompts of tasks and their parsing live in
 * src/tasks, which add to it (class PaliGemma); decoding of pictures in src/image-input, the network itself in native/.
 */
import { performance } from 'node:perf_hooks';
import { follow } from './abort.js';
import { atCaller, callerOf } from './caller.js';
import { demoModel } from './demo-model.js';
import { makeError } from './errors.js';
import { modelFiles } from './hub/model-files.js';
import { prepareImage } from './image-input/prepare.js';
import type { ImageInput } from './image-input/source.js';
import type {
  NativeFeatures,
  NativeGenerateParams,
  NativeModelInfo,
  NativeResult,
  NativeScores,
  NativeToken,
} from './native/contract.js';
import { addGpuBackend } from './native/gpu.js';
import { NativeSession } from './native/session.js';
import { type Note, type OnNote, warnOnce } from './notes.js';
import {
  asList,
  candidateList,
  checkLength,
  checkPrompt,
  checkString,
  type ModelSource,
  tokenIds,
  withPlace,
} from './options/arguments.js';
import { type ParsedGenerateOptions, parseGenerateOptions } from './options/generate.js';
import { type ParsedEncodeOptions, parseEncodeOptions } from './options/image.js';
import { parseLoadOptions } from './options/load.js';
import { nativeGenerateOptions, nativeLoadOptions } from './options/native.js';
import { parseOptions, SIGNAL_OPTIONS } from './options/option.js';
import type {
  EncodeOptions,
  GenerateOptions,
  LoadOptions,
  SignalOptions,
} from './options/types.js';
import {
  type Answer,
  costs,
  type Prediction,
  PredictionStream,
  type Timings,
  type Usage,
} from './prediction.js';
import { type Drafts, Prompt } from './prompt.js';
import type { ImageSize } from './results/types.js';

const DEMO_NOTE: Note = {
  code: 'PALIGEMMA_DEMO_MODEL',
  message:
    'no model is named: taking the demo model, which knows coloured shapes and printed text only',
};

/** `after` does not matter then. */
const NO_DRAFTS: Drafts = { labels: [], after: 1 };

/** What is loaded and what it takes. Sizes in bytes. */
export type ModelInfo = NativeModelInfo;

/** The projector's output for one picture: the image tokens as the language model sees them. */
export interface ImageFeatures {
  /** Row-major, [tokens, width]. */
  readonly data: Float32Array;
  readonly tokens: number;
  readonly width: number;
  /** Size of the upright original in pixels. */
  readonly image: { readonly width: number; readonly height: number };
}

/** A picture that is decoded and resized already, for several calls to one model. Made by `prepare`. */
export class Picture implements ImageSize {
  /** Of the upright original, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Interleaved RGB, side x side x 3. */
  readonly pixels: Uint8Array;

  constructor(pixels: Uint8Array, { width, height }: ImageSize) {
    this.pixels = pixels;
    this.width = width;
    this.height = height;
  }
}

/** Whatever a call takes as a picture. */
export type PictureInput = ImageInput | Picture;

/** How likely a model finds each of several answers. */
export interface Scores {
  /** What was sent: the prompt as given, without what belongs to other runtimes (docs/prompts.md). */
  readonly prompt: string;
  readonly candidates: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    /** Natural logarithm of the probability of each token, then of the end of the answer. */
    readonly logprobs: readonly number[];
  }[];
  readonly images: readonly ImageSize[];
  readonly usage: Usage;
  readonly timings: Timings;
}

/** For tasks, whose answers may be worth a note: it goes where those about prompts go. Not a method, as it is not for users. */
export let sendNote: (model: Model, note: Note) => void;

/** A loaded model and the exact prompts it takes. Users have its subclass PaliGemma, which knows the tasks. */
export class Model {
  readonly #session: NativeSession;
  readonly #onNote: OnNote;
  #info: ModelInfo;

  static {
    sendNote = (model, note) => model.#onNote(note);
  }

  protected constructor(session: NativeSession, info: ModelInfo, onNote: OnNote) {
    if (!(session instanceof NativeSession)) {
      throw makeError('ERR_OPTION_TYPE', 'a model is not made with new, expected load', {
        name: 'model',
        found: 'new',
        expected: 'load',
        hint: 'await PaliGemma.load(path)',
      });
    }
    this.#session = session;
    this.#info = info;
    this.#onNote = onNote;
  }

  /**
   * Reads a model file into memory. Any number of calls may then run at once: they share the model in turns, in order of
   * arrival. Without a `source` it takes the demo model, which knows coloured shapes and printed text only.
   *
   * @example
   * const model = await PaliGemma.load('paligemma-3b-mix-224-q8_0.gguf');
   * const { text } = await model.caption('cow.jpg');
   * await model.dispose();
   *
   * Throws `ERR_MODEL_*` for a file that cannot be used, `ERR_OUT_OF_MEMORY` before anything is allocated when it would not
   * fit, `ERR_DEVICE_UNAVAILABLE`, `ERR_BINARY_NOT_FOUND`, `ERR_OPTION_*`, and `ERR_HUB_*` for a model on the hub.
   */
  static load<T extends Model>(
    this: { readonly prototype: T },
    source?: ModelSource,
    options?: LoadOptions,
  ): Promise<T> {
    // biome-ignore lint/complexity/noThisInStatic: PaliGemma.load returns a PaliGemma
    return atCaller(Model.load, () => Model.#load<T>(this, source, options));
  }

  static async #load<T extends Model>(
    of: { readonly prototype: T },
    source?: ModelSource,
    options?: LoadOptions,
  ): Promise<T> {
    const o = parseLoadOptions(options);
    const onNote = o.onNote ?? warnOnce;
    o.signal?.throwIfAborted();
    const named = source === undefined ? demoModel() : source;
    if (source === undefined) onNote(DEMO_NOTE);
    const paths = await modelFiles(named, {
      token: o.token,
      offline: o.offline,
      signal: o.signal,
      onProgress: (loaded, total) => o.onProgress?.({ phase: 'download', loaded, total }),
    });
    o.signal?.throwIfAborted();
    addGpuBackend(o.device);
    const session = new NativeSession(o.maxQueue);
    try {
      const info = await session.request<ModelInfo>(
        (model, id) => model.load(id, { paths, ...nativeLoadOptions(o) }),
        {
          signal: o.signal,
          onProgress: (loaded, total) => o.onProgress?.({ phase: 'load', loaded, total }),
        },
      );
      // Between the model's answer and here the caller may have given up, and would not dispose of what he gets.
      o.signal?.throwIfAborted();
      // The constructor is not for users.
      const Class = of as unknown as new (
        session: NativeSession,
        info: ModelInfo,
        onNote: OnNote,
      ) => T;
      return new Class(session, info, onNote);
    } catch (error) {
      // No caller awaits this, and `error` is what there is to tell.
      session.dispose().catch(() => {});
      throw withPlace(error, paths);
    }
  }

  /** Architecture, sizes, weight types, device and memory. Stays readable after `dispose`. */
  get info(): ModelInfo {
    if (this.#session.closing.aborted) return this.#info;
    return this.#session.ask((model) => model.info());
  }

  /** What is sent for a prompt as a caller wrote it, about so many pictures. Here it is taken as it is. */
  protected promptOf(text: string, _pictures: number, _info: ModelInfo): Prompt {
    return new Prompt(text);
  }

  /** The prompt to send; the caller gets its notes. */
  #read(prompt: string | Prompt, pictures: number): Prompt {
    if (!(prompt instanceof Prompt)) checkPrompt(prompt);
    const read = prompt instanceof Prompt ? prompt : this.promptOf(prompt, pictures, this.#info);
    for (const note of read.notes) this.#onNote(note);
    return read;
  }

  /**
   * Answers `prompt` about one picture or several (which come first, whatever the prompt says). Prompts are exact
   * strings such as `caption en`, `detect cat ; dog`, `answer en where is the cow?`; an empty one is legal. What other
   * runtimes write around a prompt is not sent, and the result's `prompt` says what was; all else is sent as given.
   *
   * Throws `ERR_IMAGE_*`, `ERR_PROMPT_TOO_LONG`, `ERR_OPTION_*`, `ERR_DISPOSED`; rejects with `signal.reason` when aborted.
   */
  async predict(
    image: PictureInput | readonly PictureInput[],
    prompt: string | Prompt,
    options?: GenerateOptions,
  ): Promise<Prediction> {
    return atCaller(Model.prototype.predict, () => this.stream(image, prompt, options).result);
  }

  /**
   * As `predict`, giving the text piece by piece. Leaving the loop cancels the work.
   *
   * @example
   * for await (const piece of model.stream('cow.jpg', 'caption en')) process.stdout.write(piece.text);
   */
  stream(
    image: PictureInput | readonly PictureInput[],
    prompt: string | Prompt,
    options?: GenerateOptions,
  ): PredictionStream {
    const o = parseGenerateOptions(options);
    const images = asList(image);
    const sent = this.#read(prompt, images.length);
    const place = callerOf(Model.prototype.stream);
    return new PredictionStream([o.signal, this.#session.closing], (signal, onToken, onImages) =>
      this.#session
        .admit((id) => this.#generate(id, images, sent, o, signal, onToken, onImages))
        .catch((error: unknown) => Promise.reject(place(error))),
    );
  }

  /**
   * How likely the model finds each of `candidates` as its whole answer to `prompt`. They share one prefix and are
   * decoded together, so that many cost little more than one. Each has at most 256 tokens and is not empty.
   *
   * Throws as `predict` does.
   *
   * @example
   * const { candidates } = await model.score('cow.jpg', 'answer en is this a cow?', ['yes', 'no']);
   */
  async score(
    image: PictureInput | readonly PictureInput[],
    prompt: string | Prompt,
    candidates: readonly string[],
    options?: EncodeOptions,
  ): Promise<Scores> {
    return atCaller(Model.prototype.score, async () => {
      const o = parseEncodeOptions(options);
      const texts = candidateList(candidates);
      const images = asList(image);
      const { text: sent } = this.#read(prompt, images.length);
      const begin = performance.now();
      const { controller, release } = follow(o.signal, this.#session.closing);
      const { signal } = controller;
      try {
        return await this.#session.admit(async (id) => {
          const { pictures, prepareMs } = await this.#prepareAll(images, sent, o, signal);
          const result = await this.#session.request<NativeScores>(
            (model, request) =>
              model.score(request, {
                images: pictures.map((picture) => picture.pixels),
                prompt: sent,
                candidates: texts,
              }),
            { id, signal },
          );
          return {
            prompt: sent,
            candidates: result.candidates.map(({ tokens, logprobs }, i) => ({
              text: texts[i] ?? '',
              tokens: [...tokens],
              logprobs: [...logprobs],
            })),
            images: pictures.map(sizeOf),
            ...costs(result, images.length, prepareMs, performance.now() - begin),
          };
        });
      } finally {
        // Also ends the decoding of the other pictures when one is at fault.
        controller.abort();
        release();
      }
    });
  }

  /**
   * Masks of codes as `segment` makes them. `codes`: 16 for each mask, 0 to 127. Returns [n, 64, 64] row-major, about -1 to
   * 1, above 0 inside. Throws ERR_MODEL_TENSOR_MISSING when the file has no mask codec, ERR_OPTION_RANGE for another
   * length or code and for more than 10,000 masks.
   */
  async decodeMasks(codes: ArrayLike<number>, options?: SignalOptions): Promise<Float32Array> {
    return atCaller(Model.prototype.decodeMasks, async () => {
      const { signal } = parseOptions('decodeMasks', SIGNAL_OPTIONS, options);
      return this.#session.request<Float32Array>(
        (model, id) => model.decodeMasks(id, Int32Array.from(codes)),
        { signal },
      );
    });
  }

  /** Codes of masks, for training data: [n, 64, 64] in 0 to 1 -> 16 codes for each. Limits and errors as decodeMasks. */
  async encodeMasks(masks: ArrayLike<number>, options?: SignalOptions): Promise<Int32Array> {
    return atCaller(Model.prototype.encodeMasks, async () => {
      const { signal } = parseOptions('encodeMasks', SIGNAL_OPTIONS, options);
      return this.#session.request<Int32Array>(
        (model, id) => model.encodeMasks(id, Float32Array.from(masks)),
        { signal },
      );
    });
  }

  /** Decodes and resizes a picture once, for several calls to this model. */
  async prepare(image: PictureInput, options?: EncodeOptions): Promise<Picture> {
    return atCaller(Model.prototype.prepare, async () => {
      const o = parseEncodeOptions(options);
      const { controller, release } = follow(o.signal, this.#session.closing);
      try {
        return await this.#picture(image, o, controller.signal);
      } finally {
        release();
      }
    });
  }

  /** The picture as the language model sees it. The result is cached for questions about the same picture. */
  async encode(image: PictureInput, options?: EncodeOptions): Promise<ImageFeatures> {
    return atCaller(Model.prototype.encode, async () => {
      const o = parseEncodeOptions(options);
      const { controller, release } = follow(o.signal, this.#session.closing);
      const { signal } = controller;
      try {
        return await this.#session.admit(async (id) => {
          const { pixels, width, height } = await this.#picture(image, o, signal);
          const features = await this.#session.request<NativeFeatures>(
            (model, request) => model.encode(request, pixels),
            { id, signal },
          );
          return { ...features, image: { width, height } };
        });
      } finally {
        release();
      }
    });
  }

  /** Ids of a text, without BOS. Control tokens spelled in the text are ordinary text. At most 65,536 characters. */
  tokenize(text: string): number[] {
    checkString('text', text);
    checkLength('text', text);
    return [...this.#session.ask((model) => model.tokenize(text))];
  }

  /** Text of ids; control tokens are left out. */
  detokenize(ids: Iterable<number>): string {
    const list = tokenIds(ids, this.#info.vocabularySize);
    return this.#session.ask((model) => model.detokenize(Int32Array.from(list)));
  }

  /** Cancels all running calls with `ERR_DISPOSED` and frees the model. Can be called again. */
  dispose(): Promise<void> {
    // A last look, as it stays readable.
    this.#info = this.info;
    return this.#session.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Decoding thousands of pictures that cannot fit would only waste time and memory. */
  #checkPictures(count: number): void {
    const { imageTokenCount, contextLength } = this.#info;
    const tokens = count * imageTokenCount;
    if (tokens <= contextLength) return;
    throw makeError(
      'ERR_PROMPT_TOO_LONG',
      `${count} pictures have ${tokens} tokens, the context holds ${contextLength}`,
      {
        name: 'image',
        found: `${tokens} tokens`,
        expected: `at most ${contextLength} with the prompt and the answer`,
        hint: 'pass fewer pictures',
      },
    );
  }

  async #picture(
    image: PictureInput,
    o: ParsedEncodeOptions,
    signal: AbortSignal,
  ): Promise<Picture> {
    const side = this.#info.imageSize;
    if (!(image instanceof Picture)) {
      const { pixels, ...size } = await prepareImage(image, side, { ...o, signal });
      return new Picture(pixels, size);
    }
    signal.throwIfAborted();
    if (image.pixels.length === side * side * 3) return image;
    const found = `${Math.round(Math.sqrt(image.pixels.length / 3))} pixels`;
    throw makeError(
      'ERR_OPTION_RANGE',
      `image was prepared for a model of ${found}, expected ${side}`,
      {
        name: 'image',
        found,
        expected: `${side} pixels`,
        hint: 'prepare it with the model that is asked',
      },
    );
  }

  /** Checks what can be checked and gets the pictures ready. */
  async #prepareAll(
    images: readonly PictureInput[],
    prompt: string,
    o: ParsedEncodeOptions,
    signal: AbortSignal,
  ): Promise<{ pictures: Picture[]; prepareMs: number }> {
    checkLength('prompt', prompt);
    this.#checkPictures(images.length);
    signal.throwIfAborted();
    const begin = performance.now();
    const pictures = await Promise.all(images.map((image) => this.#picture(image, o, signal)));
    return { pictures, prepareMs: performance.now() - begin };
  }

  async #generate(
    id: number,
    images: readonly PictureInput[],
    { text: prompt, drafts = NO_DRAFTS }: Prompt,
    o: ParsedGenerateOptions,
    signal: AbortSignal,
    onToken: (token: NativeToken) => void,
    onImages: (images: readonly ImageSize[]) => void,
  ): Promise<Answer> {
    const { pictures, prepareMs } = await this.#prepareAll(images, prompt, o, signal);
    const sizes = pictures.map(sizeOf);
    onImages(sizes);
    const params: NativeGenerateParams = {
      images: pictures.map((picture) => picture.pixels),
      prompt,
      // What an answer contains of each label, up to the next box.
      drafts: drafts.labels.map((label) => ` ${label} ;`),
      draftAfter: drafts.after,
      ...nativeGenerateOptions(o),
    };
    const result = await this.#session.request<NativeResult>(
      (model, request) => model.generate(request, params),
      { id, signal, onToken },
    );
    return { prompt, result, images: sizes, prepareMs, hasTopLogprobs: o.topLogprobs > 0 };
  }
}

function sizeOf({ width, height }: ImageSize): ImageSize {
  return { width, height };
}
