/** Pages of files: one of them by its number, all of them as pictures, and as frames of a clip. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fillUndrawn, type GifFrame } from '../../../src/image-input/gif.js';
import { type PicturePage, pages } from '../../../src/image-input/pages.js';
import { decodeImage } from '../../../src/image-input/prepare.js';
import type { ImageInput, RawPixels } from '../../../src/image-input/source.js';
import { videoFrames } from '../../../src/image-input/video.js';
import { FIXTURES, fixture, inputErrorOf, noise, OPTIONS, pipeline, ramps } from './files.js';

const FILE = path.join(FIXTURES, 'formats/pages.tif');
const BYTES = fixture('formats/pages.tif');
/** As make.py made them. */
const SIZES = [
  [18, 12],
  [10, 8],
  [16, 5],
  [18, 12],
];

async function all(input: ImageInput, options?: Parameters<typeof pages>[1]) {
  const found: PicturePage[] = [];
  for await (const page of pages(input, options)) found.push(page);
  return found;
}

describe('the option page', () => {
  it('chooses a page of a file, of bytes and of a data URL', async () => {
    const data = `data:image/tiff;base64,${BYTES.toString('base64')}`;
    for (const input of [
      FILE,
      pathToFileURL(FILE),
      BYTES,
      new Blob([new Uint8Array(BYTES)]),
      data,
    ]) {
      for (const [page, size] of SIZES.entries()) {
        const image = await decodeImage(input, { ...OPTIONS, page });
        expect([image.width, image.height]).toEqual(size);
      }
    }
  });

  it.each([
    ['pages.tif', FILE, 4, /has 4 pages, and no page 4 \(pages are 0 to 3\)$/],
    ['a far page', FILE, 1_000_000, /has 4 pages, and no page 1000000/],
    ['a PNG', fixture('small.png'), 1, /has 1 page, and no page 1 \(pages are counted from 0\)$/],
    ['a JPEG', fixture('wide.jpg'), 1, /has 1 page, and no page 1/],
    ['a BMP', fixture('formats/bmp-8.bmp'), 1, /has 1 page, and no page 1/],
    ['an animation', fixture('formats/animation-kept.gif'), 3, /has 3 pages, and no page 3/],
    [
      'raw pixels',
      { data: noise(12), width: 2, height: 2, channels: 3 },
      2,
      /has 1 page, and no page 2/,
    ],
  ] as const)(
    'that %s does not have is refused with how many there are',
    async (_, input, page, message) => {
      const error = await inputErrorOf(decodeImage(input, { ...OPTIONS, page }));
      expect(error.code).toBe('ERR_IMAGE_PAGE');
      expect(error.message).toMatch(message);
    },
  );

  it('is not for sharp pipelines, which have their own', async () => {
    const error = await inputErrorOf(decodeImage(sharp(BYTES), { ...OPTIONS, page: 1 }));
    expect(error).toMatchObject({ code: 'ERR_OPTION_RANGE', subject: 'page' });
    expect(error.hint).toBe('make it with sharp(file, { page: 1 })');
    expect((await decodeImage(sharp(BYTES, { page: 2 }), OPTIONS)).width).toBe(16);
  });

  it('counts against the pixel limit each page alone', async () => {
    expect((await decodeImage(BYTES, { ...OPTIONS, page: 1, maxPixels: 80 })).width).toBe(10);
    const error = await inputErrorOf(decodeImage(BYTES, { ...OPTIONS, page: 0, maxPixels: 80 }));
    expect(error.code).toBe('ERR_IMAGE_TOO_LARGE');
  });
});

