/** How wrong a single row is, by the headline of its run: what reports sort rows by. */
import { partsOf } from '../judge.js';
import { levenshtein } from '../metrics/edit-distance.js';
import type { Direction } from '../metrics/metric.js';
import { codePoints } from '../metrics/python.js';
import { findMetric, type Metric } from '../metrics/registry.js';
import type { EvaluatedRow } from '../rows.js';
import { isOfThings } from './rows.js';

export interface Losses {
  /** Of the metric that rows are sorted by. */
  readonly title: string;
  readonly better: Direction;
  /** Of a row that was answered: 0 where it is right, greater where it is worse. */
  readonly loss: (row: EvaluatedRow) => number;
}

type OfRows = Exclude<Metric, { readonly whole: unknown }>;

/** By the metric of that id; where it has no figure of a single row, by F1 of boxes or by similarity. */
export function lossesBy(id: string | undefined, rows: readonly EvaluatedRow[]): Losses {
  const instead = rows.some(isOfThings) ? 'f1@iou-0.5' : 'similarity@levenshtein';
  const metric = ofRows(id) ?? ofRows(instead);
  if (metric === undefined) throw new TypeError(`there is no ${instead}`);
  const { title, better } = metric;
  // Long texts take long, and several parts of a page ask.
  const known = new WeakMap<EvaluatedRow, number>();
  return {
    ...{ title, better },
    loss(row) {
      const found = known.get(row) ?? lossOf(metric, row);
      known.set(row, found);
      return found;
    },
  };
}

function ofRows(id: string | undefined): OfRows | undefined {
  const metric = id === undefined ? undefined : findMetric(id);
  return metric === undefined || 'whole' in metric ? undefined : metric;
}

function lossOf(metric: OfRows, row: EvaluatedRow): number {
  const value = metric.figure(partsOf(metric, row), 1);
  // Nothing to find, and nothing found.
  if (Number.isNaN(value)) return 0;
  return metric.better === 'lower' ? value : Math.max(0, 1 - value);
}

/** The truth that an answer is nearest to. */
export function nearestTruth(answer: string, truths: readonly string[]): string {
  const [only] = truths;
  if (only !== undefined && truths.length === 1) return only;
  const points = codePoints(answer.slice(0, LONGEST));
  const distances = truths.map((truth) => levenshtein(points, codePoints(truth.slice(0, LONGEST))));
  return truths[distances.indexOf(Math.min(...distances))] ?? '';
}

/** Of texts that are compared by their beginnings: which truth is nearest is seen there. */
const LONGEST = 2000;
