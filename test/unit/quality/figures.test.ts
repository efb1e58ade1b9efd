/** How quality is counted, on cases that can be counted by hand. */
import { describe, expect, test } from 'vitest';
import {
  auroc,
  bestThreshold,
  calibrationError,
  f1At,
  proportionInterval,
  reliability,
} from '../../../bench/quality/calibration-figures.mjs';
import {
  boxIou,
  characterAccuracy,
  editDistance,
  judge,
  maskIou,
  matchBoxes,
  parseInstances,
  Tally,
} from '../../../bench/quality/figures.mjs';

const scored = (...list: [number, boolean][]) =>
  list.map(([score, isRight]) => ({ score, isRight }));
const box = (xmin: number, ymin: number, xmax: number, ymax: number) => ({
  xmin,
  ymin,
  xmax,
  ymax,
});

describe('AUROC', () => {
  test('is the part of pairs in which the right one scores higher', () => {
    expect(auroc(scored([0.9, true], [0.8, true], [0.1, false]))).toBe(1);
    expect(auroc(scored([0.1, true], [0.8, false], [0.9, false]))).toBe(0);
    // Right 0.9 and 0.4, wrong 0.5 and 0.3: three of four pairs.
    expect(auroc(scored([0.5, false], [0.9, true], [0.3, false], [0.4, true]))).toBe(0.75);
  });

  test('counts ties half, and is unknown without both', () => {
    expect(auroc(scored([0.5, true], [0.5, false]))).toBe(0.5);
    expect(auroc(scored([0.5, true], [0.5, false], [0.2, false]))).toBe(0.75);
    expect(auroc(scored([0.5, true], [0.6, true]))).toBeUndefined();
    expect(auroc([])).toBeUndefined();
  });
});

describe('calibration', () => {
  test('error is the distance between score and share of right ones', () => {
    // Ten equal scores fill ten bins of one, so that each bin is 0.5 off; twenty fill bins of a right and a wrong one.
    const half = Array.from({ length: 20 }, (_, i): [number, boolean] => [0.5, i % 2 === 0]);
    expect(calibrationError(scored(...half))).toBe(0);
    expect(calibrationError(scored([1, false], [1, false]))).toBe(1);
    expect(calibrationError(scored([0.75, true]))).toBe(0.25);
  });

  test('bins hold equally many, by score', () => {
    const list = Array.from({ length: 8 }, (_, i): [number, boolean] => [i / 8, i >= 6]);
    const bins = reliability(scored(...list.reverse()), 4);
    expect(bins.map(({ count, right }) => [count, right])).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
      [2, 1],
    ]);
    expect(bins[0]?.score).toBe(1 / 16);
  });

  test('interval of a proportion (Wilson): 5 of 10', () => {
    const { low, high } = proportionInterval(5, 10);
    expect(low).toBeCloseTo(0.2366, 4);
    expect(high).toBeCloseTo(0.7634, 4);
    expect(proportionInterval(0, 10).low).toBe(0);
    expect(proportionInterval(10, 10).high).toBe(1);
  });
});

describe('F1', () => {
  const list = scored([0.9, true], [0.6, true], [0.5, false], [0.1, false]);

  test('counts what scores enough against all there is to find', () => {
    expect(f1At(list, 4, 0)).toEqual({ minScore: 0, precision: 0.5, recall: 0.5, f1: 0.5 });
    expect(f1At(list, 4, 0.6)).toMatchObject({ precision: 1, recall: 0.5, f1: 2 / 3 });
    expect(f1At(list, 4, 0.95)).toMatchObject({ precision: 1, recall: 0, f1: 0 });
    expect(f1At([], 0, 0)).toMatchObject({ precision: 1, recall: 1, f1: 1 });
  });

  test('is best at the lowest threshold that leaves the wrong ones out', () => {
    expect(bestThreshold(list, 4)).toMatchObject({ minScore: 0.51, f1: 2 / 3 });
  });
});

