/** What an evaluation asks and keeps of each row of a data set. */
import path from 'node:path';
import type { Dataset } from '../datasets/open.js';
import { placeText, type RowRequest } from '../datasets/rows.js';
import { makeError } from '../errors.js';

/** A question whose right answers are known. */
export interface Question {
  /** Place in the data set, from 0. */
  readonly index: number;
  /** Where the row is written, relative to the data set's folder: `valid.jsonl:12`. */
  readonly id: string;
  /** Path of the picture. */
  readonly image: string;
  readonly request: RowRequest;
  /** At least one. */
  readonly truths: readonly string[];
}

/** A line of `rows.jsonl`. Without `answer` where it failed. */
export interface EvaluatedRow extends Omit<Question, 'request'> {
  /** As it was sent; undefined where the answer came from elsewhere. */
  readonly prompt?: string;
  readonly answer?: string;
  /** Wall time of the call on a loaded model, with the decoding of its picture. */
  readonly seconds?: number;
  /** Of the answer. */
  readonly tokens?: number;
  readonly error?: unknown;
}

/** The rows of a data set as questions, `limit` at most. Throws ERR_DATASET for one without a text as its answer. */
export async function* questionsOf(
  dataset: Dataset,
  { limit, signal }: { readonly limit: number | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Question, void> {
  const folder = path.dirname(path.resolve(dataset.path));
  let index = 0;
  for await (const row of dataset.rows({ signal })) {
    if (index === limit) return;
    const { place, image, request, expected } = row;
    const id = placeText({ ...place, file: path.relative(folder, path.resolve(place.file)) });
    if (expected.kind !== 'text') {
      throw makeError('ERR_DATASET', `${id} expects objects, not a text`, {
        ...{ name: id, found: 'objects', expected: 'a text' },
      });
    }
    yield { index: index++, id, image, request, truths: expected.answers };
  }
}
