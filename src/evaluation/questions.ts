/** The rows of a data set as questions, with what is right in the form in which it is kept. */
import path from 'node:path';
import type { Dataset } from '../datasets/open.js';
import {
  type AnnotatedObject,
  type Expected,
  type Place,
  placeText,
  type Row,
} from '../datasets/rows.js';
import { drawnOf } from '../datasets/split.js';
import { makeError, PaliGemmaError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { compressRuns, type Rle } from '../results/rle.js';
import type { ImageSize } from '../results/types.js';
import { polygonRuns, unionOf } from './metrics/mask-runs.js';
import { wordsOf } from './phrasings.js';
import type { Question, Truth, WrittenObject } from './rows.js';
import { EVALUATED } from './tasks.js';
import { type MaskDecoder, noDecoder, readTextTruth } from './text-truths.js';

/** Which rows of a data set are asked about, by their places from 0. */
export interface Chosen {
  readonly count: number;
  readonly has: (index: number) => boolean;
  /** What the rows have for names in braces of prompts. */
  readonly names: ReadonlySet<string>;
}

/**
 * `limit` rows at most, of `split` alone if it is given: the first ones, or with `seed` those that it draws. A row that cannot
 * be read fails here, before any is asked.
 *
 * @throws ERR_DATASET
 */
export async function chooseRows(
  dataset: Dataset,
  {
    limit = Number.POSITIVE_INFINITY,
    seed,
    split,
    signal,
  }: {
    readonly limit: number | undefined;
    readonly seed: number | undefined;
    readonly split: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Chosen> {
  const places: string[] = [];
  const names = new Set<string>();
  let place = 0;
  for await (const row of dataset.rows({ signal })) {
    const index = place++;
    if (split !== undefined && row.split !== split) continue;
    for (const name of wordsOf(row).keys()) names.add(name);
    places.push(String(index));
    if (places.length === limit && seed === undefined) break;
  }
  const chosen =
    seed === undefined || places.length <= limit ? new Set(places) : drawnOf(places, limit, seed);
  return { count: chosen.size, has: (index) => chosen.has(String(index)), names };
}

/**
 * The chosen rows of a data set as questions.
 *
 * @throws ERR_DATASET for one that expects something else than the task
 */
export async function* questionsOf(
  dataset: Dataset,
  task: EvaluatedTask,
  options: {
    readonly chosen: Chosen;
    readonly signal: AbortSignal;
    /** For masks that are written as seg tokens. */
    readonly decodeMasks?: MaskDecoder | undefined;
  },
): AsyncGenerator<Question, void> {
  const { chosen, signal } = options;
  let [place, left] = [0, chosen.count];
  for await (const row of dataset.rows({ signal })) {
    const index = place++;
    if (!chosen.has(index)) continue;
    const { image, request, fields, split } = row;
    const id = idOf(dataset, row.place);
    const asked = { index, id, image, request, fields, split };
    try {
      yield { ...asked, truth: await truthOf(row, task, { id, ...options }) };
    } catch (fault) {
      // A picture is read where loc tokens are parts of it.
      const isPicture = fault instanceof PaliGemmaError && fault.code.startsWith('ERR_IMAGE');
      if (!isPicture) throw fault;
      yield { ...asked, truth: { size: { width: 0, height: 0 }, objects: [] }, fault };
    }
    if (--left === 0) return;
  }
}

/** What a row is called in files of answers and results: its place, from the folder of the data set. */
export function idOf(dataset: Pick<Dataset, 'path'>, place: Place): string {
  const folder = path.dirname(path.resolve(dataset.path));
  return placeText({ ...place, file: path.relative(folder, path.resolve(place.file)) });
}

async function truthOf(
  { expected, image }: Row,
  task: EvaluatedTask,
  {
    id,
    signal,
    decodeMasks = noDecoder(id),
  }: {
    readonly id: string;
    readonly signal: AbortSignal;
    readonly decodeMasks?: MaskDecoder | undefined;
  },
): Promise<Truth> {
  const { expects } = EVALUATED[task];
  if (expected.kind === 'text' && expects !== 'text') {
    const wanted = task === 'detect' ? undefined : decodeMasks;
    const options = { image, signal, decodeMasks: wanted };
    const read = await readTextTruth(expected.answers[0], expects, options);
    if (read !== undefined) return read;
  }
  if (expected.kind !== expects) throw otherKind(expected, task, id);
  switch (expected.kind) {
    case 'text':
      return { truths: expected.answers };
    case 'label':
      return { truths: [expected.label] };
    case 'document': {
      const { value: document, text } = expected;
      return { document, ...(text !== undefined && { truths: [text] }) };
    }
    case 'reference': {
      const { size, box, mask } = expected;
      const { xmin, ymin, xmax, ymax } = box;
      const bbox = [xmin, ymin, xmax - xmin, ymax - ymin] as const;
      return { size, reference: { bbox, ...(mask && { rle: mask.toRle() }) } };
    }
    case 'objects': {
      const { size, objects, crowds } = expected;
      const write = (object: AnnotatedObject): WrittenObject =>
        writtenObject(object, size, task === 'segment');
      return {
        size,
        objects: [
          ...objects.map(write),
          ...crowds.map((one) => ({ ...write(one), isCrowd: true as const })),
        ],
      };
    }
  }
}

function writtenObject(
  { label, annotation }: AnnotatedObject,
  { width, height }: ImageSize,
  withMask: boolean,
): WrittenObject {
  const { bbox, area, segmentation } = annotation;
  const written = { label, bbox, area };
  if (!withMask || segmentation === undefined) return written;
  if (!Array.isArray(segmentation)) {
    const { size, counts } = segmentation as { size: Rle['size']; counts: string | number[] };
    const text = typeof counts === 'string' ? counts : compressRuns(counts);
    return { ...written, rle: { size, counts: text } };
  }
  // As pycocotools draws polygons, whose figures these are compared by.
  const polygons = segmentation as readonly (readonly number[])[];
  const { runs } = unionOf(polygons.map((points) => polygonRuns(points, height, width)));
  return { ...written, rle: { size: [height, width], counts: compressRuns(Array.from(runs)) } };
}

function otherKind({ kind }: Expected, task: EvaluatedTask, id: string): Error {
  const { expects } = EVALUATED[task];
  // Labels are texts.
  const judges = kind === 'text' ? ['text', 'label'] : [kind];
  const tasks = Object.entries(EVALUATED).filter(([, one]) => judges.includes(one.expects));
  const form = kind === 'text' ? '; the others where it is one of loc tokens or JSON' : '';
  const found = KINDS[kind];
  return makeError('ERR_DATASET', `${id} expects ${found}, not ${KINDS[expects]}`, {
    ...{ name: id, found, expected: KINDS[expects] },
    hint: `tasks that judge it: ${tasks.map(([name]) => name).join(', ')}${form}`,
  });
}

const KINDS: Readonly<Record<Expected['kind'], string>> = {
  text: 'a text',
  objects: 'objects',
  label: 'a label',
  document: 'a document',
  reference: 'what a phrase speaks of',
};
