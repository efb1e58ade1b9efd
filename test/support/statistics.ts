/** Goldens of scripts/dev/statistics-goldens.py. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Estimate, Interval } from '../../src/evaluation/statistics/estimate.js';
import { FIXTURES } from './models.js';

interface Goldens {
  readonly normal: {
    readonly cdf: readonly (readonly [x: number, p: number])[];
    readonly quantile: readonly (readonly [p: number, x: number])[];
    readonly student: readonly (readonly [level: number, freedom: number, t: number])[];
  };
  readonly wilson: readonly (readonly [
    hits: number,
    rows: number,
    level: number,
    low: number,
    high: number,
  ])[];
  readonly clustered: readonly {
    readonly ids: readonly number[];
    readonly hits: readonly number[];
    readonly low: number;
    readonly high: number;
    readonly error: number;
  }[];
  readonly mcnemar: readonly (readonly [won: number, lost: number, p: number])[];
  readonly holm: readonly { readonly p: readonly number[]; readonly adjusted: readonly number[] }[];
  readonly power: readonly (readonly [
    difference: number,
    deviation: number,
    level: number,
    power: number,
    rows: number,
  ])[];
  readonly samples: readonly {
    readonly name: 'mean' | 'rate' | 'difference' | 'median';
    readonly rows: readonly (readonly number[])[];
    readonly error: number;
    readonly percentile: readonly [low: number, high: number];
    readonly bca: readonly [low: number, high: number] | null;
  }[];
  readonly draws: readonly { readonly seed: number; readonly counts: readonly number[][] }[];
}

export const GOLDENS = JSON.parse(
  readFileSync(path.join(FIXTURES, 'statistics', 'goldens.json'), 'utf8'),
) as Goldens;

/** Fails where there is no interval. */
export function interval(estimate: Estimate | undefined): Interval {
  if (!estimate || estimate.low === null) {
    throw new Error(`no interval: ${estimate?.reason ?? 'no estimate'}`);
  }
  return estimate;
}
