/** From readings to figures, each with its interval or the reason why it has none. */
import type { TextProfile } from '../../options/closed-sets.js';
import { compareRuns, estimatesOf, type Verdict } from '../statistics/compare.js';
import { type Bounds, boundsOf } from '../statistics/estimate.js';
import {
  groupsOf,
  medianOf,
  ratioOf,
  type Statistic,
  sumsOf,
  unitMeanOf,
} from '../statistics/statistic.js';
import { type Failure, failuresOf } from './failures.js';
import { ACCURACIES, accuracyOf } from './figures.js';
import { type Price, usdOf } from './prices.js';
import type { ReadingRow } from './rows.js';

/** One seed for all: the same readings have the same bytes. */
const SEED = 1;
/** What is read less than half right is not read. */
const UNREAD = 0.5;

export interface SystemFigures {
  readonly name: string;
  readonly version: string;
  readonly threads: number | null;
  readonly startSeconds: number;
  /** The processor, where the answers come from an earlier run. */
  readonly recordedOn?: string;
  readonly rows: number;
  readonly failed: number;
  /** Why: the most frequent reasons. */
  readonly failures: readonly Failure[];
  /** How often each crop was read whose time is measured. */
  readonly passes: number;
  /** It says itself what a reading costs. */
  readonly statesPrice?: true;
  /** Means over the scored crops, by name of the rule. */
  readonly accuracies: Readonly<Record<string, Bounds>>;
  readonly medianAccuracy: Bounds;
  readonly medianSeconds: Bounds;
  readonly meanSeconds: Bounds;
  /** Median of accuracy / seconds, the headline; and mean accuracy / mean seconds. Of the timed crops. */
  readonly speedEfficiency: Bounds;
  readonly speedEfficiencyOfMeans: Bounds;
  /** The same with cents; null where no price is given. */
  readonly costEfficiency: Bounds | null;
  readonly costEfficiencyOfMeans: Bounds | null;
  readonly meanCents: Bounds | null;
  readonly domains: Readonly<Record<string, Bounds>>;
  /** Page modes that were chosen for the domains. */
  readonly modes?: Readonly<Record<string, string>>;
  /** Against the system with the highest accuracy, by Holm over all: undefined for that one. */
  readonly againstBest?: Verdict;
}

export interface BenchmarkSummary {
  readonly machine: string;
  /** Load average of the minute before the run. */
  readonly loadAtStart: number;
  readonly threads: number;
  readonly repeats: number;
  readonly profile: TextProfile;
  readonly prices: readonly Price[];
  readonly crops: { readonly scored: number; readonly tuning: number; readonly timed: number };
  readonly domains: readonly string[];
  readonly systems: readonly SystemFigures[];
  /** Crops that say little of any system, or whose truth should be looked at. */
  readonly flagged: {
    readonly unread: readonly string[];
    readonly alike: readonly string[];
    readonly odd: readonly string[];
  };
}

export interface SummaryOptions
  extends Pick<
    BenchmarkSummary,
    'machine' | 'loadAtStart' | 'threads' | 'repeats' | 'profile' | 'prices'
  > {
  readonly signal?: AbortSignal;
}

export async function summariseBenchmark(
  rows: readonly ReadingRow[],
  options: SummaryOptions,
): Promise<BenchmarkSummary> {
  const { machine, loadAtStart, threads, repeats, profile, prices } = options;
  const scored = rows.filter(({ split }) => split === 'scored');
  const first = scored.filter(({ pass }) => pass === 1);
  const bySystem = [...grouped(first, keyOf)].map(([key, own]) => ({
    // All systems in the order of the crops of the first: pairs are compared.
    own: [...own].sort((a, b) => (a.crop < b.crop ? -1 : 1)),
    all: scored.filter((row) => keyOf(row) === key),
  }));
  const systems: SystemFigures[] = [];
  for (const { own, all } of bySystem) systems.push(await figuresOf(own, all, options));
  const verdicts = await againstBest(
    bySystem.map(({ own }) => own),
    options,
  );
  return {
    ...{ machine, loadAtStart, threads, repeats, profile, prices },
    crops: {
      scored: new Set(first.map(({ crop }) => crop)).size,
      tuning: new Set(rows.flatMap(({ split, crop }) => (split === 'tuning' ? crop : []))).size,
      timed: new Set(first.flatMap(({ isTimed, crop }) => (isTimed ? crop : []))).size,
    },
    domains: [...new Set(first.map(({ domain }) => domain))],
    systems: systems.map((system, i) => {
      const verdict = verdicts[i];
      return verdict ? { ...system, againstBest: verdict } : system;
    }),
    flagged: flaggedOf(
      bySystem.map(({ own }) => own),
      profile,
    ),
  };
}

