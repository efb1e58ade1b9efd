/**
 * One object's mask: the decoder's 64 x 64 values, resized into the box of the object. The run-length code, outlines and
 * PNG that it hands out are made in files of their own.
 */

import { types } from 'node:util';
import { makeError } from '../errors.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { checkBox, checkImageSize, clipBox } from './box.js';
import { maskPng } from './png.js';
import {
  checkPolygon,
  fillPolygons,
  type Polygon,
  type PolygonOptions,
  polygonsBox,
  polygonsOf,
} from './polygons.js';
import { badDocument, flag, list, optionsOf } from './reading.js';
import { resizeBytes, resizeFloats } from './resize.js';
import {
  compressRuns,
  paintRuns,
  type Rle,
  readRle,
  runsBox,
  runsOf,
  type UncompressedRle,
} from './rle.js';
import type { Box, Detection, ImageSize } from './types.js';

/** Side of the mask decoder's output (spec section 7.1). */
export const MASK_SIDE = 64;

/** A detection with its outline. */
export interface Segment<L extends string = string> extends Detection<L> {
  readonly mask: Mask;
}

/** What `JSON.stringify` writes of a mask; `Mask.fromRle(json.rle, json.box)` reads it back. */
export interface MaskJson {
  readonly width: number;
  readonly height: number;
  readonly box: Box;
  readonly image: ImageSize;
  readonly area: number;
  readonly rle: Rle;
}

/** Whether it is a mask that this package made: what only looks like one has no pixels. */
export let isMask: (value: unknown) => value is Mask;

/**
 * `data` covers `box`, whose edges are whole pixels: the detection's box with its edges truncated, as the reference
 * evaluator does.
 *
 * @example
 * const { counts } = segment.mask.toRle();
 * await writeFile('cat.png', await segment.mask.toPng());
 */
export class Mask {
  /** Pixels of `data`; 0 when the box has no area. */
  readonly width: number;
  readonly height: number;
  readonly box: Box;
  /** The picture that the box belongs to. */
  readonly image: ImageSize;
  #soft: Float32Array | undefined;
  #data: Uint8Array | undefined;
  #area: number | undefined;

  static {
    isMask = (value): value is Mask =>
      typeof value === 'object' && value !== null && #soft in value;
  }

  /**
   * @param soft [64, 64] row-major; above 0 is inside
   * @param box pixels of the picture, inside it; truncated to whole pixels
   * @throws `ERR_OPTION_TYPE` for other types, `ERR_OPTION_RANGE` for another number of values or a box that leaves the picture
   */
  constructor(soft: Float32Array, box: Box, image: ImageSize) {
    if (!types.isFloat32Array(soft)) {
      throw badDocument('ERR_OPTION_TYPE', 'soft', showValue(soft), 'a Float32Array');
    }
    const size = checkImageSize(image);
    if (soft.length !== MASK_SIDE * MASK_SIDE) {
      throw makeError('ERR_OPTION_RANGE', `soft has ${soft.length} values, expected 4096`, {
        name: 'soft',
        found: `${soft.length} values`,
        expected: '4096 (64 x 64)',
      });
    }
    this.#soft = soft;
    this.image = size;
    this.box = wholePixels(checkBox(box), size);
    this.width = Math.max(0, this.box.xmax - this.box.xmin);
    this.height = Math.max(0, this.box.ymax - this.box.ymin);
  }

  /**
   * A mask from COCO's run-length code, compressed or not.
   *
   * @param box what `data` shall cover, cut to the picture and truncated; the smallest box of the mask when left out or
   *   when it does not hold every pixel of it
   * @throws `ERR_OPTION_RANGE` when the code is damaged
   */
  static fromRle(rle: Rle | UncompressedRle, box?: Box): Mask {
    const { runs, image } = readRle(rle);
    const tight = runsBox(runs, image);
    const asked = box === undefined ? box : wholePixels(clipBox(checkBox(box), image), image);
    const covered = asked && holds(asked, tight) ? asked : tight;
    return Mask.#fromData(covered, image, (data) => paintRuns(runs, image, covered, data));
  }

