import { expect, it } from 'vitest';
import { Draws } from '../../../../src/evaluation/statistics/random.js';
import { GOLDENS } from '../../../support/statistics.js';

it.each(GOLDENS.draws)('draws the same groups as sfc32 written in Python, seed $seed', (golden) => {
  const draws = new Draws(golden.seed);
  for (const counts of golden.counts) {
    const mine = new Int32Array(counts.length);
    draws.fill(mine);
    expect([...mine]).toEqual(counts);
  }
});

it('prefers no group', () => {
  const draws = new Draws(5);
  const counts = new Int32Array(10);
  const sums = new Float64Array(10);
  for (let i = 0; i < 100_000; i++) {
    draws.fill(counts);
    for (const [group, count] of counts.entries()) sums[group] = (sums[group] as number) + count;
  }
  // Chi-squared of 9 degrees of freedom: 27.9 is exceeded once in a thousand.
  const squares = sums.reduce((sum, one) => sum + (one - 1e5) ** 2 / 1e5, 0);
  expect(squares).toBeLessThan(27.9);
});
