/**
 * Arithmetic on boxes: area, overlap, clipping, and the check that public calls make. Masks are in mask.ts.
 */
import { makeError } from '../errors.js';
import type { Box, ImageSize } from './types.js';

/** Pixels of a picture that masks and converters accept: RLE counts and their differences stay within 32 bits. */
const MAX_PIXELS = 2 ** 31 - 1;

/** Square pixels; 0 when an edge is not beyond its opposite. */
export function boxArea(box: Box): number {
  return Math.max(0, box.xmax - box.xmin) * Math.max(0, box.ymax - box.ymin);
}

/** Intersection over union, 0 to 1. Two boxes without area have an IoU of 0, equal or not. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a.xmax, b.xmax) - Math.max(a.xmin, b.xmin);
  const height = Math.min(a.ymax, b.ymax) - Math.max(a.ymin, b.ymin);
  const shared = Math.max(0, width) * Math.max(0, height);
  const union = boxArea(a) + boxArea(b) - shared;
  return union > 0 ? shared / union : 0;
}

/** The part of `box` inside the picture; without area when there is none. */
export function clipBox(box: Box, image: ImageSize): Box {
  const x = (value: number): number => Math.min(Math.max(value, 0), image.width);
  const y = (value: number): number => Math.min(Math.max(value, 0), image.height);
  return { xmin: x(box.xmin), ymin: y(box.ymin), xmax: x(box.xmax), ymax: y(box.ymax) };
}

/** Throws `ERR_OPTION_RANGE` unless all four edges are finite numbers. */
export function checkBox(box: Box): void {
  for (const edge of ['xmin', 'ymin', 'xmax', 'ymax'] as const) {
    if (!Number.isFinite(box?.[edge])) {
      throw makeError(
        'ERR_OPTION_RANGE',
        `box.${edge} is ${box?.[edge]}, expected a finite number`,
        {
          name: `box.${edge}`,
          found: String(box?.[edge]),
          expected: 'a finite number of pixels',
        },
      );
    }
  }
}

/**
 * Throws `ERR_OPTION_RANGE` unless both sides are positive integers and the picture has at most 2^31 - 1 pixels. `name`:
 * what the caller calls it.
 */
export function checkImageSize(image: ImageSize, name = 'image'): void {
  for (const side of ['width', 'height'] as const) {
    const value = image?.[side];
    if (!Number.isInteger(value) || value < 1) {
      throw makeError(
        'ERR_OPTION_RANGE',
        `${name}.${side} is ${value}, expected a positive integer`,
        {
          name: `${name}.${side}`,
          found: String(value),
          expected: 'a positive integer',
        },
      );
    }
  }
  if (image.width * image.height > MAX_PIXELS) {
    throw makeError(
      'ERR_OPTION_RANGE',
      `${name} is ${image.width} x ${image.height}, expected at most ${MAX_PIXELS} pixels`,
      {
        name,
        found: `${image.width} x ${image.height}`,
        expected: `at most ${MAX_PIXELS} pixels`,
      },
    );
  }
}
