/** Where labels of points go: not on each other, on no point, in the frame. Knows rectangles only. */

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A point and the size of its label, in pixels. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed extends Rectangle {
  /** From the point to the label, where they are too far apart to be seen as one. */
  readonly leader?: Segment;
}

export type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

/** Pixels around the middle of a point that no label covers. */
const POINT = 6;
/** Pixels between a point and its label that are tried, the nearest first; from the third on with a line. */
const DISTANCES = [7, 11, 18, 28, 40] as const;
/** Right, left, above, below, then between them: where readers look first. */
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
];

/**
 * In the order of `labels`; undefined where no place near the point is free. Greedy: each takes the nearest free place that is
 * on the fewest lines, which is none where there is such a place.
 *
 * @param taken what no label may be on
 * @param lines what labels had better not be on
 */
export function placeLabels(
  labels: readonly Labelled[],
  frame: Rectangle,
  taken: readonly Rectangle[] = [],
  lines: readonly Segment[] = [],
): (Placed | undefined)[] {
  const boxes = [...taken, ...labels.map(pointBox)];
  const leaders: Segment[] = [];
  return labels.map((label) => {
    const free = candidates(label).filter(
      (one) =>
        isInside(one, frame) &&
        boxes.every((box) => !overlap(one, box)) &&
        leaders.every((line) => !crosses(line, one)) &&
        (one.leader === undefined || isFree(one.leader, label, boxes)),
    );
    const covered = (one: Placed): number => lines.filter((line) => crosses(line, one)).length;
    const counts = free.map(covered);
    const place = free[counts.indexOf(Math.min(...counts))];
    if (place === undefined) return undefined;
    boxes.push(place);
    if (place.leader !== undefined) leaders.push(place.leader);
    return place;
  });
}

const pointBox = ({ x, y }: Labelled): Rectangle => ({
  ...{ x: x - POINT, y: y - POINT },
  ...{ width: 2 * POINT, height: 2 * POINT },
});

/** The nearest first; those without a leader before those with one. */
export function candidates({ x, y, width, height }: Labelled): Placed[] {
  return DISTANCES.flatMap((distance, i) =>
    DIRECTIONS.map(([dx, dy]) => {
      const left = x + dx * distance - (dx < 0 ? width : dx === 0 ? width / 2 : 0);
      const top = y + dy * distance - (dy < 0 ? height : dy === 0 ? height / 2 : 0);
      const box = { x: left, y: top, width, height };
      if (i < 2) return box;
      const nearest = (at: number, from: number, size: number): number =>
        Math.min(Math.max(at, from), from + size);
      return { ...box, leader: [x, y, nearest(x, left, width), nearest(y, top, height)] as const };
    }),
  );
}

export function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

export function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** Whether a line to a label is on none of the boxes, but for the point that it begins at and those at the same place. */
function isFree(line: Segment, from: Labelled, boxes: readonly Rectangle[]): boolean {
  const isOwn = (box: Rectangle): boolean =>
    overlap(box, { x: from.x - 1, y: from.y - 1, width: 2, height: 2 });
  return boxes.every((box) => isOwn(box) || !crosses(line, box));
}

/** Liang and Barsky: the part of the line that is in the box, if any. */
export function crosses([x1, y1, x2, y2]: Segment, box: Rectangle): boolean {
  let [from, to] = [0, 1];
  for (const [delta, start, low, high] of [
    [x2 - x1, x1, box.x, box.x + box.width],
    [y2 - y1, y1, box.y, box.y + box.height],
  ] as const) {
    if (delta === 0) {
      if (start <= low || start >= high) return false;
      continue;
    }
    const [a, b] = [(low - start) / delta, (high - start) / delta];
    from = Math.max(from, Math.min(a, b));
    to = Math.min(to, Math.max(a, b));
  }
  return from < to;
}

/** Tops of labels in a column, each as near to where it is wanted as the others let it; those below `bottom` move it down. */
export function spread(
  wanted: readonly number[],
  step: number,
  top: number,
  bottom: number,
): number[] {
  const end = Math.max(bottom, top + wanted.length * step);
  const order = wanted
    .map((_, i) => i)
    .sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  const tops = new Array<number>(wanted.length).fill(top);
  let least = top;
  for (const i of order) {
    tops[i] = Math.max(least, wanted[i] as number);
    least = (tops[i] as number) + step;
  }
  let most = end - step;
  for (const i of order.reverse()) {
    tops[i] = Math.min(most, tops[i] as number);
    most = (tops[i] as number) - step;
  }
  return tops;
}
