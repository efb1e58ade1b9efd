/** The drawing read back: coordinates against the true ones, labels, odd input. Picture files are in annotate.test.ts. */
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contrast } from '../../../src/annotate/colours.js';
import { annotationSvg } from '../../../src/annotate/svg.js';
import { InputError } from '../../../src/errors.js';
import { PALETTE_NAMES } from '../../../src/options/annotate.js';
import { Mask } from '../../../src/results/mask.js';
import type { Box, Detection, ImageSize } from '../../../src/results/types.js';
import { parseDetections } from '../../../src/tasks/parse-detections.js';
import { labelsOf, objectsOf, scattered } from './drawing.js';

const SQUARE: ImageSize = { width: 224, height: 224 };

function box(xmin: number, ymin: number, xmax: number, ymax: number): Box {
  return { xmin, ymin, xmax, ymax };
}

function detection(label: string, at: Box, score = 0.9): Detection {
  return { label, score, box: at };
}

/** `count` boxes in a grid with a gap, sizes and labels mixed, in the picture. */
function spreadOut({ width, height }: ImageSize, columns: number, rows: number): Detection[] {
  const labels = ['cat', 'dog', 'person', 'bicycle', 'bus'];
  return Array.from({ length: columns * rows }, (_, i) => {
    const [x, y] = [(width / columns) * (i % columns), (height / rows) * Math.floor(i / columns)];
    const [w, h] = [width / columns, height / rows];
    return detection(
      labels[i % labels.length] ?? '',
      box(x + w * 0.2, y + h * 0.4, x + w * 0.8, y + h * 0.9),
    );
  });
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.xmax, b.xmax) - Math.max(a.xmin, b.xmin);
  const height = Math.min(a.ymax, b.ymax) - Math.max(a.ymin, b.ymin);
  return Math.max(0, Math.min(width, height));
}

function isInside(inner: Box, outer: Box, slack = 0.002): boolean {
  return (
    inner.xmin >= outer.xmin - slack &&
    inner.ymin >= outer.ymin - slack &&
    inner.xmax <= outer.xmax + slack &&
    inner.ymax <= outer.ymax + slack
  );
}

function overlaps(svg: string): number {
  const plates = labelsOf(svg).map(({ plate }) => plate);
  let count = 0;
  for (const [i, a] of plates.entries()) {
    // Coordinates are rounded to thousandths.
    for (const b of plates.slice(i + 1)) if (overlap(a, b) > 0.003) count++;
  }
  return count;
}

const SIZES: readonly ImageSize[] = [
  SQUARE,
  { width: 4000, height: 4000 },
  { width: 4000, height: 300 },
  { width: 120, height: 900 },
  { width: 40, height: 40 },
];

