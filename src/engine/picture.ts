/** A picture that needs no more work before the network sees it. */
import type { ImageInput, ImageSource } from '../image-input/source.js';
import type { ImageSize } from '../results/types.js';

/** A picture that is decoded and resized already, for several calls to one model. Made by `prepare`. */
export class Picture implements ImageSize {
  /** Of the upright original, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Interleaved RGB, side x side x 3. */
  readonly pixels: Uint8Array;

  constructor(pixels: Uint8Array, { width, height }: ImageSize) {
    this.pixels = pixels;
    this.width = width;
    this.height = height;
  }
}

/** Whatever a call takes as a picture. */
export type PictureInput = ImageInput | Picture;

/** The snapshot of a PictureInput. */
export type PictureSource = ImageSource | Picture;
