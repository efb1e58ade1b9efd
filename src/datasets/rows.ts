/** What every data set is read into: one row for each picture and what is asked about it. */
import type { Parsed } from '../options/option.js';
import type { Segment } from '../results/mask.js';
import type { Detection, ImageSize } from '../results/types.js';
import type { TASKS, TaskName } from '../tasks/registry.js';

/** Where a row is written. */
export interface Place {
  readonly file: string;
  /** From 1; for formats with lines. */
  readonly line?: number;
  /** `images[3]`; for documents without lines. */
  readonly entry?: string;
}

/** The tasks that data sets ask for. */
type DatasetTask = Extract<TaskName, 'caption' | 'ask' | 'ocr' | 'detect'>;

/** A task of src/tasks/registry.ts with its arguments, by the names they have there. */
export type TaskRequest = {
  readonly [N in DatasetTask]: {
    readonly kind: 'task';
    readonly task: N;
    readonly arguments: Parsed<(typeof TASKS)[N]['arguments']>;
  };
}[DatasetTask];

export type RowRequest = { readonly kind: 'prompt'; readonly prompt: string } | TaskRequest;

/**
 * `text`: answers that are right, the usual one first. `objects`: all that is to be found, in pixels of a picture of
 * `size`, which is what the data set claims.
 */
export type Expected =
  | { readonly kind: 'text'; readonly answers: readonly [string, ...string[]] }
  | {
      readonly kind: 'objects';
      readonly size: ImageSize;
      readonly objects: readonly (Detection | Segment)[];
    };

export interface Row {
  readonly place: Place;
  /** `train`, `valid` or `test`; undefined where the data set does not say. */
  readonly split: string | undefined;
  /** The path of the picture. */
  readonly image: string;
  readonly request: RowRequest;
  readonly expected: Expected;
}

const DATASET_FORMATS = ['jsonl', 'csv', 'coco', 'vqa'] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

export interface RowsOptions {
  /**
   * Called with each row that cannot be read, an ERR_DATASET with file and line; reading goes on after it. Default: the
   * first one is thrown.
   */
  readonly onBadRow?: ((error: Error) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file of rows. */
export interface RowSource {
  readonly file: string;
  readonly split: string | undefined;
  rows(options: RowsOptions): AsyncGenerator<Row, void>;
}

/** `train.jsonl:12`, `instances_val2017.json: images[3]`. */
export function placeText({ file, line, entry }: Place): string {
  if (line !== undefined) return `${file}:${line}`;
  return entry === undefined ? file : `${file}: ${entry}`;
}
