/** A mask as a PNG file. The pixels come from mask.ts. */
import { loadSharp } from '../load-sharp.js';
import type { ImageSize } from './types.js';

// Loaded with the first PNG: importing the package stays light. A literal `require` because bundlers see it.

/** One channel of 8 bits: 0 outside, 255 inside. `data` is row-major, 0 or 1. */
export async function maskPng(data: Uint8Array, size: ImageSize): Promise<Buffer> {
  const pixels = data.map((value) => value * 255);
  return loadSharp()(pixels, { raw: { width: size.width, height: size.height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}
