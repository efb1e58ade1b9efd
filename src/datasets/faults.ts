/** Errors of data sets: ERR_DATASET with the file and the line or entry. */
import { makeError } from '../errors.js';
import { fileFault } from '../options/file-fault.js';
import { oneLine, showPath, showValue } from '../options/show.js';
import { type Place, placeText } from './rows.js';

/** ERR_DATASET: `train.jsonl:12: suffix is missing, expected text`. */
export function badRow(
  place: Place,
  subject: string,
  found: string,
  expected: string,
  cause?: unknown,
): Error {
  const name = oneLine(placeText(place));
  return makeError('ERR_DATASET', `${name}: ${subject} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
    cause,
  });
}

/** ERR_DATASET for a file or folder that cannot be read. */
export function unreadable(file: string, cause: unknown): Error {
  const name = showPath(file);
  const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const found = gone ? 'nothing' : fileFault(cause);
  return makeError(
    'ERR_DATASET',
    `${name} ${gone ? 'does not exist' : `cannot be read: ${found}`}`,
    {
      name,
      found,
      expected: 'a file or folder that can be read',
      cause,
    },
  );
}

/** `missing`, or the value as messages show it. */
export function shownOr(value: unknown): string {
  return value === undefined ? 'missing' : showValue(value);
}
