/** One question in several words: how they are made, and how much the words matter. */
import { makeError } from '../errors.js';
import { labelVariants } from '../index.js';
import { showValue } from '../options/show.js';
import { drawsOf, SEED } from './draws.js';
import { judge } from './judge.js';
import type { Metric } from './metrics/registry.js';
import {
  answersDiffer,
  type EvaluatedRow,
  type Given,
  isAnswered,
  type Question,
  type Truth,
} from './rows.js';
import { compareRuns, estimatesOf } from './statistics/compare.js';
import { type Bounds, boundsOf } from './statistics/estimate.js';
import { groupsOf } from './statistics/statistic.js';

/**
 * The question, asked with a phrasing: in it `{prefix}` is the prompt of the row, `{question}`, `{labels}` and `{phrase}` what
 * it asks with, `{name}` its field of that name.
 *
 * @throws ERR_OPTION_RANGE for a name that the row does not have
 */
export function withPhrasing(question: Question, phrasing: string): Question {
  const known = wordsOf(question);
  const prompt = phrasing.replace(NAMES, (all, name: string) => {
    const value = known.get(name);
    if (value !== undefined) return value;
    throw unknownName(all, `${question.id} does not have`, known.keys());
  });
  return { ...question, request: { kind: 'prompt', prompt } };
}

const NAMES = /\{(\w+)\}/g;

/** What a row has for the names in braces. */
export function wordsOf({ request, fields }: Pick<Question, 'request' | 'fields'>) {
  const known = new Map<string, string>(
    Object.entries(fields).map(([name, value]) => [name, String(value)]),
  );
  if (request.kind === 'prompt') known.set('prefix', request.prompt);
  else {
    for (const [name, value] of Object.entries(request.arguments)) {
      known.set(name, Array.isArray(value) ? value.join(' ; ') : String(value));
    }
  }
  return known;
}

/**
 * Throws ERR_OPTION_RANGE for a phrasing that comes twice, and for a name in braces that no row has. `names`: those that rows
 * have.
 */
export function checkPhrasings(phrasings: readonly string[], names: ReadonlySet<string>): void {
  const twice = phrasings.find((one, i) => phrasings.indexOf(one) < i);
  if (twice !== undefined) {
    const expected = 'each prompt once';
    const found = `${showValue(twice)} twice`;
    const message = `option prompt has ${found}, expected ${expected}`;
    throw makeError('ERR_OPTION_RANGE', message, { name: 'prompt', found, expected });
  }
  for (const phrasing of phrasings) {
    const unknown = [...phrasing.matchAll(NAMES)].find(([, name = '']) => !names.has(name));
    if (unknown !== undefined) throw unknownName(unknown[0], 'no row has', names);
  }
}

function unknownName(found: string, where: string, names: Iterable<string>): Error {
  const expected = [...names].map((one) => `{${one}}`).join(', ') || 'no name in braces';
  const message = `option prompt has ${showValue(found)}, which ${where}, expected ${expected}`;
  return makeError('ERR_OPTION_RANGE', message, { name: 'prompt', found, expected });
}

/**
 * Found things by the names that the data set has for them: asked in other words, a model answers with those, `dogs` or
 * `a dog` for `dog`.
 */
export function inTruthsWords(given: Given, truth: Truth): Given {
  if (given.found === undefined || !('objects' in truth)) return given;
  const labels = new Set(truth.objects.map(({ label }) => label));
  const names = new Map<string, string>();
  for (const label of labels) {
    for (const name of labelVariants(label)) names.set(name, label);
  }
  const found = given.found.map((one) => ({
    ...one,
    label: labels.has(one.label) ? one.label : (names.get(one.label) ?? one.label),
  }));
  return { ...given, found };
}

export interface PhrasingFigure extends Bounds {
  readonly phrasing: string;
  /** Its figure - that of the best, on the same rows; undefined of the best itself. The interval is Holm's of its step. */
  readonly difference?: Bounds;
  /** Whether it is shown to be worse than the best. */
  readonly isWorse: boolean;
  /** The smallest difference from the best that these rows would show in four of five cases. */
  readonly smallest?: number | null;
  /** Share of rows that it answers otherwise than the best. */
  readonly flips?: number;
}

