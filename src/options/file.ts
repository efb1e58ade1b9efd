/** Files as callers name them outside of options: a path or a `file:` URL. */
import { fileURLToPath } from 'node:url';
import { makeError } from '../errors.js';
import { showThrown, showValue } from './show.js';

/** The path of `file`. ERR_OPTION_TYPE says that `name` is this or that, expected the path of `what`. */
export function filePath(name: string, file: unknown, what: string): string {
  let path = file;
  let found = showValue(file);
  let cause: unknown;
  if (file instanceof URL) {
    try {
      path = fileURLToPath(file);
      found = showValue(path);
    } catch (error) {
      // Only the scheme is named: addresses hold secrets.
      found = `a ${file.protocol} URL (${showThrown(error)})`;
      cause = error;
    }
  }
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path;
  throw makeError('ERR_OPTION_TYPE', `${name} is ${found}, expected the path of ${what}`, {
    name,
    found,
    expected: 'a path or a file: URL',
    cause,
  });
}
