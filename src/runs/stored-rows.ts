/** What a journal has written, read by another program. */
import { isUtf8 } from 'node:buffer';
import { makeError } from '../errors.js';
import { linesOf } from './lines.js';

export interface StoredRows<R> {
  /** The file, as messages show it. */
  readonly name: string;
  /** What a row is called: `row of an evaluation`. */
  readonly what: string;
  /** What a row has. */
  readonly expected: string;
  readonly isRow: (row: Partial<R>) => boolean;
  /** Of rows with the same key, the last one counts. */
  readonly keyOf: (row: R) => string;
}

/** What a kill has left of a line is no row. Throws ERR_DATASET for a line of something else. */
export async function storedRows<R>(
  chunks: AsyncIterable<Uint8Array>,
  { name, what, expected, isRow, keyOf }: StoredRows<R>,
): Promise<R[]> {
  const rows = new Map<string, R>();
  let number = 0;
  for await (const { bytes, ended } of linesOf(chunks)) {
    number++;
    if (!ended) break;
    const row = objectOf<R>(bytes);
    if (row === undefined || !isRow(row)) {
      const place = `${name}:${number}`;
      throw makeError('ERR_DATASET', `${place} is no ${what}`, {
        ...{ name: place, found: 'something else', expected },
      });
    }
    rows.set(keyOf(row as R), row as R);
  }
  return [...rows.values()];
}

function objectOf<R>(bytes: Buffer): Partial<R> | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
