/** From rows to what metrics take, and to figures that can be drawn again. */
import { readRle } from '../results/rle.js';
import { OneOf } from './metrics/anls-star.js';
import type { CocoBox } from './metrics/coco.js';
import { readDocument } from './metrics/document-text.js';
import type { MaskRuns } from './metrics/mask-runs.js';
import type { Answered, Whole } from './metrics/metric.js';
import type { FoundThing, TrueThing } from './metrics/objects.js';
import { type ReferOverlap, referOverlapOf } from './metrics/refer.js';
import type { Metric } from './metrics/registry.js';
import type { EvaluatedRow, WrittenFinding, WrittenObject } from './rows.js';
import {
  type Groups,
  recomputedOf,
  type Statistic,
  sumsOf,
  unitMeanOf,
} from './statistics/statistic.js';

export interface Judged {
  readonly statistic: Statistic;
  /** Whether each draw of it is computed anew, which takes long. */
  readonly isWhole: boolean;
  /** Figures that belong to it, by name. */
  readonly details?: Readonly<Record<string, number>>;
  /** Of each row: its own figure, or what it adds to the one of all rows; undefined where it has neither. */
  readonly values: readonly (number | undefined)[];
}

/** `rows`: those that were answered. */
export function judge(metric: Metric, rows: readonly EvaluatedRow[], groups: Groups): Judged {
  if ('whole' in metric) {
    const whole = wholeOf(metric, rows);
    const figure = (counts: ArrayLike<number>): number =>
      whole.figure(Int32Array.from(groups.of, (group) => counts[group] as number));
    return {
      statistic: { ...recomputedOf(figure, groups), whole: whole.figure() },
      ...{ isWhole: true, ...(whole.details && { details: whole.details }) },
      values: whole.contributions ?? rows.map(() => undefined),
    };
  }
  const parts = rows.map((row) => partsOf(metric, row));
  const values = parts.map(([value = Number.NaN]) => value);
  const isUnit = metric.isMean && values.every((value) => value >= 0 && value <= 1);
  return {
    statistic: isUnit ? unitMeanOf(values, groups) : sumsOf(parts, metric.figure, groups),
    isWhole: false,
    values: parts.map((part) => metric.figure(part, 1)),
  };
}

type RowMetrics = Exclude<Metric, { readonly whole: unknown }>;

/** What one answered row adds to the sums of a metric. */
export function partsOf(metric: RowMetrics, row: EvaluatedRow): readonly number[] {
  switch (metric.kind) {
    case 'text':
      return metric.row(textOf(row), truthsOf(row));
    case 'document':
      return metric.row(documentGiven(row), documentThere(row));
    case 'objects':
      return metric.row(foundOf(row), objectsOf(row));
    case 'reference':
      return metric.row(overlapOf(row), undefined);
  }
}

function wholeOf(
  metric: Extract<Metric, { readonly whole: unknown }>,
  rows: readonly EvaluatedRow[],
): Whole {
  if (metric.kind === 'text') {
    return metric.whole(rows.map((row) => ({ answer: textOf(row), truth: truthsOf(row) })));
  }
  const pictures = rows.map(
    (row): Answered<readonly FoundThing[], readonly TrueThing[]> => ({
      answer: foundOf(row),
      truth: objectsOf(row),
    }),
  );
  return metric.whole(pictures);
}

/** The text that was answered; of a document that was read value by value, its JSON. */
const textOf = ({ answer, value }: EvaluatedRow): string =>
  answer ?? (value === undefined ? '' : JSON.stringify(value));

const truthsOf = ({ truths, document }: EvaluatedRow): readonly string[] =>
  truths ?? [JSON.stringify(document ?? null)];

/** Of the text where there is one: values that JSON.parse makes of it have lost how numbers are written. */
const documentGiven = ({ answer, value }: EvaluatedRow): unknown =>
  answer === undefined ? value : readDocument(answer);

function documentThere({ truths, document }: EvaluatedRow): unknown {
  if (truths === undefined) return document;
  const [first, ...others] = truths.map(readDocument);
  return others.length === 0 ? first : new OneOf([first, ...others]);
}

const foundOf = ({ found = [] }: EvaluatedRow): FoundThing[] => found.map(thing);
const objectsOf = ({ objects = [] }: EvaluatedRow): TrueThing[] => objects.map(thing);

function thing<T extends WrittenFinding | WrittenObject>({
  bbox,
  rle,
  ...rest
}: T): Omit<T, 'bbox' | 'rle'> & { readonly box: CocoBox; readonly mask?: MaskRuns } {
  return { ...rest, box: bbox, ...(rle && { mask: runsOf(rle) }) };
}

function runsOf(rle: NonNullable<WrittenObject['rle']>): MaskRuns {
  const { runs, image } = readRle(rle);
  return { runs, ...image };
}

function overlapOf({ size, reference, found = [] }: EvaluatedRow): ReferOverlap {
  if (size === undefined || reference === undefined) throw new TypeError('no reference');
  // What the model says first.
  const [first] = found;
  const shapeOf = ({ bbox, rle }: Pick<WrittenFinding, 'bbox' | 'rle'>) => ({
    bbox,
    ...(rle && { mask: runsOf(rle) }),
  });
  return referOverlapOf(first && shapeOf(first), shapeOf(reference), size);
}
