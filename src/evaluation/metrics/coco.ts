/**
 * COCO's evaluation of boxes and masks, to the bit as pycocotools 2.0.11 computes it: average precision and recall over
 * ten overlaps, four ranges of area and three numbers of detections. https://cocodataset.org/#detection-eval
 */
import { reading } from '../../options/read.js';
import { type Fields, fields, finite, list } from '../../results/reading.js';

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
/** Places in MOST and AREAS. */
const MOST_FOUND = 2;
const ALL = 0;

/** Values x by [overlap][recall][category], and recalls by [overlap][category], for one range and one number. */
interface Table {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
}

/**
 * The twelve figures. Categories that only detections have count for nothing, as in pycocotools.
 *
 * @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` for what is no list of things with numbers as `area` and `score`
 */
export function cocoFigures<Shape>(
  truths: readonly CocoTruth<Shape>[],
  found: readonly CocoFound<Shape>[],
  shapes: CocoShapes<Shape>,
): CocoFigures {
  checkThings({ truths, found });
  const categories = categoriesOf(truths, found, shapes);
  const tables = AREAS.map((range) => {
    const some = tablesOf(categories.length);
    for (const [k, { pairs, ranking }] of categories.entries()) {
      const matched = matchAll(pairs, ranking, range);
      for (const [m, most] of MOST.entries()) {
        accumulate(ranking, matched, most, some[m] as Table, { k, count: categories.length });
      }
    }
    return some;
  });
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

/**
 * AP with pictures several times or not at all, for intervals by resampling: what is right is found once. `times`: by what
 * truths and detections have as `image`, which are whole numbers from 0 here. NaN where no thing is left. Of equal scores in a
 * picture that is there twice, each detection is counted twice before the next.
 */
export function cocoSampler<Shape>(
  truths: readonly (CocoTruth<Shape> & { readonly image: number })[],
  found: readonly (CocoFound<Shape> & { readonly image: number })[],
  shapes: CocoShapes<Shape>,
): (times: ArrayLike<number>) => number {
  const categories = categoriesOf(truths, found, shapes).map(({ pairs, ranking }) => ({
    ranking,
    matched: matchAll(pairs, ranking, AREAS[ALL]),
  }));
  const count = categories.length;
  return (times) => {
    const table = tablesOf(count)[MOST_FOUND] as Table;
    for (const [k, { ranking, matched }] of categories.entries()) {
      accumulate(ranking, matched, MOST[MOST_FOUND], table, { k, count, times });
    }
    const figure = meanOf(table.precision);
    return figure < 0 ? Number.NaN : figure;
  };
}

/** A category that is there, with what was found of it. */
interface Category {
  readonly pairs: readonly Pair[];
  readonly ranking: Ranking;
}

function categoriesOf<Shape>(
  truths: readonly CocoTruth<Shape>[],
  found: readonly CocoFound<Shape>[],
  shapes: CocoShapes<Shape>,
): Category[] {
  const truthsBy = grouped(truths);
  const foundBy = grouped(found);
  return sorted(new Set(truths.map(({ category }) => category))).map((category) => {
    const [there, seen] = [truthsBy.get(category), foundBy.get(category)];
    const images = sorted(new Set([...(there?.keys() ?? []), ...(seen?.keys() ?? [])]));
    const pairs = images.map((image) =>
      pairUp(image, there?.get(image) ?? [], seen?.get(image) ?? [], shapes),
    );
    return { pairs, ranking: rank(pairs) };
  });
}

/** By number of detections. */
function tablesOf(categories: number): Table[] {
  const size = COCO_OVERLAPS.length * categories;
  return MOST.map(() => ({
    precision: new Float64Array(size * RECALLS.length).fill(-1),
    recall: new Float64Array(size).fill(-1),
  }));
}

/** Of one category and picture. */
interface Pair {
  readonly image: Key;
  /** Best first. */
  readonly scores: Float64Array;
  readonly foundAreas: Float64Array;
  readonly truthAreas: Float64Array;
  readonly isCrowd: readonly boolean[];
  /** [found * truths + truth] */
  readonly overlaps: Float64Array;
}

function pairUp<Shape>(
  image: Key,
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
    image,
    scores: Float64Array.from(best, ({ score }) => score),
    foundAreas: Float64Array.from(best, ({ shape }) => areaOf(shape)),
    truthAreas: Float64Array.from(truths, ({ area }) => area),
    isCrowd: truths.map((truth) => truth.isCrowd === true),
    overlaps,
  };
}

/** All detections of a category, picture after picture. */
interface Ranking {
  readonly count: number;
  /** Their places, best first; of equal scores the earlier. */
  readonly order: Int32Array;
  /** How many of its own picture are better. */
  readonly better: Int32Array;
  /** The picture of each. */
  readonly images: readonly Key[];
}

function rank(pairs: readonly Pair[]): Ranking {
  const scores = pairs.flatMap((pair) => [...pair.scores]);
  const better = pairs.flatMap((pair) => [...pair.scores.keys()]);
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number));
  return {
    count: scores.length,
    order: Int32Array.from(order),
    better: Int32Array.from(better),
    images: pairs.flatMap(({ image, scores: own }) => Array.from(own, () => image)),
  };
}

