/** What a call to the model gives: the result, and the stream of pieces it is made from. */
import { performance } from 'node:perf_hooks';
import { onAbort } from './abort.js';
import type { NativeResult, NativeToken } from './native/contract.js';

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
}

export interface Usage {
  /** Tokens of the prompt, BOS and separator included, without those of the pictures. */
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly completionTokens: number;
  /** Pictures that were not encoded again because they came from the feature cache. */
  readonly cachedImages: number;
}

/** Milliseconds. All but `totalMs` and `queueMs` count only the time spent on this call. */
export interface Timings {
  /** Reading, decoding and resizing the pictures. */
  readonly prepareMs: number;
  /** Waiting for other calls. */
  readonly queueMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
}

export interface Prediction {
  readonly text: string;
  /** Ids of the answer, without the end-of-sequence token. */
  readonly tokens: readonly number[];
  /** Natural logarithm of the probability of each token. */
  readonly logprobs: readonly number[];
  /** For each token the most probable ones; only when `topLogprobs` was asked for. */
  readonly topLogprobs?: readonly (readonly TokenLogprob[])[];
  /** `stop`: the model ended its answer; `length`: `maxTokens` were reached. */
  readonly finishReason: 'stop' | 'length';
  readonly usage: Usage;
  readonly timings: Timings;
}

type Run = (
  signal: AbortSignal,
  onToken: (token: NativeToken) => void,
) => Promise<{ result: NativeResult; prepareMs: number }>;

/**
 * The pieces of an answer while it is being made. The work starts at once and is not held up by a slow reader. Ending
 * the loop early cancels it. Can be iterated once.
 */
export class PredictionStream implements AsyncIterableIterator<Piece> {
  /** The whole answer; rejects when the call fails, is aborted or the loop is left early. */
  readonly result: Promise<Prediction>;
  readonly #controller = new AbortController();
  readonly #pieces: Piece[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(signal: AbortSignal | undefined, run: Run) {
    const cleanUp = onAbort(signal, (reason) => this.#controller.abort(reason));
    this.result = this.#collect(run).finally(cleanUp);
    // Whoever only iterates learns of a failure there.
    this.result.catch(() => {});
  }

  async #collect(run: Run): Promise<Prediction> {
    const begin = performance.now();
    const all: Piece[] = [];
    const push = (piece: Piece): void => {
      all.push(piece);
      this.#pieces.push(piece);
      this.#wake?.();
    };
    try {
      const { result: r, prepareMs } = await run(this.#controller.signal, (t) =>
        push({
          text: t.text,
          token: t.id,
          logprob: t.logprob,
          ...(t.top && { topLogprobs: t.top.map(({ id, logprob }) => ({ token: id, logprob })) }),
        }),
      );
      if (r.tail !== '') push({ text: r.tail, token: -1, logprob: 0 });
      const tokens = all.filter((piece) => piece.token >= 0);
      const tops = tokens.flatMap((piece) => (piece.topLogprobs ? [piece.topLogprobs] : []));
      return {
        text: all.map((piece) => piece.text).join(''),
        tokens: tokens.map((piece) => piece.token),
        logprobs: tokens.map((piece) => piece.logprob),
        ...(tops.length > 0 && { topLogprobs: tops }),
        finishReason: r.finishReason,
        usage: {
          promptTokens: r.promptTokens,
          imageTokens: r.imageTokens,
          completionTokens: r.completionTokens,
          cachedImages: r.cachedImages,
        },
        timings: {
          prepareMs,
          queueMs: r.queueMs,
          encodeMs: r.encodeMs,
          prefillMs: r.prefillMs,
          decodeMs: r.decodeMs,
          totalMs: performance.now() - begin,
        },
      };
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#ended = true;
      this.#wake?.();
    }
  }

  async next(): Promise<IteratorResult<Piece>> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) return { done: false, value: piece };
      if (this.#failure) {
        const { error } = this.#failure;
        this.#failure = undefined;
        throw error;
      }
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** Called by `break`, `return` or an exception in the loop: cancels the work. */
  async return(): Promise<IteratorResult<Piece>> {
    this.#pieces.length = 0;
    this.#failure = undefined;
    if (!this.#ended) {
      this.#controller.abort(new DOMException('the loop over the stream was left', 'AbortError'));
      await this.result.catch(() => {});
      this.#failure = undefined;
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
