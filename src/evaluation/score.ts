/** Any metric of any answers, without a run. */
import { makeError, PaliGemmaError } from '../errors.js';
import { ESTIMATE_OPTIONS } from '../options/estimate.js';
import { parseOptions } from '../options/option.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import type { EstimateOptions } from '../options/types.js';
import { checkImageSize } from '../results/box.js';
import {
  badDocument,
  type Fields,
  fields,
  finite,
  flag,
  list,
  numbers,
  text,
} from '../results/reading.js';
import { readRle } from '../results/rle.js';
import { drawsOf } from './draws.js';
import { judge } from './judge.js';
import { findMetric, judgesDocuments, METRICS, type Metric } from './metrics/registry.js';
import type { EvaluatedRow } from './rows.js';
import { estimatesOf } from './statistics/compare.js';
import { type Bounds, boundsOf } from './statistics/estimate.js';
import { groupsOf } from './statistics/statistic.js';

/**
 * An answer and what is right, by what the metric judges: `answer` and `truths` of texts, `found` and `objects` of things in
 * pictures, `found`, `reference` and `size` of what a phrase speaks of. Documents are `value` and `document`, or `answer` and `truths`,
 * their JSON as text: numbers count as they are written there, while of JavaScript's those without a fraction are whole ones. Of a
 * row that has both, `anls@star` takes the values and `json-f1@vlm-exam` the texts.
 */
export interface ScoredRow
  extends Pick<
    EvaluatedRow,
    'answer' | 'truths' | 'value' | 'document' | 'found' | 'objects' | 'reference' | 'size'
  > {
  /** Rows with the same one are one piece of evidence for the interval. Default: each row is its own. */
  readonly image?: string;
}

export interface Score extends Bounds {
  /** Figures that belong to it, by name, such as AP50. */
  readonly details?: Readonly<Record<string, number>>;
  /** Of each row: its own figure, or what it adds to the one of all rows; undefined where it has neither. */
  readonly values: readonly (number | undefined)[];
}

/**
 * The figure of a metric with its interval of 95 %, or why it has none.
 *
 * @param id as docs/evaluation.md lists them; of texts, `+loose` or another profile may follow
 * @throws `ERR_OPTION_RANGE` for an id that is none, or a row without what the metric judges; `ERR_OPTION_TYPE` for what has
 *   another type; `ERR_OPTION_UNKNOWN` for an option that is none; the reason of `signal`
 *
 * @example
 * const { figure, low, high } = await score('cer@jiwer', [{ answer: 'hallo', truths: ['hello'] }]);
 */
export async function score(
  id: string,
  rows: readonly ScoredRow[],
  options: EstimateOptions = {},
): Promise<Score> {
  const metric = findMetric(text(id, 'id'));
  if (metric === undefined) {
    const expected = METRICS.map((one) => one.id).join(', ');
    throw wrong('id', showValue(id), `one of ${expected}`);
  }
  const { draws, ...given } = parseOptions('score', ESTIMATE_OPTIONS, options);
  const all = reading('rows', 'an array of rows', () =>
    list(rows, 'rows').map((row, i) => judgedRow(metric, { ...fields(row, `rows[${i}]`) }, i)),
  );
  const images = all.map(({ image }, i) => image ?? i);
  const judged = all.map((row, index) => ({ ...row, id: '', index, image: row.image ?? '' }));
  const { statistic, values, details } = judge(metric, judged, groupsOf(images));
  const drawn = { ...drawsOf(metric), ...(draws !== undefined && { draws }) };
  const [estimate] = await estimatesOf([statistic], { ...given, ...drawn });
  if (estimate === undefined) throw new TypeError('one figure was asked for');
  return { ...boundsOf(estimate), ...(details && { details }), values };
}

/** What a row must have. Of several names the first that is there is judged. */
const NEEDED: Readonly<Record<Metric['kind'], readonly (readonly (keyof ScoredRow)[])[]>> = {
  text: [['answer'], ['truths']],
  document: [
    ['value', 'answer'],
    ['document', 'truths'],
  ],
  objects: [['found'], ['objects']],
  reference: [['found'], ['reference'], ['size']],
};

function neededBy(metric: Metric): (typeof NEEDED)[Metric['kind']] {
  const needed = NEEDED[metric.kind];
  if (metric.kind === 'document' || !judgesDocuments(metric)) return needed;
  return NEEDED.document.map((names) => [...names].reverse());
}

/** The row without what is not judged. Throws where something is missing or of another type. */
function judgedRow(metric: Metric, row: Fields, i: number): ScoredRow {
  const { image } = row;
  const needed = neededBy(metric).map((names) => {
    const found = names.find((name) => row[name] !== undefined);
    if (found !== undefined) return [found, row[found]] as const;
    const others = names.length > 1 ? `: ${names.join(' or ')}` : '';
    throw wrong(`rows[${i}].${names[0]}`, 'missing', `what ${metric.id} judges${others}`);
  });
  checkRow(row, `rows[${i}]`);
  return { ...Object.fromEntries(needed), ...(image !== undefined && { image: image as string }) };
}

/** What a row has must be of its type, also what this metric does not judge. */
function checkRow(row: Fields, where: string): void {
  for (const name of ['answer', 'image'] as const) {
    if (row[name] !== undefined) text(row[name], `${where}.${name}`);
  }
  for (const name of ['value', 'document'] as const) {
    if (row[name] !== undefined) checkJson(row[name], `${where}.${name}`);
  }
  const { truths, found, objects, reference, size } = row;
  if (truths !== undefined) {
    const all = list(truths, `${where}.truths`);
    for (const [k, truth] of all.entries()) text(truth, `${where}.truths[${k}]`);
    if (all.length === 0) throw wrong(`${where}.truths`, 'empty', 'at least one');
  }
  for (const [name, things, number] of [
    ['found', found, 'score'],
    ['objects', objects, 'area'],
  ] as const) {
    if (things === undefined) continue;
    for (const [k, one] of list(things, `${where}.${name}`).entries()) {
      const at = `${where}.${name}[${k}]`;
      const thing = fields(one, at);
      text(thing['label'], `${at}.label`);
      checkShape(thing, at);
      finite(thing[number], `${at}.${number}`);
      flag(thing['isCrowd'], `${at}.isCrowd`);
    }
  }
  if (reference !== undefined) {
    checkShape(fields(reference, `${where}.reference`), `${where}.reference`);
  }
  if (size !== undefined) checkImageSize(size, `${where}.size`);
}

function checkShape({ bbox, rle }: Fields, where: string): void {
  numbers(bbox, `${where}.bbox`, 4);
  if (rle === undefined) return;
  try {
    readRle(rle);
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    const { found = 'something else', expected = 'size and counts' } = error;
    throw badDocument('ERR_OPTION_TYPE', `${where}.rle`, found, `run-length code: ${expected}`);
  }
}

/** A value of JSON, as answers and data sets have them. */
function checkJson(value: unknown, where: string): void {
  let isJson = false;
  try {
    isJson = JSON.stringify(value) !== undefined;
  } catch {
    // One that holds itself, or a BigInt.
  }
  if (!isJson) throw badDocument('ERR_OPTION_TYPE', where, showValue(value), 'a value of JSON');
}

function wrong(name: string, found: string, expected: string): Error {
  const message = `${name} is ${found}, expected ${expected}`;
  return makeError('ERR_OPTION_RANGE', message, { name, found, expected });
}
