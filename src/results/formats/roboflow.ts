/**
 * The JSON that Roboflow's hosted API and its inference server answer with, for object detection and instance segmentation.
 *
 * Source: roboflow/inference, core/entities/responses/inference.py (ObjectDetectionPrediction,
 * InstanceSegmentationPrediction, InstanceSegmentationRLEPrediction); supervision reads it with `Detections.from_inference`.
 */
import { randomUUID } from 'node:crypto';
import { reading } from '../../options/read.js';
import { showValue } from '../../options/show.js';
import { checkImageSize } from '../box.js';
import { isSegment, Mask, type Segment } from '../mask.js';
import { joinPolygons, type PolygonOptions } from '../polygons.js';
import {
  badDocument,
  choice,
  fields,
  finite,
  list,
  optionsOf,
  readAt,
  scoreOf,
  text,
  whole,
} from '../reading.js';
import type { Rle } from '../rle.js';
import type { Detection, ImageSize } from '../types.js';
import { classesOf, labelsOf } from './classes.js';
import { detectionsOf } from './detections.js';

export interface RoboflowPrediction {
  /** Centre of the box in pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly confidence: number;
  readonly class: string;
  readonly class_id: number;
  readonly detection_id: string;
  /** One outline, in pixels. */
  readonly points?: readonly { readonly x: number; readonly y: number }[];
  readonly rle?: Rle;
  readonly mask_format?: 'polygon' | 'rle';
}

export interface RoboflowResponse {
  /** Seconds. */
  readonly time?: number;
  readonly image: ImageSize;
  readonly predictions: readonly RoboflowPrediction[];
}

export interface RoboflowOptions {
  /** Class numbers are places in this list. Default: the labels in the order of their first appearance here. */
  readonly classes?: readonly string[] | undefined;
  /**
   * `polygon` (default) is what the hosted API sends: one simplified outline, pieces joined, holes filled. `rle` is exact
   * and what newer servers send on request.
   */
  readonly maskFormat?: 'polygon' | 'rle' | undefined;
  readonly polygons?: PolygonOptions | undefined;
  /** How long the answer took, in milliseconds; written in seconds. Left out by default. */
  readonly timeMs?: number | undefined;
  /** Default: a random UUID for each, as the server does. */
  readonly detectionId?: ((index: number) => string) | undefined;
}

/**
 * Boxes may differ in the last bits of a double when they are read back, as the format keeps centres.
 *
 * @throws `ERR_OPTION_RANGE` for a label that is not among the classes
 */
export function toRoboflow(
  detections: readonly (Detection | Segment)[],
  image: ImageSize,
  options?: RoboflowOptions,
): RoboflowResponse {
  const size = checkImageSize(image);
  const own = detectionsOf(detections);
  const given = readOptions(options);
  const classes = classesOf(given.classes ?? labelsOf(own));
  return {
    ...(given.timeMs === undefined ? {} : { time: given.timeMs / 1000 }),
    image: size,
    predictions: own.map((detection, i) => {
      const { label, score, box } = detection;
      return {
        x: (box.xmin + box.xmax) / 2,
        y: (box.ymin + box.ymax) / 2,
        width: box.xmax - box.xmin,
        height: box.ymax - box.ymin,
        confidence: score,
        class: label,
        class_id: classes.idOf(label),
        detection_id: given.detectionId?.(i) ?? randomUUID(),
        ...(isSegment(detection) ? maskFields(detection.mask, given) : {}),
      };
    }),
  };
}

/**
 * Reads either kind of mask; what else a prediction holds (keypoints, tracker ids) is left out.
 *
 * @throws `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` that names the place
 */
export function fromRoboflow(response: unknown): {
  image: ImageSize;
  detections: (Detection | Segment)[];
} {
  return reading('response', 'an answer of Roboflow', () => readResponse(response));
}

function readResponse(response: unknown): ReturnType<typeof fromRoboflow> {
  const root = fields(response, 'response');
  const size = fields(root.image, 'image');
  const image = {
    width: whole(size.width, 'image.width'),
    height: whole(size.height, 'image.height'),
  };
  checkImageSize(image);
  const detections = list(root.predictions, 'predictions').map((item, i) => {
    const where = `predictions[${i}]`;
    const entry = fields(item, where);
    const [x, y, width, height] = (['x', 'y', 'width', 'height'] as const).map((name) =>
      finite(entry[name], `${where}.${name}`),
    ) as [number, number, number, number];
    const found = {
      label: text(entry.class, `${where}.class`),
      score: scoreOf(entry.confidence, `${where}.confidence`),
      box: {
        xmin: x - width / 2,
        ymin: y - height / 2,
        xmax: x + width / 2,
        ymax: y + height / 2,
      },
    };
    if (entry.rle !== undefined && entry.rle !== null) {
      const rle = fields(entry.rle, `${where}.rle`) as unknown as Rle; // Mask.fromRle checks it
      return {
        ...found,
        mask: readAt(`${where}.rle`, ['rle'], () => Mask.fromRle(rle, found.box)),
      };
    }
    if (entry.points === undefined || entry.points === null) return found;
    const points = list(entry.points, `${where}.points`).flatMap((point, j) => {
      const at = `${where}.points[${j}]`;
      const { x: px, y: py } = fields(point, at);
      return [finite(px, `${at}.x`), finite(py, `${at}.y`)];
    });
    const polygons = points.length === 0 ? [] : [points]; // no points: an empty mask
    // One outline: its place is that of the points.
    const read = () => Mask.fromPolygons(polygons, image, found.box);
    return { ...found, mask: readAt(`${where}.points`, ['polygons[0]'], read) };
  });
  return { image, detections };
}

function readOptions(options: unknown): RoboflowOptions {
  const given = optionsOf(options);
  const { classes, maskFormat, polygons, timeMs, detectionId } = given;
  if (detectionId !== undefined && typeof detectionId !== 'function') {
    throw badDocument('ERR_OPTION_TYPE', 'detectionId', showValue(detectionId), 'a function');
  }
  return {
    // Checked where they are used.
    classes: classes as readonly string[] | undefined,
    polygons: polygons as PolygonOptions | undefined,
    maskFormat: choice(maskFormat, 'maskFormat', ['polygon', 'rle']),
    timeMs: timeMs === undefined ? undefined : finite(timeMs, 'timeMs'),
    detectionId: detectionId as RoboflowOptions['detectionId'],
  };
}

function maskFields(
  mask: Mask,
  options: RoboflowOptions,
): Pick<RoboflowPrediction, 'points' | 'rle' | 'mask_format'> {
  if (options.maskFormat === 'rle') return { rle: mask.toRle(), mask_format: 'rle' };
  const joined = joinPolygons(mask.toPolygons(options.polygons));
  const points: { x: number; y: number }[] = [];
  for (let i = 0; i < joined.length; i += 2) {
    points.push({ x: joined[i] as number, y: joined[i + 1] as number });
  }
  return { points, mask_format: 'polygon' };
}
