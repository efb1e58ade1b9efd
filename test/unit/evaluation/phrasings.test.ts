/** Phrasings of one question: how they are filled in, and what is shown of their differences. */
import { describe, expect, it } from 'vitest';
import { METRICS, type Metric } from '../../../src/evaluation/metrics/registry.js';
import {
  comparePhrasings,
  inTruthsWords,
  withPhrasing,
} from '../../../src/evaluation/phrasings.js';
import type { EvaluatedRow, Question } from '../../../src/evaluation/rows.js';
import { RandomNumbers } from '../../support/random.js';

const question: Question = {
  ...{ index: 0, id: 'rows.jsonl:1', image: 'a.png', truth: { truths: ['x'] } },
  ...{ fields: { place: 'the street', number: 5 }, request: { kind: 'prompt', prompt: 'ocr' } },
};

describe('withPhrasing', () => {
  it.each([
    ['answer en what is {number} in {place}?', 'answer en what is 5 in the street?'],
    ['{prefix}', 'ocr'],
    ['{}', '{}'],
  ])('%j asks %j', (phrasing, prompt) => {
    expect(withPhrasing(question, phrasing).request).toEqual({ kind: 'prompt', prompt });
  });

  it('has the labels of a task as prompts separate them', () => {
    const request = {
      kind: 'task',
      task: 'detect',
      arguments: { labels: ['cat', 'dog'] },
    } as const;
    expect(withPhrasing({ ...question, request }, 'find {labels}').request).toEqual({
      ...{ kind: 'prompt', prompt: 'find cat ; dog' },
    });
  });

  it('refuses a name that the row does not have', () => {
    expect(() => withPhrasing(question, '{question}')).toThrow(
      'option prompt has "{question}", which rows.jsonl:1 does not have, expected {place}, {number}, {prefix}',
    );
  });
});

describe('inTruthsWords', () => {
  const bbox = [0, 0, 9, 9] as const;
  const named = (label: string, labels: readonly string[]): string | undefined => {
    const objects = labels.map((one) => ({ label: one, bbox, area: 81 }));
    const truth = { size: { width: 50, height: 50 }, objects };
    return inTruthsWords({ found: [{ label, bbox, score: 1 }] }, truth).found?.[0]?.label;
  };

  it.each([
    ['dogs', ['dog'], 'dog'],
    ['a dog', ['dog'], 'dog'],
    ['dog', ['dogs'], 'dogs'],
    ['cat', ['dog'], 'cat'],
    // What the data set tells apart stays apart.
    ['dogs', ['dog', 'dogs'], 'dogs'],
  ])('%j of %j is %j', (label, labels, expected) => {
    expect(named(label, labels)).toBe(expected);
  });

  it('leaves texts as they are', () => {
    expect(inTruthsWords({ answer: 'dogs' }, { truths: ['dog'] })).toEqual({ answer: 'dogs' });
  });
});

const metric = METRICS.find(({ id }) => id === 'exact@strict') as Metric;

function rowsOf(phrasing: string, isRight: (index: number) => boolean): EvaluatedRow[] {
  return Array.from({ length: 200 }, (_, index) => ({
    ...{ id: `rows.jsonl:${index}`, index, image: `${index}.png`, phrasing, truths: ['yes'] },
    answer: isRight(index) ? 'yes' : 'no',
  }));
}

describe('comparePhrasings', () => {
  it('names the best where every other is shown to be worse, and otherwise all that may be', async () => {
    const random = new RandomNumbers(1);
    const [good, alike, bad] = [0, 0, 0].map(() =>
      Array.from({ length: 200 }, () => random.below(100)),
    );
    const rows = [
      ...rowsOf('good', (i) => (good?.[i] ?? 0) < 90),
      ...rowsOf('alike', (i) => (alike?.[i] ?? 0) < 88),
      ...rowsOf('bad', (i) => (bad?.[i] ?? 0) < 40),
    ];
    const all = await comparePhrasings(rows, ['bad', 'alike', 'good'], metric);
    expect(all.best).toHaveLength(2);
    expect(all.phrasings.at(-1)).toMatchObject({ phrasing: 'bad', isWorse: true });
    expect(all.phrasings.at(-1)?.difference?.high).toBeLessThan(0);
    expect(all.rows).toBe(200);
    const two = await comparePhrasings(rows, ['bad', 'good'], metric);
    expect(two.best).toEqual(['good']);
    const [best, worst] = two.phrasings;
    expect(two.spread).toBeCloseTo((best?.figure ?? 0) - (worst?.figure ?? 0), 12);
    // Of two, every answer that differs is a flip.
    expect(worst?.flips).toBe(two.flips);
    expect(two.flips).toBeGreaterThan(0.4);
  });

  it('compares the rows that all have answered', async () => {
    const rows = [
      ...rowsOf('one', () => true),
      ...rowsOf('two', () => true).map((row) => (row.index === 3 ? { ...row, error: {} } : row)),
    ];
    const report = await comparePhrasings(rows, ['one', 'two'], metric);
    expect(report).toMatchObject({ rows: 199, spread: 0, flips: 0, best: ['one', 'two'] });
  });

  it('found things differ by label and whole pixels', async () => {
    const f1 = METRICS.find(({ id }) => id === 'f1@iou-0.5') as Metric;
    const row = (phrasing: string, index: number, x: number): EvaluatedRow => ({
      ...{ id: String(index), index, image: `${index}.png`, phrasing },
      ...{
        size: { width: 50, height: 50 },
        objects: [{ label: 'a', bbox: [0, 0, 9, 9], area: 81 }],
      },
      found: [{ label: 'a', bbox: [x, 0, 9, 9], score: 1 }],
    });
    const rows = Array.from({ length: 10 }, (_, i) => [
      row('p', i, 0),
      row('q', i, i < 5 ? 0.2 : 30),
    ]);
    const report = await comparePhrasings(rows.flat(), ['p', 'q'], f1);
    expect(report.flips).toBe(0.5);
    expect(report.phrasings.map(({ figure }) => figure)).toEqual([1, 0.5]);
  });
});
