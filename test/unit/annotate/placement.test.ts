/** Labels hide little of what they belong to. That they are apart and inside is in svg.test.ts. */
import { describe, expect, it } from 'vitest';
import { annotationSvg } from '../../../src/annotate/svg.js';
import { boxArea } from '../../../src/results/box.js';
import { labelsOf, scattered } from './drawing.js';

const SQUARE = { width: 224, height: 224 };

describe('labels', () => {
  it.each([3, 6, 12, 20])('hide none of %i small things on a small picture', (count) => {
    const results = scattered(SQUARE, count);
    const labels = labelsOf(annotationSvg(results, SQUARE));
    expect(labels.length).toBeGreaterThanOrEqual(0.9 * count);
    for (const { plate } of labels) {
      for (const { box: object } of results) {
        const width = Math.min(plate.xmax, object.xmax) - Math.max(plate.xmin, object.xmin);
        const height = Math.min(plate.ymax, object.ymax) - Math.max(plate.ymin, object.ymin);
        const hidden = Math.max(0, width) * Math.max(0, height);
        // Coordinates are rounded to thousandths.
        expect(hidden / boxArea(object)).toBeLessThan(0.301);
      }
    }
  });

  it('leave out scores where more labels have room then, and only there', () => {
    const titles = (count: number): string[] =>
      labelsOf(annotationSvg(scattered(SQUARE, count), SQUARE)).map(({ title }) => title);
    for (const title of titles(3)) expect(title).toMatch(/^thing \d 0\.\d\d$/);
    for (const title of titles(20)) expect(title).toMatch(/^thing \d$/);
  });
});
