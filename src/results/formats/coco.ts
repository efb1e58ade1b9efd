/**
 * COCO: the list of results that `COCO.loadRes` reads, and whole data sets as `COCO(file)` reads them.
 *
 * Source: cocodataset.org, "Data format" and "Results format"; pycocotools coco.py (loadRes, annToRLE) and cocoeval.py.
 */
import { types } from 'node:util';
import { reading } from '../../options/read.js';
import { showValue } from '../../options/show.js';
import { checkImageSize } from '../box.js';
import { isSegment, Mask, type Segment } from '../mask.js';
import type { PolygonOptions } from '../polygons.js';
import {
  badDocument,
  choice,
  type Fields,
  fields,
  flag,
  list,
  numbers,
  optionsOf,
  readAt,
  scoreOf,
  text,
  whole,
} from '../reading.js';
import type { Rle, UncompressedRle } from '../rle.js';
import type { Box, Detection, ImageSize } from '../types.js';
import { type ClassIndex, classIndex, labelsOf } from './classes.js';
import { detectionsOf } from './detections.js';

/** Run-length code, or polygons; an empty array where there is only a box. */
export type CocoSegmentation = Rle | UncompressedRle | readonly (readonly number[])[];

export interface CocoCategory {
  readonly id: number;
  readonly name: string;
  readonly supercategory?: string;
}

/** One entry of a results file. */
export interface CocoResult {
  readonly image_id: number;
  readonly category_id: number;
  /** x, y, width, height in pixels. */
  readonly bbox: readonly [number, number, number, number];
  readonly score: number;
  readonly segmentation?: CocoSegmentation;
}

export interface CocoImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
}

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly [number, number, number, number];
  /** Of the mask when there is one, else of the box; square pixels. */
  readonly area: number;
  readonly iscrowd: 0 | 1;
  readonly segmentation: CocoSegmentation;
  /** Not part of the format, which has none for annotations; readers that do not know it leave it alone. */
  readonly score?: number;
}

export interface CocoDocument {
  readonly info: Readonly<Record<string, unknown>>;
  readonly licenses: readonly unknown[];
  readonly images: readonly CocoImage[];
  readonly categories: readonly CocoCategory[];
  readonly annotations: readonly CocoAnnotation[];
}

/** Categories with their own numbers, or labels, which are numbered from 1 as COCO's own are. */
export type CocoCategories = readonly CocoCategory[] | readonly string[];

interface SegmentationOptions {
  /** `rle` (default) is exact; `polygons` fills holes and is simplified (see `Mask.toPolygons`). */
  readonly segmentation?: 'rle' | 'polygons' | undefined;
  readonly polygons?: PolygonOptions | undefined;
}

export interface CocoResultsOptions extends SegmentationOptions {
  /** The picture's number in the annotations file. */
  readonly imageId: number;
  readonly categories: CocoCategories;
}

export interface CocoAnnotationsOptions extends SegmentationOptions {
  /** Default: the labels in the order of their first appearance. */
  readonly categories?: CocoCategories | undefined;
  readonly info?: Readonly<Record<string, unknown>> | undefined;
}

/** A picture of a data set and what is in it. */
export interface AnnotatedImage {
  /** Default when written: its place in the list, from 1. */
  readonly id?: number | undefined;
  readonly fileName: string;
  readonly image: ImageSize;
  readonly detections: readonly (Detection | Segment)[];
}

/**
 * One picture's detections as entries of a COCO results file; join those of all pictures into one array.
 *
 * @throws `ERR_OPTION_RANGE` for a label that is not among the categories
 * @example JSON.stringify(toCocoResults(result.detections, { imageId: 7, categories: ['cat', 'dog'] }))
 */
export function toCocoResults(
  detections: readonly (Detection | Segment)[],
  options: CocoResultsOptions,
): CocoResult[] {
  const given = optionsOf(options, { isNeeded: true });
  const imageId = whole(given['imageId'], 'imageId');
  const classes = categoryIndex(toCategories(given['categories']));
  const how = readSegmentation(given);
  return detectionsOf(detections).map((detection) => ({
    image_id: imageId,
    category_id: classes.idOf(detection.label),
    bbox: toBbox(detection.box),
    score: detection.score,
    ...(isSegment(detection) ? { segmentation: segmentationOf(detection.mask, how) } : {}),
  }));
}

/**
 * A data set as one COCO document. Boxes may differ in the last bit of a double when they are read back, as COCO keeps width
 * and height; masks as run-length code are exact. Annotations are numbered from 1: `COCOeval` takes 0 for "no match".
 *
 * @throws `ERR_OPTION_RANGE` for a label that is not among the categories, or two pictures with one number
 */
