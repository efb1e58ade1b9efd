import { describe, expect, it } from 'vitest';
import {
  discordantOf,
  pairedShareInterval,
  shareInterval,
} from '../../../../src/evaluation/statistics/shares.js';
import { groupsOf } from '../../../../src/evaluation/statistics/statistic.js';
import { GOLDENS, interval } from '../../../support/statistics.js';

const first = (hits: number, rows: number): Uint8Array => new Uint8Array(rows).fill(1, 0, hits);

it('has the intervals of statsmodels', () => {
  for (const [hits, rows, level, low, high] of GOLDENS.wilson) {
    const mine = interval(shareInterval(first(hits, rows), groupsOf(rows), level));
    expect(mine.figure).toBe(hits / rows);
    expect(mine.low).toBeCloseTo(low, 13);
    expect(mine.high).toBeCloseTo(high, 13);
  }
});

it('counts grouped rows as fewer, as errors clustered by group do', () => {
  for (const { ids, hits, low, high } of GOLDENS.clustered) {
    const mine = interval(shareInterval(Uint8Array.from(hits), groupsOf(ids), 0.95));
    // Student's quantile is an expansion, within 0.1 %.
    expect(Math.abs(mine.low - low)).toBeLessThan(1e-4);
    expect(Math.abs(mine.high - high)).toBeLessThan(1e-4);
  }
});

it('is wider for groups than for rows by themselves, and never narrower', () => {
  const ids = Array.from({ length: 60 }, (_, i) => i % 20);
  const together = Uint8Array.from(ids, (id) => Number(id < 10));
  const apart = Uint8Array.from(ids.keys(), (row) => Number(row < 30));
  const width = (hits: Uint8Array, of: number | number[]): number => {
    const { low, high } = interval(shareInterval(hits, groupsOf(of), 0.95));
    return high - low;
  };
  expect(width(together, ids)).toBeGreaterThan(1.6 * width(together, 60));
  expect(width(apart, ids)).toBeGreaterThanOrEqual(width(apart, 60));
});

describe('edges', () => {
  it('has no interval without rows, and says so', () => {
    expect(shareInterval(new Uint8Array(0), groupsOf(0), 0.95)).toEqual({
      figure: null,
      low: null,
      high: null,
      method: null,
      reason: 'no-rows',
      rows: 0,
      groups: 0,
      level: 0.95,
    });
    expect(pairedShareInterval({ won: 0, lost: 0 }, 0, 0.95).reason).toBe('no-rows');
  });
  it('has a wide one for one row', () => {
    const { low, high } = interval(shareInterval(first(1, 1), groupsOf(1), 0.95));
    expect(low).toBeCloseTo(0.2065, 4);
    expect(high).toBe(1);
  });
  it('has none for grouped rows of fewer than 5 groups', () => {
    const estimate = shareInterval(first(3, 8), groupsOf([1, 1, 2, 2, 3, 3, 4, 4]), 0.95);
    expect(estimate).toMatchObject({ figure: 3 / 8, low: null, high: null, reason: 'few-groups' });
  });
  it('counts groups where all rows are right', () => {
    const ids = Array.from({ length: 30 }, (_, i) => i % 10);
    const grouped = interval(shareInterval(first(30, 30), groupsOf(ids), 0.95));
    const single = interval(shareInterval(first(10, 10), groupsOf(10), 0.95));
    expect(grouped.high).toBe(1);
    expect(grouped.low).toBeLessThan(single.low);
  });
  it.each([0, 1, -1, 95, Number.NaN])('refuses the level %s', (level) => {
    expect(() => shareInterval(first(1, 2), groupsOf(2), level)).toThrow('between 0 and 1');
    expect(() => pairedShareInterval({ won: 1, lost: 1 }, 9, level)).toThrow('between 0 and 1');
  });
});

it('counts rows that only one run has right', () => {
  const [mine, other] = [Uint8Array.of(1, 1, 0, 0, 1), Uint8Array.of(1, 0, 1, 0, 0)];
  expect(discordantOf(mine, other)).toEqual({ won: 2, lost: 1 });
});

it('has the interval of Bonett and Price, with a width where no row differs', () => {
  // (10 + 1 - 2 - 1) / 102 -/+ 1.96 sqrt((11 / 102 + 3 / 102 - (8 / 102)²) / 102)
  const some = interval(pairedShareInterval({ won: 10, lost: 2 }, 100, 0.95));
  expect(some.figure).toBe(0.08);
  expect(some.low).toBeCloseTo(0.0082, 4);
  expect(some.high).toBeCloseTo(0.1487, 4);
  const none = interval(pairedShareInterval({ won: 0, lost: 0 }, 30, 0.95));
  expect(none.low).toBeCloseTo(-0.0866, 4);
  expect(none.high).toBe(-none.low);
});
