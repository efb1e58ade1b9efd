/** What judging a model in several number types has found, and what it says in words: the same on the console and in reports. */
import path from 'node:path';
import type { WeightType } from '../index.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import type { MetricDifference } from './compare.js';
import { figureText, rowsText } from './report/shown-text.js';
import type { Verdict } from './statistics/compare.js';
import type { Bounds } from './statistics/estimate.js';
import type { Figure } from './summary.js';

export interface TypeFigures {
  readonly type: WeightType;
  /** Of the file. */
  readonly bytes: number;
  /** What the loaded model takes: weights, key-value cache and buffers. */
  readonly memoryBytes: number;
  /** Median of the rows, decoding of the picture included; null where no row was answered. */
  readonly seconds: number | null;
  readonly rows: number;
  readonly failed: number;
  readonly figures: readonly Figure[];
  /** Share of rows with the answer of the first type; undefined of the first itself. */
  readonly agreement?: Bounds;
  /**
   * From the first, by metric, corrected by Holm for how many types there are; undefined of the first itself, and where one of
   * the two has no answer.
   */
  readonly differences?: readonly MetricDifference[];
}

export interface TypesReport {
  readonly checkpoint: string;
  readonly dataset: string;
  readonly task: EvaluatedTask;
  /** Rows that all types have answered, which the differences are of. */
  readonly compared: number;
  /** What the runs of all types have in common: versions, machine, options. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly types: readonly TypeFigures[];
}

export const typesTitle = ({ checkpoint, dataset, task }: TypesReport): string =>
  `Number types of ${nameOf(checkpoint)}: ${task} of ${nameOf(dataset)}`;

const nameOf = (file: string): string => path.basename(path.resolve(file));

export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** The other types by what they are shown to be, by the first metric. `silent`: what cannot be compared. */
export function verdictsOf({ types }: TypesReport) {
  const named = (verdict: Verdict | undefined): string[] =>
    types.flatMap(({ type, differences }, i) =>
      i > 0 && differences?.[0]?.verdict === verdict ? [type] : [],
    );
  return {
    ...{ worse: named('worse'), better: named('better'), same: named('not shown') },
    silent: named(undefined),
  };
}

/** Which types are shown to differ from the first, as a sentence. */
export function typesVerdict(report: TypesReport): string {
  const [first] = report.types;
  const { worse, better, same, silent } = verdictsOf(report);
  const parts = [
    [`shown to be worse than ${first?.type}`, worse],
    [`shown to be better than ${first?.type}`, better],
    [`not shown to differ from ${first?.type}`, same],
    [`not compared, as no row is answered by both`, silent],
  ] as const;
  const named = parts.flatMap(([words, types]) =>
    types.length > 0 ? [`${words}: ${listText(types)}`] : [],
  );
  return `By ${first?.figures[0]?.id ?? 'no metric'}, ${named.join('; ')}.`;
}

/** `a`, `a and b`, `a, b and c`. */
const listText = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** How fine these rows can tell; empty where that is not known. */
export function typesPower({ compared, types }: TypesReport): string {
  const smallest = types.flatMap(({ differences }) => differences?.[0]?.smallest ?? []);
  if (smallest.length === 0) return '';
  return `The ${rowsText(compared)} that all types have answered could show a difference of ${figureText(Math.max(...smallest))}.`;
}

/** Empty where every row has an answer of every type. */
export function typesFailures({ types }: TypesReport): string {
  const failed = types.filter((one) => one.failed > 0);
  if (failed.length === 0) return '';
  const named = failed.map((one) => `${one.failed} of ${one.type}`);
  return `Without an answer, which the figures leave out: ${listText(named)}.`;
}
