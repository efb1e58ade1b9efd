/** What the sources of crops have in common. */
import { loadSharp } from '../../../load-sharp.js';
import type { Crop } from '../system.js';

/** What the crops are called that this package draws. */
export const DRAWN = 'drawn';

export interface DataOptions {
  /** `drawn`, `real:FOLDER`, or a path. */
  readonly data: readonly string[];
  /** Of the drawn crops. */
  readonly perDomain: number;
  readonly seed: number;
}

/** A crop that is not yet in a file of the run. `split` undefined: the benchmark decides. */
export interface Picture extends Pick<Crop, 'id' | 'domain' | 'group' | 'truth'> {
  readonly split: Crop['split'] | undefined;
  readonly png: Buffer;
}

/** x, y, width and height in pixels. */
export type Box = readonly [number, number, number, number];

/** The part of a picture that is in `box`, as PNG; undefined where there is no pixel. */
export async function cut(
  file: string | Buffer,
  [x, y, width, height]: Box,
): Promise<Buffer | undefined> {
  const sharp = loadSharp();
  const upright = await sharp(file).rotate().toBuffer({ resolveWithObject: true });
  const { width: right, height: bottom } = upright.info;
  const [x0, y0] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))];
  const [x1, y1] = [Math.min(right, Math.ceil(x + width)), Math.min(bottom, Math.ceil(y + height))];
  if (!(x1 > x0 && y1 > y0)) return undefined;
  const area = { left: x0, top: y0, width: x1 - x0, height: y1 - y0 };
  return sharp(upright.data).extract(area).toColourspace('srgb').png().toBuffer();
}
