/** Drawn sets: the same seed draws the same, pictures are pictures, truths have the form of their kind. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type DrawnPicture, drawnSet } from '../../../src/drawn-sets/draw.js';
import { DRAWN_SETS, type DrawnSetName } from '../../../src/drawn-sets/sets.js';

async function drawn(name: DrawnSetName, count: number, seed: number): Promise<DrawnPicture[]> {
  const all: DrawnPicture[] = [];
  for await (const one of drawnSet(name, { count, seed })) all.push(one);
  return all;
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each(DRAWN_SETS)('%s', (name) => {
  it('draws the same pictures from the same seed, others from another, whatever the count', async () => {
    const three = await drawn(name, 3, 7);
    expect(await drawn(name, 2, 7)).toEqual(three.slice(0, 2));
    const others = await drawn(name, 3, 8);
    const bytes = [...three, ...others].map(({ picture }) => digest(picture));
    expect(new Set(bytes).size).toBe(6);
    expect(three.map((one) => one.name)).toEqual([1, 2, 3].map((n) => `${name}-0000${n}.jpg`));
  });

  it('draws JPEG pictures of the size that it says', async () => {
    for (const { picture, size } of await drawn(name, 3, 1)) {
      const { format, width, height } = await sharp(picture).metadata();
      expect({ format, width, height }).toEqual({ format: 'jpeg', ...size });
    }
  });
});

describe('drawnSet', () => {
  it('stops with the reason of its signal', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const pictures = drawnSet('licence-plate', { count: 1e9, signal: controller.signal });
    expect((await pictures.next()).done).toBe(false);
    controller.abort(reason);
    await expect(pictures.next()).rejects.toBe(reason);
  });
});
