/**
 * A run over a data set, in a folder: `run.json` says what was judged, `rows.jsonl` has a line for each row as soon as it
 * is answered, `summary.json` the figures, which `report.html`, `report.md` and `junit.xml` show.
 */
import os from 'node:os';
import path from 'node:path';
import type { Dataset } from '../datasets/open.js';
import { makeError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { showPath } from '../options/show.js';
import { packageVersion } from '../package-version.js';
import { Journal, type JournalOptions } from '../runs/journal.js';
import { pool } from '../runs/pool.js';
import { checkRunFolder, openRunFolder, writeRunFile } from '../runs/run-folder.js';
import { storedRows } from '../runs/stored-rows.js';
import { errorJson } from '../wire/errors.js';
import type { Answerer } from './answering.js';
import { partsOf } from './judge.js';
import { junitXml } from './junit.js';
import type { Limit } from './limits.js';
import { markdownReport } from './markdown.js';
import type { Metric } from './metrics/registry.js';
import { checkPhrasings, inTruthsWords, withPhrasing } from './phrasings.js';
import { chunksOf } from './predictions.js';
import { type Chosen, chooseRows, questionsOf } from './questions.js';
import { htmlReport } from './report/run-report.js';
import { type EvaluatedRow, isAnswered, type Question } from './rows.js';
import { type Summary, type SummaryOptions, summarise } from './summary.js';
import type { MaskDecoder } from './text-truths.js';

export interface Evaluation extends SummaryOptions {
  readonly dataset: Dataset;
  readonly task: EvaluatedTask;
  readonly metrics: readonly Metric[];
  readonly limits: readonly Limit[];
  /** Each row is asked with each of these instead of its own prompt. Empty: with its own. */
  readonly phrasings: readonly string[];
  readonly answerer: Answerer;
  /** For right answers whose masks are seg tokens. Left out, there may be none of them. */
  readonly decodeMasks?: MaskDecoder | undefined;
  /** What answers: the model's or the file's name, and digits that tell it from others. */
  readonly answeredBy: { readonly model: string; readonly fingerprint: string };
  /** Options that change answers. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly limit: number | undefined;
  /** The part of the data set. Default: all of it. */
  readonly split?: string | undefined;
  /** Draws the rows where there is a limit. Default: the first ones. */
  readonly seed?: number | undefined;
  /** Questions that are asked at once. With more than one, rows have no `seconds`: they would not be their own. */
  readonly concurrency: number;
  readonly folder: string;
  readonly resume: boolean;
  readonly words: JournalOptions<EvaluatedRow>['words'];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly done: number;
  readonly failed: number;
  /** Of `done`, those of an earlier run. */
  readonly before: number;
  readonly total: number;
  /** The headline figure of the rows of this run, where it is made of rows one by one. */
  readonly soFar: number | undefined;
}

/** Asks what is not answered yet, and sums up. Rejects with the signal's reason when it is aborted; what is done stays. */
export async function evaluate(evaluation: Evaluation): Promise<Summary> {
  const { dataset, task, folder, resume, words, answeredBy, metrics, signal } = evaluation;
  const { phrasings, benchmark, limit, seed, split } = evaluation;
  await checkRunFolder(folder, 'eval');
  // A row that cannot be read fails here, before anything is written.
  const chosen = await chooseRows(dataset, { limit, seed, split, signal });
  if (chosen.count === 0) throw noRows(dataset, split);
  checkPhrasings(phrasings, chosen.names);
  await openRunFolder(folder, 'eval');
  const data = await dataset.digest();
  const settings = {
    ...evaluation.settings,
    // As they were before there were these, so that runs of then can be continued.
    ...(phrasings.length > 0 && { prompts: phrasings }),
    ...(seed !== undefined && { seed }),
    ...(split !== undefined && { split }),
  };
  const file = path.join(folder, 'rows.jsonl');
  const journal = await Journal.open<EvaluatedRow>(
    file,
    { ...answeredBy, task, data, ...settings },
    { resume, words, firstField: 'id', keyOf: keyOfRow },
  );
  const run = {
    ...{ ...answeredBy, task, dataset: dataset.path, format: dataset.format, data, ...settings },
    metrics: metrics.map(({ id }) => id),
    rows: chosen.count,
    ...(benchmark !== undefined && { benchmark }),
    ...{
      version: packageVersion(),
      node: process.version,
      machine: machineName(),
      started: new Date(),
    },
    // After the settings, which may have any names.
    kind: 'eval',
  };
  try {
    // Before the first row, so that a run that is cut off says what it is.
    await writeRunFile(folder, 'run.json', run);
    await answerAll(evaluation, journal, chosen);
  } finally {
    await journal.close();
  }
  await writeRunFile(folder, 'run.json', { ...run, ended: new Date() });
  return sumUp(folder, run, { ...evaluation, expected: chosen.count });
}

function noRows({ path: name }: Dataset, split: string | undefined): Error {
  const expected = 'at least one row';
  const which = split === undefined ? '' : ` of the split ${split}`;
  const message = `${showPath(name)} has no rows${which}, expected ${expected}`;
  return makeError('ERR_DATASET', message, { name, found: 'no rows', expected });
}

const machineName = (): string =>
  `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} threads, ${os.platform()}`;

const titleOf = (run: {
  readonly task: string;
  readonly dataset: string;
  readonly model: string;
}): string => `${run.task} of ${path.basename(run.dataset)} by ${run.model}`;

/** Figures and reports of the rows of a folder, of whatever system. `run`: as `run.json` has it. */
export async function sumUp(
  folder: string,
  run: Readonly<Record<string, unknown>> & Parameters<typeof titleOf>[0],
  options: SummaryOptions & Pick<Evaluation, 'metrics' | 'limits'>,
): Promise<Summary> {
  const rows = await rowsIn(path.join(folder, 'rows.jsonl'));
  const summary = await summarise(rows, options.metrics, options.limits, options);
  const title = titleOf(run);
  await writeRunFile(folder, 'summary.json', summary);
  await writeRunFile(folder, 'report.md', markdownReport(title, summary));
  await writeRunFile(folder, 'junit.xml', junitXml(title, summary, rows));
  const { signal } = options;
  const page = { title, run, summary, rows, folder, ...(signal && { signal }) };
  await writeRunFile(folder, 'report.html', await htmlReport(page));
  return summary;
}

interface Asked {
  readonly question: Question;
  readonly phrasing: string | undefined;
}

async function answerAll(
  evaluation: Evaluation,
  journal: Journal<EvaluatedRow>,
  chosen: Chosen,
): Promise<void> {
  const { dataset, task, signal, onProgress, phrasings, concurrency, decodeMasks } = evaluation;
  const total = chosen.count * Math.max(1, phrasings.length);
  const tally = new Tally(evaluation.metrics[0], total, onProgress);
  async function* left(): AsyncGenerator<Asked, void> {
    for await (const question of questionsOf(dataset, task, { chosen, signal, decodeMasks })) {
      for (const phrasing of phrasings.length > 0 ? phrasings : [undefined]) {
        if (!journal.skip(keyOfRow({ id: question.id, phrasing }))) yield { question, phrasing };
        else tally.skip();
      }
    }
  }
  const work = (asked: Asked): Promise<EvaluatedRow> => answerOne(evaluation, asked);
  for await (const row of pool(left(), { atOnce: concurrency, order: 'items' }, work)) {
    signal.throwIfAborted();
    await journal.add(row);
    tally.add(row);
  }
  signal.throwIfAborted();
}

const keyOfRow = ({ id, phrasing }: Pick<EvaluatedRow, 'id' | 'phrasing'>): string =>
  phrasing === undefined ? id : `${id}\n${phrasing}`;

/** What the progress bar shows. */
class Tally {
  #done = 0;
  #failed = 0;
  #before = 0;
  #sums: number[] = [];

  constructor(
    private readonly metric: Metric | undefined,
    private readonly total: number,
    private readonly onProgress: Evaluation['onProgress'],
  ) {}

  skip(): void {
    this.#before++;
    this.#done++;
    this.#report();
  }

  add(row: EvaluatedRow): void {
    this.#done++;
    if (!isAnswered(row)) this.#failed++;
    else if (this.metric && 'row' in this.metric) {
      for (const [i, part] of partsOf(this.metric, row).entries()) {
        this.#sums[i] = (this.#sums[i] ?? 0) + part;
      }
    }
    this.#report();
  }

  #report(): void {
    const [done, failed, before] = [this.#done, this.#failed, this.#before];
    const soFar =
      this.metric && 'row' in this.metric && this.#sums.length > 0
        ? this.metric.figure(this.#sums, done - before - failed)
        : undefined;
    this.onProgress({ done, failed, before, total: this.total, soFar });
  }
}

async function answerOne(
  { answerer, signal, concurrency, phrasings, folder, metrics }: Evaluation,
  { question, phrasing }: Asked,
): Promise<EvaluatedRow> {
  const { request: _, id, index, truth, fields, split, fault } = question;
  // From the folder of the run, so that both can be moved together.
  const image = path.relative(folder, question.image);
  const row = {
    ...{ id, index, image },
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(split !== undefined && { split }),
    ...(phrasing !== undefined && { phrasing }),
    ...truth,
  };
  try {
    if (fault !== undefined) throw fault;
    const asked = phrasing === undefined ? question : withPhrasing(question, phrasing);
    const { seconds, ...said } = await answerer(asked, signal);
    const given = phrasing === undefined ? said : inTruthsWords(said, truth);
    // Of several phrasings, the first alone prepares the picture.
    const isOwn = concurrency === 1 && phrasings.length === 0;
    const answered = { ...row, ...given, ...(isOwn && seconds !== undefined && { seconds }) };
    return { ...answered, ...valuesOf(answered, metrics) };
  } catch (error) {
    return { ...row, error: errorJson(error, 'cli') };
  }
}

/** Of the metrics that have a figure of a single row. */
function valuesOf(
  row: EvaluatedRow,
  metrics: readonly Metric[],
): Pick<EvaluatedRow, 'values'> | undefined {
  const values = metrics.flatMap((metric) => {
    const value = 'row' in metric ? metric.figure(partsOf(metric, row), 1) : Number.NaN;
    return Number.isFinite(value) ? [[metric.id, value] as const] : [];
  });
  return values.length === 0 ? undefined : { values: Object.fromEntries(values) };
}

/** The last line of each row. Throws ERR_DATASET for a file of something else. */
export const rowsIn = (file: string): Promise<EvaluatedRow[]> =>
  storedRows<EvaluatedRow>(chunksOf(file), {
    ...{ name: showPath(file), what: 'row of an evaluation', keyOf: keyOfRow },
    expected: 'a line with id, index and what is right',
    isRow: ({ id, index, answer = '', truths, objects, reference, ...rest }) =>
      typeof id === 'string' &&
      Number.isInteger(index) &&
      typeof answer === 'string' &&
      Boolean(truths?.length || objects || reference || 'document' in rest),
  });
