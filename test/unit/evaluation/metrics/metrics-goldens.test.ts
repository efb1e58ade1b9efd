/** Every metric against the tool whose figures it reproduces: test/fixtures/metrics, made by scripts/dev/metric-goldens.py. */
import { describe, expect, it, test } from 'vitest';
import { ANLS_STAR, anlsStar, OneOf } from '../../../../src/evaluation/metrics/anls-star.js';
import {
  COCO_BOXES,
  type CocoBox,
  type CocoShapes,
  cocoFigures,
} from '../../../../src/evaluation/metrics/coco.js';
import { readDocument } from '../../../../src/evaluation/metrics/document-text.js';
import {
  areaOf,
  type MaskRuns,
  maskOverlap,
  polygonRuns,
  unionOf,
} from '../../../../src/evaluation/metrics/mask-runs.js';
import type {
  Answered,
  RowMetric,
  TextMetric,
  WholeMetric,
} from '../../../../src/evaluation/metrics/metric.js';
import {
  type FoundThing,
  OBJECTS_METRICS,
  type ObjectsMetric,
  type TrueThing,
} from '../../../../src/evaluation/metrics/objects.js';
import {
  REFER_METRICS,
  type ReferAnswer,
  type ReferOverlap,
  referOverlap,
  referOverlapOf,
} from '../../../../src/evaluation/metrics/refer.js';
import { METRICS, TEXT_METRICS } from '../../../../src/evaluation/metrics/registry.js';
import { Mask } from '../../../../src/results/mask.js';
import { type Rle, readRle, runsOf } from '../../../../src/results/rle.js';
import { golden } from '../../../support/metric-goldens.js';

interface Texts {
  readonly cases: readonly (readonly [answer: string, truths: string | readonly string[]])[];
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** Of every thousand cases together. */
  readonly figures?: Readonly<Record<string, readonly number[]>>;
}

const FILES = ['texts', 'votes', 'numbers', 'counts', 'structures', 'marked'];

/** Metrics whose goldens are not by id in one of FILES, with the file that has them. */
const ELSEWHERE = {
  'cer@mean': 'texts',
  'bleu4@pycocoevalcap': 'corpora',
  'cider@pycocoevalcap': 'corpora',
  'anls@star': 'documents',
  'map@pycocotools': 'boxes',
  'map@pycocotools-masks': 'masks',
  'f1@iou-0.5': 'boxes',
  'precision@iou-0.5': 'boxes',
  'recall@iou-0.5': 'boxes',
  'miou@refcoco': 'refer',
  'boxacc@refcoco-0.5': 'refer',
  'boxacc@refcoco-0.75': 'refer',
};

it('every metric has goldens, and an id of its own', () => {
  const withGoldens = FILES.flatMap((file) => Object.keys(golden<Texts>(file).values));
  const ids = METRICS.map(({ id }) => id);
  const missing = ids.filter((id) => !withGoldens.includes(id));
  expect(missing.sort()).toEqual(Object.keys(ELSEWHERE).sort());
  for (const file of new Set(Object.values(ELSEWHERE))) expect(golden(file)).toBeTruthy();
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(25);
});

it('the mean of error rates is that of the rows', () => {
  const { cases, values } = golden<Texts>('texts');
  const metric = TEXT_METRICS.find(({ id }) => id === 'cer@mean') as TextMetric;
  const sum = cases.reduce((all, [answer, truth]) => {
    const [row = Number.NaN] = metric.row(answer, [truth as string]);
    return all + row;
  }, 0);
  const expected = (values['cer@jiwer'] as number[]).reduce((all, one) => all + one, 0);
  expect(metric.figure([sum], cases.length)).toBeCloseTo(expected / cases.length, 12);
});

