/**
 * class Model: load a model, ask it, stream its answer, take it down. Prompts of tasks and their parsing live in
 * src/tasks, which add to it (class PaliGemma); what computes in src/engine, decoding of pictures in src/image-input.
 */
import { performance } from 'node:perf_hooks';
import { types } from 'node:util';
import { follow } from './abort.js';
import { atCaller, atCallerNow, callerOf } from './caller.js';
import { demoModel } from './demo-model.js';
import type { Engine, GenerateCall, Health, ReadOptions } from './engine/engine.js';
import { LocalEngine } from './engine/local.js';
import { Picture, type PictureInput, type PictureSource } from './engine/picture.js';
import { makeError } from './errors.js';
import { modelFiles } from './hub/model-files.js';
import { takeSource } from './image-input/source.js';
import { IsolatedEngine } from './isolated/isolated-engine.js';
import type { NativeModelInfo } from './native/contract.js';
import { disposedError } from './native/session.js';
import { type Note, type OnNote, warnOnce } from './notes.js';
import {
  asList,
  candidateList,
  checkLength,
  checkPrompt,
  checkString,
  type ModelSource,
  numberList,
  tokenIds,
  withPlace,
} from './options/arguments.js';
import { type ParsedGenerateOptions, parseGenerateOptions } from './options/generate.js';
import { IMAGE_OPTIONS, parseEncodeOptions } from './options/image.js';
import { parseLoadOptions } from './options/load.js';
import { nativeGenerateOptions, nativeLoadOptions } from './options/native.js';
import { parseOptions, pick, SIGNAL_OPTIONS } from './options/option.js';
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

/**
 * The same model on the same engine, without the warnings of the process that repeat prompts, for a server that asks what its
 * clients send. One that was loaded with `onNote` is as it was: its caller has decided where notes go.
 */
export let withoutWarnings: <T extends Model>(model: T) => T;

/** What `load` passes to the constructor, and users cannot. */
const BY_LOAD = Symbol('made by load');

/** A loaded model and the exact prompts it takes. Users have its subclass PaliGemma, which knows the tasks. */
export class Model {
  readonly #engine: Engine;
  readonly #onNote: OnNote;

  static {
    sendNote = (model, note) => model.#onNote(note);
    withoutWarnings = (model) =>
      model.#onNote === warnOnce ? Model.#of(model.constructor, model.#engine, () => {}) : model;
  }

