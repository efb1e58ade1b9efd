/**
 * Where labels go: inside the picture, at their own box, not on top of each other where that can be avoided. Knows
 * rectangles only; what is written on them is svg.ts's.
 */
import { boxArea } from '../results/box.js';
import type { Box } from '../results/types.js';

/** A plate of fixed size to be put at a box. */
export interface Plate {
  /** The part of the box that is inside the picture. */
  readonly anchor: Box;
  /** Pixels, at most those of the frame. */
  readonly width: number;
  readonly height: number;
}

/** For each step down the list of places: labels stand above the left corner unless there is a reason. */
const COST_STEP = 0.02;
/** For each object that is wholly hidden. */
const COST_HIDDEN = 1;
/** Part of one object that a label may hide at most: what is found should be seen, which matters for small things. */
const MOST_HIDDEN = 0.3;
/** Places along each edge that are tried after the corners. */
const N_SLIDES = 12;

/**
 * Where each plate goes, in the order of `plates`; undefined where every place at its box would cover another label, or
 * more than 0.3 of an object.
 * Greedy: small boxes choose first, since large ones have more places to go. Each plate takes the cheapest free one of
 * the places at its box, all moved into `frame`: above, inside, below and beside the corners, then along the edges.
 * `overhang`, in pixels, is how far lines reach out of boxes: plates cover the line of the box.
 */
export function placePlates(
  plates: readonly Plate[],
  frame: Box,
  overhang: number,
): readonly (Box | undefined)[] {
  const boxes = new Grid(frame);
  for (const { anchor } of plates) boxes.insert(anchor);
  const placed = new Grid(frame);
  const places = new Array<Box | undefined>(plates.length).fill(undefined);
  const order = plates.map((plate, index) => ({ plate, index, area: boxArea(plate.anchor) }));
  order.sort((a, b) => a.area - b.area || a.index - b.index);
  for (const { plate, index } of order) {
    const place = cheapest(plate, frame, overhang, boxes, placed);
    if (place === undefined) continue;
    placed.insert(place);
    places[index] = place;
  }
  return places;
}

function cheapest(
  plate: Plate,
  frame: Box,
  overhang: number,
  boxes: Grid,
  placed: Grid,
): Box | undefined {
  let best: Box | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  let step = 0;
  for (const [x, y] of candidates(plate, overhang)) {
    const cost = COST_STEP * step++;
    if (cost >= lowest) break;
    const place = moveInside(x, y, plate, frame);
    if (placed.isTouched(place)) continue;
    const { sum, most } = hidden(place, boxes);
    const total = cost + COST_HIDDEN * sum;
    if (total < lowest && most <= MOST_HIDDEN) [best, lowest] = [place, total];
  }
  return best;
}

/** Left upper corners, best first. */
function* candidates(
  { anchor, width, height }: Plate,
  overhang: number,
): Generator<readonly [number, number]> {
  // A box hardly larger than its line would vanish under a plate that covers the line.
  const overX = anchor.xmax - anchor.xmin > 4 * overhang ? overhang : -overhang;
  const overY = anchor.ymax - anchor.ymin > 4 * overhang ? overhang : -overhang;
  const left = anchor.xmin - overhang;
  const right = anchor.xmax + overhang - width;
  const above = anchor.ymin + overY - height;
  const below = anchor.ymax - overY;
  const top = anchor.ymin - overhang;
  const bottom = anchor.ymax + overhang - height;
  const leftOf = anchor.xmin + overX - width;
  const rightOf = anchor.xmax - overX;
  yield [left, above];
  yield [left, top];
  yield [left, below];
  yield [right, above];
  yield [right, below];
  yield [right, top];
  yield [left, bottom];
  yield [right, bottom];
  yield [rightOf, top];
  yield [leftOf, top];
  yield [rightOf, bottom];
  yield [leftOf, bottom];
  // From one end to the other, and for small boxes somewhat beyond: the plate still touches its box.
  for (let i = 0; i <= N_SLIDES; i++) {
    const share = i / N_SLIDES;
    const x = between(Math.min(left, leftOf), Math.max(right, rightOf), share);
    const y = between(Math.min(top, above), Math.max(bottom, below), share);
    yield [x, above];
    yield [x, below];
    yield [leftOf, y];
    yield [rightOf, y];
    yield [x, top];
    yield [x, bottom];
  }
}

function between(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function moveInside(x: number, y: number, { width, height }: Plate, frame: Box): Box {
  const xmin = Math.max(frame.xmin, Math.min(x, frame.xmax - width));
  const ymin = Math.max(frame.ymin, Math.min(y, frame.ymax - height));
  return { xmin, ymin, xmax: xmin + width, ymax: ymin + height };
}

/** What `place` hides: how many objects' worth of boxes together, and how much of the one that it hides most of. */
function hidden(place: Box, boxes: Grid): { readonly sum: number; readonly most: number } {
  let sum = 0;
  let most = 0;
  for (const box of boxes.touching(place)) {
    const whole = boxArea(box);
    const part = whole > 0 ? intersection(place, box) / whole : 1;
    sum += part;
    most = Math.max(most, part);
  }
  return { sum, most };
}

function intersection(a: Box, b: Box): number {
  const width = Math.min(a.xmax, b.xmax) - Math.max(a.xmin, b.xmin);
  const height = Math.min(a.ymax, b.ymax) - Math.max(a.ymin, b.ymin);
  return width > 0 && height > 0 ? width * height : 0;
}

function touch(a: Box, b: Box): boolean {
  return a.xmin < b.xmax && a.xmax > b.xmin && a.ymin < b.ymax && a.ymax > b.ymin;
}

/** Boxes by the cells of the frame that they touch, so that a look-up does not go through all of them. */
class Grid {
  static readonly #SIDE = 32;
  readonly #cells = new Map<number, Box[]>();
  readonly #frame: Box;
  readonly #cellWidth: number;
  readonly #cellHeight: number;

  constructor(frame: Box) {
    this.#frame = frame;
    this.#cellWidth = (frame.xmax - frame.xmin) / Grid.#SIDE;
    this.#cellHeight = (frame.ymax - frame.ymin) / Grid.#SIDE;
  }

  insert(box: Box): void {
    for (const key of this.#keys(box)) {
      const cell = this.#cells.get(key);
      if (cell === undefined) this.#cells.set(key, [box]);
      else cell.push(box);
    }
  }

  /** Boxes that share more than an edge with `box`; those without an area count as points and lines. */
  touching(box: Box): Iterable<Box> {
    const found = new Set<Box>();
    for (const key of this.#keys(box)) {
      for (const other of this.#cells.get(key) ?? []) if (touch(box, other)) found.add(other);
    }
    return found;
  }

  isTouched(box: Box): boolean {
    for (const key of this.#keys(box)) {
      if (this.#cells.get(key)?.some((other) => touch(box, other))) return true;
    }
    return false;
  }

  *#keys(box: Box): Generator<number> {
    const cell = (at: number, side: number): number =>
      Math.max(0, Math.min(Grid.#SIDE - 1, Math.floor(at / side)));
    const { xmin: left, ymin: top } = this.#frame;
    const [x0 = 0, x1 = 0] = [box.xmin, box.xmax].map((x) => cell(x - left, this.#cellWidth));
    const [y0 = 0, y1 = 0] = [box.ymin, box.ymax].map((y) => cell(y - top, this.#cellHeight));
    for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) yield y * Grid.#SIDE + x;
  }
}
