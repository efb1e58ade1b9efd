import { describe, expect, it } from 'vitest';
import { PaliGemmaError } from '../../../../src/errors.js';
import {
  compareRuns,
  estimatesOf,
  holm,
  mcnemar,
  rowsToShow,
  smallestDifference,
} from '../../../../src/evaluation/statistics/compare.js';
import {
  groupsOf,
  recomputedOf,
  sumsOf,
  unitMeanOf,
} from '../../../../src/evaluation/statistics/statistic.js';
import { RandomNumbers } from '../../../support/random.js';
import { GOLDENS, interval } from '../../../support/statistics.js';

it("has the p of McNemar's exact test, also of millions of rows", () => {
  for (const [won, lost, p] of GOLDENS.mcnemar) {
    expect(Math.abs(mcnemar({ won, lost }) - p), `${won} ${lost}`).toBeLessThanOrEqual(1e-9 * p);
    expect(mcnemar({ won: lost, lost: won })).toBe(mcnemar({ won, lost }));
  }
  expect(mcnemar({ won: 0, lost: 5000 })).toBe(0);
});

it("has Holm's corrected p of statsmodels", () => {
  for (const { p, adjusted } of GOLDENS.holm) {
    for (const [i, one] of holm(p).entries()) expect(one).toBeCloseTo(adjusted[i] as number, 14);
  }
  expect(holm([])).toEqual([]);
  // What has no p is no comparison.
  expect(holm([0.02, null, 0.03])).toEqual([0.04, null, 0.04]);
});

it('has the rows that a difference takes, as statsmodels and Miller have them', () => {
  for (const [difference, deviation, level, power, rows] of GOLDENS.power) {
    // statsmodels counts the differences in the wrong direction as well.
    expect(rowsToShow(difference, deviation, { level, power })).toBe(Math.ceil(rows - 1e-3));
    const error = deviation / Math.sqrt(rows);
    expect(smallestDifference(error, { level, power })).toBeCloseTo(difference, 6);
  }
  expect(rowsToShow(-0.03, 1 / 3)).toBe(969);
});

it.each<
  [call: (...args: never[]) => unknown, args: readonly unknown[], code: string, words: string]
>([
  [mcnemar, [], 'TYPE', 'rows is missing, expected an object'],
  [mcnemar, [5, 0], 'TYPE', 'rows is 5, expected an object'],
  [mcnemar, [{ won: 5 }], 'RANGE', 'lost is undefined, expected a number of rows'],
  [mcnemar, [{ won: {}, lost: 1 }], 'RANGE', 'won is an object, expected a number of rows'],
  [holm, [], 'TYPE', 'ps is missing, expected an array'],
  [holm, [0.5], 'TYPE', 'ps is 0.5, expected an array'],
  [holm, [[0.1, Number.NaN]], 'RANGE', 'ps[1] is NaN, expected a finite number'],
  [holm, [[0.1, undefined]], 'TYPE', 'ps[1] is missing'],
  [holm, [[1.5]], 'RANGE', 'ps[0] is 1.5, expected a number from 0 to 1, or null'],
  [smallestDifference, [], 'TYPE', 'standardError is missing, expected a finite number'],
  [smallestDifference, [{}], 'TYPE', 'standardError is '],
  [smallestDifference, [-1], 'RANGE', 'standardError is -1, expected 0 or more'],
  [smallestDifference, [1, { power: 1 }], 'RANGE', 'option power is 1, expected a number above 0'],
  [smallestDifference, [1, { level: '0.9' }], 'TYPE', 'option level is "0.9"'],
  [smallestDifference, [1, null], 'TYPE', 'smallestDifference: options is null'],
  [smallestDifference, [1, { draws: 100 }], 'UNKNOWN', 'smallestDifference has no option "draws"'],
  [rowsToShow, [{ difference: 1 }, 1], 'TYPE', 'difference is '],
  [rowsToShow, [0, 1], 'RANGE', 'difference is 0, expected not 0'],
  [rowsToShow, [1], 'TYPE', 'deviation is missing'],
  [rowsToShow, [1, Number.POSITIVE_INFINITY], 'RANGE', 'deviation is Infinity'],
])('%o of %j is refused by name', (call, args, code, words) => {
  let thrown: unknown;
  try {
    call(...(args as never[]));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PaliGemmaError);
  const { code: found, message } = thrown as PaliGemmaError;
  expect([found, message]).toEqual([`ERR_OPTION_${code}`, expect.stringContaining(words)]);
  expect(message).not.toContain('[object');
});

