/** Things with boxes: a drawing fills its box, so that the truth is exact. */
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { Random } from '../../../../src/drawn-sets/random.js';
import { THINGS } from '../../../../src/drawn-sets/sets/things.js';

const MARGIN = 20;
const SCALE = 2;

it.each(THINGS)('a $label fills its box', async ({ width, height, draw }) => {
  const size = `width="${SCALE * (width + 2 * MARGIN)}" height="${SCALE * (height + 2 * MARGIN)}"`;
  const view = `viewBox="${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}"`;
  for (let i = 0; i < 5; i++) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${view}>${draw(new Random(`${i}`))}</svg>`;
    const { data, info } = await sharp(Buffer.from(svg))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const seen = { xmin: Infinity, ymin: Infinity, xmax: 0, ymax: 0 };
    for (let y = 0; y < info.height; y++) {
      for (let x = 0; x < info.width; x++) {
        if ((data[4 * (y * info.width + x) + 3] ?? 0) < 40) continue;
        seen.xmin = Math.min(seen.xmin, x);
        seen.ymin = Math.min(seen.ymin, y);
        seen.xmax = Math.max(seen.xmax, x + 1);
        seen.ymax = Math.max(seen.ymax, y + 1);
      }
    }
    const edges = Object.values(seen).map((edge) => edge / SCALE - MARGIN);
    // A point may begin thinner than a pixel.
    for (const [k, edge] of [0, 0, width, height].entries()) {
      expect(Math.abs((edges[k] ?? Number.NaN) - edge)).toBeLessThan(2);
    }
  }
});
