/**
 * Pascal VOC annotations: one XML file for each picture. Masks have no place in them: VOC keeps those as pictures.
 *
 * Edges are numbered from 1 and belong to the box (VOC development kit: `[1, 1, width, height]` is the whole picture), so
 * xmin and ymin are ours plus 1, xmax and ymax are ours. supervision reads and writes them the same way.
 */
import { makeError } from '../../errors.js';
import { checkImageSize } from '../box.js';
import { badDocument, choice, finite, flag, optionsOf, text as textOf } from '../reading.js';
import type { Detection, ImageSize } from '../types.js';
import { detectionsOf } from './detections.js';
import { child, escapeXml, parseXml, type XmlElement } from './xml.js';

export interface PascalVocOptions {
  /** Name of the picture's file, as it goes into `filename`. */
  readonly fileName: string;
  /** Default `VOC`. */
  readonly folder?: string | undefined;
  /** Channels of the picture. Default 3. */
  readonly depth?: number | undefined;
  /**
   * `pixels` (default): whole numbers as in VOC's own files, so that boxes come back up to half a pixel, and those
   * narrower than a pixel as one pixel. `exact`: decimals, which readers that use floats keep.
   */
  readonly coordinates?: 'pixels' | 'exact' | undefined;
  /** Whether each object gets a `confidence`, which is not part of the format. Default false. */
  readonly confidence?: boolean | undefined;
}

/** @throws `ERR_OPTION_RANGE` for a label with characters that XML has no way to write */
export function toPascalVoc(
  detections: readonly Detection[],
  image: ImageSize,
  options: PascalVocOptions,
): string {
  const { width, height } = checkImageSize(image);
  const { fileName, folder, depth, coordinates, confidence } = readOptions(options);
  const objects = detectionsOf(detections).map(({ label, score, box }) => {
    const edges =
      coordinates === 'exact'
        ? { xmin: box.xmin + 1, ymin: box.ymin + 1, xmax: box.xmax, ymax: box.ymax }
        : wholeEdges(box);
    return [
      '  <object>',
      `    <name>${escapeXml(label, 'label')}</name>`,
      '    <pose>Unspecified</pose>',
      '    <truncated>0</truncated>',
      '    <difficult>0</difficult>',
      ...(confidence ? [`    <confidence>${score}</confidence>`] : []),
      '    <bndbox>',
      ...Object.entries(edges).map(([name, value]) => `      <${name}>${value}</${name}>`),
      '    </bndbox>',
      '  </object>',
    ];
  });
  return `${[
    '<annotation>',
    `  <folder>${escapeXml(folder, 'folder')}</folder>`,
    `  <filename>${escapeXml(fileName, 'fileName')}</filename>`,
    '  <source>',
    '    <database>Unknown</database>',
    '  </source>',
    '  <size>',
    `    <width>${width}</width>`,
    `    <height>${height}</height>`,
    `    <depth>${depth}</depth>`,
    '  </size>',
    '  <segmented>0</segmented>',
    ...objects.flat(),
    '</annotation>',
  ].join('\n')}\n`;
}

function readOptions(options: unknown) {
  const given = optionsOf(options, { isNeeded: true });
  return {
    fileName: textOf(given['fileName'], 'fileName'),
    folder: textOf(given['folder'] ?? 'VOC', 'folder'),
    depth: finite(given['depth'] ?? 3, 'depth'),
    coordinates: choice(given['coordinates'], 'coordinates', ['pixels', 'exact']),
    confidence: flag(given['confidence'], 'confidence'),
  };
}

/**
 * Reads an annotation file; without a `confidence`, the score is 1. Parts of objects are left out.
 *
 * @throws `ERR_OPTION_RANGE` for text that is no such file
 */
export function fromPascalVoc(xml: string): {
  fileName: string;
  image: ImageSize;
  detections: Detection[];
} {
  const root = parseXml(textOf(xml, 'xml'));
  if (root.name !== 'annotation') {
    throw badDocument('ERR_OPTION_RANGE', 'the root', `<${root.name}>`, '<annotation>');
  }
  const size = child(root, 'size');
  const image = {
    width: numberIn(size, 'width'),
    height: numberIn(size, 'height'),
  };
  checkImageSize(image);
  const detections = root.children
    .filter(({ name }) => name === 'object')
    .map((object) => {
      const box = child(object, 'bndbox');
      const hasScore = object.children.some(({ name }) => name === 'confidence');
      return {
        label: child(object, 'name').text,
        score: hasScore ? numberIn(object, 'confidence') : 1,
        box: {
          xmin: numberIn(box, 'xmin') - 1,
          ymin: numberIn(box, 'ymin') - 1,
          xmax: numberIn(box, 'xmax'),
          ymax: numberIn(box, 'ymax'),
        },
      };
    });
  return { fileName: child(root, 'filename').text, image, detections };
}

/** At least one pixel: a box whose last pixel came before its first would be read as another one. */
function wholeEdges(box: Detection['box']): Detection['box'] {
  const [xmin, ymin] = [Math.round(box.xmin) + 1, Math.round(box.ymin) + 1];
  return {
    xmin,
    ymin,
    xmax: Math.max(xmin, Math.round(box.xmax)),
    ymax: Math.max(ymin, Math.round(box.ymax)),
  };
}

function numberIn(element: XmlElement, name: string): number {
  const text = child(element, name).text.trim();
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw makeError(
    'ERR_OPTION_RANGE',
    `<${name}> holds ${JSON.stringify(text)}, expected a number`,
    {
      name,
      found: text,
      expected: 'a number',
    },
  );
}
