/**
 * Areas, overlaps and polygons of masks as runs (src/results/rle.ts), to the bit as pycocotools' maskApi computes them:
 * https://cocodataset.org/#format-data. Masks that are drawn or measured otherwise are in src/results.
 */

export interface MaskRuns {
  /** Pixels of the picture. */
  readonly height: number;
  readonly width: number;
  /** Lengths of runs of pixels outside and inside in turn, down the columns; the first may be empty. */
  readonly runs: ArrayLike<number>;
}

/** Pixels inside. */
export function areaOf({ runs }: MaskRuns): number {
  let area = 0;
  for (let i = 1; i < runs.length; i += 2) area += runs[i] as number;
  return area;
}

/** Intersection over union; over the area of `found` where the truth is a crowd. 0 for masks of other sizes. */
export function maskOverlap(found: MaskRuns, truth: MaskRuns, isCrowd: boolean): number {
  if (found.height !== truth.height || found.width !== truth.width) return 0;
  const both = commonArea(found.runs, truth.runs);
  if (both === 0) return 0;
  const area = areaOf(found);
  return both / (isCrowd ? area : area + areaOf(truth) - both);
}

function commonArea(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [i, j, common] = [0, 0, 0];
  let [leftA, leftB] = [a[0] ?? 0, b[0] ?? 0];
  while (i < a.length && j < b.length) {
    const step = Math.min(leftA, leftB);
    if (i & 1 && j & 1) common += step;
    leftA -= step;
    leftB -= step;
    if (leftA === 0) leftA = a[++i] ?? 0;
    if (leftB === 0) leftB = b[++j] ?? 0;
  }
  return common;
}

/** Finer than a pixel by this, so that edges of polygons are where they are. */
const SCALE = 5;

/** The pixels inside of a polygon, x and y in turn. Several polygons of one thing are joined with unionOf. */
export function polygonRuns(points: readonly number[], height: number, width: number): MaskRuns {
  const edges = polygonEdges(points);
  const places: number[] = [];
  // Where the boundary crosses the middle of a column of pixels.
  for (let i = 1; i < edges.length; i++) {
    const [[x, y], [beforeX, beforeY]] = [edges[i], edges[i - 1]] as [Point, Point];
    if (x === beforeX) continue;
    const column = ((x < beforeX ? x : x - 1) + 0.5) / SCALE - 0.5;
    if (Math.floor(column) !== column || column < 0 || column > width - 1) continue;
    const row = (Math.min(y, beforeY) + 0.5) / SCALE - 0.5;
    places.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)));
  }
  places.push(height * width);
  places.sort((a, b) => a - b);
  const lengths = places.map((place, i) => place - (places[i - 1] ?? 0));
  return { height, width, runs: withoutEmptyRuns(lengths) };
}

type Point = readonly [x: number, y: number];

/** Every point of the boundary on the finer grid. */
function polygonEdges(points: readonly number[]): Point[] {
  const corners: Point[] = [];
  for (let i = 0; i + 1 < points.length; i += 2) {
    const on = (value: number): number => Math.trunc(SCALE * value + 0.5);
    corners.push([on(points[i] as number), on(points[i + 1] as number)]);
  }
  const edges: Point[] = [];
  for (const [i, from] of corners.entries()) {
    const to = corners[(i + 1) % corners.length] as Point;
    line(from, to, edges);
  }
  return edges;
}

/** A point for each step of the longer side, in the direction from `from` to `to`. */
function line([xs, ys]: Point, [xe, ye]: Point, points: Point[]): void {
  const [dx, dy] = [Math.abs(xe - xs), Math.abs(ys - ye)];
  const isTurned = (dx >= dy && xs > xe) || (dx < dy && ys > ye);
  const [x0, y0, x1, y1] = isTurned ? [xe, ye, xs, ys] : [xs, ys, xe, ye];
  const slope = dx >= dy ? (y1 - y0) / dx : (x1 - x0) / dy;
  const most = Math.max(dx, dy);
  for (let d = 0; d <= most; d++) {
    const t = isTurned ? most - d : d;
    if (dx >= dy) points.push([t + x0, Math.trunc(y0 + slope * t + 0.5)]);
    else points.push([Math.trunc(x0 + slope * t + 0.5), t + y0]);
  }
}

/** An empty run joins those on its sides; the first may be empty. */
function withoutEmptyRuns(lengths: readonly number[]): number[] {
  const runs = [lengths[0] as number];
  for (let i = 1; i < lengths.length; ) {
    if ((lengths[i] as number) > 0) runs.push(lengths[i++] as number);
    else {
      i++;
      if (i < lengths.length)
        runs[runs.length - 1] = (runs.at(-1) as number) + (lengths[i++] as number);
    }
  }
  return runs;
}

/** What is in any of several masks of one size. */
export function unionOf(masks: readonly MaskRuns[]): MaskRuns {
  const [first, ...rest] = masks;
  if (first === undefined) throw new TypeError('no mask');
  return rest.reduce(union, first);
}

function union(a: MaskRuns, b: MaskRuns): MaskRuns {
  const runs: number[] = [];
  let [i, j, length, value] = [0, 0, 0, 0];
  let [leftA, leftB] = [a.runs[0] ?? 0, b.runs[0] ?? 0];
  while (i < a.runs.length && j < b.runs.length) {
    const step = Math.min(leftA, leftB);
    const set = (i & 1) | (j & 1);
    if (step > 0) {
      if (set !== value) {
        runs.push(length);
        [length, value] = [0, set];
      }
      length += step;
    }
    leftA -= step;
    leftB -= step;
    if (leftA === 0) leftA = a.runs[++i] ?? 0;
    if (leftB === 0) leftB = b.runs[++j] ?? 0;
  }
  runs.push(length);
  return { height: a.height, width: a.width, runs };
}
