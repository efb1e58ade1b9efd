/** Colours of labels: stable, different, readable. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colourLabels, contrast, luminance, textColour } from '../../../src/annotate/colours.js';
import { PALETTE_NAMES } from '../../../src/options/annotate.js';

const COUNTS = { 'okabe-ito': 7, 'tol-bright': 7, 'tol-muted': 10, 'tol-light': 9 };

describe('luminance and contrast', () => {
  it('are those of WCAG', () => {
    expect(luminance('#000000')).toBe(0);
    expect(luminance('#ffffff')).toBeCloseTo(1, 12);
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
    // The lightest grey that passes on white, as every checker says.
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
    expect(contrast('#ff0000', '#ffffff')).toBeCloseTo(4.0, 2);
  });

  it('black or white is readable on every colour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (value) => {
        const colour = `#${value.toString(16).padStart(6, '0')}` as const;
        expect(contrast(colour, textColour(colour))).toBeGreaterThanOrEqual(4.58);
      }),
    );
  });
});

describe.each(PALETTE_NAMES)('the palette %s', (palette) => {
  it('assigns labels different colours as long as it lasts, then shares them evenly', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 25 }), (labels) => {
        const colours = colourLabels(labels, palette);
        const uses = new Map<string, number>();
        for (const colour of colours.values()) uses.set(colour, (uses.get(colour) ?? 0) + 1);
        expect(uses.size).toBe(Math.min(labels.length, COUNTS[palette]));
        for (const count of uses.values()) {
          expect(count).toBeLessThanOrEqual(Math.ceil(labels.length / COUNTS[palette]));
        }
      }),
    );
  });

  it('assigns the same labels the same colours in any order and number', () => {
    const labels = ['cat', 'dog', 'person', 'bus'];
    const colours = colourLabels(labels, palette);
    expect(colourLabels([...labels, ...labels].reverse(), palette)).toEqual(colours);
  });
});

it('a label keeps its colour from picture to picture', () => {
  const alone = colourLabels(['cat'], 'okabe-ito').get('cat');
  expect(alone).toMatch(/^#[0-9a-f]{6}$/);
  for (const other of ['dog', 'person', 'bus', 'tree', 'cup']) {
    const both = colourLabels(['cat', other], 'okabe-ito');
    const otherAlone = colourLabels([other], 'okabe-ito').get(other);
    // Unless both want the same, of which the first in order gets it.
    if (otherAlone !== alone || 'cat' < other) expect(both.get('cat')).toBe(alone);
  }
});

it('uses all colours about equally for labels on their own', () => {
  const uses = new Map<string, number>();
  for (let i = 0; i < 7000; i++) {
    const colour = colourLabels([`label ${i}`], 'okabe-ito').get(`label ${i}`) ?? '';
    uses.set(colour, (uses.get(colour) ?? 0) + 1);
  }
  expect(uses.size).toBe(7);
  for (const count of uses.values()) expect(count).toSatisfy((n: number) => n > 850 && n < 1150);
});