export interface PhrasingReport {
  /** The id of the metric that they are compared by. */
  readonly metric: string;
  /** Rows that all phrasings have answered. */
  readonly rows: number;
  /** Best first; those that are equally good in the order in which they were given. */
  readonly phrasings: readonly PhrasingFigure[];
  /** The highest figure - the lowest; null where one has none. */
  readonly spread: number | null;
  /** Share of rows whose answer depends on the phrasing. */
  readonly flips: number;
  /** The only best phrasing, or several among which no difference is shown. */
  readonly best: readonly string[];
}

/** By the headline metric. `phrasings`: in the order in which they were given. */
export async function comparePhrasings(
  all: readonly EvaluatedRow[],
  phrasings: readonly string[],
  metric: Metric,
  signal?: AbortSignal,
): Promise<PhrasingReport> {
  const byPhrasing = new Map<string, Map<string, EvaluatedRow>>(
    phrasings.map((one) => [one, new Map()]),
  );
  for (const row of all) {
    if (isAnswered(row)) byPhrasing.get(row.phrasing ?? '')?.set(row.id, row);
  }
  const [first = new Map<string, EvaluatedRow>(), ...others] = byPhrasing.values();
  const common = [...first.values()]
    .filter(({ id }) => others.every((rows) => rows.has(id)))
    .sort((a, b) => a.index - b.index);
  const groups = groupsOf(common.map(({ image }) => image));
  const rowsOf = (phrasing: string): EvaluatedRow[] =>
    common.map(({ id }) => byPhrasing.get(phrasing)?.get(id) as EvaluatedRow);
  const judged = phrasings.map((phrasing) => {
    const rows = rowsOf(phrasing);
    return { phrasing, rows, ...judge(metric, rows, groups) };
  });
  const sign = metric.better === 'higher' ? -1 : 1;
  const ranked = judged.toSorted((a, b) => {
    const [x, y] = [a.statistic.whole, b.statistic.whole];
    return Number.isNaN(x) || Number.isNaN(y)
      ? Number(Number.isNaN(x)) - Number(Number.isNaN(y))
      : sign * (x - y);
  });
  const [best, ...rest] = ranked;
  if (best === undefined) throw new TypeError('no phrasings');
  const draws = { seed: SEED, ...drawsOf(metric), ...(signal && { signal }) };
  const estimates = await estimatesOf(
    ranked.map(({ statistic }) => statistic),
    draws,
  );
  const comparisons = await compareRuns(
    best.statistic,
    rest.map(({ statistic }) => statistic),
    metric.better,
    draws,
  );
  const figures = ranked.map(({ phrasing, rows }, i): PhrasingFigure => {
    const bounds = boundsOf(estimates[i] as (typeof estimates)[number]);
    const comparison = comparisons[i - 1];
    if (comparison === undefined) return { phrasing, ...bounds, isWorse: false };
    return {
      ...{ phrasing, ...bounds, difference: boundsOf(comparison.corrected) },
      ...{ isWorse: comparison.verdict === 'worse', smallest: comparison.smallest },
      flips: share(rows, (row, k) => answersDiffer(row, best.rows[k] as EvaluatedRow)),
    };
  });
  const values = figures.flatMap(({ figure }) => figure ?? []);
  return {
    ...{ metric: metric.id, rows: common.length, phrasings: figures },
    spread: values.length < figures.length ? null : Math.max(...values) - Math.min(...values),
    flips: share(common, (_, k) =>
      ranked.some(({ rows }) =>
        answersDiffer(rows[k] as EvaluatedRow, best.rows[k] as EvaluatedRow),
      ),
    ),
    best: figures.filter(({ isWorse }) => !isWorse).map(({ phrasing }) => phrasing),
  };
}

function share<T>(rows: readonly T[], isIt: (row: T, k: number) => boolean): number {
  return rows.length === 0 ? 0 : rows.filter(isIt).length / rows.length;
}
