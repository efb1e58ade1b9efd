/**
 * Clips to lists of frames: lists of pictures, animated GIF and WebP, and video files. Source of the sampling: spec
 * section 4.4. Frames become pixels of the model's size where all pictures do, in src/image-input/prepare.ts.
 */
import { open } from 'node:fs/promises';
import { atCaller } from '../caller.js';
import { makeError, PaliGemmaError } from '../errors.js';
import { loadSharp } from '../load-sharp.js';
import { reading } from '../options/read.js';
import type { VideoOptions } from '../options/types.js';
import { type ParsedVideoOptions, parseVideoOptions } from '../options/video.js';
import { type DecodedImage, decodeFile, readPages } from './decode.js';
import { countFrames, type FilmRequest, MAX_FRAME_SIDE, readFrames, unreadable } from './ffmpeg.js';
import { SNIFF_BYTES, sniff } from './format.js';
import {
  type ImageInput,
  type ImageSource,
  notAnImage,
  type RawPixels,
  readSource,
  takeSource,
} from './source.js';

/**
 * A clip: pictures in their order, or one file. A file is a path, a `file:` URL object or a `data:` URL, or the bytes of
 * an animated GIF or WebP or of a TIFF, whose pages are frames; video files are read from paths only. A still picture is a
 * clip of one frame.
 */
export type VideoInput = readonly ImageInput[] | ImageInput;

type FileSource = Extract<ImageSource, { kind: 'path' | 'data-url' | 'bytes' | 'blob' }>;

/** What `sniff` calls files that ffmpeg may read. Unknown data too: MPEG streams and FLV. Never text: playlists name other files. */
const FILM = /video|^an MP4|^an Ogg|^unknown data/;

/**
 * `count` frames of a clip, spread evenly over it, or by `stride` or `fps` from its start. A clip with fewer frames is
 * repeated from its start until there are enough, as the reference does. Frames of files are RGB, composed and upright, at
 * most 896 pixels wide and high; pictures of a list come back as they were given, not yet read.
 *
 * Rejects with ERR_OPTION_RANGE (an empty list), ERR_IMAGE_NOT_FOUND, ERR_IMAGE_FORMAT (no clip, or ffmpeg cannot read
 * it), ERR_IMAGE_CORRUPT, ERR_IMAGE_TOO_LARGE, ERR_BINARY_NOT_FOUND (no ffmpeg), or the reason of the signal.
 *
 * @example
 * const frames = await videoFrames('film.mp4', { count: 16 });
 */
export async function videoFrames(
  source: VideoInput,
  options: VideoOptions = {},
): Promise<ImageInput[]> {
  return atCaller(videoFrames, () => framesOf(source, options));
}

async function framesOf(source: VideoInput, options: VideoOptions): Promise<ImageInput[]> {
  const parsed = parseVideoOptions(options);
  parsed.signal?.throwIfAborted();
  const frames = reading('source', 'pictures, or a clip', () =>
    Array.isArray(source) ? [...(source as readonly ImageInput[])] : undefined,
  );
  if (frames !== undefined) return listFrames(frames, parsed);
  const taken = takeSource(source as ImageInput, parsed.maxPixels);
  if (taken.kind === 'sharp') return tiled([taken.pipeline], parsed.count);
  if (taken.kind === 'pixels') return tiled([taken.pixels], parsed.count);
  const bytes = await readPicture(taken);
  parsed.signal?.throwIfAborted();
  if (bytes !== undefined) return animationFrames(bytes, taken.label, parsed);
  if (taken.kind !== 'path') {
    throw unreadable(taken, 'is a video in memory, expected its path', {
      hint: 'save it to a file first',
    });
  }
  return filmFrames({ ...parsed, path: taken.path, label: taken.label }, parsed);
}

/**
 * Indices of `count` of `total` frames: the middles of `count` equal parts of the clip, so that neither end is favoured;
 * or every `stride`-th. A clip with too few frames begins again.
 */
export function sampleFrames(total: number, count: number, stride?: number): number[] {
  const distinct =
    stride === undefined
      ? total < count
        ? Array.from({ length: total }, (_, i) => i)
        : Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count))
      : Array.from({ length: Math.min(count, Math.ceil(total / stride)) }, (_, i) => i * stride);
  return tiled(distinct, count);
}

/** `count` items: all, then again from the first. */
function tiled<T>(items: readonly T[], count: number): T[] {
  // Indices below the length exist.
  return Array.from({ length: count }, (_, i) => items[i % items.length] as T);
}

function listFrames(list: readonly ImageInput[], options: ParsedVideoOptions): ImageInput[] {
  if (list.length === 0) {
    throw makeError(
      'ERR_OPTION_RANGE',
      'the list of frames is empty, expected at least one picture',
      {
        name: 'video',
        found: 'an empty list',
        expected: 'at least one picture',
      },
    );
  }
  if (options.fps !== undefined) {
    throw noTimes(options.fps, 'a list of pictures');
  }
  const frames = [...list];
  return sampleFrames(frames.length, options.count, options.stride).map(
    (index) => frames[index] as ImageInput,
  );
}

