/**
 * Bytes to 8-bit RGB as PIL's `convert('RGB')` would: alpha dropped and not blended, unless there is a background; grey
 * three times, 16 bit shifted to 8, colour profiles ignored. sharp decodes, but for BMP. Where bytes come from and
 * resizing live elsewhere.
 */
import { makeError, type PaliGemmaError } from '../errors.js';
import { loadSharp, type Metadata, type Sharp } from '../load-sharp.js';
import { oneLine } from '../options/show.js';
import { checkAnnouncedSizes } from './avif.js';
import { decodeBmp } from './bmp.js';
import { channelsToRgb, cmykToRgb, parseColour, ycbcrToRgb } from './colours.js';
import { type ImageFormat, sniff } from './format.js';
import { fillUndrawn, isInside, readFrames, withoutTransparency } from './gif.js';
import { noSuchPage, notAnImage, type RawPixels, tooManyPixels } from './source.js';
import {
  asRgb,
  JPEG_COMPRESSIONS,
  PHOTOMETRIC,
  readTiffPage,
  type TiffPage,
  UNCOMPRESSED,
  UNREADABLE_COMPRESSIONS,
} from './tiff.js';

/** Interleaved RGB, 8 bit: width * height * 3 bytes. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** How pictures are read: the part of a call's options that concerns them. */
export interface DecodeOptions {
  readonly upright: boolean;
  readonly maxPixels: number;
  /** Which page or frame, from 0; left out, the first. */
  readonly page?: number | undefined;
  /** `#rrggbb`, what shows through; left out, alpha is dropped. */
  readonly background?: string | undefined;
}

/** sharp's name of a format, where it is not ours. */
const SHARP_NAMES: Readonly<Partial<Record<ImageFormat, string>>> = { avif: 'heif' };

const COLOUR_SPACES = new Set(['srgb', 'b-w', 'cmyk', 'rgb', 'rgb16', 'grey16']);

/**
 * libjpeg warns of these in files that real cameras write and that decode completely; any other warning means damaged
 * pixels. PIL shows no warning at all.
 */
const HARMLESS = /^VipsJpeg: (Invalid SOS parameters|Corrupt JPEG data: \d+ extraneous bytes)/;

/**
 * Decodes a whole file in memory. Throws ERR_IMAGE_FORMAT, ERR_IMAGE_CORRUPT, ERR_IMAGE_TOO_LARGE or ERR_IMAGE_PAGE.
 */
export async function decodeFile(
  bytes: Uint8Array,
  label: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const sniffed = sniff(bytes);
  if ('looksLike' in sniffed) throw notAnImage(label, sniffed.looksLike);
  const { page = 0 } = options;
  switch (sniffed.format) {
    case 'bmp':
      if (page > 0) throw noSuchPage(label, page, 1);
      return decodePixels(await decodeBmp(bytes, label, options.maxPixels), options);
    case 'gif':
      return decodeGif(bytes, label, options);
    case 'tiff':
      return decodeTiff(bytes, label, options);
    case 'avif':
      checkAnnouncedSizes(bytes, label);
      return toRgb(await decodeBySharp(bytes, 'avif', label, options), options);
    default:
      return toRgb(await decodeBySharp(bytes, sniffed.format, label, options), options);
  }
}

/** Pages of a file, or frames of an animation. */
export interface Pages {
  readonly count: number;
  /** How long each frame is shown, in ms; undefined for what does not move. */
  readonly delay: readonly number[] | undefined;
}

/** How many pages or frames a file has. Throws as decodeFile does for what is no picture. */
export async function readPages(bytes: Uint8Array, label: string): Promise<Pages> {
  const sniffed = sniff(bytes);
  if ('looksLike' in sniffed) throw notAnImage(label, sniffed.looksLike);
  if (sniffed.format === 'bmp') return { count: 1, delay: undefined };
  if (sniffed.format === 'avif') checkAnnouncedSizes(bytes, label);
  const readable = sniffed.format === 'tiff' ? readableTiff(bytes, label, 0).bytes : bytes;
  const file = loadSharp()(readable, { limitInputPixels: false });
  const { pages = 1, delay } = await readMetadata(file, label);
  return { count: pages, delay };
}

async function decodeGif(
  bytes: Uint8Array,
  label: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { page = 0, background } = options;
  const frames = background === undefined ? readFrames(bytes, page) : [];
  const [first] = frames;
  if (first === undefined) {
    return toRgb(await decodeBySharp(bytes, 'gif', label, options), options);
  }
  if (page > 0) {
    const composed = await decodeBySharp(bytes, 'gif', label, options, true);
    const { data, channels } = composed;
    if (channels === 4) await fillUndrawn(composed, frames, (at) => data[4 * at + 3] === 0);
    return toRgb(composed, options);
  }
  const opaque = withoutTransparency(bytes, first);
  const image = await toRgb(await decodeBySharp(opaque, 'gif', label, options), options);
  const { width } = image;
  const isOutside = (at: number) => !isInside(first, at % width, Math.floor(at / width));
  const { left, top } = first;
  const isWhole = left + top === 0 && first.width >= width && first.height >= image.height;
  if (!isWhole) await fillUndrawn({ ...image, channels: 3 }, frames, isOutside);
  return image;
}