describe('boxes', () => {
  const left = box(0, 0, 10, 10);
  const right = box(8, 0, 18, 10);

  test('overlap is the common area, of the area of both', () => {
    expect(boxIou(left, left)).toBe(1);
    expect(boxIou(left, box(5, 0, 15, 10))).toBeCloseTo(1 / 3, 12);
    expect(boxIou(left, box(20, 20, 30, 30))).toBe(0);
  });

  test('each found box takes the free true box it overlaps most, in the order found', () => {
    const { ious, used } = matchBoxes([left, left, right], [right, left]);
    // The second `left` is a duplicate: what is left of the truth overlaps too little.
    expect(ious).toEqual([1, 0, 1]);
    expect([...used].sort()).toEqual([0, 1]);
  });

  test('one that comes first may take what fits a later one better', () => {
    const between = box(3, 0, 13, 10);
    const { ious, used } = matchBoxes([between, left], [left]);
    expect(ious).toEqual([7 / 13, 0]);
    expect(used.size).toBe(1);
  });

  test('too little overlap is wrong and takes nothing', () => {
    const { ious, used } = matchBoxes([box(5, 0, 15, 10)], [left]);
    expect(ious).toEqual([0]);
    expect(used.size).toBe(0);
    expect(matchBoxes([box(5, 0, 15, 10)], [left], 0.3).ious[0]).toBeCloseTo(1 / 3, 12);
    expect(matchBoxes([left], [])).toEqual({ ious: [0], used: new Set() });
  });

  test('the best score of a label chooses first; a label that was not asked for is wrong', () => {
    const objects = [{ color: 'red', shape: 'star', box: left }];
    const weak = { label: 'star', score: 0.2, box: left };
    const strong = { label: 'star', score: 0.9, box: box(0, 0, 10, 9) };
    const other = { label: 'red star', score: 0.5, box: left };
    const judged = judge([weak, other, strong], objects, ['star']);
    const iou = (d: object) => judged.find(({ detection }) => detection === d)?.iou;
    expect(judged).toHaveLength(3);
    expect(iou(strong)).toBe(0.9);
    expect(iou(weak)).toBe(0);
    expect(iou(other)).toBe(0);
    expect(judge([other], objects, ['star', 'red star'])).toEqual([{ detection: other, iou: 1 }]);
  });

  test('masks overlap by pixels', () => {
    expect(maskIou([1, 1, 0, 0], [0, 1, 1, 0])).toBeCloseTo(1 / 3, 12);
    expect(maskIou([0, 0], [0, 0])).toBe(0);
  });
});

describe('texts', () => {
  test('instances are read as the reference reads them', () => {
    const size = { width: 1023, height: 2046 };
    const codes = '<seg007>'.repeat(16);
    const text = `<loc0010><loc0020><loc0030><loc0040> red star ; <loc0001><loc0002><loc0003><loc0004>${codes} dot ; nothing`;
    const [first, second, ...others] = parseInstances(text, size);
    expect(first).toEqual({ box: box(20, 20, 40, 60), codes: [], label: 'red star' });
    expect(second).toMatchObject({ codes: Array(16).fill(7), label: 'dot' });
    expect(others).toEqual([]);
  });

  test('edit distance and the character accuracy made of it', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(characterAccuracy('STOP 7', 'STOP 7')).toBe(1);
    expect(characterAccuracy('STOP', 'STOP 7')).toBeCloseTo(4 / 6, 12);
    expect(characterAccuracy('', '')).toBe(1);
  });
});

describe('Tally', () => {
  test('is the mean over all values, with an interval from whole pictures', () => {
    const tally = new Tally();
    for (let i = 0; i < 100; i++) tally.add('exact', `picture ${i}`, i % 4 === 0);
    const figure = tally.figure('exact');
    expect(figure).toMatchObject({ value: 0.25, count: 100, pictures: 100 });
    // sqrt(0.25 * 0.75 / 100) = 0.0433
    expect(figure?.deviation).toBeGreaterThan(0.038);
    expect(figure?.deviation).toBeLessThan(0.049);
    expect(figure?.low).toBeGreaterThan(0.13);
    expect(figure?.high).toBeLessThan(0.37);
    expect(tally.figure('other')).toBeUndefined();
  });

  test('values of one picture do not count as independent', () => {
    const together = new Tally();
    const apart = new Tally();
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 10; k++) {
        together.add('x', `${i}`, i % 2);
        apart.add('x', `${i} ${k}`, i % 2);
      }
    }
    const wide = together.figure('x')?.deviation ?? 0;
    expect(wide).toBeGreaterThan(2 * (apart.figure('x')?.deviation ?? 1));
  });
});
