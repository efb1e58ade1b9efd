/** Small pictures for a page, together no larger than it may be. */
import path from 'node:path';
import { decodeImage } from '../../image-input/prepare.js';
import { loadSharp } from '../../load-sharp.js';
import { showThrown } from '../../options/show.js';

export interface Thumb {
  readonly webp: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Or why there is none. */
export type PictureOrReason = Thumb | { readonly reason: string };

/** Pixels of the longer side and WebP's quality: the first with which all pictures fit. */
const STEPS = [
  [320, 72],
  [320, 50],
  [256, 45],
  [192, 40],
  [128, 35],
  [96, 25],
] as const;
const [[LARGEST]] = STEPS;
const MAX_PIXELS = 100_000_000;

interface Small {
  readonly pixels: Buffer;
  readonly width: number;
  readonly height: number;
}

export type Thumbs = ReadonlyMap<string, PictureOrReason>;

/** Bytes of a page with all that is in it. */
const MOST_BYTES = 3_000_000;

interface Reading {
  /** What relative paths are relative to. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** A page that its pictures keep within its size: it is built without them, and then with what is left for them. */
export async function withPictures(
  images: readonly string[],
  build: (thumbs: Thumbs) => string,
  reading: Reading,
): Promise<string> {
  const left = MOST_BYTES - Buffer.byteLength(build(new Map()));
  // Elements around the pictures take something as well.
  const budget = Math.max(0, left - 400 * images.length);
  return build(await readThumbs(images, budget, reading));
}

/**
 * By path. Pictures that cannot be read have a reason.
 *
 * @param budget bytes of base64 of all pictures together; with the last step they may be more
 */
async function readThumbs(
  images: readonly string[],
  budget: number,
  { folder, signal }: Reading,
): Promise<Thumbs> {
  const small = new Map<string, Small | { readonly reason: string }>();
  for (const image of new Set(images)) {
    signal?.throwIfAborted();
    small.set(image, await readSmall(path.resolve(folder, image), signal));
  }
  let thumbs = new Map<string, PictureOrReason>();
  for (const [side, quality] of STEPS) {
    thumbs = new Map();
    let size = 0;
    for (const [image, one] of small) {
      signal?.throwIfAborted();
      const thumb = 'reason' in one ? one : await encode(one, side, quality);
      thumbs.set(image, thumb);
      const times = images.filter((other) => other === image).length;
      // Three bytes are four characters.
      if ('webp' in thumb) size += (times * thumb.webp.length * 4) / 3;
    }
    if (size <= budget) break;
  }
  return thumbs;
}

async function readSmall(
  file: string,
  signal: AbortSignal | undefined,
): Promise<Small | { readonly reason: string }> {
  try {
    const options = { upright: true, maxPixels: MAX_PIXELS, signal };
    const { data, width, height } = await decodeImage(file, options);
    const raw = { width, height, channels: 3 } as const;
    const resized = loadSharp()(data, { raw })
      .resize(LARGEST, LARGEST, { fit: 'inside', withoutEnlargement: true })
      .raw();
    const { data: pixels, info } = await resized.toBuffer({ resolveWithObject: true });
    return { pixels, width: info.width, height: info.height };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { reason: showThrown(error) };
  }
}

async function encode(
  { pixels, width, height }: Small,
  side: number,
  quality: number,
): Promise<Thumb> {
  const { data, info } = await loadSharp()(pixels, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality, effort: 5 })
    .toBuffer({ resolveWithObject: true });
  return { webp: data, width: info.width, height: info.height };
}
