/**
 * What a caller may hand in as a picture, and its snapshot: recognised, checked and copied in one synchronous step, so
 * that nothing the caller does afterwards changes it. Bytes are fetched here, never decoded.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { makeError, PaliGemmaError } from '../errors.js';
import type { Sharp } from '../load-sharp.js';
import { placeOf } from '../options/file.js';
import { fileFault } from '../options/file-fault.js';
import { oneLine, showPath, showThrown, showValue } from '../options/show.js';
import { decodeDataUrl, isDataUrl } from './data-url.js';
import { base64Picture, SNIFF_BYTES, sniff, wayOut } from './format.js';

/** Pixels without a file format: 8 bits per channel, interleaved, rows from top to bottom without gaps. */
export interface RawPixels {
  /** width * height * channels bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. Alpha is dropped, unless the option `background` is given. */
  readonly channels: 1 | 2 | 3 | 4;
}

/** `ImageData` of a canvas, and what has its shape: RGBA, 8 bits per channel. */
export interface RgbaPixels {
  /** width * height * 4 bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** What is used of a pipeline, so that those of other versions of sharp than ours (0.33 or newer) fit as well. */
export interface SharpPipeline {
  clone(): SharpPipeline;
  metadata(): Promise<object>;
  removeAlpha(): SharpPipeline;
  toColourspace(space?: string): SharpPipeline;
}

/**
 * A picture: path of a file, `data:` URL, `file:` URL object, the bytes of a JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP
 * file, a sharp pipeline (sharp 0.33 or newer), raw pixels, or the ImageData of a canvas.
 */
export type ImageInput =
  | string
  | URL
  | Uint8Array
  | ArrayBufferLike
  | Blob
  | SharpPipeline
  | RawPixels
  | RgbaPixels;

/** A snapshot of an ImageInput. `label` names it in messages. */
export type ImageSource =
  | { readonly kind: 'path'; readonly label: string; readonly path: string }
  | { readonly kind: 'data-url'; readonly label: string; readonly url: string }
  | { readonly kind: 'bytes'; readonly label: string; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly label: string; readonly blob: Blob }
  | { readonly kind: 'sharp'; readonly label: string; readonly pipeline: Sharp }
  | { readonly kind: 'pixels'; readonly label: string; readonly pixels: RawPixels };

/** Larger files are refused unread: no picture within the pixel limit needs as much. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

const EXPECTED =
  'a path, a file: URL object, a data: URL, the bytes of a file (Buffer, Uint8Array, ArrayBuffer, Blob), ' +
  'a sharp pipeline, an ImageData, or { data, width, height, channels }';

/** Recognises `input`, checks what can be checked at once and copies what the caller could still change. */
export function takeSource(input: ImageInput, maxPixels: number): ImageSource {
  const given: unknown = input;
  if (typeof given === 'string') return fromString(given);
  if (typeof given !== 'object' || given === null) throw wrongType(given);
  if (types.isUint8Array(given) || types.isAnyArrayBuffer(given)) return fromBytes(given);
  if (ArrayBuffer.isView(given) || types.isProxy(given)) throw wrongType(given);
  try {
    if (given instanceof URL) return fromUrl(given);
    if (isBlob(given)) return fromBlob(given);
    if (isSharp(given)) return fromSharp(given);
    if ('data' in given) return fromPixels(given as Readonly<Record<string, unknown>>, maxPixels);
  } catch (error) {
    if (error instanceof PaliGemmaError) throw error;
    throw makeError('ERR_OPTION_TYPE', `the image cannot be read: ${showThrown(error)}`, {
      name: 'image',
      expected: EXPECTED,
      cause: error,
    });
  }
  throw wrongType(given);
}

/** The bytes of a source that has a file format. */
export function readSource(
  source: Extract<ImageSource, { kind: 'path' | 'data-url' | 'bytes' | 'blob' }>,
): Promise<Uint8Array> {
  switch (source.kind) {
    case 'path':
      return readFile(source.path, source.label);
    case 'data-url':
      return decodeDataUrl(source.url, MAX_FILE_BYTES);
    case 'bytes':
      return Promise.resolve(source.bytes);
    case 'blob':
      return readBlob(source.blob);
  }
}

/** ERR_IMAGE_FORMAT for bytes that are not a picture of ours. */
export function notAnImage(label: string, looksLike: string, hint?: string): PaliGemmaError {
  return makeError(
    'ERR_IMAGE_FORMAT',
    `${label} is ${looksLike}, expected a JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP picture`,
    {
      name: label,
      found: looksLike,
      expected: 'JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP',
      ...wayOut(looksLike),
      ...(hint !== undefined && { hint }),
    },
  );
}

/** ERR_IMAGE_PAGE for a page that a picture does not have. Pages are counted from 0. */
export function noSuchPage(label: string, page: number, pages: number): PaliGemmaError {
  const found = pages === 1 ? '1 page' : `${pages} pages`;
  return makeError('ERR_IMAGE_PAGE', `${label} has ${found}, and no page ${page}`, {
    name: label,
    found,
    expected: pages === 1 ? 'page 0' : `page 0 to ${pages - 1}`,
    hint: pages === 1 ? 'pages are counted from 0' : `pages are 0 to ${pages - 1}`,
  });
}

/** ERR_IMAGE_TOO_LARGE for a picture of too many pixels. */
export function tooManyPixels(
  label: string,
  width: number,
  height: number,
  maxPixels: number,
): PaliGemmaError {
  const found = `${width} x ${height} = ${width * height} pixels`;
  return makeError('ERR_IMAGE_TOO_LARGE', `${label} has ${found}, the limit is ${maxPixels}`, {
    name: label,
    found,
    expected: `at most ${maxPixels} pixels`,
    remedy: 'max-pixels',
  });
}

function fromString(text: string): ImageSource {
  if (isDataUrl(text)) return { kind: 'data-url', label: 'data URL', url: text };
  // Two letters at least: `C:\photo.jpg` is a path.
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) throw remote(scheme.toLowerCase());
  // Not decoded: strings that come from outside would be taken for paths by the same call.
  const encoded = base64Picture(text);
  if (encoded !== undefined) throw base64Text(encoded);
  return fromPath(text);
}

