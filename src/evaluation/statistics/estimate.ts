/** A figure with its interval, or with the reason why it has none. */

import { wrong } from './statistic.js';

/** Why a figure has no interval, as reports say it. */
export const REASONS = {
  'no-rows': 'there are no rows',
  'not-a-number': 'the rows have nothing that it counts, or one of them is not a number',
  'few-groups': 'fewer than 5 pictures say too little of others',
  'no-spread': 'all draws have the same figure, so nothing shows how much others differ',
  'undefined-draws': 'the figure is undefined in more than 1 % of the draws',
} as const;

export type Reason = keyof typeof REASONS;

interface Measured {
  readonly rows: number;
  readonly groups: number;
  readonly level: number;
}

/** `low` <= `high`; numbers that are finite. */
export interface Interval extends Measured {
  readonly figure: number;
  readonly low: number;
  readonly high: number;
  readonly method: 'wilson' | 'bonett-price' | 'bca' | 'percentile';
  readonly reason?: undefined;
}

/** `figure` is null where it is no finite number. */
export interface NoInterval extends Measured {
  readonly figure: number | null;
  readonly low: null;
  readonly high: null;
  readonly method: null;
  readonly reason: Reason;
}

export type Estimate = Interval | NoInterval;

/** What of an estimate is written down: the rest is the same for all figures of a run. */
export type Bounds = Pick<Estimate, 'figure' | 'low' | 'high' | 'method' | 'reason'>;

export function boundsOf({ figure, low, high, method, reason }: Bounds): Bounds {
  return { figure, low, high, method, ...(reason && { reason }) } as Bounds;
}

/**
 * Resampling takes values only from the groups that there are. Of four or fewer even the lowest and the highest enclose the
 * median of all with a probability of 1 - 2^-3 at most.
 */
export const FEWEST_GROUPS = 5;

export function noInterval(measured: Measured, figure: number, reason: Reason): NoInterval {
  return {
    figure: Number.isFinite(figure) ? figure : null,
    low: null,
    high: null,
    method: null,
    reason,
    ...measured,
  };
}

/** @throws `ERR_OPTION_RANGE` unless 0 < level < 1 */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw wrong('level', String(level), 'between 0 and 1');
}
