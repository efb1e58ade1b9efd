/** The whole way from a file to the model's square of pixels, against Pillow; needs the addon for the resize. */
import { describe, expect, it } from 'vitest';
import { type ImageOptions, prepareImage } from '../../../src/image-input/prepare.js';
import { type ImageInput, takeSource } from '../../../src/image-input/source.js';
import hashes from '../../fixtures/images/pixels-224.json' with { type: 'json' };
import { fixture, inputErrorOf, noise, OPTIONS, sha256 } from './files.js';

// Pillow's bytes were made without turning by EXIF.
const AS_STORED = { ...OPTIONS, upright: false };

const prepared = async (image: ImageInput, size: number, options: ImageOptions) =>
  prepareImage(takeSource(image, options.maxPixels), size, options);

describe('prepareImage', () => {
  it.each(Object.keys(hashes) as (keyof typeof hashes)[])(
    'returns %s as Pillow does, byte for byte',
    async (name) => {
      const { pixels } = await prepared(fixture(name), 224, AS_STORED);
      expect(pixels).toHaveLength(224 * 224 * 3);
      expect(sha256(pixels)).toBe(hashes[name]);
    },
  );

  it('tells the size of the upright original', async () => {
    expect(await prepared(fixture('rotated.jpg'), 224, OPTIONS)).toMatchObject({
      width: 200,
      height: 320,
    });
    expect(await prepared(fixture('rotated.jpg'), 224, AS_STORED)).toMatchObject({
      width: 320,
      height: 200,
    });
    expect(await prepared(fixture('wide.jpg'), 56, OPTIONS)).toMatchObject({
      width: 641,
      height: 419,
    });
  });

  it('keeps the colour of a picture of one colour at any size', async () => {
    const colour = [12, 200, 99];
    for (const [width, height] of [
      [1, 1],
      [3, 700],
      [1000, 2],
      [448, 448],
    ] as const) {
      const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3] ?? 0);
      const { pixels } = await prepared({ data, width, height, channels: 3 }, 56, OPTIONS);
      expect(pixels.every((value, i) => value === colour[i % 3])).toBe(true);
    }
  });

  it('takes its snapshot before it returns', async () => {
    const data = noise(40 * 30 * 3);
    const image = { data, width: 40, height: 30, channels: 3 } as const;
    const undisturbed = await prepared({ ...image, data: data.slice() }, 28, OPTIONS);
    const pending = prepared(image, 28, OPTIONS);
    data.fill(0);
    expect(sha256((await pending).pixels)).toBe(sha256(undisturbed.pixels));
  });

  it('refuses what it cannot read as decodeImage does', async () => {
    expect(await inputErrorOf(prepared(Buffer.from('hello'), 224, OPTIONS))).toMatchObject({
      code: 'ERR_IMAGE_FORMAT',
    });
  });

  it('rejects with the reason of the signal', async () => {
    const reason = new Error('enough');
    await expect(
      prepared(fixture('wide.jpg'), 224, { ...OPTIONS, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });
});