async function decodeTiff(
  bytes: Uint8Array,
  label: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { bytes: readable, ycbcr } = readableTiff(bytes, label, options.page ?? 0);
  const image = await toRgb(await decodeBySharp(readable, 'tiff', label, options), options);
  if (ycbcr !== undefined) await ycbcrToRgb(image.data, ycbcr);
  return image;
}

/** A TIFF file in a form that libvips reads right, and whose rounding its YCbCr samples need if they are such. */
function readableTiff(
  bytes: Uint8Array,
  label: string,
  page: number,
): { bytes: Uint8Array; ycbcr?: 'pillow' | 'libtiff' } {
  const directory = readTiffPage(bytes, page);
  if (directory === undefined) return { bytes };
  const { photometric, compression, rawPhoto } = directory;
  if (rawPhoto !== undefined) throw notAnImage(label, rawPhoto);
  const method = UNREADABLE_COMPRESSIONS.get(compression);
  if (method !== undefined) throw notAnImage(label, `a TIFF picture compressed with ${method}`);
  const refused = refusedColours(directory);
  if (refused !== undefined) throw notAnImage(label, `a TIFF picture in ${refused} colours`);
  if (photometric !== PHOTOMETRIC.ycbcr || JPEG_COMPRESSIONS.includes(compression)) {
    return { bytes };
  }
  const ycbcr = compression === UNCOMPRESSED ? 'pillow' : 'libtiff';
  return { bytes: asRgb(bytes, directory), ycbcr };
}

function refusedColours({
  photometric,
  compression,
  subsampling,
  bitsPerSample,
}: TiffPage): string | undefined {
  if (photometric >= PHOTOMETRIC.lab && photometric <= 10) return 'LAB';
  if (photometric !== PHOTOMETRIC.ycbcr || JPEG_COMPRESSIONS.includes(compression)) {
    return undefined;
  }
  if (bitsPerSample !== 8) return `${bitsPerSample}-bit YCbCr`;
  return subsampling.every((n) => n === 1) ? undefined : 'subsampled YCbCr';
}

/** The pixels of a page. Alpha stays when it is asked for or when there is a background. */
async function decodeBySharp(
  bytes: Uint8Array,
  format: ImageFormat,
  label: string,
  options: DecodeOptions,
  keepAlpha = options.background !== undefined,
): Promise<Rendered> {
  const open = loadSharp();
  const { page = 0, maxPixels } = options;
  const input = { ignoreIcc: true, autoOrient: options.upright, limitInputPixels: maxPixels };
  const first = await readMetadata(open(bytes, { ...input, limitInputPixels: false }), label);
  checkFormat(first, format, label);
  const { pages = 1 } = first;
  if (page >= pages) throw noSuchPage(label, page, pages);
  const metadata =
    page === 0
      ? first
      : await readMetadata(open(bytes, { ...input, page, limitInputPixels: false }), label);
  checkMetadata(metadata, label, maxPixels);
  const isCmyk = metadata.space === 'cmyk';
  const decode = (failOn: 'warning' | 'error'): Promise<Rendered> => {
    const pipeline = open(bytes, { ...input, page, failOn });
    return render(isCmyk ? pipeline.pipelineColourspace('cmyk') : pipeline, { isCmyk, keepAlpha });
  };
  return decode('warning').catch((error: unknown) => {
    if (!isHarmless(error)) throw damaged(label, format, error);
    return decode('error').catch((again: unknown) => {
      throw damaged(label, format, again);
    });
  });
}

/** Runs a caller's pipeline as it is, made upright first if asked. Its own limits apply as well as ours. */
export async function decodePipeline(
  pipeline: Sharp,
  label: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  if ((options.page ?? 0) > 0) throw pageOfPipeline(options.page ?? 0);
  const metadata = await readMetadata(pipeline, label);
  checkSize(metadata.width, metadata.height, label, options.maxPixels);
  if (options.upright) turnUpright(pipeline);
  const keepAlpha = options.background !== undefined;
  const rendered = await render(pipeline, { isCmyk: false, keepAlpha }).catch((error: unknown) => {
    throw damaged(label, metadata.format, error);
  });
  checkSize(rendered.width, rendered.height, label, options.maxPixels);
  return toRgb(rendered, options);
}

