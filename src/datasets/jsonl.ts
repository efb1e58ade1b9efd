/** JSON lines, as big_vision and Roboflow write them for PaliGemma: `{ image, prefix, suffix }`; what else is in record.ts. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { PaliGemmaError } from '../errors.js';
import { linesOf } from '../runs/lines.js';
import { badRow, shownOr, unreadable } from './faults.js';
import type { Item, RecordFile } from './records.js';
import type { Place } from './rows.js';
import { checkStart, noJson } from './texts.js';
import type { Fields } from './values.js';

/** Reads a line at a time. Empty lines are nothing. */
export function jsonlRecords(file: string, split: string | undefined): RecordFile {
  return {
    ...{ file, split, content: () => createReadStream(file) },
    async *items() {
      let line = 0;
      try {
        for await (const { bytes } of linesOf(createReadStream(file))) {
          if (++line === 1) checkStart(bytes, file);
          const item = itemOf(bytes, { file, line });
          if (item !== undefined) yield item;
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall) throw unreadable(file, error);
        if (!(error instanceof PaliGemmaError)) throw error;
        yield { error };
      }
    },
  };
}

function itemOf(bytes: Buffer, place: Place): Item | undefined {
  if (!isUtf8(bytes)) return { error: badRow(place, 'the line', 'not UTF-8', 'UTF-8 text') };
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { error: badRow(place, 'the line', noJson(text), 'a JSON object', cause) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { error: badRow(place, 'the line', shownOr(value), 'a JSON object') };
  }
  return { place, fields: value as Fields, source: text };
}
