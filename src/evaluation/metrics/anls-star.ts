/**
 * ANLS* (D. Peer et al., "ANLS* - A Universal Document Processing Metric for Generative Large Language Models", 2024):
 * ANLS for values in objects and lists. As anls-star 1.0.1 computes it.
 */
import { badDocument, list } from '../../results/reading.js';
import { normalisedDistance } from './anls.js';
import { bestMatching } from './assignment.js';
import { meanMetric, type RowMetric } from './metric.js';
import { floatText, split } from './python.js';

/** One of several values is right. */
export class OneOf {
  readonly values: readonly unknown[];

  /** @throws `ERR_OPTION_TYPE` for what is no array, `ERR_OPTION_RANGE` for an empty one */
  constructor(values: readonly unknown[]) {
    this.values = [...list(values, 'values')];
    if (this.values.length === 0) {
      throw badDocument('ERR_OPTION_RANGE', 'values', 'an empty array', 'at least one');
    }
  }
}

/** Similarities that are added up, and by how many they are divided. */
interface Compared {
  readonly sum: number;
  readonly length: number;
  /** What of the truth it was compared with. */
  readonly chosen: unknown;
}

/**
 * 0 to 1. `truth`: JSON, with OneOf where several values are right. The tool compares what Python prints of numbers, where 12 and
 * 12.0 differ. JavaScript has one type for both: a number without a fraction below 1e21 is taken for Python's `int`, any other for
 * a `float`. `score` takes documents as texts, whose numbers count as they are written.
 */
export function anlsStar(answer: unknown, truth: unknown): number {
  return meanOf(compare(truth, answer));
}

const meanOf = ({ sum, length }: Compared): number => (length > 0 ? sum / length : 1);

function compare(truth: unknown, answer: unknown): Compared {
  if (truth instanceof OneOf) return compareAny(truth, answer);
  const longer = Math.max(sizeOf(truth), sizeOf(answer));
  const wrong = { sum: 0, length: longer, chosen: truth };
  if (truth === null) {
    return isNothing(answer) ? { sum: 1, length: longer, chosen: answer } : wrong;
  }
  if (Array.isArray(truth)) return Array.isArray(answer) ? compareLists(truth, answer) : wrong;
  if (isObject(truth)) return isObject(answer) ? compareObjects(truth, answer) : wrong;
  if (answer === null || typeof answer === 'object') return wrong;
  const similarity = 1 - normalisedDistance(plain(truth), plain(answer));
  return { ...wrong, sum: similarity < 0.5 ? 0 : similarity };
}

/** The one with the best mean; of equal ones that which is the answer itself. */
function compareAny({ values }: OneOf, answer: unknown): Compared {
  const all = values.map((value) => compare(value, answer));
  const rank = (one: Compared): readonly [number, number] => [
    meanOf(one),
    Number(isEqual(one.chosen, answer)),
  ];
  return all.reduce((best, one) => {
    const [[mean, equal], [most, same]] = [rank(one), rank(best)];
    return mean > most || (mean === most && equal > same) ? one : best;
  });
}

function compareLists(truths: readonly unknown[], answers: readonly unknown[]): Compared {
  const table = truths.map((truth) => answers.map((answer) => compare(truth, answer)));
  const values = table.map((row) =>
    row.map((one, j) => meanOf(one) + (isEqual(one.chosen, answers[j]) ? Number.EPSILON : 0)),
  );
  const columns = bestMatching(values);
  const pairs = columns.map((j, i) => (j < 0 ? undefined : table[i]?.[j]));
  let [sum, length] = [0, 0];
  for (const [i, pair] of pairs.entries()) {
    sum += pair?.sum ?? 0;
    length += pair?.length ?? sizeOf(truths[i]);
  }
  const taken = new Set(columns);
  for (const [j, answer] of answers.entries()) if (!taken.has(j)) length += sizeOf(answer);
  return { sum, length, chosen: chosenOf(truths, pairs, columns) };
}

/** In the order of the answers; those without one at the end. */
function chosenOf(
  truths: readonly unknown[],
  pairs: readonly (Compared | undefined)[],
  columns: readonly number[],
): unknown[] {
  const order = [...truths.keys()].sort(
    (a, b) => placeOf(columns[a] as number) - placeOf(columns[b] as number),
  );
  return order.map((i) => pairs[i]?.chosen ?? truths[i]);
}

const placeOf = (column: number): number => (column < 0 ? Number.MAX_SAFE_INTEGER : column);

function compareObjects(
  truths: Readonly<Record<string, unknown>>,
  answers: Readonly<Record<string, unknown>>,
): Compared {
  let [sum, length] = [0, 0];
  // Without a prototype, as a key may be called __proto__.
  const chosen: Record<string, unknown> = Object.create(null);
  for (const key of new Set([...Object.keys(truths), ...Object.keys(answers)])) {
    const isKnown = Object.hasOwn(truths, key);
    const answer = Object.hasOwn(answers, key) ? answers[key] : null;
    const one = compare(isKnown ? truths[key] : null, answer);
    length += one.length;
    // A key that was made up, without a value, adds to the length alone.
    if (!isKnown && isNothing(answer)) continue;
    sum += one.sum;
    if (!(isNothing(one.chosen) && !Object.hasOwn(answers, key))) chosen[key] = one.chosen;
  }
  return { sum, length, chosen };
}

function sizeOf(value: unknown): number {
  if (value instanceof OneOf) return Math.max(...value.values.map(sizeOf));
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one), 0);
  if (isObject(value))
    return Object.values(value).reduce((sum: number, one) => sum + sizeOf(one), 0);
  return 1;
}

/** As a text, in lower case, with single spaces. */
const plain = (value: unknown): string => split(textOf(value).toLowerCase()).join(' ');

function textOf(value: unknown): string {
  const isFloat = typeof value === 'number' && !(Number.isInteger(value) && Math.abs(value) < 1e21);
  return isFloat ? floatText(value) : String(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return Array.isArray(value)
    ? value.length === 0
    : isObject(value) && Object.keys(value).length === 0;
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Of values as `readDocument` or JSON.parse make them; see `anlsStar`. */
export type DocumentMetric = RowMetric<'document', unknown, unknown>;

export const ANLS_STAR: DocumentMetric = meanMetric(
  {
    ...{ id: 'anls@star', title: 'ANLS*', kind: 'document' },
    formula:
      'mean over the values of truth and answer of ANLS, with 0.5 for half of the edits; lists are matched as well as they can be; mean of rows',
    source: 'anls-star 1.0.1',
  },
  anlsStar,
);
