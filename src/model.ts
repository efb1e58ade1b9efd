/**
 * class PaliGemma: load a model, ask it, stream its answer, take it down. Prompts of tasks and their parsing live in
 * src/tasks, decoding of pictures in src/image-input, the network itself in native/.
 */
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { makeError } from './errors.js';
import { type ImageInput, prepareImage } from './image-input.js';
import type {
  NativeFeatures,
  NativeGenerateParams,
  NativeModelInfo,
  NativeResult,
  NativeToken,
} from './native/contract.js';
import { NativeSession } from './native/session.js';
import {
  type GenerateOptions,
  type ParsedGenerateOptions,
  parseGenerateOptions,
} from './options/generate.js';
import { type EncodeOptions, parseEncodeOptions } from './options/image.js';
import { type LoadOptions, parseLoadOptions, threadCount } from './options/load.js';
import { showValue } from './options/show.js';
import { type Prediction, PredictionStream } from './prediction.js';

/** A GGUF that holds everything, or a text GGUF and the vision part of it. Paths or `file:` URLs. */
export type ModelSource =
  | string
  | URL
  | { readonly text: string | URL; readonly mmproj: string | URL };

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

/** Text above this many UTF-16 units is refused before it is tokenized: no context holds as much. */
const MAX_TEXT_LENGTH = 65_536;

/**
 * A loaded PaliGemma. Any number of calls may run at once: they share the model in turns, in order of arrival.
 *
 * @example
 * const model = await PaliGemma.load('paligemma-3b-mix-224-q8_0.gguf');
 * const { text } = await model.predict('cow.jpg', 'caption en');
 * await model.dispose();
 */
export class PaliGemma {
  readonly #session: NativeSession;
  #info: ModelInfo;

  private constructor(session: NativeSession, info: ModelInfo) {
    this.#session = session;
    this.#info = info;
  }

  /**
   * Reads a model file into memory.
   *
   * Throws `ERR_MODEL_*` for a file that cannot be used, `ERR_OUT_OF_MEMORY` before anything is allocated when it would not
   * fit, `ERR_DEVICE_UNAVAILABLE`, `ERR_BINARY_NOT_FOUND`, `ERR_OPTION_*`.
   */
  static async load(source: ModelSource, options?: LoadOptions): Promise<PaliGemma> {
    const o = parseLoadOptions(options);
    const paths = modelPaths(source);
    o.signal?.throwIfAborted();
    const session = new NativeSession();
    try {
      const info = await session.request<ModelInfo>(
        (model, id) =>
          model.load(id, {
            paths,
            device: o.device,
            threads: threadCount(o.threads),
            slots: o.slots,
            contextLength: o.contextLength,
            kvType: o.kvType,
            exactGelu: o.exactGelu,
            checkTensors: o.checkTensors,
            featureCacheBytes: Math.round(o.featureCacheMb * 2 ** 20),
            attentionSoftcap: o.attentionSoftcap,
            finalSoftcap: o.finalSoftcap,
          }),
        { signal: o.signal, onProgress: (loaded, total) => o.onProgress?.({ loaded, total }) },
      );
      return new PaliGemma(session, info);
    } catch (error) {
      session.dispose().catch(() => {});
      throw error;
    }
  }

  /** Architecture, sizes, weight types, device and memory. Stays readable after `dispose`. */
  get info(): ModelInfo {
    if (!this.#session.disposed) this.#info = this.#session.model.info();
    return this.#info;
  }

  /**
   * Answers `prompt` about one picture or several (which come first, whatever the prompt says). Prompts are exact
   * strings such as `caption en`, `detect cat ; dog`, `answer en where is the cow?`; an empty one is legal.
   *
   * Throws `ERR_IMAGE_*`, `ERR_PROMPT_TOO_LONG`, `ERR_OPTION_*`, `ERR_DISPOSED`; rejects with `signal.reason` when aborted.
   */
  async predict(
    image: ImageInput | readonly ImageInput[],
    prompt: string,
    options?: GenerateOptions,
  ): Promise<Prediction> {
    return this.stream(image, prompt, options).result;
  }

  /**
   * As `predict`, giving the text piece by piece. Leaving the loop cancels the work.
   *
   * @example
   * for await (const piece of model.stream('cow.jpg', 'caption en')) process.stdout.write(piece.text);
   */
  stream(
    image: ImageInput | readonly ImageInput[],
    prompt: string,
    options?: GenerateOptions,
  ): PredictionStream {
    const o = parseGenerateOptions(options);
    if (typeof prompt !== 'string') {
      throw makeError('ERR_OPTION_TYPE', `prompt is ${showValue(prompt)}, expected a string`, {
        name: 'prompt',
        found: showValue(prompt),
        expected: 'a string',
      });
    }
    const images: readonly ImageInput[] = Array.isArray(image) ? image : [image as ImageInput];
    if (images.length === 0) {
      throw makeError('ERR_OPTION_RANGE', 'image is an empty list, expected at least one picture', {
        name: 'image',
        found: '[]',
        expected: 'at least one picture',
      });
    }
    return new PredictionStream(o.signal, (signal, onToken) =>
      this.#generate(images, prompt, o, signal, onToken),
    );
  }

  /** The picture as the language model sees it. The result is cached for questions about the same picture. */
  async encode(image: ImageInput, options?: EncodeOptions): Promise<ImageFeatures> {
    const o = parseEncodeOptions(options);
    o.signal?.throwIfAborted();
    const size = this.#session.model.info().imageSize;
    const { pixels, width, height } = await prepareImage(image, size, o);
    const features = await this.#session.request<NativeFeatures>(
      (model, id) => model.encode(id, pixels),
      { signal: o.signal },
    );
    return { ...features, image: { width, height } };
  }

