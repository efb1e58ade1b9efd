/** Found things as COCO writes them: files of results, as `COCO.loadRes` of pycocotools reads them, and single entries. */
import { readFile } from 'node:fs/promises';
import { unreadable } from '../datasets/faults.js';
import type { Dataset } from '../datasets/open.js';
import { noJson, textOfFile } from '../datasets/texts.js';
import type { Fields } from '../datasets/values.js';
import { makeError, PaliGemmaError } from '../errors.js';
import { oneLine, showPath, showValue } from '../options/show.js';
import { type Rle, readRle, runsBox } from '../results/rle.js';
import type { CocoBox } from './metrics/coco.js';
import type { WrittenFinding } from './rows.js';

const RESULTS =
  'results of COCO, [{"image_id": …, "category_id": …, "bbox": [x, y, width, height], "score": …}], with "segmentation" where masks are judged';

/** The error of a place in a file, by what was found there. */
type Refuse = (found: string) => Error;

/**
 * What was found in each row of a COCO data set, by the rows' numbers; pictures without a result have found nothing.
 *
 * @throws ERR_DATASET with the file and the number of the result
 */
export async function readCocoResults(
  bytes: Buffer,
  file: string,
  dataset: Dataset,
): Promise<Map<number, readonly WrittenFinding[]>> {
  const results = parsed(bytes, file);
  if (!Array.isArray(results)) throw badResult(showPath(file), 'no array');
  const [source, more] = dataset.sources;
  if (dataset.format !== 'coco' || source === undefined || more !== undefined) {
    const count = dataset.sources.length;
    const found = `a data set in ${dataset.format}, of ${count} ${count === 1 ? 'file' : 'files'}`;
    throw makeError('ERR_DATASET', `${showPath(file)} has COCO's image ids, and is for ${found}`, {
      ...{ name: file, found, expected: 'one COCO file of annotations' },
      hint: 'write answers as JSON lines with "id" and "detections"',
    });
  }
  const truths = await readFile(source.file).catch((cause: unknown) => {
    throw unreadable(source.file, cause);
  });
  // It was opened as COCO, so there are lists; what is in them is read with its rows.
  const { images, categories } = parsed(truths, source.file) as Readonly<
    Record<'images' | 'categories', readonly (Fields | null)[]>
  >;
  const labels = new Map(categories.map((one) => [one?.['id'], one?.['name']]));
  const rows = new Map(images.map((one, i) => [one?.['id'], i]));
  const found = new Map(images.map((_, i): [number, WrittenFinding[]] => [i, []]));
  for (const [i, one] of (results as (Fields | null)[]).entries()) {
    const refuse: Refuse = (words) => badResult(`${showPath(file)}: [${i}]`, words);
    const { image_id: image, category_id: category, ...rest } = one ?? {};
    const own = found.get(rows.get(image) ?? -1);
    if (own === undefined) throw refuse(`with image_id ${shown(image)}, which no picture has`);
    const label = labels.get(category);
    if (typeof label !== 'string') {
      throw refuse(`with category_id ${shown(category)}, which no category has`);
    }
    own.push({ label, ...readShape(rest, refuse) });
  }
  return found;
}

/**
 * `bbox`, `segmentation` or both: without a box it is that of the mask, as pycocotools makes it. A mask is run-length code,
 * the only form that its results have.
 */
export function readShape(entry: Fields, refuse: Refuse): Omit<WrittenFinding, 'label'> {
  const { bbox, segmentation, score = 1 } = entry;
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
    throw refuse(`with ${showValue(score)} as score, which is 0 to 1`);
  }
  const rle = isNone(segmentation) ? undefined : readMask(segmentation, refuse);
  if (!isNone(bbox)) return { bbox: readBbox(bbox, refuse), score, ...(rle && { rle }) };
  if (rle === undefined) throw refuse('without bbox and segmentation');
  const { runs, image } = readRle(rle);
  const { xmin, ymin, xmax, ymax } = runsBox(runs, image);
  return { bbox: [xmin, ymin, xmax - xmin, ymax - ymin], score, rle };
}

/** Tools write an empty list, or null, for what there is not. */
const isNone = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

function readBbox(bbox: unknown, refuse: Refuse): CocoBox {
  const isBox = Array.isArray(bbox) && bbox.length === 4 && bbox.every(Number.isFinite);
  if (!isBox) throw refuse(`with ${showValue(bbox)} as bbox, which is x, y, width, height`);
  const [x, y, width, height] = bbox as unknown as CocoBox;
  if (width < 0 || height < 0) {
    throw refuse(`with a bbox ${width} wide and ${height} high, which is x, y, width, height`);
  }
  return [x, y, width, height];
}

function readMask(segmentation: unknown, refuse: Refuse): Rle {
  if (Array.isArray(segmentation)) {
    throw refuse('with polygons as segmentation, which is run-length code in results');
  }
  try {
    readRle(segmentation);
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    throw refuse(`with a segmentation that is no run-length code (${error.found})`);
  }
  return segmentation as Rle;
}

const shown = (value: unknown): string => (value === undefined ? '(none)' : showValue(value));

function parsed(bytes: Buffer, file: string): unknown {
  const text = textOfFile(bytes, file);
  try {
    return JSON.parse(text);
  } catch {
    throw badResult(showPath(file), noJson(text));
  }
}

function badResult(place: string, found: string): Error {
  return makeError('ERR_DATASET', `${oneLine(place)} is ${found}, expected ${RESULTS}`, {
    ...{ name: place, found, expected: RESULTS },
  });
}
