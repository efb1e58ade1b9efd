/** How often figures are drawn again for their intervals: the same for all runs, so that the same rows have the same bytes. */
import type { Metric } from './metrics/registry.js';

export const SEED = 1;

/** Figures that each draw computes anew have fewer, which is enough for intervals of 95 %. */
const DRAWS_OF_WHOLE = 1000;

export const drawsOf = (metric: Metric): { readonly draws?: number } =>
  'whole' in metric ? { draws: DRAWS_OF_WHOLE } : {};
