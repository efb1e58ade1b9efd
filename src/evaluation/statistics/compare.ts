/** Whether runs on the same rows differ: a test, its correction for how many were compared, what could have been seen, a verdict. */
import { POWER_OPTIONS } from '../../options/estimate.js';
import { parseOptions } from '../../options/option.js';
import { reading } from '../../options/read.js';
import { showValue } from '../../options/show.js';
import type { EstimateOptions, PowerOptions } from '../../options/types.js';
import { fields, finite, list } from '../../results/reading.js';
import type { Direction } from '../metrics/metric.js';
import { type Resampled, resample } from './bootstrap.js';
import { normalQuantile } from './distributions.js';
import { checkLevel, type Estimate } from './estimate.js';
import { type Discordant, discordantOf, pairedShareInterval, shareInterval } from './shares.js';
import { differenceOf, type Statistic, wrong } from './statistic.js';

/** Shares by Wilson, all else by resampling, in the order of `statistics`. All are of the same rows. */
export async function estimatesOf(
  statistics: readonly Statistic[],
  { level = 0.95, ...options }: EstimateOptions = {},
): Promise<Estimate[]> {
  checkLevel(level);
  const drawn = await resample(
    statistics.filter((one) => one.hits === undefined),
    options,
  );
  return statistics.map(({ hits, groups }) =>
    hits ? shareInterval(hits, groups, level) : (drawn.shift()?.interval(level) as Estimate),
  );
}

/** "not shown" is not "equal": `smallest` says what these rows could have shown. */
export type Verdict = 'better' | 'worse' | 'not shown';

export interface Comparison {
  readonly verdict: Verdict;
  /** The other run - the first, on the same rows, with the interval of `level`. */
  readonly difference: Estimate;
  /** The same at the level of its step in Holm's correction. */
  readonly corrected: Estimate;
  readonly test: 'mcnemar' | 'bootstrap';
  /** Null where there is no interval. */
  readonly p: number | null;
  /** After Holm's correction. */
  readonly adjusted: number | null;
  /** `smallestDifference` at the level of the strictest step; of shares, no less than McNemar's test can show at all. */
  readonly smallest: number | null;
  /** For shares of rows without groups. */
  readonly discordant: Discordant | null;
}

/**
 * Each of `others` against `first`. Shares of rows without groups by McNemar's exact test, all else by paired draws. The verdict is
 * that of the adjusted p, so for shares it may be "not shown" beside an interval that just excludes 0: the exact test is stricter.
 * @throws `ERR_OPTION_RANGE` where the rows are not the same
 */
export async function compareRuns(
  first: Statistic,
  others: readonly Statistic[],
  better: Direction,
  { level = 0.95, ...options }: EstimateOptions = {},
): Promise<Comparison[]> {
  checkLevel(level);
  const differences = others.map((other) => differenceOf(other, first));
  const pairs = others.map((other) => pairOfShares(first, other));
  const drawn = await resample(
    differences.filter((_, i) => pairs[i] === undefined),
    options,
  );
  // One for each that is no pair of shares, in their order.
  const tests = pairs.map((pair) => pair ?? drawnTest(drawn.shift() as Resampled));
  const adjusted = holm(tests.map((test) => test.p));
  const known = tests.filter((test) => test.p !== null).length;
  return tests.map((test, i) => {
    const p = adjusted[i] as number | null;
    const step = tests.filter(
      (other, j) =>
        test.p !== null && other.p !== null && (other.p < test.p || (other.p === test.p && j < i)),
    ).length;
    const difference = test.interval(level);
    return {
      verdict: verdictOf(difference.figure, p, 1 - level, better),
      difference,
      corrected: test.interval(1 - (1 - level) / Math.max(1, known - step)),
      test: test.name,
      p: test.p,
      adjusted: p,
      smallest: smallestOf(test, 1 - (1 - level) / Math.max(1, known)),
      discordant: test.discordant,
    };
  });
}

interface Test {
  readonly name: Comparison['test'];
  readonly p: number | null;
  readonly interval: (level: number) => Estimate;
  readonly standardError: number | null;
  readonly rows: number;
  readonly discordant: Discordant | null;
}

function drawnTest(drawn: Resampled): Test {
  return {
    name: 'bootstrap',
    p: drawn.p(),
    interval: (level) => drawn.interval(level),
    standardError: drawn.standardError(),
    rows: drawn.interval().rows,
    discordant: null,
  };
}

function pairOfShares(first: Statistic, other: Statistic): Test | undefined {
  const { rows, count } = first.groups;
  if (!first.hits || !other.hits || count < rows) return undefined;
  const discordant = discordantOf(other.hits, first.hits);
  const { won, lost } = discordant;
  const squares = won + lost - ((won - lost) * (won - lost)) / rows;
  return {
    name: 'mcnemar',
    p: rows === 0 ? null : mcnemar(discordant),
    interval: (level) => pairedShareInterval(discordant, rows, level),
    standardError: rows < 2 ? null : Math.sqrt(squares / (rows * (rows - 1))),
    rows,
    discordant,
  };
}

