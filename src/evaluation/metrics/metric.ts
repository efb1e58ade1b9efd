/** What a metric is. The metrics themselves are in files by subject; registry.ts lists them. */

/** Which way is good. */
export type Direction = 'higher' | 'lower';

export interface Described {
  /** With its dialect: tools give the same name to different rules. */
  readonly id: string;
  readonly title: string;
  readonly better: Direction;
  /** The rule in one line, as docs/evaluation.md prints it. */
  readonly formula: string;
  /** The tool or paper whose figures it reproduces. */
  readonly source: string;
}

/**
 * A metric of texts. A row has parts that are added up over all rows; the figure is made of the sums. So intervals by
 * resampling need no text again, and the figure of a corpus need not be the mean of its rows.
 */
export interface TextMetric extends Described {
  readonly kind: 'text';
  /** One or more numbers; always as many. `truths` has at least one. */
  readonly row: (answer: string, truths: readonly string[]) => readonly number[];
  /** Whether the figure is the mean of the rows, each of one number. */
  readonly isMean: boolean;
  /** NaN where nothing was counted. `rows`: how many were added up. */
  readonly figure: (sums: readonly number[], rows: number) => number;
}

export type TextRule = (answer: string, truths: readonly string[]) => number;

/** A metric whose figure is the mean of what `rule` says of each row. */
export function meanMetric(described: Omit<Described, 'better'>, rule: TextRule): TextMetric {
  return {
    ...described,
    ...{ kind: 'text', better: 'higher', isMean: true },
    row: (answer, truths) => [rule(answer, truths)],
    figure: ([sum = 0], rows) => sum / rows,
  };
}

/** The best of several truths. */
export const best =
  (rule: (answer: string, truth: string) => number): TextRule =>
  (answer, truths) =>
    Math.max(...truths.map((truth) => rule(answer, truth)));
