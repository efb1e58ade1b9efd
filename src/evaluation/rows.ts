/** What an evaluation asks and keeps of each row of a data set. */
import type { RowFields, RowRequest } from '../datasets/rows.js';
import type { Rle } from '../results/rle.js';
import type { ImageSize } from '../results/types.js';
import type { Field } from '../tasks/extract.js';
import type { CocoBox } from './metrics/coco.js';

/** A question whose right answer is known. */
export interface Question {
  /** Place in the data set, from 0. */
  readonly index: number;
  /** Where the row is written, relative to the data set's folder: `valid.jsonl:12`. */
  readonly id: string;
  /** Path of the picture. */
  readonly image: string;
  readonly request: RowRequest;
  readonly truth: Truth;
  readonly fields: RowFields;
  readonly split?: string | undefined;
  /** Why it cannot be asked: its row fails. */
  readonly fault?: unknown;
}

/** A thing that is in the picture. */
export interface WrittenObject {
  readonly label: string;
  /** x, y, width, height in pixels, as COCO writes them. */
  readonly bbox: CocoBox;
  /** As the annotation says it. */
  readonly area: number;
  /** Many things at once, which are neither to be found nor wrong. */
  readonly isCrowd?: true;
  readonly rle?: Rle;
}

/** A thing that was found. */
export interface WrittenFinding {
  readonly label: string;
  readonly bbox: CocoBox;
  /** 0 to 1; 1 where what answered has none. */
  readonly score: number;
  readonly rle?: Rle;
}

/** What is right, by the kind of the task; `size` is that of the picture in pixels. */
export type Truth =
  /** At least one. */
  | { readonly truths: readonly string[] }
  | { readonly size: ImageSize; readonly objects: readonly WrittenObject[] }
  | {
      readonly size: ImageSize;
      readonly reference: { readonly bbox: CocoBox; readonly rle?: Rle };
    }
  /** `truths`: its JSON as the data set has it, which is judged where it is there. */
  | { readonly document: unknown; readonly truths?: readonly string[] };

/** What came of a question. */
export interface Given {
  /** The text; of things that were found, what the model generated; of a document its JSON, which is judged before `value`. */
  readonly answer?: string;
  /** Of a text or label, 0 to 1. */
  readonly score?: number;
  readonly found?: readonly WrittenFinding[];
  /** What of an answer is no whole thing, and counts as nothing: an object that was cut off, words without a box. */
  readonly dropped?: readonly string[];
  /** What was read of a document. */
  readonly value?: unknown;
  /** How: what each of its fields was asked with, and what the model generated. */
  readonly readings?: Readonly<Record<string, Pick<Field<unknown>, 'prompt' | 'raw' | 'score'>>>;
  /** As it was sent; undefined where the answer came from elsewhere. */
  readonly prompt?: string;
  /** Wall time of the call on a loaded model, with the decoding of its picture; where calls ran one at a time. */
  readonly seconds?: number;
  /** Of the answer. */
  readonly tokens?: number;
}

/** A line of `rows.jsonl`. With `error` instead of an answer where it failed. */
export interface EvaluatedRow extends Given {
  readonly id: string;
  readonly index: number;
  /** Path of the picture from the folder of the run. */
  readonly image: string;
  /** What it was asked with, where one question is asked in several ways. */
  readonly phrasing?: string | undefined;
  readonly fields?: RowFields;
  /** Which part of the data set it is of, where it says that. */
  readonly split?: string;
  /** Its own figure by each metric of the run that has one for a row. */
  readonly values?: Readonly<Record<string, number>>;
  readonly truths?: readonly string[];
  readonly size?: ImageSize;
  readonly objects?: readonly WrittenObject[];
  readonly reference?: { readonly bbox: CocoBox; readonly rle?: Rle };
  readonly document?: unknown;
  readonly error?: unknown;
}

/** Whether it was answered. */
export const isAnswered = ({ error }: EvaluatedRow): boolean => error === undefined;

/** Texts differ by the letter, lists of things by labels and whole pixels. */
export function answersDiffer(a: Given, b: Given): boolean {
  return plain(a) !== plain(b);
}

function plain({ answer, found, value }: Given): string {
  if (found === undefined) return JSON.stringify(value ?? answer);
  const things = found.map(({ label, bbox }) => [label, ...bbox.map(Math.round)].join(' '));
  return things.sort().join('\n');
}
