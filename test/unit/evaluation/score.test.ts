/** Metrics as users call them. */
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/evaluation/metrics/registry.js';
import { type ScoredRow, score } from '../../../src/evaluation/score.js';

const text: ScoredRow = { answer: 'hallo', truths: ['hello'] };
const object = { label: 'cat', bbox: [0, 0, 10, 10] as const };
const SIZE = { width: 50, height: 50 };
const OF_EVERY_KIND: Readonly<Record<string, ScoredRow>> = {
  text,
  document: { value: { a: '1' }, document: { a: '1' } },
  objects: { found: [{ ...object, score: 1 }], objects: [{ ...object, area: 100 }] },
  reference: { found: [{ ...object, score: 1 }], reference: { bbox: object.bbox }, size: SIZE },
};

it('has the figure, the interval and what each row adds', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({
    ...{ answer: i % 4 === 0 ? 'hallo' : 'hello', truths: ['hello'] },
  }));
  const { figure, low, high, values, method } = await score('cer@jiwer', rows);
  expect([figure, method]).toEqual([5 / 100, 'bca']);
  expect(Number(low)).toBeLessThan(0.05);
  expect(Number(high)).toBeGreaterThan(0.05);
  expect(values.slice(0, 2)).toEqual([0.2, 0]);
});

it.each(METRICS.map(({ id, kind }) => [id, kind]))('%s judges %s', async (id, kind) => {
  const row = OF_EVERY_KIND[kind] as ScoredRow;
  const isJson = id === 'json-f1@vlm-exam';
  const { values } = await score(id, [isJson ? { answer: '{}', truths: ['{"a":1}'] } : row]);
  expect(values).toHaveLength(1);
});

it('rows of one picture are one piece of evidence', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    ...{ answer: i < 20 ? 'a' : 'b', truths: ['a'], image: `${Math.floor(i / 10)}.png` },
  }));
  expect(await score('exact@strict', rows)).toMatchObject({ figure: 0.5, reason: 'few-groups' });
  const alone = await score(
    'exact@strict',
    rows.map(({ image: _, ...row }) => row),
  );
  expect(alone).toMatchObject({ figure: 0.5, method: 'wilson' });
});

describe('what is refused', () => {
  it.each<[id: string, row: unknown, words: string]>([
    ['cer', text, 'id is "cer", expected one of cer@jiwer, '],
    ['cer@jiwer', { answer: 'a' }, 'rows[0].truths is missing, expected what cer@jiwer judges'],
    ['cer@jiwer', { answer: 'a', truths: [] }, 'rows[0].truths is empty'],
    ['map@pycocotools', text, 'rows[0].found is missing'],
    ['anls@star', null, 'rows[0].value is missing'],
  ])('%s of %j', async (id, row, words) => {
    await expect(score(id, [row as ScoredRow])).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      message: expect.stringContaining(words),
    });
  });
});
