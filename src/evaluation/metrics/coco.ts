/**
 * COCO's evaluation of boxes and masks, to the bit as pycocotools 2.0.11 computes it: average precision and recall over
 * ten overlaps, four ranges of area and three numbers of detections. https://cocodataset.org/#detection-eval
 */

/** A thing that is there. `Shape`: a box, or a mask; `overlap` of CocoShapes says how two are compared. */
export interface CocoTruth<Shape> {
  readonly image: number | string;
  readonly category: number | string;
  readonly shape: Shape;
  /** Pixels, as the annotation says: of the mask, where there is one. */
  readonly area: number;
  /** Many things in one annotation: detections in it are neither right nor wrong. Default: false. */
  readonly isCrowd?: boolean;
}

/** A thing that was found. Of equal scores those that come first are taken first. */
export interface CocoFound<Shape> {
  readonly image: number | string;
  readonly category: number | string;
  readonly shape: Shape;
  readonly score: number;
}

export interface CocoShapes<Shape> {
  /** Intersection over union; over the area of `found` where the truth is a crowd. */
  readonly overlap: (found: Shape, truth: Shape, isCrowd: boolean) => number;
  readonly areaOf: (found: Shape) => number;
}

/** As pycocotools prints them. -1 where no thing of the size is there. */
export interface CocoFigures {
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  readonly APsmall: number;
  readonly APmedium: number;
  readonly APlarge: number;
  readonly AR1: number;
  readonly AR10: number;
  readonly AR100: number;
  readonly ARsmall: number;
  readonly ARmedium: number;
  readonly ARlarge: number;
}

/** np.linspace(0.5, 0.95, 10), whose steps are a little less than 0.05. */
const COCO_OVERLAPS: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
);
/** np.linspace(0, 1, 101) */
const RECALLS = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));
const MOST = [1, 10, 100] as const;
/** All, small, medium, large; both ends belong to a range. */
const AREAS = [
  [0, 1e10],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e10],
] as const;
const [MOST_FOUND, ALL] = [2, 0];

/** Values x by [overlap][recall][category], and recalls by [overlap][category], for one range and one number. */
interface Table {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
}

/** The twelve figures. Categories that only detections have count for nothing, as in pycocotools. */
export function cocoFigures<Shape>(
  truths: readonly CocoTruth<Shape>[],
  found: readonly CocoFound<Shape>[],
  shapes: CocoShapes<Shape>,
): CocoFigures {
  const tables = evaluate(truths, found, shapes);
  const precision = (area: number, overlap?: number): number =>
    meanOf(tables[area]?.[MOST_FOUND]?.precision as Float64Array, overlap);
  const recall = (area: number, most: number): number =>
    meanOf(tables[area]?.[most]?.recall as Float64Array);
  return {
    AP: precision(ALL),
    AP50: precision(ALL, 0),
    AP75: precision(ALL, 5),
    APsmall: precision(1),
    APmedium: precision(2),
    APlarge: precision(3),
    AR1: recall(ALL, 0),
    AR10: recall(ALL, 1),
    AR100: recall(ALL, 2),
    ARsmall: recall(1, 2),
    ARmedium: recall(2, 2),
    ARlarge: recall(3, 2),
  };
}

/** Tables by [area][most]. */
function evaluate<Shape>(
  truths: readonly CocoTruth<Shape>[],
  found: readonly CocoFound<Shape>[],
  shapes: CocoShapes<Shape>,
): Table[][] {
  const categories = sorted(new Set(truths.map(({ category }) => category)));
  const truthsBy = grouped(truths);
  const foundBy = grouped(found);
  const count = categories.length;
  const tables = AREAS.map(() =>
    MOST.map(() => ({
      precision: new Float64Array(COCO_OVERLAPS.length * RECALLS.length * count).fill(-1),
      recall: new Float64Array(COCO_OVERLAPS.length * count).fill(-1),
    })),
  );
  for (const [k, category] of categories.entries()) {
    const [there, seen] = [truthsBy.get(category), foundBy.get(category)];
    const images = sorted(new Set([...(there?.keys() ?? []), ...(seen?.keys() ?? [])]));
    const pairs = images.map((image) =>
      pairUp(there?.get(image) ?? [], seen?.get(image) ?? [], shapes),
    );
    for (const [a, range] of AREAS.entries()) {
      const matched = pairs.map((pair) => matchAll(pair, range));
      for (const [m, most] of MOST.entries()) {
        accumulate(matched, most, tables[a]?.[m] as Table, { k, count });
      }
    }
  }
  return tables;
}

