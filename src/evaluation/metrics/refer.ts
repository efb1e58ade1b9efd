/**
 * Overlaps of the thing that a phrase refers to, as big_vision's segmentation.py computes them for RefCOCO. An answer is
 * what the model says first: four positions and the 64 x 64 values that its mask codes decode to.
 */
import { MASK_SIDE } from '../../results/mask.js';
import { resizeFloats } from '../../results/resize.js';
import type { ImageSize } from '../../results/types.js';
import type { CocoBox } from './coco.js';
import { type MaskRuns, maskOverlap as overlapOfRuns } from './mask-runs.js';
import { type Described, meanMetric, type RowMetric } from './metric.js';

/** Top, left, bottom, right. */
type Edges = readonly [y1: number, x1: number, y2: number, x2: number];

export interface ReferAnswer {
  /** Of the four loc tokens, 0 to 1023. */
  readonly positions: Edges;
  /** Row-major; above 0 is inside. */
  readonly mask: Float32Array;
}

export interface ReferTruth {
  /** Pixels of the picture as it was, not as the model sees it. */
  readonly height: number;
  readonly width: number;
  /** Row-major; not 0 is inside. */
  readonly mask: Uint8Array;
  /** 0 to 1. */
  readonly box: Edges;
}

export interface ReferOverlap {
  /** Intersection over union in pixels of the picture. */
  readonly mask: number;
  /** Intersection over union of the boxes; a box that is too thin for a pixel has one, though its answer is not valid. */
  readonly box: number;
  readonly isValid: boolean;
}

const LAST_POSITION = 1023;

/** `answer`: undefined where the text does not begin with four loc and 16 seg tokens. */
export function referOverlap(answer: ReferAnswer | undefined, truth: ReferTruth): ReferOverlap {
  if (answer === undefined || !isBox(answer.positions)) return { mask: 0, box: 0, isValid: false };
  const { height, width } = truth;
  const [y1, x1, y2, x2] = answer.positions.map((one) => one / LAST_POSITION) as unknown as Edges;
  const box = boxOverlap([y1, x1, y2, x2], truth.box);
  const pixels: Edges = [
    Math.trunc(y1 * height),
    Math.trunc(x1 * width),
    Math.trunc(y2 * height),
    Math.trunc(x2 * width),
  ];
  const [top, left, bottom, right] = pixels;
  if (right <= left || bottom <= top) return { mask: 0, box, isValid: false };
  return { mask: maskOverlap(answer.mask, pixels, truth), box, isValid: true };
}

/** What is written down of an answer or a truth: pixels of the picture. */
export interface ReferShape {
  readonly bbox: CocoBox;
  readonly mask?: MaskRuns;
}

/**
 * The same of shapes in pixels, as results have them: their masks are painted in whole pixels already. The overlap of masks
 * is NaN where the truth has none, and 0 where only the answer has none.
 */
export function referOverlapOf(
  answer: ReferShape | undefined,
  truth: ReferShape,
  size: ImageSize,
): ReferOverlap {
  const none = truth.mask === undefined ? Number.NaN : 0;
  if (answer === undefined) return { mask: none, box: 0, isValid: false };
  const box = boxOverlap(edgesOf(answer.bbox, size), edgesOf(truth.bbox, size));
  if (answer.mask === undefined || areaIsEmpty(answer.bbox))
    return { mask: none, box, isValid: false };
  if (truth.mask === undefined) return { mask: none, box, isValid: true };
  return { mask: overlapOfRuns(answer.mask, truth.mask, false), box, isValid: true };
}

/** A box that is too thin for a pixel. */
const areaIsEmpty = ([x, y, width, height]: CocoBox): boolean =>
  Math.trunc(x + width) <= Math.trunc(x) || Math.trunc(y + height) <= Math.trunc(y);

/** 0 to 1. Of edges at the positions of loc tokens, to the bit what the tokens say. */
function edgesOf([x, y, w, h]: CocoBox, { width, height }: ImageSize): Edges {
  const part = (pixels: number, side: number): number => {
    const position = (pixels / side) * LAST_POSITION;
    const whole = Math.round(position);
    return Math.abs(position - whole) < 1e-6 ? whole / LAST_POSITION : pixels / side;
  };
  return [part(y, height), part(x, width), part(y + h, height), part(x + w, width)];
}

function isBox(positions: Edges): boolean {
  const [y1, x1, y2, x2] = positions;
  return positions.every((one) => one >= 0 && one <= LAST_POSITION) && y2 > y1 && x2 > x1;
}

function maskOverlap(soft: Float32Array, pixels: Edges, { width, mask }: ReferTruth): number {
  const [top, left, bottom, right] = pixels;
  const resized = resizeFloats(soft, [MASK_SIDE, MASK_SIDE], [right - left, bottom - top]);
  let [given, common, there] = [0, 0, 0];
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, at++) {
      if (!((resized[at] as number) > 0)) continue;
      given++;
      if (mask[y * width + x] !== 0) common++;
    }
  }
  for (const value of mask) if (value !== 0) there++;
  return given + there === 0 ? 0 : common / (given + there - common);
}

/**
 * The truth's edges are f32 there, and so is arithmetic among them alone: boxes that overlap by exactly half are right or
 * wrong by that.
 */
function boxOverlap(given: Edges, truth: Edges): number {
  const exact = given.map((value): Edge => ({ value, isSingle: false }));
  const single = truth.map((value): Edge => ({ value: Math.fround(value), isSingle: true }));
  const common = exact.map((edge, i) => {
    const other = single[i] as Edge;
    return (i < 2 ? other.value > edge.value : other.value < edge.value) ? other : edge;
  });
  const both = area(common);
  return both / (area(exact) + area(single) - both);
}

interface Edge {
  readonly value: number;
  readonly isSingle: boolean;
}

function area(edges: readonly Edge[]): number {
  const [y1, x1, y2, x2] = edges as readonly [Edge, Edge, Edge, Edge];
  const [width, height] = [length(x1, x2), length(y1, y2)];
  const value = width.value * height.value;
  return width.isSingle && height.isSingle ? Math.fround(value) : value;
}

function length(from: Edge, to: Edge): Edge {
  const value = Math.max(to.value - from.value, 0);
  return from.isSingle && to.isSingle
    ? { value: Math.fround(value), isSingle: true }
    : { value, isSingle: false };
}

export type ReferMetric = RowMetric<'reference', ReferOverlap, undefined>;

const referMetric = (
  described: Pick<Described, 'id' | 'title' | 'formula'>,
  value: (overlap: ReferOverlap) => number,
): ReferMetric =>
  meanMetric({ ...described, kind: 'reference', source: 'big_vision, segmentation.py' }, value);

const boxAccuracy = (overlap: 0.5 | 0.75): ReferMetric =>
  referMetric(
    {
      id: `boxacc@refcoco-${overlap}`,
      title: `boxes that overlap by ${overlap}`,
      formula: `share of rows whose boxes have an intersection over union of at least ${overlap}`,
    },
    ({ box }) => Number(overlap <= box),
  );

export const REFER_METRICS: readonly ReferMetric[] = [
  referMetric(
    {
      id: 'miou@refcoco',
      title: 'mean overlap of masks',
      formula:
        'mean over rows of intersection over union in pixels; 0 for an answer that is no mask',
    },
    ({ mask }) => mask,
  ),
  boxAccuracy(0.5),
  boxAccuracy(0.75),
];
