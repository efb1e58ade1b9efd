/** What a task returns: a result to wait for, or its parts as they come. */
import { follow } from '../abort.js';
import { callerOf } from '../caller.js';

/** Not a method, as it is not for users. */
let setPlace: (run: TaskRun<unknown, unknown>, place: ReturnType<typeof callerOf>) => void;

/**
 * A running task. `await` it for the result; or loop over it for the parts as the model says them, and take `result`
 * afterwards. The work starts at once and is not held up by a slow reader. Leaving a loop early cancels it. A run that
 * fails while no caller awaits it or loops over it fails in silence: it does not end the process.
 *
 * @example
 * const { detections } = await model.detect('street.jpg', 'car');
 * for await (const detection of model.detect('street.jpg', 'car')) console.log(detection.box);
 */
export class TaskRun<Result, Part> implements PromiseLike<Result>, AsyncIterable<Part> {
  /** Rejects when the call fails, is aborted or a loop is left early. */
  readonly result: Promise<Result>;
  readonly #controller: AbortController;
  readonly #parts: Part[] = [];
  /** Puts the place of the call into an error. */
  #place: ReturnType<typeof callerOf> | undefined;
  #hasEnded = false;
  /** Loops that wait for a part or the end. */
  #waiting: (() => void)[] = [];

  static {
    setPlace = (run, place) => {
      run.#place = place;
    };
  }

  /** Made by the methods of a model. `work` starts at once and ends with its signal, which follows `signal`. */
  constructor(
    signal: AbortSignal | undefined,
    work: (emit: (part: Part) => void, signal: AbortSignal) => Promise<Result>,
  ) {
    const { controller, release } = follow(signal);
    this.#controller = controller;
    const emit = (part: Part): void => {
      this.#parts.push(part);
      this.#wake();
    };
    this.result = work(emit, controller.signal)
      .catch((error: unknown) => {
        // What it began beside the call that failed, such as masks, is not wanted any more.
        controller.abort(error);
        throw this.#place?.(error) ?? error;
      })
      .finally(() => {
        release();
        this.#hasEnded = true;
        this.#wake();
      });
    // A caller that only iterates gets the error there.
    this.result.catch(() => {});
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what it is for
  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result.then(onFulfilled, onRejected);
  }

  catch<B = never>(
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<Result | B> {
    return this.result.catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.result.finally(onFinally);
  }

  /** All parts from the first one, in every loop. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Part, void, undefined> {
    let isThrough = false;
    try {
      for (let i = 0; ; i++) {
        while (i >= this.#parts.length && !this.#hasEnded) {
          await new Promise<void>((resolve) => void this.#waiting.push(resolve));
        }
        if (i >= this.#parts.length) break;
        yield this.#parts[i] as Part;
      }
      await this.result;
      isThrough = true;
    } finally {
      if (!isThrough) {
        this.#controller.abort(new DOMException('the loop over the task was left', 'AbortError'));
      }
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/**
 * What `start` returns; when it throws, a run that rejects with that, so that callers look in one place only. Errors have
 * the place where `entry`, the method, was called.
 */
export function attempt<Result, Part>(
  // biome-ignore lint/suspicious/noExplicitAny: any method
  entry: (...args: any[]) => unknown,
  start: () => TaskRun<Result, Part>,
): TaskRun<Result, Part> {
  const place = callerOf(entry);
  let run: TaskRun<Result, Part>;
  try {
    run = start();
  } catch (error) {
    run = new TaskRun<Result, Part>(undefined, () => Promise.reject(error));
  }
  setPlace(run, place);
  return run;
}