export function toCocoAnnotations(
  images: readonly AnnotatedImage[],
  options?: CocoAnnotationsOptions,
): CocoDocument {
  const given = optionsOf(options);
  const how = readSegmentation(given);
  const numbered = numberedImages(images);
  const categories = toCategories(
    given['categories'] ?? labelsOf(numbered.flatMap(({ detections }) => detections)),
  );
  const classes = categoryIndex(categories);
  const seen = new Set<number>();
  for (const { id } of numbered) {
    if (seen.has(id))
      throw badDocument('ERR_OPTION_RANGE', 'images', `${id} twice`, 'each id once');
    seen.add(id);
  }
  return {
    info: optionsOf(given['info'], { name: 'info' }),
    licenses: [],
    images: numbered.map(({ id, fileName, image }) => ({
      id,
      file_name: fileName,
      width: image.width,
      height: image.height,
    })),
    categories,
    annotations: numbered
      .flatMap(({ id, detections }) => detections.map((detection) => ({ id, detection })))
      .map(({ id, detection }, i) => {
        const bbox = toBbox(detection.box);
        const mask = isSegment(detection) ? detection.mask : undefined;
        return {
          id: i + 1,
          image_id: id,
          category_id: classes.idOf(detection.label),
          bbox,
          area: mask ? mask.area : bbox[2] * bbox[3],
          iscrowd: 0,
          segmentation: mask ? segmentationOf(mask, how) : [],
          score: detection.score,
        };
      }),
  };
}

/**
 * Results back to detections, by picture number in the order of first appearance.
 *
 * @param options.images sizes by number; needed for polygons only, as run-length code knows its size
 * @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` that names the place
 */
export function fromCocoResults(
  results: readonly CocoResult[],
  options: {
    readonly categories: CocoCategories;
    readonly images?: ReadonlyMap<number, ImageSize> | undefined;
  },
): Map<number, (Detection | Segment)[]> {
  const given = optionsOf(options, { isNeeded: true });
  const classes = categoryIndex(toCategories(given['categories']));
  return reading('results', 'an array of COCO results', () =>
    readResults(results, classes, sizes(given['images'])),
  );
}

function readResults(
  results: unknown,
  classes: ClassIndex,
  sizeOf: (id: number) => ImageSize | undefined,
): Map<number, (Detection | Segment)[]> {
  const byImage = new Map<number, (Detection | Segment)[]>();
  for (const [i, item] of list(results, 'results').entries()) {
    const where = `results[${i}]`;
    const entry = fields(item, where);
    const imageId = whole(entry.image_id, `${where}.image_id`);
    const detections = byImage.get(imageId) ?? [];
    detections.push(readDetection(entry, where, classes, sizeOf(imageId)));
    byImage.set(imageId, detections);
  }
  return byImage;
}

/**
 * A COCO document back to pictures and detections. Annotations of crowds (`iscrowd` 1) are no single objects and are left
 * out unless `includeCrowds` is set. Without a score, a detection has 1.
 *
 * @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` that names the place
 */
export function fromCocoAnnotations(
  document: unknown,
  options?: { readonly includeCrowds?: boolean | undefined },
): { images: (AnnotatedImage & { readonly id: number })[]; categories: CocoCategory[] } {
  const includeCrowds = flag(optionsOf(options)['includeCrowds'], 'includeCrowds');
  return reading('document', 'a COCO document', () => readCoco(document, includeCrowds));
}

function readCoco(
  document: unknown,
  includeCrowds: boolean,
): ReturnType<typeof fromCocoAnnotations> {
  const root = fields(document, 'document');
  const categories = list(root.categories, 'categories').map((item, i) => {
    const entry = fields(item, `categories[${i}]`);
    return {
      id: whole(entry.id, `categories[${i}].id`),
      name: text(entry.name, `categories[${i}].name`),
      ...(typeof entry.supercategory === 'string' ? { supercategory: entry.supercategory } : {}),
    };
  });
  const classes = categoryIndex(categories);
  const images = new Map<
    number,
    AnnotatedImage & { readonly id: number; readonly detections: (Detection | Segment)[] }
  >();
  for (const [i, item] of list(root.images, 'images').entries()) {
    const entry = fields(item, `images[${i}]`);
    const id = whole(entry.id, `images[${i}].id`);
    if (images.has(id)) {
      throw badDocument('ERR_OPTION_RANGE', `images[${i}].id`, `${id} again`, 'each id once');
    }
    const image = {
      width: whole(entry.width, `images[${i}].width`),
      height: whole(entry.height, `images[${i}].height`),
    };
    checkImageSize(image, `images[${i}]`);
    const fileName = text(entry.file_name, `images[${i}].file_name`);
    images.set(id, { id, fileName, image, detections: [] });
  }
  for (const [i, item] of list(root.annotations, 'annotations').entries()) {
    const where = `annotations[${i}]`;
    const entry = fields(item, where);
    if (entry.iscrowd === 1 && !includeCrowds) continue;
    const imageId = whole(entry.image_id, `${where}.image_id`);
    const target = images.get(imageId);
    if (!target) {
      throw badDocument(
        'ERR_OPTION_RANGE',
        `${where}.image_id`,
        `${imageId}`,
        'the id of an image',
      );
    }
    target.detections.push(readDetection(entry, where, classes, target.image));
  }
  return { images: [...images.values()], categories };
}

