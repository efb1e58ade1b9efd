/** From readings to figures: passes, failures, prices, verdicts, and crops that are remarkable. */
import { describe, expect, it } from 'vitest';
import { parsePrice } from '../../../../src/evaluation/ocr-benchmark/prices.js';
import type { ReadingRow } from '../../../../src/evaluation/ocr-benchmark/rows.js';
import {
  type SystemFigures,
  summariseBenchmark,
} from '../../../../src/evaluation/ocr-benchmark/summary.js';

const OPTIONS = {
  ...{ machine: 'm', loadAtStart: 0, threads: 1, repeats: 1, prices: [] },
  profile: 'roboflow-2024',
} as const;

const row = (
  system: string,
  crop: number,
  text: string | undefined,
  more: Partial<ReadingRow> = {},
): ReadingRow => ({
  ...{ id: `${system} ${crop} ${more.pass ?? 1}`, system, version: '1', startSeconds: 0 },
  ...{ isTuned: false, threads: 1, crop: `c${String(crop).padStart(3, '0')}`, picture: '0' },
  ...{ group: `g${crop}`, domain: crop % 2 ? 'odd' : 'even', split: 'scored', isTimed: true },
  ...{ pass: 1, truth: 'abcd', seconds: 0.5 },
  ...(text === undefined ? { error: {} } : { text }),
  ...more,
});

const many = (system: string, n: number, of: (i: number) => string | undefined): ReadingRow[] =>
  Array.from({ length: n }, (_, i) => row(system, i, of(i)));

async function only(rows: readonly ReadingRow[], options = {}): Promise<SystemFigures> {
  const { systems } = await summariseBenchmark(rows, { ...OPTIONS, ...options });
  expect(systems).toHaveLength(1);
  return systems[0] as SystemFigures;
}

it('every rule has its figure', async () => {
  const answers = ['abcd', 'abc', 'a b c d', 'ABCD', 'abcd', 'abcdef'];
  const { accuracies, medianAccuracy } = await only(many('s', 6, (i) => answers[i]));
  const similarities = [1, 3 / 4, 4 / 7, 0, 1, 4 / 6];
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(accuracies['levenshtein']?.figure).toBeCloseTo(mean(similarities), 12);
  expect(accuracies['indel']?.figure).toBeCloseTo(mean([1, 6 / 7, 8 / 11, 0, 1, 8 / 10]), 12);
  expect(accuracies['cer']?.figure).toBeCloseTo(mean([1, 3 / 4, 1 / 4, 0, 1, 1 / 2]), 12);
  expect(accuracies['exact']?.figure).toBeCloseTo(2 / 6, 12);
  expect(accuracies['exact-nospace']?.figure).toBeCloseTo(3 / 6, 12);
  expect(medianAccuracy.figure).toBeCloseTo((3 / 4 + 4 / 6) / 2, 12);
  for (const { low, high, figure } of Object.values(accuracies)) {
    expect(low).toBeLessThanOrEqual(figure as number);
    expect(high).toBeGreaterThanOrEqual(figure as number);
  }
  expect(
    (
      await only(
        many('s', 6, () => 'ABCD'),
        { profile: 'loose' },
      )
    ).accuracies['exact']?.figure,
  ).toBe(1);
});

it('seconds are the median of the passes, accuracy is that of the first', async () => {
  const rows = many('s', 8, () => 'abcd').flatMap((one, i) => [
    { ...one, seconds: 8 },
    row('s', i, 'zzzz', { pass: 2, seconds: 0.5 }),
    row('s', i, 'zzzz', { pass: 3, seconds: i < 4 ? 0.5 : 0.25 }),
  ]);
  const figures = await only(rows, { repeats: 3 });
  expect(figures).toMatchObject({
    ...{ rows: 24, failed: 0, medianSeconds: { figure: 0.5 }, meanSeconds: { figure: 0.5 } },
    ...{ speedEfficiency: { figure: 2 }, speedEfficiencyOfMeans: { figure: 2 } },
    accuracies: { levenshtein: { figure: 1 } },
  });
});

