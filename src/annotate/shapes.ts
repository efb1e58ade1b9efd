/**
 * Results as a caller hands them in, checked and copied to what is drawn. What they look like is in svg.ts.
 */
import { makeError, type PaliGemmaError } from '../errors.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { isMask, type Mask, type Segment } from '../results/mask.js';
import type { Box, Detection, ImageSize } from '../results/types.js';

/** A detection, or one of `parseDetections`, which has no score. */
type AnyDetection = Pick<Detection, 'label' | 'box'> & Partial<Pick<Detection, 'score'>>;

/** What is drawn: a list of detections or segments, or a result that has one. */
export type Drawable =
  | readonly (AnyDetection | Segment)[]
  | { readonly detections: readonly AnyDetection[] }
  | { readonly segments: readonly Segment[] };

/** One object to draw. */
export interface Shape {
  /** Place in the caller's list. */
  readonly index: number;
  readonly label: string;
  readonly score: number | undefined;
  readonly box: Box;
  readonly mask?: Mask;
}

const EDGES = ['xmin', 'ymin', 'xmax', 'ymax'] as const;

/**
 * Throws ERR_OPTION_TYPE for what is not a list of detections, ERR_OPTION_RANGE for an edge or score that is not
 * finite and for a box whose edges are swapped.
 */
export function readShapes(results: Drawable): readonly Shape[] {
  return reading('results', 'detections or segments', () =>
    listOf(results).map((item: unknown, index) => readShape(item, `results[${index}]`, index)),
  );
}

/** A mask belongs to one picture: on another it would be drawn in the wrong place. Throws ERR_OPTION_RANGE. */
export function checkMaskSizes(shapes: readonly Shape[], size: ImageSize): void {
  for (const { mask, index } of shapes) {
    if (mask === undefined) continue;
    const { width, height } = mask.image;
    if (width !== size.width || height !== size.height) {
      throw failure(
        'ERR_OPTION_RANGE',
        `results[${index}].mask`,
        `a mask for a picture of ${width} x ${height} pixels`,
        `one for ${size.width} x ${size.height}, the size of this upright picture`,
      );
    }
  }
}

function listOf(results: unknown): readonly unknown[] {
  if (Array.isArray(results)) return results;
  if (typeof results === 'object' && results !== null) {
    for (const key of ['detections', 'segments'] as const) {
      const list = (results as Partial<Record<typeof key, unknown>>)[key];
      if (Array.isArray(list)) return list;
    }
  }
  throw failure(
    'ERR_OPTION_TYPE',
    'results',
    showValue(results),
    'an array of detections or segments, or an object with one in detections or segments',
  );
}

function readShape(item: unknown, name: string, index: number): Shape {
  if (typeof item !== 'object' || item === null) {
    throw failure('ERR_OPTION_TYPE', name, showValue(item), 'a detection');
  }
  const { label, score, box, mask } = item as Partial<Record<keyof Segment, unknown>>;
  if (typeof label !== 'string') {
    throw failure('ERR_OPTION_TYPE', `${name}.label`, showValue(label), 'a string');
  }
  if (mask !== undefined && !isMask(mask)) {
    throw failure('ERR_OPTION_TYPE', `${name}.mask`, showValue(mask), 'a Mask or nothing');
  }
  const shape = {
    index,
    label,
    score: score === undefined ? undefined : finite(score, `${name}.score`),
    box: readBox(box, name),
  };
  return mask === undefined ? shape : { ...shape, mask };
}

function readBox(box: unknown, name: string): Box {
  if (typeof box !== 'object' || box === null) {
    throw failure('ERR_OPTION_TYPE', `${name}.box`, showValue(box), 'a box');
  }
  const given = box as Partial<Record<keyof Box, unknown>>;
  const [xmin, ymin, xmax, ymax] = EDGES.map((edge) =>
    finite(given[edge], `${name}.box.${edge}`),
  ) as [number, number, number, number]; // EDGES has four
  if (xmin > xmax || ymin > ymax) {
    throw failure(
      'ERR_OPTION_RANGE',
      `${name}.box`,
      `${xmin},${ymin} to ${xmax},${ymax}`,
      'xmin <= xmax and ymin <= ymax',
    );
  }
  return { xmin, ymin, xmax, ymax };
}

function finite(value: unknown, name: string): number {
  if (typeof value !== 'number') {
    throw failure('ERR_OPTION_TYPE', name, showValue(value), 'a number');
  }
  if (!Number.isFinite(value)) {
    throw failure('ERR_OPTION_RANGE', name, showValue(value), 'a finite number');
  }
  return value;
}

function failure(
  code: 'ERR_OPTION_TYPE' | 'ERR_OPTION_RANGE',
  name: string,
  found: string,
  expected: string,
): PaliGemmaError {
  return makeError(code, `${name} is ${found}, expected ${expected}`, { name, found, expected });
}
