/** From rows to figures, and whether they are good enough. */
import { drawsOf, SEED } from './draws.js';
import { type FailureReason, reasonsOf } from './failures.js';
import { type Judged, judge } from './judge.js';
import { type Limit, type Verdict, verdictOn } from './limits.js';
import type { Direction } from './metrics/metric.js';
import type { Metric } from './metrics/registry.js';
import { notesOn } from './notes.js';
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
  /** Rows in all, with those that failed. */
  readonly rows: number;
  /** Rows without an answer: to one of several phrasings, or because the run was cut off. */
  readonly failed: number;
  /** Share of rows that were answered. */
  readonly coverage: number;
  /** Why rows have no answer, the most frequent reasons first. */
  readonly reasons?: readonly FailureReason[];
  readonly figures: readonly Figure[];
  /** By the headline metric. */
  readonly groups?: { readonly field: string; readonly figures: readonly GroupFigure[] };
  readonly phrasings?: PhrasingReport;
  /** Of the first metric of which there are any, on the same data set and split. */
  readonly published?: readonly Published[];
  readonly limits: readonly Verdict[];
  /** What a reader of the figures should know. */
  readonly notes: readonly string[];
}

export interface Published {
  readonly model: string;
  /** The id of the metric. */
  readonly metric: string;
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
  /** Rows that were to be asked about; what a run that was cut off lacks has failed. Default: those that are there. */
  readonly expected?: number | undefined;
  /** What must meet a limit: the figure, or the worse end of its interval. Default: figure. */
  readonly failOn?: 'figure' | 'interval';
  readonly signal?: AbortSignal;
}

/** Whatever order the rows are in, the sums are made in that of the data set: the same rows make the same bytes. */
export async function summarise(
  all: readonly EvaluatedRow[],
  metrics: readonly Metric[],
  limits: readonly Limit[],
  options: SummaryOptions = {},
): Promise<Summary> {
  const { groupBy, benchmark, signal } = options;
  const ordered = all.toSorted((a, b) => a.index - b.index);
  const phrasings = [...new Set(ordered.flatMap(({ phrasing }) => phrasing ?? []))];
  const [first] = phrasings;
  const rows = ordered.filter(({ phrasing }) => phrasing === first);
  const answered = rows.filter(isAnswered);
  const figures = await figuresOf(answered, metrics, signal);
  const known = new Set(ordered.map(({ id }) => id)).size;
  const { expected = known } = options;
  const unanswered = new Set(ordered.filter((row) => !isAnswered(row)).map(({ id }) => id));
  const missing = Math.max(0, expected - known) + partial(ordered, phrasings, unanswered);
  const failed = unanswered.size + missing;
  const total = Math.max(known, expected);
  const [headline] = metrics;
  return {
    ...{ rows: total, failed },
    coverage: total === 0 ? 0 : (total - failed) / total,
    ...(unanswered.size > 0 && { reasons: reasonsOf(ordered) }),
    figures,
    ...(groupBy !== undefined &&
      headline && {
        groups: { field: groupBy, figures: await groupsBy(groupBy, answered, headline, signal) },
      }),
    ...(phrasings.length > 1 &&
      headline && {
        phrasings: await comparePhrasings(ordered, phrasings, headline, signal),
      }),
    ...(benchmark !== undefined && { published: publishedOf(benchmark, metrics) }),
    limits: limits.map((limit) => verdictOn(limit, figures, failed, options.failOn)),
    notes: notesOn(rows, { metrics, missing, phrasings, groupBy }),
  };
}

/** Rows of which a run that was cut off lacks a phrasing. */
function partial(
  rows: readonly EvaluatedRow[],
  phrasings: readonly string[],
  unanswered: ReadonlySet<string>,
): number {
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1);
  const whole = Math.max(1, phrasings.length);
  return [...counts].filter(([id, count]) => count < whole && !unanswered.has(id)).length;
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

/** By the first of the metrics that has any. Those of test servers and means of several parts are not comparable, and left out. */
function publishedOf(benchmark: string, metrics: readonly Metric[]): Published[] {
  const [dataset = '', split = ''] = benchmark.split('/');
  const found = metrics.map(({ id: metric }) =>
    publishedFor({ metric, dataset, split }).filter(({ isComparable }) => isComparable),
  );
  const all = found.find(({ length }) => length > 0) ?? [];
  return all.map(({ model, metric, figure, source, note }) => {
    const { family, size, resolution, checkpoint } = model;
    const name = `${family} ${size}, ${resolution} pixels, ${checkpoint}`;
    return { model: name, metric, figure, source, ...(note !== undefined && { note }) };
  });
}
