/** Intervals of rows that are right or wrong, where resampling says too little: of 30 right rows every draw is all right. */
import { normalQuantile, studentQuantile } from './distributions.js';
import { checkLevel, type Estimate, FEWEST_GROUPS, noInterval } from './estimate.js';
import type { Groups } from './statistic.js';

/**
 * Wilson's score interval: "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927; recommended by
 * Brown, Cai and DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16(2), 2001.
 *
 * An interval of counts cannot cover exactly 95 %. Over all rates of 0.020, 0.021 … 0.980 Wilson's covers 91.9 to 98.0 % at 30
 * rows, 92.7 to 97.7 % at 100, 93.8 to 96.7 % at 300, 94.0 to 96.1 % at 1,000; its mean is 95.0 to 95.3 %, and of Jeffreys',
 * Agresti and Coull's, Clopper and Pearson's and the mid-P interval none is within 93 to 97 % more often. At 30 rows and a rate
 * of 0.02 all of these cover 97.8 %; mean ± 1.96 standard errors would cover 45 %.
 *
 * Rows in groups count as fewer, n / design effect (Kish, "Survey Sampling", 1965; Dean and Pagano, "Evaluating Confidence
 * Interval Methods for Binomial Proportions in Clustered Surveys", Journal of Survey Statistics and Methodology 3(4), 2015), with
 * Student's quantile. Where all rows are equal the effect cannot be seen, and each group counts as one row. Simulated, with
 * 30 to 1,000 rows in groups of one to three and rates from 0.02 to 0.9, these cover 93.4 to 97.9 %.
 *
 * No rows, or grouped rows of fewer than 5 groups: no interval, with the reason. One row by itself has one: 0.21 to 1.
 */
export function shareInterval(hits: Uint8Array, groups: Groups, level: number): Estimate {
  checkLevel(level);
  const { rows, count } = groups;
  const measured = { rows, groups: count, level };
  if (rows === 0) return noInterval(measured, Number.NaN, 'no-rows');
  const share = hits.reduce((sum, hit) => sum + hit, 0) / rows;
  let z = normalQuantile((1 + level) / 2);
  let size = rows;
  if (count < rows) {
    if (count < FEWEST_GROUPS) return noInterval(measured, share, 'few-groups');
    z = studentQuantile(z, count - 1);
    size = effectiveRows(hits, share, groups);
  }
  const [low, high] = wilson(share, size, z);
  return { figure: share, low, high, method: 'wilson', ...measured };
}

function wilson(share: number, n: number, z: number): [low: number, high: number] {
  const scale = 1 + (z * z) / n;
  const centre = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  // Rounding would end an interval of all right rows just below 1.
  return [
    share === 0 ? 0 : Math.max(0, centre - half),
    share === 1 ? 1 : Math.min(1, centre + half),
  ];
}

function effectiveRows(hits: Uint8Array, share: number, groups: Groups): number {
  if (share === 0 || share === 1) return groups.count;
  const excess = new Float64Array(groups.count);
  for (const [row, hit] of hits.entries()) {
    const group = groups.of[row] as number;
    excess[group] = (excess[group] as number) + hit - share;
  }
  const squares = excess.reduce((sum, one) => sum + one * one, 0);
  const variance = (squares * groups.count) / (groups.count - 1) / (groups.rows * groups.rows);
  return Math.min(groups.rows, (share * (1 - share)) / variance);
}

/** Of two runs on the same rows: rows that only one of them has right. */
export interface Discordant {
  readonly won: number;
  readonly lost: number;
}

export function discordantOf(mine: Uint8Array, other: Uint8Array): Discordant {
  let [won, lost] = [0, 0];
  for (const [row, hit] of mine.entries()) {
    const others = other[row] as number;
    if (hit > others) won++;
    else if (hit < others) lost++;
  }
  return { won, lost };
}

/**
 * Of the difference of two shares of the same rows: Wald's interval after one row is added to each of `won` and `lost`. Bonett and
 * Price, "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on Paired Data", Journal of Educational
 * and Behavioral Statistics 37(4), 2012. It has a width where no row differs, too. For rows without groups.
 */
export function pairedShareInterval(
  { won, lost }: Discordant,
  rows: number,
  level: number,
): Estimate {
  checkLevel(level);
  const measured = { rows, groups: rows, level };
  if (rows === 0) return noInterval(measured, Number.NaN, 'no-rows');
  const [a, b] = [(won + 1) / (rows + 2), (lost + 1) / (rows + 2)];
  const half =
    normalQuantile((1 + level) / 2) * Math.sqrt((a + b - (a - b) * (a - b)) / (rows + 2));
  return {
    figure: (won - lost) / rows,
    low: Math.max(-1, a - b - half),
    high: Math.min(1, a - b + half),
    method: 'bonett-price',
    ...measured,
  };
}
