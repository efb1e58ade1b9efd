/** Listening to AbortSignals without leaving anything behind. */
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
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
