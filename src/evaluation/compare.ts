/** Two runs on the same rows, compared row by row, without asking anything again. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { unreadable } from '../datasets/faults.js';
import { textOfFile } from '../datasets/texts.js';
import { makeError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { showPath } from '../options/show.js';
import { drawsOf, SEED } from './draws.js';
import { rowsIn } from './evaluate.js';
import { judge } from './judge.js';
import type { Direction } from './metrics/metric.js';
import type { Metric } from './metrics/registry.js';
import { type EvaluatedRow, isAnswered } from './rows.js';
import { compareRuns, type Verdict } from './statistics/compare.js';
import { type Bounds, boundsOf } from './statistics/estimate.js';
import { groupsOf, type Statistic } from './statistics/statistic.js';
import { EVALUATED, metricsFor } from './tasks.js';

export interface StoredRun {
  readonly folder: string;
  readonly task: EvaluatedTask;
  /** The path of what was judged. */
  readonly dataset: string;
  /** Of what answered. */
  readonly model: string;
  /** SHA-256 of the files of rows. */
  readonly data: string;
  readonly metrics: readonly Metric[];
  readonly rows: readonly EvaluatedRow[];
  /** All that `run.json` has. */
  readonly run: Readonly<Record<string, unknown>>;
}

export interface MetricDifference {
  readonly id: string;
  readonly title: string;
  readonly better: Direction;
  readonly first: number | null;
  readonly second: number | null;
  /** Of the second run, minus that of the first. */
  readonly difference: Bounds;
  /** What the second is; "not shown" is not "equal". */
  readonly verdict: Verdict;
  readonly p: number | null;
  /** The smallest difference that these rows would show in four of five cases. */
  readonly smallest: number | null;
}

export interface RunComparison {
  readonly models: readonly [first: string, second: string];
  /** Rows that both have answered, which the figures are of. */
  readonly rows: number;
  /** Rows that one of them alone has answered. */
  readonly leftOut: number;
  readonly differences: readonly MetricDifference[];
}

/** Throws ERR_DATASET for a folder without a run. */
export async function readRun(folder: string): Promise<StoredRun> {
  const file = path.join(folder, 'run.json');
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const isThere = cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR';
    throw isThere ? unreadable(file, cause) : noRun(folder, 'it has no run.json', cause);
  });
  const text = textOfFile(bytes, file);
  let run: Readonly<Record<string, unknown>>;
  try {
    run = JSON.parse(text) as typeof run;
  } catch {
    throw noRun(folder, 'its run.json is something else');
  }
  const { model, data, metrics, task, dataset } = run;
  const isRun = [model, data, task, dataset].every((one) => typeof one === 'string');
  if (!isRun || !Array.isArray(metrics) || !Object.hasOwn(EVALUATED, task as string)) {
    throw noRun(folder, 'its run.json is something else');
  }
  return {
    ...{ folder, run, model: model as string, data: data as string },
    ...{ task: task as EvaluatedTask, dataset: dataset as string },
    metrics: metricsFor(task as EvaluatedTask, metrics as string[]),
    rows: await rowsIn(path.join(folder, 'rows.jsonl')),
  };
}

function noRun(folder: string, found: string, cause?: unknown): Error {
  const [name, expected] = [showPath(folder), 'the folder that an evaluation has written'];
  return makeError('ERR_DATASET', `${name} is not the folder of an evaluation: ${found}`, {
    ...{ name, found, expected, cause },
  });
}

export type PairOfRows = readonly [first: EvaluatedRow, second: EvaluatedRow];

/**
 * Rows of the same data that both have answered, in its order. Of one that was asked in several phrasings, those of the first,
 * unless both were. `leftOut`: rows that one of them alone has answered.
 */
