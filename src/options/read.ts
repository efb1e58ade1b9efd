/** Reading what a caller handed in, whose getters and traps are the caller's code and may throw. */
import { makeError, PaliGemmaError } from '../errors.js';
import { showThrown } from './show.js';

/**
 * What `read` makes of the argument `name`. What the argument's own getters and traps throw becomes an error about it:
 * `read` must do nothing but read.
 */
export function reading<T>(name: string, expected: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isOurs(cause)) throw cause;
    throw unreadable(name, expected, cause);
  }
}

/** The error of a value whose own getters or traps throw `cause`. */
export function unreadable(name: string, expected: string, cause: unknown): PaliGemmaError {
  const found = showThrown(cause);
  return makeError('ERR_OPTION_TYPE', `${name} cannot be read: ${found}, expected ${expected}`, {
    name: name.replace(/^option /, ''),
    found,
    expected,
    cause,
  });
}

function isOurs(error: unknown): boolean {
  try {
    return error instanceof PaliGemmaError;
  } catch {
    return false; // a Proxy that throws when it is asked for its prototype
  }
}