const keyOf = ({ system, version }: ReadingRow): string => JSON.stringify([system, version]);

function grouped<T>(rows: readonly T[], of: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(of(row));
    if (group) group.push(row);
    else groups.set(of(row), [row]);
  }
  return groups;
}

/** `first`: the readings of the first pass; `all`: those of all passes. */
async function figuresOf(
  first: readonly ReadingRow[],
  all: readonly ReadingRow[],
  { profile, prices, signal }: SummaryOptions,
): Promise<SystemFigures> {
  const options = { seed: SEED, ...(signal && { signal }) };
  const [{ system: name, version, threads = null, startSeconds, recordedOn }] = first as [
    ReadingRow,
  ];
  const groups = groupsOf(first.map(({ group }) => group));
  const means = Object.keys(ACCURACIES).map((rule) =>
    unitMeanOf(
      first.map((row) => accuracyOf(row, profile, rule)),
      groups,
    ),
  );
  const median = medianOf(
    first.map((row) => accuracyOf(row, profile)),
    groups,
  );
  const estimates = (await estimatesOf([...means, median], options)).map(boundsOf);
  const domains: Record<string, Bounds> = {};
  for (const [domain, own] of grouped(first, (row) => row.domain)) {
    const mean = unitMeanOf(
      own.map((row) => accuracyOf(row, profile)),
      groupsOf(own.map(({ group }) => group)),
    );
    const [estimate] = await estimatesOf([mean], options);
    if (estimate) domains[domain] = boundsOf(estimate);
  }
  const modes = Object.fromEntries(
    first.flatMap(({ domain, mode }) => (mode ? [[domain, mode]] : [])),
  );
  return {
    ...{ name, version, threads, startSeconds, ...(recordedOn !== undefined && { recordedOn }) },
    rows: all.length,
    failed: all.filter(({ text }) => text === undefined).length,
    failures: failuresOf(all),
    passes: Math.max(...all.map(({ pass }) => pass)),
    ...(all.some(({ usd }) => usd !== undefined) && { statesPrice: true as const }),
    accuracies: Object.fromEntries(
      Object.keys(ACCURACIES).map((rule, i) => [rule, estimates[i] as Bounds]),
    ),
    medianAccuracy: estimates.at(-1) as Bounds,
    ...(await efficiencyOf(all, profile, prices, options)),
    domains,
    ...(Object.keys(modes).length > 0 && { modes }),
  };
}

type Efficiency = Pick<
  SystemFigures,
  | 'medianSeconds'
  | 'meanSeconds'
  | 'speedEfficiency'
  | 'speedEfficiencyOfMeans'
  | 'costEfficiency'
  | 'costEfficiencyOfMeans'
  | 'meanCents'
>;