describe('boxes', () => {
  it.each(SIZES)('are drawn where they are: $width x $height', (size) => {
    const results = spreadOut(size, 3, 3);
    const drawn = objectsOf(annotationSvg(results, size));
    expect(drawn).toHaveLength(9);
    for (const { index, label, box: at } of drawn) {
      const result = results[index];
      expect(label).toBe(result?.label);
      for (const edge of ['xmin', 'ymin', 'xmax', 'ymax'] as const) {
        expect(at?.[edge]).toBeCloseTo(result?.box[edge] ?? Number.NaN, 2);
      }
    }
  });

  it('share the size and the pixels of the picture', () => {
    const svg = annotationSvg([], { width: 641, height: 419 });
    expect(svg).toContain('width="641" height="419" viewBox="0 0 641 419"');
  });

  it('large ones lie beneath small ones', () => {
    const svg = annotationSvg(
      [detection('small', box(50, 50, 60, 60)), detection('large', box(10, 10, 200, 200))],
      SQUARE,
    );
    expect(objectsOf(svg).map(({ index }) => index)).toEqual([1, 0]);
  });

  it('without an area become lines and dots with a label beside them', () => {
    const given = [
      box(110, 60, 110, 100),
      box(30, 200, 30, 200),
      box(5, 30, 219, 30),
      box(130, 150, 131, 151),
    ];
    const svg = annotationSvg(
      given.map((at, i) => detection(`${i}`, at)),
      SQUARE,
    );
    const objects = [...objectsOf(svg)].sort((a, b) => a.index - b.index);
    const boxes = objects.map(({ box: at }) => at);
    expect(boxes).toEqual(given);
    const labels = labelsOf(svg);
    expect(labels).toHaveLength(4);
    for (const { index, plate } of labels) {
      // With half the width of the line around it.
      const { xmin, ymin, xmax, ymax } = boxes[index] ?? box(0, 0, 0, 0);
      expect(overlap(plate, box(xmin - 0.7, ymin - 0.7, xmax + 0.7, ymax + 0.7))).toBe(0);
    }
  });

  it('that leave the picture end outside of it, where the border hides them', () => {
    const svg = annotationSvg([detection('bus', box(-1e9, 20, 1e300, 150))], SQUARE);
    const [object] = objectsOf(svg);
    expect(object?.box?.ymin).toBe(20);
    expect(object?.box?.ymax).toBe(150);
    expect(object?.box?.xmin).toBeLessThan(-3);
    expect(object?.box?.xmin).toBeGreaterThan(-100);
    expect(object?.box?.xmax).toBeGreaterThan(227);
    expect(object?.box?.xmax).toBeLessThan(400);
    expect(labelsOf(svg)).toHaveLength(1);
  });

  it('wholly outside are not drawn', () => {
    const svg = annotationSvg(
      [detection('out', box(225, 0, 300, 50)), detection('in', box(0, 0, 50, 50))],
      SQUARE,
    );
    expect(objectsOf(svg).map(({ index }) => index)).toEqual([1]);
    expect(labelsOf(svg).map(({ index }) => index)).toEqual([1]);
  });

  it('lines and letters grow with the picture', () => {
    const widths = [SQUARE, { width: 4000, height: 4000 }].map((size) => {
      const svg = annotationSvg(spreadOut(size, 2, 2), size);
      const line = /class="box"[^>]*stroke-width="([\d.]+)"/.exec(svg)?.[1];
      return [Number(line), labelsOf(svg)[0]?.fontSize ?? 0] as const;
    });
    expect(widths[0]?.[0]).toBeCloseTo(1.58, 1);
    expect(widths[0]?.[1]).toBeCloseTo(11, 0);
    expect(widths[1]?.[0]).toBeCloseTo(11.4, 1);
    expect(widths[1]?.[1]).toBeCloseTo(79, 0);
  });
});

