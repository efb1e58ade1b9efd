/** How far a figure would vary with other rows of the same kind: it is computed again from draws of the rows, with replacement. */
import type { EstimateOptions } from '../../options/types.js';
import { normalCdf, normalQuantile, studentQuantile } from './distributions.js';
import { checkLevel, type Estimate, FEWEST_GROUPS, noInterval, type Reason } from './estimate.js';
import { Draws } from './random.js';
import { type Method, type Statistic, wrong } from './statistic.js';

export type ResampleOptions = Omit<EstimateOptions, 'level'>;

/** After this the event loop has its turn. */
const TURN_MS = 10;
/** Of the draws, before their interval is refused. */
const UNDEFINED_SHARE = 0.01;

/**
 * Draws for several figures of the same rows at once: which groups are drawn is the same for all, so their differences are paired.
 * The event loop has its turn every 10 ms.
 * @throws `ERR_OPTION_RANGE`; the reason of `signal`
 */
export async function resample(
  statistics: readonly Statistic[],
  options: ResampleOptions = {},
): Promise<Resampled[]> {
  const { draws = 10_000, seed = 1, method, signal } = options;
  if (!Number.isSafeInteger(draws) || draws < 100) {
    throw wrong('draws', String(draws), 'a whole number, 100 or more');
  }
  if (!Number.isSafeInteger(seed)) throw wrong('seed', String(seed), 'a whole number');
  const count = statistics[0]?.groups.count ?? 0;
  const strange = statistics.find((one) => one.groups.count !== count);
  if (strange) throw wrong('groups', String(strange.groups.count), `${count}, as of the first`);
  const source = new Draws(seed);
  const counts = new Int32Array(count);
  const drawable = statistics.filter((one) => reasonAgainst(one) === undefined);
  const figures = drawable.map(() => new Float64Array(draws));
  const turns = new Turns(signal);
  for (let draw = 0; draw < draws && drawable.length > 0; draw++) {
    if (turns.isOver) await turns.next();
    source.fill(counts);
    for (const [i, statistic] of drawable.entries()) {
      // + 0: no negative zero.
      (figures[i] as Float64Array)[draw] = statistic.of(counts) + 0;
    }
  }
  signal?.throwIfAborted();
  const resampled: Resampled[] = [];
  for (const statistic of statistics) {
    const own = figures[drawable.indexOf(statistic)];
    const chosen = method ?? statistic.method;
    const accelerated = own && chosen === 'bca' ? await acceleration(statistic, turns) : 0;
    resampled.push(new Resampled(statistic, own ?? new Float64Array(0), chosen, accelerated));
  }
  return resampled;
}

/** Shares the event loop with all else that the process does. */
class Turns {
  readonly #signal: AbortSignal | undefined;
  #start = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  get isOver(): boolean {
    return performance.now() - this.#start > TURN_MS;
  }

  async next(): Promise<void> {
    await new Promise(setImmediate);
    this.#signal?.throwIfAborted();
    this.#start = performance.now();
  }
}

function reasonAgainst({ groups, whole }: Statistic): Reason | undefined {
  if (groups.rows === 0) return 'no-rows';
  if (!Number.isFinite(whole)) return 'not-a-number';
  return groups.count < FEWEST_GROUPS ? 'few-groups' : undefined;
}

/** The draws of one figure; answers for any level. */
export class Resampled {
  readonly #statistic: Statistic;
  readonly #method: Method;
  /** Those that are defined, sorted. */
  readonly #sorted: Float64Array;
  readonly #reason: Reason | undefined;
  /** BCa's z0 and a; 0 for percentiles. */
  readonly #bias: number = 0;
  readonly #acceleration: number;
  /** How many draws had no figure, such as a rate of no characters. */
  readonly undefinedDraws: number;