export function pairsOf(
  first: readonly EvaluatedRow[],
  second: readonly EvaluatedRow[],
): { readonly pairs: readonly PairOfRows[]; readonly leftOut: number } {
  const isMany = [first, second].every((rows) => phrasingsOf(rows).size > 1);
  const keyOf = ({ index, phrasing }: EvaluatedRow): string =>
    isMany ? `${index}\n${phrasing}` : String(index);
  const own = (rows: readonly EvaluatedRow[]): readonly EvaluatedRow[] => {
    const [usual] = phrasingsOf(rows);
    return isMany ? rows : rows.filter(({ phrasing }) => phrasing === usual);
  };
  const [left, right] = [own(first), own(second)];
  const answers = new Map(right.map((row) => [keyOf(row), row]));
  const pairs = left.flatMap((row): PairOfRows[] => {
    const other = answers.get(keyOf(row));
    return isAnswered(row) && other && isAnswered(other) ? [[row, other]] : [];
  });
  const all = new Set([...left, ...right].filter(isAnswered).map(keyOf));
  return {
    pairs: pairs.sort(([a], [b]) => a.index - b.index),
    leftOut: all.size - pairs.length,
  };
}

/** In the order in which they were asked. */
function phrasingsOf(rows: readonly EvaluatedRow[]): Set<string | undefined> {
  const ordered = rows.toSorted((a, b) => a.index - b.index);
  return new Set(ordered.map(({ phrasing }) => phrasing));
}

/** Why there is nothing to compare. */
function withoutPairs(first: StoredRun, second: StoredRun): string {
  const silent = [first, second].find(({ rows }) => !rows.some(isAnswered));
  const error = silent?.rows.find((row) => !isAnswered(row))?.error as
    | { readonly message?: string }
    | undefined;
  if (silent === undefined) return 'no answered row in common';
  return `${showPath(silent.folder)} has no answer${error?.message ? `: ${error.message}` : ''}`;
}

/** By the metrics that both have. Throws ERR_DATASET for runs on different data, or without a metric or row in common. */
export async function compareStored(first: StoredRun, second: StoredRun): Promise<RunComparison> {
  if (first.data !== second.data) throw unlike(first, second, 'other data');
  const metrics = first.metrics.filter(({ id }) => second.metrics.some((other) => other.id === id));
  if (metrics.length === 0) throw unlike(first, second, 'no metric in common');
  const { pairs, leftOut } = pairsOf(first.rows, second.rows);
  if (pairs.length === 0) throw unlike(first, second, withoutPairs(first, second));
  const groups = groupsOf(pairs.map(([{ image }]) => image));
  const differences: MetricDifference[] = [];
  for (const metric of metrics) {
    const [mine, other] = [0, 1].map((side) => {
      const rows = pairs.map((pair) => pair[side as 0 | 1]);
      return judge(metric, rows, groups).statistic;
    }) as [Statistic, Statistic];
    const options = { seed: SEED, ...drawsOf(metric) };
    const [comparison] = await compareRuns(mine, [other], metric.better, options);
    if (comparison === undefined) throw new TypeError('one run was compared');
    const { difference, verdict, p, smallest } = comparison;
    const { id, title, better } = metric;
    differences.push({
      ...{ id, title, better, verdict, p, smallest },
      ...{ first: finite(mine.whole), second: finite(other.whole) },
      difference: boundsOf(difference),
    });
  }
  return {
    models: namesOf(first, second),
    rows: pairs.length,
    leftOut,
    differences,
  };
}

/** The models; of one model, the folders of its runs. */
function namesOf(first: StoredRun, second: StoredRun): [string, string] {
  if (first.model !== second.model) return [first.model, second.model];
  const [a, b] = [first, second].map(({ folder }) => path.basename(path.resolve(folder)));
  return a === b ? [first.folder, second.folder] : [a as string, b as string];
}

export const finite = (figure: number): number | null => (Number.isFinite(figure) ? figure : null);

function unlike(first: StoredRun, second: StoredRun, found: string): Error {
  const [a, b] = [showPath(first.folder), showPath(second.folder)];
  return makeError('ERR_DATASET', `${a} and ${b} cannot be compared: ${found}`, {
    ...{
      name: second.folder,
      found,
      expected: 'two runs on the same data with a metric in common',
    },
  });
}