describe('masks', () => {
  /** 64 x 64 values, inside where the function says so; x and y from -1 to 1. */
  function mask(inside: (x: number, y: number) => boolean, at: Box, size: ImageSize): Mask {
    const soft = Float32Array.from({ length: 64 * 64 }, (_, i) =>
      inside(((i % 64) + 0.5) / 32 - 1, (Math.floor(i / 64) + 0.5) / 32 - 1) ? 1 : -1,
    );
    return new Mask(soft, at, size);
  }

  it.each([
    { size: SQUARE, at: box(20, 40, 120, 180) },
    { size: { width: 4000, height: 3000 }, at: box(500, 400, 2500, 2900) },
  ])('follow the outline of the object: $size.width x $size.height', ({ size, at }) => {
    const disc = mask((x, y) => x * x + y * y < 0.81, at, size);
    const svg = annotationSvg([{ ...detection('disc', at), mask: disc }], size);
    const [outlines] = [objectsOf(svg)[0]?.mask ?? []];
    expect(outlines).toHaveLength(1);
    const [halfWidth, halfHeight] = [(at.xmax - at.xmin) / 2, (at.ymax - at.ymin) / 2];
    // One of the 64 cells across, and a pixel that simplifying may move the line by.
    const slack = 1 / 32 + 1.5 / Math.min(halfWidth, halfHeight);
    for (const [x, y] of outlines[0] ?? []) {
      const radius = Math.hypot((x - at.xmin) / halfWidth - 1, (y - at.ymin) / halfHeight - 1);
      expect(Math.abs(radius - 0.9)).toBeLessThan(slack);
    }
  });

  it('keep their holes, and the islands in them', async () => {
    const at = box(20, 20, 200, 200);
    const target = mask(
      (x, y) => {
        const r = Math.hypot(x, y);
        return r < 0.3 || (r > 0.6 && r < 0.9);
      },
      at,
      SQUARE,
    );
    const svg = annotationSvg([{ ...detection('target', at), mask: target }], SQUARE, {
      showLabels: false,
      showBoxes: false,
      maskOpacity: 1,
      lineWidth: 0.1,
    });
    expect(objectsOf(svg)[0]?.mask).toHaveLength(3);
    const alpha = await sharp(Buffer.from(svg)).extractChannel('alpha').raw().toBuffer();
    const full = target.toFullSize();
    const differing = alpha.filter((value, i) => value > 127 !== (full[i] === 1)).length;
    // Only along the outlines, of some 850 pixels together.
    expect(differing).toBeLessThan(150);
    expect(target.area).toBeGreaterThan(10_000);
  });

  it('that are empty draw nothing but the box', () => {
    const at = box(20, 20, 100, 100);
    const none = mask(() => false, at, SQUARE);
    const [object] = objectsOf(annotationSvg([{ ...detection('none', at), mask: none }], SQUARE));
    expect(object?.mask).toEqual([]);
    expect(object?.box).toEqual(at);
  });

  it('of a picture of another size are refused', () => {
    const at = box(20, 20, 100, 100);
    const other = mask(() => true, at, { width: 448, height: 448 });
    expect(() => annotationSvg([{ ...detection('cat', at), mask: other }], SQUARE)).toThrowError(
      'results[0].mask is a mask for a picture of 448 x 448 pixels, expected one for 224 x 224',
    );
  });

  it('can be left out, as can boxes, labels and scores', () => {
    const at = box(20, 20, 100, 100);
    const results = [{ ...detection('cat', at), mask: mask(() => true, at, SQUARE) }];
    const [object] = objectsOf(annotationSvg(results, SQUARE, { showMasks: false }));
    expect(object?.mask).toEqual([]);
    expect(object?.box).toEqual(at);
    const [bare] = objectsOf(annotationSvg(results, SQUARE, { showBoxes: false }));
    expect(bare?.box).toBeUndefined();
    const corners = (bare?.mask[0] ?? []).map(String).sort();
    expect(corners).toEqual(['100,100', '100,20', '20,100', '20,20']);
    expect(labelsOf(annotationSvg(results, SQUARE, { showLabels: false }))).toEqual([]);
    const [label] = labelsOf(annotationSvg(results, SQUARE, { showScores: false }));
    expect(label?.title).toBe('cat');
  });
});