  constructor(statistic: Statistic, figures: Float64Array, method: Method, accelerated: number) {
    this.#statistic = statistic;
    this.#method = method;
    this.#acceleration = accelerated;
    this.#sorted = figures.filter(Number.isFinite).sort();
    this.undefinedDraws = figures.length - this.#sorted.length;
    this.#reason = reasonAgainst(statistic) ?? this.#reasonOfDraws(figures.length);
    if (method === 'percentile' || this.#reason !== undefined) return;
    this.#bias = this.#normalRank(statistic.whole);
  }

  #reasonOfDraws(draws: number): Reason | undefined {
    if (this.undefinedDraws > draws * UNDEFINED_SHARE) return 'undefined-draws';
    const [lowest = 0, highest = 0] = [this.#sorted[0], this.#sorted.at(-1)];
    // Sums of equal numbers in another order differ in their last bits.
    return highest - lowest <= 1e-12 * this.#statistic.scale ? 'no-spread' : undefined;
  }

  /**
   * BCa: Efron, "Better Bootstrap Confidence Intervals", JASA 82, 1987, with the levels of equation 14.10 of Efron and Tibshirani,
   * "An Introduction to the Bootstrap", 1993. Percentiles are the same with z0 = a = 0. Draws vary less than rows do, by
   * (n - 1) / n, and few groups leave their own spread uncertain: both methods ask for Student's quantile x sqrt(n / (n - 1))
   * instead of the normal one, as Hesterberg's expanded percentiles ("What Teachers Should Know About the Bootstrap",
   * The American Statistician 69(4), 2015, section 5.3). Ends are draws, the (B + 1) p-th of them.
   */
  interval(level = 0.95): Estimate {
    checkLevel(level);
    const { groups, whole } = this.#statistic;
    const measured = { rows: groups.rows, groups: groups.count, level };
    if (this.#reason !== undefined) return noInterval(measured, whole, this.#reason);
    const z = expanded(normalQuantile((1 + level) / 2), groups.count);
    const [draws, share] = [this.#sorted.length, (of: number) => this.#share(of)];
    const at = (rank: number): number =>
      this.#sorted[Math.min(draws, Math.max(1, rank)) - 1] as number;
    return {
      figure: whole,
      low: at(Math.floor((draws + 1) * share(-z))),
      high: at(Math.ceil((draws + 1) * share(z))),
      method: this.#method,
      ...measured,
    };
  }

  /** The share of draws below the end of an interval that the normal distribution has at z. */
  #share(z: number): number {
    const shifted = this.#bias + z;
    const room = 1 - this.#acceleration * shifted;
    if (room <= 0) return z < 0 ? 0 : 1;
    return normalCdf(this.#bias + shifted / room);
  }

  /**
   * Twice the smallest tail at which an interval ends at `value`: below 1 - level where the interval of that level excludes it, but
   * for one draw. Of a value beyond all draws it is no less than so many draws can tell, 2 / (draws + 1) and more for skewed or few
   * groups: dozens of comparisons take more draws. Null where there is no interval.
   */
  p(value = 0): number | null {
    if (this.#reason !== undefined) return null;
    const rank = this.#normalRank(value);
    const shift = rank - this.#bias;
    const room = 1 + this.#acceleration * shift;
    const z = room <= 0 ? Number.POSITIVE_INFINITY : Math.abs(shift / room - this.#bias);
    const p = 2 * normalCdf(-contracted(z, this.#statistic.groups.count));
    return Math.min(1, Math.max(p, 2 / (this.#sorted.length + 1)));
  }

  /** The standard deviation of the draws x sqrt(n / (n - 1)), n groups. Null where there is no interval. */
  standardError(): number | null {
    if (this.#reason !== undefined) return null;
    const n = this.#statistic.groups.count;
    const draws = this.#sorted.length;
    const mean = this.#sorted.reduce((sum, one) => sum + one, 0) / draws;
    const squares = this.#sorted.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
    return Math.sqrt((squares / (draws - 1)) * (n / (n - 1)));
  }

  /** Where `value` is among the draws, as a normal quantile; of draws that are equal to it, half are below. */
  #normalRank(value: number): number {
    const draws = this.#sorted.length;
    const below =
      (firstFrom(this.#sorted, value, false) + firstFrom(this.#sorted, value, true)) / 2;
    return normalQuantile(
      Math.min(draws, Math.max(1, (below / draws) * (draws + 1))) / (draws + 1),
    );
  }
}

/** The index of the first that is not below `value`, or, `after`, that is above. */
function firstFrom(sorted: Float64Array, value: number, after: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = sorted[middle] as number;
    if (one < value || (after && one === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const expanded = (z: number, n: number): number =>
  studentQuantile(z, n - 1) * Math.sqrt(n / (n - 1));

/** What `expanded` makes `z` of. */
function contracted(z: number, n: number): number {
  let [low, high] = [0, Math.min(z, 40)];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (expanded(middle, n) < z) low = middle;
    else high = middle;
  }
  return low;
}

/** From the figures without one group each; 0 where they are equal or undefined. Efron and Tibshirani, equation 14.15. */
async function acceleration(statistic: Statistic, turns: Turns): Promise<number> {
  const n = statistic.groups.count;
  const figures = new Float64Array(n);
  for (let group = 0; group < n; group++) {
    if (turns.isOver) await turns.next();
    figures[group] = statistic.without(group);
  }
  const mean = figures.reduce((sum, one) => sum + one, 0) / n;
  let [squares, cubes] = [0, 0];
  for (const one of figures) {
    const d = mean - one;
    squares += d * d;
    cubes += d * d * d;
  }
  const a = cubes / (6 * squares * Math.sqrt(squares));
  return Number.isFinite(a) ? a : 0;
}
