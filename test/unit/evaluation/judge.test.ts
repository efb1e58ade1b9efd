/** Rows of every kind judged by metrics of their kind. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/evaluation/judge.js';
import { METRICS, type Metric } from '../../../src/evaluation/metrics/registry.js';
import type { EvaluatedRow } from '../../../src/evaluation/rows.js';
import { groupsOf } from '../../../src/evaluation/statistics/statistic.js';
import { EVALUATED, metricsFor } from '../../../src/evaluation/tasks.js';
import { compressRuns } from '../../../src/results/rle.js';

const metric = (id: string): Metric => METRICS.find((one) => one.id === id) as Metric;
const judged = (id: string, rows: readonly EvaluatedRow[]) =>
  judge(metric(id), rows, groupsOf(rows.length));
const at = (index: number) => ({ id: String(index), index, image: `${index}.png` });
const size = { width: 100, height: 50 };

it('texts', () => {
  const rows = [
    { ...at(0), truths: ['ab'], answer: 'ab' },
    { ...at(1), truths: ['ab'], answer: '' },
  ];
  expect(judged('exact@strict', rows).statistic.whole).toBe(0.5);
  expect(judged('cer@jiwer', rows).values).toEqual([0, 1]);
});

it('documents, also as texts', () => {
  const rows = [{ ...at(0), document: { total: '12' }, value: { total: '12' } }];
  expect(judged('anls@star', rows).statistic.whole).toBe(1);
  expect(judged('json-f1@vlm-exam', rows).statistic.whole).toBe(1);
});

it('documents are judged by their texts, which say how numbers are written', () => {
  const document = { t: 12 };
  const rows = ['{"t":"12.0"}', '{"t":12}', '{"t":12.0,"t":12.0}', '```json\n{"t":12.0}\n```'].map(
    (answer, i) => ({ ...at(i), truths: ['{"t":12.0}'], document, answer, value: document }),
  );
  expect(judged('anls@star', rows).values).toEqual([1, 0.5, 1, 0]);
  expect(judged('json-f1@vlm-exam', rows).values).toEqual([0, 0, 0, 1]);
  const several = [{ ...at(0), truths: ['{"t":1}', '{"t":2}'], document, answer: '{"t":2}' }];
  expect(judged('anls@star', several).values).toEqual([1]);
});

describe('objects', () => {
  const objects = [
    { label: 'cat', bbox: [0, 0, 10, 10] as const, area: 100 },
    { label: 'cat', bbox: [50, 0, 20, 20] as const, area: 400, isCrowd: true as const },
  ];
  const found = [
    { label: 'cat', bbox: [0, 0, 10, 10] as const, score: 0.9 },
    { label: 'cat', bbox: [52, 2, 5, 5] as const, score: 0.95 },
  ];
  const rows = [0, 1, 2].map((i) => ({ ...at(i), size, objects, found: i === 2 ? [] : found }));

  it('what is in a crowd is neither right nor wrong', () => {
    const { statistic, details } = judged('map@pycocotools', rows);
    expect(statistic.whole).toBeCloseTo(67 / 101, 12);
    expect(details).toMatchObject({ AR1: 0, AR100: expect.closeTo(2 / 3, 12) });
    expect(judged('f1@iou-0.5', rows).statistic.whole).toBe((2 * 2) / (2 + 3));
  });

  it('without a mask among the truths has no figure of masks', () => {
    expect(judged('map@pycocotools-masks', rows).statistic.whole).toBeNaN();
  });

  it('draws have the figure of the pictures drawn', () => {
    const { statistic, isWhole } = judged('map@pycocotools', rows);
    expect(isWhole).toBe(true);
    expect(statistic.of(Int32Array.from([1, 2, 0]))).toBeCloseTo(1, 12);
    expect(statistic.of(Int32Array.from([0, 0, 3]))).toBe(0);
  });
});

it('what phrases speak of, with the value of loc tokens to the bit', () => {
  const edge = (loc: number, side: number): number => (loc / 1023) * side;
  const reference = { bbox: [0, 0, 50, 50] as const };
  const bbox = [0, 0, edge(1023, size.width), edge(1023, size.height)] as const;
  const row = { ...at(0), size, reference, found: [{ label: 'a cat', bbox, score: 1 }] };
  // Half of the picture; without a mask there is no overlap of masks.
  expect(judged('boxacc@refcoco-0.5', [row]).statistic.whole).toBe(1);
  expect(judged('miou@refcoco', [row]).statistic.whole).toBeNaN();
  const mask = { size: [50, 100] as const, counts: compressRuns([0, 2500, 2500]) };
  const masked = { ...row, reference: { ...reference, rle: mask } };
  expect(judged('miou@refcoco', [masked]).statistic.whole).toBe(0);
  const all = { size: [50, 100] as const, counts: compressRuns([0, 5000]) };
  const outlined = { ...masked, found: [{ label: 'a cat', bbox, score: 1, rle: all }] };
  expect(judged('miou@refcoco', [outlined]).statistic.whole).toBe(0.5);
});

it('every task has metrics that judge what it expects', () => {
  for (const task of Object.keys(EVALUATED) as (keyof typeof EVALUATED)[]) {
    expect(metricsFor(task, undefined).length).toBeGreaterThan(1);
  }
  expect(() => metricsFor('detect', ['cer@jiwer'])).toThrow('expected one of map@pycocotools, ');
});