const numbers = new RandomNumbers(11);
const groups = groupsOf(200);
const right = (share: number): number[] =>
  Array.from({ length: 200 }, () => Number(numbers.below(1000) < 1000 * share));
const FIRST = right(0.6);
/** As FIRST, with rows that are won and lost. */
const changed = (won: number, lost: number): number[] => {
  const left = { 0: won, 1: lost };
  return FIRST.map((hit) => (left[hit as 0 | 1]-- > 0 ? 1 - hit : hit));
};
const share = (values: readonly number[]) => unitMeanOf(values, groups);

describe('shares of the same rows', () => {
  it('is better or worse by the exact test, in the direction of the metric', async () => {
    const others = [share(changed(20, 3)), share(changed(3, 20)), share(changed(8, 5))];
    const higher = await compareRuns(share(FIRST), others, 'higher');
    expect(higher.map((one) => one.verdict)).toEqual(['better', 'worse', 'not shown']);
    expect(higher.map((one) => one.test)).toEqual(['mcnemar', 'mcnemar', 'mcnemar']);
    expect(higher[0]?.discordant).toEqual({ won: 20, lost: 3 });
    expect(higher[0]?.p).toBe(mcnemar({ won: 20, lost: 3 }));
    expect(higher[0]?.difference).toMatchObject({ figure: 0.085, method: 'bonett-price' });
    const lower = await compareRuns(share(FIRST), others, 'lower');
    expect(lower.map((one) => one.verdict)).toEqual(['worse', 'better', 'not shown']);
  });
  it('is not shown where no row differs, with what could have been shown', async () => {
    const [same] = await compareRuns(share(FIRST), [share(FIRST)], 'higher');
    expect(same).toMatchObject({ verdict: 'not shown', p: 1, adjusted: 1 });
    // 6 rows won and none lost are the fewest with p below 0.05.
    expect(same?.smallest).toBe(6 / 200);
    const { low, high } = interval(same?.difference);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });
  it('corrects for how many are compared', async () => {
    // p = 0.021 alone; ten times as much among ten.
    const one = share(changed(14, 4));
    const [alone] = await compareRuns(share(FIRST), [one], 'higher');
    const among = await compareRuns(share(FIRST), [one, ...Array(9).fill(share(FIRST))], 'higher');
    expect(alone?.verdict).toBe('better');
    expect(among[0]?.verdict).toBe('not shown');
    expect(among[0]?.adjusted).toBeCloseTo(10 * (alone?.p ?? 0), 12);
    expect(interval(among[0]?.corrected).level).toBeCloseTo(0.995, 12);
    expect(interval(among[9]?.corrected).level).toBeCloseTo(0.95, 12);
    expect(among[0]?.smallest).toBeGreaterThan(alone?.smallest ?? 1);
  });
  it('draws groups instead', async () => {
    const pictures = groupsOf(FIRST.map((_, row) => row >> 2));
    const [first, other] = [FIRST, changed(20, 3)].map((values) => unitMeanOf(values, pictures));
    if (!first || !other) throw new Error('two runs were made');
    const [drawn] = await compareRuns(first, [other], 'higher');
    expect(drawn).toMatchObject({ test: 'bootstrap', verdict: 'better', discordant: null });
    expect(drawn?.difference.method).toBe('bca');
  });
});

