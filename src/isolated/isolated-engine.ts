/** An Engine whose pictures are decoded and whose model computes in a supervised child process. */

import { ofManyCalls } from '../caller.js';
import type {
  Engine,
  EngineOptions,
  GenerateCall,
  GenerateParams,
  Health,
  LoadCall,
  Prepared,
  ReadOptions,
  ScoreParams,
} from '../engine/engine.js';
import { checkSide } from '../engine/local.js';
import { Picture, type PictureSource } from '../engine/picture.js';
import { fromNative, makeError } from '../errors.js';
import { prepareImage } from '../image-input/prepare.js';
import { readSource } from '../image-input/source.js';
import { native } from '../native/binding.js';
import type {
  NativeCosts,
  NativeFeatures,
  NativeMemory,
  NativeModelInfo,
  NativeResult,
  NativeScores,
  NativeVocabulary,
} from '../native/contract.js';
import { disposedError, queueFull } from '../native/session.js';
import type { OnNote } from '../notes.js';
import type { Call, SentPicture } from './protocol.js';
import { type Finished, type Job, Supervisor } from './supervisor.js';

/** A file that is larger is refused: it would cross to the child in one message. */
const MAX_SENT_BYTES = 16 * 2 ** 20;

/** Supervisors whose process must not leave children behind when it exits. */
const alive = new Set<Supervisor>();
const killAll = (): void => {
  for (const supervisor of alive) supervisor.killAll();
};
/** A model that was forgotten without dispose must not keep its children. */
const forgotten = new FinalizationRegistry<Supervisor>((supervisor) => void end(supervisor));

function end(supervisor: Supervisor, error = disposedError()): Promise<void> {
  alive.delete(supervisor);
  if (alive.size === 0) process.off('exit', killAll);
  return supervisor.dispose(ofManyCalls(error));
}

/** Does not keep the function, which may know the model that is to be forgotten; the model keeps it. */
function heldByModel(onNote: OnNote): OnNote {
  const held = new WeakRef(onNote);
  return (note) => held.deref()?.(note);
}

export interface Isolation {
  readonly engines: number;
  readonly hangMs: number;
  readonly onNote: OnNote;
}

export class IsolatedEngine implements Engine {
  readonly info: NativeModelInfo;
  readonly #supervisor: Supervisor;
  readonly #vocabulary: NativeVocabulary;
  readonly #maxQueue: number;
  readonly #closing = new AbortController();
  #admitted = 0;

  private constructor(
    supervisor: Supervisor,
    info: NativeModelInfo,
    vocabulary: NativeVocabulary,
    maxQueue: number,
  ) {
    this.info = info;
    this.#supervisor = supervisor;
    this.#vocabulary = vocabulary;
    this.#maxQueue = maxQueue;
    forgotten.register(this, supervisor, this);
  }

  static async load(
    options: EngineOptions,
    isolation: Isolation,
    { signal, onProgress }: LoadCall,
  ): Promise<IsolatedEngine> {
    const supervisor = new Supervisor({
      ...{ engine: options, ...isolation },
      onNote: heldByModel(isolation.onNote),
    });
    if (alive.size === 0) process.on('exit', killAll);
    alive.add(supervisor);
    try {
      // Texts become tokens at once, in the caller's tick, which no other process can do.
      const vocabulary = native()
        .loadVocabulary(options.paths)
        .catch((error: unknown) => Promise.reject(fromNative(error)));
      vocabulary.catch(() => {});
      const info = await supervisor.load(signal, onProgress);
      const engine = new IsolatedEngine(supervisor, info, await vocabulary, options.maxQueue);
      signal?.throwIfAborted();
      return engine;
    } catch (error) {
      void end(supervisor);
      throw error;
    }
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get health(): Health {
    return this.#supervisor.health;
  }

  memory(): NativeMemory {
    return this.#supervisor.memory ?? this.info.memory;
  }

  tokenize(text: string): Int32Array {
    return this.#ask((vocabulary) => vocabulary.tokenize(text));
  }

  detokenize(ids: Int32Array): string {
    return this.#ask((vocabulary) => vocabulary.detokenize(ids));
  }

  async prepare(picture: PictureSource, read: ReadOptions, signal: AbortSignal): Promise<Picture> {
    if (picture instanceof Picture) {
      checkSide(picture, this.info.imageSize);
      return picture;
    }
    const { result } = await this.#run<Picture>(signal, {
      read: async () => ({
        method: 'prepare',
        read,
        pictures: [await this.#read(picture, read, signal)],
      }),
    });
    return new Picture(result.pixels, result);
  }

