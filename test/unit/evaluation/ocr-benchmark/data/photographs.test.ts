/** The list of real crops: what it holds, as the documents say. The photographs themselves are read by the benchmark. */
import { expect, it } from 'vitest';
import { PHOTOGRAPHS } from '../../../../../src/evaluation/ocr-benchmark/data/photographs.js';

it('has 52 crops in three domains, each with its text and a box', () => {
  const crops = PHOTOGRAPHS.flatMap(({ domain, crops: own }) =>
    own.map(([x, y, width, height, text]) => ({ domain, box: [x, y, width, height], text })),
  );
  const count = (domain: string) => crops.filter((crop) => crop.domain === domain).length;
  expect([count('signs'), count('typewriter'), count('print'), crops.length]).toEqual([
    28, 17, 7, 52,
  ]);
  for (const { text, box } of crops) {
    expect(text).toBe(text.trim());
    expect(box.every((side) => Number.isInteger(side) && side >= 0)).toBe(true);
    expect(text.length).toBeGreaterThan(0);
  }
  expect(new Set(PHOTOGRAPHS.map(({ file }) => file)).size).toBe(PHOTOGRAPHS.length);
});
