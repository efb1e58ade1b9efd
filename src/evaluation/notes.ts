/** What a reader of figures should know of the rows that they are made of. */
import type { Metric } from './metrics/registry.js';
import { type EvaluatedRow, isAnswered } from './rows.js';

interface Around {
  readonly metrics: readonly Metric[];
  /** Rows that have not been asked about. */
  readonly missing: number;
  readonly phrasings: readonly string[];
  readonly groupBy: string | undefined;
}

/** Sentences without a full stop, the most important first. `rows`: of the first phrasing. */
export function notesOn(rows: readonly EvaluatedRow[], around: Around): string[] {
  const { metrics, missing, phrasings, groupBy } = around;
  const answered = rows.filter(isAnswered);
  return [
    ...(missing > 0
      ? [`the run was cut off: ${missing} rows have not been asked about, which continuing it does`]
      : []),
    ...unfound(rows, metrics),
    ...small(answered, metrics),
    ...onLabels(answered),
    ...onMasks(answered, metrics),
    ...onSplits(rows),
    ...(groupBy !== undefined && rows.every(({ fields }) => fields?.[groupBy] === undefined)
      ? [`no row has a field ${JSON.stringify(groupBy)}`]
      : []),
    ...onForm(rows, phrasings),
  ];
}

const LOC_TOKENS = /<loc\d{4}>/;

/** Boxes that are compared as texts. */
function unfound(rows: readonly EvaluatedRow[], metrics: readonly Metric[]): string[] {
  const isText = metrics.some(({ kind }) => kind === 'text');
  const boxes = rows.filter(({ truths }) => truths?.some((truth) => LOC_TOKENS.test(truth)));
  return isText && boxes.length > 0
    ? [
        `${boxes.length} rows have boxes as loc tokens, which these metrics compare as text: the tasks detect, segment and refer judge them`,
      ]
    : [];
}

function small(rows: readonly EvaluatedRow[], metrics: readonly Metric[]): string[] {
  return metrics.flatMap((metric) =>
    'fewest' in metric && metric.fewest !== undefined && rows.length < metric.fewest
      ? [
          `${metric.id} says little of fewer than ${metric.fewest} rows: it learns from them how much a word says`,
        ]
      : [],
  );
}

function onLabels(rows: readonly EvaluatedRow[]): string[] {
  const known = new Set(rows.flatMap(({ objects = [] }) => objects.map(({ label }) => label)));
  const strange = rows.flatMap(({ objects, found = [] }) =>
    objects === undefined ? [] : found.filter(({ label }) => !known.has(label)),
  );
  if (strange.length === 0) return [];
  const labels = [...new Set(strange.map(({ label }) => label))].slice(0, 3);
  const shown = labels.map((label) => JSON.stringify(label)).join(', ');
  return [
    `${strange.length} found things have labels that no truth has, such as ${shown}: average precision does not count them`,
  ];
}

/** Masks that are not there cannot be compared. */
function onMasks(rows: readonly EvaluatedRow[], metrics: readonly Metric[]): string[] {
  const ofMasks = metrics.filter(({ id }) => /^(map@pycocotools-masks|miou@refcoco)$/.test(id));
  const [metric] = ofMasks;
  if (metric === undefined || rows.length === 0) return [];
  const masked = rows.filter(
    ({ objects = [], reference }) =>
      objects.some(({ rle }) => rle !== undefined) || reference?.rle !== undefined,
  );
  if (masked.length === 0) return [`the data set has no masks, so ${metric.id} has no figure`];
  if (metric.kind === 'reference' && masked.length < rows.length) {
    const few = `${rows.length - masked.length} of ${rows.length} rows have no mask`;
    return [`${few}, so ${metric.id}, which is of all rows, has no figure`];
  }
  const found = masked.flatMap(({ found: own = [] }) => own);
  if (found.length > 0 && found.every(({ rle }) => rle === undefined)) {
    return [`no answer has a mask, so ${metric.id} counts none as right`];
  }
  return [];
}

function onSplits(rows: readonly EvaluatedRow[]): string[] {
  const splits = [...new Set(rows.flatMap(({ split }) => split ?? []))];
  return splits.length > 1
    ? [`rows of ${splits.join(' and ')} are judged together; the option split chooses one`]
    : [];
}

/** Prompts that only some of are asked with the method for objects. */
function onForm(rows: readonly EvaluatedRow[], phrasings: readonly string[]): string[] {
  const isOfObjects = rows.some(({ objects }) => objects !== undefined);
  const ofMethod = phrasings.filter((one) => /^(detect|segment) /.test(one));
  return isOfObjects && ofMethod.length > 0 && ofMethod.length < phrasings.length
    ? [
        'phrasings that begin with detect or segment are asked with the method, whose answers keep to their form unless they are asked not to; the others are free text',
      ]
    : [];
}
