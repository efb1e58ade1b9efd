/** Loc tokens to pixels, boxes without area, and which of several detections stay. */
import { describe, expect, test } from 'vitest';
import type { Piece } from '../../../src/prediction.js';
import {
  type DetectedObject,
  emptyBox,
  hasArea,
  labelPresences,
  selectDetections,
  toDetection,
} from '../../../src/tasks/boxes.js';
import type { Instance } from '../../../src/tasks/instances.js';

function instance(values: readonly number[], label: readonly [string, number][]): Instance {
  const locs = values.map((value): Piece => {
    const text = `<loc${String(value).padStart(4, '0')}>`;
    return { text, token: value, logprob: Math.log(0.5) };
  });
  const labels = label.map(([text, p]): Piece => ({ text, token: 1, logprob: Math.log(p) }));
  const joined = label
    .map(([text]) => text)
    .join('')
    .trim();
  return { locs, segs: [], labels, label: joined, presence: 0.75 };
}

const WIDE = { width: 2046, height: 1023 };

describe('toDetection', () => {
  test('reads ymin, xmin, ymax, xmax as parts of 1023 of height and width', () => {
    const found = toDetection(instance([10, 20, 30, 40], [[' dog', 1]]), WIDE, false);
    expect(found.box).toEqual({ ymin: 10, xmin: 40, ymax: 30, xmax: 80 });
    expect(toDetection(instance([0, 0, 1023, 1023], []), WIDE, false).box).toEqual({
      ymin: 0,
      xmin: 0,
      ymax: 1023,
      xmax: 2046,
    });
    const dot = toDetection(instance([0, 0, 1023, 1023], []), { width: 1, height: 1 }, false);
    expect(dot.box).toEqual({ ymin: 0, xmin: 0, ymax: 1, xmax: 1 });
  });

  test('scores box and label, and both together by their product', () => {
    const found = toDetection(
      instance(
        [10, 20, 30, 40],
        [
          [' red', 0.5],
          [' dog', 0.8],
        ],
      ),
      WIDE,
      false,
    );
    expect(found).toMatchObject({ label: 'red dog', presence: 0.75 });
    expect(found.labelScore).toBeCloseTo(0.4, 12);
    expect(found.boxScore).toBeCloseTo(1 / 16, 12);
    expect(found.score).toBeCloseTo(0.025, 12);
  });

  test('places edges at the mean when asked to, and scores the tokens all the same', () => {
    const said = instance([100, 100, 200, 200], []);
    const locs = said.locs.map((loc, i): Piece => {
      const locProbabilities = new Float32Array(1024);
      locProbabilities[i < 2 ? 100 : 200] = 0.5;
      locProbabilities[i < 2 ? 110 : 220] = 0.25;
      return { ...loc, locProbabilities };
    });
    const size = { width: 1023, height: 1023 };
    const [token, mean] = [false, true].map((useExpected) =>
      toDetection({ ...said, locs }, size, useExpected),
    );
    expect(token?.box).toEqual({ ymin: 100, xmin: 100, ymax: 200, xmax: 200 });
    const edge = (a: number, b: number): unknown => expect.closeTo((2 * a + b) / 3, 4);
    expect(mean?.box).toEqual({
      ymin: edge(100, 110),
      xmin: edge(100, 110),
      ymax: edge(200, 220),
      xmax: edge(200, 220),
    });
    expect(mean?.score).toBe(token?.score);
  });
});

test('a box has area when its edges are in order and apart', () => {
  const box = { xmin: 1, ymin: 1, xmax: 2, ymax: 2 };
  expect(hasArea(box)).toBe(true);
  for (const wrong of [{ xmax: 1 }, { ymax: 1 }, { xmax: 0 }, { ymin: 3 }, { xmin: Number.NaN }]) {
    expect(hasArea({ ...box, ...wrong })).toBe(false);
  }
});

test('a box without area is reported with all that was generated', () => {
  expect(
    emptyBox(
      instance(
        [9, 9, 9, 9],
        [
          [' red', 1],
          [' dog', 1],
        ],
      ),
    ),
  ).toEqual({
    text: '<loc0009><loc0009><loc0009><loc0009> red dog',
    reason: 'emptyBox',
  });
});