function base64Text(holds: string): PaliGemmaError {
  const found = `base64 text of ${holds}`;
  return makeError('ERR_IMAGE_FORMAT', `the image is ${found}, expected ${EXPECTED}`, {
    name: 'image',
    found,
    expected: EXPECTED,
    hint: "pass Buffer.from(text, 'base64')",
  });
}

/** By shape, like isSharp: every sharp from 0.33 on has keepMetadata. */
function fromSharp(given: Sharp): ImageSource {
  if (typeof given.keepMetadata === 'function') {
    return { kind: 'sharp', label: 'sharp pipeline', pipeline: given.clone() };
  }
  const { versions } = given.constructor as { readonly versions?: { readonly sharp?: unknown } };
  const version = typeof versions?.sharp === 'string' ? oneLine(versions.sharp) : 'before 0.33';
  throw makeError(
    'ERR_OPTION_TYPE',
    `the image is a pipeline of sharp ${version}, expected one of sharp 0.33 or newer`,
    {
      name: 'image',
      found: `a pipeline of sharp ${version}`,
      expected: 'a pipeline of sharp 0.33 or newer',
      hint: 'pass its bytes: await pipeline.png().toBuffer()',
    },
  );
}

function fromUrl(url: URL): ImageSource {
  if (url.protocol === 'data:') return { kind: 'data-url', label: 'data URL', url: url.href };
  if (url.protocol !== 'file:') throw remote(url.protocol.slice(0, -1));
  try {
    return fromPath(fileURLToPath(url));
  } catch (cause) {
    throw notFound(showValue(url.href), `is not a path: ${showThrown(cause)}`, { cause });
  }
}

