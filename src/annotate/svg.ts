/**
 * The drawing: boxes, masks and labels as one SVG in pixels of the picture, without the picture and without fonts.
 * Making a picture file of it is annotate.ts's.
 */

import { type ParsedDrawingOptions, parseDrawingOptions } from '../options/annotate.js';
import type { DrawingOptions } from '../options/types.js';
import { boxArea, checkImageSize, clipBox } from '../results/box.js';
import type { Box, ImageSize } from '../results/types.js';
import { type Canvas, canvasSize, plainCanvas, wantedFontSize } from './canvas.js';
import { type Colour, colourLabels, textColour } from './colours.js';
import type { TextLine } from './glyph-font.js';
import { maskOutlines } from './outlines.js';
import { type Plate, placePlates } from './placement.js';
import { checkMaskSizes, type Drawable, readShapes, type Shape } from './shapes.js';
import { cleanText, fontMetrics, setLine, shortenLine } from './text.js';

/** Height of a label and the space at either end of its text, in ems. */
const PLATE_HEIGHT = 1.34;
const PLATE_PADDING = 0.34;
/** Below this size in pixels text is not readable: no labels on pictures whose shorter side is under 30 pixels. */
const SMALLEST_FONT = 6;
/** Factors on an automatic font size, tried until all labels have a place and cover little of the picture. */
const FONT_STEPS = [1, 0.86, 0.74, 0.64, 0.55, 0.47, 0.4];
/** Part of the picture that labels may cover before they get smaller. */
const MOST_COVERED = 0.2;
/** Crowded pictures get no smaller labels than this, in pixels. */
const SMALLEST_CROWDED_FONT = 9;

/**
 * The drawing alone, for a page that shows the picture itself: an SVG document of the size of the picture, transparent
 * where nothing is drawn. Coordinates are pixels of the upright picture, as in the results, rounded to 0.001.
 *
 * Each object is `<g class="object" data-index data-label data-score>` with `<rect class="box">` and
 * `<path class="mask">`; each label `<g class="label" data-index data-font-size>` with `<rect class="plate">` and
 * `<path class="text">`. `data-index` is the place in `results`; large objects come first, beneath small ones.
 *
 * - A box without an area is drawn as a line or a dot (`<line class="box">`).
 * - A box partly outside is cut off at the border of the picture; one wholly outside is not drawn.
 * - Labels touch their box, are inside the picture, never on top of each other, and hide at most 0.3 of an object each. In
 *   crowded pictures they are smaller, then without scores; one that still finds no place at its box is left out. One that is too long ends in an ellipsis before its
 *   score; one that is too high or has no room for a letter is left out, as are all where they would be under 6 pixels.
 * - An empty list returns an empty drawing.
 *
 * Throws ERR_OPTION_TYPE or ERR_OPTION_RANGE for results that cannot be drawn (an edge that is not finite, swapped
 * edges, a mask of a picture of another size) and for options.
 */
export function annotationSvg(
  results: Drawable,
  size: ImageSize,
  options?: DrawingOptions,
): string {
  const parsed = parseDrawingOptions(options);
  const own = checkImageSize(size, 'size');
  return drawing(readShapes(results), plainCanvas(own), parsed);
}

/**
 * annotationSvg for what is checked already, on any canvas; `background` and `more` are SVG to put beneath the drawing and
 * upon it.
 */
export function drawing(
  shapes: readonly Shape[],
  canvas: Canvas,
  options: ParsedDrawingOptions,
  { background = '', more = '' }: { readonly background?: string; readonly more?: string } = {},
): string {
  const size = canvas.picture;
  checkMaskSizes(shapes, size);
  const colours = colourLabels(
    shapes.map(({ label }) => label),
    options.palette,
  );
  const colourOf = (shape: Shape): Colour => colours.get(shape.label) ?? '#000000';
  const lineWidth = lineWidthOn(canvas, options.lineWidth);
  const visible = shapes.filter(({ box }) => isVisible(box, size));
  // Large ones first, so that none hides a small one.
  const largeFirst = [...visible].sort((a, b) => boxArea(b.box) - boxArea(a.box));
  const objects = largeFirst.map((shape) =>
    drawObject(shape, size, lineWidth, colourOf(shape), options),
  );
  const labels = options.showLabels
    ? drawLabels(visible, canvas, lineWidth, colourOf, options)
    : [];
  const { width, height } = canvasSize(canvas);
  const { xmin, ymin, xmax, ymax } = canvas.frame;
  const viewBox = [xmin, ymin, xmax - xmin, ymax - ymin].map(round).join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${viewBox}">`,
    ...[background].filter((part) => part !== ''),
    ...objects,
    ...labels,
    ...[more].filter((part) => part !== ''),
    '</svg>\n',
  ].join('\n');
}

/**
 * 1.6 pixels on a drawing of 224, 11 on one of 4000; never more than an eighth of the picture. In pixels of the picture,
 * as is what is returned of `wanted` pixels of the drawing.
 */
