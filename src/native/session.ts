/**
 * One native model as seen from JavaScript: assigns ids to the requests, passes each event to the request it belongs to, ties
 * AbortSignals to native cancellation. What the requests mean is src/model.ts's business.
 */
import { onAbort } from '../abort.js';
import { ofManyCalls } from '../caller.js';
import { fromNative, makeError } from '../errors.js';
import { native } from './binding.js';
import type { NativeEvent, NativeModel, NativeToken } from './contract.js';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onToken?: ((token: NativeToken) => void) | undefined;
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
  readonly cleanUp: () => void;
}

interface RequestOptions {
  /** From `admit`; its place in the queue. Default: after all others. */
  readonly id?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onToken?: (token: NativeToken) => void;
  readonly onProgress?: (loaded: number, total: number) => void;
}

/** Sessions alive in this thread: while there is one, process exit has to stop its work first. */
let liveSessions = 0;
const stopWork = (): void => native().cancelAll();
/** Sessions with requests that no other object may reference, only the promises of their answers. */
const busySessions = new Set<NativeSession>();

export class NativeSession {
  readonly #model: NativeModel;
  readonly #pending = new Map<number, Pending>();
  readonly #closing = new AbortController();
  readonly #maxQueue: number;
  #nextId = 1;
  #admitted = 0;
  #disposing: Promise<void> | undefined;

  /** `maxQueue`: requests that may be prepared, wait or run at the same time. */
  constructor(maxQueue: number) {
    this.#maxQueue = maxQueue;
    // The addon keeps its dispatcher alive; through it a model that was forgotten must not stay in memory.
    const self = new WeakRef(this);
    this.#model = new (native().Model)((event) => {
      const session = self.deref();
      if (session) session.#dispatch(event);
    });
    // Exit waits for a running item of the threadpool, so the pump has to end before.
    if (liveSessions++ === 0) process.on('exit', stopWork);
  }

  /** Aborted with ERR_DISPOSED by `dispose`, for work that prepares a request. Calls made later have an error of their own. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Asks what the model answers at once. Throws ERR_DISPOSED. */
  ask<T>(question: (model: NativeModel) => T): T {
    if (this.closing.aborted) throw disposedError();
    try {
      return question(this.#model);
    } catch (error) {
      throw fromNative(error);
    }
  }

  /**
   * Runs all of a request, its pictures' decoding too. `work` gets its place in the queue. Throws ERR_QUEUE_FULL: what
   * waits holds memory, and a caller who sends faster than answers come should hear of it.
   */
  async admit<T>(work: (id: number) => Promise<T>): Promise<T> {
    if (this.#admitted >= this.#maxQueue) throw queueFull(this.#admitted, this.#maxQueue);
    this.#admitted++;
    try {
      return await work(this.#nextId++);
    } finally {
      this.#admitted--;
    }
  }

  /**
   * Starts a request and settles with its last event. An abort rejects at once with the signal's reason; the native work
   * then ends by itself within a node of the graph. Rejects with ERR_DISPOSED after `dispose`.
   */
  async request<T>(
    start: (model: NativeModel, id: number) => void,
    options: RequestOptions = {},
  ): Promise<T> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.closing.aborted) throw disposedError();
    const model = this.#model;
    const id = options.id ?? this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const cleanUp = onAbort(signal, (reason) => {
        model.cancel(id);
        this.#settle(id)?.reject(reason);
      });
      busySessions.add(this);
      this.#pending.set(id, {
        resolve: resolve as (result: unknown) => void,
        reject,
        onToken: options.onToken,
        onProgress: options.onProgress,
        cleanUp,
      });
      try {
        start(model, id);
      } catch (error) {
        this.#settle(id)?.reject(fromNative(error));
      }
    });
  }

  /** Cancels all work with `error` and frees the model. Always the same promise. */
  dispose(error: Error = disposedError()): Promise<void> {
    if (this.#disposing === undefined) {
      this.#disposing = this.request<void>((model, id) => model.dispose(id));
      this.#closing.abort(ofManyCalls(error));
      if (--liveSessions === 0) process.off('exit', stopWork);
    }
    return this.#disposing;
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) busySessions.delete(this);
    pending?.cleanUp();
    return pending;
  }

  // Called by the addon on this thread. Must not throw: there is no caller to catch it.
  #dispatch(event: NativeEvent): void {
    try {
      switch (event.kind) {
        case 'progress':
          this.#pending.get(event.id)?.onProgress?.(event.loaded, event.total);
          break;
        case 'token':
          this.#pending.get(event.id)?.onToken?.(event.token);
          break;
        case 'done':
          this.#settle(event.id)?.resolve(event.result);
          break;
        case 'error':
          this.#settle(event.id)?.reject(fromNative(event.error));
          break;
      }
    } catch (error) {
      // A callback of the user threw: that is the outcome of its request.
      this.#model.cancel(event.id);
      this.#settle(event.id)?.reject(error);
    }
  }
}

export function disposedError(): Error {
  return makeError('ERR_DISPOSED', 'the model was disposed of', { hint: 'load it again' });
}

export function queueFull(admitted: number, maxQueue: number): Error {
  return makeError('ERR_QUEUE_FULL', `${admitted} requests run or wait already`, {
    name: 'maxQueue',
    found: `${admitted + 1} requests`,
    expected: `at most ${maxQueue}`,
    remedy: 'max-queue',
  });
}
