/** Data sets of other tools as rows; re-exports only. What is computed from rows is decided elsewhere. */
export {
  type CheckOptions,
  checkDataset,
  type DatasetReport,
  FAULTS,
  type Fault,
  type FaultKind,
  type Picture,
} from './check.js';
export { type Dataset, openDataset } from './open.js';
export { prefixOf, suffixOf } from './prompts.js';
export {
  DATASET_FORMATS,
  type DatasetFormat,
  type Expected,
  type Place,
  placeText,
  type Row,
  type RowRequest,
  type RowsOptions,
  type TaskRequest,
} from './rows.js';
export { splitPictures } from './split.js';
export { writeRows } from './write.js';