describe('other figures', () => {
  const edits = FIRST.map(() => [numbers.below(4), 5 + numbers.below(20)]);
  const rate = (parts: readonly (readonly number[])[]) =>
    sumsOf(parts, ([a = 0, b = 0]) => a / b, groups);
  it('finds a small difference of the same rows that intervals side by side do not show', async () => {
    const fewer = edits.map(([edit = 0, n = 0], row) => [
      row % 8 === 0 ? Math.max(0, edit - 1) : edit,
      n,
    ]);
    const [a, b] = (await estimatesOf([rate(edits), rate(fewer)])).map(interval);
    expect(a?.low).toBeLessThan(b?.high ?? 0);
    const [drawn] = await compareRuns(rate(edits), [rate(fewer)], 'lower');
    expect(drawn).toMatchObject({ verdict: 'better', test: 'bootstrap' });
    expect(drawn?.difference.figure).toBeLessThan(0);
    expect(drawn?.smallest).toBeLessThan(-(drawn?.difference.figure ?? 0));
  });
  it('is not shown where nothing can be known, and does not count', async () => {
    const unknown = rate(edits.map((part, row) => (row === 7 ? [Number.NaN, 1] : part)));
    const fewer = rate(edits.map(([edit = 0, n = 0]) => [edit / 2, n]));
    const all = await compareRuns(rate(edits), [unknown, fewer, rate(edits)], 'lower');
    expect(all[0]).toMatchObject({ verdict: 'not shown', p: null, adjusted: null, smallest: null });
    expect(all[0]?.difference.reason).toBe('not-a-number');
    expect(all[1]).toMatchObject({ verdict: 'better', adjusted: all[1]?.p });
    expect(all[2]).toMatchObject({ verdict: 'not shown', p: null });
    expect(all[2]?.difference).toMatchObject({ figure: 0, reason: 'no-spread' });
  });
  it('takes no rounding for a difference', async () => {
    const tenths = FIRST.map((_, row) => (row % 10) / 10);
    const rounded = tenths.map((value) => value * 3 * (1 / 3) + 0.7 - 0.7);
    const [drawn] = await compareRuns(
      unitMeanOf(tenths, groups),
      [
        sumsOf(
          rounded.map((value) => [value]),
          ([sum = 0], rows) => sum / rows,
          groups,
        ),
      ],
      'higher',
    );
    expect(rounded).not.toEqual(tenths);
    expect(drawn).toMatchObject({ verdict: 'not shown', difference: { reason: 'no-spread' } });
  });
  it('has figures that are computed anew', async () => {
    const best = recomputedOf((counts) => {
      const seen = FIRST.filter((_, row) => (counts[row] as number) > 0);
      return seen.reduce((sum, one) => sum + one, 0) / seen.length;
    }, groups);
    const [drawn] = await compareRuns(best, [share(changed(60, 0))], 'higher', { draws: 500 });
    expect(drawn).toMatchObject({ verdict: 'better', difference: { method: 'percentile' } });
  });
});

it('estimates shares by Wilson and all else by draws, in their order', async () => {
  const graded = unitMeanOf(
    FIRST.map((hit) => hit / 2),
    groups,
  );
  const estimates = await estimatesOf([graded, share(FIRST), graded], { level: 0.9 });
  expect(estimates.map((one) => one.method)).toEqual(['bca', 'wilson', 'bca']);
  expect(estimates.map((one) => one.level)).toEqual([0.9, 0.9, 0.9]);
  expect(estimates[0]).toEqual(estimates[2]);
  await expect(estimatesOf([graded], { level: 95 })).rejects.toThrow('level is 95');
});

it('without rows, nothing is shown', async () => {
  const empty = unitMeanOf([], groupsOf(0));
  const [one] = await compareRuns(empty, [empty], 'higher');
  expect(one).toMatchObject({ verdict: 'not shown', p: null, smallest: null });
  expect(one?.difference).toMatchObject({ figure: null, reason: 'no-rows' });
});