function fromPath(path: string): ImageSource {
  const label = path === '' ? 'image ""' : oneLine(path);
  if (path === '' || path.includes('\0'))
    throw notFound(label, 'is not a path, expected that of a file');
  return { kind: 'path', label, path };
}

/** Only the scheme is named: addresses hold secrets. */
function remote(scheme: string): PaliGemmaError {
  const isHttp = scheme === 'http' || scheme === 'https';
  const hint = isHttp
    ? 'fetch it first: Buffer.from(await (await fetch(url)).arrayBuffer())'
    : scheme === 'file'
      ? 'pass a URL object: new URL(text)'
      : 'read it first and pass the bytes';
  return notFound('the image', `is an address (${scheme}:), which is not fetched`, { hint });
}

function fromBytes(given: Uint8Array | ArrayBufferLike): ImageSource {
  if (isDetached(types.isUint8Array(given) ? given.buffer : given)) {
    throw makeError('ERR_OPTION_TYPE', 'the image is a detached buffer, expected its bytes', {
      name: 'image',
      found: 'a detached buffer',
      expected: EXPECTED,
    });
  }
  const view = types.isUint8Array(given) ? given : new Uint8Array(given);
  if (view.length > MAX_FILE_BYTES) throw tooManyBytes('the picture', view.length);
  return { kind: 'bytes', label: 'the picture', bytes: copy(view) };
}

function fromBlob(blob: Blob): ImageSource {
  // A File has a name.
  const name: unknown = (blob as { readonly name?: unknown }).name;
  const label = typeof name === 'string' && name !== '' ? oneLine(name) : 'image blob';
  if (blob.size > MAX_FILE_BYTES) throw tooManyBytes(label, blob.size);
  return { kind: 'blob', label, blob };
}

function fromPixels(given: Readonly<Record<string, unknown>>, maxPixels: number): ImageSource {
  // Each property once: a getter may answer differently the second time.
  const { data, width, height } = given;
  if (!(types.isUint8Array(data) || types.isUint8ClampedArray(data))) {
    throw wrongPixels('ERR_OPTION_TYPE', 'data', showValue(data), 'a Uint8Array');
  }
  for (const [name, value] of [['width', width] as const, ['height', height] as const]) {
    if (typeof value !== 'number') {
      throw wrongPixels('ERR_OPTION_TYPE', name, showValue(value), 'a positive integer');
    }
    if (!Number.isSafeInteger(value) || value < 1) {
      throw wrongPixels('ERR_OPTION_RANGE', name, showValue(value), 'a positive integer');
    }
  }
  const channels = given.channels ?? rgbaChannels(data.length, width, height);
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) {
    const code = typeof channels === 'number' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE';
    throw wrongPixels(code, 'channels', showValue(channels), '1, 2, 3 or 4');
  }
  const w = width as number;
  const h = height as number;
  // The size first: a claimed size must not become an allocation. Doubles compare right beyond 2^53 as well.
  if (w * h > maxPixels) throw tooManyPixels('raw image', w, h, maxPixels);
  if (isDetached(data.buffer)) {
    throw wrongPixels('ERR_OPTION_TYPE', 'data', 'a detached buffer', `${w * h * channels} bytes`);
  }
  if (data.length !== w * h * channels) {
    const expected = `${w * h * channels} (${w} x ${h} x ${channels})`;
    throw wrongPixels('ERR_OPTION_RANGE', 'data.length', String(data.length), expected);
  }
  const bytes = copy(new Uint8Array(data.buffer, data.byteOffset, data.length));
  return {
    kind: 'pixels',
    label: 'raw image',
    pixels: { data: bytes, width: w, height: h, channels },
  };
}

/** 4 for the shape of ImageData, which has no `channels`: four bytes for each pixel. */
function rgbaChannels(length: number, width: unknown, height: unknown): 4 | undefined {
  return length === 4 * (width as number) * (height as number) ? 4 : undefined;
}

