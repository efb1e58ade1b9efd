/** Options of which frames of a clip are taken. Taking them is in src/image-input/video.ts. */
import { makeError } from '../errors.js';
import { PIXEL_OPTIONS } from './image.js';
import {
  type Input,
  integer,
  number,
  type Parsed,
  parseOptions,
  type Same,
  SIGNAL_OPTIONS,
} from './option.js';

/** Which frames are taken. */
export const FRAME_OPTIONS = {
  count: integer({
    default: 16,
    min: 1,
    max: 128,
    unit: 'frames',
    doc: 'how many frames to take; a shorter clip is repeated from its start',
  }),
  stride: integer({
    default: undefined,
    min: 1,
    max: 1_000_000,
    unit: 'frames',
    doc: 'take every n-th frame from the first on; left out, frames are spread evenly over the clip',
  }),
  fps: number({
    default: undefined,
    min: 0,
    aboveMin: true,
    max: 1000,
    unit: 'frames per second',
    doc: 'take so many frames per second of the clip; not with stride, nor for lists of pictures',
  }),
};

export const VIDEO_OPTIONS = {
  ...FRAME_OPTIONS,
  timeoutMs: integer({
    default: 120_000,
    min: 1,
    max: 86_400_000,
    unit: 'ms',
    doc: 'stop ffmpeg when reading the file takes longer',
  }),
  ...PIXEL_OPTIONS,
  ...SIGNAL_OPTIONS,
};

/** Options of `videoFrames`. */
export interface VideoOptions {
  /** how many frames to take; a shorter clip is repeated from its start. Default 16, at most 128. */
  readonly count?: number | undefined;
  /** take every n-th frame from the first on; left out, frames are spread evenly over the clip. At least 1. */
  readonly stride?: number | undefined;
  /** take so many frames per second of the clip; not with stride, nor for lists of pictures. Above 0, at most 1000. */
  readonly fps?: number | undefined;
  /** stop ffmpeg when reading the file takes longer. Default 120,000 ms. */
  readonly timeoutMs?: number | undefined;
  /** turn the picture upright as its EXIF orientation says. Default true. */
  readonly upright?: boolean | undefined;
  /** what shows through transparent pictures; left out, transparency is dropped, as in training. Such as `#ffffff`. */
  readonly background?: string | undefined;
  /** refuse larger pictures before they are decoded. Default 50,000,000 pixels, at most 500,000,000. */
  readonly maxPixels?: number | undefined;
  /** abort the call; it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}
export type ParsedVideoOptions = Parsed<typeof VIDEO_OPTIONS>;

// Fails to compile when the interface and the declarations part ways.
true satisfies Same<VideoOptions, Input<typeof VIDEO_OPTIONS>>;

export function parseVideoOptions(options?: VideoOptions): ParsedVideoOptions {
  const parsed = parseOptions('videoFrames', VIDEO_OPTIONS, options);
  if (parsed.stride !== undefined && parsed.fps !== undefined) {
    throw makeError(
      'ERR_OPTION_RANGE',
      `options stride and fps are ${parsed.stride} and ${parsed.fps}, expected one of them`,
      { name: 'fps', found: `stride ${parsed.stride} as well`, expected: 'stride or fps' },
    );
  }
  return parsed;
}
