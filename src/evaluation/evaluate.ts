/**
 * A run over a data set, in a folder: `run.json` says what was judged, `rows.jsonl` has a line for each row as soon as it
 * is answered, `summary.json` the figures, which `report.md` and `junit.xml` repeat.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../datasets/open.js';
import { makeError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { showPath } from '../options/show.js';
import { outputError } from '../output-error.js';
import { Journal, type JournalOptions } from '../runs/journal.js';
import { linesOf } from '../runs/lines.js';
import { pool } from '../runs/pool.js';
import { errorJson } from '../wire/errors.js';
import { jsonText } from '../wire/json.js';
import { type Answerer, chunksOf } from './answering.js';
import { junitXml } from './junit.js';
import { markdownReport } from './markdown.js';
import type { TextMetric } from './metrics/metric.js';
import { type EvaluatedRow, type Question, questionsOf } from './rows.js';
import { type Limit, type Summary, summarise } from './summary.js';

export interface Evaluation {
  readonly dataset: Dataset;
  readonly task: EvaluatedTask;
  readonly metrics: readonly TextMetric[];
  readonly limits: readonly Limit[];
  readonly answerer: Answerer;
  /** What answers: the model's or the file's name, and digits that tell it from others. */
  readonly answeredBy: { readonly model: string; readonly fingerprint: string };
  /** Options that change answers. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly limit: number | undefined;
  readonly folder: string;
  readonly resume: boolean;
  readonly words: JournalOptions<EvaluatedRow>['words'];
  readonly signal: AbortSignal;
  readonly onRow: (done: number, failed: number, before: number) => void;
}

/** Asks what is not answered yet, and sums up. Rejects with the signal's reason when it is aborted; what is done stays. */
export async function evaluate(evaluation: Evaluation): Promise<Summary> {
  const { dataset, task, folder, resume, words, answeredBy, settings, metrics } = evaluation;
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw outputError(folder, 'open', cause);
  });
  const data = await digestOf(dataset);
  const file = path.join(folder, 'rows.jsonl');
  const journal = await Journal.open<EvaluatedRow>(
    file,
    { ...answeredBy, task, data, ...settings },
    { resume, words, firstField: 'id', keyOf: ({ id }) => id },
  );
  try {
    // Before the first row, so that a run that is cut off says what it is.
    await write(folder, 'run.json', {
      ...{ ...answeredBy, task, dataset: dataset.path, format: dataset.format, data, ...settings },
      metrics: metrics.map(({ id }) => id),
    });
    await answerAll(evaluation, journal);
  } finally {
    await journal.close();
  }
  const { limits, signal } = evaluation;
  const rows = await rowsIn(file);
  const summary = await summarise(rows, metrics, limits, signal);
  const title = `${task} of ${path.basename(dataset.path)} by ${answeredBy.model}`;
  await write(folder, 'summary.json', summary);
  await write(folder, 'report.md', markdownReport(title, summary));
  await write(folder, 'junit.xml', junitXml(title, summary, rows));
  return summary;
}

async function answerAll(evaluation: Evaluation, journal: Journal<EvaluatedRow>): Promise<void> {
  const { dataset, limit, signal, answerer, onRow } = evaluation;
  let [done, failed, before] = [0, 0, 0];
  async function* left(): AsyncGenerator<Question, void> {
    for await (const question of questionsOf(dataset, { limit, signal })) {
      if (!journal.skip(question.id)) yield question;
      else onRow(++done, failed, ++before);
    }
  }
  const answer = (question: Question): Promise<EvaluatedRow> =>
    answerOne(answerer, question, signal);
  // One at a time: the seconds of a row are its own.
  for await (const row of pool(left(), { atOnce: 1, order: 'items' }, answer)) {
    signal.throwIfAborted();
    await journal.add(row);
    if (row.error !== undefined) failed++;
    onRow(++done, failed, before);
  }
  signal.throwIfAborted();
}

async function answerOne(
  answerer: Answerer,
  question: Question,
  signal: AbortSignal,
): Promise<EvaluatedRow> {
  const { request: _, id, ...rest } = question;
  try {
    const given = await answerer(question, signal);
    return { id, ...rest, ...given };
  } catch (error) {
    return { id, ...rest, error: errorJson(error, 'cli') };
  }
}

/** The last line of each row. What a kill has left of a line is no row. Throws ERR_DATASET for a file of something else. */
export async function rowsIn(file: string): Promise<EvaluatedRow[]> {
  const rows = new Map<string, EvaluatedRow>();
  let number = 0;
  for await (const { bytes, ended } of linesOf(chunksOf(file))) {
    number++;
    if (!ended) break;
    const row = rowOf(bytes);
    if (row === undefined) {
      const place = `${showPath(file)}:${number}`;
      throw makeError('ERR_DATASET', `${place} is no row of an evaluation`, {
        ...{ name: place, found: 'something else', expected: 'a line with id, index and truths' },
      });
    }
    rows.set(row.id, row);
  }
  return [...rows.values()];
}

function rowOf(bytes: Buffer): EvaluatedRow | undefined {
  try {
    const row = JSON.parse(bytes.toString('utf8')) as Partial<EvaluatedRow> | null;
    const isRow = typeof row?.id === 'string' && Number.isInteger(row.index) && row.truths?.length;
    return isRow ? (row as EvaluatedRow) : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 over the files of rows, whatever they are called. Pictures are not read. */
async function digestOf({ sources }: Dataset): Promise<string> {
  const hash = createHash('sha256');
  for (const { file } of sources) hash.update(await readFile(file));
  return hash.digest('hex');
}

async function write(folder: string, name: string, content: object | string): Promise<void> {
  const file = path.join(folder, name);
  const text = typeof content === 'string' ? content : `${jsonText(content, 2)}\n`;
  await writeFile(file, text).catch((cause: unknown) => {
    throw outputError(file, 'write', cause);
  });
}
