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
 * A metric that looks at rows one by one. A row has parts that are added up over all rows; the figure is made of the sums. So
 * intervals by resampling need no answer again, and the figure of a corpus need not be the mean of its rows. `Kind` says what
 * answers and truths are.
 */
export interface RowMetric<Kind extends string, Answer, Truth> extends Described {
  readonly kind: Kind;
  /** One or more numbers; always as many. */
  readonly row: (answer: Answer, truth: Truth) => readonly number[];
  /** Whether the figure is the mean of the rows, each of one number. */
  readonly isMean: boolean;
  /** NaN where nothing was counted. `rows`: how many were added up. */
  readonly figure: (sums: readonly number[], rows: number) => number;
}

/** A metric whose figure exists for all rows together alone. */
export interface WholeMetric<Kind extends string, Answer, Truth> extends Described {
  readonly kind: Kind;
  /** Rows below which the figure says little. */
  readonly fewest?: number;
  readonly whole: (rows: readonly Answered<Answer, Truth>[]) => Whole;
}

export interface Answered<Answer, Truth> {
  readonly answer: Answer;
  readonly truth: Truth;
}

export interface Whole {
  /** With row i `times[i]` times; left out, each once. NaN where nothing was counted. */
  readonly figure: (times?: ArrayLike<number>) => number;
  /** Figures that belong to it, by name. */
  readonly details?: Readonly<Record<string, number>>;
  /** What each row adds, in order. It depends on all rows, and is no figure of the row. */
  readonly contributions?: readonly number[];
}

/** Truths: at least one. */
export type TextMetric = RowMetric<'text', string, readonly string[]>;

export type TextRule = (answer: string, truths: readonly string[]) => number;

/** A metric whose figure is the mean of what `rule` says of each row. */
export function meanMetric<Kind extends string, Answer, Truth>(
  described: Omit<Described, 'better'> & { readonly kind: Kind },
  rule: (answer: Answer, truth: Truth) => number,
): RowMetric<Kind, Answer, Truth> {
  return {
    ...described,
    ...{ better: 'higher', isMean: true },
    row: (answer, truth) => [rule(answer, truth)],
    figure: ([sum = 0], rows) => sum / rows,
  };
}

/** The same of texts. */
export const textMean = (described: Omit<Described, 'better'>, rule: TextRule): TextMetric =>
  meanMetric({ ...described, kind: 'text' }, rule);

/** The best of several truths. */
export const best =
  (rule: (answer: string, truth: string) => number): TextRule =>
  (answer, truths) =>
    Math.max(...truths.map((truth) => rule(answer, truth)));
