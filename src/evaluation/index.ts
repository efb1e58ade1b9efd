/** What `node-paligemma/evaluation` exports: metrics and statistics for answers of any system; re-exports only. */
export type { EstimateOptions, PowerOptions } from '../options/types.js';
export { anlsStar, OneOf } from './metrics/anls-star.js';
export {
  COCO_BOXES,
  type CocoBox,
  type CocoFigures,
  type CocoFound,
  type CocoShapes,
  type CocoTruth,
  cocoFigures,
} from './metrics/coco.js';
export type { Described as MetricDescription, Direction } from './metrics/metric.js';
export { METRICS, type Metric } from './metrics/registry.js';
export type { WrittenFinding, WrittenObject } from './rows.js';
export { type Score, type ScoredRow, score } from './score.js';
export {
  holm,
  mcnemar,
  rowsToShow,
  smallestDifference,
} from './statistics/compare.js';
export { type Bounds, REASONS } from './statistics/estimate.js';
export type { Discordant } from './statistics/shares.js';
