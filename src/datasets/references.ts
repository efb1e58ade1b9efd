/** Rows of one thing that a phrase speaks of, as those of RefCOCO: a box, or an outline or run-length code. */
import { readFile } from 'node:fs/promises';
import { PaliGemmaError } from '../errors.js';
import { decodeFile } from '../image-input/decode.js';
import { PIXEL_OPTIONS } from '../options/image.js';
import { readMask } from '../results/formats/coco.js';
import type { Mask } from '../results/mask.js';
import { numbers } from '../results/reading.js';
import type { Box, ImageSize } from '../results/types.js';
import { badRow, shownOr } from './faults.js';
import type { Place, Row } from './rows.js';
import type { Fields } from './values.js';

/** `box`: xmin, ymin, xmax, ymax; `bbox`: x, y, width, height, as in COCO. */
export async function referenceRow(
  phrase: string,
  record: Fields,
  place: Place,
  picture: Pick<Row, 'image' | 'bytes'>,
): Promise<Pick<Row, 'request' | 'expected'>> {
  try {
    const given = boxOf(record);
    const { segmentation = null } = record;
    if (given === undefined && segmentation === null) {
      throw badRow(place, 'box', 'missing', 'box, bbox or segmentation');
    }
    const size = await sizeOf(record, place, picture);
    // The numbers of one polygon may stand alone.
    const isFlat = Array.isArray(segmentation) && typeof segmentation[0] === 'number';
    const shape = isFlat ? [segmentation] : (segmentation ?? undefined);
    const mask = readMask(shape, 'segmentation', size, given);
    if (given === undefined && mask === undefined) {
      throw badRow(place, 'segmentation', 'empty', 'an outline, or box or bbox beside it');
    }
    return {
      request: { kind: 'task', task: 'refer', arguments: { phrase } },
      expected: { kind: 'reference', size, box: given ?? (mask as Mask).box, mask },
    };
  } catch (error) {
    if (!(error instanceof PaliGemmaError) || error.code === 'ERR_DATASET') throw error;
    const { subject = 'segmentation', found = 'wrong', expected = 'as in COCO' } = error;
    throw badRow(place, subject, found, expected, error);
  }
}

function boxOf({ box = null, bbox = null }: Fields): Box | undefined {
  if (box !== null) {
    const [xmin = 0, ymin = 0, xmax = 0, ymax = 0] = numbers(box, 'box', 4);
    return { xmin, ymin, xmax, ymax };
  }
  if (bbox === null) return undefined;
  const [x = 0, y = 0, width = 0, height = 0] = numbers(bbox, 'bbox', 4);
  return { xmin: x, ymin: y, xmax: x + width, ymax: y + height };
}

/** What the row says, else what the picture says. */
async function sizeOf(
  record: Fields,
  place: Place,
  { image, bytes }: Pick<Row, 'image' | 'bytes'>,
): Promise<ImageSize> {
  const { width = null, height = null } = record;
  if (width !== null || height !== null) {
    for (const [name, value] of Object.entries({ width, height })) {
      if (!Number.isSafeInteger(value) || (value as number) < 1) {
        throw badRow(place, name, shownOr(value ?? undefined), 'a positive integer');
      }
    }
    return { width: width as number, height: height as number };
  }
  try {
    const { default: maxPixels } = PIXEL_OPTIONS.maxPixels;
    const read = bytes ?? (await readFile(image));
    const decoded = await decodeFile(read, image, { upright: true, maxPixels });
    return { width: decoded.width, height: decoded.height };
  } catch (cause) {
    const found = 'missing, and the picture cannot be read';
    throw badRow(place, 'width', found, 'width and height, or a picture that can be read', cause);
  }
}
