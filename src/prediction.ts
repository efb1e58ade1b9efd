/** What a call to the model returns: the result, and the stream of pieces it is made from. */
import { performance } from 'node:perf_hooks';
import { follow } from './abort.js';
import { makeError } from './errors.js';
import type { NativeCosts, NativeResult, NativeToken } from './native/contract.js';
import { parseOptions, SIGNAL_OPTIONS } from './options/option.js';
import { reading } from './options/read.js';
import { showValue } from './options/show.js';
import type { ImageSize } from './results/types.js';

export interface TokenLogprob {
  readonly token: number;
  readonly logprob: number;
}

/** One token as it comes. `text` is empty while a character is still incomplete. */
export interface Piece {
  readonly text: string;
  /** Token id; -1 for text that was held back and comes after the last token. */
  readonly token: number;
  /** Natural logarithm of the model's own probability, before temperature and truncation. */
  readonly logprob: number;
  /** The most probable tokens at this place, when `topLogprobs` asks for them. */
  readonly topLogprobs?: readonly TokenLogprob[];
  /** With a loc token, when `locProbabilities` asks for it: [1024], the probability of each loc token. */
  readonly locProbabilities?: Float32Array;
  /**
   * With `locProbabilities`, on the token that begins a box (the first loc token, then separators): the probability, 0 to
   * 1, that a box begins there rather than that the answer ends.
   */
  readonly presence?: number;
}

export interface Usage {
  /** Tokens of the prompt, BOS and separator included, without those of the pictures. */
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly completionTokens: number;
  /** Pictures that were not encoded again because they came from the feature cache. */
  readonly cachedImages: number;
}

/**
 * Milliseconds. `encodeMs`, `prefillMs` and `decodeMs` count only the time spent on this call; a step of decoding that
 * several calls share counts for each.
 */
export interface Timings {
  /** Reading, decoding and resizing the pictures, and waiting until it is their turn. */
  readonly prepareMs: number;
  /** Waiting for other calls, after that. */
  readonly queueMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
  /** Pictures that were encoded for this call; the others came from the feature cache. */
  readonly encodings: number;
}

export interface Prediction {
  /** What was sent: the prompt as given, without what belongs to other runtimes (docs/prompts.md). */
  readonly prompt: string;
  readonly text: string;
  /** Ids of the answer, without the end-of-sequence token. */
  readonly tokens: readonly number[];
  /** Natural logarithm of the probability of each token. */
  readonly logprobs: readonly number[];
  /** For each token the most probable ones; only when `topLogprobs` was asked for. */
  readonly topLogprobs?: readonly (readonly TokenLogprob[])[];
  /**
   * `stop`: the model ended its answer; `length`: `maxTokens` were reached; `repetition`: it generated the same boxes again
   * (with `stopAtRepetition`).
   */
  readonly finishReason: 'stop' | 'length' | 'repetition';
  /** Natural logarithm of the probability that the answer ends where it did; 0 unless `finishReason` is `stop`. */
  readonly endLogprob: number;
  /** With `locProbabilities`, where the model ended: the probability, 0 to 1, that one more box had followed instead. */
  readonly endPresence?: number;
  /** Sizes of the upright originals in pixels. */
  readonly images: readonly ImageSize[];
  readonly usage: Usage;
  readonly timings: Timings;
}

/** What the engine gave beside the tokens. */
export interface Answer {
  readonly prompt: string;
  readonly result: NativeResult;
  readonly images: readonly ImageSize[];
  readonly prepareMs: number;
  readonly hasTopLogprobs: boolean;
}

type Run = (
  signal: AbortSignal,
  onToken: (token: NativeToken) => void,
  onImages: (images: readonly ImageSize[]) => void,
) => Promise<Answer>;