/** Of the timed crops that were answered, each with the median of its passes. */
async function efficiencyOf(
  all: readonly ReadingRow[],
  profile: TextProfile,
  prices: readonly Price[],
  options: { readonly seed: number },
): Promise<Efficiency> {
  const timed = [
    ...grouped(
      all.filter(({ isTimed }) => isTimed),
      ({ crop }) => crop,
    ).values(),
  ];
  const measured = timed.flatMap((passes) => {
    const row = passes.find(({ pass }) => pass === 1);
    const seconds = middle(passes.flatMap((one) => one.seconds ?? []));
    return row?.text === undefined || seconds === undefined ? [] : [{ row, seconds }];
  });
  const groups = groupsOf(measured.map(({ row }) => row.group));
  const accuracies = measured.map(({ row }) => accuracyOf(row, profile));
  const seconds = measured.map((one) => one.seconds);
  const cents = measured.flatMap(({ row, seconds: own }) => {
    const usd = usdOf(row, own, prices);
    return usd === undefined ? [] : usd * 100;
  });
  const mean = (values: readonly number[]): Statistic =>
    sumsOf(
      values.map((value) => [value]),
      ([sum = 0], rows) => sum / rows,
      groups,
    );
  const per = (costs: readonly number[]): Statistic[] => [
    mean(costs),
    medianOf(
      accuracies.map((accuracy, i) => accuracy / (costs[i] as number)),
      groups,
    ),
    ratioOf(mean(accuracies), mean(costs)),
  ];
  // Free of charge is no price that anything can be divided by.
  const isAsked = prices.length > 0 || cents.length > 0;
  const isPriced = isAsked && cents.length === measured.length && cents.every((one) => one > 0);
  const figures = (
    await estimatesOf(
      [medianOf(seconds, groups), ...per(seconds), ...(isPriced ? per(cents) : [])],
      options,
    )
  ).map(boundsOf) as [Bounds, Bounds, Bounds, Bounds, Bounds?, Bounds?, Bounds?];
  return {
    ...{ medianSeconds: figures[0], meanSeconds: figures[1] },
    ...{ speedEfficiency: figures[2], speedEfficiencyOfMeans: figures[3] },
    ...{ meanCents: figures[4] ?? null, costEfficiency: figures[5] ?? null },
    costEfficiencyOfMeans: figures[6] ?? null,
  };
}

function middle(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Undefined for the best one, and for systems that have not read the same crops. */
async function againstBest(
  systems: readonly (readonly ReadingRow[])[],
  { profile, signal }: SummaryOptions,
): Promise<(Verdict | undefined)[]> {
  const cropsOf = (rows: readonly ReadingRow[]): string => rows.map(({ crop }) => crop).join('\n');
  const statistics = systems.map((rows) =>
    unitMeanOf(
      rows.map((row) => accuracyOf(row, profile)),
      groupsOf(rows.map(({ group }) => group)),
    ),
  );
  const best = statistics.reduce<number>(
    (at, one, i) => (one.whole > (statistics[at] as Statistic).whole ? i : at),
    0,
  );
  const [bestRows, bestOne] = [systems[best], statistics[best]];
  if (bestRows === undefined || bestOne === undefined) return [];
  const others = systems.flatMap((rows, i) =>
    i !== best && cropsOf(rows) === cropsOf(bestRows) ? [i] : [],
  );
  const comparisons = await compareRuns(
    bestOne,
    others.map((i) => statistics[i] as Statistic),
    'higher',
    { seed: SEED, ...(signal && { signal }) },
  );
  const verdicts: (Verdict | undefined)[] = systems.map(() => undefined);
  for (const [k, i] of others.entries()) verdicts[i] = comparisons[k]?.verdict;
  return verdicts;
}

/**
 * `unread`: by no system; `alike`: equally well by all; `odd`: by the worse half of the systems and not by the better half, as where
 * the truth is wrong. Of three systems or more.
 */
function flaggedOf(
  systems: readonly (readonly ReadingRow[])[],
  profile: TextProfile,
): BenchmarkSummary['flagged'] {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const ranked = [...systems].sort(
    (a, b) =>
      mean(b.map((row) => accuracyOf(row, profile))) -
      mean(a.map((row) => accuracyOf(row, profile))),
  );
  const flagged = { unread: [] as string[], alike: [] as string[], odd: [] as string[] };
  if (systems.length < 3) return flagged;
  for (const crop of new Set(systems.flatMap((rows) => rows.map((row) => row.crop)))) {
    const values = ranked.flatMap((rows) => {
      const row = rows.find((one) => one.crop === crop);
      return row ? accuracyOf(row, profile) : [];
    });
    const half = Math.ceil(values.length / 2);
    if (values.every((value) => value < UNREAD)) flagged.unread.push(crop);
    if (values.every((value) => value === values[0])) flagged.alike.push(crop);
    else if (mean(values.slice(half)) > mean(values.slice(0, half))) flagged.odd.push(crop);
  }
  return flagged;
}
