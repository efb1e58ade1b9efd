/** CSV (RFC 4180) whose first line names the columns; separated by commas, semicolons or tabs. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { makeError } from '../errors.js';
import { oneLine, showPath } from '../options/show.js';
import { badRow, unreadable } from './faults.js';
import { type Fields, rowOf } from './record.js';
import type { Place, Row, RowSource } from './rows.js';

interface Parsed {
  readonly record: Fields;
  /** `lines`: of the file, up to the end of the record. */
  readonly info: { readonly lines: number };
}

/** Reads a record at a time. Quotes that do not match end the reading, as where the next record begins is not known. */
export function csvSource(file: string, split: string | undefined): RowSource {
  return {
    file,
    split,
    async *rows({ onBadRow, signal }) {
      try {
        for await (const { record, info } of records(file)) {
          signal?.throwIfAborted();
          let row: Row | undefined;
          try {
            row = rowOf(given(record), placeOf(file, record, info.lines), split);
          } catch (error) {
            if (onBadRow === undefined) throw error;
            onBadRow(error as Error);
          }
          if (row !== undefined) yield row;
        }
      } catch (error) {
        const bad = badFile(file, error);
        if (onBadRow === undefined || bad === undefined) throw bad ?? error;
        onBadRow(bad);
      }
    },
  };
}

async function* records(file: string): AsyncGenerator<Parsed, void> {
  const chunks = decoded(file)[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const parser = parse({
    columns: true,
    info: true,
    skip_empty_lines: true,
    delimiter: delimiterOf(first.value),
  });
  async function* all(): AsyncGenerator<string, void> {
    yield first.value as string;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  const source = Readable.from(all());
  source.on('error', (error) => parser.destroy(error));
  try {
    yield* source.pipe(parser) as AsyncIterable<Parsed>;
  } finally {
    source.destroy();
  }
}

/**
 * Text of a file in UTF-8, without a byte order mark. All line breaks are line feeds: csv-parse counts CR LF inside of
 * quotes as two lines, and a prompt needs no carriage return.
 */
async function* decoded(file: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // A CR at the end of a chunk, whose LF may come with the next.
  let held = '';
  for await (const chunk of createReadStream(file)) {
    const text = held + decoder.decode(chunk as Buffer, { stream: true });
    held = text.endsWith('\r') ? '\r' : '';
    yield (held === '' ? text : text.slice(0, -1)).replace(/\r\n?/g, '\n');
  }
  yield held.replace('\r', '\n') + decoder.decode();
}

/** What separates the names of the columns. */
function delimiterOf(start: string): string {
  const [head = ''] = start.split('\n', 1);
  return [',', ';', '\t'].find((delimiter) => head.includes(delimiter)) ?? ',';
}

/** An empty cell of a column that the row does not use says nothing, but in `suffix` that there is nothing to find. */
function given(record: Fields): Fields {
  return Object.fromEntries(
    Object.entries(record).filter(([name, value]) => value !== '' || name === 'suffix'),
  );
}

function placeOf(file: string, record: Fields, end: number): Place {
  const breaks = Object.values(record).join('').match(/\n/g)?.length ?? 0;
  return { file, line: end - breaks };
}

/** What is wrong with the whole file; undefined for errors of another kind. */
function badFile(file: string, error: unknown): Error | undefined {
  if (error instanceof CsvError) {
    const { lines } = error as CsvError & { readonly lines?: number };
    const place = { file, ...(lines !== undefined && { line: lines }) };
    return badRow(place, 'the row', oneLine(error.message), 'CSV as of RFC 4180', error);
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) return unreadable(file, error);
  if (code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') return undefined;
  return makeError('ERR_DATASET', `${showPath(file)} is not UTF-8, expected UTF-8 text`, {
    name: file,
    found: 'bytes that are not UTF-8',
    expected: 'UTF-8 text',
    hint: 'save it as "CSV UTF-8"',
    cause: error,
  });
}
