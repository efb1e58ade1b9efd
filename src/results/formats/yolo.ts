/**
 * YOLO label files: one line for each object, numbers relative to the picture.
 *
 * Source: docs.ultralytics.com/datasets/detect and /segment; ultralytics engine/results.py (Results.save_txt) for the
 * place of the confidence, which is last.
 */
import { makeError } from '../../errors.js';
import { checkImageSize } from '../box.js';
import { isSegment, Mask, type Segment } from '../mask.js';
import { joinPolygons, type PolygonOptions } from '../polygons.js';
import { choice, flag, optionsOf, text as textOf } from '../reading.js';
import type { Box, Detection, ImageSize } from '../types.js';
import { classesOf } from './classes.js';
import { detectionsOf } from './detections.js';

export interface YoloOptions {
  /** Class numbers are places in this list, from 0: `names` of the data set's YAML file. */
  readonly classes: readonly string[];
  /**
   * `detect` (default): class, centre x, centre y, width, height. `segment`: class, x, y, x, y, …: one outline, pieces
   * joined by lines without width, holes filled; an object without a mask, or with an empty one, gets its box's corners.
   */
  readonly format?: 'detect' | 'segment' | undefined;
  /** Whether the score ends each line. Default false: files to train on have none. */
  readonly confidence?: boolean | undefined;
  readonly polygons?: PolygonOptions | undefined;
}

/**
 * One label file, with a line break after every line; empty text for a picture without objects. Numbers are written in full:
 * boxes come back up to the last bits of a double.
 *
 * @throws `ERR_OPTION_RANGE` for a label that is not among the classes
 * @example await writeFile('7.txt', toYolo(result.detections, result.image, { classes: ['cat', 'dog'] }))
 */
export function toYolo(
  detections: readonly (Detection | Segment)[],
  image: ImageSize,
  options: YoloOptions,
): string {
  const size = checkImageSize(image);
  const { classes, format, confidence, polygons } = readOptions(options);
  return detectionsOf(detections)
    .map((detection) => {
      const { label, score, box } = detection;
      const numbers =
        format === 'segment'
          ? outline(detection, polygons).map(
              (value, i) => value / (i % 2 === 0 ? size.width : size.height),
            )
          : [
              (box.xmin + box.xmax) / 2 / size.width,
              (box.ymin + box.ymax) / 2 / size.height,
              (box.xmax - box.xmin) / size.width,
              (box.ymax - box.ymin) / size.height,
            ];
      if (confidence) numbers.push(score);
      return `${[classes.idOf(label), ...numbers.map(decimal)].join(' ')}\n`;
    })
    .join('');
}

/**
 * Reads detection lines (5 or 6 numbers) and outlines (7 or more; with an even count the last is the confidence). Without
 * a confidence, the score is 1. The box of an outline is the smallest around its points.
 *
 * @throws `ERR_OPTION_RANGE` that names the line
 */
export function fromYolo(
  text: string,
  image: ImageSize,
  options: Pick<YoloOptions, 'classes'>,
): (Detection | Segment)[] {
  const size = checkImageSize(image);
  const { classes } = readOptions(options);
  const detections: (Detection | Segment)[] = [];
  for (const [i, line] of textOf(text, 'text')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    const numbers = words.map(Number);
    if (numbers.length < 5 || !numbers.every(Number.isFinite)) {
      throw makeError('ERR_OPTION_RANGE', `line ${i + 1} is ${JSON.stringify(line.slice(0, 60))}`, {
        name: `line ${i + 1}`,
        found: line.slice(0, 60),
        expected: 'a class number and four numbers or more',
      });
    }
    const [id = 0, ...values] = numbers;
    const label = classes.labelOf(id);
    const score = values.length % 2 === 1 ? (values.pop() as number) : 1;
    if (values.length === 4) {
      const [x = 0, y = 0, width = 0, height = 0] = values;
      const box = {
        xmin: (x - width / 2) * size.width,
        ymin: (y - height / 2) * size.height,
        xmax: (x + width / 2) * size.width,
        ymax: (y + height / 2) * size.height,
      };
      detections.push({ label, score, box });
    } else {
      const polygon = values.map((value, j) => value * (j % 2 === 0 ? size.width : size.height));
      const box = around(polygon);
      const mask = Mask.fromPolygons([polygon], size, box);
      detections.push({ label, score, box, mask });
    }
  }
  return detections;
}

function readOptions(options: unknown) {
  const given = optionsOf(options, { isNeeded: true });
  return {
    classes: classesOf(given['classes']),
    format: choice(given['format'], 'format', ['detect', 'segment']),
    confidence: flag(given['confidence'], 'confidence'),
    // Checked where outlines are made.
    polygons: given['polygons'] as PolygonOptions | undefined,
  };
}

function outline(detection: Detection | Segment, options: PolygonOptions | undefined): number[] {
  const polygons = isSegment(detection) ? detection.mask.toPolygons(options) : [];
  if (polygons.length > 0) return [...joinPolygons(polygons)];
  const { xmin, ymin, xmax, ymax } = detection.box;
  return [xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax];
}

function around(polygon: readonly number[]): Box {
  let [xmin, ymin, xmax, ymax] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < polygon.length; i += 2) {
    const [x, y] = [polygon[i] as number, polygon[i + 1] as number];
    [xmin, ymin] = [Math.min(xmin, x), Math.min(ymin, y)];
    [xmax, ymax] = [Math.max(xmax, x), Math.max(ymax, y)];
  }
  return { xmin, ymin, xmax, ymax };
}

/** All digits of a double, without an exponent, which not every reader knows. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}