  /**
   * A mask from outlines in pixels of the picture: the pixels whose centres lie in any of them.
   *
   * @param box see `fromRle`
   * @throws `ERR_OPTION_RANGE` for a polygon of less than three points or numbers that are not finite
   */
  static fromPolygons(polygons: readonly Polygon[], image: ImageSize, box?: Box): Mask {
    const size = checkImageSize(image);
    const own = reading('polygons', 'an array of polygons', () =>
      list(polygons, 'polygons').map((polygon, i) => checkPolygon(polygon, `polygons[${i}]`)),
    );
    const tight = polygonsBox(own, size);
    const asked = box === undefined ? box : wholePixels(clipBox(checkBox(box), size), size);
    const covered = asked && holds(asked, tight) ? asked : tight;
    return Mask.#fromData(covered, size, (data) => fillPolygons(own, covered, data));
  }

  static #fromData(box: Box, image: ImageSize, paint: (data: Uint8Array) => void): Mask {
    const mask = new Mask(new Float32Array(MASK_SIDE * MASK_SIDE), box, image);
    mask.#soft = undefined;
    mask.#data = new Uint8Array(mask.width * mask.height);
    paint(mask.#data);
    return mask;
  }

  /**
   * What the decoder gave: [64, 64] row-major, about -1 to 1; above 0 is inside. For a mask that came from pixels: what
   * the encoder would see of them, -1 to 1.
   */
  get soft(): Float32Array {
    this.#soft ??= softOf(this.data, this.width, this.height);
    return this.#soft;
  }

  /** [height, width] row-major, 1 inside: `soft` resized bilinearly with antialiasing as Pillow does it, above 0. */
  get data(): Uint8Array {
    this.#data ??= hardOf(this.soft, this.width, this.height);
    return this.#data;
  }

  /** Pixels inside. */
  get area(): number {
    if (this.#area === undefined) {
      let area = 0;
      for (const value of this.data) area += value;
      this.#area = area;
    }
    return this.#area;
  }

  /** COCO's compressed run-length code over the whole picture, equal to pycocotools' byte for byte. */
  toRle(): Rle {
    return {
      size: [this.image.height, this.image.width],
      counts: compressRuns(runsOf(this.data, this.box, this.image)),
    };
  }

  /**
   * Outer outlines along the pixel edges in pixels of the picture, largest first, simplified by up to a pixel; specks are
   * left out and **holes are filled**, as COCO polygons cannot say them. `toRle` is exact.
   *
   * @throws `ERR_OPTION_RANGE` for options out of range
   */
  toPolygons(options?: PolygonOptions): Polygon[] {
    return polygonsOf(this.data, this.box, options);
  }

  /** The mask of the whole picture: `image.width * image.height` values, row-major, 1 inside. */
  toFullSize(): Uint8Array {
    const full = new Uint8Array(this.image.width * this.image.height);
    for (let y = 0; y < this.height; y++) {
      const row = this.data.subarray(y * this.width, (y + 1) * this.width);
      full.set(row, (y + this.box.ymin) * this.image.width + this.box.xmin);
    }
    return full;
  }

  /**
   * A PNG file of one 8-bit channel, 0 outside and 255 inside: of the whole picture, or with `crop` of the box.
   *
   * @throws `ERR_OPTION_RANGE` for `crop` when the box has no pixels
   */
  async toPng(options: { readonly crop?: boolean | undefined } = {}): Promise<Buffer> {
    if (!flag(optionsOf(options)['crop'], 'crop')) return maskPng(this.toFullSize(), this.image);
    if (this.data.length === 0) {
      const found = `${this.width} x ${this.height} pixels`;
      throw makeError(
        'ERR_OPTION_RANGE',
        `the box of the mask has ${found}, expected 1 x 1 or more`,
        {
          name: 'crop',
          found,
          expected: 'a box with pixels',
          hint: 'leave crop out',
        },
      );
    }
    return maskPng(this.data, this);
  }