  async generate(
    pictures: readonly PictureSource[],
    read: ReadOptions,
    params: GenerateParams,
    { signal, onToken, onImages }: GenerateCall,
  ): Promise<Prepared<NativeResult>> {
    const finished = await this.#run<Prepared<NativeResult>>(signal, {
      read: async () => ({
        method: 'generate',
        read,
        params,
        pictures: await this.#readAll(pictures, read, signal),
      }),
      onToken,
      onImages,
    });
    return withWaiting(finished);
  }

  async score(
    pictures: readonly PictureSource[],
    read: ReadOptions,
    params: ScoreParams,
    signal: AbortSignal,
  ): Promise<Prepared<NativeScores>> {
    const finished = await this.#run<Prepared<NativeScores>>(signal, {
      read: async () => ({
        method: 'score',
        read,
        params,
        pictures: await this.#readAll(pictures, read, signal),
      }),
    });
    return withWaiting(finished);
  }

  async encode(
    picture: PictureSource,
    read: ReadOptions,
    signal: AbortSignal,
  ): Promise<Prepared<NativeFeatures>> {
    const { result } = await this.#run<Prepared<NativeFeatures>>(signal, {
      read: async () => ({
        method: 'encode',
        read,
        pictures: await this.#readAll([picture], read, signal),
      }),
    });
    return result;
  }

  async decodeMasks(codes: Int32Array, signal: AbortSignal | undefined): Promise<Float32Array> {
    const call: Call = { method: 'decodeMasks', codes };
    return (await this.#run<Float32Array>(signal, { read: async () => call })).result;
  }

  async encodeMasks(masks: Float32Array, signal: AbortSignal | undefined): Promise<Int32Array> {
    const call: Call = { method: 'encodeMasks', masks };
    return (await this.#run<Int32Array>(signal, { read: async () => call })).result;
  }

  dispose(error = disposedError()): Promise<void> {
    if (!this.closing.aborted) {
      forgotten.unregister(this);
      this.#closing.abort(ofManyCalls(error));
    }
    return end(this.#supervisor, error);
  }

  #ask<T>(question: (vocabulary: NativeVocabulary) => T): T {
    if (this.closing.aborted) throw disposedError();
    try {
      return question(this.#vocabulary);
    } catch (error) {
      throw fromNative(error);
    }
  }

  async #run<T>(
    signal: AbortSignal | undefined,
    job: Job,
  ): Promise<Finished & { readonly result: T }> {
    signal?.throwIfAborted();
    if (this.closing.aborted) throw disposedError();
    if (this.#admitted >= this.#maxQueue) throw queueFull(this.#admitted, this.#maxQueue);
    this.#admitted++;
    try {
      // What the child answers to a method is that method's result.
      return (await this.#supervisor.run(job, signal)) as Finished & { result: T };
    } finally {
      this.#admitted--;
    }
  }

  #readAll(
    pictures: readonly PictureSource[],
    read: ReadOptions,
    signal: AbortSignal,
  ): Promise<SentPicture[]> {
    return Promise.all(pictures.map((picture) => this.#read(picture, read, signal)));
  }

  /** What the child can decode goes over as it is. What only this process has, or needs no decoder, is made ready here. */
  async #read(
    picture: PictureSource,
    read: ReadOptions,
    signal: AbortSignal,
  ): Promise<SentPicture> {
    const side = this.info.imageSize;
    if (picture instanceof Picture) {
      checkSide(picture, side);
      return { pixels: picture.pixels, width: picture.width, height: picture.height };
    }
    if (picture.kind === 'sharp' || picture.kind === 'pixels') {
      return prepareImage(picture, side, { ...read, signal });
    }
    const { label } = picture;
    const bytes = await readSource(picture);
    if (bytes.length <= MAX_SENT_BYTES) return { label, bytes };
    throw makeError(
      'ERR_IMAGE_TOO_LARGE',
      `${label} has ${bytes.length} bytes, and the engine's process takes at most ${MAX_SENT_BYTES}`,
      {
        name: label,
        found: `${bytes.length} bytes`,
        expected: `at most ${MAX_SENT_BYTES} bytes`,
        hint: 'make it smaller, or load the model without isolate',
      },
    );
  }
}

/** Waiting and reading in this process count as they do without another one. */
function withWaiting<T extends NativeCosts>({
  result,
  waitedMs,
  readMs,
}: Finished & { readonly result: Prepared<T> }): Prepared<T> {
  return {
    ...result,
    result: { ...result.result, queueMs: result.result.queueMs + Math.max(0, waitedMs) },
    prepareMs: result.prepareMs + readMs,
  };
}