function verdictOf(
  difference: number | null,
  p: number | null,
  alpha: number,
  better: Direction,
): Verdict {
  if (difference === null || p === null || p > alpha || difference === 0) return 'not shown';
  return difference > 0 === (better === 'higher') ? 'better' : 'worse';
}

function smallestOf({ standardError, discordant, rows }: Test, level: number): number | null {
  if (standardError === null) return null;
  const smallest = factor(level, POWER_OPTIONS.power.default) * standardError;
  if (!discordant) return smallest;
  let needed = 1;
  while (mcnemar({ won: needed, lost: 0 }) > 1 - level) needed++;
  return Math.min(1, Math.max(smallest, needed / rows));
}

/**
 * McNemar's exact test, two sides: of the rows that only one run has right, each run has half if they are equally good. Twice the
 * smaller tail of the binomial distribution of `won + lost` and 1/2, at most 1; 1 where no row differs. McNemar, "Note on the
 * Sampling Error of the Difference Between Correlated Proportions or Percentages", Psychometrika 12, 1947.
 *
 * @throws `ERR_OPTION_RANGE` for what is no number of rows
 *
 * Terms are counted in units of the largest, so nothing overflows: each is the one before it x k / (n - k + 1). Below 1e-308 it is 0.
 */
export function mcnemar(rows: Discordant): number {
  const { won, lost } = reading('rows', 'an object with won and lost', () => {
    const given = fields(rows, 'rows') as unknown as Discordant;
    return { won: given.won, lost: given.lost };
  });
  for (const [name, count] of Object.entries({ won, lost })) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw wrong(name, showValue(count), 'a number of rows');
  }
  const n = won + lost;
  const least = Math.min(won, lost);
  if (won === lost) return 1;
  const middle = Math.floor(n / 2);
  let [term, all, tail] = [1, 0, 0];
  for (let k = middle; k >= 0 && term > 0; k--) {
    // The other half is the same; the middle of an even n is there once.
    all += 2 * k === n ? term : 2 * term;
    if (k <= least) tail += term;
    term *= k / (n - k + 1);
  }
  return Math.min(1, (2 * tail) / all);
}

/**
 * Holm's step-down correction: among m comparisons the chance of even one false difference stays below the level. The smallest p x
 * m, the next x (m - 1) and so on, never below the one before, at most 1. Holm, "A Simple Sequentially Rejective Multiple Test
 * Procedure", Scandinavian Journal of Statistics 6, 1979. Null stays null and does not count.
 *
 * @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` for what is no list of numbers from 0 to 1
 */
export function holm(ps: readonly (number | null)[]): (number | null)[] {
  reading('ps', 'an array of numbers', () => {
    for (const [i, p] of list(ps, 'ps').entries()) {
      if (p !== null && !(finite(p, `ps[${i}]`) >= 0 && Number(p) <= 1)) {
        throw wrong(`ps[${i}]`, showValue(p), 'a number from 0 to 1, or null');
      }
    }
  });
  const known = ps.flatMap((p, i) => (p === null ? [] : [{ p, i }]));
  known.sort((one, other) => one.p - other.p);
  const adjusted: (number | null)[] = ps.map(() => null);
  let highest = 0;
  for (const [rank, { p, i }] of known.entries()) {
    highest = Math.min(1, Math.max(highest, p * (known.length - rank)));
    adjusted[i] = highest;
  }
  return adjusted;
}

/**
 * The smallest true difference that rows like these show with probability `power`: (z of (1 + level) / 2 + z of power) x
 * standard error of the paired difference. Miller, "Adding Error Bars to Evals", arXiv 2411.00640, 2024, section 5, where the
 * variance of the difference of one row, (omega² + sigma_A² / K_A + sigma_B² / K_B), is written out; the standard error here has it
 * divided by the rows, and groups with it.
 *
 * @throws `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE` or `ERR_OPTION_UNKNOWN`
 */
export function smallestDifference(standardError: number, options: PowerOptions = {}): number {
  const { level, power } = parseOptions('smallestDifference', POWER_OPTIONS, options);
  return factor(level, power) * spread(standardError, 'standardError');
}

/**
 * How many rows show a difference of `difference`, if single rows differ by `deviation` (a standard deviation): the same formula
 * for n. Miller's example, 3 points and omega² = 1/9, takes 969.
 *
 * @throws `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE` or `ERR_OPTION_UNKNOWN`
 */
export function rowsToShow(
  difference: number,
  deviation: number,
  options: PowerOptions = {},
): number {
  if (finite(difference, 'difference') === 0) throw wrong('difference', '0', 'not 0');
  const { level, power } = parseOptions('rowsToShow', POWER_OPTIONS, options);
  const ratio = (factor(level, power) * spread(deviation, 'deviation')) / difference;
  return Math.max(1, Math.ceil(ratio * ratio));
}

const factor = (level: number, power: number): number =>
  normalQuantile((1 + level) / 2) + normalQuantile(power);

function spread(value: number, name: string): number {
  if (finite(value, name) >= 0) return value;
  throw wrong(name, showValue(value), '0 or more');
}