describe('pages', () => {
  it('returns each page as a picture that calls take', async () => {
    for (const input of [FILE, BYTES]) {
      const found = await all(input);
      expect(found.map(({ width, height }) => [width, height])).toEqual(SIZES);
      expect(found.map(({ page, pages: count }) => [page, count])).toEqual(
        SIZES.map((_, i) => [i, 4]),
      );
      for (const [page, picture] of found.entries()) {
        const { data } = await decodeImage(input, { ...OPTIONS, page });
        expect(Buffer.compare(picture.data as Uint8Array, data)).toBe(0);
        expect(Buffer.compare((await decodeImage(picture, OPTIONS)).data, data)).toBe(0);
      }
    }
  });

  it('returns frames of animations in full size, and one page of anything else', async () => {
    expect(await all(fixture('formats/animation-cleared.gif'))).toHaveLength(3);
    const raw = { data: noise(12), width: 2, height: 2, channels: 3 } as const;
    for (const input of [fixture('small.png'), fixture('formats/bmp-4.bmp'), sharp(BYTES), raw]) {
      const found = await all(input);
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ page: 0, pages: 1, channels: 3 });
    }
  });

  it('reads a page when it is asked for: a damaged one does not cost those before it', async () => {
    const cut = Buffer.from(BYTES);
    // The entry for the offset of the strips of the last page (tag 273) points past the end.
    const at = cut.lastIndexOf(Buffer.from([0x11, 0x01]));
    cut.writeUInt32LE(0x7fffffff, at + 8);
    const found: number[] = [];
    const error = await inputErrorOf(
      (async () => {
        for await (const { page } of pages(cut)) found.push(page);
      })(),
    );
    expect(found).toEqual([0, 1, 2]);
    expect(error.code).toBe('ERR_IMAGE_CORRUPT');
    expect(error.message).toMatch(/^page 3 of the picture is a damaged/);
  });

  it('takes its snapshot at once, refuses at once, and ends with the signal', async () => {
    const bytes = new Uint8Array(BYTES);
    const found = pages(bytes);
    bytes.fill(0);
    expect((await found.next()).value).toMatchObject({ width: 18, pages: 4 });
    expect(() => pages(5 as unknown as ImageInput)).toThrow(/the image is 5/);
    expect(() => pages(BYTES, { page: 1 } as object)).toThrow(/pages has no option "page"/);
    const reason = new Error('enough');
    const controller = new AbortController();
    const rest = pages(BYTES, { signal: controller.signal });
    await rest.next();
    controller.abort(reason);
    await expect(rest.next()).rejects.toBe(reason);
  });

  it('says what is no picture', async () => {
    expect(await inputErrorOf(all(Buffer.from('%PDF-1.7')))).toMatchObject({
      code: 'ERR_IMAGE_FORMAT',
      found: 'a PDF document',
    });
    expect(await inputErrorOf(all('missing.tif'))).toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' });
  });
});

describe('videoFrames', () => {
  it('takes the pages of a TIFF for frames', async () => {
    const frames = (await videoFrames(FILE, { count: 4 })) as RawPixels[];
    expect(frames.map(({ width, height }) => [width, height])).toEqual(SIZES);
    const two = (await videoFrames(FILE, { count: 2 })) as RawPixels[];
    expect(two.map(({ width }) => width)).toEqual([10, 18]);
    expect(await inputErrorOf(videoFrames(FILE, { fps: 2 }))).toMatchObject({ subject: 'fps' });
  });
});

