/**
 * Outlines of masks: traced along pixel edges, simplified, joined into one, and filled again. What a mask is: see
 * mask.ts.
 */
import { showValue } from '../options/show.js';
import { badDocument, numbers, optionsOf } from './reading.js';
import type { Box, ImageSize } from './types.js';

/** x, y, x, y, … in pixels of the picture, closed without repeating the first point: as COCO writes it. */
export type Polygon = readonly number[];

/** How outlines are simplified. */
export interface PolygonOptions {
  /**
   * Pixels by which an outline may leave the pixel edges, 0 or more. Default 1; 0 keeps every corner, and filling the
   * polygons then returns the mask without its holes.
   */
  readonly tolerance?: number | undefined;
  /** Pieces smaller than this share of the largest are left out, 0 to 1. Default 0.01; 0 keeps all. */
  readonly minShare?: number | undefined;
}

type Point = readonly [number, number];
type Points = readonly Point[];

// Right, down, left, up: an outline has the inside on its right hand, so outer ones run clockwise on the screen.
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

interface Outline {
  readonly points: Points;
  /** Centre of a pixel inside, next to the outline. */
  readonly inside: Point;
}

/** Corners of every outline, outer ones and holes. Pixels that touch only at a corner are separate pieces. */
function traceOutlines(data: Uint8Array, width: number, height: number): Outline[] {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
  const seen = new Uint8Array(width * height); // pixels whose upper edge belongs to an outline already traced
  const outlines: Outline[] = [];
  for (let startY = 0; startY < height; startY++) {
    for (let startX = 0; startX < width; startX++) {
      if (seen[startY * width + startX] || !inside(startX, startY) || inside(startX, startY - 1)) {
        continue;
      }
      const corners: [number, number][] = [];
      let [x, y, direction] = [startX, startY, 0];
      do {
        if (direction === 0) seen[y * width + x] = 1;
        const [dx, dy] = STEPS[direction] as Point;
        x += dx;
        y += dy;
        // The two pixels ahead of the corner (x, y), to the left and to the right of the way there.
        const left = inside(
          direction === 0 || direction === 1 ? x : x - 1,
          direction === 1 || direction === 2 ? y : y - 1,
        );
        const right = inside(
          direction === 0 || direction === 3 ? x : x - 1,
          direction === 0 || direction === 1 ? y : y - 1,
        );
        const turn = right ? (left ? 3 : 0) : 1;
        if (turn !== 0) corners.push([x, y]);
        direction = (direction + turn) % 4;
      } while (x !== startX || y !== startY || direction !== 0);
      outlines.push({ points: corners, inside: [startX + 0.5, startY + 0.5] });
    }
  }
  return outlines;
}

/** Positive for outer outlines, negative for holes (shoelace formula, y down). */
function signedArea(points: Points): number {
  let twice = 0;
  let [x0, y0] = points[points.length - 1] as Point;
  for (const [x, y] of points) {
    twice += x0 * y - x * y0;
    [x0, y0] = [x, y];
  }
  return twice / 2;
}

function distanceToSegment(
  [x, y]: readonly [number, number],
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / squared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}

/** Ramer-Douglas-Peucker on a closed line, split at its first point and the one farthest from it. */
function simplify(points: Points, tolerance: number): Points {
  if (tolerance === 0 || points.length <= 4) return points;
  const closed = [...points, points[0] as Point];
  const first = closed[0] as Point;
  let far = 0;
  let farDistance = -1;
  for (let i = 1; i < points.length; i++) {
    const distance = Math.hypot(
      (closed[i] as Point)[0] - first[0],
      (closed[i] as Point)[1] - first[1],
    );
    if (distance > farDistance) [far, farDistance] = [i, distance];
  }
  const keep = new Uint8Array(closed.length);
  keep[0] = keep[far] = 1;
  const spans: [number, number][] = [
    [0, far],
    [far, closed.length - 1],
  ];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let worst = 0;
    let worstDistance = tolerance;
    for (let i = from + 1; i < to; i++) {
      const distance = distanceToSegment(
        closed[i] as Point,
        closed[from] as Point,
        closed[to] as Point,
      );
      if (distance > worstDistance) [worst, worstDistance] = [i, distance];
    }
    if (worst > 0) {
      keep[worst] = 1;
      spans.push([from, worst], [worst, to]);
    }
  }
  const kept = points.filter((_, i) => keep[i] === 1);
  // A piece about as thin as the tolerance would become a line: it keeps its corners.
  return kept.length < 3 || signedArea(kept) <= 0 ? points : kept;
}

/**
 * Outer outlines of a mask that covers `box` (whole pixels), largest first. Holes are covered: COCO polygons have no
 * way to say one.
 */
