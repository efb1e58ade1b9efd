import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../../src/evaluation/judge.js';
import { OBJECTS_METRICS } from '../../../../src/evaluation/metrics/objects.js';
import {
  coverageCurve,
  coverageSection,
  thresholdCurve,
  thresholdSection,
} from '../../../../src/evaluation/report/curves.js';
import { lossesBy } from '../../../../src/evaluation/report/loss.js';
import type { EvaluatedRow } from '../../../../src/evaluation/rows.js';
import type { Html } from '../../../../src/report/html.js';
import { thingRows } from '../../../support/evaluation-rows.js';

describe('coverageCurve', () => {
  it('adds answers from the surest down, those of one score together', () => {
    const rows = [
      { score: 0.2, loss: 1 },
      { score: 0.9, loss: 0 },
      { score: 0.5, loss: 0.5 },
      { score: 0.5, loss: 3 },
    ];
    expect(coverageCurve(rows)).toEqual([
      { score: 0.9, rows: 1, coverage: 0.25, accuracy: 1 },
      { score: 0.5, rows: 3, coverage: 0.75, accuracy: 0.5 },
      { score: 0.2, rows: 4, coverage: 1, accuracy: 1.5 / 4 },
    ]);
  });
});

it('names the threshold for an accuracy, or that it is never reached', () => {
  const rows = Array.from({ length: 20 }, (_, index): EvaluatedRow => {
    const answer = index % 10 === 0 ? 'wrong' : 'right';
    const score = index % 10 === 0 ? 0.95 - index / 1000 : 0.9 - index / 100;
    return { id: String(index), index, image: `${index}.png`, truths: ['right'], answer, score };
  });
  const { markup = '' } = coverageSection(rows, lossesBy('exact@strict', rows)) ?? {};
  // The surest two are wrong.
  expect(markup).toContain('90 %</th><td class="number">0.7100</td><td class="number">100 %</td>');
  expect(markup).toContain('95 %</th><td class="number">never</td>');
  const unsure = rows.map(({ score: _, ...row }) => row);
  expect(coverageSection(unsure, lossesBy('exact@strict', unsure))).toBeUndefined();
});

describe('thresholdCurve', () => {
  it('has at each score the figures of the metric of what is left', async () => {
    const rows = thingRows(25);
    const points = await thresholdCurve(rows);
    expect(points.length).toBeGreaterThan(10);
    for (const { score, precision, recall, f1 } of points) {
      const left = rows.map((row) => ({
        ...row,
        found: (row.found ?? []).filter((one) => one.score >= score),
      }));
      const figure = (id: string): number => {
        const metric = OBJECTS_METRICS.find((one) => one.id === id);
        if (metric === undefined || !('row' in metric)) throw new Error(id);
        const parts = left.map((row) => partsOf(metric, row));
        const sums = [0, 1, 2].map((i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0));
        return metric.figure(sums, rows.length);
      };
      expect(precision).toBeCloseTo(figure('precision@iou-0.5'), 12);
      expect(recall).toBeCloseTo(figure('recall@iou-0.5'), 12);
      expect(f1).toBeCloseTo(figure('f1@iou-0.5'), 12);
    }
  });

  it('is not shown without scores', async () => {
    const rows = thingRows(5).map((row) => ({
      ...row,
      found: (row.found ?? []).map((one) => ({ ...one, score: 1 })),
    }));
    expect(await thresholdSection(rows)).toBeUndefined();
  });

  it('has no best score where nothing is right', async () => {
    const rows = thingRows(25).map((row) => ({
      ...row,
      found: (row.found ?? []).map((one) => ({ ...one, label: 'what nothing is called' })),
    }));
    const { markup } = (await thresholdSection(rows)) as Html;
    expect(markup).toContain('Nothing that was found is right');
    expect(markup).not.toContain('<svg');
  });
});
