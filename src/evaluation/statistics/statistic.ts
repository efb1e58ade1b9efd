/** Figures that can be computed again from a draw of the rows. Nothing here reads a text or a picture. */
import { InputError } from '../../errors.js';
import type { Counts } from './random.js';

/** Rows that belong together, as the questions about one picture do: a draw has all of them or none. */
export interface Groups {
  readonly rows: number;
  readonly count: number;
  /** The group of each row. */
  readonly of: Int32Array;
  /** The number of rows of each group. */
  readonly sizes: Int32Array;
}

export type Method = 'bca' | 'percentile';

/** Of one group of rows, in the order of their groups. */
export interface Statistic {
  readonly groups: Groups;
  /** Of all rows as they are; NaN where there is none. */
  readonly whole: number;
  /** How large the numbers are that it is made of: a difference of equal figures may be their rounding. */
  readonly scale: number;
  /** Of group i `counts[i]` times. The sum of `counts` is the number of groups. */
  of(counts: Counts): number;
  /** Of all rows but those of one group. */
  without(group: number): number;
  /** BCa needs a figure that changes smoothly with each group, and `without` to be cheap. */
  readonly method: Method;
  /** 1 and 0 for each row, where the figure is the share of ones. */
  readonly hits?: Uint8Array;
}

/** Each row by itself, or by the id of what it belongs to: `groupsOf(rows.map((row) => row.picture))`. */
export function groupsOf(ids: number | readonly (string | number)[]): Groups {
  const rows = typeof ids === 'number' ? ids : ids.length;
  const of = new Int32Array(rows);
  const numbers = new Map<string | number, number>();
  for (let row = 0; row < rows; row++) {
    const id = typeof ids === 'number' ? row : (ids[row] as string | number);
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    of[row] = number;
  }
  const sizes = new Int32Array(numbers.size);
  for (const group of of) sizes[group] = (sizes[group] as number) + 1;
  return { rows, count: numbers.size, of, sizes };
}

/** A figure of sums: `parts` has the numbers of each row that `figure` takes the sums of, as TextMetric does. */
export function sumsOf(
  parts: readonly (readonly number[])[],
  figure: (sums: readonly number[], rows: number) => number,
  groups: Groups,
): Statistic {
  checkRows(parts.length, groups);
  const columns = (parts[0] ?? []).map(() => new Float64Array(groups.count));
  // In the order of the rows, so that the figure has the bits of the metric's own.
  const totals = columns.map(() => 0);
  for (const [row, values] of parts.entries()) {
    const group = groups.of[row] as number;
    for (const [i, column] of columns.entries()) {
      const value = values[i] ?? Number.NaN;
      totals[i] = (totals[i] as number) + value;
      column[group] = (column[group] as number) + value;
    }
  }
  const areSingle = groups.count === groups.rows;
  const whole = groups.rows === 0 ? Number.NaN : figure(totals, groups.rows);
  return {
    groups,
    whole,
    scale: Math.abs(whole),
    of: (counts) =>
      figure(
        columns.map((column) => weighted(counts, column)),
        areSingle ? groups.rows : weighted(counts, groups.sizes),
      ),
    without: (group) =>
      figure(
        columns.map((column, i) => (totals[i] as number) - (column[group] as number)),
        groups.rows - (groups.sizes[group] as number),
      ),
    method: 'bca',
  };
}

/** Four sums at once: an addition need not wait for the one before it. The order is fixed, so are the bits. */
function weighted(counts: Counts, values: Float64Array | Int32Array): number {
  const n = counts.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    a += (counts[i] as number) * (values[i] as number);
    b += (counts[i + 1] as number) * (values[i + 1] as number);
    c += (counts[i + 2] as number) * (values[i + 2] as number);
    d += (counts[i + 3] as number) * (values[i + 3] as number);
  }
  for (; i < n; i++) a += (counts[i] as number) * (values[i] as number);
  return a + b + (c + d);
}

/**
 * The mean of rows from 0 to 1. Where each is 0 or 1, it is a share, with the exact methods for shares.
 * @throws `ERR_OPTION_RANGE` for a value outside
 */