function lineWidthOn({ picture, scale }: Canvas, wanted: number | undefined): number {
  if (wanted !== undefined) return wanted / scale;
  const { width, height } = picture;
  const usual = (1 + 0.0026 * Math.sqrt(width * height) * scale) / scale;
  return Math.min(usual, Math.min(width, height) / 8);
}

/** What is wanted, but never more than a fifth of all that is drawn on. */
function automaticFontSize({ picture, scale, frame }: Canvas): number {
  const side = Math.min(frame.xmax - frame.xmin, frame.ymax - frame.ymin);
  return Math.min(wantedFontSize(picture, scale), side / 5);
}

function isVisible({ xmin, ymin, xmax, ymax }: Box, { width, height }: ImageSize): boolean {
  return xmin <= width && xmax >= 0 && ymin <= height && ymax >= 0;
}

function drawObject(
  shape: Shape,
  size: ImageSize,
  lineWidth: number,
  colour: Colour,
  options: ParsedDrawingOptions,
): string {
  const { index, label, score, box, mask } = shape;
  const known = score === undefined ? '' : ` data-score="${score}"`;
  const facts = `data-index="${index}" data-label="${escapeXml(label)}"${known}`;
  const lines: string[] = [];
  if (mask !== undefined && options.showMasks) {
    const path = polygonPath(maskOutlines(mask));
    if (path !== '') {
      const look = `fill="${colour}" fill-opacity="${options.maskOpacity}" fill-rule="evenodd"`;
      lines.push(`<path class="mask" d="${path}" ${look} ${outline(colour, 0.7 * lineWidth)}/>`);
    }
  }
  if (options.showBoxes) lines.push(drawBox(box, size, lineWidth, colour));
  return `<g class="object" ${facts}>\n${lines.join('\n')}\n</g>`;
}

function outline(colour: Colour, width: number): string {
  return `stroke="${colour}" stroke-width="${round(width)}" stroke-linejoin="round"`;
}

/** The line of a box on a wider, translucent one of the opposite brightness: seen on any background. */
function drawBox(box: Box, size: ImageSize, lineWidth: number, colour: Colour): string {
  const edge = `stroke="${textColour(colour)}" stroke-opacity="0.55" stroke-width="${round(lineWidth + 2 * casing(lineWidth))}"`;
  // Renderers compute in 32 bits: what is far outside is moved to where the border hides it, and looks the same.
  const far = 4 * lineWidth;
  const x = round(Math.max(box.xmin, -far));
  const y = round(Math.max(box.ymin, -far));
  const right = round(Math.min(box.xmax, size.width + far));
  const bottom = round(Math.min(box.ymax, size.height + far));
  if (x === right || y === bottom) {
    // A rect without an area is not drawn; a line without a length is, with its ends.
    const line = `x1="${x}" y1="${y}" x2="${right}" y2="${bottom}" stroke-linecap="round"`;
    return `<line ${line} ${edge}/>\n<line class="box" ${line} ${outline(colour, lineWidth)}/>`;
  }
  const rect = `x="${x}" y="${y}" width="${round(right - x)}" height="${round(bottom - y)}" fill="none"`;
  return `<rect ${rect} ${edge} stroke-linejoin="round"/>\n<rect class="box" ${rect} ${outline(colour, lineWidth)}/>`;
}

function casing(lineWidth: number): number {
  return Math.max(Math.min(0.5, lineWidth / 2), 0.2 * lineWidth);
}

function polygonPath(polygons: readonly (readonly number[])[]): string {
  return polygons
    .map((polygon) => {
      const points: string[] = [];
      for (let i = 0; i + 1 < polygon.length; i += 2) {
        points.push(`${round(polygon[i] ?? 0)} ${round(polygon[i + 1] ?? 0)}`);
      }
      return points.length === 0 ? '' : `M${points.join('L')}Z`;
    })
    .join('');
}

interface Label {
  readonly shape: Shape;
  readonly line: TextLine;
  readonly plate: Plate;
}

interface PlacedLabel extends Label {
  readonly place: Box;
}

function drawLabels(
  shapes: readonly Shape[],
  canvas: Canvas,
  lineWidth: number,
  colourOf: (shape: Shape) => Colour,
  options: ParsedDrawingOptions,
): readonly string[] {
  let best: { readonly fontSize: number; readonly labels: readonly PlacedLabel[] } | undefined;
  const looks = labelLooks(canvas, options);
  for (const look of looks) {
    const { fontSize } = look;
    const wanted = shapes.flatMap((shape) => setLabel(shape, canvas, look) ?? []);
    // They would not fit side by side: placing them is in vain.
    if (coveredPart(wanted, canvas) > 1 && look !== looks.at(-1)) continue;
    const labels = placeLabels(wanted, canvas, lineWidth);
    // A smaller size is taken when it loses none, leaving out the scores only when it wins some.
    const least = (best?.labels.length ?? 0) + (look.showScores === options.showScores ? 0 : 1);
    if (labels.length >= least) best = { fontSize, labels };
    if (labels.length === wanted.length && coveredPart(labels, canvas) <= MOST_COVERED) break;
  }
  if (best === undefined) return [];
  const { fontSize, labels } = best;
  return labels.map((label) => drawLabel(label, fontSize, colourOf(label.shape)));
}

