/** What every data set is read into: one row for each picture and what is asked about it. */
import type { Parsed } from '../options/option.js';
import type { CocoSegmentation } from '../results/formats/coco.js';
import type { Mask, Segment } from '../results/mask.js';
import type { Box, Detection, ImageSize } from '../results/types.js';
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
type DatasetTask = Extract<
  TaskName,
  'caption' | 'ask' | 'ocr' | 'detect' | 'classify' | 'extract' | 'refer'
>;

/** A task of src/tasks/registry.ts with its arguments, by the names they have there. */
export type TaskRequest = {
  readonly [N in DatasetTask]: {
    readonly kind: 'task';
    readonly task: N;
    readonly arguments: Parsed<(typeof TASKS)[N]['arguments']>;
  };
}[DatasetTask];

/** A prompt is sent as it is. */
export type RowRequest = { readonly kind: 'prompt'; readonly prompt: string } | TaskRequest;

/** What an annotation of COCO says beside label, box and mask, for rules that depend on its last digit. */
interface Annotation {
  /** Square pixels, as it is written; of the mask, else of the box, where it is not. */
  readonly area: number;
  /** x, y, width, height as they are written; those of the box where they are not. */
  readonly bbox: readonly [number, number, number, number];
  /** As it is written; none where there is only a box. */
  readonly segmentation?: CocoSegmentation | undefined;
}

export type AnnotatedObject = (Detection | Segment) & { readonly annotation: Annotation };

/** A value of JSON. */
export type DocumentValue =
  | null
  | boolean
  | number
  | string
  | readonly DocumentValue[]
  | { readonly [name: string]: DocumentValue };

/**
 * What is right, one kind for each way of judging. Pixels are those of a picture of `size`, which is what the data set
 * claims.
 */
export type Expected =
  /** Answers that are right, the usual one first. */
  | { readonly kind: 'text'; readonly answers: readonly [string, ...string[]] }
  /** All that is to be found. `crowds`: annotations of many things at once, which are neither to be found nor wrong. */
  | {
      readonly kind: 'objects';
      readonly size: ImageSize;
      readonly objects: readonly AnnotatedObject[];
      readonly crowds: readonly AnnotatedObject[];
    }
  /** The one of `labels`, those of the whole data set, that fits the picture. */
  | { readonly kind: 'label'; readonly label: string; readonly labels: readonly string[] }
  /** What is read from a document: an object or an array. `text`: as the data set writes it, where that is JSON. */
  | { readonly kind: 'document'; readonly value: DocumentValue; readonly text?: string | undefined }
  /** The one thing that a phrase speaks of. */
  | {
      readonly kind: 'reference';
      readonly size: ImageSize;
      readonly box: Box;
      readonly mask?: Mask | undefined;
    };

/** What a row says beside its picture, question and answer, by name: for figures of groups of rows. */
export type RowFields = Readonly<Record<string, string | number | boolean>>;

export interface Row {
  readonly place: Place;
  /** `train`, `valid` or `test`; undefined where the data set does not say. */
  readonly split: string | undefined;
  /** The path of the picture. Rows of the same picture have the same path. */
  readonly image: string;
  /** The picture, where the file of rows holds it: there is no file `image` then until withPicturesIn writes it. */
  readonly bytes?: Uint8Array | undefined;
  readonly request: RowRequest;
  readonly expected: Expected;
  readonly fields: RowFields;
}

const DATASET_FORMATS = ['jsonl', 'csv', 'parquet', 'coco', 'vqa', 'folders'] as const;
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
  /** All that the rows depend on, without the pictures: to tell data sets apart. */
  content(): AsyncIterable<Uint8Array | string>;
}

/** `train.jsonl:12`, `instances_val2017.json: images[3]`. */
export function placeText({ file, line, entry }: Place): string {
  if (line !== undefined) return `${file}:${line}`;
  return entry === undefined ? file : `${file}: ${entry}`;
}
