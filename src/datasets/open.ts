/** What a path is: which files of rows it has, in which format, for which split. Rows are not read here. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../errors.js';
import { oneLine, showPath, showThrown } from '../options/show.js';
import { classFolderSources } from './class-folders.js';
import { cocoSource, isCoco } from './coco.js';
import { csvRecords } from './csv.js';
import { unreadable } from './faults.js';
import { jsonlRecords } from './jsonl.js';
import { parquetRecords } from './parquet.js';
import { withPicturesIn } from './pictures.js';
import { Labels, type RecordFile, recordSource } from './records.js';
import type { DatasetFormat, Row, RowSource, RowsOptions } from './rows.js';
import { textOfFile } from './texts.js';
import type { Fields } from './values.js';
import { type Document, isAnswers, isQuestions, vqaSource } from './vqa.js';

export interface Dataset {
  readonly path: string;
  readonly format: DatasetFormat;
  readonly sources: readonly RowSource[];
  /** All rows, file for file. */
  rows(options?: RowsOptions): AsyncGenerator<Row, void>;
  /** SHA-256 of all that the rows depend on, whatever the files are called. Pictures in files of their own are not read. */
  digest(): Promise<string>;
}

export interface OpenOptions {
  /** Where pictures are written that files of rows hold, when their rows come. Left out, rows have their bytes. */
  readonly pictures?: string | undefined;
}

type Records = (file: string, split: string | undefined) => RecordFile;

/** Files of records, by extension. */
const RECORDS: Readonly<Record<string, { format: DatasetFormat; read: Records }>> = {
  '.jsonl': { format: 'jsonl', read: jsonlRecords },
  '.csv': { format: 'csv', read: csvRecords },
  '.parquet': { format: 'parquet', read: parquetRecords },
};
const ROWS = /^[^.].*\.(jsonl|csv|parquet|json)$/i;
/** Folders of a data set that may hold files of rows. Deeper ones hold pictures. */
const INNER = /^(data|dataset|annotations|train|training|val|valid|validation|test)$/i;
/** Longer documents are no text that Node can hold. */
const MOST_BYTES = 500_000_000;

/**
 * Opens a data set: a file, or a folder with files of rows in it, in `annotations`, `data`, `dataset` or in folders named
 * after splits; a folder without any may have folders of pictures by class.
 *
 * @throws ERR_DATASET for a path without rows, one with rows in several formats, and JSON that is no data set
 */
export async function openDataset(file: string, options: OpenOptions = {}): Promise<Dataset> {
  const there = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  const isFolder = there.isDirectory();
  const found = isFolder ? await candidates(file) : [file];
  const sources: { readonly format: DatasetFormat; readonly source: RowSource }[] = [];
  const documents: Document[] = [];
  const labels = new Labels();
  for (const name of found) {
    const split = splitOf(path.relative(isFolder ? file : path.dirname(file), name));
    const kind = RECORDS[path.extname(name).toLowerCase()];
    if (kind !== undefined) {
      const records = kind.read(name, split);
      labels.add(records);
      sources.push({ format: kind.format, source: recordSource(records, labels) });
    } else {
      const document = await readDocument(name, isFolder);
      if (document === undefined) continue;
      documents.push({ file: name, document });
      if (isCoco(document)) {
        sources.push({ format: 'coco', source: cocoSource(name, split, document) });
      }
    }
  }
  const questions = documents.filter(({ document }) => isQuestions(document));
  for (const one of questions) {
    const split = splitOf(path.relative(isFolder ? file : path.dirname(file), one.file));
    const answers = await answersTo(one, documents);
    sources.push({ format: 'vqa', source: vqaSource(one, answers, split) });
  }
  if (sources.length === 0 && isFolder) {
    const classes = await classFolderSources(file, splitOf);
    sources.push(...classes.map((source) => ({ format: 'folders' as const, source })));
  }
  return datasetOf(file, sources, options);
}