/** A copy in memory of its own, never shared with another thread. */
function copy(view: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(view.length);
  bytes.set(view);
  return bytes;
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    // ArrayBuffer.prototype.detached needs Node 21; a view of a detached buffer has always thrown.
    new Uint8Array(buffer, 0, 0);
    return false;
  } catch {
    return true;
  }
}

function isBlob(given: object): given is Blob {
  return (
    given instanceof Blob ||
    // A Blob of another realm.
    (/^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(given)) &&
      typeof (given as Partial<Blob>).arrayBuffer === 'function')
  );
}

/** By shape: the caller may have a sharp of its own, and raw pixels should not load one. */
function isSharp(given: object): given is Sharp {
  const candidate = given as Partial<Sharp>;
  return (
    typeof candidate.clone === 'function' &&
    typeof candidate.metadata === 'function' &&
    typeof candidate.removeAlpha === 'function' &&
    typeof candidate.toColourspace === 'function'
  );
}

async function readBlob(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    // A Blob over a file (fs.openAsBlob) fails when the file changed.
    throw notFound('image blob', `cannot be read: ${showThrown(cause)}`, { cause });
  }
}

async function readFile(path: string, label: string): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer and holds a pool thread for ever.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
  const file = await open(path, flags).catch((cause: unknown) => {
    const what = openFailure(cause);
    const hint = what === NOT_THERE ? placeOf(path) : undefined;
    throw notFound(label, what, { cause, ...(hint !== undefined && { hint }) });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      const kind = stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a pipe' : 'a device';
      throw notFound(label, `is ${kind}, expected a file`);
    }
    if (stat.size > MAX_FILE_BYTES) throw tooManyBytes(label, stat.size);
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    let filled = 0;
    // The start decides: a film is refused after its first kilobyte.
    for (let want = SNIFF_BYTES; filled < bytes.length; want = bytes.length) {
      const length = Math.min(want, bytes.length) - filled;
      const { bytesRead } = await file.read(bytes, filled, length, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
      if (want !== SNIFF_BYTES) continue;
      const sniffed = sniff(bytes.subarray(0, filled));
      if ('looksLike' in sniffed) throw notAnImage(label, sniffed.looksLike);
    }
    return bytes.subarray(0, filled);
  } catch (cause) {
    if ((cause as { syscall?: string }).syscall === undefined) throw cause;
    throw notFound(label, `cannot be read: ${fileFault(cause)}`, { cause });
  } finally {
    await file.close();
  }
}

const NOT_THERE = 'does not exist';

function openFailure(cause: unknown): string {
  switch ((cause as { code?: string }).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return NOT_THERE;
    default:
      return `cannot be opened: ${fileFault(cause)}`;
  }
}

function notFound(
  label: string,
  what: string,
  facts: { readonly hint?: string; readonly cause?: unknown } = {},
): PaliGemmaError {
  const name = showPath(label);
  return makeError('ERR_IMAGE_NOT_FOUND', `${name} ${what}`, {
    name,
    found: what,
    expected: 'a file',
    ...facts,
  });
}

function tooManyBytes(label: string, bytes: number): PaliGemmaError {
  return makeError(
    'ERR_IMAGE_TOO_LARGE',
    `${label} has ${bytes} bytes, the limit is ${MAX_FILE_BYTES}`,
    { name: label, found: `${bytes} bytes`, expected: `at most ${MAX_FILE_BYTES} bytes` },
  );
}

function wrongType(given: unknown): PaliGemmaError {
  const found = showValue(given);
  return makeError('ERR_OPTION_TYPE', `the image is ${found}, expected ${EXPECTED}`, {
    name: 'image',
    found,
    expected: EXPECTED,
  });
}

function wrongPixels(
  code: 'ERR_OPTION_TYPE' | 'ERR_OPTION_RANGE',
  field: string,
  found: string,
  expected: string,
): PaliGemmaError {
  return makeError(code, `${field} of the raw image is ${found}, expected ${expected}`, {
    name: `image.${field}`,
    found,
    expected,
  });
}
