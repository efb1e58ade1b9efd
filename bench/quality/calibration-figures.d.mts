/** Types of calibration-figures.mjs, which tests written in TypeScript use too. */
export interface ScoredResult {
  readonly score: number;
  readonly isRight: boolean;
}

export interface ReliabilityBin {
  readonly score: number;
  readonly right: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export interface ThresholdPoint {
  readonly minScore: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export function auroc(records: readonly ScoredResult[]): number | undefined;
export function proportionInterval(hits: number, count: number): { low: number; high: number };
export function reliability(records: readonly ScoredResult[], bins?: number): ReliabilityBin[];
export function calibrationError(records: readonly ScoredResult[]): number;
export function f1At(
  records: readonly ScoredResult[],
  total: number,
  minScore: number,
): ThresholdPoint;
export const THRESHOLDS: readonly number[];
export function bestThreshold(records: readonly ScoredResult[], total: number): ThresholdPoint;
