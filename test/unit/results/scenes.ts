/** Detections that other tools' formats are tested with, and how what came back is compared. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { isSegment, Mask, type Segment } from '../../../src/results/mask.js';
import type { Detection } from '../../../src/results/types.js';
import { SOFT } from './samples.js';

export const image = { width: 640, height: 480 };
const box = { xmin: 100.5, ymin: 50.25, xmax: 300.75, ymax: 250.5 };
export const cat: Segment = {
  label: 'cat',
  score: 0.875,
  box,
  mask: new Mask(SOFT[1] as Float32Array, box, image),
};
export const dog: Detection = {
  label: 'dog',
  score: 0.5,
  box: { xmin: 0, ymin: 0, xmax: 640, ymax: 480 },
};
export const classes = ['dog', 'cat'];

const edge = (size: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 0, max: 1023 }))
    .map(([a, b]) => [(Math.min(a, b) / 1023) * size, (Math.max(a, b) / 1023) * size] as const);

/** Boxes as the model says them, in pictures of any size, with any label. */
export const anyScene = fc
  .record({ width: fc.integer({ min: 1, max: 5000 }), height: fc.integer({ min: 1, max: 5000 }) })
  .chain((size) =>
    fc.record({
      size: fc.constant(size),
      detections: fc.array(
        fc
          .tuple(
            fc.string({ unit: 'grapheme', maxLength: 12 }),
            fc.double({ min: 0, max: 1, noNaN: true }),
            edge(size.width),
            edge(size.height),
          )
          .map(([label, score, [xmin, xmax], [ymin, ymax]]): Detection => {
            return { label, score: score + 0, box: { xmin, ymin, xmax, ymax } };
          }),
        { maxLength: 5 },
      ),
    }),
  );

export function expectSame(
  found: readonly Detection[],
  wanted: readonly Detection[],
  tolerance = 1e-9,
) {
  expect(found.map(({ label, score }) => [label, score])).toEqual(
    wanted.map(({ label, score }) => [label, score]),
  );
  found.forEach((detection, i) => {
    for (const name of ['xmin', 'ymin', 'xmax', 'ymax'] as const) {
      const difference = Math.abs(detection.box[name] - (wanted[i] as Detection).box[name]);
      expect(difference).toBeLessThanOrEqual(tolerance);
    }
  });
}

export function expectSameMask(found: Detection | Segment | undefined, wanted: Mask): void {
  expect(found && isSegment(found) ? found.mask.toRle() : undefined).toEqual(wanted.toRle());
}

export const rangeError = expect.objectContaining({ code: 'ERR_OPTION_RANGE' });