  /** The constructor is not for users. */
  static #of<T extends Model>(of: object, engine: Engine, onNote: OnNote): T {
    const Class = of as new (by: typeof BY_LOAD, engine: Engine, onNote: OnNote) => T;
    return new Class(BY_LOAD, engine, onNote);
  }

  protected constructor(by: typeof BY_LOAD, engine: Engine, onNote: OnNote) {
    if (by !== BY_LOAD) {
      const error = makeError('ERR_OPTION_TYPE', 'a model is not made with new, expected load', {
        name: 'model',
        found: 'new',
        expected: 'load',
        hint: 'await PaliGemma.load(path)',
      });
      throw callerOf(new.target)(error);
    }
    this.#engine = engine;
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
    const how = { paths, native: nativeLoadOptions(o), maxQueue: o.maxQueue };
    const call = {
      signal: o.signal,
      onProgress: (loaded: number, total: number) =>
        o.onProgress?.({ phase: 'load', loaded, total }),
    };
    try {
      const engine =
        o.isolate === 'process'
          ? await IsolatedEngine.load(how, { engines: o.engines, hangMs: o.hangMs, onNote }, call)
          : await LocalEngine.load(how, call);
      return Model.#of<T>(of, engine, onNote);
    } catch (error) {
      throw withPlace(error, paths);
    }
  }

  /** Architecture, sizes, weight types, device and memory. Stays readable after `dispose`. */
  get info(): ModelInfo {
    return { ...this.#engine.info, memory: this.#engine.memory() };
  }

  /** Whether the engine can take calls. What can change is an engine in a process of its own (load option `isolate`). */
  get health(): Health {
    return this.#engine.health;
  }

  /** What is sent for a prompt as a caller wrote it, about so many pictures. Here it is taken as it is. */
  protected promptOf(text: string, _pictures: number, _info: ModelInfo): Prompt {
    return new Prompt(text);
  }

  /** The prompt to send; the caller gets its notes. */
  #read(prompt: string | Prompt, pictures: number): Prompt {
    const isRead = !types.isProxy(prompt) && prompt instanceof Prompt;
    if (!isRead) checkPrompt(prompt);
    const read = isRead ? prompt : this.promptOf(prompt as string, pictures, this.#engine.info);
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
    return this.#open(Model.prototype.predict, image, prompt, options).result;
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
    return this.#open(Model.prototype.stream, image, prompt, options);
  }

  /** `entry`: the method that was called. */
  #open(
    entry: Parameters<typeof callerOf>[0],
    image: PictureInput | readonly PictureInput[],
    prompt: string | Prompt,
    options: GenerateOptions | undefined,
  ): PredictionStream {
    const place = callerOf(entry);
    try {
      const o = parseGenerateOptions(options);
      const images = asList(image);
      const sent = this.#read(prompt, images.length);
      return new PredictionStream(
        [o.signal, this.#closing()],
        async (signal, onToken, onImages) => {
          try {
            return await this.#generate(images, sent, o, { signal, onToken, onImages });
          } catch (error) {
            throw place(error);
          }
        },
      );
    } catch (error) {
      throw place(error);
    }
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
      return this.#following(o.signal, async (signal) => {
        this.#checkSize(sent, images.length);
        const pictures = this.#take(images, o, signal);
        const answer = await this.#engine.score(
          pictures,
          pick(IMAGE_OPTIONS, o),
          { prompt: sent, candidates: texts },
          signal,
        );
        const { result, prepareMs } = answer;
        return {
          prompt: sent,
          candidates: result.candidates.map(({ tokens, logprobs }, i) => ({
            text: texts[i] ?? '',
            tokens: [...tokens],
            logprobs: [...logprobs],
          })),
          images: answer.images,
          ...costs(result, images.length, prepareMs, performance.now() - begin),
        };
      });
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
      return this.#engine.decodeMasks(Int32Array.from(numberList('codes', codes)), signal);
    });
  }

  /** Codes of masks, for training data: [n, 64, 64] in 0 to 1 -> 16 codes for each. Limits and errors as decodeMasks. */
  async encodeMasks(masks: ArrayLike<number>, options?: SignalOptions): Promise<Int32Array> {
    return atCaller(Model.prototype.encodeMasks, async () => {
      const { signal } = parseOptions('encodeMasks', SIGNAL_OPTIONS, options);
      return this.#engine.encodeMasks(Float32Array.from(numberList('masks', masks)), signal);
    });
  }

  /** Decodes and resizes a picture once, for several calls to this model. */
  async prepare(image: PictureInput, options?: EncodeOptions): Promise<Picture> {
    return atCaller(Model.prototype.prepare, async () => {
      const o = parseEncodeOptions(options);
      return this.#following(o.signal, (signal) => {
        const [picture] = this.#take([image], o, signal) as [PictureSource];
        return this.#engine.prepare(picture, pick(IMAGE_OPTIONS, o), signal);
      });
    });
  }

  /** The picture as the language model sees it. The result is cached for questions about the same picture. */
  async encode(image: PictureInput, options?: EncodeOptions): Promise<ImageFeatures> {
    return atCaller(Model.prototype.encode, async () => {
      const o = parseEncodeOptions(options);
      return this.#following(o.signal, async (signal) => {
        const [picture] = this.#take([image], o, signal) as [PictureSource];
        const { result, images } = await this.#engine.encode(
          picture,
          pick(IMAGE_OPTIONS, o),
          signal,
        );
        return { ...result, image: images[0] as ImageSize };
      });
    });
  }

  /** Ids of a text, without BOS. Control tokens spelled in the text are ordinary text. At most 65,536 characters. */
  tokenize(text: string): number[] {
    return atCallerNow(Model.prototype.tokenize, () => {
      checkString('text', text);
      checkLength('text', text);
      return [...this.#engine.tokenize(text)];
    });
  }

  /** Text of ids; control tokens are left out. */
  detokenize(ids: Iterable<number>): string {
    return atCallerNow(Model.prototype.detokenize, () => {
      const list = tokenIds(ids, this.#engine.info.vocabularySize);
      return this.#engine.detokenize(Int32Array.from(list));
    });
  }

  /** Cancels all running calls with `ERR_DISPOSED` and frees the model. Can be called again. */
  dispose(): Promise<void> {
    return this.#engine.dispose(callerOf(Model.prototype.dispose)(disposedError()) as Error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Decoding thousands of pictures that cannot fit would only waste time and memory. */
  #checkSize(prompt: string, pictures: number): void {
    checkLength('prompt', prompt);
    const { imageTokenCount, contextLength } = this.#engine.info;
    const tokens = pictures * imageTokenCount;
    if (tokens <= contextLength) return;
    throw makeError(
      'ERR_PROMPT_TOO_LONG',
      `${pictures} pictures have ${tokens} tokens, the context holds ${contextLength}`,
      {
        name: 'image',
        found: `${tokens} tokens`,
        expected: `at most ${contextLength} with the prompt and the answer`,
        hint: 'pass fewer pictures',
      },
    );
  }

  /** Snapshots, in the caller's tick: what the caller does to its buffers afterwards changes nothing. */
  #take(
    images: readonly PictureInput[],
    { maxPixels }: ReadOptions,
    signal: AbortSignal,
  ): PictureSource[] {
    signal.throwIfAborted();
    return images.map((image) => (isPicture(image) ? image : takeSource(image, maxPixels)));
  }

  /** What ends a call that begins now: `dispose`, or an error of this call alone when that is over. */
  #closing(): AbortSignal {
    const { closing } = this.#engine;
    return closing.aborted ? AbortSignal.abort(disposedError()) : closing;
  }

  /** `work` with a signal that follows the caller's and the model's end. */
  async #following<T>(
    given: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { controller, release } = follow(given, this.#closing());
    try {
      return await work(controller.signal);
    } catch (error) {
      // When one picture is at fault, the others need not be decoded any more.
      controller.abort(error);
      throw error;
    } finally {
      release();
    }
  }

  async #generate(
    images: readonly PictureInput[],
    { text: prompt, drafts = NO_DRAFTS }: Prompt,
    o: ParsedGenerateOptions,
    call: GenerateCall,
  ): Promise<Answer> {
    this.#checkSize(prompt, images.length);
    const params = {
      prompt,
      // What an answer contains of each label, up to the next box.
      drafts: drafts.labels.map((label) => ` ${label} ;`),
      draftAfter: drafts.after,
      ...nativeGenerateOptions(o),
    };
    const pictures = this.#take(images, o, call.signal);
    const answer = await this.#engine.generate(pictures, pick(IMAGE_OPTIONS, o), params, call);
    return { prompt, ...answer, hasTopLogprobs: o.topLogprobs > 0 };
  }
}

function isPicture(image: PictureInput): image is Picture {
  return !types.isProxy(image) && image instanceof Picture;
}
