/** Runs against the first: corrected for how many there are, on rows that all have answered. */
import { expect, it } from 'vitest';
import { METRICS } from '../../../src/evaluation/metrics/registry.js';
import type { EvaluatedRow } from '../../../src/evaluation/rows.js';
import { typeDifferences } from '../../../src/evaluation/type-differences.js';

const metrics = ['exact@strict', 'cer@jiwer'].flatMap((id) =>
  METRICS.filter((metric) => metric.id === id),
);
const { signal } = new AbortController();

/** Sixty rows, of which the last `wrong` are answered wrongly, and those of `failed` not at all. */
const run = (wrong: number, failed: readonly number[] = []): EvaluatedRow[] =>
  Array.from({ length: 60 }, (_, index) => {
    const row = { id: String(index), index, image: `${index}.png`, truths: ['right'] };
    if (failed.includes(index)) return { ...row, error: { code: 'ERR_X', message: 'no' } };
    return { ...row, answer: index < 60 - wrong ? 'right' : 'wrong' };
  });

it('a difference that one comparison shows is not shown among seven', async () => {
  const alone = await typeDifferences(run(0), [run(6)], metrics, signal);
  const among = await typeDifferences(run(0), [run(6), ...Array(6).fill(run(0))], metrics, signal);
  const [one, first] = [alone, among].map(({ others }) => others[0]?.differences?.[0]);
  // McNemar: 2 / 2^6; with Holm's correction seven times that.
  expect([one?.p, one?.verdict]).toEqual([2 / 64, 'worse']);
  expect([first?.p, first?.verdict]).toEqual([(7 * 2) / 64, 'not shown']);
  expect(one?.difference.figure).toBeCloseTo(-0.1, 12);
  expect(one?.difference.high).toBeLessThan(0);
  expect(first?.difference.high).toBeGreaterThan(0);
  expect(among.others[0]?.differences?.map(({ id }) => id)).toEqual(metrics.map(({ id }) => id));
});

it('rows that one has not answered are in no comparison; a run without answers takes no row away', async () => {
  const all = Array.from({ length: 60 }, (_, i) => i);
  const runs = [run(6, [0, 1]), run(0, all), run(6)];
  const { compared, others } = await typeDifferences(run(6), runs, metrics, signal);
  expect(compared).toBe(58);
  expect(others.map(({ differences }) => differences?.[0]?.difference.figure)).toEqual([
    ...[0, undefined, 0],
  ]);
  expect(others.map(({ agreement }) => agreement?.figure)).toEqual([1, null, 1]);
  const silent = await typeDifferences(run(0, all), runs, metrics, signal);
  expect([silent.compared, silent.others.flatMap((one) => one.differences ?? [])]).toEqual([0, []]);
});
