/**
 * BMP files to raw pixels, which sharp does not read: the headers of Windows and OS/2, 1 to 32 bits per pixel, palettes,
 * bit masks, run-length encoding. Results equal Pillow's (src/PIL/BmpImagePlugin.py). Nothing is allocated from a size
 * before it was compared with the limit, and with the length of the file where pixels are not compressed.
 */
import { setImmediate } from 'node:timers/promises';
import { makeError, type PaliGemmaError } from '../errors.js';
import { inPieces, PIECE } from './pieces.js';
import { notAnImage, type RawPixels, tooManyPixels } from './source.js';

const COMPRESSION = { none: 0, rle8: 1, rle4: 2, masks: 3, masksWithAlpha: 6 } as const;

/** Decoded without a break for the event loop: 255 pixels each at most. */
const RUNS = 1 << 14;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Masks of red, green, blue and alpha; only where pixels are 16 or 32 bits. */
  readonly masks: readonly number[];
  /** Blue, green, red, for each entry. */
  readonly palette: Uint8Array;
  readonly paletteStep: 3 | 4;
  /** Offset of the pixels. */
  readonly pixels: number;
}

/** Decodes a whole file in memory. Throws ERR_IMAGE_FORMAT, ERR_IMAGE_CORRUPT or ERR_IMAGE_TOO_LARGE. */
export async function decodeBmp(
  bytes: Uint8Array,
  label: string,
  maxPixels: number,
): Promise<RawPixels> {
  const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let header: Header;
  try {
    header = readHeader(file, label);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(label, 'the header is cut off');
    throw error;
  }
  const { width, height, bits, compression } = header;
  if (width * height > maxPixels) throw tooManyPixels(label, width, height, maxPixels);
  if (bits > 8) return directPixels(file, header, label);
  const isRunLength = compression === COMPRESSION.rle8 || compression === COMPRESSION.rle4;
  const indices = isRunLength
    ? await runLengthIndices(bytes, header, label)
    : await packedIndices(bytes, header, label);
  return { data: await colour(indices, header), width, height, channels: 3 };
}

function readHeader(file: DataView, label: string): Header {
  const size = file.getUint32(14, true);
  const isOld = size === 12;
  const height = isOld ? file.getUint16(20, true) : file.getInt32(22, true);
  const width = isOld ? file.getUint16(18, true) : file.getInt32(18, true);
  const bits = file.getUint16(isOld ? 24 : 28, true);
  const compression = size >= 40 ? file.getUint32(30, true) : COMPRESSION.none;
  if (width < 1 || height === 0) throw damaged(label, `it claims ${width} x ${height} pixels`);
  checkKind(bits, compression, size, label);
  const masks = readMasks(file, { size, bits, compression });
  const afterMasks = size === 40 ? 4 * masks.inFile : 0;
  const paletteAt = 14 + size + afterMasks;
  const paletteStep = isOld ? 3 : 4;
  const claimed = size >= 40 ? file.getUint32(46, true) : 0;
  const colours = bits > 8 ? 0 : Math.min(claimed === 0 ? 2 ** bits : claimed, 256);
  const paletteBytes = Math.min(colours * paletteStep, Math.max(0, file.byteLength - paletteAt));
  const offset = file.getUint32(10, true);
  // Some writers forget that the palette comes between the header and the pixels, or leave the offset out.
  const isForgotten = offset === 0 || (offset === 14 + size && bits <= 8);
  return {
    width,
    height: Math.abs(height),
    isTopDown: height < 0,
    bits,
    compression,
    masks: masks.masks,
    palette: new Uint8Array(file.buffer, file.byteOffset + paletteAt, paletteBytes),
    paletteStep,
    pixels: isForgotten ? paletteAt + colours * paletteStep : offset,
  };
}

function checkKind(bits: number, compression: number, size: number, label: string): void {
  // 3 and 4 are other things in OS/2 headers: Huffman codes and runs of 24-bit pixels.
  const known = size === 64 ? [0, 1, 2] : Object.values<number>(COMPRESSION);
  const isKnown =
    [1, 2, 4, 8, 16, 24, 32].includes(bits) &&
    known.includes(compression) &&
    (compression !== COMPRESSION.rle8 || bits === 8) &&
    (compression !== COMPRESSION.rle4 || bits === 4) &&
    (compression < COMPRESSION.masks || bits === 16 || bits === 32);
  if (isKnown) return;
  throw notAnImage(label, `a BMP picture of ${bits} bits in compression ${compression}`);
}

