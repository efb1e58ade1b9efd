/** What an error is to a client: its status, the words it may read, when to try again. Each face has a shape for it. */
import { ERROR_CODES, type ErrorCode, makeError, PaliGemmaError } from '../errors.js';

/** Why a request has no answer, in terms of HTTP. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** The option or field that it is about. */
  readonly subject?: string;
  readonly found?: string;
  readonly expected?: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds until it is worth trying again; with 429 and 503. */
  readonly retryAfter?: number;
}

/** Of a client that closed the connection: for logs and metrics, as no one receives it. */
export const CLIENT_GONE = ERROR_CODES.ERR_ABORTED.status;

/** Failures of the server whose messages name no file, no address and nothing of other clients. */
const OPEN = new Set<ErrorCode>([
  ...(['ERR_QUEUE_FULL', 'ERR_UPLOADS_FULL', 'ERR_TIMEOUT', 'ERR_SHUTTING_DOWN'] as const),
]);

/** What clients read in place of the others. */
const HIDDEN: Readonly<Record<string, string>> = {
  ModelFileError: 'the model cannot be used; the log of the server says why',
  HubError: 'the model cannot be downloaded; the log of the server says why',
  ResourceError: 'the server lacks memory or another resource for this request',
  LifecycleError: 'the model is being taken down',
  EngineError: 'the server failed; its log says why',
};

/** Of an engine that crashed: what to do, and nothing of why it did. */
function crashWords({ retryable }: PaliGemmaError, waitsFor: number | undefined): string {
  if (!retryable) {
    return 'the engine crashed twice during this request, which is not taken again for ten minutes; change the picture or the prompt';
  }
  return waitsFor === undefined
    ? 'the engine crashed during this request, and is started again; try again'
    : `the engine crashed too often; try again after ${waitsFor} seconds`;
}

/** Errors of Fastify and its plugins that a client causes, by status; other statuses are faults of the request's form. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'ERR_REQUEST_ROUTE',
  413: 'ERR_REQUEST_TOO_LARGE',
  415: 'ERR_REQUEST_MEDIA_TYPE',
};

/** Seconds after which it is worth trying again, by the error that says so. */
const waits = new WeakMap<object, number>();

export function withRetryAfter(error: PaliGemmaError, seconds: number): PaliGemmaError {
  waits.set(error, seconds);
  return error;
}

/** What `error` is to a client. Nothing of an error that is not ours or a client's fault is repeated. */
export function failureOf(error: unknown): Failure {
  const known = error instanceof PaliGemmaError ? error : asOurs(error);
  const { code, subject, found, expected, retryable } = known;
  const waitsFor = waits.get(known);
  // A failure that has a time is one of the moment.
  const usual = ERROR_CODES[code].status;
  const status = usual === 500 && waitsFor !== undefined ? 503 : usual;
  const isShown = status < 500 || OPEN.has(code);
  const hidden =
    code === 'ERR_ENGINE_CRASHED' ? crashWords(known, waitsFor) : HIDDEN[ERROR_CODES[code].class];
  const words = isShown ? known.messageFor('http') : hidden;
  const retryAfter = waitsFor ?? (status === 429 || status === 503 ? 1 : undefined);
  return {
    ...{ status, code, retryable, message: words ?? 'the server failed; its log says why' },
    ...(isShown && subject !== undefined && { subject }),
    ...(isShown && found !== undefined && { found }),
    ...(isShown && expected !== undefined && { expected }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

function asOurs(error: unknown): PaliGemmaError {
  const { statusCode, message, code } = (error ?? {}) as {
    readonly statusCode?: unknown;
    readonly message?: unknown;
    readonly code?: unknown;
  };
  const isClients = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  if (!isClients) {
    return makeError('ERR_ENGINE_INTERNAL', 'the server failed', { cause: error });
  }
  // Only Fastify's own words: those of a parser of bodies may quote them.
  const words = String(code).startsWith('FST_') ? String(message) : 'the body cannot be read';
  return makeError(BY_STATUS[statusCode] ?? 'ERR_REQUEST_FORMAT', words, { cause: error });
}

/** Whether the operator should read of it: the server's fault, not a client's and not a full queue. */
export function isFault({ status, code }: Failure): boolean {
  return status >= 500 && !OPEN.has(code) && code !== 'ERR_DISPOSED';
}

/** For a body that has more than `maxBytes`. */
export function tooLargeBody(maxBytes: number): Error {
  return limitFault('ERR_REQUEST_TOO_LARGE', 'the body', 'larger', `at most ${maxBytes} bytes`);
}

/** What a request has more of than the server takes. */
export function limitFault(
  code: 'ERR_REQUEST_TOO_LARGE' | 'ERR_OPTION_RANGE',
  name: string,
  found: string,
  expected: string,
): Error {
  return makeError(code, `${name} is ${found}, expected ${expected}`, { name, found, expected });
}