describe('selectDetections', () => {
  const at = (xmin: number, score: number, label = 'dog') => ({
    label,
    score,
    box: { xmin, ymin: 0, xmax: xmin + 10, ymax: 10 },
    asked: label !== 'bird',
  });

  test('leaves out what scores below the limit, not at it', () => {
    const all = [at(0, 0.5), at(20, 0.4999), at(40, 0.9)];
    expect(selectDetections(all, { minScore: 0.5, duplicateIou: 0.7, extra: false })).toEqual({
      kept: [all[0], all[2]],
      unasked: 0,
      duplicates: 0,
      belowMinScore: 1,
    });
  });

  test('keeps the better one of two in one place, and the order', () => {
    const all = [at(0, 0.5), at(40, 0.4), at(1, 0.9), at(41, 0.3)];
    expect(selectDetections(all, { minScore: 0, duplicateIou: 0.7, extra: false })).toEqual({
      kept: [all[1], all[2]],
      unasked: 0,
      duplicates: 2,
      belowMinScore: 0,
    });
  });

  test('minds the label, and overlap above the limit only', () => {
    const all = [at(0, 0.5), at(0, 0.4, 'cat'), at(5, 0.3)];
    // Half of each: IoU 1/3.
    expect(selectDetections(all, { minScore: 0, duplicateIou: 1 / 3, extra: false }).kept).toEqual(
      all,
    );
    expect(selectDetections(all, { minScore: 0, duplicateIou: 0.33, extra: false }).kept).toEqual(
      all.slice(0, 2),
    );
  });

  test('keeps everything at 1, also what is generated twice', () => {
    const all = [at(0, 0.5), at(0, 0.5), at(0, 0.5)];
    expect(selectDetections(all, { minScore: 0, duplicateIou: 1, extra: false }).kept).toEqual(all);
    expect(selectDetections(all, { minScore: 0, duplicateIou: 0.99, extra: false }).kept).toEqual([
      all[0],
    ]);
  });

  test('what overlaps only with a duplicate stays', () => {
    // Each overlaps its neighbour by IoU 0.43, the outer two by 0.11.
    const all = [at(0, 0.9), at(4, 0.8), at(8, 0.7)];
    expect(selectDetections(all, { minScore: 0, duplicateIou: 0.4, extra: false })).toEqual({
      kept: [all[0], all[2]],
      unasked: 0,
      duplicates: 1,
      belowMinScore: 0,
    });
  });

  test('what was not asked for is counted, or stays with extra', () => {
    const all = [at(0, 0.9, 'bird'), at(40, 0.4), at(80, 0.1, 'bird')];
    const limits = { minScore: 0.2, duplicateIou: 0.7 };
    expect(selectDetections(all, { ...limits, extra: false })).toEqual({
      kept: [all[1]],
      unasked: 2,
      duplicates: 0,
      belowMinScore: 0,
    });
    expect(selectDetections(all, { ...limits, extra: true })).toEqual({
      kept: [all[0], all[1]],
      unasked: 0,
      duplicates: 0,
      belowMinScore: 1,
    });
  });

  test('takes none', () => {
    expect(selectDetections([], { minScore: 0, duplicateIou: 0.7, extra: false })).toEqual({
      kept: [],
      unasked: 0,
      duplicates: 0,
      belowMinScore: 0,
    });
  });
});

test('a label has the presence of its best box, one without a box that of one more at the end', () => {
  const found = [[[' red dog', 1]], [[' Cats', 1]]].map((label, i) => ({
    ...toDetection(instance([1, 2, 30, 40], label as [string, number][]), WIDE, false),
    presence: [0.9, 0.8][i],
  }));
  const labels = ['red dog', 'cat', 'bird'];
  expect(
    labelPresences(labels, [...found, { ...(found[0] as DetectedObject), presence: 0.95 }], 0.1),
  ).toEqual([
    { label: 'red dog', presence: 0.95 },
    { label: 'cat', presence: 0.8 },
    { label: 'bird', presence: 0.1 },
  ]);
  expect(labelPresences(['bird'], [], undefined)).toEqual([{ label: 'bird', presence: undefined }]);
});