/** `inFile`: how many of them follow a header of 40 bytes, which has no room for them. */
function readMasks(
  file: DataView,
  { size, bits, compression }: { size: number; bits: number; compression: number },
): { masks: readonly number[]; inFile: number } {
  const usual = bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0xff00, 0xff, 0];
  if (compression !== COMPRESSION.masks && compression !== COMPRESSION.masksWithAlpha) {
    return { masks: usual, inFile: 0 };
  }
  const inFile = compression === COMPRESSION.masksWithAlpha ? 4 : 3;
  const count = size === 40 ? inFile : size >= 56 ? 4 : 3;
  const masks = Array.from({ length: count }, (_, i) => file.getUint32(54 + 4 * i, true));
  if (count === 3) masks.push(0);
  // Written by programs that fill in nothing.
  const isEmpty = masks.every((mask) => mask === 0);
  return { masks: isEmpty ? [0xff0000, 0xff00, 0xff, 0xff000000] : masks, inFile };
}

/** 16, 24 and 32 bits per pixel. */
async function directPixels(file: DataView, header: Header, label: string): Promise<RawPixels> {
  const { width, height, bits, masks } = header;
  const stride = checkedStride(file.byteLength, header, label);
  const hasAlpha = bits !== 24 && masks[3] !== 0;
  const channels = hasAlpha ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  const fields = masks.slice(0, channels).map(toField);
  let isVisible = false;
  await inPieces(height, rowsOf(width), (from, to) => {
    for (let y = from; y < to; y++) {
      let at = header.pixels + rowOf(y, header) * stride;
      let out = y * width * channels;
      for (let x = 0; x < width; x++) {
        if (bits === 24) {
          data[out++] = file.getUint8(at + 2);
          data[out++] = file.getUint8(at + 1);
          data[out++] = file.getUint8(at);
          at += 3;
          continue;
        }
        const pixel = bits === 16 ? file.getUint16(at, true) : file.getUint32(at, true);
        for (const { shift, max } of fields) {
          const value = (pixel >>> shift) & max;
          data[out++] = max === 255 ? value : max === 0 ? 0 : Math.floor((value * 255) / max);
        }
        at += bits / 8;
        isVisible ||= hasAlpha && data[out - 1] !== 0;
      }
    }
  });
  // Transparent all over: a program that left the fourth byte empty.
  if (hasAlpha && !isVisible) {
    await inPieces(width * height, PIECE, (from, to) => {
      for (let i = from; i < to; i++) data[4 * i + 3] = 255;
    });
  }
  return { data, width, height, channels };
}

/** Where the bits of a mask are, and the largest value they hold. Of more than 31 bits the upper ones are taken. */
function toField(mask: number): { shift: number; max: number } {
  if (mask === 0) return { shift: 0, max: 0 };
  const lowest = 31 - Math.clz32(mask & -mask);
  const length = 32 - Math.clz32(mask >>> lowest);
  const cut = Math.max(0, length - 16);
  return { shift: lowest + cut, max: 2 ** (length - cut) - 1 };
}

/** 1 to 8 bits per pixel without compression: one index into the palette for each. */
async function packedIndices(
  bytes: Uint8Array,
  header: Header,
  label: string,
): Promise<Uint8Array> {
  const { width, height, bits } = header;
  const stride = checkedStride(bytes.length, header, label);
  const indices = new Uint8Array(width * height);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  await inPieces(height, rowsOf(width), (from, to) => {
    for (let y = from; y < to; y++) {
      const row = header.pixels + rowOf(y, header) * stride;
      for (let x = 0; x < width; x++) {
        const byte = bytes[row + Math.floor(x / perByte)] ?? 0;
        indices[y * width + x] = (byte >> (8 - bits - bits * (x % perByte))) & mask;
      }
    }
  });
  return indices;
}

