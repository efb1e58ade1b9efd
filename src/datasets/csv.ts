/**
 * CSV (RFC 4180) whose first line names the columns; separated by commas, semicolons or tabs. What the columns mean is in
 * record.ts.
 */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { PaliGemmaError } from '../errors.js';
import { oneLine } from '../options/show.js';
import { badRow, unreadable } from './faults.js';
import type { Item, RecordFile } from './records.js';
import type { Place } from './rows.js';
import { checkStart, notText } from './texts.js';
import type { Fields } from './values.js';

interface Parsed {
  readonly record: Fields;
  /** `lines`: of the file, up to the end of the record. */
  readonly info: { readonly lines: number };
}

/** Roboflow's export for classification: a column for each class, with 1 or 0. */
const CLASSES = /^_classes\.csv$/i;

/** Reads a record at a time. Quotes that do not match end the reading, as where the next record begins is not known. */
export function csvRecords(file: string, split: string | undefined): RecordFile {
  const isClasses = CLASSES.test(path.basename(file));
  return {
    ...{ file, split, content: () => createReadStream(file) },
    async *items() {
      // Of the last record that ended.
      let lines = 1;
      try {
        for await (const { record, info } of records(file)) {
          lines = info.lines;
          const place = placeOf(file, record, info.lines);
          yield isClasses ? classOf(record, place) : { place, fields: given(record) };
        }
      } catch (error) {
        yield { error: badFile(file, error, lines) };
      }
    },
  };
}

/** As the record of a picture and its one label. */
function classOf(record: Fields, place: Place): Item {
  const { filename: image, ...flags } = record;
  const labels = Object.keys(flags);
  const own = labels.filter((label) => String(flags[label]).trim() === '1');
  const [label] = own;
  if (own.length === 1) return { place, fields: { image, label, labels } };
  const found = own.length === 0 ? 'without a class' : `of ${own.join(', ')}`;
  return { error: badRow(place, 'the picture', found, 'one column with 1') };
}

async function* records(file: string): AsyncGenerator<Parsed, void> {
  const chunks = decoded(file)[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const parser = parse({
    columns: (names: string[]) => columnsOf(names, file),
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

/** Names without the blanks that people write after commas. */
function columnsOf(given: readonly string[], file: string): string[] {
  const names = given.map((name) => name.trim());
  const again = names.find((name, i) => name !== '' && names.indexOf(name) < i);
  if (again === undefined) return names;
  throw badRow({ file, line: 1 }, `column ${again}`, 'there twice', 'each name once');
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
    checkStart(chunk as Buffer, file);
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

/** What is wrong with the text of the file. Throws all other errors. */
function badFile(file: string, error: unknown, before: number): Error {
  if (error instanceof CsvError) {
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
      const place = { file, line: before + 1 };
      return badRow(place, 'the row', 'open at the end', 'a quote that closes it', error);
    }
    const { lines, record } = error as CsvError & {
      readonly lines?: number;
      readonly record?: readonly unknown[];
    };
    const place = { file, ...(lines !== undefined && { line: lines }) };
    if (error.code.startsWith('CSV_RECORD_INCONSISTENT') && Array.isArray(record)) {
      const found = record.length === 1 ? 'one value' : `${record.length} values`;
      return badRow(place, 'the row', found, 'one for each name in the first line', error);
    }
    return badRow(place, 'the row', oneLine(error.message), 'CSV as of RFC 4180', error);
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) throw unreadable(file, error);
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return notText(file, 'not UTF-8', error);
  if (error instanceof PaliGemmaError) return error;
  throw error;
}