  /** Ids of a text, without BOS. Control tokens spelled in the text are ordinary text. At most 65,536 characters. */
  tokenize(text: string): number[] {
    if (typeof text !== 'string') {
      throw makeError('ERR_OPTION_TYPE', `text is ${showValue(text)}, expected a string`, {
        name: 'text',
        found: showValue(text),
        expected: 'a string',
      });
    }
    checkLength('text', text);
    return [...this.#session.model.tokenize(text)];
  }

  /** Text of ids; control tokens are left out. */
  detokenize(ids: Iterable<number>): string {
    const list = [...ids];
    const { vocabularySize } = this.info;
    for (const id of list) {
      if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) {
        throw makeError(
          'ERR_OPTION_RANGE',
          `token id is ${showValue(id)}, expected an integer from 0 to ${vocabularySize - 1}`,
          {
            name: 'ids',
            found: showValue(id),
            expected: `0 to ${vocabularySize - 1}`,
          },
        );
      }
    }
    return this.#session.model.detokenize(Int32Array.from(list));
  }

  /** Cancels all running calls with `ERR_DISPOSED` and frees the model. Can be called again. */
  dispose(): Promise<void> {
    void this.info;
    return this.#session.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #generate(
    images: readonly ImageInput[],
    prompt: string,
    o: ParsedGenerateOptions,
    signal: AbortSignal,
    onToken: (token: NativeToken) => void,
  ): Promise<{ result: NativeResult; prepareMs: number }> {
    checkLength('prompt', prompt);
    signal.throwIfAborted();
    const begin = performance.now();
    const id = this.#session.arrive();
    const size = this.#session.model.info().imageSize;
    const prepared = await Promise.all(
      images.map((image) => prepareImage(image, size, { ...o, signal })),
    );
    signal.throwIfAborted();
    const prepareMs = performance.now() - begin;
    const params: NativeGenerateParams = {
      images: prepared.map((p) => p.pixels),
      prompt,
      maxTokens: o.maxTokens ?? 0,
      temperature: o.temperature,
      topK: o.topK,
      topP: o.topP,
      seed: o.seed ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER),
      topLogprobs: o.topLogprobs,
    };
    const result = await this.#session.request<NativeResult>(
      (model, request) => model.generate(request, params),
      { id, signal, onToken },
    );
    return { result, prepareMs };
  }
}

function checkLength(name: string, text: string): void {
  if (text.length > MAX_TEXT_LENGTH) {
    throw makeError(
      'ERR_PROMPT_TOO_LONG',
      `${name} has ${text.length} characters, expected at most ${MAX_TEXT_LENGTH}`,
      {
        name,
        found: `${text.length} characters`,
        expected: `at most ${MAX_TEXT_LENGTH}`,
      },
    );
  }
}

function modelPaths(source: ModelSource): string[] {
  const isPair = typeof source === 'object' && source !== null && !(source instanceof URL);
  const parts = isPair ? [source.text, source.mmproj] : [source];
  return parts.map((part) => {
    const path = part instanceof URL && part.protocol === 'file:' ? fileURLToPath(part) : part;
    if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path;
    throw makeError(
      'ERR_OPTION_TYPE',
      `model is ${showValue(part)}, expected the path of a GGUF file`,
      {
        name: 'model',
        found: showValue(part),
        expected: 'a path, a file: URL, or { text, mmproj }',
      },
    );
  });
}
