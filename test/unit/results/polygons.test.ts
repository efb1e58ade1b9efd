/** Outlines of masks and filled outlines. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mask, maskIou } from '../../../src/results/mask.js';
import { joinPolygons } from '../../../src/results/polygons.js';
import { runsOf } from '../../../src/results/rle.js';
import { SOFT, sample } from './samples.js';

/** A mask from rows of `#` and other characters. */
function drawn(...rows: string[]): Mask {
  const [width, height] = [rows[0]?.length ?? 0, rows.length];
  const data = Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0));
  return masked(data, width, height);
}

function masked(data: Uint8Array, width: number, height: number): Mask {
  const box = { xmin: 0, ymin: 0, xmax: width, ymax: height };
  return Mask.fromRle({ size: [height, width], counts: runsOf(data, box, { width, height }) }, box);
}

const EXACT = { tolerance: 0, minShare: 0 };

describe('toPolygons', () => {
  it('follows the pixel edges clockwise, in pixels of the picture', () => {
    expect(drawn('......', '..###.', '..#...').toPolygons(EXACT)).toEqual([
      [5, 1, 5, 2, 3, 2, 3, 3, 2, 3, 2, 1],
    ]);
  });

  it('returns the largest piece first; pixels that touch at a corner are two', () => {
    expect(drawn('#..', '.##').toPolygons(EXACT)).toEqual([
      [3, 1, 3, 2, 1, 2, 1, 1],
      [1, 0, 1, 1, 0, 1, 0, 0],
    ]);
  });

  it('fills holes and leaves specks out', () => {
    const mask = masked(sample('all', 30, 30, 0), 30, 30);
    expect(mask.toPolygons()).toEqual([[30, 0, 30, 30, 0, 30, 0, 0]]);
    mask.data[5 * 30 + 5] = 0;
    expect(mask.toPolygons()).toEqual([[30, 0, 30, 30, 0, 30, 0, 0]]);
    for (let y = 0; y < 30; y++) mask.data[y * 30 + 28] = 0;
    mask.data.fill(0, 0, 30);
    mask.data[29] = 1; // a speck of one pixel above the thin last column ...
    mask.data[59] = 0; // ... which does not touch it
    const pieces = mask.toPolygons();
    expect(pieces).toHaveLength(2);
    expect(mask.toPolygons({ minShare: 0 })).toHaveLength(3);
    expect(mask.toPolygons({ minShare: 1 })).toHaveLength(1);
  });

  it('simplifies stairs to a line, but nothing to nothing', () => {
    const stairs = Array.from({ length: 40 }, (_, y) => '#'.repeat(y + 1).padEnd(40, '.'));
    const mask = drawn(...stairs);
    expect(mask.toPolygons({ tolerance: 0 })[0]?.length).toBeGreaterThan(150);
    expect(mask.toPolygons()[0]?.length).toBeLessThanOrEqual(10);
    expect(drawn('...', '.#.', '...').toPolygons({ tolerance: 50 })).toEqual([
      [2, 1, 2, 2, 1, 2, 1, 1],
    ]);
  });

  it('of a decoded mask is short and close to it', () => {
    const image = { width: 640, height: 480 };
    const mask = new Mask(
      SOFT[1] as Float32Array,
      { xmin: 100, ymin: 50, xmax: 500, ymax: 450 },
      image,
    );
    const polygons = mask.toPolygons();
    expect(polygons.flat().length).toBeLessThan(400);
    expect(maskIou(Mask.fromPolygons(polygons, image), mask)).toBeGreaterThan(0.99);
  });

  it('filled again is the mask with its holes filled, for any mask', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.nat(200)),
        ([width, height, seed]) => {
          const mask = masked(sample('noise', width, height, seed), width, height);
          const filled = withoutHoles(mask.data, width, height);
          const polygons = mask.toPolygons(EXACT);
          const back = Mask.fromPolygons(polygons, mask.image, mask.box);
          expect([...back.data]).toEqual([...filled]);
          if (polygons.length === 0) return;
          const joined = Mask.fromPolygons([joinPolygons(polygons)], mask.image, mask.box);
          expect([...joined.data]).toEqual([...filled]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    { tolerance: -1 },
    { tolerance: Number.NaN },
    { tolerance: Number.POSITIVE_INFINITY },
    { minShare: 1.5 },
  ])('refuses %j', (options) => {
    expect(() => drawn('#').toPolygons(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
    );
  });
});

describe('Mask.fromPolygons', () => {
  const image = { width: 8, height: 6 };

  it('takes the pixels whose centres are inside, of all polygons', () => {
    const mask = Mask.fromPolygons(
      [
        [0.4, 0.4, 2.6, 0.4, 2.6, 1.6, 0.4, 1.6],
        [2, 1, 4, 1, 4, 3, 2, 3],
      ],
      image,
    );
    expect(mask.box).toEqual({ xmin: 0, ymin: 0, xmax: 4, ymax: 3 });
    expect([...mask.data].join('')).toBe('1110' + '1111' + '0011');
  });

  it('cuts what leaves the picture, and may be empty', () => {
    expect(Mask.fromPolygons([[-9, -9, 20, -9, 20, 20, -9, 20]], image).area).toBe(48);
    expect(Mask.fromPolygons([[10, 1, 12, 1, 12, 3]], image).area).toBe(0);
    expect(Mask.fromPolygons([], image).toRle().size).toEqual([6, 8]);
  });

  it.each([[[[1, 2, 3, 4]]], [[[1, 2, 3, 4, 5, 6, 7]]], [[[1, 2, 3, 4, 5, Number.NaN]]]])(
    'refuses %j',
    (polygons) => {
      expect(() => Mask.fromPolygons(polygons as never, image)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
      );
    },
  );

  it('refuses what is no polygon', () => {
    expect(() => Mask.fromPolygons([null] as never, image)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_TYPE', subject: 'polygons[0]' }),
    );
  });
});

/** Sets every 0 that no path over 0s (corners count) connects with the outside. */
function withoutHoles(data: Uint8Array, width: number, height: number): Uint8Array {
  const outside = new Uint8Array((width + 2) * (height + 2));
  const queue = [[-1, -1]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [x = 0, y = 0] = next;
    if (x < -1 || y < -1 || x > width || y > height) continue;
    const isInside = x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
    const at = (y + 1) * (width + 2) + x + 1;
    if (isInside || outside[at]) continue;
    outside[at] = 1;
    for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) queue.push([x + dx, y + dy]);
  }
  return data.map((_, i) => {
    const at = (Math.floor(i / width) + 1) * (width + 2) + (i % width) + 1;
    return outside[at] ? 0 : 1;
  });
}
