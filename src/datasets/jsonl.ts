/** JSON lines, as big_vision and Roboflow write them for PaliGemma: `{ image, prefix, suffix }`; what else is in record.ts. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { linesOf } from '../runs/lines.js';
import { badRow, shownOr, unreadable } from './faults.js';
import { type Fields, rowOf } from './record.js';
import type { Place, Row, RowSource } from './rows.js';

/** Reads a line at a time. Empty lines are nothing. */
export function jsonlSource(file: string, split: string | undefined): RowSource {
  return {
    file,
    split,
    async *rows({ onBadRow, signal }) {
      let line = 0;
      try {
        for await (const { bytes } of linesOf(createReadStream(file))) {
          signal?.throwIfAborted();
          line++;
          let row: Row | undefined;
          try {
            row = read(bytes, { file, line }, split);
          } catch (error) {
            if (onBadRow === undefined) throw error;
            onBadRow(error as Error);
          }
          if (row !== undefined) yield row;
        }
      } catch (error) {
        throw (error as NodeJS.ErrnoException).syscall ? unreadable(file, error) : error;
      }
    },
  };
}

function read(bytes: Buffer, place: Place, split: string | undefined): Row | undefined {
  if (!isUtf8(bytes)) throw badRow(place, 'the line', 'not UTF-8', 'UTF-8 text');
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badRow(place, 'the line', 'no JSON', 'a JSON object', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRow(place, 'the line', shownOr(value), 'a JSON object');
  }
  return rowOf(value as Fields, place, split);
}
