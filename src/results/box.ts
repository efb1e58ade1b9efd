/**
 * Arithmetic on boxes: area, overlap, clipping, and the check that public calls make. Masks are in mask.ts.
 */

import { reading } from '../options/read.js';
import { badDocument, fields, finite, whole } from './reading.js';
import type { Box, ImageSize } from './types.js';

/** Pixels of a picture that masks and converters accept: RLE counts and their differences stay within 32 bits. */
const MAX_PIXELS = 2 ** 31 - 1;

/** Square pixels; 0 when an edge is not beyond its opposite. */
export function boxArea(box: Box): number {
  return Math.max(0, box.xmax - box.xmin) * Math.max(0, box.ymax - box.ymin);
}

/**
 * Intersection over union, 0 to 1. Two boxes without area have an IoU of 0, equal or not.
 *
 * @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` unless all edges are finite numbers
 */
export function boxIou(a: Box, b: Box): number {
  return overlap(checkBox(a, 'a'), checkBox(b, 'b'));
}

/** `boxIou` of boxes that are known to be boxes. */
export function overlap(a: Box, b: Box): number {
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

/** `box` as an object of our own. Throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` unless all four edges are finite numbers. */
export function checkBox(box: unknown, name = 'box'): Box {
  return reading(name, 'a box', () => {
    const given = fields(box, name);
    const edge = (key: keyof Box): number => finite(given[key], `${name}.${key}`);
    return { xmin: edge('xmin'), ymin: edge('ymin'), xmax: edge('xmax'), ymax: edge('ymax') };
  });
}

/**
 * `image` as an object of our own. Throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` unless both sides are positive integers
 * and the picture has at most 2^31 - 1 pixels. `name`: what the caller calls it.
 */
export function checkImageSize(image: unknown, name = 'image'): ImageSize {
  const { width, height } = reading(name, 'the size of a picture', () => {
    const given = fields(image, name);
    const side = (key: keyof ImageSize): number => {
      const value = whole(given[key], `${name}.${key}`);
      if (value >= 1) return value;
      throw badDocument('ERR_OPTION_RANGE', `${name}.${key}`, `${value}`, 'a positive integer');
    };
    return { width: side('width'), height: side('height') };
  });
  if (width * height <= MAX_PIXELS) return { width, height };
  const found = `${width} x ${height}`;
  throw badDocument('ERR_OPTION_RANGE', name, found, `at most ${MAX_PIXELS} pixels`);
}
