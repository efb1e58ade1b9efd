/**
 * A caller's picture to what the engine takes: decoded, upright, 8-bit RGB, resized to the model's square. Kinds of
 * input, formats and decoding have a file each; normalising the pixels is the engine's.
 */
import { fromNative } from '../errors.js';
import { native } from '../native/binding.js';
import {
  type DecodedImage,
  type DecodeOptions,
  decodeFile,
  decodePipeline,
  decodePixels,
} from './decode.js';
import { Gate } from './gate.js';
import { type ImageInput, type ImageSource, readSource, takeSource } from './source.js';

/** The part of a call's parsed options that concerns its pictures. */
export interface ImageOptions extends DecodeOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PreparedImage {
  /** Interleaved RGB, size x size x 3. */
  readonly pixels: Uint8Array;
  /** Of the upright original. */
  readonly width: number;
  readonly height: number;
}

/**
 * Decoding occupies a thread of libuv's pool of four, which file access and name lookup share: with two of them busy an
 * `fs.stat` still takes 0.2 ms, with four it takes as long as the slowest.
 */
const decoding = new Gate(2);

/**
 * Decodes to interleaved 8-bit RGB. The input is checked and copied before this returns: the caller may reuse its
 * buffers at once. Rejects with an InputError, or with the signal's reason.
 */
export async function decodeImage(input: ImageInput, options: ImageOptions): Promise<DecodedImage> {
  options.signal?.throwIfAborted();
  const source = takeSource(input, options.maxPixels);
  return decoding.run(() => decode(source, options), options.signal);
}

/** Decodes and resizes a snapshot to `size` x `size` as PIL's bicubic does. Rejects as decodeImage does. */
export async function prepareImage(
  source: ImageSource,
  size: number,
  options: ImageOptions,
): Promise<PreparedImage> {
  options.signal?.throwIfAborted();
  return decoding.run(() => prepare(source, size, options), options.signal);
}

async function prepare(
  source: ImageSource,
  size: number,
  options: ImageOptions,
): Promise<PreparedImage> {
  const { data, width, height } = await decode(source, options);
  options.signal?.throwIfAborted();
  try {
    return { pixels: await native().resize(data, width, height, size), width, height };
  } catch (error) {
    throw fromNative(error);
  }
}

async function decode(source: ImageSource, options: ImageOptions): Promise<DecodedImage> {
  switch (source.kind) {
    case 'pixels':
      return decodePixels(source.pixels, options);
    case 'sharp':
      return decodePipeline(source.pipeline, source.label, options);
    default: {
      const bytes = await readSource(source);
      // Decoding cannot be stopped, so it had better not begin.
      options.signal?.throwIfAborted();
      return decodeFile(bytes, source.label, options);
    }
  }
}
