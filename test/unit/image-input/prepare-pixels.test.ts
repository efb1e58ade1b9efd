/** Pictures that are no files: pipelines of sharp, of any version, ImageData, and raw pixels. */
import fc from 'fast-check';
import sharp from 'sharp';
import sharp033 from 'sharp-0.33';
import sharp034 from 'sharp-0.34';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/image-input/prepare.js';
import type { ImageInput } from '../../../src/image-input/source.js';
import { LIBRARIES_OF_ONE_NAME } from '../../support/needs.js';
import { detached, fixture, inputErrorOf, meanDifference, noise, OPTIONS } from './files.js';

const BYTES = fixture('small.png');

describe("other versions' sharp pipelines", () => {
  // As if they were ours: their types differ, what is called here does not.
  const versions = [
    ['0.33', sharp033 as unknown as typeof sharp],
    ['0.34', sharp034 as unknown as typeof sharp],
    ['of this package', sharp],
  ] as const;

  it('are of the versions they should be', () => {
    expect(versions.map(([, { versions: v }]) => v.sharp?.slice(0, 4))).toEqual([
      '0.33',
      '0.34',
      '0.35',
    ]);
  });

  const own = versions.slice(2);
  const others = versions.slice(0, 2);
  const TITLE = '%s: turned upright, operations kept, alpha dropped';
  it.each(own)(TITLE, (_, make) => expectRead(make));
  it.each(others)(TITLE, LIBRARIES_OF_ONE_NAME, (_, make) => expectRead(make));
  async function expectRead(make: typeof sharp): Promise<void> {
    const stored = fixture('rotated.jpg');
    const upright = await decodeImage(stored, OPTIONS);
    const image = await decodeImage(make(stored), OPTIONS);
    expect([image.width, image.height]).toEqual([200, 320]);
    // Their libjpeg may round otherwise than ours.
    expect(meanDifference(image.data, upright.data)).toBeLessThan(1);
    const asStored = await decodeImage(make(stored), { ...OPTIONS, upright: false });
    expect([asStored.width, asStored.height]).toEqual([320, 200]);

    const cut = { left: 3, top: 4, width: 10, height: 8 };
    const own = make(BYTES).ensureAlpha(0.5).extract(cut);
    const expectedCut = await sharp(BYTES).extract(cut).raw().toBuffer();
    expect(Buffer.compare((await decodeImage(own, OPTIONS)).data, expectedCut)).toBe(0);
    expect((await own.png().toBuffer({ resolveWithObject: true })).info.channels).toBe(4);
  }

  const ANGLE = 'an angle that was set with sharp 0.33 stays, and is not replaced by EXIF';
  it(ANGLE, LIBRARIES_OF_ONE_NAME, async () => {
    const image = await decodeImage(sharp033(fixture('rotated.jpg')).rotate(180), OPTIONS);
    expect([image.width, image.height]).toEqual([320, 200]);
  });

  it('older ones are refused with the versions that work', async () => {
    // What all of them share: their binaries are no longer in any registry.
    class Sharp {
      static readonly versions = { sharp: '0.32.6' };
      clone = () => this;
      metadata = async () => ({ width: 1, height: 1 });
      removeAlpha = () => this;
      toColourspace = () => this;
    }
    expect(await inputErrorOf(decodeImage(new Sharp(), OPTIONS))).toMatchObject({
      code: 'ERR_OPTION_TYPE',
      found: 'a pipeline of sharp 0.32.6',
      expected: 'a pipeline of sharp 0.33 or newer',
      hint: 'pass its bytes: await pipeline.png().toBuffer()',
    });
  });
});

describe('ImageData of a canvas', () => {
  class ImageData {
    readonly #data: Uint8ClampedArray;
    readonly colorSpace = 'srgb';
    constructor(
      bytes: Uint8Array,
      readonly width: number,
      readonly height: number,
    ) {
      this.#data = new Uint8ClampedArray(bytes);
    }
    // A getter of the prototype, as in browsers.
    get data(): Uint8ClampedArray {
      return this.#data;
    }
  }

  it('is RGBA, as is whatever has its shape', async () => {
    const rgba = noise(7 * 5 * 4);
    const rgb = rgba.filter((_, i) => i % 4 !== 3);
    for (const input of [
      new ImageData(rgba, 7, 5),
      { data: rgba, width: 7, height: 5 },
      { data: Buffer.from(rgba), width: 7, height: 5, channels: undefined },
    ] as ImageInput[]) {
      const image = await decodeImage(input, OPTIONS);
      expect([image.width, image.height]).toEqual([7, 5]);
      expect(Buffer.compare(image.data, rgb)).toBe(0);
    }
  });

  it('of another length is asked for its channels', async () => {
    for (const length of [0, 7 * 5 * 3, 7 * 5 * 4 - 1]) {
      const input = { data: new Uint8Array(length), width: 7, height: 5 };
      const error = await inputErrorOf(decodeImage(input, OPTIONS));
      expect(error).toMatchObject({ code: 'ERR_OPTION_TYPE', subject: 'image.channels' });
    }
  });
});

