/**
 * When the work of a request has to stop. Fastify's own `request.signal` cannot be used: it follows the `close` of the
 * request, which comes when the body of a POST was read, not when the client leaves
 * (https://github.com/fastify/fastify/issues/6725).
 */
import type { ServerResponse } from 'node:http';
import { onAbort } from '../abort.js';
import { makeError } from '../errors.js';

/** Why it had to stop, for metrics. */
export type StopCause = 'gone' | 'deadline' | 'drain';

export interface Stop {
  /** Aborted with ERR_ABORTED when the client is gone, ERR_TIMEOUT at the deadline, or what `stop` is called with. */
  readonly signal: AbortSignal;
  /** Undefined while nothing has stopped it. */
  readonly cause: StopCause | undefined;
  readonly stop: (cause: StopCause, error: Error) => void;
}

/** What is sent after the end, such as why it came, has to be taken in so long; else its place would stay taken. */
export const LAST_MS = 2000;

/** Follows one request. `onClose` is called when all of it is over, answered or not. */
export function followClient(
  response: ServerResponse,
  deadlineMs: number,
  onClose: () => void,
): Stop {
  const controller = new AbortController();
  let cause: StopCause | undefined;
  let last: NodeJS.Timeout | undefined;
  const stop = (why: StopCause, error: Error): void => {
    if (controller.signal.aborted) return;
    cause = why;
    if (why !== 'gone') last = setTimeout(() => response.destroy(), LAST_MS).unref();
    controller.abort(error);
  };
  const timer = setTimeout(() => {
    const message = `no answer within ${deadlineMs} ms`;
    stop('deadline', makeError('ERR_TIMEOUT', message, { name: 'deadlineMs' }));
  }, deadlineMs);
  timer.unref();
  response.once('close', () => {
    clearTimeout(timer);
    clearTimeout(last);
    if (!response.writableFinished) stop('gone', makeError('ERR_ABORTED', 'the client is gone'));
    onClose();
  });
  return {
    signal: controller.signal,
    stop,
    get cause() {
      return cause;
    },
  };
}

/** `work`, or the abort of `signal`, whichever comes first. The work itself goes on. */
export function withSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, reject);
    work.then(resolve, reject).finally(release);
  });
}