describe.each(FILES)('%s', (file) => {
  const { cases, values, figures = {} } = golden<Texts>(file);
  const rows = cases.map(([answer, truths]) => [answer, [truths].flat() as string[]] as const);
  const metricOf = (id: string) => {
    const metric = TEXT_METRICS.find((one) => one.id === id);
    if (metric === undefined) throw new Error(`there is no ${id}`);
    return metric;
  };

  it.each(Object.keys(values))('%s of 10,000 rows', (id) => {
    const metric = metricOf(id);
    const expected = values[id] as readonly number[];
    expect(rows).toHaveLength(10_000);
    const wrong = rows.flatMap(([answer, truths], i) => {
      const value = metric.figure(metric.row(answer, truths), 1);
      const right = expected[i] as number;
      return Math.abs(value - right) <= 1e-12 ? [] : [{ answer, truths, value, right }];
    });
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(figures))('%s of a thousand rows together', (id, expected) => {
    const metric = metricOf(id);
    for (const [part, right] of expected.entries()) {
      const some = rows.slice(part * 1000, (part + 1) * 1000);
      const sums = some
        .map(([answer, truths]) => metric.row(answer, truths))
        .reduce((all, row) => all.map((sum, k) => sum + (row[k] as number)));
      expect(metric.figure(sums, some.length)).toBeCloseTo(right, 12);
    }
  });
});

test('anls@star of 10,000 documents', () => {
  type Json = { readonly oneOf?: readonly unknown[] } | readonly unknown[] | string | null;
  const withOneOf = (given: unknown): unknown => {
    if (Array.isArray(given)) return given.map(withOneOf);
    if (typeof given !== 'object' || given === null) return given;
    const { oneOf } = given as Exclude<Json, readonly unknown[] | string | null>;
    if (oneOf !== undefined) return new OneOf(oneOf.map(withOneOf));
    return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, withOneOf(value)]));
  };
  const { cases, values } = golden<{
    cases: readonly (readonly [answer: string, truth: string])[];
    values: Readonly<Record<string, readonly number[]>>;
  }>('documents');
  const expected = values['anls@star'] as readonly number[];
  const documents = cases.map(
    ([answer, truth]) => [readDocument(answer), withOneOf(readDocument(truth))] as const,
  );
  const wrong = documents.flatMap(([answer, truth], i) => {
    const [value, right] = [anlsStar(answer, truth), expected[i] as number];
    return Math.abs(value - right) <= 1e-12 ? [] : [{ written: cases[i], value, right }];
  });
  expect([cases.length, wrong]).toEqual([10_000, []]);
  const [answer, truth] = documents[0] as (typeof documents)[number];
  expect(ANLS_STAR.row(answer, truth)).toEqual([anlsStar(answer, truth)]);
});

interface Thing {
  readonly image: number;
  readonly category: number;
  readonly box: CocoBox;
  readonly rle: Rle;
  readonly area: number;
  readonly crowd: number;
  readonly score: number;
}

interface Set {
  readonly truths: readonly Thing[];
  readonly found: readonly Thing[];
  readonly figures: readonly number[];
  /** Right, found and there, of boxes. */
  readonly matches: readonly [number, number, number];
}

/** The pictures of a set, as metrics of objects take them; images count from 1. */
function picturesOf({
  truths,
  found,
}: Set): Answered<readonly FoundThing[], readonly TrueThing[]>[] {
  const last = Math.max(...[...truths, ...found].map(({ image }) => image));
  return Array.from({ length: last }, (_, i) => ({
    truth: truths
      .filter(({ image }) => image === i + 1)
      .map(({ crowd, category, ...one }) => ({
        ...{ ...one, label: String(category), isCrowd: crowd === 1 },
      })),
    answer: found
      .filter(({ image }) => image === i + 1)
      .map(({ category, ...one }) => ({ ...one, label: String(category) })),
  }));
}

const objectsMetric = (id: string): ObjectsMetric =>
  OBJECTS_METRICS.find((one) => one.id === id) as ObjectsMetric;

