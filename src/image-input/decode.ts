/**
 * Bytes to 8-bit RGB, by sharp, as PIL's `convert('RGB')` would: alpha dropped and not blended, grey three times,
 * 16 bit shifted to 8, colour profiles ignored. Where bytes come from and resizing live elsewhere.
 */
import { setImmediate } from 'node:timers/promises';
import type { Metadata, Sharp } from 'sharp';
import { makeError, type PaliGemmaError } from '../errors.js';
import { loadSharp } from '../load-sharp.js';
import { oneLine } from '../options/show.js';
import { type ImageFormat, sniff } from './format.js';
import { notAnImage, type RawPixels, tooManyPixels } from './source.js';

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
}

/** sharp's name of a format, where it is not ours. */
const SHARP_NAMES: Readonly<Partial<Record<ImageFormat, string>>> = { avif: 'heif' };

const COLOUR_SPACES = new Set(['srgb', 'b-w', 'cmyk', 'rgb', 'rgb16', 'grey16']);

/**
 * libjpeg warns of these in files that real cameras write and that decode completely; any other warning means damaged
 * pixels. PIL shows no warning at all.
 */
const HARMLESS = /^VipsJpeg: (Invalid SOS parameters|Corrupt JPEG data: \d+ extraneous bytes)/;

/** Decodes a whole file in memory. Throws ERR_IMAGE_FORMAT, ERR_IMAGE_CORRUPT or ERR_IMAGE_TOO_LARGE. */
export async function decodeFile(
  bytes: Uint8Array,
  label: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const sniffed = sniff(bytes);
  if ('looksLike' in sniffed) throw notAnImage(label, sniffed.looksLike);
  const open = loadSharp();
  const input = {
    ignoreIcc: true,
    autoOrient: options.upright,
    limitInputPixels: options.maxPixels,
  };
  const metadata = await readMetadata(open(bytes, { ...input, limitInputPixels: false }), label);
  checkMetadata(metadata, sniffed.format, label, options.maxPixels);
  const isCmyk = metadata.space === 'cmyk';
  const decode = (failOn: 'warning' | 'error'): Promise<Rendered> => {
    const pipeline = open(bytes, { ...input, failOn });
    return render(isCmyk ? pipeline.pipelineColourspace('cmyk') : pipeline, isCmyk);
  };
  const rendered = await decode('warning').catch((error: unknown) => {
    if (!isHarmless(error)) throw damaged(label, sniffed.format, error);
    return decode('error').catch((again: unknown) => {
      throw damaged(label, sniffed.format, again);
    });
  });
  return toRgb(rendered, isCmyk);
}

/** Runs a caller's pipeline as it is, made upright first if asked. Its own limits apply as well as ours. */
export async function decodePipeline(
  pipeline: Sharp,
  label: string,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const metadata = await readMetadata(pipeline, label);
  checkSize(metadata.width, metadata.height, label, options.maxPixels);
  if (options.upright) pipeline.autoOrient();
  const rendered = await render(pipeline, false).catch((error: unknown) => {
    throw damaged(label, metadata.format, error);
  });
  checkSize(rendered.width, rendered.height, label, options.maxPixels);
  return toRgb(rendered, false);
}

/** Raw pixels of any channel count to RGB. */
export async function decodePixels(pixels: RawPixels): Promise<DecodedImage> {
  const { data, width, height, channels } = pixels;
  if (channels === 3) return { data: data as Uint8Array, width, height };
  const rgb = new Uint8Array(width * height * 3);
  const isGrey = channels < 3;
  await inPieces(width * height, (from, to) => {
    for (let i = from; i < to; i++) {
      const at = i * channels;
      const red = data[at] ?? 0;
      rgb[3 * i] = red;
      rgb[3 * i + 1] = isGrey ? red : (data[at + 1] ?? 0);
      rgb[3 * i + 2] = isGrey ? red : (data[at + 2] ?? 0);
    }
  });
  return { data: rgb, width, height };
}

interface Rendered {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

async function render(pipeline: Sharp, isCmyk: boolean): Promise<Rendered> {
  // removeAlpha takes the channel away without multiplying by it, as PIL does.
  const { data, info } = await pipeline
    .removeAlpha()
    .toColourspace(isCmyk ? 'cmyk' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

async function toRgb(rendered: Rendered, isCmyk: boolean): Promise<DecodedImage> {
  const { data, width, height, channels } = rendered;
  const expected = isCmyk ? 4 : 3;
  // One channel: a pipeline that ends in grey.
  const found = channels === 1 && !isCmyk ? 1 : expected;
  if (channels !== found || data.length !== width * height * found) {
    throw makeError(
      'ERR_ENGINE_INTERNAL',
      `sharp gave ${data.length} bytes in ${channels} channels for ${width} x ${height}, expected ${expected} channels`,
    );
  }
  if (channels === 1) return decodePixels({ data, width, height, channels });
  return { data: isCmyk ? await cmykToRgb(data, width * height) : data, width, height };
}

/**
 * PIL's conversion, without profiles: (255 - k) - c (255 - k) / 255, rounded. Source: Pillow src/libImaging/Convert.c,
 * cmyk2rgb, and MULDIV255 of ImagingUtils.h. libvips would go through a printing profile, with visibly other colours.
 */
async function cmykToRgb(cmyk: Uint8Array, pixels: number): Promise<Uint8Array> {
  const rgb = new Uint8Array(pixels * 3);
  await inPieces(pixels, (from, to) => {
    for (let i = from; i < to; i++) {
      const white = 255 - (cmyk[4 * i + 3] ?? 0);
      for (let c = 0; c < 3; c++) {
        const product = (cmyk[4 * i + c] ?? 0) * white + 128;
        rgb[3 * i + c] = white - (((product >> 8) + product) >> 8);
      }
    }
  });
  return rgb;
}

/** A pass over many pixels, with a break for the event loop every few milliseconds. */
async function inPieces(pixels: number, pass: (from: number, to: number) => void): Promise<void> {
  const piece = 1 << 19;
  for (let from = 0; from < pixels; from += piece) {
    if (from > 0) await setImmediate();
    pass(from, Math.min(pixels, from + piece));
  }
}

function checkMetadata(
  metadata: Metadata,
  format: ImageFormat,
  label: string,
  maxPixels: number,
): void {
  // Two opinions about one file are one too many: ours let it pass, so sharp must agree.
  const isHevc = format === 'avif' && metadata.compression !== 'av1';
  if (metadata.format !== (SHARP_NAMES[format] ?? format) || isHevc) {
    throw notAnImage(label, isHevc ? 'a HEIC picture' : String(metadata.format));
  }
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
