/**
 * Every error this package throws, and the table of stable codes. Native errors arrive here too: the addon throws
 * plain objects with a code and facts, `fromNative` makes them errors of their class.
 */
import { type Front, optionName, REMEDIES, type RemedyName } from './remedies.js';

/**
 * Stable codes, each with its class, whether the same call may succeed later, and its status over HTTP. 499, of a client
 * that closed the connection, is nginx's.
 */
export const ERROR_CODES = {
  ERR_MODEL_NOT_FOUND: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_FORMAT: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_TRUNCATED: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_CORRUPT: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_CHANGED: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_LIMIT: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_ARCH: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_ADAPTER: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_TENSOR_MISSING: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_TENSOR_SURPLUS: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_TENSOR_SHAPE: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_MODEL_TENSOR_TYPE: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_TOKENIZER_FORMAT: { class: 'ModelFileError', retryable: false, status: 500 },
  ERR_IMAGE_FORMAT: { class: 'InputError', retryable: false, status: 415 },
  ERR_IMAGE_CORRUPT: { class: 'InputError', retryable: false, status: 400 },
  ERR_IMAGE_TOO_LARGE: { class: 'InputError', retryable: false, status: 413 },
  ERR_IMAGE_PAGE: { class: 'InputError', retryable: false, status: 422 },
  ERR_IMAGE_NOT_FOUND: { class: 'InputError', retryable: false, status: 400 },
  ERR_PROMPT_TOO_LONG: { class: 'InputError', retryable: false, status: 400 },
  ERR_DATASET: { class: 'InputError', retryable: false, status: 500 },
  ERR_OPTION_TYPE: { class: 'InputError', retryable: false, status: 422 },
  ERR_OPTION_RANGE: { class: 'InputError', retryable: false, status: 422 },
  ERR_OPTION_UNKNOWN: { class: 'InputError', retryable: false, status: 422 },
  ERR_OUT_OF_MEMORY: { class: 'ResourceError', retryable: true, status: 507 },
  ERR_DEVICE_UNAVAILABLE: { class: 'ResourceError', retryable: false, status: 500 },
  ERR_QUEUE_FULL: { class: 'ResourceError', retryable: true, status: 503 },
  ERR_DISK_FULL: { class: 'ResourceError', retryable: true, status: 507 },
  ERR_UPLOADS_FULL: { class: 'ResourceError', retryable: true, status: 507 },
  ERR_OUTPUT: { class: 'ResourceError', retryable: false, status: 500 },
  ERR_DISPOSED: { class: 'LifecycleError', retryable: false, status: 503 },
  ERR_ABORTED: { class: 'LifecycleError', retryable: false, status: 499 },
  ERR_TIMEOUT: { class: 'LifecycleError', retryable: true, status: 504 },
  ERR_SHUTTING_DOWN: { class: 'LifecycleError', retryable: true, status: 503 },
  ERR_REQUEST_FORMAT: { class: 'RequestError', retryable: false, status: 400 },
  ERR_REQUEST_TOO_LARGE: { class: 'RequestError', retryable: false, status: 413 },
  ERR_REQUEST_MEDIA_TYPE: { class: 'RequestError', retryable: false, status: 415 },
  ERR_REQUEST_ROUTE: { class: 'RequestError', retryable: false, status: 404 },
  ERR_REQUEST_MODEL: { class: 'RequestError', retryable: false, status: 404 },
  ERR_REQUEST_TASK: { class: 'RequestError', retryable: false, status: 422 },
  ERR_REQUEST_UPLOAD: { class: 'RequestError', retryable: false, status: 404 },
  ERR_REQUEST_KEY: { class: 'RequestError', retryable: false, status: 401 },
  ERR_REQUEST_ORIGIN: { class: 'RequestError', retryable: false, status: 403 },
  ERR_REQUEST_RATE: { class: 'RequestError', retryable: true, status: 429 },
  ERR_HUB_GATED: { class: 'HubError', retryable: false, status: 500 },
  ERR_HUB_NOT_FOUND: { class: 'HubError', retryable: false, status: 500 },
  ERR_HUB_UNREACHABLE: { class: 'HubError', retryable: true, status: 503 },
  ERR_HUB_DAMAGED: { class: 'HubError', retryable: true, status: 503 },
  ERR_BINARY_NOT_FOUND: { class: 'EngineError', retryable: false, status: 500 },
  ERR_DEPENDENCY_MISSING: { class: 'EngineError', retryable: false, status: 500 },
  ERR_SYSTEM: { class: 'EngineError', retryable: false, status: 500 },
  ERR_ENGINE_CRASHED: { class: 'EngineError', retryable: true, status: 500 },
  ERR_ENGINE_NUMERIC: { class: 'EngineError', retryable: false, status: 500 },
  ERR_ENGINE_INTERNAL: { class: 'EngineError', retryable: false, status: 500 },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Facts of an error: what it is about, what was found, what was expected. All are for people and logs. */
export interface ErrorFacts {
  /** Option, tensor, key or file the error is about. */
  readonly name?: string;
  readonly found?: string;
  readonly expected?: string;
  /** What the user can do about it: a name of REMEDIES where fronts say it in different words, else the words. */
  readonly remedy?: RemedyName;
  readonly hint?: string;
  /** Where the code alone does not decide it: whether the same call may succeed later. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** What `fromNative` makes an error of again, for an error that crosses to another process. */
export let toNative: (error: PaliGemmaError) => NativeErrorShape;

export class PaliGemmaError extends Error {
  /** Stable: `ERR_…`. */
  readonly code: ErrorCode;
  /** The option, tensor, key or file the error is about. */
  readonly subject?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly hint?: string;
  static {
    toNative = (error) => ({
      code: error.code,
      message: error.#sentence,
      retryable: error.retryable,
      ...(error.subject !== undefined && { subject: error.subject }),
      ...(error.found !== undefined && { found: error.found }),
      ...(error.expected !== undefined && { expected: error.expected }),
      ...(error.#remedy !== undefined && { remedy: error.#remedy }),
      ...(error.#remedy === undefined && error.hint !== undefined && { hint: error.hint }),
    });
  }

  readonly #sentence: string;
  readonly #remedy: RemedyName | undefined;
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean;

  /** @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` for another code, and for what is no message or no facts */
  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    const { hint: words, remedy, name, ...own } = checkedFacts(code, message, facts);
    const hint = remedy ? REMEDIES[remedy]('api', name ?? '') : words;
    super(withHint(message, hint), own.cause === undefined ? undefined : { cause: own.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = own.retryable ?? ERROR_CODES[code].retryable;
    if (name !== undefined) this.subject = name;
    if (own.found !== undefined) this.found = own.found;
    if (own.expected !== undefined) this.expected = own.expected;
    if (hint !== undefined) this.hint = hint;
    this.#sentence = message;
    this.#remedy = remedy;
  }

  /** The message as `front` words it: its names of options, its words for what can be done. */
  messageFor(front: Front): string {
    return withHint(this.#sentenceFor(front), this.hintFor(front));
  }

  /** What the user can do about it, as `front` words it. */
  hintFor(front: Front): string | undefined {
    return this.#remedy ? REMEDIES[this.#remedy](front, this.subject ?? '') : this.hint;
  }

  #sentenceFor(front: Front): string {
    const { subject, found, expected } = this;
    if (subject === undefined || !this.code.startsWith('ERR_OPTION_')) return this.#sentence;
    // A sentence made of the facts can be made again with another name.
    const rest = ` is ${found}, expected ${expected}`;
    const lead = ['', 'option '].find((one) => this.#sentence === `${one}${subject}${rest}`);
    return lead === undefined ? this.#sentence : `${lead}${optionName(front, subject)}${rest}`;
  }
}

/** `facts` as an object of our own. These classes are public: their own arguments may be wrong as well. */
function checkedFacts(code: unknown, message: unknown, facts: unknown): ErrorFacts {
  if (typeof code !== 'string') throw wrongArgument('code', typeof code, 'string');
  if (!Object.hasOwn(ERROR_CODES, code)) throw wrongArgument('code', 'none', 'one of this package');
  if (typeof message !== 'string') throw wrongArgument('message', typeof message, 'string');
  if (typeof facts !== 'object' || facts === null) {
    throw wrongArgument('facts', facts === null ? 'null' : typeof facts, 'object');
  }
  let own: ErrorFacts;
  try {
    own = { ...facts };
  } catch (cause) {
    throw wrongArgument('facts', 'unreadable', 'object', cause);
  }
  if (own.remedy === undefined || Object.hasOwn(REMEDIES, own.remedy)) return own;
  throw wrongArgument('facts.remedy', 'none', 'a name of REMEDIES');
}

function wrongArgument(name: string, found: string, expected: string, cause?: unknown): InputError {
  const message = `${name} is ${found}, expected ${expected}`;
  return new InputError('ERR_OPTION_TYPE', message, { name, found, expected, cause });
}

function withHint(message: string, hint: string | undefined): string {
  return hint ? `${message} (${hint})` : message;
}

/** The model file, or a file it is converted from, cannot be used. */
export class ModelFileError extends PaliGemmaError {}
/** A picture, prompt or option of the caller cannot be used. */
export class InputError extends PaliGemmaError {}
/** The machine cannot give what the call needs: memory, device, disk. */
export class ResourceError extends PaliGemmaError {}
/** The model was disposed of, the call aborted or out of time. */
export class LifecycleError extends PaliGemmaError {}
/** A request to the server cannot be served: its form, its key, its size. */
export class RequestError extends PaliGemmaError {}
/** The model hub does not give the model. */
export class HubError extends PaliGemmaError {}
/** The native part, its process, or a package that is needed, is missing or failed. */
export class EngineError extends PaliGemmaError {}

/** Why no binary could be loaded; docs/errors.md has the remedy of each. */
export type LoadFailure =
  | 'addons-disabled'
  | 'permission-model'
  | 'bundled'
  | 'no-binary'
  | 'wrong-libc'
  | 'old-glibc'
  | 'wrong-architecture'
  | 'damaged'
  | 'missing-library'
  | 'unknown';

/** A file that was tried, and what became of it: the dynamic linker's words, or that it is not there. */
export interface LoadAttempt {
  readonly file: string;
  readonly reason: string;
}

/** The addon cannot be loaded: `ERR_BINARY_NOT_FOUND`. */
export class PaliGemmaLoadError extends EngineError {
  readonly failure: LoadFailure;
  readonly tried: readonly LoadAttempt[];

  constructor(
    failure: LoadFailure,
    tried: readonly LoadAttempt[],
    message: string,
    facts: ErrorFacts,
  ) {
    const own = attemptsOf(tried);
    if (typeof message !== 'string') throw wrongArgument('message', typeof message, 'string');
    const files = own.map(({ file, reason }) => `\n  tried ${file}: ${reason}`).join('');
    super('ERR_BINARY_NOT_FOUND', `cannot load paligemma.node: ${message}${files}\n `, facts);
    this.failure = failure;
    this.tried = own;
  }
}

function attemptsOf(tried: unknown): readonly LoadAttempt[] {
  let own: readonly LoadAttempt[] | undefined;
  let cause: unknown;
  try {
    if (Array.isArray(tried)) own = tried.map((one: LoadAttempt) => ({ ...one }));
  } catch (error) {
    cause = error;
  }
  const isList = own?.every(({ file, reason }) =>
    [file, reason].every((text) => typeof text === 'string'),
  );
  if (own !== undefined && isList) return own;
  throw wrongArgument('tried', 'something else', 'a list of file and reason', cause);
}

const CLASSES = {
  ModelFileError,
  InputError,
  ResourceError,
  LifecycleError,
  RequestError,
  HubError,
  EngineError,
};

/** Makes the error of the class that belongs to `code`. */
export function makeError(
  code: ErrorCode,
  message: string,
  facts: ErrorFacts = {},
): PaliGemmaError {
  return new CLASSES[ERROR_CODES[code].class](code, message, facts);
}

/** What the addon throws or posts: see native/base/error.h. */
export interface NativeErrorShape {
  readonly code: string;
  readonly message: string;
  readonly subject?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly remedy?: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

/** Returns an error of the addon as one of its class; anything unknown becomes `ERR_ENGINE_INTERNAL`. */
export function fromNative(error: unknown): Error {
  if (error instanceof PaliGemmaError) return error;
  const e = error as Partial<NativeErrorShape> | null | undefined;
  if (typeof e?.code === 'string' && Object.hasOwn(ERROR_CODES, e.code)) {
    const facts: { -readonly [K in keyof ErrorFacts]: ErrorFacts[K] } = {};
    if (e.subject) facts.name = e.subject;
    if (e.found) facts.found = e.found;
    if (e.expected) facts.expected = e.expected;
    if (e.hint) facts.hint = e.hint;
    if (e.retryable !== undefined) facts.retryable = e.retryable;
    // The addon's names are among ours, as a test sees to.
    if (e.remedy) facts.remedy = e.remedy as RemedyName;
    return makeError(e.code as ErrorCode, e.message ?? e.code, facts);
  }
  if (error instanceof Error) {
    return makeError('ERR_ENGINE_INTERNAL', error.message, { cause: error });
  }
  return makeError('ERR_ENGINE_INTERNAL', String(error), { cause: error });
}
