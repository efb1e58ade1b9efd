/** Metrics of things that were found in pictures, as boxes or as masks. */
import { bestMatching } from './assignment.js';
import { COCO_BOXES, type CocoBox, type CocoShapes, cocoFigures, cocoSampler } from './coco.js';
import { areaOf, type MaskRuns, maskOverlap } from './mask-runs.js';
import type { Answered, Described, RowMetric, Whole, WholeMetric } from './metric.js';

/** What a picture has. */
export interface TrueThing {
  readonly label: string;
  readonly box: CocoBox;
  /** Pixels, as the annotation says: of the mask, where there is one. */
  readonly area: number;
  /** Many things in one annotation. Default: false. */
  readonly isCrowd?: boolean;
  readonly mask?: MaskRuns;
}

/** What was found in it. */
export interface FoundThing {
  readonly label: string;
  readonly box: CocoBox;
  /** 0 to 1. Of equal scores those that come first are taken first. */
  readonly score: number;
  readonly mask?: MaskRuns;
}

type Picture = Answered<readonly FoundThing[], readonly TrueThing[]>;
export type ObjectsMetric =
  | WholeMetric<'objects', readonly FoundThing[], readonly TrueThing[]>
  | RowMetric<'objects', readonly FoundThing[], readonly TrueThing[]>;

const NO_MASK: MaskRuns = { height: 0, width: 0, runs: [] };
const COCO_MASKS: CocoShapes<MaskRuns> = { areaOf, overlap: maskOverlap };
const boxOf = ({ box }: { readonly box: CocoBox }): CocoBox => box;
/** Things without a mask overlap with nothing. */
const maskOf = ({ mask = NO_MASK }: { readonly mask?: MaskRuns }): MaskRuns => mask;

function whole<Shape>(
  pictures: readonly Picture[],
  shapeOf: (thing: TrueThing | FoundThing) => Shape,
  shapes: CocoShapes<Shape>,
): Whole {
  const truths = pictures.flatMap(({ truth }, image) =>
    truth.map((thing) => ({ ...thing, image, category: thing.label, shape: shapeOf(thing) })),
  );
  const found = pictures.flatMap(({ answer }, image) =>
    answer.map((thing) => ({ ...thing, image, category: thing.label, shape: shapeOf(thing) })),
  );
  const { AP, ...figures } = cocoFigures(truths, found, shapes);
  // What is not there has no figure.
  const isThere = ([, value]: [string, number]): boolean => value >= 0;
  let sample: ReturnType<typeof cocoSampler> | undefined;
  return {
    figure(times) {
      if (times === undefined) return AP < 0 ? Number.NaN : AP;
      sample ??= cocoSampler(truths, found, shapes);
      return sample(times);
    },
    details: Object.fromEntries(Object.entries(figures).filter(isThere)),
  };
}

const COCO = {
  kind: 'objects',
  better: 'higher',
  source: 'pycocotools 2.0.11, COCOeval; https://cocodataset.org/#detection-eval',
} as const;

/** Boxes are of the same thing from this intersection over union on. */
const SAME = 0.5;
/** Of pairings with as many right, that in which fewest found things are left that are in no crowd. */
const OUTSIDE_CROWDS = 1e-6;

/**
 * Found things that are right, things that were found, and things that are there: as many pairs of one label as there can be,
 * whatever the order and the scores. What is in a crowd is neither right nor wrong.
 */
function matches(found: readonly FoundThing[], truths: readonly TrueThing[]): number[] {
  let [right, counted, there] = [0, 0, 0];
  for (const label of new Set([...found, ...truths].map((one) => one.label))) {
    const own = truths.filter((one) => one.label === label);
    const things = own.filter(({ isCrowd }) => !isCrowd);
    const crowds = own.filter(({ isCrowd }) => isCrowd);
    const seen = found.filter((one) => one.label === label);
    const isOutside = seen.map(
      ({ box }) => !crowds.some((crowd) => COCO_BOXES.overlap(box, crowd.box, true) >= SAME),
    );
    const fits = seen.map(({ box }, i) =>
      things.map((thing) => {
        if (COCO_BOXES.overlap(box, thing.box, false) < SAME) return 0;
        return 1 + (isOutside[i] ? OUTSIDE_CROWDS : 0);
      }),
    );
    const isRight = bestMatching(fits).map((thing, i) => (fits[i]?.[thing] ?? 0) > 0);
    right += isRight.filter(Boolean).length;
    counted += seen.filter((_, i) => isRight[i] || isOutside[i]).length;
    there += things.length;
  }
  return [right, counted, there];
}

const matched = (
  described: Pick<Described, 'id' | 'title' | 'formula'>,
  figure: (sums: readonly number[]) => number,
): ObjectsMetric => ({
  ...described,
  ...{ kind: 'objects', better: 'higher', isMean: false, row: matches, figure },
  source: 'scipy 1.17, linear_sum_assignment, of overlaps by pycocotools 2.0.11',
});

export const OBJECTS_METRICS: readonly ObjectsMetric[] = [
  {
    ...{ id: 'map@pycocotools', title: 'average precision of boxes', ...COCO },
    formula:
      'mean over labels and overlaps of 0.5 to 0.95 of the precision at 101 recalls; the other eleven figures are beside it',
    whole: (pictures) => whole(pictures, boxOf, COCO_BOXES),
  },
  {
    ...{ id: 'map@pycocotools-masks', title: 'average precision of masks', ...COCO },
    formula: 'as map@pycocotools, with overlaps of masks',
    whole: (pictures) =>
      pictures.some(({ truth }) => truth.some(({ mask }) => mask !== undefined))
        ? whole(pictures, maskOf, COCO_MASKS)
        : { figure: () => Number.NaN },
  },
  matched(
    {
      id: 'f1@iou-0.5',
      title: 'F1 of boxes',
      formula:
        '2 · right / (found + there); right is the greatest number of pairs of one label that overlap by 0.5, whatever their scores',
    },
    ([right = 0, found = 0, there = 0]) => (2 * right) / (found + there),
  ),
  matched(
    {
      id: 'precision@iou-0.5',
      title: 'found boxes that are right',
      formula: 'right / found, of f1@iou-0.5',
    },
    ([right = 0, found = 0]) => right / found,
  ),
  matched(
    {
      id: 'recall@iou-0.5',
      title: 'things whose box was found',
      formula: 'right / there, of f1@iou-0.5',
    },
    ([right = 0, , there = 0]) => right / there,
  ),
];
