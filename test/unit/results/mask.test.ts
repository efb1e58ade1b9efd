/** Masks against pycocotools and Pillow, whose answers scripts/dev/mask-oracle.py wrote down. */
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { cropToMask } from '../../../src/results/crop-to-mask.js';
import { Mask, maskIou } from '../../../src/results/mask.js';
import {
  compressRuns,
  decodeRle,
  decompressRuns,
  readRle,
  runsBox,
  runsOf,
} from '../../../src/results/rle.js';
import type { Box } from '../../../src/results/types.js';
import { fixture, type Kind, SOFT, sample } from './samples.js';

interface RleCase {
  kind: Kind;
  width: number;
  height: number;
  seed: number;
  counts: string;
  area: number;
  bbox: [number, number, number, number];
}
interface ResizedCase {
  soft: number;
  image: [number, number];
  box: [number, number, number, number];
  counts: string;
  area: number;
}
interface CropCase extends Omit<RleCase, 'bbox'> {
  box: [number, number, number, number];
  fnv1a: string;
  row31: number[];
}

const whole = (width: number, height: number): Box => ({
  xmin: 0,
  ymin: 0,
  xmax: width,
  ymax: height,
});
const toBox = ([xmin, ymin, xmax, ymax]: [number, number, number, number]): Box => ({
  xmin,
  ymin,
  xmax,
  ymax,
});

function fnv1a(data: Iterable<number>): string {
  let h = 0xcbf29ce484222325n;
  for (const byte of data) h = BigInt.asUintN(64, (h ^ BigInt(byte)) * 0x100000001b3n);
  return h.toString(16).padStart(16, '0');
}

/** A mask of made-up pixels. */
function maskOf(data: Uint8Array, width: number, height: number): Mask {
  const image = { width, height };
  const counts = compressRuns(runsOf(data, whole(width, height), image));
  return Mask.fromRle({ size: [height, width], counts }, whole(width, height));
}

const arbitraryPixels = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc
      .array(fc.constantFrom(0, 1), { minLength: width * height, maxLength: width * height })
      .map((values) => ({ width, height, data: Uint8Array.from(values) })),
  );

describe('run-length code', () => {
  it.each(fixture<RleCase[]>('rle.json'))(
    'of $kind $width x $height is what pycocotools writes, and is read back',
    ({ kind, width, height, seed, counts, area, bbox }) => {
      const data = sample(kind, width, height, seed);
      const image = { width, height };
      expect(compressRuns(runsOf(data, whole(width, height), image))).toBe(counts);

      const rle = { size: [height, width] as [number, number], counts };
      const decoded = decodeRle(rle);
      expect(Buffer.compare(decoded, data)).toBe(0);
      const box = runsBox(decompressRuns(counts), image);
      expect([box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin]).toEqual(bbox);

      const mask = Mask.fromRle(rle);
      expect(mask.area).toBe(area);
      expect(mask.box).toEqual(box);
      expect(mask.toRle()).toEqual(rle);
    },
  );

  it('survives any mask at any place, compressed or as numbers', () => {
    fc.assert(
      fc.property(
        arbitraryPixels,
        fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)),
        ({ width, height, data }, [left, top, right, bottom]) => {
          const image = { width: left + width + right, height: top + height + bottom };
          const box = { xmin: left, ymin: top, xmax: left + width, ymax: top + height };
          const runs = runsOf(data, box, image);
          const size: [number, number] = [image.height, image.width];
          for (const counts of [compressRuns(runs), runs]) {
            const mask = Mask.fromRle({ size, counts } as Parameters<typeof Mask.fromRle>[0], box);
            expect(mask.box).toEqual(box);
            expect([...mask.data]).toEqual([...data]);
          }
          // The runs of the box are those of the whole picture.
          const full = Mask.fromRle({ size, counts: runs }, box).toFullSize();
          expect(runsOf(full, whole(image.width, image.height), image)).toEqual(runs);
        },
      ),
    );
  });

  it('holds runs as long as 32 bits allow', () => {
    const runs = [2 ** 31 - 1, 0, 5, 2 ** 31 - 1, 2 ** 31 - 1, 0, 1];
    expect(decompressRuns(compressRuns(runs))).toEqual(runs);
  });

  it.each([
    ['a character out of range', { size: [2, 3], counts: '2 1' }],
    ['text that ends inside a run', { size: [2, 3], counts: '2P' }],
    ['a run longer than 32 bits', { size: [2, 3], counts: 'oooooooo1' }],
    ['too few pixels', { size: [2, 3], counts: '23' }],
    ['too many pixels', { size: [2, 3], counts: [4, 4] }],
    ['a negative run', { size: [2, 3], counts: [8, -2] }],
    ['a broken run', { size: [2, 3], counts: [2.5, 3.5] }],
    ['a size of nothing', { size: [0, 3], counts: '0' }],
    ['a size beyond 32 bits', { size: [100_000, 100_000], counts: [1e10] }],
  ])('refuses %s', (_, rle) => {
    expect(() => readRle(rle as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
    );
  });

  it.each([
    ['no size', { counts: '231' }, 'rle.size'],
    ['no counts', { size: [2, 3] }, 'rle.counts'],
  ])('refuses %s', (_, rle, subject) => {
    expect(() => readRle(rle)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_TYPE', subject }),
    );
  });
});

