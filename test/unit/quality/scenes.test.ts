/** The generator of quality pictures: the same seed yields the same picture, and its truth is what was drawn. */
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import {
  COLORS,
  caption,
  exifRotated,
  labelOf,
  locationTokens,
  matching,
  printedText,
  questions,
  Random,
  type Scene,
  SEEDS,
  scene,
  VARIANTS,
} from '../../../bench/quality/scenes.mjs';

const seeds = Object.values(SEEDS);

/** First and last column and row of the mask, read pixel by pixel. */
function extent(mask: Uint8Array, width: number) {
  const inside = [...mask.keys()].filter((i) => mask[i] === 1);
  const columns = inside.map((i) => i % width);
  const rows = inside.map((i) => Math.floor(i / width));
  const least = (list: number[]) => list.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (list: number[]) => list.reduce((a, b) => Math.max(a, b), -1);
  return {
    xmin: least(columns),
    ymin: least(rows),
    xmax: most(columns) + 1,
    ymax: most(rows) + 1,
  };
}

/** The mean colour of what the mask covers. */
function meanColor({ data }: Scene, mask: Uint8Array): number[] {
  const inside = [...mask.keys()].filter((i) => mask[i] === 1);
  return [0, 1, 2].map(
    (c) => inside.reduce((sum, i) => sum + (data[i * 3 + c] ?? 0), 0) / inside.length,
  );
}

describe('random numbers', () => {
  test('repeat for one seed and index, and differ for others', () => {
    const first = (seed: number, index: number) => {
      const random = new Random(seed, index);
      return Array.from({ length: 8 }, () => random.float());
    };
    expect(first(7, 3)).toEqual(first(7, 3));
    const all = [first(7, 3), first(7, 4), first(8, 3), first(8, 2)].map(String);
    expect(new Set(all).size).toBe(4);
  });

  test('fill their range', () => {
    const random = new Random(SEEDS.tests);
    const floats = Array.from({ length: 20_000 }, () => random.float());
    expect(Math.min(...floats)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...floats)).toBeLessThan(1);
    // Mean of 20 000: deviation 0.002.
    expect(floats.reduce((a, b) => a + b) / floats.length).toBeCloseTo(0.5, 1);
    const normals = Array.from({ length: 20_000 }, () => random.normal(2));
    const variance = normals.reduce((sum, v) => sum + v * v, 0) / normals.length;
    expect(variance).toBeGreaterThan(3.8);
    expect(variance).toBeLessThan(4.2);
    const thrown = new Set(Array.from({ length: 200 }, () => random.integer(-1, 3)));
    expect([...thrown].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
  });
});