function toCategories(categories: unknown): CocoCategory[] {
  return reading('categories', 'an array of labels or categories', () =>
    list(categories, 'categories').map((item, i) => {
      if (typeof item === 'string') return { id: i + 1, name: item };
      const where = `categories[${i}]`;
      const entry = { ...fields(item, where) };
      return {
        ...entry,
        id: whole(entry['id'], `${where}.id`),
        name: text(entry['name'], `${where}.name`),
      };
    }),
  );
}

function numberedImages(images: unknown) {
  return reading('images', 'an array of pictures with detections', () =>
    list(images, 'images').map((item, i) => {
      const where = `images[${i}]`;
      const { id, fileName, image, detections } = fields(item, where);
      return {
        id: id === undefined ? i + 1 : whole(id, `${where}.id`),
        fileName: text(fileName, `${where}.fileName`),
        image: checkImageSize(image, `${where}.image`),
        detections: detectionsOf(detections, `${where}.detections`),
      };
    }),
  );
}

/** The sizes of pictures by their numbers, each read when it is needed. */
function sizes(images: unknown): (id: number) => ImageSize | undefined {
  if (images === undefined) return () => undefined;
  if (!types.isMap(images))
    throw badDocument('ERR_OPTION_TYPE', 'images', showValue(images), 'a Map');
  return (id) => {
    const size: unknown = images.get(id);
    return size === undefined ? undefined : checkImageSize(size, `images.get(${id})`);
  };
}

function readSegmentation(given: Fields): SegmentationOptions {
  return {
    segmentation: choice(given['segmentation'], 'segmentation', ['rle', 'polygons']),
    // Checked where outlines are made.
    polygons: given['polygons'] as PolygonOptions | undefined,
  };
}

function categoryIndex(categories: readonly CocoCategory[]): ClassIndex {
  return classIndex(
    categories.map(({ id, name }) => [id, name]),
    'categories',
  );
}

function toBbox(box: Box): [number, number, number, number] {
  return [box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin];
}

function segmentationOf(mask: Mask, options: SegmentationOptions): CocoSegmentation {
  return options.segmentation === 'polygons' ? mask.toPolygons(options.polygons) : mask.toRle();
}

function readDetection(
  entry: Fields,
  where: string,
  classes: ClassIndex,
  image: ImageSize | undefined,
): Detection | Segment {
  const category = `${where}.category_id`;
  const label = classes.labelOf(whole(entry.category_id, category), category);
  const score = scoreOf(entry.score, `${where}.score`);
  const box = entry.bbox === undefined ? undefined : readBbox(entry.bbox, `${where}.bbox`);
  const mask = readMask(entry.segmentation, `${where}.segmentation`, image, box);
  if (!box && !mask) {
    throw badDocument('ERR_OPTION_RANGE', where, 'without bbox and segmentation', 'one of them');
  }
  const found = { label, score, box: box ?? (mask as Mask).box };
  return mask ? { ...found, mask } : found;
}

function readBbox(value: unknown, where: string): Box {
  const [x = 0, y = 0, width = 0, height = 0] = numbers(value, where, 4);
  return { xmin: x, ymin: y, xmax: x + width, ymax: y + height };
}

/** The mask that `segmentation` is, at `where` of a document; none for an empty array. */
export function readMask(
  value: unknown,
  where: string,
  image: ImageSize | undefined,
  box: Box | undefined,
): Mask | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  if (!Array.isArray(value)) {
    // Mask.fromRle checks what is inside.
    const rle = fields(value, where) as unknown as Rle;
    const mask = readAt(where, ['rle'], () => Mask.fromRle(rle, box));
    if (image && (mask.image.width !== image.width || mask.image.height !== image.height)) {
      throw badDocument(
        'ERR_OPTION_RANGE',
        `${where}.size`,
        `[${mask.image.height}, ${mask.image.width}]`,
        `[${image.height}, ${image.width}], the size of the picture`,
      );
    }
    return mask;
  }
  if (!image) {
    throw badDocument('ERR_OPTION_RANGE', where, 'polygons', 'the size of the picture in images');
  }
  const polygons = value.map((item, i) => numbers(item, `${where}[${i}]`));
  return readAt(where, ['polygons'], () => Mask.fromPolygons(polygons, image, box));
}