/** The bytes of a picture, or undefined for a file that may be a video; throws for any other. */
async function readPicture(source: FileSource): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readSource(source);
    const sniffed = sniff(bytes);
    if ('format' in sniffed) return bytes;
    if (FILM.test(sniffed.looksLike)) return undefined;
    throw notAnImage(source.label, sniffed.looksLike);
  } catch (error) {
    if (source.kind !== 'path' || !(error instanceof PaliGemmaError)) throw error;
    // The size limit of pictures comes before the look inside; films may be larger.
    const looksLike =
      error.code === 'ERR_IMAGE_TOO_LARGE' ? await looksOf(source.path) : error.found;
    const isFilm =
      (error.code === 'ERR_IMAGE_FORMAT' || error.code === 'ERR_IMAGE_TOO_LARGE') &&
      FILM.test(looksLike ?? '');
    if (isFilm) return undefined;
    if (error.code !== 'ERR_IMAGE_FORMAT') throw error;
    throw unreadable(source, `is ${looksLike}`);
  }
}

async function looksOf(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    const sniffed = sniff(buffer.subarray(0, bytesRead));
    return 'looksLike' in sniffed ? sniffed.looksLike : undefined;
  } finally {
    await file.close();
  }
}

/** Frames of an animation, or pages of a TIFF in their place. */
async function animationFrames(
  bytes: Uint8Array,
  label: string,
  options: ParsedVideoOptions,
): Promise<ImageInput[]> {
  const { count: pages, delay } = await readPages(bytes, label);
  const { count, stride, fps } = options;
  if (fps !== undefined && pages > 1 && delay === undefined) throw noTimes(fps, label);
  const wanted =
    fps === undefined || delay === undefined
      ? sampleFrames(pages, count, stride)
      : tiled(timedFrames(pages, delay, fps, count), count);
  const read = new Map<number, RawPixels>();
  for (const page of wanted) {
    if (read.has(page)) continue;
    options.signal?.throwIfAborted();
    // A page is the whole picture as it is shown: what the frames before left is under it.
    const name = page === 0 ? label : `frame ${page} of ${label}`;
    const frame = await decodeFile(bytes, name, { ...options, page });
    read.set(page, { ...(pages > 1 ? await limitSide(frame) : frame), channels: 3 });
  }
  return wanted.map((page) => read.get(page) as RawPixels);
}

/** Many frames of many pixels would take more memory than any model sees of them. */
async function limitSide(frame: DecodedImage): Promise<DecodedImage> {
  const { data, width, height } = frame;
  if (Math.max(width, height) <= MAX_FRAME_SIDE) return frame;
  const small = await loadSharp()(data, { raw: { width, height, channels: 3 } })
    .resize({ width: MAX_FRAME_SIDE, height: MAX_FRAME_SIDE, fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: small.data, width: small.info.width, height: small.info.height };
}

function noTimes(fps: number, what: string): PaliGemmaError {
  return makeError('ERR_OPTION_RANGE', `option fps is ${fps}, but ${what} has no times`, {
    name: 'fps',
    found: String(fps),
    expected: 'stride, or a film or an animation',
  });
}

/** The frames that are seen at 0, 1 / fps, 2 / fps … seconds. `delay`: how long each is shown, in ms. */
function timedFrames(
  pages: number,
  delay: readonly number[],
  fps: number,
  count: number,
): number[] {
  const frames: number[] = [];
  let end = 0;
  for (let page = 0; page < pages; page++) {
    // Browsers show frames without a delay, or with hardly any, for 100 ms.
    const shown = delay[page] ?? 0;
    end += shown > 10 ? shown : 100;
    while (frames.length < count && (frames.length * 1000) / fps < end) frames.push(page);
  }
  return frames;
}

async function filmFrames(film: FilmRequest, options: ParsedVideoOptions): Promise<ImageInput[]> {
  const { count, stride, fps } = options;
  // Asked in any case: the size is checked before the first frame is decoded.
  let total = await countFrames(film, 'packets');
  if (stride !== undefined || fps !== undefined) {
    const frames =
      stride !== undefined
        ? await readFrames(film, { kind: 'stride', stride, count })
        : await readFrames(film, { kind: 'fps', fps: fps ?? 1, count });
    if (frames.length === 0) throw unreadable(film, 'has no frame that can be decoded');
    return tiled(frames, count);
  }
  // A packet need not be a frame: two fields may be two packets, and the last ones may be damaged. Then count for good.
  for (const by of ['packets', 'frames'] as const) {
    if (by === 'frames') total = await countFrames(film, 'frames');
    if (total === 0) continue;
    const wanted = sampleFrames(total, count);
    const indices = [...new Set(wanted)];
    const frames = await readFrames(film, { kind: 'indices', indices });
    if (frames.length === indices.length) {
      return wanted.map((index) => frames[indices.indexOf(index)] as RawPixels);
    }
  }
  throw unreadable(film, 'has no frame that can be decoded');
}
