/** Right answers that a data set writes as the text that the model shall generate, as PaliGemma's JSON lines do. */
import { readFile } from 'node:fs/promises';
import type { Expected } from '../datasets/rows.js';
import { makeError } from '../errors.js';
import { decodeFile } from '../image-input/decode.js';
import { fileFault } from '../options/file-fault.js';
import { PIXEL_OPTIONS } from '../options/image.js';
import { showPath } from '../options/show.js';
import { MASK_SIDE, Mask } from '../results/mask.js';
import type { ImageSize } from '../results/types.js';
import { type ParsedDetection, parseAnswer, parseDetections } from '../tasks/parse-detections.js';
import type { Given, Truth, WrittenFinding } from './rows.js';

/** Masks of codes, 16 for each -> [n, 64, 64], as `PaliGemma.decodeMasks` has them. */
export type MaskDecoder = (codes: readonly number[], signal: AbortSignal) => Promise<Float32Array>;

interface ReadingOptions {
  /** Makes masks of seg tokens. Left out, boxes are all that is wanted. */
  readonly decodeMasks: MaskDecoder | undefined;
  readonly signal: AbortSignal;
}

/** Undefined where the text is nothing of the kind. Rejects where the picture has to be read and cannot. */
export async function readTextTruth(
  text: string,
  expects: Expected['kind'],
  { image, ...options }: ReadingOptions & { readonly image: string },
): Promise<Truth | undefined> {
  if (expects === 'label') return { truths: [text] };
  if (expects === 'document') return documentOf(text);
  if (expects === 'text') return undefined;
  const size = await sizeOf(image);
  const { detections, dropped } = parseDetections(text, size);
  // A truth that is wrong in part is none.
  if (dropped.length > 0) return undefined;
  const things = await thingsOf(detections, size, options);
  if (expects === 'objects') {
    const objects = things.map(({ label, bbox, mask }) => ({
      ...{ label, bbox, area: mask?.area ?? bbox[2] * bbox[3] },
      ...(mask && { rle: mask.toRle() }),
    }));
    return { size, objects };
  }
  const [thing, more] = things;
  if (thing === undefined || more !== undefined) return undefined;
  const { bbox, mask } = thing;
  return { size, reference: { bbox, ...(mask && { rle: mask.toRle() }) } };
}

/**
 * What an answer of loc tokens finds, without scores. What is no whole box is left out and returned as `dropped`, as `detect`
 * does. `isCut`: it ended at the limit of tokens, so its last object lacks something.
 */
export async function findingsOf(
  text: string,
  size: ImageSize,
  { isCut = false, ...options }: ReadingOptions & { readonly isCut?: boolean },
): Promise<Pick<Given, 'found' | 'dropped'>> {
  const { detections, dropped } = parseAnswer(text, size, isCut);
  const things = await thingsOf(detections, size, options);
  const found = things.map(({ label, bbox, mask }) => ({
    ...{ label, bbox, score: 1 },
    ...(mask && { rle: mask.toRle() }),
  }));
  return { found, ...(dropped.length > 0 && { dropped: dropped.map((one) => one.text) }) };
}

/** Whether masks are compared. */
export function hasMasks(truth: Truth): boolean {
  if ('objects' in truth) return truth.objects.some(({ rle }) => rle !== undefined);
  return 'reference' in truth && truth.reference.rle !== undefined;
}

interface Thing {
  readonly label: string;
  readonly bbox: WrittenFinding['bbox'];
  readonly mask?: Mask | undefined;
}

async function thingsOf(
  detections: readonly ParsedDetection[],
  size: ImageSize,
  { decodeMasks, signal }: ReadingOptions,
): Promise<Thing[]> {
  const codes = decodeMasks === undefined ? [] : detections.flatMap((one) => one.codes ?? []);
  const values = decodeMasks && codes.length > 0 ? await decodeMasks(codes, signal) : undefined;
  let masks = 0;
  return detections.map(({ label, box, codes: own }) => {
    const { xmin, ymin, xmax, ymax } = box;
    const thing = { label, bbox: [xmin, ymin, xmax - xmin, ymax - ymin] as const };
    if (values === undefined || own === undefined) return thing;
    const soft = values.slice(masks * MASK_VALUES, ++masks * MASK_VALUES);
    return { ...thing, mask: new Mask(soft, box, size) };
  });
}

const MASK_VALUES = MASK_SIDE * MASK_SIDE;

function documentOf(text: string): Truth | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null
      ? { document, truths: [text] }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of the upright picture. Rejects with why the picture cannot be read. */
async function sizeOf(image: string): Promise<ImageSize> {
  const name = showPath(image);
  const bytes = await readFile(image).catch((cause: unknown) => {
    const message = `${name} cannot be read: ${fileFault(cause)}`;
    throw makeError('ERR_IMAGE_NOT_FOUND', message, { name, cause });
  });
  const { default: maxPixels } = PIXEL_OPTIONS.maxPixels;
  const { width, height } = await decodeFile(bytes, name, { upright: true, maxPixels });
  return { width, height };
}

/** Rejects with what is missing, where masks are compared that are written as seg tokens. */
export const noDecoder =
  (place: string): MaskDecoder =>
  async () => {
    throw makeError(
      'ERR_DATASET',
      `${place} has a mask in seg tokens, which only a model decodes`,
      {
        ...{ name: place, found: 'seg tokens', expected: 'segmentation, as COCO writes it' },
        hint: 'give the masks as segmentation, or judge boxes alone',
      },
    );
  };
