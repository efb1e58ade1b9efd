/** Options of which frames of a clip are taken. Taking them is in src/image-input/video.ts. */
import { makeError } from '../errors.js';
import { PIXEL_OPTIONS } from './image.js';
import { integer, number, type Parsed, parseOptions, SIGNAL_OPTIONS } from './option.js';
import type { VideoOptions } from './types.js';

/** How many frames there may be. */
export const FRAME_COUNTS = { min: 1, max: 128, unit: 'frames' };
/** What checkpoints for clips were trained with (spec section 4.4). */
export const USUAL_FRAMES = 16;

/** Which frames are taken. */
export const FRAME_OPTIONS = {
  count: integer({
    ...FRAME_COUNTS,
    default: USUAL_FRAMES,
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

export type ParsedVideoOptions = Parsed<typeof VIDEO_OPTIONS>;

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