it('the median of ratios is not the ratio of means', async () => {
  const seconds = [0.1, 0.1, 0.1, 0.1, 10];
  const rows = many('s', 5, () => 'abcd').map((one, i) => ({
    ...one,
    seconds: seconds[i] as number,
  }));
  const { speedEfficiency, speedEfficiencyOfMeans } = await only(rows);
  expect(speedEfficiency.figure).toBeCloseTo(10, 12);
  expect(speedEfficiencyOfMeans.figure).toBeCloseTo(5 / 10.4, 12);
});

it('what failed has read nothing, has no time, and is counted', async () => {
  const rows = many('s', 10, (i) => (i < 4 ? undefined : 'abcd'));
  expect(await only(rows)).toMatchObject({
    ...{ rows: 10, failed: 4, accuracies: { levenshtein: { figure: 0.6 } } },
    speedEfficiency: { figure: 2 },
  });
});

it('without a price there is no cost efficiency; free of charge is none either', async () => {
  const rows = many('s', 6, () => 'abcd');
  const none = { costEfficiency: null, costEfficiencyOfMeans: null, meanCents: null };
  expect(await only(rows)).toMatchObject(none);
  expect(await only(rows, { prices: [parsePrice('machine=0/h')] })).toMatchObject(none);
  const { meanCents, costEfficiency } = await only(rows, { prices: [parsePrice('machine=7.2/h')] });
  expect(meanCents?.figure).toBeCloseTo(0.1, 12);
  expect(costEfficiency?.figure).toBeCloseTo(10, 12);
});

it('crops of one photograph are one piece of evidence', async () => {
  const rows = many('s', 40, (i) => (i % 4 < 2 ? 'abcd' : 'zzzz')).map((one, i) => ({
    ...one,
    group: `g${i >> 2}`,
  }));
  const split = rows.map((one, i) => ({ ...one, group: `g${i}` }));
  expect((await only(rows)).accuracies['exact']).not.toEqual(
    (await only(split)).accuracies['exact'],
  );
});

describe('several systems', () => {
  it('are compared with the best, crop by crop', async () => {
    const rows = [
      ...many('worse', 60, (i) => (i % 2 ? 'abcd' : 'zzzz')),
      ...many('best', 60, () => 'abcd'),
      ...many('near', 60, (i) => (i === 7 ? 'zzzz' : 'abcd')),
    ];
    const { systems, domains, crops } = await summariseBenchmark(rows, OPTIONS);
    expect(systems.map(({ name, againstBest }) => [name, againstBest])).toEqual([
      ...[
        ['worse', 'worse'],
        ['best', undefined],
      ],
      ['near', 'not shown'],
    ]);
    expect([domains, crops]).toEqual([['even', 'odd'], { scored: 60, tuning: 0, timed: 60 }]);
    expect(systems[0]?.domains).toMatchObject({ even: { figure: 0 }, odd: { figure: 1 } });
  });

  it('one that has read other crops is not compared', async () => {
    const rows = [...many('a', 20, () => 'abcd'), ...many('b', 19, () => 'zzzz')];
    const { systems } = await summariseBenchmark(rows, OPTIONS);
    expect(systems.map(({ againstBest }) => againstBest)).toEqual([undefined, undefined]);
  });

  it('crops that none reads, all read, or the worse read better are named', async () => {
    const rows = [
      ...many('a', 20, (i) => (i === 0 || i === 2 ? 'zzzz' : 'abcd')),
      ...many('b', 20, (i) => (i === 0 || i === 2 ? 'zzzz' : 'abcd')),
      ...many('c', 20, (i) => (i === 2 || i === 5 ? 'abcd' : 'zzzz')),
      ...many('d', 20, (i) => (i === 2 || i === 5 ? 'abcd' : 'zzzz')),
    ];
    const { flagged } = await summariseBenchmark(rows, OPTIONS);
    expect(flagged).toEqual({ unread: ['c000'], alike: ['c000', 'c005'], odd: ['c002'] });
    const two = await summariseBenchmark(rows.slice(0, 40), OPTIONS);
    expect(two.flagged).toEqual({ unread: [], alike: [], odd: [] });
  });
});
