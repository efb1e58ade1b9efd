/** Options of how a picture is read, shared by every call that takes one. Decoding itself is in src/image-input.ts. */
import {
  boolean,
  type Input,
  integer,
  type Parsed,
  parseOptions,
  type Same,
  signal,
} from './option.js';

export const IMAGE_OPTIONS = {
  upright: boolean({
    default: true,
    doc: 'turn the picture upright as its EXIF orientation says',
  }),
  maxPixels: integer({
    default: 50_000_000,
    min: 1,
    max: 500_000_000,
    unit: 'pixels',
    doc: 'refuse larger pictures before they are decoded',
  }),
};

export const ENCODE_OPTIONS = {
  ...IMAGE_OPTIONS,
  signal: signal({ doc: 'abort the call; it rejects with the reason of the signal' }),
};

/** Options of `encode`. */
export interface EncodeOptions {
  /** turn the picture upright as its EXIF orientation says. Default true. */
  readonly upright?: boolean | undefined;
  /** refuse larger pictures before they are decoded. Default 50,000,000 pixels, at most 500,000,000. */
  readonly maxPixels?: number | undefined;
  /** abort the call; it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}
export type ParsedEncodeOptions = Parsed<typeof ENCODE_OPTIONS>;

// Fails to compile when the interface and the declarations part ways.
true satisfies Same<EncodeOptions, Input<typeof ENCODE_OPTIONS>>;

export function parseEncodeOptions(options?: EncodeOptions): ParsedEncodeOptions {
  return parseOptions('encode', ENCODE_OPTIONS, options);
}
