// Draws docs/images/drawn-sets.webp: pictures of every drawn set, as `paligemma draw-set` writes them with seed 0.
import path from 'node:path';
import sharp from 'sharp';
import { drawnSet } from '../../lib/drawn-sets/draw.js';
import { DOMAINS, DRAWN_SETS } from '../../lib/drawn-sets/sets.js';
import { ROOT, say } from '../lib.mjs';

const WIDTH = 1200;
const GAP = 8;
/** Crops of each text domain, and their height. */
const CROPS = 8;
const CROP_HEIGHT = 56;
const SCENE_HEIGHT = 290;

/** @returns {Promise<{ input: Buffer, width: number, height: number }[]>} */
async function pictures(name, count, height) {
  const all = [];
  for await (const { picture } of drawnSet(name, { count })) {
    const resized = sharp(picture).resize({ height, width: WIDTH / 3, fit: 'inside' });
    const { data, info } = await resized.png().toBuffer({ resolveWithObject: true });
    all.push({ input: data, width: info.width, height: info.height });
  }
  return all;
}

const layers = [];
let top = GAP;
/** Rows from left to right, as many pictures as fit. */
function lay(row) {
  let left = GAP;
  for (const { input, width } of row) {
    if (left + width + GAP > WIDTH) break;
    layers.push({ input, left, top });
    left += width + GAP;
  }
  top += Math.max(...row.map(({ height }) => height)) + GAP;
}
for (const name of DOMAINS) lay(await pictures(name, CROPS, CROP_HEIGHT));
const scenes = DRAWN_SETS.filter((name) => !DOMAINS.some((domain) => domain === name));
lay((await Promise.all(scenes.map((name) => pictures(name, 1, SCENE_HEIGHT)))).flat());
const file = path.join(ROOT, 'docs', 'images', 'drawn-sets.webp');
await sharp({ create: { width: WIDTH, height: top, channels: 3, background: '#ffffff' } })
  .composite(layers)
  .webp({ quality: 70, effort: 6 })
  .toFile(file);
say(`wrote ${path.relative(ROOT, file)}`);
