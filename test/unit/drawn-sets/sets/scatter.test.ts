/** Places of coins and things: inside the picture, none on another. */
import { describe, expect, it } from 'vitest';
import { drawnSet } from '../../../../src/drawn-sets/draw.js';
import { Random } from '../../../../src/drawn-sets/random.js';
import { scatter } from '../../../../src/drawn-sets/sets/scatter.js';
import { SETS } from '../../../../src/drawn-sets/sets.js';
import { all } from '../../../support/folder.js';

describe.each(['coins', 'plurals'] as const)('%s', (name) => {
  it('are inside and never on each other', () => {
    for (let i = 0; i < 500; i++) {
      const { objects = [], width, height, answers } = SETS[name].draw(new Random(`${i}`));
      expect(objects.length).toBeGreaterThan(0);
      if (name === 'coins') expect(answers['count']).toBe(`${objects.length}`);
      for (const [k, { box }] of objects.entries()) {
        expect(box.xmin > 0 && box.ymin > 0 && box.xmax < width && box.ymax < height).toBe(true);
        for (const other of objects.slice(k + 1)) {
          const apart =
            box.xmax < other.box.xmin ||
            other.box.xmax < box.xmin ||
            box.ymax < other.box.ymin ||
            other.box.ymax < box.ymin;
          expect(apart).toBe(true);
        }
      }
    }
  });

  it('are in pixels of the picture', async () => {
    for (const { objects, size } of await all(drawnSet(name, { count: 4, seed: 3 }))) {
      expect(Math.max(...objects.map(({ box }) => box.xmax))).toBeGreaterThan(size.width / 4);
      for (const { box } of objects) {
        expect(box.xmax).toBeLessThan(size.width);
        expect(box.ymax).toBeLessThan(size.height);
      }
    }
  });
});

it('what finds no place is left out', () => {
  const things = Array.from({ length: 50 }, (_, of) => ({ of, width: 40, height: 40 }));
  const placed = scatter(things, { width: 100, height: 100, gap: 5 }, new Random('full'));
  expect(placed.length).toBeGreaterThan(0);
  expect(placed.length).toBeLessThanOrEqual(4);
});
