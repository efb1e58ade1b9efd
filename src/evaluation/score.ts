/** Any metric of any answers, without a run. */
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';
import { drawsOf } from './draws.js';
import { judge } from './judge.js';
import { findMetric, METRICS } from './metrics/registry.js';
import type { EvaluatedRow } from './rows.js';
import { type EstimateOptions, estimatesOf } from './statistics/compare.js';
import { type Bounds, boundsOf } from './statistics/estimate.js';
import { groupsOf } from './statistics/statistic.js';

/**
 * An answer and what is right, by what the metric judges: `answer` and `truths` of texts, `value` and `document` of documents,
 * `found` and `objects` of things in pictures, `found`, `reference` and `size` of what a phrase speaks of.
 */
export interface ScoredRow
  extends Pick<
    EvaluatedRow,
    'answer' | 'truths' | 'value' | 'document' | 'found' | 'objects' | 'reference' | 'size'
  > {
  /** Rows with the same one are one piece of evidence for the interval. Default: each row is its own. */
  readonly image?: string;
}

export interface Score extends Bounds {
  /** Figures that belong to it, by name, such as AP50. */
  readonly details?: Readonly<Record<string, number>>;
  /** Of each row: its own figure, or what it adds to the one of all rows; undefined where it has neither. */
  readonly values: readonly (number | undefined)[];
}

/**
 * The figure of a metric with its interval of 95 %, or why it has none.
 *
 * @param id as docs/evaluation.md lists them; of texts, `+loose` or another profile may follow
 * @throws `ERR_OPTION_RANGE` for an id that is none, or a row without what the metric judges; the reason of `signal`
 *
 * @example
 * const { figure, low, high } = await score('cer@jiwer', [{ answer: 'hallo', truths: ['hello'] }]);
 */
export async function score(
  id: string,
  rows: readonly ScoredRow[],
  options: EstimateOptions = {},
): Promise<Score> {
  const metric = findMetric(id);
  if (metric === undefined) {
    const expected = METRICS.map((one) => one.id).join(', ');
    throw wrong('id', showValue(id), `one of ${expected}`);
  }
  const needed = NEEDED[metric.kind];
  for (const [i, row] of rows.entries()) {
    const missing = needed.find((name) => row?.[name] === undefined);
    if (missing !== undefined) throw wrong(`rows[${i}].${missing}`, 'missing', `what ${id} judges`);
    if (row.truths?.length === 0) throw wrong(`rows[${i}].truths`, 'empty', 'at least one');
  }
  const all = rows.map((row, index) => ({ image: String(index), ...row, id: '', index }));
  const images = all.map(({ image }, i) => (rows[i]?.image === undefined ? i : image));
  const { statistic, values, details } = judge(metric, all, groupsOf(images));
  const [estimate] = await estimatesOf([statistic], { ...drawsOf(metric), ...options });
  if (estimate === undefined) throw new TypeError('one figure was asked for');
  return { ...boundsOf(estimate), ...(details && { details }), values };
}

const NEEDED = {
  text: ['answer', 'truths'],
  document: ['value', 'document'],
  objects: ['found', 'objects'],
  reference: ['found', 'reference', 'size'],
} as const;

function wrong(name: string, found: string, expected: string): Error {
  const message = `${name} is ${found}, expected ${expected}`;
  return makeError('ERR_OPTION_RANGE', message, { name, found, expected });
}