function placeLabels(
  labels: readonly Label[],
  { frame }: Canvas,
  lineWidth: number,
): readonly PlacedLabel[] {
  const places = placePlates(
    labels.map(({ plate }) => plate),
    frame,
    lineWidth / 2 + casing(lineWidth),
  );
  return labels.flatMap((label, i) => {
    const place = places[i];
    return place === undefined ? [] : [{ ...label, place }];
  });
}

function coveredPart(labels: readonly Label[], { frame }: Canvas): number {
  const pixels = labels.reduce((sum, { plate }) => sum + plate.width * plate.height, 0);
  return pixels / boxArea(frame);
}

/** How labels may look; the first is what is wanted. */
interface LabelLook {
  /** Pixels of the picture. */
  readonly fontSize: number;
  readonly showScores: boolean;
}

/** To be tried, largest first, the smallest also without scores; none when labels would not be readable. */
function labelLooks(
  canvas: Canvas,
  { fontSize: wanted, showScores }: ParsedDrawingOptions,
): readonly LabelLook[] {
  const { scale } = canvas;
  if (wanted !== undefined) return [{ fontSize: wanted / scale, showScores }];
  const largest = automaticFontSize(canvas);
  if (largest * scale < SMALLEST_FONT) return [];
  const looks = FONT_STEPS.map((step) => ({ fontSize: step * largest, showScores })).filter(
    ({ fontSize }, i) => i === 0 || fontSize * scale >= SMALLEST_CROWDED_FONT,
  );
  const smallest = looks.at(-1);
  return smallest?.showScores ? [...looks, { ...smallest, showScores: false }] : looks;
}

/** The text of a label and its plate, or undefined when it has no room or nothing to say. */
function setLabel(
  shape: Shape,
  { picture, frame }: Canvas,
  { fontSize, showScores }: LabelLook,
): Label | undefined {
  const height = PLATE_HEIGHT * fontSize;
  const [across, down] = [frame.xmax - frame.xmin, frame.ymax - frame.ymin];
  if (height > down) return undefined;
  const { units } = fontMetrics();
  const room = ((across - 2 * PLATE_PADDING * fontSize) * units) / fontSize;
  const text = cleanText(shape.label);
  const score = showScores ? (shape.score?.toFixed(2) ?? '') : '';
  const line = fitLine(text, score, room);
  if (line === undefined || line.text === '') return undefined;
  const anchor = clipBox(shape.box, picture);
  const width = (line.width * fontSize) / units + 2 * PLATE_PADDING * fontSize;
  // The line fits by its units; rounding must not push it out by a hair.
  return { shape, line, plate: { anchor, width: Math.min(width, across), height } };
}

/** Label and score; else with the label cut; else without the score; else not at all. */
function fitLine(text: string, score: string, room: number): TextLine | undefined {
  const suffix = text !== '' && score !== '' ? ` ${score}` : score;
  const whole = setLine(`${text}${suffix}`);
  if (whole.width <= room) return whole;
  return shortenLine(text, suffix, room) ?? shortenLine(text, '', room);
}

function drawLabel({ shape, line, place }: PlacedLabel, fontSize: number, colour: Colour): string {
  const { units, capHeight } = fontMetrics();
  const scale = fontSize / units;
  const x = place.xmin + PLATE_PADDING * fontSize;
  // Capitals stand in the middle of the plate.
  const y = (place.ymin + place.ymax + capHeight * scale) / 2;
  const width = place.xmax - place.xmin;
  const height = place.ymax - place.ymin;
  const rect = `x="${round(place.xmin)}" y="${round(place.ymin)}" width="${round(width)}" height="${round(height)}"`;
  return [
    `<g class="label" data-index="${shape.index}" data-font-size="${round(fontSize)}">`,
    `<title>${escapeXml(line.text)}</title>`,
    `<rect class="plate" ${rect} rx="${round(0.12 * fontSize)}" fill="${colour}"/>`,
    `<path class="text" transform="translate(${round(x)} ${round(y)}) scale(${scale.toPrecision(6)})" d="${line.path}" fill="${textColour(colour)}"/>`,
    '</g>',
  ].join('\n');
}

/** Thousandths: finer than any renderer draws. */
function round(value: number): number {
  // Adding 0 makes -0 a 0.
  return Math.round(value * 1000) / 1000 + 0;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Text for content and attributes, without the characters that XML 1.0 does not allow (section 2.2). */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? '');
}