function turnUpright(pipeline: Sharp): void {
  if (typeof pipeline.autoOrient === 'function') {
    pipeline.autoOrient();
    return;
  }
  // sharp 0.33 has rotate() for it, which would take the place of an angle that the caller has set.
  const { angle, rotationAngle } = (
    pipeline as Sharp & {
      readonly options: { readonly angle?: number; readonly rotationAngle?: number };
    }
  ).options;
  if (!angle && !rotationAngle) pipeline.rotate();
}

function pageOfPipeline(page: number): PaliGemmaError {
  return makeError(
    'ERR_OPTION_RANGE',
    `option page is ${page}, but a sharp pipeline has chosen its page already`,
    {
      name: 'page',
      found: String(page),
      expected: 'no page for a sharp pipeline',
      hint: `make it with sharp(file, { page: ${page} })`,
    },
  );
}

/** Raw pixels of any channel count to RGB. */
export async function decodePixels(
  { data, width, height, channels }: RawPixels,
  { page = 0, background }: DecodeOptions,
): Promise<DecodedImage> {
  if (page > 0) throw noSuchPage('raw image', page, 1);
  if (channels === 3) return { data: data as Uint8Array, width, height };
  const colour = background === undefined ? undefined : parseColour(background);
  return { data: await channelsToRgb(data, width * height, channels, colour), width, height };
}

interface Rendered {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly isCmyk: boolean;
}

async function render(
  pipeline: Sharp,
  { isCmyk, keepAlpha }: { readonly isCmyk: boolean; readonly keepAlpha: boolean },
): Promise<Rendered> {
  // removeAlpha takes the channel away without multiplying by it, as PIL does.
  const { data, info } = await (keepAlpha && !isCmyk ? pipeline : pipeline.removeAlpha())
    .toColourspace(isCmyk ? 'cmyk' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels, isCmyk };
}

/** One or two channels: a pipeline that ends in grey. */
async function toRgb(rendered: Rendered, options: DecodeOptions): Promise<DecodedImage> {
  const { data, width, height, channels, isCmyk } = rendered;
  const isExpected = isCmyk ? channels === 4 : channels >= 1 && channels <= 4;
  if (!isExpected || data.length !== width * height * channels) {
    throw makeError(
      'ERR_ENGINE_INTERNAL',
      `sharp returned ${data.length} bytes in ${channels} channels for ${width} x ${height}`,
    );
  }
  if (isCmyk) return { data: await cmykToRgb(data, width * height), width, height };
  const pixels = { data, width, height, channels: channels as RawPixels['channels'] };
  return decodePixels(pixels, { ...options, page: 0 });
}

function checkFormat(metadata: Metadata, format: ImageFormat, label: string): void {
  // Two opinions about one file are one too many: ours let it pass, so sharp must agree.
  const isHevc = format === 'avif' && metadata.compression !== 'av1';
  if (metadata.format !== (SHARP_NAMES[format] ?? format) || isHevc) {
    throw notAnImage(label, isHevc ? 'a HEIC picture' : String(metadata.format));
  }
}

function checkMetadata(metadata: Metadata, label: string, maxPixels: number): void {
  checkSize(metadata.width, metadata.height, label, maxPixels);
  if (!COLOUR_SPACES.has(metadata.space)) {
    throw notAnImage(label, `a picture in ${metadata.space} colours`);
  }
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
    throw notAnImage(label, `a picture with ${metadata.depth} samples (8 or 16 bits are read)`);
  }
}

function checkSize(width: number, height: number, label: string, maxPixels: number): void {
  if (width * height > maxPixels) throw tooManyPixels(label, width, height, maxPixels);
}

async function readMetadata(pipeline: Sharp, label: string): Promise<Metadata> {
  try {
    return await pipeline.metadata();
  } catch (error) {
    throw damaged(label, undefined, error);
  }
}

function isHarmless(error: unknown): boolean {
  const lines = error instanceof Error ? error.message.trim().split('\n') : [];
  return lines.length > 0 && lines.every((line) => HARMLESS.test(line));
}

function damaged(label: string, format: string | undefined, cause: unknown): PaliGemmaError {
  const message = cause instanceof Error ? cause.message : String(cause);
  // libvips reports the same failure many times over; the last line is the nearest to the cause.
  const reason = oneLine(message.trim().split('\n').at(-1) ?? '').slice(0, 200);
  if (/out of memory|bad_alloc/i.test(message)) {
    return makeError('ERR_OUT_OF_MEMORY', `no memory to decode ${label}: ${reason}`, {
      name: label,
      cause,
    });
  }
  const kind = format === undefined ? '' : `${format.toUpperCase()} `;
  return makeError(
    'ERR_IMAGE_CORRUPT',
    `${label} is a damaged or truncated ${kind}picture: ${reason}`,
    {
      name: label,
      found: reason,
      cause,
    },
  );
}
