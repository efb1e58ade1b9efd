/** How other runs on the same rows differ from the first: figures, and how many answers are the same. */
import { finite, type MetricDifference } from './compare.js';
import { drawsOf, SEED } from './draws.js';
import { judge } from './judge.js';
import type { Metric } from './metrics/registry.js';
import { answersDiffer, type EvaluatedRow, isAnswered } from './rows.js';
import { type Comparison, compareRuns } from './statistics/compare.js';
import { type Bounds, boundsOf } from './statistics/estimate.js';
import { shareInterval } from './statistics/shares.js';
import { groupsOf, type Statistic } from './statistics/statistic.js';
import type { TypeFigures } from './type-findings.js';

export interface TypeDifferences {
  /** Rows that all have answered but those that have answered nothing. */
  readonly compared: number;
  /** Of each of the other runs. */
  readonly others: readonly Pick<TypeFigures, 'agreement' | 'differences'>[];
}

type Rows = ReadonlyMap<string, EvaluatedRow>;

/** Corrected for how many others there are. `first`, `others`: the rows of the runs. */
export async function typeDifferences(
  first: readonly EvaluatedRow[],
  others: readonly (readonly EvaluatedRow[])[],
  metrics: readonly Metric[],
  signal: AbortSignal,
): Promise<TypeDifferences> {
  const own = answersOf(first);
  const answers = others.map(answersOf);
  const judged = answers.filter(({ size }) => size > 0);
  const common = [...own.values()]
    .filter(({ id }) => judged.every((rows) => rows.has(id)))
    .sort((a, b) => a.index - b.index);
  const groups = groupsOf(common.map(({ image }) => image));
  const differences = new Map<Rows, MetricDifference[]>(judged.map((rows) => [rows, []]));
  for (const metric of common.length > 0 ? metrics : []) {
    const statisticOf = (rows: Rows): Statistic => {
      const ordered = common.map(({ id }) => rows.get(id) as EvaluatedRow);
      return judge(metric, ordered, groups).statistic;
    };
    const [mine, statistics] = [statisticOf(own), judged.map(statisticOf)];
    const options = { seed: SEED, ...drawsOf(metric), signal };
    const comparisons = await compareRuns(mine, statistics, metric.better, options);
    const { id, title, better } = metric;
    for (const [i, rows] of judged.entries()) {
      const { corrected, verdict, adjusted, smallest } = comparisons[i] as Comparison;
      differences.get(rows)?.push({
        ...{ id, title, better, verdict, p: adjusted, smallest },
        ...{ first: finite(mine.whole), second: finite((statistics[i] as Statistic).whole) },
        difference: boundsOf(corrected),
      });
    }
  }
  return {
    compared: common.length,
    others: answers.map((rows) => {
      const found = differences.get(rows) ?? [];
      return { agreement: agreementOf(own, rows), ...(found.length > 0 && { differences: found }) };
    }),
  };
}

const answersOf = (rows: readonly EvaluatedRow[]): Rows =>
  new Map(rows.filter(isAnswered).map((row) => [row.id, row]));

/** Of the rows that both have answered. */
function agreementOf(first: Rows, other: Rows): Bounds {
  const pairs = [...first.values()].flatMap((row) => {
    const own = other.get(row.id);
    return own === undefined ? [] : [[row, own] as const];
  });
  const hits = Uint8Array.from(pairs, ([a, b]) => (answersDiffer(a, b) ? 0 : 1));
  return boundsOf(shareInterval(hits, groupsOf(pairs.map(([{ image }]) => image)), 0.95));
}
