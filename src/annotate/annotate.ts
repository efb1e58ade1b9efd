/**
 * A picture with results drawn on it, as a file in memory. What is drawn and where is svg.ts's.
 */
import { fromNative, makeError, type PaliGemmaError } from '../errors.js';
import type { DecodedImage } from '../image-input/decode.js';
import { decodeImage } from '../image-input/prepare.js';
import type { ImageInput } from '../image-input/source.js';
import { loadSharp, type Sharp } from '../load-sharp.js';
import {
  type AnnotationFormat,
  type ParsedAnnotateOptions,
  parseAnnotateOptions,
} from '../options/annotate.js';
import { oneLine } from '../options/show.js';
import type { AnnotateOptions } from '../options/types.js';
import { type Drawable, readShapes, type Shape } from './shapes.js';
import { drawing } from './svg.js';

/** Longest side of a picture in pixels. JPEG: ITU-T T.81, 16 bits, of which libjpeg takes 65500. WebP: RFC 9649, 14 bits. */
const LONGEST_SIDE: Readonly<Partial<Record<AnnotationFormat, number>>> = {
  jpeg: 65_500,
  webp: 16_383,
  svg: 65_500,
};

/**
 * Draws `results` on the picture they were found in and returns the bytes of a picture file, upright, without metadata.
 * Results and picture are read before this returns. How the drawing looks is documented at annotationSvg.
 *
 * Rejects with ERR_OPTION_TYPE or ERR_OPTION_RANGE for options, for results that cannot be drawn and for pictures that
 * are longer than the format can hold; otherwise as decoding a picture does.
 *
 * @example
 * const { detections } = await model.detect('photo.jpg', ['cat', 'dog']);
 * await writeFile('annotated.png', await annotate('photo.jpg', detections));
 */
export async function annotate(
  image: ImageInput,
  results: Drawable,
  options?: AnnotateOptions,
): Promise<Buffer> {
  const parsed = parseAnnotateOptions(options);
  const shapes = readShapes(results);
  const picture = await decodeImage(image, parsed);
  parsed.signal?.throwIfAborted();
  checkSides(picture, parsed.format);
  const bytes = await render(picture, shapes, parsed);
  parsed.signal?.throwIfAborted();
  return bytes;
}

function checkSides({ width, height }: DecodedImage, format: AnnotationFormat): void {
  const longest = LONGEST_SIDE[format];
  if (longest === undefined || Math.max(width, height) <= longest) return;
  const found = `${width} x ${height} pixels`;
  const expected = `at most ${longest} pixels on either side for ${format}`;
  throw makeError('ERR_OPTION_RANGE', `the picture has ${found}, expected ${expected}`, {
    name: 'format',
    found,
    expected,
    hint: 'use the format png',
  });
}

async function render(
  picture: DecodedImage,
  shapes: readonly Shape[],
  options: ParsedAnnotateOptions,
): Promise<Buffer> {
  const { data, width, height } = picture;
  const open = loadSharp();
  // Decoding has applied the caller's limit already.
  const base = open(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  if (options.format === 'svg') {
    const jpeg = await encode(base, 'jpeg', options.quality);
    const href = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    const background = `<image width="${width}" height="${height}" href="${href}"/>`;
    return Buffer.from(drawing(shapes, picture, options, background));
  }
  const overlay = Buffer.from(drawing(shapes, picture, options));
  // unlimited: the SVG is ours, so that its length is no attack.
  const input = { input: overlay, left: 0, top: 0, limitInputPixels: false, unlimited: true };
  return encode(base.composite([input]).removeAlpha(), options.format, options.quality);
}

async function encode(
  pipeline: Sharp,
  format: 'png' | 'jpeg' | 'webp',
  quality: number,
): Promise<Buffer> {
  try {
    switch (format) {
      case 'png':
        return await pipeline.png().toBuffer();
      case 'jpeg':
        // Halved colour would fray coloured lines and letters.
        return await pipeline.jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
      case 'webp':
        return await pipeline.webp({ quality, smartSubsample: true }).toBuffer();
    }
  } catch (error) {
    throw encodeFailure(error, format);
  }
}

function encodeFailure(error: unknown, format: string): Error | PaliGemmaError {
  const message = error instanceof Error ? error.message : String(error);
  if (!/out of memory|bad_alloc/i.test(message)) return fromNative(error);
  return makeError(
    'ERR_OUT_OF_MEMORY',
    `no memory to write a ${format} file: ${oneLine(message)}`,
    {
      name: format,
      cause: error,
    },
  );
}