describe('Mask', () => {
  it.each(fixture<ResizedCase[]>('resized.json'))(
    'resizes mask $soft into $box of $image as Pillow does',
    ({ soft, image: [width, height], box, counts, area }) => {
      const mask = new Mask(SOFT[soft] as Float32Array, toBox(box), { width, height });
      expect(mask.toRle()).toEqual({ size: [height, width], counts });
      expect(mask.area).toBe(area);
      expect(area).toBeGreaterThan(0);
      expect([mask.width, mask.height]).toEqual([box[2] - box[0], box[3] - box[1]]);
      expect(mask.data.length).toBe(mask.width * mask.height);
    },
  );

  it('cuts the fractions of a box off', () => {
    const mask = new Mask(SOFT[0] as Float32Array, toBox([10.9, 20.1, 74.99, 84]), {
      width: 224,
      height: 224,
    });
    expect(mask.box).toEqual(toBox([10, 20, 74, 84]));
    expect(mask.toRle().counts).toBe(fixture<ResizedCase[]>('resized.json')[0]?.counts);
  });

  it.each([
    [toBox([5, 5, 5, 9])],
    [toBox([5, 5, 9, 5])],
    [toBox([9, 9, 5, 5])],
    [toBox([5.2, 5, 5.9, 9])],
  ])('is empty in a box without area: %j', async (box) => {
    const mask = new Mask(SOFT[0] as Float32Array, box, { width: 20, height: 10 });
    expect(mask.data).toEqual(new Uint8Array(0));
    expect(mask.area).toBe(0);
    expect(mask.toPolygons()).toEqual([]);
    expect(mask.toRle()).toEqual({ size: [10, 20], counts: compressRuns([200]) });
    expect(mask.toFullSize()).toEqual(new Uint8Array(200));
    expect((await sharp(await mask.toPng()).metadata()).width).toBe(20);
    await expect(mask.toPng({ crop: true })).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE' });
    expect(maskIou(mask, mask)).toBe(0);
  });

  it.each([
    [
      'leaves the picture',
      () => new Mask(SOFT[0] as Float32Array, toBox([0, 0, 21, 5]), { width: 20, height: 10 }),
    ],
    [
      'starts before it',
      () => new Mask(SOFT[0] as Float32Array, toBox([-1, 0, 5, 5]), { width: 20, height: 10 }),
    ],
    [
      'has NaN',
      () =>
        new Mask(SOFT[0] as Float32Array, toBox([0, Number.NaN, 5, 5]), { width: 20, height: 10 }),
    ],
    [
      'has no picture',
      () => new Mask(SOFT[0] as Float32Array, toBox([0, 0, 0, 0]), { width: 0, height: 10 }),
    ],
    [
      'is not 64 x 64',
      () => new Mask(new Float32Array(9), toBox([0, 0, 1, 1]), { width: 9, height: 9 }),
    ],
  ])('refuses what %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_RANGE' }));
  });

  it('returns PNG files of the picture and of the box', async () => {
    const mask = new Mask(SOFT[1] as Float32Array, toBox([3, 2, 40, 31]), {
      width: 50,
      height: 40,
    });
    for (const [options, pixels, size] of [
      [{}, mask.toFullSize(), [50, 40]],
      [{ crop: true }, mask.data, [37, 29]],
    ] as const) {
      const png = await mask.toPng(options);
      expect(await sharp(png).metadata()).toMatchObject({ format: 'png', channels: 1 });
      const { data, info } = await sharp(png)
        .toColourspace('b-w')
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).toEqual([...size, 1]);
      expect(Buffer.compare(data, Buffer.from(pixels.map((value) => value * 255)))).toBe(0);
    }
  });

  it('is small as JSON and comes back from it', () => {
    const mask = new Mask(SOFT[1] as Float32Array, toBox([75, 50, 165, 140]), {
      width: 224,
      height: 224,
    });
    const text = JSON.stringify({ mask });
    expect(text.length).toBeLessThan(1500);
    const json = JSON.parse(text).mask;
    expect(json).toEqual(mask.toJSON());
    const back = Mask.fromRle(json.rle, json.box);
    expect(back.box).toEqual(mask.box);
    expect(Buffer.compare(back.data, mask.data)).toBe(0);
  });

  it('made from pixels has the soft values that the encoder would see', () => {
    const mask = maskOf(sample('disc', 97, 61, 0), 97, 61);
    const seen = cropToMask(mask.toFullSize(), mask.image, mask.box);
    expect(mask.soft).toEqual(Float32Array.from(seen, (value) => (value - 0.5) * 2));
    expect(Mask.fromRle({ size: [2, 3], counts: [6] }).soft).toEqual(
      new Float32Array(4096).fill(-1),
    );
  });
});

