/** What pictures decode to: every format, colour space and orientation, against Pillow's bytes or the pixels drawn. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/image-input/prepare.js';
import hashes from '../../fixtures/images/pixels-224.json' with { type: 'json' };
import {
  everyFormat,
  FIXTURES,
  fixture,
  inputErrorOf,
  meanDifference,
  noise,
  OPTIONS,
  pipeline,
  png,
  ramps,
  sha256,
} from './files.js';

describe('reference pictures', () => {
  // These are 224 x 224 already, so that Pillow's resized bytes are its decoded bytes.
  it.each([
    'alpha.png',
    'cmyk.jpg',
    'grey.png',
    'palette.png',
    'scene0.png',
    'scene1.png',
    'scene2.png',
    'text0.png',
    'text1.png',
  ] as const)('%s decodes to the bytes that Pillow decodes', async (name) => {
    const image = await decodeImage(fixture(name), OPTIONS);
    expect([image.width, image.height]).toEqual([224, 224]);
    expect(sha256(image.data)).toBe(hashes[name]);
  });

  it('lossy.webp decodes to the bytes that Pillow decodes', async () => {
    const image = await decodeImage(`${FIXTURES}/lossy.webp`, OPTIONS);
    expect([image.width, image.height]).toEqual([300, 200]);
    expect(sha256(image.data)).toBe(sha256(fixture('lossy.webp.rgb')));
  });

  it('sixteen.png, whose samples are 257 times those of grey.png, decodes to the same bytes', async () => {
    const sixteen = await decodeImage(fixture('sixteen.png'), OPTIONS);
    expect(sha256(sixteen.data)).toBe(hashes['grey.png']);
  });
});

describe('colours', () => {
  it('takes the upper byte of every 16-bit value', async () => {
    // A row of PNG data: the filter byte 0, then 256 samples of 2 bytes.
    const rows = Buffer.alloc(256 * 513);
    for (let i = 0; i < 65_536; i++) rows.writeUInt16BE(i, (i >> 8) * 513 + 1 + 2 * (i & 255));
    const file = png(256, 256, { bitDepth: 16, colourType: 0, data: rows });
    const { data } = await decodeImage(file, OPTIONS);
    expect(data.every((value, i) => value === Math.floor(i / 3 / 256))).toBe(true);
  });

  it('drops alpha without blending, even where it is 0', async () => {
    const rgba = noise(64 * 64 * 4);
    for (let i = 3; i < rgba.length; i += 8) rgba[i] = 0;
    const raw = { width: 64, height: 64, channels: 4 } as const;
    const rgb = rgba.filter((_, i) => i % 4 !== 3);
    for (const file of [
      await sharp(rgba, { raw }).png().toBuffer(),
      await sharp(rgba, { raw }).tiff({ compression: 'none' }).toBuffer(),
      await sharp(rgba, { raw }).webp({ lossless: true, exact: true }).toBuffer(),
    ]) {
      expect(Buffer.compare((await decodeImage(file, OPTIONS)).data, rgb)).toBe(0);
    }
  });

  it('repeats grey, with and without alpha, and expands 1-bit pictures', async () => {
    const grey = noise(50);
    const tripled = Uint8Array.from({ length: 150 }, (_, i) => grey[Math.floor(i / 3)] ?? 0);
    const file = await pipeline(grey, 10, 5, 1).toColourspace('b-w').png().toBuffer();
    expect((await sharp(file).metadata()).channels).toBe(1);
    expect(Buffer.from((await decodeImage(file, OPTIONS)).data)).toEqual(Buffer.from(tripled));

    const rows = Buffer.concat(
      [0, 1, 2, 3, 4].map((y) =>
        Buffer.from([0, ...[...grey.subarray(10 * y, 10 * y + 10)].flatMap((v, x) => [v, 25 * x])]),
      ),
    );
    const withAlpha = png(10, 5, { colourType: 4, data: rows });
    expect(Buffer.from((await decodeImage(withAlpha, OPTIONS)).data)).toEqual(Buffer.from(tripled));

    const bits = png(8, 1, { bitDepth: 1, colourType: 0, data: Buffer.from([0, 0b10110001]) });
    const { data } = await decodeImage(bits, OPTIONS);
    expect([...data.filter((_, i) => i % 3 === 0)]).toEqual([255, 0, 255, 255, 0, 0, 0, 255]);
  });

  it('ignores embedded colour profiles', async () => {
    const rgb = noise(30 * 20 * 3);
    const file = await pipeline(rgb, 30, 20)
      .png()
      .withIccProfile('p3', { attach: true })
      .toBuffer();
    // withIccProfile converts to the profile; read those numbers back untouched.
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    expect((await sharp(file).metadata()).icc?.length).toBeGreaterThan(0);
    expect(Buffer.compare(stored, rgb)).not.toBe(0);
    expect(Buffer.compare((await decodeImage(file, OPTIONS)).data, stored)).toBe(0);
  });

  it('refuses samples of more than 16 bits', async () => {
    const float = await pipeline(ramps(8, 8), 8, 8)
      .toColourspace('scrgb')
      .tiff({ compression: 'none' })
      .toBuffer();
    expect(await inputErrorOf(decodeImage(float, OPTIONS))).toMatchObject({
      code: 'ERR_IMAGE_FORMAT',
    });
  });
});

describe('formats', () => {
  const drawn = ramps(48, 32);
  const lossless = ['png', 'interlaced png', 'lossless webp', 'lzw tiff', 'bmp'];

  it('decodes all of them, the lossless ones exactly', async () => {
    for (const [name, file] of await everyFormat()) {
      const { data, width, height } = await decodeImage(file, OPTIONS);
      expect([width, height], name).toEqual([48, 32]);
      if (lossless.includes(name)) expect(Buffer.compare(data, drawn), name).toBe(0);
      // JPEG at quality 80, a palette of 256 colours, AVIF at quality 50.
      else expect(meanDifference(data, drawn), name).toBeLessThan(4);
    }
  });

  it('takes the first frame of an animation and the first page of a TIFF', async () => {
    const frames = [ramps(16, 16), new Uint8Array(768)].map((rgb) => pipeline(rgb, 16, 16).png());
    const [first, second] = await Promise.all(frames.map((frame) => frame.toBuffer()));
    if (!first || !second) throw new Error('no frames');
    const joined = sharp([first, second], { join: { animated: true } });
    for (const file of [
      await joined.clone().gif().toBuffer(),
      await joined.clone().webp({ lossless: true }).toBuffer(),
      await joined.clone().tiff({ compression: 'none' }).toBuffer(),
    ]) {
      expect((await sharp(file).metadata()).pages).toBe(2);
      const { data, width, height } = await decodeImage(file, OPTIONS);
      expect([width, height]).toEqual([16, 16]);
      expect(meanDifference(data, ramps(16, 16))).toBeLessThan(4);
    }
  });

  it('decodes pictures of one pixel, one row and one column', async () => {
    for (const [width, height] of [
      [1, 1],
      [2, 2],
      [1, 4000],
      [4000, 1],
      [1, 65_535],
      [65_535, 1],
    ] as const) {
      const rgb = noise(width * height * 3);
      const image = await decodeImage(await pipeline(rgb, width, height).png().toBuffer(), OPTIONS);
      expect([image.width, image.height]).toEqual([width, height]);
      expect(Buffer.compare(image.data, rgb)).toBe(0);
    }
  });
});

describe('EXIF orientation', () => {
  // Stored pixel (x, y) of a W x H file shows at this place of the upright picture (EXIF 2.32, tag 0x0112).
  const W = 6;
  const H = 4;
  const places: Record<number, (x: number, y: number) => readonly [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [W - 1 - x, y],
    3: (x, y) => [W - 1 - x, H - 1 - y],
    4: (x, y) => [x, H - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [H - 1 - y, x],
    7: (x, y) => [H - 1 - y, W - 1 - x],
    8: (x, y) => [y, W - 1 - x],
  };

  describe.each([1, 2, 3, 4, 5, 6, 7, 8])('%i', (orientation) => {
    const rgb = noise(W * H * 3);
    const place = places[orientation] ?? (() => [0, 0]);
    const turned = orientation >= 5;
    const upright = new Uint8Array(rgb.length);
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const [u, v] = place(x, y);
        const from = 3 * (y * W + x);
        upright.set(rgb.subarray(from, from + 3), 3 * (v * (turned ? H : W) + u));
      }
    }
    const tagged = () => pipeline(rgb, W, H).withMetadata({ orientation });

    it('turns PNG, WebP and TIFF files and sharp pipelines upright', async () => {
      const files = [
        await tagged().png().toBuffer(),
        await tagged().webp({ lossless: true }).toBuffer(),
        await tagged().tiff({ compression: 'none' }).toBuffer(),
      ];
      for (const input of [...files, sharp(files[0])]) {
        const image = await decodeImage(input, OPTIONS);
        expect([image.width, image.height]).toEqual(turned ? [H, W] : [W, H]);
        expect(Buffer.compare(image.data, upright)).toBe(0);
      }
    });

    it('leaves the picture as it is stored when asked to', async () => {
      const file = await tagged().png().toBuffer();
      for (const input of [file, sharp(file)]) {
        const image = await decodeImage(input, { ...OPTIONS, upright: false });
        expect([image.width, image.height]).toEqual([W, H]);
        expect(Buffer.compare(image.data, rgb)).toBe(0);
      }
    });
  });

  it('turns a JPEG from a camera upright', async () => {
    const image = await decodeImage(fixture('rotated.jpg'), OPTIONS);
    expect([image.width, image.height]).toEqual([200, 320]);
    const stored = await decodeImage(fixture('rotated.jpg'), { ...OPTIONS, upright: false });
    expect([stored.width, stored.height]).toEqual([320, 200]);
    const turned = await pipeline(stored.data, 320, 200).rotate(90).raw().toBuffer();
    expect(Buffer.compare(image.data, turned)).toBe(0);
  });
});
