/** Options of `annotate` and `annotationSvg`. What they do is in src/annotate. */
import { ENCODE_OPTIONS } from './image.js';
import { MAX_PROMPT_LENGTH } from './limits.js';
import { boolean, integer, number, oneOf, type Parsed, parseOptions, string } from './option.js';
import type { AnnotateOptions, DrawingOptions } from './types.js';

export const ANNOTATION_FORMATS = ['png', 'jpeg', 'webp', 'svg'] as const;
export type AnnotationFormat = (typeof ANNOTATION_FORMATS)[number];

export const PALETTE_NAMES = ['okabe-ito', 'tol-bright', 'tol-muted', 'tol-light'] as const;
export type PaletteName = (typeof PALETTE_NAMES)[number];

/** How results are drawn, whatever they are drawn on. */
export const DRAWING_OPTIONS = {
  palette: oneOf(PALETTE_NAMES, {
    default: 'okabe-ito',
    doc: 'colours to choose from, safe for the colour-blind: 7, 7, 10 and 9 of them',
  }),
  showBoxes: boolean({ default: true, doc: 'draw the boxes' }),
  showMasks: boolean({ default: true, doc: 'draw the masks of segments' }),
  showLabels: boolean({ default: true, doc: 'write the labels' }),
  showScores: boolean({ default: true, doc: 'write the scores after the labels' }),
  lineWidth: number({
    default: undefined,
    min: 0,
    aboveMin: true,
    max: 1000,
    unit: 'pixels',
    doc: 'width of the lines; left out, it follows from the picture',
  }),
  fontSize: number({
    default: undefined,
    min: 1,
    max: 1000,
    unit: 'pixels',
    doc: 'size of the letters; left out, it follows from the picture, and is smaller in crowded ones',
  }),
  maskOpacity: number({
    default: 0.4,
    min: 0,
    max: 1,
    doc: 'how much a mask covers what is under it',
  }),
};

/** What kind of file. */
export const FILE_OPTIONS = {
  format: oneOf(ANNOTATION_FORMATS, {
    default: 'png',
    doc: 'kind of the file; svg embeds the picture as JPEG',
  }),
  quality: integer({
    default: 90,
    min: 1,
    max: 100,
    doc: 'quality of JPEG and WebP, also of the JPEG inside an SVG',
  }),
  caption: string<string, string | undefined>({
    default: undefined,
    minLength: 0,
    maxLength: MAX_PROMPT_LENGTH,
    doc: 'text for a band under the picture, which makes the file higher; long lines are wrapped',
  }),
  roomy: boolean({
    default: false,
    doc: 'enlarge small pictures and add room along narrow ones, so that labels can be read',
  }),
};

export const ANNOTATE_OPTIONS = { ...FILE_OPTIONS, ...DRAWING_OPTIONS, ...ENCODE_OPTIONS };

export type ParsedDrawingOptions = Parsed<typeof DRAWING_OPTIONS>;
export type ParsedAnnotateOptions = Parsed<typeof ANNOTATE_OPTIONS>;

export function parseDrawingOptions(options?: DrawingOptions): ParsedDrawingOptions {
  return parseOptions('annotationSvg', DRAWING_OPTIONS, options);
}

export function parseAnnotateOptions(options?: AnnotateOptions): ParsedAnnotateOptions {
  return parseOptions('annotate', ANNOTATE_OPTIONS, options);
}
