/** Picture files with results drawn in, looked at pixel by pixel. The drawing itself is in svg.test.ts. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { annotate } from '../../../src/annotate/annotate.js';
import { annotationSvg } from '../../../src/annotate/svg.js';
import { InputError } from '../../../src/errors.js';
import type { RawPixels } from '../../../src/image-input/source.js';
import { Mask } from '../../../src/results/mask.js';
import type { Detection } from '../../../src/results/types.js';
import { imagePath } from '../../support/models.js';
import { labelsOf, objectsOf } from './drawing.js';

const GREY = 100;

function grey(width: number, height: number): RawPixels {
  return { data: new Uint8Array(width * height * 3).fill(GREY), width, height, channels: 3 };
}

function detection(
  label: string,
  xmin: number,
  ymin: number,
  xmax: number,
  ymax: number,
): Detection {
  return { label, score: 0.9, box: { xmin, ymin, xmax, ymax } };
}

interface Picture {
  readonly width: number;
  readonly height: number;
  at(x: number, y: number): readonly number[];
}

async function open(file: Buffer): Promise<Picture> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  const at = (x: number, y: number): readonly number[] => [
    ...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3),
  ];
  return { width: info.width, height: info.height, at };
}

function rgb(colour: string | undefined): readonly number[] {
  return [1, 3, 5].map((from) => Number.parseInt(colour?.slice(from, from + 2) ?? '', 16));
}

describe('the drawing', () => {
  it('is on the picture at its pixels and leaves the rest as it was', async () => {
    const results = [detection('cat', 50, 60, 150, 140)];
    const options = { lineWidth: 4 };
    const picture = await open(await annotate(grey(200, 180), results, options));
    expect([picture.width, picture.height]).toEqual([200, 180]);
    const size = { width: 200, height: 180 };
    const colour = rgb(objectsOf(annotationSvg(results, size, options))[0]?.colour);
    for (const x of [48, 49, 50, 51, 148, 149, 150, 151])
      expect(picture.at(x, 100)).toEqual(colour);
    for (const y of [138, 139, 140, 141]) expect(picture.at(100, y)).toEqual(colour);
    for (const [x, y] of [
      [100, 100],
      [55, 100],
      [145, 100],
      [45, 100],
      [155, 100],
      [0, 0],
      [199, 179],
    ] as const) {
      // biome-ignore format: points
      expect(picture.at(x, y)).toEqual([GREY, GREY, GREY]);
    }
  });

  it('shows a label with dark or light letters on its plate', async () => {
    const results = [detection('MMM', 50, 60, 150, 140)];
    const size = { width: 200, height: 180 };
    const [label] = labelsOf(annotationSvg(results, size));
    const picture = await open(await annotate(grey(200, 180), results));
    const seen = new Map<string, number>();
    if (label === undefined) throw new Error('no label');
    const { xmin, ymin, xmax, ymax } = label.plate;
    for (let y = Math.ceil(ymin + 1); y < ymax - 1; y++) {
      for (let x = Math.ceil(xmin + 1); x < xmax - 1; x++) {
        const key = String(picture.at(x, y));
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
    expect(seen.get(String(rgb(label.plateColour)))).toBeGreaterThan(100);
    expect(seen.get(String(rgb(label.textColour)))).toBeGreaterThan(20);
    expect(seen.get(String([GREY, GREY, GREY])) ?? 0).toBe(0);
  });

  it('lays a mask over the object, as dense as asked', async () => {
    const size = { width: 200, height: 180 };
    const at = { xmin: 50, ymin: 60, xmax: 150, ymax: 140 };
    const mask = new Mask(new Float32Array(64 * 64).fill(1), at, size);
    const results = [{ label: 'cat', score: 0.5, box: at, mask }];
    const colour = rgb(objectsOf(annotationSvg(results, size))[0]?.colour);
    const picture = await open(await annotate(grey(200, 180), results, { maskOpacity: 0.25 }));
    for (const [channel, value] of picture.at(100, 100).entries()) {
      expect(Math.abs(value - (0.75 * GREY + 0.25 * (colour[channel] ?? 0)))).toBeLessThan(2);
    }
    expect(picture.at(30, 100)).toEqual([GREY, GREY, GREY]);
  });

  it('follows the EXIF orientation: results are in upright pixels', async () => {
    // Stored 320 x 200, orientation 6: upright it is 200 wide.
    const results = [detection('cat', 20, 200, 120, 300)];
    const bare = await open(await annotate(imagePath('rotated.jpg'), []));
    const picture = await open(await annotate(imagePath('rotated.jpg'), results, { lineWidth: 4 }));
    expect([picture.width, picture.height]).toEqual([200, 320]);
    const size = { width: 200, height: 320 };
    const colour = rgb(objectsOf(annotationSvg(results, size))[0]?.colour);
    expect(picture.at(20, 250)).toEqual(colour);
    expect(picture.at(119, 250)).toEqual(colour);
    expect(picture.at(70, 250)).toEqual(bare.at(70, 250));
    const asStored = await open(await annotate(imagePath('rotated.jpg'), [], { upright: false }));
    expect([asStored.width, asStored.height]).toEqual([320, 200]);
  });

  it.each([
    ['of 4000 x 4000 pixels', 4000, 4000],
    ['wider than 32767 pixels, where renderers of SVG stop', 40_000, 60],
    ['higher than 32767 pixels', 60, 40_000],
  ])('reaches the far end of a picture %s', async (_, width, height) => {
    const results = [detection('cat', width / 2, height / 2, width - 10, height - 10)];
    const picture = await open(await annotate(grey(width, height), results, { lineWidth: 6 }));
    const colour = rgb(objectsOf(annotationSvg(results, { width, height }))[0]?.colour);
    expect(picture.at(width - 10, Math.round(height * 0.75))).toEqual(colour);
    expect(picture.at(Math.round(width * 0.75), height - 10)).toEqual(colour);
    expect(picture.at(5, 5)).toEqual([GREY, GREY, GREY]);
  });

  it('works on a picture of one pixel', async () => {
    const picture = await open(
      await annotate(imagePath('dot.png'), [detection('cat', 0, 0, 1, 1)]),
    );
    expect([picture.width, picture.height]).toEqual([1, 1]);
  });
});

describe('formats', () => {
  const results = { detections: [detection('cat', 20, 30, 90, 80)] };

  it.each(['png', 'jpeg', 'webp'] as const)('%s', async (format) => {
    const file = await annotate(grey(120, 100), results, { format });
    const metadata = await sharp(file).metadata();
    expect(metadata).toMatchObject({ format, width: 120, height: 100, hasAlpha: false });
  });

  it('png without being asked', async () => {
    expect((await sharp(await annotate(grey(9, 9), [])).metadata()).format).toBe('png');
  });

  it('jpeg keeps the full resolution of colours, and its quality matters', async () => {
    const noise = readFileSync(imagePath('scene0.png'));
    const fine = await annotate(noise, [], { format: 'jpeg' });
    const coarse = await annotate(noise, [], { format: 'jpeg', quality: 20 });
    expect((await sharp(fine).metadata()).chromaSubsampling).toBe('4:4:4');
    expect(coarse.length).toBeLessThan(fine.length / 2);
  });

  it('svg holds the picture and the drawing, and shows the same as png', async () => {
    const file = await annotate(imagePath('scene0.png'), results, { format: 'svg' });
    const text = file.toString();
    expect(text).toContain('<image width="224" height="224" href="data:image/jpeg;base64,');
    expect(objectsOf(text)[0]?.box).toEqual({ xmin: 20, ymin: 30, xmax: 90, ymax: 80 });
    const shown = await sharp(file).removeAlpha().raw().toBuffer();
    const png = await sharp(await annotate(imagePath('scene0.png'), results))
      .raw()
      .toBuffer();
    let difference = 0;
    for (const [i, value] of shown.entries()) difference += Math.abs(value - (png[i] ?? 0));
    // JPEG at quality 90 of noise.
    expect(difference / shown.length).toBeLessThan(6);
  });

  it('a picture that is too long for the format is refused', async () => {
    const call = annotate(grey(20_000, 2), [], { format: 'webp' });
    await expect(call).rejects.toThrowError(InputError);
    await expect(call).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE', subject: 'format' });
  });
});

describe('misuse', () => {
  it.each([
    [[detection('cat', 0, Number.NaN, 1, 1)], {}, 'ERR_OPTION_RANGE'],
    [[], { format: 'gif' }, 'ERR_OPTION_RANGE'],
    [[], { quality: 0 }, 'ERR_OPTION_RANGE'],
    [[], { colour: 'red' }, 'ERR_OPTION_UNKNOWN'],
    [[], { maxPixels: 10 }, 'ERR_IMAGE_TOO_LARGE'],
  ])('%j with %j rejects with %s %s', async (results, options, code) => {
    // The types forbid some of these.
    const call = annotate(grey(9, 9), results, options as object);
    await expect(call).rejects.toMatchObject({ code });
  });

  it('a file that is no picture rejects as elsewhere', async () => {
    await expect(annotate(Buffer.from('hello'), [])).rejects.toMatchObject({
      code: 'ERR_IMAGE_FORMAT',
    });
  });

  it('an aborted signal rejects with its reason', async () => {
    const reason = new Error('enough');
    const call = annotate(grey(9, 9), [], { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
  });

  it('results and pixels may be reused at once', async () => {
    const results = [detection('cat', 20, 30, 90, 80)];
    const expected = await annotate(grey(120, 100), results);
    const pixels = grey(120, 100);
    const list = [...results];
    const call = annotate(pixels, list);
    list.length = 0;
    (pixels.data as Uint8Array).fill(0);
    expect((await call).equals(expected)).toBe(true);
  });
});
