/**
 * A picture with results drawn on it, as a file in memory. What is drawn and where is svg.ts's.
 */
import { atCaller } from '../caller.js';
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
import type { ImageSize } from '../results/types.js';
import {
  type Canvas,
  canvasSize,
  plainCanvas,
  roomyCanvas,
  wantedFontSize,
  wideEnough,
  withBand,
} from './canvas.js';
import { type Caption, drawCaption, SURROUNDINGS, setCaption } from './caption.js';
import { type Drawable, readShapes, type Shape } from './shapes.js';
import { drawing } from './svg.js';

/** Longest side of a picture in pixels. JPEG: ITU-T T.81, 16 bits, of which libjpeg takes 65500. WebP: RFC 9649, 14 bits. */
const LONGEST_SIDE: Readonly<Partial<Record<AnnotationFormat, number>>> = {
  jpeg: 65_500,
  webp: 16_383,
  svg: 65_500,
};

/**
 * Draws `results` on the picture they were found in and returns the bytes of a picture file, upright, without metadata. With
 * `caption`, a text is on a band under it; with `roomy`, small pictures are enlarged and narrow ones get room along them.
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
  return atCaller(annotate, () => drawn(image, results, options));
}

async function drawn(
  image: ImageInput,
  results: Drawable,
  options: AnnotateOptions | undefined,
): Promise<Buffer> {
  const parsed = parseAnnotateOptions(options);
  const shapes = readShapes(results);
  const picture = await decodeImage(image, parsed);
  parsed.signal?.throwIfAborted();
  const { canvas, caption } = layOut(picture, parsed);
  checkSides(canvasSize(canvas), parsed.format);
  const more = caption === undefined ? '' : bandOf(canvas, caption);
  const bytes = await render(picture, shapes, canvas, more, parsed);
  parsed.signal?.throwIfAborted();
  return bytes;
}

/** The canvas with room for what was asked for. */
function layOut(
  picture: ImageSize,
  options: ParsedAnnotateOptions,
): { readonly canvas: Canvas; readonly caption: Caption | undefined } {
  const own = options.roomy ? roomyCanvas(picture) : plainCanvas(picture);
  const canvas = { ...own, picture: { width: picture.width, height: picture.height } };
  if (options.caption === undefined) return { canvas, caption: undefined };
  const { scale } = canvas;
  const letter = (options.fontSize ?? scale * wantedFontSize(picture, scale)) / scale;
  const wide = wideEnough(canvas, letter);
  const caption = setCaption(options.caption, wide.frame.xmax - wide.frame.xmin, letter);
  return caption === undefined
    ? { canvas, caption }
    : { canvas: withBand(wide, caption.height), caption };
}

function bandOf({ frame }: Canvas, caption: Caption): string {
  return drawCaption(caption, frame.xmin, frame.ymax - caption.height);
}

function checkSides({ width, height }: ImageSize, format: AnnotationFormat): void {
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
  canvas: Canvas,
  more: string,
  options: ParsedAnnotateOptions,
): Promise<Buffer> {
  const { data, width, height } = picture;
  const open = loadSharp();
  // Decoding has applied the caller's limit already.
  const base = open(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  if (options.format === 'svg') {
    const jpeg = await encode(base, 'jpeg', options.quality);
    const href = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    const image = `<image width="${width}" height="${height}" href="${href}"/>`;
    const background = surroundings(canvas) + image;
    return Buffer.from(drawing(shapes, canvas, options, { background, more }));
  }
  const overlay = Buffer.from(drawing(shapes, canvas, options, { more }));
  // unlimited: the SVG is ours, so that its length is no attack.
  const input = { input: overlay, left: 0, top: 0, limitInputPixels: false, unlimited: true };
  const whole = enlarged(base, canvas);
  return encode(whole.composite([input]).removeAlpha(), options.format, options.quality);
}

/** The picture in its place on the canvas. */
function enlarged(base: Sharp, canvas: Canvas): Sharp {
  const { picture, scale, frame } = canvas;
  const size = canvasSize(canvas);
  if (size.width === picture.width && size.height === picture.height) return base;
  const left = Math.round(-frame.xmin * scale);
  const top = Math.round(-frame.ymin * scale);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return base.resize(width, height, { fit: 'fill', kernel: 'cubic' }).extend({
    left,
    top,
    right: size.width - width - left,
    bottom: size.height - height - top,
    background: SURROUNDINGS,
  });
}

function surroundings({ frame, picture }: Canvas): string {
  const { xmin, ymin, xmax, ymax } = frame;
  if (xmax - xmin === picture.width && ymax - ymin === picture.height) return '';
  const size = `width="${xmax - xmin}" height="${ymax - ymin}"`;
  return `<rect x="${xmin}" y="${ymin}" ${size} fill="${SURROUNDINGS}"/>`;
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
