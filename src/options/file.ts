/** Files as callers name them outside of options: a path or a `file:` URL. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { type ErrorFacts, fromNative, makeError, PaliGemmaError, toNative } from '../errors.js';
import { isLongPath, showPath, showThrown, showValue } from './show.js';

/** Where a relative path was looked for, as a hint; undefined for an absolute one, which says so itself. */
export function placeOf(file: string): string | undefined {
  if (path.isAbsolute(file)) return undefined;
  try {
    const folder = process.cwd();
    return `looked for ${showPath(path.resolve(file))}, as the working directory is ${showPath(folder)}`;
  } catch {
    // The working directory was deleted.
    return undefined;
  }
}

/** `error` with those of `paths` shortened that are too long to be read in it. */
export function withShortPaths(error: unknown, paths: readonly string[]): unknown {
  const long = paths.filter(isLongPath);
  if (long.length === 0 || !(error instanceof PaliGemmaError)) return error;
  const shortened = (text: string): string =>
    long.reduce((all, file) => all.replaceAll(file, showPath(file)), text);
  const facts = Object.entries(toNative(error)).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? shortened(value) : value,
  ]);
  const short = fromNative(Object.fromEntries(facts));
  const { cause } = error;
  return cause === undefined ? short : Object.assign(short, { cause });
}

/** The path of `file`. ERR_OPTION_TYPE says that `name` is this or that, expected the path of `what`. */
export function filePath(
  name: string,
  file: unknown,
  what: string,
  help: Pick<ErrorFacts, 'remedy'> = {},
): string {
  let named = file;
  let found = showValue(file);
  let cause: unknown;
  if (!types.isProxy(file) && file instanceof URL) {
    try {
      named = fileURLToPath(file);
      found = showValue(named);
    } catch (error) {
      // Only the scheme is named: addresses hold secrets.
      found = `a ${file.protocol} URL (${showThrown(error)})`;
      cause = error;
    }
  }
  if (typeof named === 'string' && named !== '' && !named.includes('\0')) return named;
  throw makeError('ERR_OPTION_TYPE', `${name} is ${found}, expected the path of ${what}`, {
    name,
    found,
    expected: 'a path or a file: URL',
    ...help,
    cause,
  });
}
