/** The rows of a data set as questions, with what is right in the form in which it is kept. */
import path from 'node:path';
import type { Dataset } from '../datasets/open.js';
import { type AnnotatedObject, type Expected, placeText, type Row } from '../datasets/rows.js';
import { makeError, PaliGemmaError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { compressRuns, type Rle } from '../results/rle.js';
import type { ImageSize } from '../results/types.js';
import { polygonRuns, unionOf } from './metrics/mask-runs.js';
import type { Question, Truth, WrittenObject } from './rows.js';
import { EVALUATED } from './tasks.js';
import { readTextTruth } from './text-truths.js';

/**
 * The rows of a data set as questions, `limit` at most.
 *
 * @throws ERR_DATASET for one that expects something else than the task
 */
export async function* questionsOf(
  dataset: Dataset,
  task: EvaluatedTask,
  { limit, signal }: { readonly limit: number | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Question, void> {
  const folder = path.dirname(path.resolve(dataset.path));
  let index = 0;
  for await (const row of dataset.rows({ signal })) {
    if (index === limit) return;
    const { place, image, request, fields } = row;
    const id = placeText({ ...place, file: path.relative(folder, path.resolve(place.file)) });
    const asked = { index: index++, id, image, request, fields };
    try {
      yield { ...asked, truth: await truthOf(row, task, id) };
    } catch (fault) {
      // A picture is read where loc tokens are parts of it.
      const isPicture = fault instanceof PaliGemmaError && fault.code.startsWith('ERR_IMAGE');
      if (!isPicture) throw fault;
      yield { ...asked, truth: { size: { width: 0, height: 0 }, objects: [] }, fault };
    }
  }
}

/** How many questions there are; throws for a row that cannot be read, before any is asked. */
export async function countQuestions(
  dataset: Dataset,
  { limit, signal }: { readonly limit: number | undefined; readonly signal: AbortSignal },
): Promise<number> {
  let count = 0;
  for await (const _ of dataset.rows({ signal })) if (++count === limit) break;
  return count;
}

async function truthOf({ expected, image }: Row, task: EvaluatedTask, id: string): Promise<Truth> {
  const { expects } = EVALUATED[task];
  if (expected.kind === 'text' && expects !== 'text') {
    const read = await readTextTruth(expected.answers[0], expects, image);
    if (read !== undefined) return read;
  }
  if (expected.kind !== expects) throw otherKind(expected, task, id);
  switch (expected.kind) {
    case 'text':
      return { truths: expected.answers };
    case 'label':
      return { truths: [expected.label] };
    case 'document':
      return { document: expected.value };
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
  const tasks = Object.entries(EVALUATED).filter(([, one]) => one.expects === kind);
  const found = KINDS[kind];
  return makeError('ERR_DATASET', `${id} expects ${found}, not ${KINDS[expects]}`, {
    ...{ name: id, found, expected: KINDS[expects] },
    hint: `tasks that judge it: ${tasks.map(([name]) => name).join(', ')}`,
  });
}

const KINDS: Readonly<Record<Expected['kind'], string>> = {
  text: 'a text',
  objects: 'objects',
  label: 'a label',
  document: 'a document',
  reference: 'what a phrase speaks of',
};