export function unitMeanOf(values: readonly number[], groups: Groups): Statistic {
  const outside = values.find((value) => value < 0 || value > 1);
  if (outside !== undefined) throw wrong('values', String(outside), 'from 0 to 1');
  const mean = sumsOf(
    values.map((value) => [value]),
    ([sum = 0], rows) => sum / rows,
    groups,
  );
  const isShare = values.every((value) => value === 0 || value === 1);
  return isShare ? { ...mean, hits: Uint8Array.from(values) } : mean;
}

/**
 * The median of rows, as of the efficiency of single calls. By percentiles: the figures without one group each are of two or
 * three values only, which say nothing about its spread (Efron, "The Jackknife, the Bootstrap and Other Resampling Plans", 1982, 3.4).
 */
export function medianOf(values: readonly number[], groups: Groups): Statistic {
  checkRows(values.length, groups);
  const isKnown = values.every((value) => !Number.isNaN(value));
  const order = Int32Array.from(values.keys()).sort(
    (one, other) => (values[one] as number) - (values[other] as number),
  );
  const sorted = Float64Array.from(order, (row) => values[row] as number);
  const owners = order.map((row) => groups.of[row] as number);
  const median = (counts: Counts): number => {
    const rows = isKnown ? weighted(counts, groups.sizes) : 0;
    if (rows === 0) return Number.NaN;
    let [seen, i] = [0, -1];
    while (2 * seen < rows) seen += counts[owners[++i] as number] as number;
    const lower = sorted[i] as number;
    if (2 * seen > rows) return lower;
    while (2 * seen === rows) seen += counts[owners[++i] as number] as number;
    return (lower + (sorted[i] as number)) / 2;
  };
  return recomputedOf(median, groups);
}

/**
 * A figure that is no function of sums, such as mAP or CIDEr: `figure` computes it anew, with group i `counts[i]` times. It
 * takes as many calls as there are draws, so fewer draws may have to do. By percentiles, for the same reason; `method: 'bca'`
 * takes one more call for each group.
 */
export function recomputedOf(figure: (counts: Counts) => number, groups: Groups): Statistic {
  const ones = (): Counts => new Int32Array(groups.count).fill(1);
  const whole = groups.rows === 0 ? Number.NaN : figure(ones());
  return {
    groups,
    whole,
    scale: Math.abs(whole),
    of: figure,
    without: (group) => {
      const counts = ones();
      counts[group] = 0;
      return figure(counts);
    },
    method: 'percentile',
  };
}

/** a - b on the same rows, drawn together: what both find hard or easy cancels. */
export const differenceOf = (a: Statistic, b: Statistic): Statistic =>
  pairOf(a, b, Math.max(a.scale, b.scale), (x, y) => x - y);

/** a / b on the same rows, as mean accuracy / mean seconds. Undefined where b is 0. */
export const ratioOf = (a: Statistic, b: Statistic): Statistic =>
  pairOf(a, b, Math.abs(a.whole / b.whole), (x, y) => (y === 0 ? Number.NaN : x / y));

function pairOf(
  a: Statistic,
  b: Statistic,
  scale: number,
  rule: (x: number, y: number) => number,
): Statistic {
  const [one, other] = [a.groups.of, b.groups.of];
  if (one !== other && (one.length !== other.length || one.some((id, row) => id !== other[row]))) {
    throw wrong('groups', 'of other rows', 'the same for both figures');
  }
  return {
    groups: a.groups,
    whole: rule(a.whole, b.whole),
    scale,
    of: (counts) => rule(a.of(counts), b.of(counts)),
    without: (group) => rule(a.without(group), b.without(group)),
    method: a.method === 'bca' && b.method === 'bca' ? 'bca' : 'percentile',
  };
}

function checkRows(rows: number, groups: Groups): void {
  if (rows !== groups.rows) throw wrong('groups', `${groups.rows} rows`, `${rows} rows`);
}

export function wrong(name: string, found: string, expected: string): InputError {
  const message = `${name} is ${found}, expected ${expected}`;
  return new InputError('ERR_OPTION_RANGE', message, { name, found, expected });
}