export function polygonsOf(data: Uint8Array, box: Box, options?: PolygonOptions): Polygon[] {
  const { tolerance: wanted, minShare: share } = optionsOf(options, { name: 'polygons' });
  const tolerance = inRange('tolerance', wanted ?? 1, Number.MAX_VALUE);
  const minShare = inRange('minShare', share ?? 0.01, 1);
  const outlines = traceOutlines(data, box.xmax - box.xmin, box.ymax - box.ymin)
    .map((outline) => ({ ...outline, area: signedArea(outline.points) }))
    .filter(({ area }) => area > 0)
    .sort((a, b) => b.area - a.area);
  const smallest = (outlines[0]?.area ?? 0) * minShare;
  const kept: Outline[] = [];
  for (const outline of outlines) {
    if (outline.area < smallest) break;
    // A piece in a hole of a larger one is covered with the hole.
    if (!kept.some(({ points }) => isAround(points, outline.inside))) kept.push(outline);
  }
  return kept.map(({ points }) =>
    simplify(points, tolerance).flatMap(([x, y]) => [x + box.xmin, y + box.ymin]),
  );
}

/** Even-odd rule; `y` must not be that of a point. */
function isAround(points: Points, [x, y]: Point): boolean {
  let around = false;
  let [x0, y0] = points[points.length - 1] as Point;
  for (const [x1, y1] of points) {
    if (y0 < y !== y1 < y && x0 + ((y - y0) / (y1 - y0)) * (x1 - x0) < x) around = !around;
    [x0, y0] = [x1, y1];
  }
  return around;
}

function inRange(name: string, value: unknown, max: number): number {
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  const expected = max === 1 ? '0 to 1' : 'a finite number, 0 or more';
  const code = typeof value === 'number' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE';
  throw badDocument(code, name, showValue(value), expected);
}

/**
 * One polygon out of several, for formats that have room for one: each piece is entered and left along the same line
 * between the nearest corners, so the filled area stays the same.
 */
export function joinPolygons(polygons: readonly Polygon[]): Polygon {
  let joined: number[] = [...(polygons[0] ?? [])];
  for (const next of polygons.slice(1)) {
    let [at, entry, nearest] = [0, 0, Number.POSITIVE_INFINITY];
    for (let i = 0; i < joined.length; i += 2) {
      for (let j = 0; j < next.length; j += 2) {
        const distance = Math.hypot(
          (joined[i] as number) - (next[j] as number),
          (joined[i + 1] as number) - (next[j + 1] as number),
        );
        if (distance < nearest) [at, entry, nearest] = [i, j, distance];
      }
    }
    const around = [...next.slice(entry), ...next.slice(0, entry + 2)];
    joined = [...joined.slice(0, at + 2), ...around, ...joined.slice(at)];
  }
  return joined;
}

/** A copy. Throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` unless it has three points or more, all of finite numbers. */
export function checkPolygon(polygon: unknown, where: string): Polygon {
  const own = numbers(polygon, where);
  if (own.length >= 6 && own.length % 2 === 0) return own;
  const expected = 'x, y of 3 points or more';
  throw badDocument('ERR_OPTION_RANGE', where, `${own.length} numbers`, expected);
}

/** The smallest box of whole pixels that holds the polygons' pixels, inside the picture. */
export function polygonsBox(polygons: readonly Polygon[], image: ImageSize): Box {
  let [xmin, ymin, xmax, ymax] = [image.width, image.height, 0, 0];
  for (const polygon of polygons) {
    for (let i = 0; i < polygon.length; i += 2) {
      xmin = Math.min(xmin, Math.max(0, Math.floor(polygon[i] as number)));
      xmax = Math.max(xmax, Math.min(image.width, Math.ceil(polygon[i] as number)));
      ymin = Math.min(ymin, Math.max(0, Math.floor(polygon[i + 1] as number)));
      ymax = Math.max(ymax, Math.min(image.height, Math.ceil(polygon[i + 1] as number)));
    }
  }
  return xmin < xmax && ymin < ymax
    ? { xmin, ymin, xmax, ymax }
    : { xmin: 0, ymin: 0, xmax: 0, ymax: 0 };
}

/**
 * Sets the pixels of `data`, which covers `box`, whose centres lie in one of the polygons (even-odd rule within one).
 * pycocotools draws outlines at five times the size instead and can differ by pixels on slanted edges.
 */
export function fillPolygons(polygons: readonly Polygon[], box: Box, data: Uint8Array): void {
  const width = box.xmax - box.xmin;
  for (const polygon of polygons) {
    for (let row = box.ymin; row < box.ymax; row++) {
      const y = row + 0.5;
      const crossings: number[] = [];
      let x0 = polygon[polygon.length - 2] as number;
      let y0 = polygon[polygon.length - 1] as number;
      for (let i = 0; i < polygon.length; i += 2) {
        const [x1, y1] = [polygon[i] as number, polygon[i + 1] as number];
        if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
        [x0, y0] = [x1, y1];
      }
      crossings.sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        // Pixel x is in when x + 0.5 is at or right of one crossing and left of the next.
        const from = Math.max(box.xmin, Math.ceil((crossings[i] as number) - 0.5));
        const to = Math.min(box.xmax, Math.ceil((crossings[i + 1] as number) - 0.5));
        if (from < to)
          data.fill(
            1,
            (row - box.ymin) * width + from - box.xmin,
            (row - box.ymin) * width + to - box.xmin,
          );
      }
    }
  }
}
