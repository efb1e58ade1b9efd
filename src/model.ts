/**
 * class PaliGemma: load a model, ask it, stream its answer, take it down. Prompts of tasks and their parsing live in
 * src/tasks, decoding of pictures in src/image-input, the network itself in native/.
 */
import { performance } from 'node:perf_hooks';
import { follow } from './abort.js';
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
import { filePath } from './options/file.js';
import {
  type GenerateOptions,
  type ParsedGenerateOptions,
  parseGenerateOptions,
} from './options/generate.js';
import { type EncodeOptions, parseEncodeOptions } from './options/image.js';
import { type LoadOptions, parseLoadOptions, threadCount } from './options/load.js';
import { showValue } from './options/show.js';
import { type Answer, type Prediction, PredictionStream } from './prediction.js';

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
      // Between the model's answer and here the caller may have given up, and would not dispose of what he gets.
      o.signal?.throwIfAborted();
      return new PaliGemma(session, info);
    } catch (error) {
      // Nobody waits for this, and `error` is what there is to tell.
      session.dispose().catch(() => {});
      throw error;
    }
  }

  /** Architecture, sizes, weight types, device and memory. Stays readable after `dispose`. */
  get info(): ModelInfo {
    if (this.#session.closing.aborted) return this.#info;
    return this.#session.ask((model) => model.info());
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
    const images: readonly ImageInput[] = Array.isArray(image) ? [...image] : [image];
    if (images.length === 0) {
      throw makeError('ERR_OPTION_RANGE', 'image is an empty list, expected at least one picture', {
        name: 'image',
        found: '[]',
        expected: 'at least one picture',
      });
    }
    return new PredictionStream([o.signal, this.#session.closing], (signal, onToken) =>
      this.#generate(images, prompt, o, signal, onToken),
    );
  }

  /** The picture as the language model sees it. The result is cached for questions about the same picture. */
  async encode(image: ImageInput, options?: EncodeOptions): Promise<ImageFeatures> {
    const o = parseEncodeOptions(options);
    const { controller, release } = follow(o.signal, this.#session.closing);
    const { signal } = controller;
    try {
      const id = this.#session.arrive();
      const { pixels, width, height } = await prepareImage(image, this.#info.imageSize, {
        ...o,
        signal,
      });
      const features = await this.#session.request<NativeFeatures>(
        (model, request) => model.encode(request, pixels),
        { id, signal },
      );
      return { ...features, image: { width, height } };
    } finally {
      release();
    }
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
    return [...this.#session.ask((model) => model.tokenize(text))];
  }

  /** Text of ids; control tokens are left out. */
  detokenize(ids: Iterable<number>): string {
    if (typeof (ids as Partial<typeof ids> | null)?.[Symbol.iterator] !== 'function') {
      throw makeError('ERR_OPTION_TYPE', `ids is ${showValue(ids)}, expected token ids`, {
        name: 'ids',
        found: showValue(ids),
        expected: 'an array or another iterable of token ids',
      });
    }
    const list = [...ids];
    const { vocabularySize } = this.#info;
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

  async #generate(
    images: readonly ImageInput[],
    prompt: string,
    o: ParsedGenerateOptions,
    signal: AbortSignal,
    onToken: (token: NativeToken) => void,
  ): Promise<Answer> {
    checkLength('prompt', prompt);
    this.#checkPictures(images.length);
    signal.throwIfAborted();
    const begin = performance.now();
    const id = this.#session.arrive();
    const prepared = await Promise.all(
      images.map((image) => prepareImage(image, this.#info.imageSize, { ...o, signal })),
    );
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
    return { result, prepareMs, hasTopLogprobs: o.topLogprobs > 0 };
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
  const given: unknown = source;
  const isPair =
    typeof given === 'object' &&
    given !== null &&
    ('text' in given || 'mmproj' in given) &&
    !(given instanceof URL);
  if (!isPair) return [filePath('model', given, 'a GGUF file, or { text, mmproj }')];
  const { text, mmproj } = given as { readonly text?: unknown; readonly mmproj?: unknown };
  return [
    filePath('model.text', text, 'the GGUF file of the language model'),
    filePath('model.mmproj', mmproj, 'the GGUF file of the vision part'),
  ];
}
