/** From rows to figures, and whether they are good enough. */
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';
import { drawsOf, SEED } from './draws.js';
import { type Judged, judge } from './judge.js';
import type { Direction } from './metrics/metric.js';
import type { Metric } from './metrics/registry.js';
import { comparePhrasings, type PhrasingReport } from './phrasings.js';
import { publishedFor } from './published.js';
import { type EvaluatedRow, isAnswered } from './rows.js';
import { estimatesOf } from './statistics/compare.js';
import { type Bounds, boundsOf, type Estimate } from './statistics/estimate.js';
import { groupsOf } from './statistics/statistic.js';

/** The figure is of the rows that were answered, with the interval of 95 % or why it has none. */
export interface Figure extends Bounds {
  readonly id: string;
  readonly title: string;
  readonly better: Direction;
  /** Figures that belong to it, by name, such as AP50. */
  readonly details?: Readonly<Record<string, number>>;
}

/** Rows with the same value of a field. */
export interface GroupFigure extends Bounds {
  readonly value: string;
  readonly rows: number;
}

export interface Summary {
  /** Rows in all, with those that failed. Of several phrasings, those of the first. */
  readonly rows: number;
  readonly failed: number;
  /** Share of rows that were answered. */
  readonly coverage: number;
  readonly figures: readonly Figure[];
  /** By the headline metric. */
  readonly groups?: { readonly field: string; readonly figures: readonly GroupFigure[] };
  readonly phrasings?: PhrasingReport;
  /** Of the headline metric, on the same data set and split. */
  readonly published?: readonly Published[];
  readonly limits: readonly Verdict[];
  /** What a reader of the figures should know. */
  readonly notes: readonly string[];
}

export interface Published {
  readonly model: string;
  /** On the scale of the metric. */
  readonly figure: number;
  readonly source: string;
  readonly note?: string;
}

export interface SummaryOptions {
  /** What the data set is, `TextVQA/val`. */
  readonly benchmark?: string | undefined;
  /** A field of the rows. */
  readonly groupBy?: string | undefined;
  /** What must meet a limit: the figure, or the worse end of its interval. Default: figure. */
  readonly failOn?: 'figure' | 'interval';
  readonly signal?: AbortSignal;
}

export interface Limit {
  /** As it was written. */
  readonly text: string;
  readonly id: string;
  readonly holds: (figure: number) => boolean;
}

export interface Verdict {
  readonly limit: string;
  readonly figure: number | null;
  readonly isMet: boolean;
}

/** Whatever order the rows are in, the sums are made in that of the data set: the same rows make the same bytes. */
export async function summarise(
  all: readonly EvaluatedRow[],
  metrics: readonly Metric[],
  limits: readonly Limit[],
  options: SummaryOptions = {},
): Promise<Summary> {
  const { groupBy, benchmark, failOn = 'figure', signal } = options;
  const ordered = all.toSorted((a, b) => a.index - b.index);
  const phrasings = [...new Set(ordered.flatMap(({ phrasing }) => phrasing ?? []))];
  const [first] = phrasings;
  const rows = ordered.filter(({ phrasing }) => phrasing === first);
  const answered = rows.filter(isAnswered);
  const figures = await figuresOf(answered, metrics, signal);
  const failed = rows.length - answered.length;
  const [headline] = metrics;
  return {
    ...{ rows: rows.length, failed },
    coverage: rows.length === 0 ? 0 : answered.length / rows.length,
    figures,
    ...(groupBy !== undefined &&
      headline && {
        groups: { field: groupBy, figures: await groupsBy(groupBy, answered, headline, signal) },
      }),
    ...(phrasings.length > 1 &&
      headline && {
        phrasings: await comparePhrasings(ordered, phrasings, headline, signal),
      }),
    ...(benchmark !== undefined && headline && { published: publishedOf(benchmark, headline.id) }),
    limits: limits.map(({ text, id, holds }) => {
      const found = figures.find((one) => one.id === id);
      const { figure = null } = found ?? {};
      const ends = failOn === 'figure' ? [figure] : [found?.low, found?.high];
      const holdsAll = ends.every((end) => typeof end === 'number' && holds(end));
      // Rows that failed are no evidence that the others are good enough.
      return { limit: text, figure, isMet: failed === 0 && holdsAll };
    }),
    notes: notesOn(answered, metrics),
  };
}

