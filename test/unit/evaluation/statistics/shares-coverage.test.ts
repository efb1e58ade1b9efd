/** How often intervals of shares cover the true share: computed over all outcomes, so exactly. */
import { expect, it } from 'vitest';
import {
  pairedShareInterval,
  shareInterval,
} from '../../../../src/evaluation/statistics/shares.js';
import { groupsOf } from '../../../../src/evaluation/statistics/statistic.js';
import { RandomNumbers } from '../../../support/random.js';
import { interval } from '../../../support/statistics.js';

/** Probabilities of 0 to n hits, from the most likely outwards: nothing underflows that matters. */
function binomial(n: number, rate: number): Float64Array {
  const ps = new Float64Array(n + 1);
  const mode = Math.floor((n + 1) * rate);
  const odds = rate / (1 - rate);
  ps[mode] = 1;
  for (let k = mode; k < n; k++) ps[k + 1] = ((ps[k] as number) * (n - k) * odds) / (k + 1);
  for (let k = mode; k > 0; k--) ps[k - 1] = ((ps[k] as number) * k) / ((n - k + 1) * odds);
  const all = ps.reduce((sum, p) => sum + p, 0);
  return ps.map((p) => p / all);
}

const RATES = Array.from({ length: 961 }, (_, i) => (20 + i) / 1000);

/** Lowest, highest and mean coverage, in per cent, over all rates; and that at a rate of 0.02. */
function coverage(rows: number): { low: number; high: number; mean: number; rare: number } {
  const hits = new Uint8Array(rows);
  const groups = groupsOf(rows);
  const intervals = Array.from({ length: rows + 1 }, (_, count) =>
    interval(shareInterval(hits.fill(1, 0, count), groups, 0.95)),
  );
  const covered = RATES.map((rate) => {
    const ps = binomial(rows, rate);
    return (
      100 *
      intervals.reduce(
        (sum, { low, high }, i) => sum + (low <= rate && rate <= high ? (ps[i] as number) : 0),
        0,
      )
    );
  });
  const mean = covered.reduce((sum, one) => sum + one, 0) / covered.length;
  return {
    low: Math.min(...covered),
    high: Math.max(...covered),
    mean,
    rare: covered[0] as number,
  };
}

it.each([
  // Rows, lowest, highest, mean, at 0.02: the figures in the text of shareInterval.
  [30, 91.9, 98, 95.3, 97.8],
  [100, 92.7, 97.7, 95.1, 94.9],
  [300, 93.8, 96.7, 95, 94.2],
  [1000, 94, 96.1, 95, 94.7],
])("Wilson's of %i rows cover %f to %f %%", (rows, low, high, mean, rare) => {
  const found = coverage(rows);
  expect(found.low).toBeCloseTo(low, 1);
  expect(found.high).toBeCloseTo(high, 1);
  expect(found.mean).toBeCloseTo(mean, 1);
  expect(found.rare).toBeCloseTo(rare, 1);
});

it.each([
  // Rows, rate of rows that only one run has right, of rows that only the other has.
  [30, 0.1, 0.05],
  [30, 0.25, 0.25],
  [100, 0.05, 0.02],
  [100, 0.2, 0.1],
  [300, 0.03, 0.01],
])(
  'covers the difference of two shares of %i rows, %f won and %f lost',
  (rows, winning, losing) => {
    let covered = 0;
    const wins = binomial(rows, winning);
    for (const [won, p] of wins.entries()) {
      for (const [lost, q] of binomial(rows - won, losing / (1 - winning)).entries()) {
        if (p * q < 1e-12) continue;
        const { low, high } = interval(pairedShareInterval({ won, lost }, rows, 0.95));
        if (low <= winning - losing && winning - losing <= high) covered += p * q;
      }
    }
    expect(covered).toBeGreaterThan(0.94);
    expect(covered).toBeLessThan(0.98);
  },
);

it.each([
  [0.02, 30],
  [0.02, 100],
  [0.02, 300],
  [0.3, 30],
  [0.3, 300],
  [0.9, 30],
  [0.9, 100],
  [0.9, 1000],
])('covers a share of %f of %i rows in groups (simulated)', (rate, rows) => {
  const numbers = new RandomNumbers(rows);
  const hit = (): number => Number(numbers.below(1e6) < 1e6 * rate);
  const runs = 2000;
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const { ids, own } = grouped(numbers, rows, hit);
    // Half of the pictures have one answer for all of their rows.
    const hits = Uint8Array.from(ids, (id) =>
      (own[id] as number) < 0 ? hit() : (own[id] as number),
    );
    const { low, high } = interval(shareInterval(hits, groupsOf(ids), 0.95));
    if (low <= rate && rate <= high) covered++;
  }
  expect(covered / runs).toBeGreaterThan(0.93);
  expect(covered / runs).toBeLessThan(0.985);
});

/** Groups of one to three rows. */
function grouped(numbers: RandomNumbers, rows: number, hit: () => number) {
  const ids: number[] = [];
  const own: number[] = [];
  while (ids.length < rows) {
    for (let left = 1 + numbers.below(3); left > 0 && ids.length < rows; left--)
      ids.push(own.length);
    own.push(numbers.below(2) === 0 ? -1 : hit());
  }
  return { ids, own };
}