describe('raw pixels', () => {
  const size = fc.integer({ min: 1, max: 40 });
  const channels = fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const);

  it('become RGB: grey repeated, alpha dropped', async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        channels,
        fc.boolean(),
        fc.integer(),
        async (width, height, n, clamped, seed) => {
          const bytes = noise(width * height * n, seed);
          const data = clamped ? new Uint8ClampedArray(bytes) : bytes;
          const image = await decodeImage({ data, width, height, channels: n }, OPTIONS);
          expect([image.width, image.height]).toEqual([width, height]);
          const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
            return bytes[Math.floor(i / 3) * n + (n < 3 ? 0 : i % 3)] ?? 0;
          });
          expect(Buffer.compare(image.data, rgb)).toBe(0);
        },
      ),
    );
  });

  it('of any wrong length are refused with both lengths', async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        channels,
        fc.integer({ min: 0, max: 7000 }),
        async (width, height, n, length) => {
          fc.pre(length !== width * height * n);
          const data = new Uint8Array(length);
          const error = await inputErrorOf(
            decodeImage({ data, width, height, channels: n }, OPTIONS),
          );
          expect(error.code).toBe('ERR_OPTION_RANGE');
          expect(error.message).toBe(
            `data.length of the raw image is ${length}, expected ${width * height * n} (${width} x ${height} x ${n})`,
          );
        },
      ),
    );
  });

  it.each<[string, unknown, string, string]>([
    ['width', 0, 'ERR_OPTION_RANGE', 'width of the raw image is 0, expected a positive integer'],
    ['width', -0, 'ERR_OPTION_RANGE', 'width of the raw image is -0, expected a positive integer'],
    [
      'width',
      2.5,
      'ERR_OPTION_RANGE',
      'width of the raw image is 2.5, expected a positive integer',
    ],
    [
      'height',
      Number.NaN,
      'ERR_OPTION_RANGE',
      'height of the raw image is NaN, expected a positive integer',
    ],
    [
      'height',
      '2',
      'ERR_OPTION_TYPE',
      'height of the raw image is "2", expected a positive integer',
    ],
    ['height', 2n, 'ERR_OPTION_TYPE', 'height of the raw image is 2n, expected a positive integer'],
    [
      'width',
      1e9,
      'ERR_IMAGE_TOO_LARGE',
      'raw image has 1000000000 x 2 = 2000000000 pixels, the limit is 50000000',
    ],
    ['width', 2 ** 53 - 1, 'ERR_IMAGE_TOO_LARGE', 'the limit is 50000000'],
    ['channels', 5, 'ERR_OPTION_RANGE', 'channels of the raw image is 5, expected 1, 2, 3 or 4'],
    [
      'channels',
      undefined,
      'ERR_OPTION_TYPE',
      'channels of the raw image is undefined, expected 1, 2, 3 or 4',
    ],
    [
      'data',
      [0, 0],
      'ERR_OPTION_TYPE',
      'data of the raw image is an array of 2, expected a Uint8Array',
    ],
    [
      'data',
      new Float32Array(12),
      'ERR_OPTION_TYPE',
      'data of the raw image is an instance of Float32Array',
    ],
    [
      'data',
      detached(12),
      'ERR_OPTION_TYPE',
      'data of the raw image is a detached buffer, expected 12 bytes',
    ],
  ])('with %s %o are refused', async (field, value, code, message) => {
    const input = { data: new Uint8Array(12), width: 2, height: 2, channels: 3, [field]: value };
    const error = await inputErrorOf(decodeImage(input as ImageInput, OPTIONS));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('are read once per property', async () => {
    let reads = 0;
    const input = {
      get data() {
        return new Uint8Array(reads++ === 0 ? 12 : 3);
      },
      width: 2,
      height: 2,
      channels: 3 as const,
    };
    expect((await decodeImage(input, OPTIONS)).data).toHaveLength(12);
    expect(reads).toBe(1);
  });
});