/** What became of the detections of a category: by [overlap * detections + detection]. */
interface Matched {
  readonly isMatched: Uint8Array;
  readonly isIgnored: Uint8Array;
  /** How many truths of each picture count. */
  readonly truths: readonly (readonly [image: Key, count: number])[];
}

function matchAll(
  pairs: readonly Pair[],
  { count }: Ranking,
  range: readonly [least: number, most: number],
): Matched {
  const size = COCO_OVERLAPS.length * count;
  const [isMatched, isIgnored] = [new Uint8Array(size), new Uint8Array(size)];
  let first = 0;
  const truths = pairs.map((pair) => {
    const counted = matchPair(pair, range, { isMatched, isIgnored, first, count });
    first += pair.scores.length;
    return [pair.image, counted] as const;
  });
  return { isMatched, isIgnored, truths };
}

/** Returns how many truths of the picture count. `first`: place of its first detection, of `count`. */
function matchPair(
  pair: Pair,
  [least, most]: readonly [number, number],
  {
    isMatched,
    isIgnored,
    first,
    count,
  }: Pick<Matched, 'isMatched' | 'isIgnored'> & { readonly first: number; readonly count: number },
): number {
  const { scores, foundAreas, truthAreas, isCrowd } = pair;
  const isOut = (area: number): boolean => area < least || area > most;
  const isLeft = isCrowd.map((crowd, j) => crowd || isOut(truthAreas[j] as number));
  const counted = [...isLeft.keys()].filter((j) => !isLeft[j]);
  const order = [...counted, ...[...isLeft.keys()].filter((j) => isLeft[j])];
  const taken = new Uint8Array(isLeft.length);
  for (const [t, overlap] of COCO_OVERLAPS.entries()) {
    taken.fill(0);
    for (let i = 0; i < scores.length; i++) {
      const j = bestTruth(pair, i, { order, counted: counted.length, taken, overlap });
      const at = t * count + first + i;
      if (j >= 0) {
        taken[j] = 1;
        isMatched[at] = 1;
        isIgnored[at] = isLeft[j] ? 1 : 0;
      } else if (isOut(foundAreas[i] as number)) isIgnored[at] = 1;
    }
  }
  return counted.length;
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
  let found = -1;
  let least = Math.min(overlap, 1 - 1e-10);
  for (let place = 0; place < order.length; place++) {
    if (place === counted && found >= 0) break;
    const j = order[place] as number;
    if (taken[j] && !isCrowd[j]) continue;
    const value = overlaps[i * order.length + j] as number;
    if (value < least) continue;
    found = j;
    least = value;
  }
  return found;
}

/** np.spacing(1) */
const EPSILON = Number.EPSILON;

/** `times`: how often each picture is there; left out, once. */
function accumulate(
  { order, better, images, count: total }: Ranking,
  { isMatched, isIgnored, truths }: Matched,
  most: number,
  { precision, recall }: Table,
  {
    k,
    count,
    times,
  }: { readonly k: number; readonly count: number; readonly times?: ArrayLike<number> },
): void {
  const timesOf = (image: Key): number => (times ? (times[image as number] as number) : 1);
  const there = truths.reduce((sum, [image, counted]) => sum + counted * timesOf(image), 0);
  if (there === 0) return;
  const some = order.filter((at) => (better[at] as number) < most);
  const recalls = new Float64Array(some.length);
  const precisions = new Float64Array(some.length);
  for (let t = 0; t < COCO_OVERLAPS.length; t++) {
    let right = 0;
    let wrong = 0;
    for (let place = 0; place < some.length; place++) {
      const one = some[place] as number;
      const at = t * total + one;
      if (!isIgnored[at]) {
        if (isMatched[at]) right += timesOf(images[one] as Key);
        else wrong += timesOf(images[one] as Key);
      }
      recalls[place] = right / there;
      precisions[place] = right / (wrong + right + EPSILON);
    }
    recall[t * count + k] = recalls.at(-1) ?? 0;
    for (let place = some.length - 1; place > 0; place--) {
      const after = precisions[place] as number;
      if (after > (precisions[place - 1] as number)) precisions[place - 1] = after;
    }
    let place = 0;
    for (let r = 0; r < RECALLS.length; r++) {
      while (place < some.length && (recalls[place] as number) < (RECALLS[r] as number)) place++;
      precision[(t * RECALLS.length + r) * count + k] = precisions[place] ?? 0;
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

function checkThings(given: { readonly truths: unknown; readonly found: unknown }): void {
  for (const [name, number] of [
    ['truths', 'area'],
    ['found', 'score'],
  ] as const) {
    reading(name, 'an array of objects', () => {
      for (const [i, thing] of list(given[name], name).entries()) {
        // Names are made for those that are wrong alone: draws come here thousands of times.
        if (Number.isFinite((thing as Fields | null | undefined)?.[number])) continue;
        finite(fields(thing, `${name}[${i}]`)[number], `${name}[${i}].${number}`);
      }
    });
  }
}