describe('the twelve figures of COCO, to the bit', () => {
  const maskOf = ({ rle }: Thing): MaskRuns => {
    const { runs, image } = readRle(rle);
    return { runs, ...image };
  };
  const masks: CocoShapes<MaskRuns> = { areaOf, overlap: maskOverlap };

  function figuresOf<Shape>(
    { truths, found }: Set,
    shapeOf: (thing: Thing) => Shape,
    shapes: CocoShapes<Shape>,
  ): number[] {
    const there = truths.map((thing) => ({
      ...{ ...thing, shape: shapeOf(thing), isCrowd: thing.crowd === 1 },
    }));
    const seen = found.map((thing) => ({ ...thing, shape: shapeOf(thing) }));
    return Object.values(cocoFigures(there, seen, shapes));
  }

  it('of boxes in 300 sets', () => {
    const sets = golden<readonly Set[]>('boxes');
    expect(sets).toHaveLength(300);
    for (const set of sets) {
      expect(figuresOf(set, ({ box }) => box, COCO_BOXES)).toEqual(set.figures);
    }
  });

  it('of masks in 300 sets', () => {
    const sets = golden<readonly Set[]>('masks');
    expect(sets).toHaveLength(300);
    for (const set of sets) expect(figuresOf(set, maskOf, masks)).toEqual(set.figures);
  });

  it('as a metric, with the other eleven beside it', () => {
    const { whole } = objectsMetric('map@pycocotools') as { whole: WholeOf };
    for (const set of golden<readonly Set[]>('boxes').slice(0, 100)) {
      const { figure, details = {} } = whole(picturesOf(set));
      const [AP = -1, ...others] = set.figures;
      expect(figure()).toEqual(AP < 0 ? Number.NaN : AP);
      expect(Object.values(details)).toEqual(others.filter((one) => one >= 0));
    }
  });

  it('of pictures several times or not at all is that of such a set', () => {
    const { whole } = objectsMetric('map@pycocotools') as { whole: WholeOf };
    const sets = golden<readonly Set[]>('boxes');
    // Of equal scores in a picture the order decides, and that of a picture that is there twice is another.
    const untied = sets.filter(({ found }) => {
      const keys = found.map(({ image, category, score }) => `${image} ${category} ${score}`);
      return new Set(keys).size === keys.length;
    });
    expect(untied.length).toBeGreaterThan(50);
    for (const [n, set] of untied.entries()) {
      const pictures = picturesOf(set);
      const times = pictures.map((_, i) => (i * 7 + n) % 4);
      const drawn = pictures.flatMap((one, i) =>
        Array.from({ length: times[i] as number }, () => one),
      );
      const right = whole(drawn).figure();
      if (Number.isNaN(right)) expect(whole(pictures).figure(times)).toBeNaN();
      else expect(whole(pictures).figure(times)).toBeCloseTo(right, 12);
      expect(whole(pictures).figure(pictures.map(() => 1))).toEqual(whole(pictures).figure());
    }
  });
});

type WholeOf = WholeMetric<'objects', readonly FoundThing[], readonly TrueThing[]>['whole'];

test('found things that are right, whatever their order, in 300 sets', () => {
  const { row } = objectsMetric('f1@iou-0.5') as { row: RowOf };
  for (const set of golden<readonly Set[]>('boxes')) {
    const sums = picturesOf(set)
      .map(({ answer, truth }) => row(answer, truth))
      .reduce((all, one) => all.map((sum, k) => sum + (one[k] as number)));
    expect(sums).toEqual(set.matches);
    const [right, found, there] = sums as [number, number, number];
    const figures = ['f1', 'precision', 'recall'].map((name) =>
      (objectsMetric(`${name}@iou-0.5`) as { figure: FigureOf }).figure(sums, 1),
    );
    expect(figures).toEqual([(2 * right) / (found + there), right / found, right / there]);
  }
});

type ObjectsRows = RowMetric<'objects', readonly FoundThing[], readonly TrueThing[]>;
type RowOf = ObjectsRows['row'];
type FigureOf = ObjectsRows['figure'];

test('pixels and overlaps of 2,000 things made of polygons', () => {
  const things =
    golden<
      readonly {
        readonly height: number;
        readonly width: number;
        readonly thing: readonly (readonly number[])[];
        readonly other: readonly (readonly number[])[];
        readonly counts: string;
        readonly area: number;
        readonly crowd: number;
        readonly overlap: number;
      }[]
    >('polygons');
  expect(things).toHaveLength(2000);
  for (const { height, width, thing, other, counts, area, crowd, overlap } of things) {
    const [one, another] = [thing, other].map((polygons) =>
      unionOf(polygons.map((points) => polygonRuns(points, height, width))),
    ) as [MaskRuns, MaskRuns];
    const { runs } = readRle({ size: [height, width], counts });
    expect([...Array.from(one.runs)]).toEqual(runs);
    expect([areaOf(one), maskOverlap(one, another, crowd === 1)]).toEqual([area, overlap]);
  }
});