  /** Small, and without base64: the pixels go as run-length code. */
  toJSON(): MaskJson {
    const { width, height, box, image, area } = this;
    return { width, height, box, image, area, rle: this.toRle() };
  }
}

/**
 * Intersection over union of the pixels, 0 to 1; 0 when both masks are empty.
 *
 * @throws `ERR_OPTION_TYPE` for what is no mask, `ERR_OPTION_RANGE` when the masks belong to pictures of different size
 */
export function maskIou(a: Mask, b: Mask): number {
  for (const [name, value] of Object.entries({ a, b })) {
    if (!isMask(value)) throw badDocument('ERR_OPTION_TYPE', name, showValue(value), 'a Mask');
  }
  if (a.image.width !== b.image.width || a.image.height !== b.image.height) {
    const expected = `${a.image.width} x ${a.image.height}`;
    const found = `${b.image.width} x ${b.image.height}`;
    throw makeError('ERR_OPTION_RANGE', `masks of pictures of ${expected} and ${found}`, {
      name: 'mask',
      found,
      expected: `a mask of a picture of ${expected}`,
    });
  }
  let shared = 0;
  const xmin = Math.max(a.box.xmin, b.box.xmin);
  const xmax = Math.min(a.box.xmax, b.box.xmax);
  for (let y = Math.max(a.box.ymin, b.box.ymin); y < Math.min(a.box.ymax, b.box.ymax); y++) {
    const rowA = (y - a.box.ymin) * a.width - a.box.xmin;
    const rowB = (y - b.box.ymin) * b.width - b.box.xmin;
    for (let x = xmin; x < xmax; x++)
      shared += (a.data[rowA + x] as number) & (b.data[rowB + x] as number);
  }
  const union = a.area + b.area - shared;
  return union > 0 ? shared / union : 0;
}

/** Whether a detection has a mask. */
export function isSegment(detection: Detection | Segment): detection is Segment {
  return 'mask' in detection;
}

function wholePixels(box: Box, image: ImageSize): Box {
  const edge = (name: keyof Box, size: number): number => {
    const whole = Math.trunc(box[name]) + 0; // + 0: no negative zero
    if (whole >= 0 && whole <= size) return whole;
    throw makeError('ERR_OPTION_RANGE', `box.${name} is ${box[name]}, expected 0 to ${size}`, {
      name: `box.${name}`,
      found: String(box[name]),
      expected: `0 to ${size}, the size of the picture`,
      hint: 'clipBox cuts a box to the picture',
    });
  };
  return {
    xmin: edge('xmin', image.width),
    ymin: edge('ymin', image.height),
    xmax: edge('xmax', image.width),
    ymax: edge('ymax', image.height),
  };
}

function holds(outer: Box, inner: Box): boolean {
  if (inner.xmin === inner.xmax) return true; // nothing to hold
  return (
    outer.xmin <= inner.xmin &&
    outer.ymin <= inner.ymin &&
    outer.xmax >= inner.xmax &&
    outer.ymax >= inner.ymax
  );
}

function hardOf(soft: Float32Array, width: number, height: number): Uint8Array {
  if (width === 0 || height === 0) return new Uint8Array(0);
  const resized = resizeFloats(soft, [MASK_SIDE, MASK_SIDE], [width, height]);
  const data = new Uint8Array(resized.length); // a loop: `from` takes seconds for large boxes
  for (let i = 0; i < data.length; i++) data[i] = (resized[i] as number) > 0 ? 1 : 0;
  return data;
}

function softOf(data: Uint8Array, width: number, height: number): Float32Array {
  if (data.length === 0) return new Float32Array(MASK_SIDE * MASK_SIDE).fill(-1);
  const pixels = data.map((value) => value * 255);
  const resized = resizeBytes(pixels, [width, height], [MASK_SIDE, MASK_SIDE]);
  return Float32Array.from(resized, (value) => (Math.fround(value / 255) - 0.5) * 2);
}
