/** Right answers that a data set writes as the text that the model shall generate, as PaliGemma's JSON lines do. */
import { readFile } from 'node:fs/promises';
import type { Expected } from '../datasets/rows.js';
import { makeError } from '../errors.js';
import { decodeFile } from '../image-input/decode.js';
import { parseDetections } from '../index.js';
import { PIXEL_OPTIONS } from '../options/image.js';
import { showPath, showThrown } from '../options/show.js';
import type { ImageSize } from '../results/types.js';
import type { Truth, WrittenFinding } from './rows.js';

/** Undefined where the text is nothing of the kind. Rejects where the picture has to be read and cannot. */
export async function readTextTruth(
  text: string,
  expects: Expected['kind'],
  image: string,
): Promise<Truth | undefined> {
  if (expects === 'label') return { truths: [text] };
  if (expects === 'document') return documentOf(text);
  if (expects !== 'objects') return undefined;
  const size = await sizeOf(image);
  const objects = findingsOf(text, size);
  return (
    objects && {
      size,
      objects: objects.map(({ label, bbox }) => ({ label, bbox, area: bbox[2] * bbox[3] })),
    }
  );
}

/** What a text of loc tokens finds, without scores; undefined where it holds anything else. */
export function findingsOf(text: string, size: ImageSize): WrittenFinding[] | undefined {
  const { detections, dropped } = parseDetections(text, size);
  if (dropped.length > 0) return undefined;
  return detections.map(({ label, box: { xmin, ymin, xmax, ymax } }) => ({
    ...{ label, bbox: [xmin, ymin, xmax - xmin, ymax - ymin], score: 1 },
  }));
}

function documentOf(text: string): Truth | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null ? { document } : undefined;
  } catch {
    return undefined;
  }
}

/** Of the upright picture. Rejects with why the picture cannot be read. */
async function sizeOf(image: string): Promise<ImageSize> {
  const name = showPath(image);
  const bytes = await readFile(image).catch((cause: unknown) => {
    const message = `${name} cannot be read: ${showThrown(cause)}`;
    throw makeError('ERR_IMAGE_NOT_FOUND', message, { name, cause });
  });
  const { default: maxPixels } = PIXEL_OPTIONS.maxPixels;
  const { width, height } = await decodeFile(bytes, name, { upright: true, maxPixels });
  return { width, height };
}
