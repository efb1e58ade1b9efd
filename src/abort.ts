/** Listening to AbortSignals without leaving any attached. */
import { setMaxListeners } from 'node:events';

/**
 * Calls `abort` once when the signal is aborted, also when it already is. The result takes the listener away again.
 * One signal may serve any number of calls at once, so Node must not take many listeners for a leak.
 */
export function onAbort(
  signal: AbortSignal | undefined,
  abort: (reason: unknown) => void,
): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    abort(signal.reason);
    return () => {};
  }
  const listener = (): void => abort(signal.reason);
  // Only for Node's own: it throws for a signal of another realm, and nothing else counts listeners.
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/**
 * A controller that is aborted with the reason of the first of `signals`, until `release` is called. AbortSignal.any
 * leaves something on a long-lived signal with every use (https://github.com/nodejs/node/issues/55351).
 */
export function follow(...signals: readonly (AbortSignal | undefined)[]): {
  readonly controller: AbortController;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const releases = signals.map((signal) => onAbort(signal, (reason) => controller.abort(reason)));
  return { controller, release: () => releases.forEach((release) => void release()) };
}

/**
 * What several calls give, in their order. When one fails the others are aborted, and it rejects with that failure as soon as all
 * have ended: nothing goes on computing for a caller that has its error.
 *
 * @param start makes the calls, each of which ends when the signal it is given is aborted
 */
export async function allOrNone<T>(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => readonly Promise<T>[],
): Promise<T[]> {
  const { controller, release } = follow(signal);
  let calls: readonly Promise<T>[] = [];
  try {
    calls = start(controller.signal);
    return await Promise.all(calls);
  } catch (error) {
    controller.abort(error);
    await Promise.allSettled(calls);
    throw error;
  } finally {
    release();
  }
}