/** Of one category and picture. */
interface Pair {
  /** Best first. */
  readonly scores: Float64Array;
  readonly foundAreas: Float64Array;
  readonly truthAreas: Float64Array;
  readonly isCrowd: readonly boolean[];
  /** [found * truths + truth] */
  readonly overlaps: Float64Array;
}

function pairUp<Shape>(
  truths: readonly CocoTruth<Shape>[],
  found: readonly CocoFound<Shape>[],
  { overlap, areaOf }: CocoShapes<Shape>,
): Pair {
  const best = [...found].sort((a, b) => b.score - a.score).slice(0, MOST[MOST_FOUND]);
  const overlaps = new Float64Array(best.length * truths.length);
  for (const [i, { shape }] of best.entries()) {
    for (const [j, truth] of truths.entries()) {
      overlaps[i * truths.length + j] = overlap(shape, truth.shape, truth.isCrowd === true);
    }
  }
  return {
    scores: Float64Array.from(best, ({ score }) => score),
    foundAreas: Float64Array.from(best, ({ shape }) => areaOf(shape)),
    truthAreas: Float64Array.from(truths, ({ area }) => area),
    isCrowd: truths.map((truth) => truth.isCrowd === true),
    overlaps,
  };
}

/** What became of a picture's detections: by [overlap * detections + detection]. */
interface Matched {
  readonly scores: Float64Array;
  readonly isMatched: Uint8Array;
  readonly isIgnored: Uint8Array;
  /** Truths that count. */
  readonly truths: number;
}

function matchAll(pair: Pair, [least, most]: readonly [number, number]): Matched {
  const { scores, foundAreas, truthAreas, isCrowd } = pair;
  const isOut = (area: number): boolean => area < least || area > most;
  const isLeft = isCrowd.map((crowd, j) => crowd || isOut(truthAreas[j] as number));
  const counted = [...isLeft.keys()].filter((j) => !isLeft[j]);
  const order = [...counted, ...[...isLeft.keys()].filter((j) => isLeft[j])];
  const size = COCO_OVERLAPS.length * scores.length;
  const [isMatched, isIgnored] = [new Uint8Array(size), new Uint8Array(size)];
  for (const [t, overlap] of COCO_OVERLAPS.entries()) {
    const taken = new Uint8Array(isLeft.length);
    for (let i = 0; i < scores.length; i++) {
      const j = bestTruth(pair, i, { order, counted: counted.length, taken, overlap });
      const at = t * scores.length + i;
      if (j >= 0) {
        taken[j] = 1;
        isMatched[at] = 1;
        isIgnored[at] = isLeft[j] ? 1 : 0;
      } else if (isOut(foundAreas[i] as number)) isIgnored[at] = 1;
    }
  }
  return { scores, isMatched, isIgnored, truths: counted.length };
}

/** The free truth that a detection overlaps most; one that counts before any that does not. -1: none. */
function bestTruth(
  { overlaps, isCrowd }: Pair,
  i: number,
  {
    order,
    counted,
    taken,
    overlap,
  }: {
    readonly order: readonly number[];
    readonly counted: number;
    readonly taken: Uint8Array;
    readonly overlap: number;
  },
): number {
  let [found, least] = [-1, Math.min(overlap, 1 - 1e-10)];
  for (let place = 0; place < order.length; place++) {
    if (place === counted && found >= 0) break;
    const j = order[place] as number;
    if (taken[j] && !isCrowd[j]) continue;
    const value = overlaps[i * order.length + j] as number;
    if (value < least) continue;
    [found, least] = [j, value];
  }
  return found;
}

/** np.spacing(1) */
const EPSILON = Number.EPSILON;

