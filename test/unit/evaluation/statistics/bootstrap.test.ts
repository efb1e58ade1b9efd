import { describe, expect, it } from 'vitest';
import { resample } from '../../../../src/evaluation/statistics/bootstrap.js';
import {
  differenceOf,
  type Groups,
  groupsOf,
  medianOf,
  ratioOf,
  recomputedOf,
  type Statistic,
  sumsOf,
  unitMeanOf,
} from '../../../../src/evaluation/statistics/statistic.js';
import { RandomNumbers } from '../../../support/random.js';
import { GOLDENS, interval } from '../../../support/statistics.js';

const column = (rows: readonly (readonly number[])[], i: number): number[] =>
  rows.map((row) => row[i] as number);

const rate = ([a = 0, b = 0]: readonly number[]): number => a / b;

function ratio(rows: readonly (readonly number[])[], above: number, below: number): Statistic {
  const parts = rows.map((row) => [row[above] as number, row[below] as number]);
  return sumsOf(parts, rate, groupsOf(rows.length));
}

const MADE: Record<
  (typeof GOLDENS.samples)[number]['name'],
  (rows: readonly (readonly number[])[]) => Statistic
> = {
  mean: (rows) => unitMeanOf(column(rows, 0), groupsOf(rows.length)),
  rate: (rows) => ratio(rows, 0, 1),
  difference: (rows) => differenceOf(ratio(rows, 0, 2), ratio(rows, 1, 2)),
  median: (rows) => medianOf(column(rows, 0), groupsOf(rows.length)),
};

describe.each(GOLDENS.samples)('$name against scipy.stats.bootstrap', (golden) => {
  const n = golden.rows.length;
  it.each(['percentile', 'bca'] as const)('%s', async (method) => {
    const ends = golden[method];
    const [drawn] = await resample([MADE[golden.name](golden.rows)], { draws: 50_000, method });
    const mine = interval(drawn?.interval());
    const error = drawn?.standardError() ?? Number.NaN;
    // 50,000 draws of ours against 200,000: the error of a standard deviation, and of a quantile at 2.5 %.
    expect(Math.abs(error / (golden.error * Math.sqrt(n / (n - 1))) - 1)).toBeLessThan(0.015);
    if (ends === null) return;
    expect(mine.method).toBe(method);
    expect(Math.abs(mine.low - ends[0])).toBeLessThan(0.05 * error);
    expect(Math.abs(mine.high - ends[1])).toBeLessThan(0.05 * error);
  });
});

const numbers = new RandomNumbers(3);
const VALUES = Array.from({ length: 80 }, () => numbers.below(100) / 100);
const MEAN = unitMeanOf(VALUES, groupsOf(80));

it('has the same bytes everywhere', async () => {
  const [drawn] = await resample([MEAN], { draws: 2000, seed: 42 });
  expect(drawn?.interval()).toEqual({
    figure: 0.45625,
    low: 0.39625,
    high: 0.519625,
    method: 'bca',
    rows: 80,
    groups: 80,
    level: 0.95,
  });
  expect(drawn?.p(0.45)).toBe(0.8124513494719523);
});

it('depends on the seed a little', async () => {
  const ends = await Promise.all(
    [1, 2, 2].map(async (seed) => interval((await resample([MEAN], { seed }))[0]?.interval())),
  );
  expect(ends[1]).toEqual(ends[2]);
  expect(ends[0]?.low).not.toBe(ends[1]?.low);
  expect(ends[0]?.low).toBeCloseTo(ends[1]?.low ?? 0, 2);
});

it('draws groups whole: ten times the same rows tell no more than the rows once', async () => {
  const tenfold = VALUES.flatMap((value) => Array<number>(10).fill(value));
  const ids = tenfold.map((_, row) => Math.floor(row / 10));
  const [once] = await resample([MEAN]);
  const [grouped, apart] = await Promise.all(
    [groupsOf(ids), groupsOf(800)].map(async (groups) => {
      const [drawn] = await resample([unitMeanOf(tenfold, groups)]);
      return drawn?.standardError() ?? Number.NaN;
    }),
  );
  expect(grouped).toBeCloseTo(once?.standardError() ?? 0, 10);
  expect(apart).toBeLessThan(0.35 * (grouped ?? 0));
});

it('has the standard error of errors clustered by group', async () => {
  for (const { ids, hits, error } of GOLDENS.clustered.slice(2)) {
    const [drawn] = await resample([unitMeanOf(hits, groupsOf(ids))]);
    expect(Math.abs((drawn?.standardError() ?? 0) / error - 1)).toBeLessThan(0.05);
  }
});

it('resamples figures that are computed anew as it does sums', async () => {
  const groups = groupsOf(VALUES.map((_, row) => row >> 1));
  const anew = recomputedOf((counts) => {
    let [sum, rows] = [0, 0];
    for (const [row, value] of VALUES.entries()) {
      const times = counts[groups.of[row] as number] as number;
      sum += times * value;
      rows += times;
    }
    return sum / rows;
  }, groups);
  const options = { draws: 1000, method: 'bca' } as const;
  const [one, other] = await resample([anew, unitMeanOf(VALUES, groups)], options);
  const [mine, theirs] = [interval(one?.interval()), interval(other?.interval())];
  expect(mine.low).toBeCloseTo(theirs.low, 12);
  expect(mine.high).toBeCloseTo(theirs.high, 12);
});