/** Runs and literal pieces of 4 or 8 bits. What is skipped has index 0. Rows as in packedIndices. */
async function runLengthIndices(
  bytes: Uint8Array,
  header: Header,
  label: string,
): Promise<Uint8Array> {
  const { width, height } = header;
  const stored = new Uint8Array(width * height);
  const isNibbles = header.compression === COMPRESSION.rle4;
  const nibble = (byte: number, i: number): number => (i % 2 === 0 ? byte >> 4 : byte & 15);
  let at = header.pixels;
  let out = 0;
  /** Of `out` in its row; equals the width until the end of the row is known. */
  let column = 0;
  let isEnd = false;
  const step = (): void => {
    if (at + 2 > bytes.length) throw damaged(label, 'its pixels are cut off');
    const count = bytes[at++] ?? 0;
    const value = bytes[at++] ?? 0;
    if (count > 0) {
      // A run does not go beyond its row.
      const length = Math.min(count, Math.max(0, width - column));
      for (let i = 0; i < length; i++) stored[out++] = isNibbles ? nibble(value, i) : value;
      column += length;
    } else if (value === 0) {
      out = Math.ceil(out / width) * width;
      column = 0;
    } else if (value === 1) {
      isEnd = true;
    } else if (value === 2) {
      out += (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * width;
      column = out % width;
      at += 2;
    } else {
      const size = isNibbles ? Math.ceil(value / 2) : value;
      if (at + size > bytes.length) throw damaged(label, 'its pixels are cut off');
      const length = Math.min(value, stored.length - out);
      for (let i = 0; i < length; i++) {
        const byte = bytes[at + (isNibbles ? i >> 1 : i)] ?? 0;
        stored[out++] = isNibbles ? nibble(byte, i) : byte;
      }
      column += value;
      at += size + (size % 2);
    }
  };
  while (!isEnd && out < stored.length) {
    for (let i = 0; i < RUNS && !isEnd && out < stored.length; i++) step();
    await setImmediate();
  }
  if (header.isTopDown) return stored;
  const indices = new Uint8Array(stored.length);
  for (let y = 0; y < height; y++) {
    const row = (height - 1 - y) * width;
    indices.set(stored.subarray(row, row + width), y * width);
  }
  return indices;
}

/** Indices to colours. One beyond the palette is a grey of that value, as in Pillow. */
async function colour(indices: Uint8Array, header: Header): Promise<Uint8Array> {
  const { palette, paletteStep } = header;
  const table = Uint8Array.from({ length: 768 }, (_, i) => {
    const entry = Math.floor(i / 3);
    const at = entry * paletteStep + 2 - (i % 3);
    return palette[at] ?? entry;
  });
  const rgb = new Uint8Array(indices.length * 3);
  await inPieces(indices.length, PIECE, (from, to) => {
    for (let i = from; i < to; i++) {
      const entry = 3 * (indices[i] ?? 0);
      rgb[3 * i] = table[entry] ?? 0;
      rgb[3 * i + 1] = table[entry + 1] ?? 0;
      rgb[3 * i + 2] = table[entry + 2] ?? 0;
    }
  });
  return rgb;
}

/** Bytes from one row to the next: whole groups of four. Throws when the file is shorter than its pixels. */
function checkedStride(length: number, header: Header, label: string): number {
  const { width, height, bits, pixels } = header;
  const stride = Math.floor((width * bits + 31) / 32) * 4;
  // The last row needs no filling up.
  const needed = pixels + stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (length >= needed) return stride;
  throw damaged(label, `it has ${length} bytes, its pixels end after ${needed}`);
}

/** The stored row that is seen as row `y`. */
function rowOf(y: number, { height, isTopDown }: Header): number {
  return isTopDown ? y : height - 1 - y;
}

function rowsOf(width: number): number {
  return Math.max(1, Math.floor(PIECE / width));
}

function damaged(label: string, reason: string): PaliGemmaError {
  return makeError(
    'ERR_IMAGE_CORRUPT',
    `${label} is a damaged or truncated BMP picture: ${reason}`,
    { name: label, found: reason },
  );
}
