/** The addon in this process: decodes pictures, then asks the native model. */
import { performance } from 'node:perf_hooks';
import { makeError } from '../errors.js';
import { prepareImage } from '../image-input/prepare.js';
import type {
  NativeFeatures,
  NativeMemory,
  NativeModel,
  NativeModelInfo,
  NativePulse,
  NativeResult,
  NativeScores,
} from '../native/contract.js';
import { addGpuBackend } from '../native/gpu.js';
import { NativeSession } from '../native/session.js';
import type { ImageSize } from '../results/types.js';
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
} from './engine.js';
import { Picture, type PictureSource } from './picture.js';

export class LocalEngine implements Engine {
  readonly info: NativeModelInfo;
  readonly #session: NativeSession;
  /** As it was when the model was disposed of. */
  #lastMemory: NativeMemory;

  private constructor(session: NativeSession, info: NativeModelInfo) {
    this.#session = session;
    this.info = info;
    this.#lastMemory = info.memory;
  }

  static async load(
    { paths, native, maxQueue }: EngineOptions,
    { signal, onProgress }: LoadCall,
  ): Promise<LocalEngine> {
    addGpuBackend(native.device);
    const session = new NativeSession(maxQueue);
    try {
      const info = await session.request<NativeModelInfo>(
        (model, id) => model.load(id, { paths, ...native }),
        { signal, onProgress },
      );
      // Between the model's answer and here the caller may have given up, and would not dispose of what it gets.
      signal?.throwIfAborted();
      return new LocalEngine(session, info);
    } catch (error) {
      // No caller awaits this, and `error` is what there is to report.
      session.dispose().catch(() => {});
      throw error;
    }
  }

  get closing(): AbortSignal {
    return this.#session.closing;
  }

  get health(): Health {
    return { state: this.closing.aborted ? 'disposed' : 'ready', crashes: 0, pids: [] };
  }

  memory(): NativeMemory {
    if (this.closing.aborted) return this.#lastMemory;
    return this.#session.ask((model) => model.memory());
  }

  pulse(): NativePulse {
    return this.#session.ask((model) => model.pulse());
  }

  tokenize(text: string): Int32Array {
    return this.#session.ask((model) => model.tokenize(text));
  }

  detokenize(ids: Int32Array): string {
    return this.#session.ask((model) => model.detokenize(ids));
  }

  prepare(picture: PictureSource, read: ReadOptions, signal: AbortSignal): Promise<Picture> {
    return this.#picture(picture, read, signal);
  }

  generate(
    pictures: PictureSource[],
    read: ReadOptions,
    params: GenerateParams,
    { signal, onToken, onImages }: GenerateCall,
  ): Promise<Prepared<NativeResult>> {
    return this.#run<NativeResult>(pictures, read, signal, {
      onImages,
      onToken,
      start: (model, id, images) => model.generate(id, { ...params, images }),
    });
  }

  score(
    pictures: PictureSource[],
    read: ReadOptions,
    params: ScoreParams,
    signal: AbortSignal,
  ): Promise<Prepared<NativeScores>> {
    return this.#run<NativeScores>(pictures, read, signal, {
      start: (model, id, images) => model.score(id, { ...params, images }),
    });
  }

  encode(
    picture: PictureSource,
    read: ReadOptions,
    signal: AbortSignal,
  ): Promise<Prepared<NativeFeatures>> {
    return this.#run<NativeFeatures>([picture], read, signal, {
      start: (model, id, [image]) => model.encode(id, image as Uint8Array),
    });
  }

  decodeMasks(codes: Int32Array, signal: AbortSignal | undefined): Promise<Float32Array> {
    return this.#session.request<Float32Array>((model, id) => model.decodeMasks(id, codes), {
      signal,
    });
  }

  encodeMasks(masks: Float32Array, signal: AbortSignal | undefined): Promise<Int32Array> {
    return this.#session.request<Int32Array>((model, id) => model.encodeMasks(id, masks), {
      signal,
    });
  }

  dispose(error?: Error): Promise<void> {
    // A last look, as it stays readable.
    this.#lastMemory = this.memory();
    return this.#session.dispose(error);
  }

  /** One request with its pictures, which are decoded while others compute. */
  async #run<T>(
    pictures: PictureSource[],
    read: ReadOptions,
    signal: AbortSignal,
    {
      start,
      onToken,
      onImages,
    }: {
      readonly start: (model: NativeModel, id: number, images: readonly Uint8Array[]) => void;
      readonly onToken?: GenerateCall['onToken'];
      readonly onImages?: GenerateCall['onImages'];
    },
  ): Promise<Prepared<T>> {
    return this.#session.admit(async (id) => {
      signal.throwIfAborted();
      const begin = performance.now();
      const ready = await this.#prepareAll(pictures, read, signal);
      const prepareMs = performance.now() - begin;
      const images = ready.map(sizeOf);
      onImages?.(images);
      const pixels = ready.map((picture) => picture.pixels);
      const result = await this.#session.request<T>(
        (model, request) => start(model, request, pixels),
        { id, signal, ...(onToken && { onToken }) },
      );
      return { result, images, prepareMs };
    });
  }

  #prepareAll(
    pictures: PictureSource[],
    read: ReadOptions,
    signal: AbortSignal,
  ): Promise<Picture[]> {
    return Promise.all(pictures.splice(0).map((picture) => this.#picture(picture, read, signal)));
  }

  async #picture(picture: PictureSource, read: ReadOptions, signal: AbortSignal): Promise<Picture> {
    const side = this.info.imageSize;
    if (picture instanceof Picture) {
      signal.throwIfAborted();
      checkSide(picture, side);
      return picture;
    }
    const { pixels, ...size } = await prepareImage(picture, side, { ...read, signal });
    return new Picture(pixels, size);
  }
}

/** Throws ERR_OPTION_RANGE for a picture that another model has prepared. */
export function checkSide({ pixels }: Picture, side: number): void {
  if (pixels.length === side * side * 3) return;
  const found = `${Math.round(Math.sqrt(pixels.length / 3))} pixels`;
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

function sizeOf({ width, height }: ImageSize): ImageSize {
  return { width, height };
}
