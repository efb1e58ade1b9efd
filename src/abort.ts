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
