/** Text files of unknown origin: what is not UTF-8 is refused, with what it seems to be. */
import { isUtf8 } from 'node:buffer';
import { makeError } from '../errors.js';
import { showPath } from '../options/show.js';

/** ERR_DATASET. `found`: what the file is in place of UTF-8 text. */
export function notText(file: string, found: string, cause?: unknown): Error {
  const name = showPath(file);
  return makeError('ERR_DATASET', `${name} is ${found}, expected UTF-8 text`, {
    ...{ name: file, found, expected: 'UTF-8 text', hint: 'save it as UTF-8', cause },
  });
}

/** Throws for the first bytes of a file in another encoding than UTF-8. */
export function checkStart(start: Uint8Array, file: string): void {
  const [first, second] = start;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Half of the bytes of plain text in UTF-16 without a mark.
  if (isMarked || start.includes(0)) throw notText(file, isMarked ? 'UTF-16' : 'UTF-16 or binary');
}

/** The text of a whole file, without a byte order mark. */
export function textOfFile(bytes: Buffer, file: string): string {
  checkStart(bytes.subarray(0, 4096), file);
  if (!isUtf8(bytes)) throw notText(file, 'not UTF-8');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** What a text is that JSON.parse refuses. Python writes numbers that no other reader of JSON takes. */
export function noJson(text: string): string {
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const [number] = /(?<=[[:,]\s*)(?:NaN|-?Infinity)(?=\s*[\],}])/.exec(outside) ?? [];
  return number === undefined ? 'no JSON' : `no JSON, which has no ${number}`;
}
