/**
 * How often intervals of 95 % by resampling cover the true figure, for rows in groups: simulated, from fixed seeds. The
 * standard error of a simulated coverage of 95 % is 0.5 to 1.1 %.
 */
import { expect, it } from 'vitest';
import { resample } from '../../../../src/evaluation/statistics/bootstrap.js';
import {
  differenceOf,
  type Groups,
  groupsOf,
  medianOf,
  type Statistic,
  sumsOf,
  unitMeanOf,
} from '../../../../src/evaluation/statistics/statistic.js';
import { RandomNumbers } from '../../../support/random.js';
import { interval } from '../../../support/statistics.js';

/** Uniform in (0, 1): half of it is the row's own, half its picture's. Its mean is 0.5, rows of one picture correlate by 0.5. */
type Quality = readonly number[];

interface Kind {
  readonly truth: number;
  readonly make: (quality: Quality, groups: Groups, numbers: RandomNumbers) => Statistic;
}

const uniform = (numbers: RandomNumbers): number => (numbers.below(2 ** 31) + 0.5) / 2 ** 31;

/** Edits of a text of `length` characters. */
function edits(quality: number, length: number, numbers: RandomNumbers): number {
  let count = 0;
  for (let i = 0; i < length; i++) if (uniform(numbers) < 0.2 * quality) count++;
  return count;
}

const KINDS: Record<string, Kind> = {
  // (U + V) / 2 / 0.55, at most 1: two rows of five are perfect. The integral of the triangle.
  'means of rows that are mostly right': {
    truth: 0.798636364,
    make: (quality, groups) =>
      unitMeanOf(
        quality.map((q) => Math.min(1, q / 0.55)),
        groups,
      ),
  },
  // The fourth power: skewed, most are near 0. E((U + V)^4) / 16.
  'means of rows that are mostly wrong': {
    truth: (2 / 5 + 1 + 2 / 3) / 16,
    make: (quality, groups) =>
      unitMeanOf(
        quality.map((q) => q ** 4),
        groups,
      ),
  },
  'error rates of a corpus': {
    truth: 0.1,
    make: (quality, groups, numbers) =>
      sumsOf(
        quality.map((q) => {
          const length = 5 + numbers.below(20);
          return [edits(q, length, numbers), length];
        }),
        ([a = 0, b = 0]) => a / b,
        groups,
      ),
  },
  'differences of two runs on the same rows': {
    truth: 0.5 - (1 / 24 + 1 / 4),
    make: (quality, groups, numbers) =>
      differenceOf(
        unitMeanOf(
          quality.map((q) => 0.9 * q + 0.1 * uniform(numbers)),
          groups,
        ),
        unitMeanOf(
          quality.map((q) => q ** 2),
          groups,
        ),
      ),
  },
  medians: {
    truth: 0.25,
    make: (quality, groups) =>
      medianOf(
        quality.map((q) => q ** 2),
        groups,
      ),
  },
};

const SIZES = [
  [30, 2000],
  [100, 1000],
  [300, 800],
  [1000, 400],
] as const;

/** Of 1,000 rows the means alone, for time. */
const CASES = Object.keys(KINDS).flatMap((kind) =>
  SIZES.filter(([rows]) => rows < 1000 || kind.startsWith('means')).map(([rows, runs]) => ({
    kind,
    rows,
    runs,
  })),
);

it.each(CASES)('covers $kind: $rows rows', async ({ kind, rows, runs }) => {
  const { make, truth } = KINDS[kind] as Kind;
  const numbers = new RandomNumbers(rows);
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const { quality, groups } = pictures(rows, numbers);
    const statistic = make(quality, groups, numbers);
    const [drawn] = await resample([statistic], { draws: 999, seed: run });
    const { low, high } = interval(drawn?.interval());
    if (low <= truth && truth <= high) covered++;
  }
  expect(covered / runs).toBeGreaterThan(0.93);
  expect(covered / runs).toBeLessThan(0.97);
});

/** Pictures with one to three rows each. */
function pictures(rows: number, numbers: RandomNumbers): { quality: Quality; groups: Groups } {
  const ids: number[] = [];
  const quality: number[] = [];
  for (let id = 0; ids.length < rows; id++) {
    const shared = uniform(numbers);
    for (let left = 1 + numbers.below(3); left > 0 && ids.length < rows; left--) {
      ids.push(id);
      quality.push((shared + uniform(numbers)) / 2);
    }
  }
  return { quality, groups: groupsOf(ids) };
}