async function figuresOf(
  rows: readonly EvaluatedRow[],
  metrics: readonly Metric[],
  signal?: AbortSignal,
): Promise<Figure[]> {
  // Rows about one picture are one piece of evidence.
  const groups = groupsOf(rows.map(({ image }) => image));
  const judged = metrics.map((metric) => ({ metric, ...judge(metric, rows, groups) }));
  const estimates = new Map<Judged, Estimate>();
  for (const isWhole of [false, true]) {
    const some = judged.filter((one) => one.isWhole === isWhole);
    const [one] = some;
    if (one === undefined) continue;
    const draws = { seed: SEED, ...drawsOf(one.metric), ...(signal && { signal }) };
    const found = await estimatesOf(
      some.map(({ statistic }) => statistic),
      draws,
    );
    for (const [i, estimate] of found.entries()) estimates.set(some[i] as Judged, estimate);
  }
  return judged.map((one) => {
    const { id, title, better } = one.metric;
    const bounds = boundsOf(estimates.get(one) as Estimate);
    return { id, title, better, ...bounds, ...(one.details && { details: one.details }) };
  });
}

async function groupsBy(
  field: string,
  rows: readonly EvaluatedRow[],
  metric: Metric,
  signal?: AbortSignal,
): Promise<GroupFigure[]> {
  const byValue = new Map<string, EvaluatedRow[]>();
  for (const row of rows) {
    const value = String(row.fields?.[field] ?? '');
    const own = byValue.get(value);
    if (own) own.push(row);
    else byValue.set(value, [row]);
  }
  const found: GroupFigure[] = [];
  for (const [value, own] of [...byValue].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [figure] = await figuresOf(own, [metric], signal);
    found.push({ value, rows: own.length, ...boundsOf(figure as Figure) });
  }
  return found;
}

/** Those of test servers and means of several parts are not comparable, and left out. */
function publishedOf(benchmark: string, metric: string): Published[] {
  const [dataset = '', split = ''] = benchmark.split('/');
  return publishedFor({ metric, dataset, split })
    .filter(({ isComparable }) => isComparable)
    .map(({ model, figure, source, note }) => {
      const { family, size, resolution, checkpoint } = model;
      const name = `${family} ${size}, ${resolution} pixels, ${checkpoint}`;
      return { model: name, figure, source, ...(note !== undefined && { note }) };
    });
}

function notesOn(rows: readonly EvaluatedRow[], metrics: readonly Metric[]): string[] {
  const notes = metrics.flatMap((metric) =>
    'fewest' in metric && metric.fewest !== undefined && rows.length < metric.fewest
      ? [
          `${metric.id} says little of fewer than ${metric.fewest} rows: it learns from them how much a word says`,
        ]
      : [],
  );
  const known = new Set(rows.flatMap(({ objects = [] }) => objects.map(({ label }) => label)));
  const strange = rows.flatMap(({ objects, found = [] }) =>
    objects === undefined ? [] : found.filter(({ label }) => !known.has(label)),
  );
  if (strange.length > 0) {
    const labels = [...new Set(strange.map(({ label }) => label))].slice(0, 3);
    const shown = labels.map((label) => JSON.stringify(label)).join(', ');
    notes.push(
      `${strange.length} found things have labels that no truth has, such as ${shown}: average precision does not count them`,
    );
  }
  return notes;
}

const LIMIT = /^\s*([\w@.+-]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d*)?|\.\d+)(%?)\s*$/;

/** `cer@jiwer<=0.05`, or `cer<=5%` where one of the metrics only has that name. Throws ERR_OPTION_RANGE. */
export function parseLimit(text: string, metrics: readonly Metric[]): Limit {
  const [, name, sign, number = '', percent] = LIMIT.exec(text) ?? [];
  const matching = metrics.filter(({ id }) => id === name || id.split('@')[0] === name);
  const exact = metrics.find(({ id }) => id === name);
  const metric = exact ?? (matching.length === 1 ? matching[0] : undefined);
  if (metric === undefined) {
    const ids = metrics.map(({ id }) => id).join(', ');
    const expected = `a metric of this run (${ids}), <=, >=, < or >, and a number`;
    throw makeError(
      'ERR_OPTION_RANGE',
      `option failUnder is ${showValue(text)}, expected ${expected}`,
      {
        ...{ name: 'failUnder', found: showValue(text), expected },
      },
    );
  }
  const value = Number(number) / (percent === '%' ? 100 : 1);
  const holds = {
    '<=': (figure: number) => figure <= value,
    '>=': (figure: number) => figure >= value,
    '<': (figure: number) => figure < value,
    '>': (figure: number) => figure > value,
  }[sign as '<=' | '>=' | '<' | '>'];
  return { text: text.trim(), id: metric.id, holds };
}