it('has p below 0.05 where the interval of 95 % excludes the value', async () => {
  for (const method of ['percentile', 'bca'] as const) {
    const [drawn] = await resample(
      [
        unitMeanOf(
          VALUES.map((v) => v ** 6),
          groupsOf(80),
        ),
      ],
      { method },
    );
    const { low, high } = interval(drawn?.interval());
    const width = high - low;
    for (const [value, isOutside] of [
      [low - 0.01 * width, true],
      [low + 0.01 * width, false],
      [high - 0.01 * width, false],
      [high + 0.01 * width, true],
    ] as const) {
      expect((drawn?.p(value) ?? 1) < 0.05).toBe(isOutside);
      // Near the level, and not only on its side.
      expect(drawn?.p(value)).toBeGreaterThan(0.04);
      expect(drawn?.p(value)).toBeLessThan(0.06);
    }
    // Beyond all draws.
    expect(drawn?.p(5)).toBeLessThan(0.005);
    expect(drawn?.p(5)).toBeGreaterThanOrEqual(2 / 10_001);
  }
});

describe('edges', () => {
  const estimate = async (values: readonly number[], groups: Groups = groupsOf(values.length)) => {
    const [drawn] = await resample([unitMeanOf(values, groups)], { draws: 500 });
    expect(drawn?.p()).toBeNull();
    expect(drawn?.standardError()).toBeNull();
    return drawn?.interval();
  };
  const none = { low: null, high: null, method: null };
  it('no rows', async () => {
    expect(await estimate([])).toMatchObject({ ...none, figure: null, reason: 'no-rows' });
  });
  it('one row, and one group of many', async () => {
    const expected = { ...none, figure: 0.25, reason: 'few-groups' };
    expect(await estimate([0.25])).toMatchObject(expected);
    expect(await estimate([0.2, 0.3], groupsOf(['a', 'a']))).toMatchObject(expected);
  });
  it('all rows equal, also where their sums differ in the last bit', async () => {
    expect(await estimate(Array(50).fill(0.1))).toMatchObject({ ...none, reason: 'no-spread' });
  });
  it('a row that is no number', async () => {
    const values = [...VALUES, Number.NaN];
    expect(await estimate(values)).toMatchObject({ ...none, figure: null, reason: 'not-a-number' });
    const [drawn] = await resample([medianOf(values, groupsOf(81))]);
    expect(drawn?.interval()).toMatchObject({ ...none, figure: null, reason: 'not-a-number' });
  });
  it('a row with too few parts', async () => {
    const [drawn] = await resample([
      sumsOf([[1, 2], [3], [4, 5], [1, 1], [1, 1]], rate, groupsOf(5)),
    ]);
    expect(drawn?.interval()).toMatchObject({ figure: null, reason: 'not-a-number' });
  });
  it('draws without a figure: refused above 1 %, counted below', async () => {
    const of = (lengths: readonly number[]): Statistic =>
      sumsOf(
        lengths.map((length, row) => [row % 3, length]),
        rate,
        groupsOf(lengths.length),
      );
    // No row with a length: (19 / 20)^20 = 36 % of the draws, and (15 / 20)^20 = 0.3 %.
    const [one, five] = await resample([
      of([9, ...Array(19).fill(0)]),
      of([4, 5, 6, 7, 8, ...Array(15).fill(0)]),
    ]);
    expect(one?.interval()).toMatchObject({ ...none, reason: 'undefined-draws' });
    expect(one?.undefinedDraws).toBeGreaterThan(3000);
    expect(interval(five?.interval()).high).toBeGreaterThan(0);
    expect(five?.undefinedDraws).toBeGreaterThan(10);
    expect(five?.undefinedDraws).toBeLessThan(60);
  });
  it('a ratio to nothing', async () => {
    const groups = groupsOf(80);
    const nothing = unitMeanOf(Array(80).fill(0), groups);
    const [drawn] = await resample([ratioOf(MEAN, nothing)]);
    expect(drawn?.interval()).toMatchObject({ ...none, figure: null, reason: 'not-a-number' });
  });
  it('nothing to draw', async () => {
    expect(await resample([])).toEqual([]);
  });
});

it('refuses draws, seeds, levels and figures that do not fit', async () => {
  const refused = (options: object, statistics = [MEAN]): Promise<unknown> =>
    resample(statistics, options).catch((error) => error.message);
  expect(await refused({ draws: 99 })).toBe('draws is 99, expected a whole number, 100 or more');
  expect(await refused({ draws: 1e3 + 0.5 })).toContain('a whole number');
  expect(await refused({ seed: Number.NaN })).toBe('seed is NaN, expected a whole number');
  expect(await refused({}, [MEAN, unitMeanOf([0.5], groupsOf(1))])).toBe(
    'groups is 1, expected 80, as of the first',
  );
  const [drawn] = await resample([MEAN], { draws: 100 });
  expect(() => drawn?.interval(1)).toThrow('level is 1, expected between 0 and 1');
});

it('lets the event loop have its turn, and ends when it is aborted', async () => {
  const big = unitMeanOf(
    Array.from({ length: 20_000 }, (_, row) => (row % 7) / 7),
    groupsOf(20_000),
  );
  const controller = new AbortController();
  const reason = new Error('enough');
  // Before the first draw: only a turn of the loop can run it.
  setImmediate(() => controller.abort(reason));
  await expect(resample([big], { draws: 1e6, signal: controller.signal })).rejects.toBe(reason);
  await expect(resample([MEAN], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
