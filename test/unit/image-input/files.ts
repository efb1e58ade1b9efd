/** Small pictures and files for the tests of this folder, made on the spot. No expectations live here. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { InputError } from '../../../src/errors.js';

export const FIXTURES = path.join(__dirname, '../../fixtures/images');

export const OPTIONS = { upright: true, maxPixels: 50e6 };

export function fixture(name: string): Buffer {
  return readFileSync(path.join(FIXTURES, name));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Values from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random bytes, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Smooth colour ramps, which lossy formats keep well. */
export function ramps(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      rgb[at] = Math.round((255 * x) / width);
      rgb[at + 1] = Math.round((255 * y) / height);
      rgb[at + 2] = 128;
    }
  }
  return rgb;
}

export function pipeline(rgb: Uint8Array, width: number, height: number, channels: 1 | 3 = 3) {
  return sharp(rgb, { raw: { width, height, channels } });
}

/** One small file of every accepted format and main variety. */
export async function everyFormat(): Promise<ReadonlyMap<string, Buffer>> {
  const [width, height] = [48, 32];
  const source = pipeline(ramps(width, height), width, height);
  return new Map([
    ['jpeg', await source.clone().jpeg().toBuffer()],
    ['progressive jpeg', await source.clone().jpeg({ progressive: true }).toBuffer()],
    ['png', await source.clone().png().toBuffer()],
    ['interlaced png', await source.clone().png({ progressive: true }).toBuffer()],
    ['lossy webp', await source.clone().webp().toBuffer()],
    ['lossless webp', await source.clone().webp({ lossless: true }).toBuffer()],
    ['gif', await source.clone().gif().toBuffer()],
    ['avif', await source.clone().avif().toBuffer()],
    ['lzw tiff', await source.clone().tiff({ compression: 'lzw' }).toBuffer()],
    ['jpeg tiff', await source.clone().tiff({ compression: 'jpeg' }).toBuffer()],
    ['bmp', bmp(ramps(width, height), width, height)],
  ]);
}

/** A BMP of 24 bits; the width must be a multiple of four. */
export function bmp(rgb: Uint8Array, width: number, height: number): Buffer {
  const file = Buffer.alloc(54 + 3 * width * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  // Negative: from top to bottom.
  file.writeInt32LE(-height, 22);
  file.writeUInt16LE(24, 28);
  for (let at = 0; at < rgb.length; at += 3) {
    file.set([rgb[at + 2] ?? 0, rgb[at + 1] ?? 0, rgb[at] ?? 0], 54 + at);
  }
  return file;
}

/** A PNG of black pixels whose header may claim anything. */
export function png(
  width: number,
  height: number,
  { bitDepth = 8, colourType = 2, interlace = 0, data = Buffer.alloc(0) } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colourType, 0, 0, interlace], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(data)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Mean absolute difference of two equally long byte arrays. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length} differ`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}

/** The InputError that `promise` rejects with; anything else fails the test. */
export async function inputErrorOf(promise: Promise<unknown>): Promise<InputError> {
  const outcome = await promise.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  if (outcome instanceof InputError) return outcome;
  throw outcome;
}

/** A folder of its own for `use`, gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-images-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes whose memory has gone to another thread. */
export function detached(length: number): Uint8Array {
  const view = new Uint8Array(length);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}