function accumulate(
  pictures: readonly Matched[],
  most: number,
  { precision, recall }: Table,
  { k, count }: { readonly k: number; readonly count: number },
): void {
  const truths = pictures.reduce((sum, one) => sum + one.truths, 0);
  if (truths === 0) return;
  const all = pictures.flatMap((picture) =>
    Array.from({ length: Math.min(most, picture.scores.length) }, (_, i) => ({ picture, i })),
  );
  const scoreOf = ({ picture, i }: (typeof all)[number]): number => picture.scores[i] as number;
  all.sort((a, b) => scoreOf(b) - scoreOf(a));
  const [recalls, precisions] = [new Float64Array(all.length), new Float64Array(all.length)];
  for (let t = 0; t < COCO_OVERLAPS.length; t++) {
    let [right, wrong] = [0, 0];
    for (const [place, { picture, i }] of all.entries()) {
      const at = t * picture.scores.length + i;
      if (!picture.isIgnored[at]) picture.isMatched[at] ? right++ : wrong++;
      recalls[place] = right / truths;
      precisions[place] = right / (wrong + right + EPSILON);
    }
    recall[t * count + k] = recalls.at(-1) ?? 0;
    for (let place = all.length - 1; place > 0; place--) {
      precisions[place - 1] = Math.max(
        precisions[place - 1] as number,
        precisions[place] as number,
      );
    }
    let place = 0;
    for (let r = 0; r < RECALLS.length; r++) {
      while (place < all.length && (recalls[place] as number) < (RECALLS[r] as number)) place++;
      precision[(t * RECALLS.length + r) * count + k] =
        place < all.length ? (precisions[place] as number) : 0;
    }
  }
}

/** Of those that are there, as NumPy adds them. `overlap`: the place of one of COCO_OVERLAPS; left out, all. */
function meanOf(values: Float64Array, overlap?: number): number {
  const size = values.length / COCO_OVERLAPS.length;
  const some =
    overlap === undefined ? values : values.subarray(overlap * size, (overlap + 1) * size);
  const there = some.filter((value) => value > -1);
  return there.length === 0 ? -1 : pairwiseSum(there) / there.length;
}

/** NumPy's order of additions, on which the last bits depend: halves, and in blocks of 128 eight sums side by side. */
function pairwiseSum(values: Float64Array): number {
  const n = values.length;
  const at = (i: number): number => values[i] as number;
  if (n < 8) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += at(i);
    return sum;
  }
  if (n > 128) {
    const half = Math.floor(n / 2) - (Math.floor(n / 2) % 8);
    return pairwiseSum(values.subarray(0, half)) + pairwiseSum(values.subarray(half));
  }
  const sums = values.slice(0, 8);
  const whole = n - (n % 8);
  for (let i = 8; i < whole; i++) sums[i % 8] = (sums[i % 8] as number) + at(i);
  const [a, b, c, d, e, f, g, h] = sums as unknown as number[] as [
    ...[number, number, number, number, number, number, number, number],
  ];
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (let i = whole; i < n; i++) sum += at(i);
  return sum;
}

type Key = number | string;

/** By category, then by picture, each in the order given. */
function grouped<T extends { readonly image: Key; readonly category: Key }>(
  all: readonly T[],
): Map<Key, Map<Key, T[]>> {
  const groups = new Map<Key, Map<Key, T[]>>();
  for (const one of all) {
    const images = groups.get(one.category) ?? new Map<Key, T[]>();
    groups.set(one.category, images);
    const list = images.get(one.image);
    if (list) list.push(one);
    else images.set(one.image, [one]);
  }
  return groups;
}

function sorted(keys: ReadonlySet<Key>): Key[] {
  return [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** [x, y, width, height] in pixels. */
export type CocoBox = readonly [x: number, y: number, width: number, height: number];

export const COCO_BOXES: CocoShapes<CocoBox> = {
  areaOf: ([, , width, height]) => width * height,
  overlap: ([x, y, width, height], [left, top, w, h], isCrowd) => {
    const across = Math.min(width + x, w + left) - Math.max(x, left);
    if (across <= 0) return 0;
    const down = Math.min(height + y, h + top) - Math.max(y, top);
    if (down <= 0) return 0;
    const [area, both] = [width * height, across * down];
    return both / (isCrowd ? area : area + w * h - both);
  },
};
