/** The mask encoder's input out of a full-size mask, for training data. The encoder itself is native. */
import { types } from 'node:util';
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';
import { checkBox, checkImageSize, clipBox } from './box.js';
import { MASK_SIDE } from './mask.js';
import { badDocument } from './reading.js';
import { resizeBytes } from './resize.js';
import type { Box, ImageSize } from './types.js';

/**
 * Crops a mask to `box` (edges rounded to whole pixels, halves up, and clipped to the picture) and resizes it to 64 x 64:
 * bilinear with antialiasing on 0 and 255 as Pillow does it, then divided by 255 (spec section 7.3).
 *
 * @param full row-major, `image.width * image.height` values; 0 is outside, anything else inside (so 0/1 and 0/255 both do)
 * @returns [64, 64] row-major, 0 to 1
 * @throws `ERR_OPTION_RANGE` when `full` has another size than the picture or the rounded box has no pixel
 */
export function cropToMask(full: Uint8Array, image: ImageSize, box: Box): Float32Array {
  const size = checkImageSize(image);
  const edges = checkBox(box);
  if (!types.isUint8Array(full)) {
    throw badDocument('ERR_OPTION_TYPE', 'full', showValue(full), 'a Uint8Array');
  }
  if (full.length !== size.width * size.height) {
    const expected = `${size.width * size.height}, for ${size.width} x ${size.height}`;
    throw makeError(
      'ERR_OPTION_RANGE',
      `the mask has ${full.length} values, expected ${expected}`,
      {
        name: 'full',
        found: `${full.length} values`,
        expected,
      },
    );
  }
  const { xmin, ymin, xmax, ymax } = clipBox(
    {
      xmin: Math.round(edges.xmin),
      ymin: Math.round(edges.ymin),
      xmax: Math.round(edges.xmax),
      ymax: Math.round(edges.ymax),
    },
    size,
  );
  const [width, height] = [xmax - xmin, ymax - ymin];
  if (width < 1 || height < 1) {
    const found = `${width} x ${height} pixels`;
    throw makeError('ERR_OPTION_RANGE', `the box covers ${found}, expected at least 1 x 1`, {
      name: 'box',
      found,
      expected: 'at least 1 x 1 pixels of the picture',
    });
  }
  const crop = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      crop[y * width + x] = full[(y + ymin) * size.width + x + xmin] === 0 ? 0 : 255;
    }
  }
  const resized = resizeBytes(crop, [width, height], [MASK_SIDE, MASK_SIDE]);
  return Float32Array.from(resized, (value) => value / 255);
}