describe('labels', () => {
  it.each(SIZES)('of spread-out objects are all there, inside, apart: $width x $height', (size) => {
    const count = size.width < 100 ? 1 : 2;
    const results = spreadOut(size, count, count);
    const svg = annotationSvg(results, size);
    const labels = labelsOf(svg);
    expect(labels.map(({ index }) => index)).toEqual(results.map((_, i) => i));
    expect(overlaps(svg)).toBe(0);
    for (const { plate, ink, title } of labels) {
      expect(isInside(plate, box(0, 0, size.width, size.height)), title).toBe(true);
      expect(isInside(ink, plate), title).toBe(true);
    }
  });

  it('stand above the left corner where there is room', () => {
    const [label] = labelsOf(annotationSvg([detection('cat', box(60, 80, 160, 200))], SQUARE));
    expect(label?.plate.xmin).toBeCloseTo(60, -0.5);
    expect(label?.plate.ymax).toBeCloseTo(80, -0.5);
  });

  it('say label and score', () => {
    const svg = annotationSvg([detection('cat', box(60, 80, 160, 200), 0.876)], SQUARE);
    expect(labelsOf(svg).map(({ title }) => title)).toEqual(['cat 0.88']);
  });

  it('are readable: contrast of at least 4.5, in every palette and colour', () => {
    for (const palette of PALETTE_NAMES) {
      const results = Array.from({ length: 10 }, (_, i) =>
        detection(`label ${i}`, box(10, 90 * i + 30, 500, 90 * i + 80)),
      );
      const labels = labelsOf(annotationSvg(results, { width: 1000, height: 1000 }, { palette }));
      expect(labels).toHaveLength(10);
      for (const { plateColour, textColour } of labels) {
        const ratio = contrast(plateColour as `#${string}`, textColour as `#${string}`);
        expect(ratio).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('have the colour of their box', () => {
    const svg = annotationSvg(spreadOut(SQUARE, 2, 2), SQUARE);
    const colours = new Map(objectsOf(svg).map(({ index, colour }) => [index, colour]));
    const labels = labelsOf(svg);
    expect(labels).toHaveLength(4);
    for (const { index, plateColour } of labels) expect(plateColour).toBe(colours.get(index));
  });

  it('say the label alone when there is no score, as of parseDetections', () => {
    const text = '<loc0256><loc0256><loc0768><loc0768> cat';
    const svg = annotationSvg(parseDetections(text, SQUARE), SQUARE);
    expect(svg).toContain('data-label="cat"');
    expect(svg).not.toContain('data-score');
    expect(svg).not.toContain('undefined');
    expect(labelsOf(svg)).toHaveLength(1);
  });

  it('that are too long end in an ellipsis and keep their score', () => {
    const text = 'the person in the red shirt on the left side of the street';
    const [label] = labelsOf(annotationSvg([detection(text, box(60, 80, 160, 200), 0.5)], SQUARE));
    expect(label?.title).toMatch(/^the person in the .*… 0\.50$/);
    expect(label?.title).not.toContain('street');
    expect(isInside(label?.plate ?? box(-1, 0, 0, 0), box(0, 0, 224, 224))).toBe(true);
    // As much as fits is there.
    expect(label?.plate.xmin).toBeLessThan(12);
  });

  it('never cover each other: of 500 boxes those that find no room have none', () => {
    const size = { width: 2000, height: 1500 };
    const svg = annotationSvg(scattered(size, 500), size);
    expect(objectsOf(svg)).toHaveLength(500);
    expect(overlaps(svg)).toBe(0);
    const labels = labelsOf(svg);
    expect(labels.length).toBeGreaterThan(300);
    for (const { plate } of labels) {
      expect(isInside(plate, box(0, 0, size.width, size.height))).toBe(true);
    }
    expect(labels[0]?.fontSize).toBeLessThan(20);
  });

  it('of many equal boxes find different places', () => {
    const results = Array.from({ length: 6 }, (_, i) => detection(`${i}`, box(60, 60, 160, 160)));
    const svg = annotationSvg(results, SQUARE);
    expect(labelsOf(svg)).toHaveLength(6);
    expect(overlaps(svg)).toBe(0);
  });

  it('are left out where they would not be readable', () => {
    const size = { width: 24, height: 24 };
    const svg = annotationSvg([detection('cat', box(2, 2, 20, 20))], size);
    expect(objectsOf(svg)).toHaveLength(1);
    expect(labelsOf(svg)).toEqual([]);
    const large = annotationSvg([detection('cat', box(2, 2, 20, 20))], SQUARE, { fontSize: 300 });
    expect(labelsOf(large)).toEqual([]);
  });

  it('take the sizes that are asked for', () => {
    const svg = annotationSvg([detection('cat', box(60, 80, 160, 200))], SQUARE, {
      fontSize: 20,
      lineWidth: 5,
    });
    expect(labelsOf(svg)[0]?.fontSize).toBe(20);
    expect(svg).toMatch(/class="box"[^>]*stroke-width="5"/);
  });
});

describe('text', () => {
  it('is escaped and stays well-formed whatever a label holds', async () => {
    const nasty = '<b a="1">&\'"]]></b>\u0000\u0007\ud800\uffff\n\t日本 🦊';
    const svg = annotationSvg([detection(nasty, box(10, 50, 200, 200))], SQUARE);
    expect(svg).not.toContain('<b');
    expect(svg).not.toContain('\u0000');
    expect(objectsOf(svg)[0]?.label).toBe('<b a="1">&\'"]]></b>\n\t日本 🦊');
    expect(labelsOf(svg)[0]?.title).toBe('<b a="1">&\'"]]></b> 日本 🦊 0.90');
    // A parser that is not ours: libxml2, in sharp.
    expect(await sharp(Buffer.from(svg)).metadata()).toMatchObject({ width: 224, height: 224 });
  });

  it('makes well-formed drawings for any label and box', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            label: fc.string({ unit: 'binary', maxLength: 30 }),
            score: fc.double({ noNaN: true, noDefaultInfinity: true }),
            edges: fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), {
              minLength: 4,
              maxLength: 4,
            }),
          }),
          { maxLength: 6 },
        ),
        async (items) => {
          const results = items.map(({ label, score, edges: [a = 0, b = 0, c = 0, d = 0] }) =>
            detection(
              label,
              box(Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)),
              score,
            ),
          );
          const svg = annotationSvg(results, { width: 90, height: 60 });
          expect(svg).not.toMatch(/NaN|Infinity/);
          for (const { plate } of labelsOf(svg))
            expect(isInside(plate, box(0, 0, 90, 60))).toBe(true);
          expect((await sharp(Buffer.from(svg)).metadata()).width).toBe(90);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is nothing for a label of nothing', () => {
    const svg = annotationSvg([detection(' \u200b', box(10, 50, 200, 200))], SQUARE, {
      showScores: false,
    });
    expect(objectsOf(svg)).toHaveLength(1);
    expect(labelsOf(svg)).toEqual([]);
  });
});

