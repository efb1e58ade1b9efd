/**
 * One object's mask: the decoder's 64 x 64 values, resized into the box of the object. Run-length code, polygons and PNG are
 * in files of their own.
 */
import type { Box, ImageSize } from './types.js';

/** Side of the mask decoder's output (spec section 7.1). */
export const MASK_SIDE = 64;

/**
 * `data` covers `box`, whose edges are whole pixels: the detection's box with its edges truncated, as the reference
 * evaluator does.
 */
export class Mask {
  /** Pixels of `data`. */
  readonly width: number;
  readonly height: number;
  readonly box: Box;
  readonly image: ImageSize;
  /** What the decoder gave: [64, 64] row-major, about -1 to 1; above 0 is inside. */
  readonly soft: Float32Array;

  constructor(soft: Float32Array, box: Box, image: ImageSize) {
    this.soft = soft;
    this.image = image;
    this.box = {
      xmin: Math.trunc(box.xmin),
      ymin: Math.trunc(box.ymin),
      xmax: Math.trunc(box.xmax),
      ymax: Math.trunc(box.ymax),
    };
    this.width = this.box.xmax - this.box.xmin;
    this.height = this.box.ymax - this.box.ymin;
  }
}
