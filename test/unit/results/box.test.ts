/** Arithmetic on boxes. */
import { describe, expect, it } from 'vitest';
import { boxArea, boxIou, clipBox } from '../../../src/results/box.js';

const box = (xmin: number, ymin: number, xmax: number, ymax: number) => ({
  xmin,
  ymin,
  xmax,
  ymax,
});

describe('boxes', () => {
  it.each([
    [box(0, 0, 2, 2), box(0, 0, 2, 2), 1],
    [box(0, 0, 2, 2), box(1, 0, 3, 2), 1 / 3],
    [box(0, 0, 4, 4), box(1, 1, 3, 3), 1 / 4],
    [box(0, 0, 2, 2), box(2, 0, 4, 2), 0],
    [box(0, 0, 2, 2), box(5, 5, 6, 6), 0],
    [box(1, 1, 1, 3), box(1, 1, 1, 3), 0],
    [box(3, 3, 1, 1), box(0, 0, 4, 4), 0],
  ])('overlap of %j and %j is %d', (a, b, iou) => {
    expect(boxIou(a, b)).toBe(iou);
    expect(boxIou(b, a)).toBe(iou);
  });

  it('have an area unless their edges are crossed', () => {
    expect(boxArea(box(1, 2, 4, 4))).toBe(6);
    expect(boxArea(box(4, 4, 1, 2))).toBe(0);
  });

  it('are cut to the picture', () => {
    const image = { width: 10, height: 5 };
    expect(clipBox(box(-3, 1.5, 12, 9), image)).toEqual(box(0, 1.5, 10, 5));
    expect(boxArea(clipBox(box(20, 1, 30, 2), image))).toBe(0);
  });
});