describe('maskIou', () => {
  it('counts shared pixels over all pixels', () => {
    fc.assert(
      fc.property(arbitraryPixels, fc.nat(), ({ width, height, data }, seed) => {
        const other = sample('noise', width, height, seed % 100);
        let [shared, all] = [0, 0];
        data.forEach((value, i) => {
          shared += value & (other[i] as number);
          all += value | (other[i] as number);
        });
        const size: [number, number] = [height, width];
        // Each in its own smallest box.
        const tight = (pixels: Uint8Array) =>
          Mask.fromRle({ size, counts: runsOf(pixels, whole(width, height), { width, height }) });
        expect(maskIou(tight(data), tight(other))).toBe(all > 0 ? shared / all : 0);
      }),
    );
  });

  it('refuses masks of different pictures', () => {
    const a = maskOf(sample('all', 4, 5, 0), 4, 5);
    const b = maskOf(sample('all', 5, 4, 0), 5, 4);
    expect(() => maskIou(a, b)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_RANGE' }));
  });
});

describe('cropToMask', () => {
  it.each(fixture<CropCase[]>('crop.json'))(
    'of $kind $width x $height at $box is what Pillow makes',
    ({ kind, width, height, seed, box, fnv1a: hash, row31 }) => {
      const data = sample(kind, width, height, seed);
      const values = cropToMask(data, { width, height }, toBox(box));
      const bytes = Array.from(values, (value) => Math.round(value * 255));
      expect(bytes.slice(31 * 64, 32 * 64)).toEqual(row31);
      expect(fnv1a(bytes)).toBe(hash);
      expect(values).toEqual(Float32Array.from(bytes, (value) => value / 255));
      expect(
        cropToMask(
          data.map((value) => value * 255),
          { width, height },
          toBox(box),
        ),
      ).toEqual(values);
    },
  );

  it('rounds the box and cuts it to the picture', () => {
    const data = sample('noise', 40, 30, 6);
    const image = { width: 40, height: 30 };
    expect(cropToMask(data, image, toBox([4.5, 5.49, 39.6, 44]))).toEqual(
      cropToMask(data, image, toBox([5, 5, 40, 30])),
    );
  });

  it.each([
    ['a box without a pixel', new Uint8Array(100), toBox([3, 3, 3.4, 9])],
    ['a box beside the picture', new Uint8Array(100), toBox([12, 3, 15, 9])],
    ['a mask of another size', new Uint8Array(99), toBox([1, 1, 5, 5])],
  ])('refuses %s', (_, full, box) => {
    expect(() => cropToMask(full, { width: 10, height: 10 }, box)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
    );
  });
});