interface Reader {
  readonly resolve: (result: IteratorResult<Piece>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The pieces of an answer while it is being made. The work starts at once and is not held up by a slow reader. Ending
 * the loop early cancels it. Each piece is given once: a second loop goes on where the first one is. What came before a
 * failure is given before it; an abort is reported at once.
 */
export class PredictionStream implements AsyncIterableIterator<Piece> {
  /** The whole answer; rejects when the call fails, is aborted or the loop is left early. */
  readonly result: Promise<Prediction>;
  /** Sizes of the upright originals in pixels, known before the first piece; empty until then. */
  images: readonly ImageSize[] = [];
  readonly #controller: AbortController;
  readonly #pieces: Piece[] = [];
  /** How many pieces were given; Infinity when no more will be, whether there are or not. */
  #given = 0;
  #ended = false;
  /** Until one reader has received it. */
  #failure: { readonly error: unknown } | undefined;
  /** Calls of `next` that wait, in order. */
  readonly #readers: Reader[] = [];

  /** Made by `stream`. `run` starts at once; it and everything it started is cancelled with the first of `signals`. */
  constructor(signals: readonly (AbortSignal | undefined)[], run: Run) {
    if (typeof (run as unknown) !== 'function') {
      const [found, expected] = [showValue(run), 'a function'];
      throw makeError('ERR_OPTION_TYPE', `run is ${found}, expected ${expected}`, {
        name: 'run',
        found,
        expected,
        hint: 'a stream is not made with new: model.stream(image, prompt) returns one',
      });
    }
    const given = reading('signals', 'a list of AbortSignals', () => [...signals]);
    const { controller, release } = follow(...given.map((one) => checkSignal(one)));
    this.#controller = controller;
    this.result = this.#collect(run).finally(release);
    // A caller that only iterates gets the error there.
    this.result.catch(() => {});
  }

  next(): Promise<IteratorResult<Piece>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Called by `break`, `return` or an exception in the loop: cancels the work. */
  async return(): Promise<IteratorResult<Piece>> {
    this.#given = Number.POSITIVE_INFINITY;
    this.#failure = undefined;
    this.#end();
    this.#controller.abort(new DOMException('the loop over the stream was left', 'AbortError'));
    await this.result.catch(() => {});
    return { done: true, value: undefined };
  }

  /** Cancels the work and rejects with `error`, as a generator would that does not catch it. */
  async throw(error: unknown): Promise<IteratorResult<Piece>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #collect(run: Run): Promise<Prediction> {
    const begin = performance.now();
    const push = (piece: Piece): void => {
      this.#pieces.push(piece);
      this.#serve();
    };
    try {
      const answer = await run(
        this.#controller.signal,
        (token) => push(toPiece(token)),
        (images) => {
          this.images = images;
        },
      );
      if (typeof (answer as Answer | undefined)?.result !== 'object') {
        const found = showValue(answer);
        throw makeError('ERR_OPTION_TYPE', `what run returns is ${found}, expected an answer`, {
          name: 'run',
          found,
          expected: 'an answer',
        });
      }
      const { tail } = answer.result;
      if (tail !== '') push({ text: tail, token: -1, logprob: 0 });
      const prediction = toPrediction(this.#pieces, answer, performance.now() - begin);
      this.#end();
      return prediction;
    } catch (error) {
      if (this.#controller.signal.aborted) this.#given = Number.POSITIVE_INFINITY;
      if (!this.#ended) this.#failure = { error };
      this.#end();
      // When one picture is at fault, the others need not be decoded any more.
      this.#controller.abort(error);
      throw error;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#serve();
  }

  /** Hands pieces, the failure and the end to those who wait for them. */
  #serve(): void {
    while (this.#readers.length > 0) {
      const piece = this.#pieces[this.#given];
      if (piece === undefined && !this.#ended) return;
      const reader = this.#readers.shift();
      if (piece !== undefined) {
        this.#given++;
        reader?.resolve({ done: false, value: piece });
      } else if (this.#failure !== undefined) {
        reader?.reject(this.#failure.error);
        this.#failure = undefined;
      } else {
        reader?.resolve({ done: true, value: undefined });
      }
    }
  }
}

function checkSignal(signal: unknown): AbortSignal | undefined {
  return parseOptions('PredictionStream', SIGNAL_OPTIONS, { signal }).signal;
}

function toPiece({ text, id, logprob, top, locProbabilities, presence }: NativeToken): Piece {
  const topLogprobs = top?.map((other) => ({ token: other.id, logprob: other.logprob }));
  return {
    text,
    token: id,
    logprob,
    ...(topLogprobs && { topLogprobs }),
    ...(locProbabilities && { locProbabilities }),
    ...(presence !== undefined && { presence }),
  };
}

function toPrediction(
  pieces: readonly Piece[],
  { prompt, result, images, prepareMs, hasTopLogprobs }: Answer,
  totalMs: number,
): Prediction {
  const tokens = pieces.filter((piece) => piece.token >= 0);
  return {
    prompt,
    text: pieces.map((piece) => piece.text).join(''),
    tokens: tokens.map((piece) => piece.token),
    logprobs: tokens.map((piece) => piece.logprob),
    ...(hasTopLogprobs && { topLogprobs: tokens.map((piece) => piece.topLogprobs ?? []) }),
    finishReason: result.finishReason,
    endLogprob: result.endLogprob,
    ...(result.endPresence !== undefined && { endPresence: result.endPresence }),
    images,
    ...costs(result, images.length, prepareMs, totalMs),
  };
}

/** What a request took, as callers see it. */
export function costs(
  native: NativeCosts,
  imageCount: number,
  prepareMs: number,
  totalMs: number,
): { usage: Usage; timings: Timings } {
  const { queueMs, encodeMs, prefillMs, decodeMs } = native;
  const { promptTokens, imageTokens, completionTokens, cachedImages } = native;
  const encodings = imageCount - cachedImages;
  return {
    usage: { promptTokens, imageTokens, completionTokens, cachedImages },
    timings: { prepareMs, queueMs, encodeMs, prefillMs, decodeMs, totalMs, encodings },
  };
}

/** Of several calls together: usage or timings, which are numbers by name. */
export function total<T extends object>(parts: readonly T[]): T {
  return parts.reduce((sum, part) => {
    const added = Object.entries(part).map(([key, value]) => {
      const before = (sum as Readonly<Record<string, number>>)[key] ?? 0;
      return [key, before + (value as number)];
    });
    return Object.fromEntries(added) as T;
  });
}