describe('scenes', () => {
  test('are the same bytes for the same seed, and others for another', () => {
    const drawn = (seed: number, index: number) => Buffer.from(scene(new Random(seed, index)).data);
    const one = drawn(SEEDS.tests, 5);
    expect(drawn(SEEDS.tests, 5).equals(one)).toBe(true);
    expect(drawn(SEEDS.tests, 6).equals(one)).toBe(false);
    for (const seed of seeds.filter((s) => s !== SEEDS.tests)) {
      expect(drawn(seed, 5).equals(one)).toBe(false);
    }
  });

  test('seeds of different uses lie further apart than the streams derived from them', () => {
    // Texts take seed + 500.
    const used = seeds.flatMap((seed) => [seed, seed + 500]);
    expect(new Set(used).size).toBe(seeds.length * 2);
  });

  test.each(Object.entries(VARIANTS))('%s: boxes are where the masks are', (name, size) => {
    const pictures =
      name === 'huge' ? [{ index: 0, count: 1 }] : [0, 1, 2].map((index) => ({ index }));
    for (const { index, ...options } of pictures) {
      const picture = scene(new Random(SEEDS.tests, index), { ...options, ...size });
      expect(picture).toMatchObject({ ...size, channels: 3 });
      expect(picture.data).toHaveLength(size.width * size.height * 3);
      expect(picture.objects.length).toBeGreaterThan(0);
      for (const object of picture.objects) {
        expect(object.mask).toHaveLength(size.width * size.height);
        expect(object.box).toEqual(extent(object.mask, size.width));
        // The ink is up to 14 off the name's colour; edges, which are many in tiny pictures, mix with the background.
        const least = name === 'tiny' ? 60 : 25;
        meanColor(picture, object.mask).forEach((mean, c) => {
          const ink = COLORS[object.color]?.[c] ?? Number.NaN;
          expect(Math.abs(mean - ink)).toBeLessThan(least);
        });
      }
    }
  });

  test('shapes do not overlap', () => {
    for (let index = 0; index < 5; index++) {
      const { objects } = scene(new Random(SEEDS.tests, index), { count: 4 });
      const covered = new Uint8Array(objects[0]?.mask.length ?? 0);
      for (const { mask } of objects) {
        mask.forEach((inside, i) => {
          covered[i] = (covered[i] ?? 0) + inside;
        });
      }
      expect(covered.every((n) => n <= 1)).toBe(true);
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8] as const)(
    'EXIF orientation %d shows the same picture',
    async (orientation) => {
      const picture = scene(new Random(SEEDS.tests, 1), { width: 61, height: 43 });
      const file = await exifRotated(picture, orientation, 100);
      const { width } = await sharp(file).metadata();
      expect(width).toBe(orientation >= 5 ? 43 : 61);
      const shown = await sharp(file).rotate().raw().toBuffer({ resolveWithObject: true });
      expect(shown.info).toMatchObject({ width: 61, height: 43, channels: 3 });
      const off = shown.data.reduce((sum, v, i) => sum + Math.abs(v - (picture.data[i] ?? 0)), 0);
      // JPEG of quality 100; a turned picture would be off by far more.
      expect(off / shown.data.length).toBeLessThan(2);
    },
  );
});

describe('printed texts', () => {
  test('repeat, and have their ink in their box', () => {
    for (let index = 0; index < 3; index++) {
      const picture = printedText(new Random(SEEDS.tests, index));
      const again = printedText(new Random(SEEDS.tests, index));
      expect(Buffer.from(again.data).equals(Buffer.from(picture.data))).toBe(true);
      expect(picture.text).toMatch(/^[A-Z0-9 ]{1,7}$/);
      const { xmin, ymin, xmax, ymax } = picture.box;
      // Backgrounds change slowly, ink does not: the steepest steps from pixel to pixel are in the text, or its plate.
      let inside = 0;
      let outside = 0;
      for (let i = 3; i < picture.data.length; i += 3) {
        const x = (i / 3) % picture.width;
        const y = Math.floor(i / 3 / picture.width);
        if (x === 0 || Math.abs((picture.data[i] ?? 0) - (picture.data[i - 3] ?? 0)) < 80) continue;
        const isIn = x > xmin - 8 && x < xmax + 8 && y > ymin - 8 && y < ymax + 8;
        if (isIn) inside++;
        else outside++;
      }
      expect(inside).toBeGreaterThan(20);
      expect(outside).toBe(0);
    }
  });
});

describe('questions and answers', () => {
  const box = (xmin: number, ymin: number) => ({ xmin, ymin, xmax: xmin + 20, ymax: ymin + 20 });
  const objects = [
    { color: 'orange', shape: 'star', box: box(100, 10) },
    { color: 'red', shape: 'star', box: box(10, 50) },
    { color: 'blue', shape: 'circle', box: box(50, 0) },
  ];

  test('captions name the shapes from left to right, in three languages', () => {
    expect(caption(objects)).toBe('a red star, a blue circle and an orange star');
    expect(caption(objects, 'es')).toBe('estrella rojo, círculo azul y estrella naranja');
    expect(caption(objects.slice(0, 1), 'de')).toBe('Stern orange');
  });

  test('a label is a shape, or colour and shape', () => {
    expect(objects.map(labelOf)).toEqual(['orange star', 'red star', 'blue circle']);
    expect(matching(objects, 'star').map(labelOf)).toEqual(['red star', 'orange star']);
    expect(matching(objects, 'red star')).toEqual([objects[1]]);
    expect(matching(objects, 'red circle')).toEqual([]);
  });

  test('boxes are written as y before x, of 1023', () => {
    const size = { width: 100, height: 200 };
    const said = locationTokens({ xmin: 0, ymin: 100, xmax: 100, ymax: 150 }, size);
    expect(said).toBe('<loc0512><loc0000><loc0767><loc1023>');
  });

  test('questions carry the right answers', () => {
    const picture = scene(new Random(SEEDS.tests, 2), { count: 3 });
    const asked = new Map(questions(new Random(1), picture));
    expect(asked.get('answer en how many shapes are there?')).toBe(String(picture.objects.length));
    expect(asked.get('caption en')).toBe(caption(picture.objects));
    for (const { color, shape } of picture.objects) {
      const answer = asked.get(`answer en what color is the ${shape}?`);
      const same = picture.objects.filter((o) => o.shape === shape);
      expect(answer).toBe(same.length === 1 ? color : undefined);
    }
  });
});
