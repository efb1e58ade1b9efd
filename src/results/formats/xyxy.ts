/** Boxes as arrays of four numbers, and boxes relative to the picture. Masks have no place in either. */

import { reading } from '../../options/read.js';
import { checkImageSize } from '../box.js';
import { fields, finite, list, numbers, text } from '../reading.js';
import type { Box, Detection, ImageSize } from '../types.js';
import { detectionsOf } from './detections.js';

/** One detection as torchvision, transformers and supervision know it. */
export interface XyxyDetection {
  /** xmin, ymin, xmax, ymax in pixels of the picture. */
  readonly xyxy: readonly [number, number, number, number];
  readonly confidence: number;
  readonly class: string;
}

/** A detection whose edges are relative to the picture: 0 is the left or top edge, 1 the right or bottom edge. */
export type NormalizedDetection = Detection;

/** Exact; masks are left out. */
export function toXyxy(detections: readonly Detection[]): XyxyDetection[] {
  return detectionsOf(detections).map(({ label, score, box }) => {
    return {
      xyxy: [box.xmin, box.ymin, box.xmax, box.ymax],
      confidence: score,
      class: label,
    };
  });
}

/** @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` that names the place */
export function fromXyxy(detections: readonly XyxyDetection[]): Detection[] {
  return reading('detections', 'an array of detections', () =>
    list(detections, 'detections').map((item, i) => {
      const where = `detections[${i}]`;
      const entry = fields(item, where);
      const [xmin = 0, ymin = 0, xmax = 0, ymax = 0] = numbers(entry.xyxy, `${where}.xyxy`, 4);
      return {
        label: text(entry.class, `${where}.class`),
        score: finite(entry.confidence, `${where}.confidence`),
        box: { xmin, ymin, xmax, ymax },
      };
    }),
  );
}

/** Edges divided by the size of the picture; masks are left out. */
export function toNormalized(
  detections: readonly Detection[],
  image: ImageSize,
): NormalizedDetection[] {
  const size = checkImageSize(image);
  return detectionsOf(detections).map(({ label, score, box }) => ({
    label,
    score,
    box: mapEdges(box, size, (edge, side) => edge / side),
  }));
}

/** The reverse of `toNormalized`, up to the last bit of a double. */
export function fromNormalized(
  detections: readonly NormalizedDetection[],
  image: ImageSize,
): Detection[] {
  const size = checkImageSize(image);
  return detectionsOf(detections).map(({ label, score, box }) => ({
    label,
    score,
    box: mapEdges(box, size, (edge, side) => edge * side),
  }));
}

function mapEdges(box: Box, image: ImageSize, map: (edge: number, size: number) => number): Box {
  return {
    xmin: map(box.xmin, image.width),
    ymin: map(box.ymin, image.height),
    xmax: map(box.xmax, image.width),
    ymax: map(box.ymax, image.height),
  };
}
