/** COCO annotation files, those of Roboflow exports too: one row for each picture, with all that is in it. */
import { createReadStream } from 'node:fs';
import { PaliGemmaError } from '../errors.js';
import { type CocoSegmentation, fromCocoAnnotations } from '../results/formats/coco.js';
import { isSegment, type Segment } from '../results/mask.js';
import { badDocument, numbers } from '../results/reading.js';
import type { Detection } from '../results/types.js';
import { badRow, shownOr } from './faults.js';
import { pictureFolder, picturePath } from './picture-folder.js';
import type { AnnotatedObject, RowSource } from './rows.js';
import { type Fields, plainFields } from './values.js';

const LISTS = ['images', 'annotations', 'categories'] as const;
/** What a picture's entry says that is no field of its row. */
const OF_A_PICTURE = ['id', 'file_name', 'width', 'height'];

export function isCoco(document: Fields): boolean {
  return LISTS.every((name) => Array.isArray(document[name]));
}

/**
 * Rows ask to detect all categories, as Roboflow's exports for PaliGemma do. A picture with a
 * malformed annotation is a malformed row. Ids of annotations mean nothing here, so they may be 0, missing or twice. Masks are made picture by picture: those of a whole set fit no memory.
 */
export function cocoSource(file: string, split: string | undefined, document: Fields): RowSource {
  return {
    ...{ file, split, content: () => createReadStream(file) },
    async *rows({ onBadRow, signal }) {
      const refuse = (error: Error): void => {
        if (onBadRow === undefined) throw error;
        onBadRow(error);
      };
      const { images, categories, annotations } = withoutGroup(document);
      const known = attempt(file, () =>
        fromCocoAnnotations({ categories, images: [], annotations: [] }),
      );
      if (known instanceof Error) return refuse(known);
      const labels = known.categories.map(({ name }) => name);
      const byImage = new Map<unknown, number[]>();
      for (const [k, annotation] of annotations.entries()) {
        const id = annotation?.['image_id'];
        const own = byImage.get(id);
        if (own) own.push(k);
        else byImage.set(id, [k]);
      }
      const names = images.slice(0, 3).map((entry) => String(entry?.['file_name']));
      const folder = await pictureFolder(file, names, split);
      const ids = new Set<unknown>();
      for (const [i, image] of images.entries()) {
        signal?.throwIfAborted();
        const entry = `images[${i}]`;
        const id = image?.['id'];
        if (ids.has(id)) {
          refuse(badRow({ file }, `${entry}.id`, `${shownOr(id)} again`, 'each id once'));
          continue;
        }
        ids.add(id);
        const own = byImage.get(id) ?? [];
        const one = { categories, images: [image], annotations: own.map((k) => annotations[k]) };
        const read = attempt(file, () => readPicture(one), { image: i, annotations: own });
        if (read instanceof Error) {
          refuse(read);
          continue;
        }
        for (const { fileName, ...expected } of read) {
          yield {
            ...{ place: { file, entry }, split, image: picturePath(folder, fileName) },
            request: { kind: 'task', task: 'detect', arguments: { labels } },
            expected: { kind: 'objects', ...expected },
            fields: plainFields(image as Fields, OF_A_PICTURE),
          };
        }
      }
      for (const [id, [first = 0]] of byImage) {
        if (ids.has(id)) continue;
        const subject = `annotations[${first}].image_id`;
        refuse(badRow({ file }, subject, shownOr(id), 'the id of an image'));
      }
    },
  };
}

/** A document of one picture. */
function readPicture(document: { readonly annotations: readonly Entry[] }) {
  const { annotations } = document;
  return fromCocoAnnotations(document, { includeCrowds: true }).images.map((picture) => {
    const objects: AnnotatedObject[] = [];
    const crowds: AnnotatedObject[] = [];
    // One for each annotation, in their order.
    for (const [k, detection] of picture.detections.entries()) {
      const entry = annotations[k] as Fields;
      const isCrowd = readCrowd(entry['iscrowd'], `annotations[${k}].iscrowd`);
      (isCrowd ? crowds : objects).push(annotated(detection, entry, `annotations[${k}]`));
    }
    return { fileName: picture.fileName, size: picture.image, objects, crowds };
  });
}

function annotated(detection: Detection | Segment, entry: Fields, where: string): AnnotatedObject {
  const { box } = detection;
  const { area = null, bbox, segmentation } = entry;
  const [x, y, width, height] = (
    bbox === undefined
      ? [box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin]
      : numbers(bbox, `${where}.bbox`, 4)
  ) as [number, number, number, number];
  const annotation = {
    area: area === null ? areaOf(detection, width * height) : readArea(area, `${where}.area`),
    bbox: [x, y, width, height] as const,
    // fromCocoAnnotations has read it.
    ...(isSegment(detection) && { segmentation: segmentation as CocoSegmentation }),
  };
  return { ...detection, annotation };
}

function areaOf(detection: Detection | Segment, ofBox: number): number {
  return isSegment(detection) ? detection.mask.area : ofBox;
}

function readArea(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw badDocument('ERR_OPTION_RANGE', where, shownOr(value), '0 or a larger number');
}

function readCrowd(value: unknown, where: string): boolean {
  if (value === undefined || value === null) return false;
  if (value === 0 || value === 1 || typeof value === 'boolean') return Boolean(value);
  throw badDocument('ERR_OPTION_RANGE', where, shownOr(value), '0 or 1');
}

/** What `read` returns, or its error with the file, and the places of the whole document. */
function attempt<T>(
  file: string,
  read: () => T,
  places?: { readonly image: number; readonly annotations: readonly number[] },
): T | Error {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    const { subject = 'the document', found = 'wrong', expected = 'COCO' } = error;
    const place = subject
      .replace(/^image(s\[0\])?(?=\.|$)/, () => `images[${places?.image}]`)
      .replace(/^annotations\[(\d+)\]/, (_, k) => `annotations[${places?.annotations[Number(k)]}]`);
    return badRow({ file }, place, found, expected, error);
  }
}

type Entry = Fields | null | undefined;

/** Without the category 0 of Roboflow, which is the name of the group of the others: nothing is annotated with it. */
function withoutGroup(
  document: Fields,
): Readonly<Record<(typeof LISTS)[number], readonly Entry[]>> {
  // isCoco has looked.
  const lists = document as Record<(typeof LISTS)[number], readonly Entry[]>;
  const { categories, annotations } = lists;
  const isGroup = (category: Entry): boolean =>
    category?.['id'] === 0 &&
    categories.some((one) => one !== category && one?.['supercategory'] === category['name']) &&
    !annotations.some((one) => one?.['category_id'] === 0);
  return { ...lists, categories: categories.filter((category) => !isGroup(category)) };
}
