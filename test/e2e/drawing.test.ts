/** Boxes and masks end up where the things are: on wide, tall, tiny and huge pictures, and on those that EXIF turns. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exifRotated, Random, SEEDS, scene, VARIANTS } from '../../bench/quality/scenes.mjs';
import { annotate, annotationSvg, boxIou, cropToMask, Mask, PaliGemma } from '../../src/index.js';
import { DEMO_MODEL } from '../support/models.js';

let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

/** One shape on a picture of that size: the same shape at every size. */
const oneShape = (width: number, height: number, index = 0) =>
  scene(new Random(SEEDS.tests, index), { count: 1, width, height });

const SIZES = Object.entries(VARIANTS).map(([name, { width, height }]) => ({
  name,
  width,
  height,
}));

describe.each(SIZES)('a $name picture, $width x $height', ({ width, height }) => {
  const picture = oneShape(width, height);
  const [truth] = picture.objects;
  if (truth === undefined) throw new Error('the scene is empty');

  test('a true mask comes back from the codec in its place', async () => {
    const soft = await model.decodeMasks(
      await model.encodeMasks(cropToMask(truth.mask, picture, truth.box)),
    );
    const mask = new Mask(soft, truth.box, { width, height });
    const full = mask.toFullSize();
    let both = 0;
    let either = 0;
    full.forEach((inside, i) => {
      const isTrue = (truth.mask[i] ?? 0) > 0;
      if (inside > 0 && isTrue) both++;
      if (inside > 0 || isTrue) either++;
    });
    // A tiny picture has a handful of pixels, each of which counts.
    expect(both / either).toBeGreaterThan(Math.min(width, height) < 64 ? 0.6 : 0.85);
  });

  test('the drawing has the coordinates of the box', () => {
    const detection = { label: 'it', score: 0.5, box: truth.box };
    const svg = annotationSvg([detection], { width, height });
    expect(svg).toContain(`viewBox="0 0 ${width} ${height}"`);
    const numbers = [...svg.matchAll(/(?<![\w#.-])\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
    const near = (edge: number): boolean => numbers.some((n) => Math.abs(n - edge) < 0.02);
    const { xmin, ymin } = truth.box;
    expect([xmin, ymin].map(near)).toEqual([true, true]);
  });

  test('the drawn picture has its size', async () => {
    const drawn = await annotate(picture, [{ label: 'it', score: 0.5, box: truth.box }]);
    const { width: w, height: h } = await sharp(drawn).metadata();
    expect([w, h]).toEqual([width, height]);
  });
});

describe('what the demo model finds', () => {
  /** Scenes of one shape on which it is right. */
  const RIGHT = 4;

  test('is on the true shape, in pixels of the upright picture, however EXIF turns the file', async () => {
    let right = 0;
    for (let index = 0; index < 40 && right < RIGHT; index++) {
      const picture = oneShape(448, 300, index);
      const [truth] = picture.objects;
      if (truth === undefined) continue;
      const label = `${truth.color} ${truth.shape}`;
      const [found] = (await model.detect(picture, label)).detections;
      if (found === undefined || boxIou(found.box, truth.box) < 0.7) continue;
      right++;
      for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8] as const) {
        const file = await exifRotated(picture, orientation);
        const result = await model.detect(file, label);
        expect(result.image).toEqual({ width: 448, height: 300 });
        // JPEG changes the pixels a little, and with them the box.
        expect(boxIou(result.detections[0]?.box ?? found.box, truth.box)).toBeGreaterThan(0.5);
        expect(result.detections).toHaveLength(1);
      }
    }
    expect(right).toBe(RIGHT);
  });
});
