import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OCR_METRICS } from '../../../../src/evaluation/metrics/ocr.js';
import {
  differenceOf,
  groupsOf,
  medianOf,
  ratioOf,
  recomputedOf,
  type Statistic,
  sumsOf,
  unitMeanOf,
} from '../../../../src/evaluation/statistics/statistic.js';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** Rows as `counts` draws their groups. */
function drawn<T>(rows: readonly T[], ids: readonly number[], counts: readonly number[]): T[] {
  const order = [...new Set(ids)];
  return rows.flatMap((row, i) =>
    Array(counts[order.indexOf(ids[i] as number)] as number).fill(row),
  );
}

const GROUPED = fc.array(
  fc.record({ id: fc.nat(6), value: fc.nat(8), weight: fc.integer({ min: 1, max: 9 }) }),
  {
    minLength: 1,
    maxLength: 30,
  },
);

describe('a figure of a draw is that of the rows it has', () => {
  type Rows = { id: number; value: number; weight: number }[];
  const kinds: Record<string, [make: (rows: Rows) => Statistic, plain: (rows: Rows) => number]> = {
    mean: [
      (rows) =>
        unitMeanOf(
          rows.map((row) => row.value / 8),
          groupsOf(rows.map((row) => row.id)),
        ),
      (rows) => mean(rows.map((row) => row.value / 8)),
    ],
    rate: [
      (rows) =>
        sumsOf(
          rows.map((row) => [row.value, row.weight]),
          ([a = 0, b = 0]) => a / b,
          groupsOf(rows.map((row) => row.id)),
        ),
      (rows) => mean(rows.map((row) => row.value)) / mean(rows.map((row) => row.weight)),
    ],
    median: [
      (rows) =>
        medianOf(
          rows.map((row) => row.value),
          groupsOf(rows.map((row) => row.id)),
        ),
      (rows) => median(rows.map((row) => row.value)),
    ],
    ratio: [
      (rows) => {
        const groups = groupsOf(rows.map((row) => row.id));
        return ratioOf(
          unitMeanOf(
            rows.map((row) => row.value / 8),
            groups,
          ),
          medianOf(
            rows.map((row) => row.weight),
            groups,
          ),
        );
      },
      (rows) => mean(rows.map((row) => row.value / 8)) / median(rows.map((row) => row.weight)),
    ],
  };
  it.each(Object.keys(kinds))('%s', (kind) => {
    const [make, plain] = kinds[kind] as (typeof kinds)[string];
    fc.assert(
      fc.property(GROUPED, fc.array(fc.nat(6), { minLength: 7, maxLength: 7 }), (rows, picks) => {
        const statistic = make(rows);
        const ids = rows.map((row) => row.id);
        const { count } = statistic.groups;
        const counts = Array<number>(count).fill(0);
        for (const pick of picks.slice(0, count))
          counts[pick % count] = (counts[pick % count] as number) + 1;
        expect(statistic.whole).toBeCloseTo(plain(rows), 12);
        const sample = drawn(rows, ids, counts);
        expect(statistic.of(Int32Array.from(counts))).toBeCloseTo(plain(sample), 12);
        const rest = rows.filter((row) => row.id !== ids[0]);
        if (rest.length === 0) expect(statistic.without(0)).toBeNaN();
        else expect(statistic.without(0)).toBeCloseTo(plain(rest), 12);
      }),
    );
  });
});

it('is the figure of the metric, to the bit', () => {
  const cer = OCR_METRICS.find((metric) => metric.id === 'cer@jiwer');
  const parts = [
    ['ID 472', 'ID 427'],
    ['B', '8B'],
    ['EXP 3', 'EXP 03'],
  ].map(([answer = '', truth = '']) => cer?.row(answer, [truth]) ?? []);
  const statistic = sumsOf(parts, cer?.figure ?? (() => Number.NaN), groupsOf(parts.length));
  expect(statistic.whole).toBe(4 / 14);
});

it('numbers groups in the order of their rows', () => {
  expect(groupsOf(['b', 'a', 'b', 7])).toEqual({
    rows: 4,
    count: 3,
    of: Int32Array.of(0, 1, 0, 2),
    sizes: Int32Array.of(2, 1, 1),
  });
});

it('computes a figure anew from how often each group is there', () => {
  const groups = groupsOf(['a', 'a', 'b']);
  const seen: number[][] = [];
  const statistic = recomputedOf((counts) => {
    seen.push([...counts]);
    return counts.length;
  }, groups);
  statistic.without(1);
  expect(statistic.of(Int32Array.of(0, 2))).toBe(2);
  expect(seen).toEqual([
    [1, 1],
    [1, 0],
    [0, 2],
  ]);
});

it('refuses values outside 0 to 1, groups of other rows and pairs of other rows', () => {
  expect(() => unitMeanOf([0, 1.5], groupsOf(2))).toThrow('values is 1.5, expected from 0 to 1');
  expect(() => unitMeanOf([0, 1], groupsOf(3))).toThrow('groups is 3 rows, expected 2 rows');
  const values = [0, 1, 1];
  const [one, other] = [groupsOf(['a', 'a', 'b']), groupsOf(['a', 'b', 'b'])];
  expect(() => differenceOf(unitMeanOf(values, one), unitMeanOf(values, other))).toThrow(
    'groups is of other rows, expected the same for both figures',
  );
});
