/** From rows to figures, and whether they are good enough. */
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';
import type { Direction, TextMetric } from './metrics/metric.js';
import type { EvaluatedRow } from './rows.js';
import { estimatesOf } from './statistics/compare.js';
import { type Bounds, boundsOf } from './statistics/estimate.js';
import {
  type Groups,
  groupsOf,
  type Statistic,
  sumsOf,
  unitMeanOf,
} from './statistics/statistic.js';

/** The figure is of the rows that were answered, with the interval of 95 % or why it has none. */
export interface Figure extends Bounds {
  readonly id: string;
  readonly title: string;
  readonly better: Direction;
}

export interface Summary {
  /** Rows in all, with those that failed. */
  readonly rows: number;
  readonly failed: number;
  /** Share of rows that were answered. */
  readonly coverage: number;
  readonly figures: readonly Figure[];
  readonly limits: readonly Verdict[];
}

export interface Limit {
  /** As it was written. */
  readonly text: string;
  readonly id: string;
  readonly holds: (figure: number) => boolean;
}

export interface Verdict {
  readonly limit: string;
  readonly figure: number | null;
  readonly isMet: boolean;
}

/** Draws of the bootstrap; one seed for all runs, so that the same rows have the same bytes. */
export const SEED = 1;

/** Whatever order the rows are in, the sums are made in that of the data set: the same rows make the same bytes. */
export async function summarise(
  rows: readonly EvaluatedRow[],
  metrics: readonly TextMetric[],
  limits: readonly Limit[],
  signal?: AbortSignal,
): Promise<Summary> {
  const answered = rows
    .filter(({ answer }) => answer !== undefined)
    .sort((a, b) => a.index - b.index);
  // Rows about one picture are one piece of evidence.
  const groups = groupsOf(answered.map(({ image }) => image));
  const statistics = metrics.map((metric) => statisticOf(metric, answered, groups));
  const estimates = await estimatesOf(statistics, { seed: SEED, ...(signal && { signal }) });
  const figures = estimates.map((estimate, i): Figure => {
    const { id, title, better } = metrics[i] as TextMetric;
    return { id, title, better, ...boundsOf(estimate) };
  });
  const failed = rows.length - answered.length;
  return {
    ...{ rows: rows.length, failed },
    coverage: rows.length === 0 ? 0 : answered.length / rows.length,
    figures,
    limits: limits.map(({ text, id, holds }) => {
      const { figure = null } = figures.find((one) => one.id === id) ?? {};
      // Rows that failed are no evidence that the others are good enough.
      return { limit: text, figure, isMet: failed === 0 && figure !== null && holds(figure) };
    }),
  };
}

export function statisticOf(
  metric: TextMetric,
  rows: readonly EvaluatedRow[],
  groups: Groups,
): Statistic {
  const parts = rows.map(({ answer, truths }) => metric.row(answer as string, truths));
  const values = parts.map(([value = Number.NaN]) => value);
  const isUnit = metric.isMean && values.every((value) => value >= 0 && value <= 1);
  return isUnit ? unitMeanOf(values, groups) : sumsOf(parts, metric.figure, groups);
}

const LIMIT = /^\s*([\w@.-]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d*)?|\.\d+)(%?)\s*$/;

/** `cer@jiwer<=0.05`, or `cer<=5%` where one of the metrics only has that name. Throws ERR_OPTION_RANGE. */
export function parseLimit(text: string, metrics: readonly TextMetric[]): Limit {
  const [, name, sign, number = '', percent] = LIMIT.exec(text) ?? [];
  const matching = metrics.filter(({ id }) => id === name || id.split('@')[0] === name);
  const exact = metrics.find(({ id }) => id === name);
  const metric = exact ?? (matching.length === 1 ? matching[0] : undefined);
  if (metric === undefined) {
    const ids = metrics.map(({ id }) => id).join(', ');
    const expected = `a metric of this run (${ids}), <=, >=, < or >, and a number`;
    throw makeError(
      'ERR_OPTION_RANGE',
      `option failUnder is ${showValue(text)}, expected ${expected}`,
      {
        ...{ name: 'failUnder', found: showValue(text), expected },
      },
    );
  }
  const value = Number(number) / (percent === '%' ? 100 : 1);
  const holds = {
    '<=': (figure: number) => figure <= value,
    '>=': (figure: number) => figure >= value,
    '<': (figure: number) => figure < value,
    '>': (figure: number) => figure > value,
  }[sign as '<=' | '>=' | '<' | '>'];
  return { text: text.trim(), id: metric.id, holds };
}
