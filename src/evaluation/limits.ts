/** What a figure has to meet: how it is written, and whether it does. */
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';
import type { Metric } from './metrics/registry.js';
import { type Bounds, REASONS, type Reason } from './statistics/estimate.js';

export interface Limit {
  /** As it was written. */
  readonly text: string;
  readonly id: string;
  readonly holds: (figure: number) => boolean;
}

export interface Verdict {
  readonly limit: string;
  readonly figure: number | null;
  /** The end of its interval that misses the limit, where both have to meet it. */
  readonly missedBy?: number;
  /** Why there is no interval, where both ends of one have to meet the limit. */
  readonly noInterval?: Reason;
  /** Rows without an answer, where they alone are why it is missed. */
  readonly failed?: number;
  readonly isMet: boolean;
}

const LIMIT = /^\s*([\w@.+-]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d*)?|\.\d+)(%?)\s*$/;

/** `cer@jiwer<=0.05`, or `cer<=5%` where one of the metrics only has that name. Throws ERR_OPTION_RANGE. */
export function parseLimit(text: string, metrics: readonly Metric[]): Limit {
  const [, name, sign, number = '', percent] = LIMIT.exec(text) ?? [];
  const matching = metrics.filter(({ id }) => id === name || id.split('@')[0] === name);
  const exact = metrics.find(({ id }) => id === name);
  const metric = exact ?? (matching.length === 1 ? matching[0] : undefined);
  if (metric === undefined) {
    const ids = metrics.map(({ id }) => id).join(', ');
    throw wrong(
      text,
      `a metric of this run (${ids}), <=, >=, < or >, and a number, such as 0.9 or 90%`,
    );
  }
  const value = Number(number) / (percent === '%' ? 100 : 1);
  // CIDEr's is from 0 to 10.
  const isShare = metric.better === 'higher' && !metric.id.startsWith('cider@');
  if (isShare && value > 1) {
    throw wrong(text, `at most 1, or 100%: ${metric.id} goes no higher`);
  }
  const holds = {
    '<=': (figure: number) => figure <= value,
    '>=': (figure: number) => figure >= value,
    '<': (figure: number) => figure < value,
    '>': (figure: number) => figure > value,
  }[sign as '<=' | '>=' | '<' | '>'];
  return { text: text.trim(), id: metric.id, holds };
}

function wrong(text: string, expected: string): Error {
  const found = showValue(text);
  const message = `option failUnder is ${found}, expected ${expected}`;
  return makeError('ERR_OPTION_RANGE', message, { name: 'failUnder', found, expected });
}

/** `failOn`: what must meet it, the figure or both ends of its interval. `failed`: rows without an answer. */
export function verdictOn(
  { text, id, holds }: Limit,
  figures: readonly (Bounds & { readonly id: string })[],
  failed: number,
  failOn: 'figure' | 'interval' = 'figure',
): Verdict {
  const found = figures.find((one) => one.id === id);
  const { figure = null } = found ?? {};
  const ends = failOn === 'figure' ? [figure] : [found?.low ?? null, found?.high ?? null];
  const missedBy = ends.find((end) => end !== null && !holds(end)) ?? null;
  const holdsAll = missedBy === null && !ends.includes(null);
  return {
    ...{ limit: text, figure },
    ...(failOn === 'interval' && missedBy !== null && { missedBy }),
    ...(failOn === 'interval' && found?.reason && { noInterval: found.reason }),
    // Rows that failed are no evidence that the others are good enough.
    ...(holdsAll && failed > 0 && { failed }),
    isMet: failed === 0 && holdsAll,
  };
}

/** `0.0226, its interval reaches 0.0627`, with figures as `shown` writes them. */
export function missedText(
  { figure, missedBy, noInterval, failed }: Verdict,
  shown: (figure: number | null) => string,
): string {
  if (noInterval !== undefined)
    return `${shown(figure)}, without an interval: ${REASONS[noInterval]}`;
  if (missedBy !== undefined) return `${shown(figure)}, its interval reaches ${shown(missedBy)}`;
  return failed === undefined ? shown(figure) : `${shown(figure)}, but ${failed} without an answer`;
}
