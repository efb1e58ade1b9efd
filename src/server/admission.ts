/**
 * Who is let in: a bounded number of requests with a bounded cost in tokens. What does not fit is refused at once, with the
 * time after which there should be room, from the measured speed. A ticket is one request from its headers to its last
 * byte. Turns are the requests that the engine works on.
 */
import type { ServerResponse } from 'node:http';
import { onAbort } from '../abort.js';
import { makeError, type PaliGemmaError } from '../errors.js';
import { withRetryAfter } from './errors.js';
import { followClient, type Stop, type StopCause } from './gone.js';

/** Where a request is: its body is read, it waits for its turn, for its model, is computed, or its answer is sent. */
export const STAGES = ['body', 'queue', 'load', 'engine', 'reply'] as const;
export type Stage = (typeof STAGES)[number];

/** How a request ended before its answer, if it did. */
export interface Ending {
  readonly stage: Stage;
  readonly cause: StopCause | undefined;
}

/** What one client has inside. */
interface Share {
  requests: number;
  tokens: number;
}

/** Of all there is room for, one of several clients may have this part. */
const PART = 3 / 4;

/** One request that was let in. */
export class Ticket {
  readonly #stop: Stop;
  readonly #admission: Admission;
  stage: Stage = 'body';
  /** Tokens. */
  cost = 0;
  /** Of the client, where there are several. */
  share: Share | undefined;

  /** Made by `Admission.enter`. */
  constructor(
    admission: Admission,
    response: ServerResponse,
    deadlineMs: number,
    onEnd: (ending: Ending) => void,
  ) {
    this.#admission = admission;
    this.#stop = followClient(response, deadlineMs, () => {
      admission.leave(this);
      onEnd({ stage: this.stage, cause: this.#stop.cause });
    });
  }

  /** Aborted when the work has to stop: the client is gone, the deadline or the end of the server has come. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Stops its work because the server closes. */
  drain(): void {
    this.#stop.stop('drain', shuttingDown());
  }

  /** Adds what it costs, once that is known. Throws ERR_QUEUE_FULL when that is too much beside the others. */
  weigh(tokens: number): void {
    this.#admission.weigh(this, tokens);
  }
}

export interface AdmissionLimits {
  readonly maxRequests: number;
  /** Tokens. */
  readonly maxQueuedTokens: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #inside = new Set<Ticket>();
  readonly #shares = new Map<string, Share>();
  readonly #speed = new Speed();
  #tokens = 0;
  #isDraining = false;
  /** While someone waits until all are out. */
  #empty: { readonly reached: Promise<void>; readonly reach: () => void } | undefined;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Requests that are in. */
  get requests(): number {
    return this.#inside.size;
  }

  /** What they cost together. */
  get tokens(): number {
    return this.#tokens;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get speed(): Speed {
    return this.#speed;
  }

