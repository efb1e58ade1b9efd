/** Options of how a picture is read, shared by every call that takes one. Decoding itself is in src/image-input/prepare.ts. */
import {
  boolean,
  integer,
  type Parsed,
  parseOptions,
  SIGNAL_OPTIONS,
  signal,
  string,
} from './option.js';
import type { EncodeOptions, PagesOptions } from './types.js';

/** How pixels are read, of whatever they are. */
export const PIXEL_OPTIONS = {
  upright: boolean({
    default: true,
    doc: 'turn the picture upright as its EXIF orientation says',
  }),
  background: string({
    placeholder: 'colour',
    default: undefined,
    minLength: 4,
    maxLength: 7,
    examples: ['#ffffff', '#000'],
    form: { pattern: /^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/, words: 'a colour such as "#ffffff"' },
    doc: 'what shows through transparent pictures; left out, transparency is dropped, as in training',
  }),
  maxPixels: integer({
    default: 50_000_000,
    min: 1,
    max: 500_000_000,
    unit: 'pixels',
    doc: 'refuse larger pictures before they are decoded',
  }),
};

export const IMAGE_OPTIONS = {
  page: integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'which page of a TIFF, or frame of an animation, counted from 0',
  }),
  ...PIXEL_OPTIONS,
};

export const ENCODE_OPTIONS = { ...IMAGE_OPTIONS, ...SIGNAL_OPTIONS };

export type ParsedEncodeOptions = Parsed<typeof ENCODE_OPTIONS>;

export function parseEncodeOptions(options?: EncodeOptions): ParsedEncodeOptions {
  return parseOptions('encode', ENCODE_OPTIONS, options);
}

export const PAGES_OPTIONS = {
  ...PIXEL_OPTIONS,
  signal: signal({ doc: 'end the pages; the loop rejects with the reason of the signal' }),
};

export type ParsedPagesOptions = Parsed<typeof PAGES_OPTIONS>;

export function parsePagesOptions(options?: PagesOptions): ParsedPagesOptions {
  return parseOptions('pages', PAGES_OPTIONS, options);
}