function datasetOf(
  file: string,
  found: readonly { readonly format: DatasetFormat; readonly source: RowSource }[],
  { pictures }: OpenOptions,
): Dataset {
  const formats = [...new Set(found.map(({ format }) => format))];
  const [format] = formats;
  const name = showPath(file);
  const expected =
    'JSON lines, CSV, Parquet, a COCO annotation file, VQA questions with their annotations, or a folder for each class';
  if (format === undefined) {
    throw makeError('ERR_DATASET', `${name} has no rows of a data set, expected ${expected}`, {
      name,
      found: 'no rows',
      expected,
    });
  }
  if (formats.length > 1) {
    throw makeError('ERR_DATASET', `${name} has rows in several formats: ${formats.join(', ')}`, {
      name,
      found: formats.join(', '),
      expected: 'one format',
      hint: `name one file: ${found.map(({ source }) => oneLine(source.file)).join(', ')}`,
    });
  }
  const sources = found.map(({ source }) => source);
  return {
    path: file,
    format,
    sources,
    async *rows(options = {}) {
      for (const source of sources) {
        const rows = source.rows(options);
        yield* pictures === undefined ? rows : withPicturesIn(pictures, rows);
      }
    },
    async digest() {
      const hash = createHash('sha256');
      for (const source of sources) {
        for await (const part of source.content()) hash.update(part);
      }
      return hash.digest('hex');
    },
  };
}

/** Files that may hold rows, sorted by name, those of the folder itself first. */
async function candidates(folder: string): Promise<string[]> {
  const files: string[] = [];
  const folders: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of entries) {
    if (name.startsWith('.')) continue;
    const inside = path.join(folder, name);
    // Links too.
    const there = await stat(inside).catch(() => undefined);
    if (there?.isDirectory()) folders.push(inside);
    else if (there?.isFile() && ROWS.test(name)) files.push(inside);
  }
  for (const inner of folders) {
    if (INNER.test(path.basename(inner))) files.push(...(await innerFiles(inner)));
  }
  return files;
}

async function innerFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  return names
    .filter((name) => ROWS.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

const SPLITS: readonly [split: string, pattern: RegExp][] = [
  ['train', /(^|[^a-z])(train|training)(?![a-z])/i],
  ['valid', /(^|[^a-z])(val|valid|validation)(?![a-z])/i],
  ['test', /(^|[^a-z])test(?![a-z])/i],
];

/** What the name of a file says, else that of its folder. */
function splitOf(relative: string): string | undefined {
  for (const name of [path.basename(relative), path.dirname(relative)]) {
    const split = SPLITS.find(([, pattern]) => pattern.test(name))?.[0];
    if (split !== undefined) return split;
  }
  return undefined;
}

/** A JSON object. Among other files of a folder, what is none is no data set. */
async function readDocument(file: string, isOptional: boolean): Promise<Fields | undefined> {
  const name = showPath(file);
  const wrong = (found: string, expected: string, cause?: unknown): Error =>
    makeError('ERR_DATASET', `${name} is ${found}, expected ${expected}`, {
      ...{ name, found, expected, cause },
    });
  const { size } = await stat(file);
  if (size > MOST_BYTES) throw wrong(`${size} bytes`, `at most ${MOST_BYTES} bytes`);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  let value: unknown;
  const text = textOfFile(bytes, file);
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(`no JSON (${showThrown(cause)})`, 'a COCO or VQA document', cause);
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const document = isObject ? (value as Fields) : {};
  if (isCoco(document) || isQuestions(document) || isAnswers(document)) return document;
  if (isOptional) return undefined;
  throw wrong('something else', 'a COCO or VQA document');
}

/** The annotations of the same part of the data, from `known` or from the folder of the questions. */
async function answersTo(questions: Document, known: readonly Document[]): Promise<Document> {
  const folder = path.dirname(questions.file);
  const all = [...known.filter(({ document }) => isAnswers(document))];
  if (all.length === 0) {
    for (const file of await innerFiles(folder)) {
      if (file === questions.file || !/annotations?.*\.json$/i.test(path.basename(file))) continue;
      const document = await readDocument(file, true);
      if (document !== undefined && isAnswers(document)) all.push({ file, document });
    }
  }
  const subtype = questions.document['data_subtype'];
  const same = all.filter(({ document }) => document['data_subtype'] === subtype);
  const [only] = same;
  if (only !== undefined && same.length === 1) return only;
  const name = oneLine(questions.file);
  const found = `${same.length} files of annotations for its questions (data_subtype ${JSON.stringify(subtype)})`;
  throw makeError('ERR_DATASET', `${name} has ${found}, expected one in the same folder`, {
    name,
    found,
    expected: 'one',
  });
}