describe('the background', () => {
  const rgba = (alpha: number): Uint8Array =>
    ramps(6, 4).reduce<Uint8Array>(
      (out, value, i) => {
        out[Math.floor(i / 3) * 4 + (i % 3)] = value;
        out[Math.floor(i / 3) * 4 + 3] = alpha;
        return out;
      },
      new Uint8Array(6 * 4 * 4),
    );
  const shown = (alpha: number, back: readonly number[]): number[] =>
    [...ramps(6, 4)].map((v, i) =>
      Math.round((v * alpha + (back[i % 3] ?? 0) * (255 - alpha)) / 255),
    );

  it.each([
    [0, '#ffffff', [255, 255, 255]],
    [255, '#fff', [255, 255, 255]],
    [100, '#0a64ff', [10, 100, 255]],
    [1, '#000', [0, 0, 0]],
  ])('shows through pictures of alpha %i: %s', async (alpha, background, back) => {
    const data = rgba(alpha);
    const raw = { raw: { width: 6, height: 4, channels: 4 } } as const;
    for (const input of [
      await sharp(data, raw).png().toBuffer(),
      await sharp(data, raw).tiff({ compression: 'lzw' }).toBuffer(),
      await sharp(data, raw).webp({ lossless: true, exact: true }).toBuffer(),
      sharp(data, raw),
      { data, width: 6, height: 4, channels: 4 } as const,
      { data: new Uint8ClampedArray(data), width: 6, height: 4 },
    ]) {
      const image = await decodeImage(input, { ...OPTIONS, background });
      expect([...image.data]).toEqual(shown(alpha, back));
      expect([...(await decodeImage(input, OPTIONS)).data]).toEqual([...ramps(6, 4)]);
    }
  });

  it('shows through GIF, palettes, grey and BMP, and changes nothing that is opaque', async () => {
    const white = { ...OPTIONS, background: '#ffffff' };
    for (const name of [
      'transparent.gif',
      'palette-one-transparent.png',
      'grey-alpha.png',
      'bmp-32-alpha.bmp',
    ]) {
      const file = fixture(`formats/${name}`);
      const [dropped, blended] = [await decodeImage(file, OPTIONS), await decodeImage(file, white)];
      expect(blended.data.length).toBe(dropped.data.length);
      expect(Buffer.compare(blended.data, dropped.data), name).not.toBe(0);
      expect(
        blended.data.every((value, i) => value >= (dropped.data[i] ?? 0)),
        name,
      ).toBe(true);
    }
    const grey = pipeline(noise(48), 8, 6, 1).toColourspace('b-w');
    for (const input of [
      fixture('rotated.jpg'),
      fixture('cmyk.jpg'),
      fixture('sixteen.png'),
      fixture('formats/bmp-24.bmp'),
      fixture('formats/ycbcr-none.tif'),
      fixture('formats/plain.gif'),
      await grey.png().toBuffer(),
    ]) {
      const [plain, same] = [await decodeImage(input, OPTIONS), await decodeImage(input, white)];
      expect(Buffer.compare(plain.data, same.data)).toBe(0);
    }
  });

  it('of a BMP whose alpha is 0 everywhere does not show: its program left the bytes empty', async () => {
    const file = fixture('formats/bmp-32-alpha.bmp');
    for (let at = file.readUInt32LE(10) + 3; at < file.length; at += 4) file[at] = 0;
    const image = await decodeImage(file, { ...OPTIONS, background: '#ffffff' });
    expect(Buffer.compare(image.data, (await decodeImage(file, OPTIONS)).data)).toBe(0);
  });
});

it('the event loop goes on while pixels are looked for among many GIF frames', {
  timeout: 120_000,
}, async () => {
  const [width, height, count] = [60, 60, 2000];
  const frames = Array.from({ length: count }, (_, at): GifFrame => {
    const colour = [at % 256, 2, 3] as const;
    const place = { left: at % width, top: 0, width: 1, height: 1 };
    return { ...place, undrawn: [9, 9, 9], cleared: colour, flagsAt: undefined };
  });
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  turn();
  const data = new Uint8Array(3 * width * height);
  await fillUndrawn({ data, width, height, channels: 3 }, frames, () => true);
  isDone = true;
  // The frame before the last cleared the pixel 18, the one that is shown is not cleared yet.
  expect([...data.subarray(3 * 18, 3 * 19)]).toEqual([1998 % 256, 2, 3]);
  expect([...data.subarray(3 * 19, 3 * 20)]).toEqual([1939 % 256, 2, 3]);
  expect([...data.subarray(3 * width, 3 * width + 3)]).toEqual([9, 9, 9]);
  expect(turns).toBeGreaterThan(10);
});

it('a BigTIFF that claims a directory of any length is refused', async () => {
  const bytes = Buffer.alloc(64);
  bytes.write('II+\0\b\0\0\0', 'latin1');
  bytes.writeBigUInt64LE(16n, 8);
  for (const entries of [65_536n, 2n ** 40n, 2n ** 64n - 1n]) {
    bytes.writeBigUInt64LE(entries, 16);
    expect((await inputErrorOf(decodeImage(bytes, OPTIONS))).code).toBe('ERR_IMAGE_CORRUPT');
  }
});