describe('odd input', () => {
  it('an empty list makes an empty drawing', () => {
    const svg = annotationSvg([], SQUARE);
    expect(svg).toMatch(/^<svg [^>]*>\n<\/svg>\n$/);
    expect(annotationSvg({ detections: [] }, SQUARE)).toBe(svg);
    expect(annotationSvg({ segments: [] }, SQUARE)).toBe(svg);
  });

  it('a picture of one pixel gets its box and no label', () => {
    const svg = annotationSvg([detection('cat', box(0, 0, 1, 1))], { width: 1, height: 1 });
    expect(objectsOf(svg)[0]?.box).toEqual(box(0, 0, 1, 1));
    expect(labelsOf(svg)).toEqual([]);
  });

  it.each([
    ['no list', 5, 'ERR_OPTION_TYPE', /^results is 5, expected an array of detections/],
    ['null', null, 'ERR_OPTION_TYPE', /^results is null/],
    ['an entry that is none', [7], 'ERR_OPTION_TYPE', /^results\[0\] is 7, expected a detection$/],
    [
      'no label',
      [{ score: 1, box: box(0, 0, 1, 1) }],
      'ERR_OPTION_TYPE',
      /^results\[0\]\.label is undefined, expected a string$/,
    ],
    [
      'a score that is no number',
      [{ label: 'a', score: '1', box: box(0, 0, 1, 1) }],
      'ERR_OPTION_TYPE',
      /^results\[0\]\.score is "1", expected a number$/,
    ],
    [
      'a score of NaN',
      [detection('a', box(0, 0, 1, 1), Number.NaN)],
      'ERR_OPTION_RANGE',
      /^results\[0\]\.score is NaN, expected a finite number$/,
    ],
    [
      'no box',
      [{ label: 'a', score: 1 }],
      'ERR_OPTION_TYPE',
      /^results\[0\]\.box is undefined, expected a box$/,
    ],
    [
      'an edge of NaN',
      [detection('a', box(0, 0, 1, 1)), detection('a', box(0, Number.NaN, 1, 1))],
      'ERR_OPTION_RANGE',
      /^results\[1\]\.box\.ymin is NaN, expected a finite number$/,
    ],
    [
      'an edge of Infinity',
      [detection('a', box(0, 0, Number.POSITIVE_INFINITY, 1))],
      'ERR_OPTION_RANGE',
      /^results\[0\]\.box\.xmax is Infinity/,
    ],
    [
      'swapped edges',
      [detection('a', box(5, 0, 1, 1))],
      'ERR_OPTION_RANGE',
      /^results\[0\]\.box is 5,0 to 1,1, expected xmin <= xmax and ymin <= ymax$/,
    ],
    [
      'a mask that is none',
      [{ ...detection('a', box(0, 0, 1, 1)), mask: [1] }],
      'ERR_OPTION_TYPE',
      /^results\[0\]\.mask is an array of 1, expected a Mask or nothing$/,
    ],
  ])('%s is refused', (_, results, code, message) => {
    // The types forbid most of these; callers without types do not know.
    const call = (): string => annotationSvg(results as Detection[], SQUARE);
    expect(call).toThrowError(InputError);
    expect(call).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])('a size of %d is refused', (width) => {
    expect(() => annotationSvg([], { width, height: 5 })).toThrowError(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
    );
  });

  it('an unknown option is refused', () => {
    // @ts-expect-error: no such option
    expect(() => annotationSvg([], SQUARE, { linewidth: 2 })).toThrowError(
      /did you mean lineWidth/,
    );
  });
});
