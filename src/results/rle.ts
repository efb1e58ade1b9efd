/**
 * COCO's run-length code of masks, byte for byte as pycocotools writes it. Masks themselves are in mask.ts.
 *
 * Source: cocoapi common/maskApi.c: rleEncode, rleToString, rleFrString.
 */
import { makeError } from '../errors.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { checkImageSize } from './box.js';
import { badDocument, fields, list } from './reading.js';
import type { Box, ImageSize } from './types.js';

/** What `json.dump` of a pycocotools mask writes, once its bytes are text. */
export interface Rle {
  /** Height, width of the whole picture: rows first, unlike everywhere else here. */
  readonly size: readonly [number, number];
  /** Lengths of runs down the columns, starting with pixels outside; six bits to a character. */
  readonly counts: string;
}

/** Older COCO files hold the lengths as they are. */
export interface UncompressedRle {
  readonly size: readonly [number, number];
  readonly counts: readonly number[];
}

/** Lengths of the runs, in column order over the whole picture, of a mask that covers only `box` (whole pixels). */
export function runsOf(data: Uint8Array, box: Box, image: ImageSize): number[] {
  const runs: number[] = [];
  let value = 0;
  let length = 0;
  const add = (next: number, count: number): void => {
    if (next !== value) {
      runs.push(length);
      value = next;
      length = 0;
    }
    length += count;
  };
  const width = Math.max(0, box.xmax - box.xmin);
  const height = Math.max(0, box.ymax - box.ymin);
  if (width === 0 || height === 0) return [image.width * image.height];
  length = box.xmin * image.height;
  for (let x = 0; x < width; x++) {
    if (box.ymin > 0) add(0, box.ymin);
    for (let y = 0; y < height; y++) add(data[y * width + x] as number, 1);
    if (box.ymax < image.height) add(0, image.height - box.ymax);
  }
  if (box.xmax < image.width) add(0, (image.width - box.xmax) * image.height);
  runs.push(length);
  return runs;
}

/** Five bits to a character, lowest first, a sixth tells that more follow; from the fourth run on as difference to the last but one. */
export function compressRuns(runs: readonly number[]): string {
  const bytes: number[] = [];
  for (let i = 0; i < runs.length; i++) {
    let rest = i > 2 ? (runs[i] as number) - (runs[i - 2] as number) : (runs[i] as number);
    for (let more = true; more; ) {
      const bits = rest & 0x1f;
      rest >>= 5;
      more = bits & 0x10 ? rest !== -1 : rest !== 0;
      bytes.push((more ? bits | 0x20 : bits) + 48);
    }
  }
  return Buffer.from(bytes).toString('latin1');
}

/** The reverse of `compressRuns`; `ERR_OPTION_RANGE` for text that it cannot have written. */
export function decompressRuns(counts: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < counts.length; ) {
    let run = 0;
    let shift = 0;
    for (let more = true; more; shift += 5) {
      const bits = counts.charCodeAt(at) - 48; // NaN past the end
      if (!(bits >= 0 && bits < 64) || shift > 30) {
        throw badRle(
          at < counts.length
            ? `a code with ${JSON.stringify(counts[at])} as character ${at}`
            : `a code that ends inside run ${runs.length}`,
          'characters "0" to "o" that hold whole runs of 32 bits',
        );
      }
      at++;
      run |= (bits & 0x1f) << shift;
      more = (bits & 0x20) !== 0;
      if (!more && bits & 0x10 && shift < 25) run |= -1 << (shift + 5);
    }
    runs.push(runs.length > 2 ? run + (runs[runs.length - 2] as number) : run);
  }
  return runs;
}

/** A mask of the whole picture as runs, with the size of the picture; every run checked. */
export function readRle(rle: unknown): { runs: readonly number[]; image: ImageSize } {
  const { size, counts } = reading('rle', 'an object of size and counts', () => {
    const given = fields(rle, 'rle');
    const sides = [...list(given['size'], 'rle.size')];
    const code = given['counts'];
    return { size: sides, counts: Array.isArray(code) ? [...(code as unknown[])] : code };
  });
  if (size.length !== 2) throw badRle(`a code with ${size.length} sides`, '[height, width]');
  const image = checkImageSize({ width: size[1], height: size[0] });
  if (typeof counts !== 'string' && !Array.isArray(counts)) {
    const expected = 'text or an array of integers';
    throw badDocument('ERR_OPTION_TYPE', 'rle.counts', showValue(counts), expected);
  }
  const runs = typeof counts === 'string' ? decompressRuns(counts) : counts;
  let total = 0;
  for (const run of runs as readonly unknown[]) {
    if (typeof run !== 'number' || !Number.isInteger(run) || run < 0) {
      throw badRle(`a code with a run of ${showValue(run)} pixels`, 'runs of 0 or more');
    }
    total += run;
  }
  if (total !== image.width * image.height) {
    throw badRle(
      `a code of ${total} pixels`,
      `${image.width * image.height}, for ${image.width} x ${image.height}`,
    );
  }
  return { runs: runs as readonly number[], image };
}

/**
 * All pixels of the picture, row-major, 0 or 1. The caller answers for the memory: one byte for each pixel that the size
 * announces.
 *
 * @example decodeRle({ size: [2, 3], counts: '231' }) // width 3, height 2: pixels 2, 3 and 4 down the columns
 */
export function decodeRle(rle: Rle | UncompressedRle): Uint8Array {
  const { runs, image } = readRle(rle);
  const data = new Uint8Array(image.width * image.height);
  paintRuns(runs, image, { xmin: 0, ymin: 0, xmax: image.width, ymax: image.height }, data);
  return data;
}

/** Calls `visit` with each vertical line of inside pixels: column, first row, row after the last. */
function visitRuns(
  runs: readonly number[],
  image: ImageSize,
  visit: (x: number, from: number, to: number) => void,
): void {
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = at + (runs[i] as number);
    if (i % 2 === 1) {
      for (let from = at; from < end; ) {
        const x = Math.floor(from / image.height);
        const to = Math.min(end, (x + 1) * image.height);
        visit(x, from - x * image.height, to - x * image.height);
        from = to;
      }
    }
    at = end;
  }
}

/** Sets the inside pixels to 1 in `data`, which covers `box`; the box must hold them all. */
export function paintRuns(
  runs: readonly number[],
  image: ImageSize,
  box: Box,
  data: Uint8Array,
): void {
  const width = box.xmax - box.xmin;
  visitRuns(runs, image, (x, from, to) => {
    for (let y = from; y < to; y++) data[(y - box.ymin) * width + (x - box.xmin)] = 1;
  });
}

/** The smallest box of whole pixels around the inside pixels; all 0 when there are none. As pycocotools' `toBbox`. */
export function runsBox(runs: readonly number[], image: ImageSize): Box {
  let [xmin, ymin, xmax, ymax] = [image.width, image.height, 0, 0];
  visitRuns(runs, image, (x, from, to) => {
    xmin = Math.min(xmin, x);
    xmax = Math.max(xmax, x + 1);
    ymin = Math.min(ymin, from);
    ymax = Math.max(ymax, to);
  });
  return xmax === 0 ? { xmin: 0, ymin: 0, xmax: 0, ymax: 0 } : { xmin, ymin, xmax, ymax };
}

function badRle(found: string, expected: string): Error {
  return makeError('ERR_OPTION_RANGE', `rle is ${found}, expected ${expected}`, {
    name: 'rle',
    found,
    expected,
  });
}