type Five = readonly [number, number, number, number, number];

interface Referring {
  readonly height: number;
  readonly width: number;
  readonly ellipse: Five;
  readonly box: ReferAnswer['positions'];
  readonly positions: ReferAnswer['positions'] | null;
  readonly mask: readonly [...Five, noise: number, seed: number];
  readonly figures: readonly number[];
}

const bits = (at: number): number => (Math.imul(at, 2654435761) >>> 22) - 512;

const softOf = ([a, b, row, column, size, noise, seed]: Referring['mask']): Float32Array =>
  Float32Array.from({ length: 64 * 64 }, (_, i) => {
    const [y, x] = [Math.floor(i / 64) - row, (i % 64) - column];
    return (size - a * y * y - b * x * x + bits(i + seed) * noise) / 1024;
  });

const insideOf = ({ ellipse, height, width }: Referring): Uint8Array => {
  const [a, b, middle, center, size] = ellipse;
  return Uint8Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width) - middle, (i % width) - center];
    return Number(a * y * y + b * x * x <= size);
  });
};

/** As results have it: painted, in pixels, which must make no difference. */
function paintedOverlap(row: Referring): ReferOverlap {
  const { height, width, box, positions, mask } = row;
  const size = { width, height };
  const whole = { xmin: 0, ymin: 0, xmax: width, ymax: height };
  const [ymin, xmin, ymax, xmax] = box;
  const truth = {
    bbox: [xmin * width, ymin * height, (xmax - xmin) * width, (ymax - ymin) * height] as const,
    mask: { ...size, runs: runsOf(insideOf(row), whole, size) },
  };
  const [y1, x1, y2, x2] = (positions ?? [0, 0, 0, 0]).map((one) => one / 1023) as [
    ...[number, number, number, number],
  ];
  const isInside = [y1, x1, y2, x2].every((one) => one >= 0 && one <= 1);
  if (y2 <= y1 || x2 <= x1 || !isInside) return referOverlapOf(undefined, truth, size);
  const edges = { xmin: x1 * width, ymin: y1 * height, xmax: x2 * width, ymax: y2 * height };
  const { runs } = readRle(new Mask(softOf(mask), edges, size).toRle());
  const bbox = [edges.xmin, edges.ymin, edges.xmax - edges.xmin, edges.ymax - edges.ymin] as const;
  return referOverlapOf({ bbox, mask: { ...size, runs } }, truth, size);
}

test('overlaps of 2,000 things that phrases refer to', () => {
  const { rows, figures } = golden<{
    readonly rows: readonly Referring[];
    readonly figures: readonly number[];
  }>('refer');
  expect(rows).toHaveLength(2000);
  const overlaps = rows.map((row) => {
    const { height, width, box, positions, mask } = row;
    const answer = positions === null ? undefined : { positions, mask: softOf(mask) };
    return referOverlap(answer, { height, width, mask: insideOf(row), box });
  });
  expect(rows.map((row) => paintedOverlap(row).mask)).toEqual(overlaps.map((one) => one.mask));
  for (const [i, row] of rows.entries()) {
    expect(paintedOverlap(row).box).toBeCloseTo(overlaps[i]?.box ?? Number.NaN, 6);
  }
  const valuesOf = (overlap: (typeof overlaps)[number]): number[] =>
    REFER_METRICS.map((metric) => metric.row(overlap, undefined)[0] as number);
  expect(overlaps.map((one) => [...valuesOf(one), Number(!one.isValid)])).toEqual(
    rows.map((row) => row.figures),
  );
  const sums = overlaps
    .map(valuesOf)
    .reduce((all, row) => all.map((sum, k) => sum + (row[k] as number)));
  expect(REFER_METRICS.map((metric, k) => metric.figure([sums[k] as number], rows.length))).toEqual(
    figures.slice(0, 3),
  );
});
