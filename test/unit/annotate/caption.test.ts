/** The band under a picture, and the room around it. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { annotate } from '../../../src/annotate/annotate.js';
import { canvasSize, roomyCanvas } from '../../../src/annotate/canvas.js';
import { setCaption } from '../../../src/annotate/caption.js';
import { fontMetrics } from '../../../src/annotate/text.js';

const blank = (width: number, height: number) => ({
  data: new Uint8Array(3 * width * height).fill(120),
  width,
  height,
  channels: 3 as const,
});

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

describe('a caption', () => {
  it('is wrapped at spaces, keeps every word and fits', () => {
    const text = 'a long answer that is wrapped '.repeat(5);
    const caption = setCaption(text, 200, 12);
    const lines = caption?.lines ?? [];
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.flatMap((line) => wordsOf(line.text))).toEqual(wordsOf(text));
    for (const { width } of lines) {
      expect((width * 12) / fontMetrics().units).toBeLessThanOrEqual(200);
    }
  });

  it('breaks what has no spaces, keeps line breaks and ends in an ellipsis', () => {
    const broken = setCaption('漢'.repeat(60), 100, 12)?.lines ?? [];
    expect(broken.length).toBeGreaterThan(1);
    expect(broken.map(({ text }) => text).join('')).toBe('漢'.repeat(60));
    expect(setCaption('one\n\ntwo\r\n', 100, 12)?.lines.map(({ text }) => text)).toEqual([
      'one',
      'two',
    ]);
    const long = setCaption('x\n'.repeat(500), 100, 12)?.lines ?? [];
    expect(long).toHaveLength(60);
    expect(long.at(-1)?.text).toBe('x…');
  });

  it('of nothing is none', async () => {
    expect(setCaption(' \n ', 100, 12)).toBeUndefined();
    const bytes = await annotate(blank(40, 30), [], { caption: '' });
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 40, height: 30 });
  });

  it('is under the picture, which stays as it is', async () => {
    const bytes = await annotate(blank(400, 300), [], { caption: 'an answer' });
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info.width).toBe(400);
    expect(info.height).toBeGreaterThan(300);
    expect(data.subarray(0, 3 * 400 * 300).every((value) => value === 120)).toBe(true);
    const band = data.subarray(3 * 400 * 300);
    expect([Math.min(...band), Math.max(...band)]).toEqual([32, 255]);
  });
});

describe('a roomy drawing', () => {
  it('of a small picture is enlarged by a whole factor', async () => {
    expect(canvasSize(roomyCanvas({ width: 224, height: 224 }))).toEqual({
      width: 672,
      height: 672,
    });
    const bytes = await annotate(blank(224, 224), [], { roomy: true });
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 672, height: 672 });
  });

  it.each([
    [12000, 50],
    [50, 12000],
    [3, 700],
  ])('of %i x %i has room for labels', (width, height) => {
    const { frame } = roomyCanvas({ width, height });
    const [across, down] = [frame.xmax - frame.xmin, frame.ymax - frame.ymin];
    expect(Math.min(across, down)).toBeGreaterThan(Math.min(width, height));
  });

  it('of a large picture has its size', () => {
    expect(canvasSize(roomyCanvas({ width: 1920, height: 1080 }))).toEqual({
      width: 1920,
      height: 1080,
    });
  });
});
