/** CIDEr and BLEU against pycocoevalcap: goldens made by scripts/dev/caption-goldens.py, and cases by hand. */
import { describe, expect, it } from 'vitest';
import { BLEU, CIDER } from '../../../../src/evaluation/metrics/cider.js';
import type { Answered } from '../../../../src/evaluation/metrics/metric.js';
import { golden } from '../../../support/metric-goldens.js';

type Caption = Answered<string, readonly string[]>;

const bleuOf = (rows: readonly Caption[]): number => {
  const sums = rows
    .map(({ answer, truth }) => BLEU.row(answer, truth))
    .reduce((all, row) => all.map((sum, k) => sum + (row[k] as number)));
  return BLEU.figure(sums, rows.length);
};

const ciderOf = (rows: readonly Caption[]) => {
  const { figure, contributions = [] } = CIDER.whole(rows);
  return { figure: figure(), contributions };
};

describe('200 corpora of 1 to 200 pictures', () => {
  const { captions, corpora } = golden<{
    readonly captions: readonly string[];
    readonly corpora: readonly {
      readonly pictures: readonly (readonly [answer: number, truths: readonly number[]])[];
      readonly cider: number;
      readonly bleu: number;
      readonly ciderRows?: readonly number[];
      readonly bleuRows?: readonly number[];
    }[];
  }>('corpora');
  const sets = corpora.map(({ pictures, ...figures }) => ({
    ...figures,
    rows: pictures.map(([answer, truths]) => ({
      answer: captions[answer] as string,
      truth: truths.map((one) => captions[one] as string),
    })),
  }));
  const near = (value: number, right: number): boolean => Math.abs(value - right) <= 1e-12;

  it('cider@pycocoevalcap', () => {
    const figures = sets.map((set) => ({ set, found: ciderOf(set.rows) }));
    expect(figures).toHaveLength(200);
    for (const { set, found } of figures) {
      expect(found.figure).toSatisfy((value: number) => near(value, set.cider));
      expect(found.contributions).toHaveLength(set.rows.length);
      const rows = set.ciderRows ?? [];
      expect(rows.filter((right, i) => !near(found.contributions[i] as number, right))).toEqual([]);
    }
  });

  it('bleu4@pycocoevalcap', () => {
    for (const set of sets) {
      expect(bleuOf(set.rows)).toSatisfy((value: number) => near(value, set.bleu));
      const rows = set.bleuRows ?? [];
      expect(rows.filter((right, i) => !near(bleuOf(set.rows.slice(i, i + 1)), right))).toEqual([]);
    }
  });
});

const SHAPES: readonly Caption[] = [
  {
    answer: 'A red circle and a blue square.',
    truth: ['a red circle and a blue square', 'a circle beside a square'],
  },
  { answer: 'a green triangle on the left', truth: ['A green triangle'] },
  { answer: 'a dog on grass', truth: ['two dogs on the grass', 'dogs run on grass'] },
];

describe('cider@pycocoevalcap', () => {
  it('is the mean of contributions that depend on all rows', () => {
    const { figure, contributions } = ciderOf(SHAPES);
    expect(figure).toBeCloseTo(3.7817216341, 10);
    expect(contributions.map((one) => Number(one.toFixed(8)))).toEqual([
      5.67873617, 3.92130433, 1.7451244,
    ]);
    expect(ciderOf(SHAPES.slice(1)).contributions[0]).not.toBeCloseTo(3.92130433, 2);
  });

  it('is 0 of one picture, even of the same words, and not a number of none', () => {
    expect(ciderOf(SHAPES.slice(0, 1))).toEqual({ figure: 0, contributions: [0] });
    expect(ciderOf([]).figure).toBeNaN();
    expect(CIDER.fewest).toBe(100);
  });

  it('is 10 of the same words', () => {
    const rows = SHAPES.map(({ truth }) => ({
      answer: truth[0] as string,
      truth: [truth[0] as string],
    }));
    const longer = rows.map(({ answer }) => ({
      answer: `${answer} x y`,
      truth: [`${answer} x y`],
    }));
    for (const one of ciderOf(longer).contributions) expect(one).toBeCloseTo(10, 12);
  });

  it('with rows several times or not at all is that of such rows', () => {
    const { figure } = CIDER.whole(SHAPES);
    const [first, second, third] = SHAPES as [Caption, Caption, Caption];
    const drawn = ciderOf([first, first, third, second, second, second]);
    expect(figure([2, 3, 1])).toBeCloseTo(drawn.figure, 12);
    expect(figure([2, 0, 1])).toBeCloseTo(ciderOf([first, third, first]).figure, 12);
    expect(figure()).toBeCloseTo(3.7817216341, 10);
  });

  it('counts no answer as 0', () => {
    const rows = [{ answer: '', truth: ['a dog'] }, ...SHAPES];
    expect(ciderOf(rows).contributions[0]).toBe(0);
  });
});

describe('bleu4@pycocoevalcap', () => {
  it('is made of the sums of all rows', () => {
    expect(bleuOf(SHAPES)).toBeCloseTo(0.593122, 6);
  });

  it('has words, nearest length, sequences and common ones as parts', () => {
    // "a a" is in no truth twice; of lengths 3 and 5, equally far, the shorter counts.
    expect(BLEU.row('a a b c', ['a b c', 'a b c d e'])).toEqual([4, 3, 4, 3, 2, 1, 3, 2, 1, 0]);
  });
});