  /** Lets a request in. `onEnd` is called when its response is closed. Throws ERR_QUEUE_FULL, ERR_SHUTTING_DOWN. */
  enter(response: ServerResponse, deadlineMs: number, onEnd: (ending: Ending) => void): Ticket {
    if (this.#isDraining) throw shuttingDown();
    const { maxRequests, maxQueuedTokens } = this.#limits;
    if (this.#inside.size >= maxRequests) {
      throw this.#full('maxRequests', `${this.#inside.size} requests`, `${maxRequests}`);
    }
    if (this.#tokens >= maxQueuedTokens) {
      throw this.#full('maxQueuedTokens', `${this.#tokens} tokens`, `${maxQueuedTokens}`);
    }
    const ticket = new Ticket(this, response, deadlineMs, onEnd);
    this.#inside.add(ticket);
    return ticket;
  }

  /** Counts a ticket for its client, which is one of several. Throws ERR_QUEUE_FULL when that has its part already. */
  claim(ticket: Ticket, client: string): void {
    const share = this.#shares.get(client) ?? { requests: 0, tokens: 0 };
    const most = Math.ceil(this.#limits.maxRequests * PART);
    if (share.requests >= most) {
      throw this.#full('maxRequests', `${share.requests} requests of this key`, `${most} of a key`);
    }
    if (!this.#inside.has(ticket)) return;
    share.requests++;
    share.tokens += ticket.cost;
    this.#shares.set(client, share);
    ticket.share = share;
  }

  /** For tickets. One alone always fits: whether the model can do it is the model's to say. */
  weigh(ticket: Ticket, tokens: number): void {
    const others = this.#tokens - ticket.cost;
    const cost = ticket.cost + tokens;
    const { maxQueuedTokens } = this.#limits;
    if (others > 0 && others + cost > maxQueuedTokens) {
      throw this.#full('maxQueuedTokens', `${others + cost} tokens`, `${maxQueuedTokens}`);
    }
    const { share } = ticket;
    const own = (share?.tokens ?? 0) - ticket.cost;
    const most = maxQueuedTokens * PART;
    if (share !== undefined && own > 0 && own + cost > most) {
      throw this.#full('maxQueuedTokens', `${own + cost} tokens of this key`, `${most} of a key`);
    }
    if (!this.#inside.has(ticket)) return;
    if (share !== undefined) share.tokens += tokens;
    ticket.cost = cost;
    this.#tokens = others + cost;
  }

  /** For tickets. */
  leave(ticket: Ticket): void {
    if (!this.#inside.delete(ticket)) return;
    this.#tokens -= ticket.cost;
    if (ticket.share !== undefined) {
      ticket.share.requests--;
      ticket.share.tokens -= ticket.cost;
    }
    if (this.#inside.size === 0) this.#empty?.reach();
  }

  /** Lets no one in any more; resolves when all are out. What is in after `ms` is stopped. */
  async drain(ms: number): Promise<void> {
    this.#isDraining = true;
    if (this.#inside.size === 0) return;
    this.#empty ??= whenReached();
    const timer = setTimeout(() => {
      for (const ticket of this.#inside) ticket.drain();
    }, ms);
    await this.#empty.reached;
    clearTimeout(timer);
  }

  #full(name: keyof AdmissionLimits, found: string, limit: string): PaliGemmaError {
    const error = makeError('ERR_QUEUE_FULL', `the server has ${found} already`, {
      ...{ name, found, expected: `at most ${limit}`, remedy: 'max-queue' },
    });
    // When half of what is in is done, there is room again.
    return withRetryAfter(error, this.#speed.secondsFor(this.#tokens / 2));
  }
}

function whenReached() {
  let reach = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

function shuttingDown(): PaliGemmaError {
  const error = makeError('ERR_SHUTTING_DOWN', 'the server is closing', { hint: 'try again' });
  return withRetryAfter(error, 5);
}

/** Older than so many milliseconds of work, a measurement counts for little. */
const MEMORY_MS = 30_000;
const MOST_SECONDS = 60;

/** Tokens that are finished in the time in which there is work, recent ones first. */
class Speed {
  #running = 0;
  #at = 0;
  #tokens = 0;
  #busyMs = 0;

  begin(now = performance.now()): void {
    this.#advance(now);
    this.#running++;
  }

  /** `tokens` were finished; 0 when it came to nothing. */
  end(tokens: number, now = performance.now()): void {
    this.#advance(now);
    this.#running--;
    this.#tokens += tokens;
  }

  /** Tokens in a second; undefined until something was finished. */
  get tokensPerSecond(): number | undefined {
    return this.#tokens > 0 && this.#busyMs > 0 ? (this.#tokens / this.#busyMs) * 1000 : undefined;
  }

  /** Whole seconds until so many are done: 1 to 60. */
  secondsFor(tokens: number): number {
    const speed = this.tokensPerSecond;
    if (speed === undefined) return 1;
    return Math.min(MOST_SECONDS, Math.max(1, Math.ceil(tokens / speed)));
  }

  #advance(now: number): void {
    const ms = this.#running > 0 ? now - this.#at : 0;
    this.#at = now;
    const kept = Math.exp(-ms / MEMORY_MS);
    this.#tokens *= kept;
    this.#busyMs = this.#busyMs * kept + ms;
  }
}

/** So many at a time; in order of arrival, but one of each client after the other; one that waits can leave. */
export class Turns {
  readonly #limit: number;
  /** By their clients, the one whose turn is next first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get waiting(): number {
    let count = 0;
    for (const { length } of this.#waiting.values()) count += length;
    return count;
  }

  /** Waits for a turn of `client`; what it returns hands it back. Rejects with the reason of the signal. */
  take(signal: AbortSignal, client = ''): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        release();
        this.#taken++;
        let isBack = false;
        resolve(() => {
          if (isBack) return;
          isBack = true;
          this.#taken--;
          this.#next();
        });
      };
      const release = onAbort(signal, (reason) => {
        this.#leave(client, begin);
        reject(reason);
      });
      if (signal.aborted) return;
      if (this.#taken < this.#limit) begin();
      else {
        const own = this.#waiting.get(client) ?? [];
        own.push(begin);
        this.#waiting.set(client, own);
      }
    });
  }

  #next(): void {
    for (const [client, own] of this.#waiting) {
      const first = own.shift();
      // After all others.
      this.#waiting.delete(client);
      if (own.length > 0) this.#waiting.set(client, own);
      first?.();
      return;
    }
  }

  #leave(client: string, begin: () => void): void {
    const others = (this.#waiting.get(client) ?? []).filter((one) => one !== begin);
    if (others.length > 0) this.#waiting.set(client, others);
    else this.#waiting.delete(client);
  }
}
