/** What a phrase refers to, by hand; the goldens of big_vision are in metrics-goldens.test.ts. */
import { describe, expect, it } from 'vitest';
import {
  REFER_METRICS,
  type ReferAnswer,
  referOverlap,
} from '../../../../src/evaluation/metrics/refer.js';

const inside = new Float32Array(64 * 64).fill(1);
/** 10 x 10 pixels; the thing is the left half. */
const truth = {
  ...{ height: 10, width: 10, box: [0, 0, 1, 0.5] as const },
  mask: Uint8Array.from({ length: 100 }, (_, i) => Number(i % 10 < 5)),
};
const answer = (...positions: ReferAnswer['positions']): ReferAnswer => ({
  ...{ positions, mask: inside },
});

describe('referOverlap', () => {
  it('counts pixels of the picture', () => {
    // The whole picture for its left half: 50 of 100 pixels, and half of the box.
    const overlap = referOverlap(answer(0, 0, 1023, 1023), truth);
    expect(overlap).toEqual({ mask: 0.5, box: 0.5, isValid: true });
    expect(REFER_METRICS.map((metric) => metric.row(overlap, undefined)[0])).toEqual([0.5, 1, 0]);
  });

  it('cuts a box off at whole pixels: 511 / 1023 of 10 is 4', () => {
    expect(referOverlap(answer(0, 0, 1023, 511), truth).mask).toBe(40 / 50);
  });

  it('has no mask for a box without a pixel, and still compares the box', () => {
    const thin = { ...truth, box: [0, 0, 1, 0.05] as const };
    const overlap = referOverlap(answer(0, 0, 1023, 51), thin);
    expect(overlap).toMatchObject({ mask: 0, isValid: false });
    expect(overlap.box).toBeCloseTo(51 / 1023 / 0.05, 6);
  });

  it.each([
    ['no answer', undefined],
    ['bottom above top', answer(600, 0, 500, 1023)],
    ['no width', answer(0, 500, 1023, 500)],
    ['a position that there is not', answer(0, 0, 1024, 511)],
  ])('is 0 and not valid of %s', (_, given) => {
    expect(referOverlap(given, truth)).toEqual({ mask: 0, box: 0, isValid: false });
  });

  it('is 0 where the mask is empty', () => {
    const empty = { ...answer(0, 0, 1023, 1023), mask: new Float32Array(64 * 64) };
    expect(referOverlap(empty, truth)).toEqual({ mask: 0, box: 0.5, isValid: true });
  });
});
