/** The prefix sees all of itself, the suffix only what came before: a wrong mask yields plausible text and bad boxes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeTaps } from '../../src/native/contract.js';
import { convertedModel, pixelsOf, tensorError } from '../support/models.js';
import { TracedModel } from '../support/trace.js';

let model: TracedModel;
let pixels: Uint8Array;
beforeAll(async () => {
  model = await TracedModel.load(await convertedModel('tiny-paligemma1', 'f32'));
  pixels = await pixelsOf('scene0.png', model.info.imageSize);
});
afterAll(() => model.dispose());

/** Largest difference in units of the RMS. */
function difference(a: Float32Array, b: Float32Array): number {
  return tensorError(a, b).max;
}

function rows(taps: NativeTaps, tap: string, begin: number, n: number): Float32Array {
  const t = taps[tap];
  return t ? t.data.subarray(begin * t.width, (begin + n) * t.width) : new Float32Array();
}

test('another prompt changes the rows of the picture, from the first layer on', async () => {
  const n = model.info.imageTokenCount;
  const a = await model.trace(pixels, [2, 1442, 1516, 1457, 8], []);
  const b = await model.trace(pixels, [2, 1442, 1516, 1457, 9], []);
  expect(difference(rows(a, 'embedded', 0, n), rows(b, 'embedded', 0, n))).toBe(0);
  // The very first row sees the very last token.
  expect(difference(rows(a, 'layer.0', 0, 1), rows(b, 'layer.0', 0, 1))).toBeGreaterThan(1e-3);
  expect(difference(rows(a, 'layer.1', 0, n), rows(b, 'layer.1', 0, n))).toBeGreaterThan(1e-2);
});

test('another picture changes the rows of the prompt', async () => {
  const n = model.info.imageTokenCount;
  const other = await pixelsOf('scene1.png', model.info.imageSize);
  const a = await model.trace(pixels, [2, 8], []);
  const b = await model.trace(other, [2, 8], []);
  expect(difference(rows(a, 'layer.0', n, 2), rows(b, 'layer.0', n, 2))).toBeGreaterThan(1e-3);
});

test('a later suffix token changes nothing before it', async () => {
  const n = model.info.imageTokenCount + 2;
  const a = await model.trace(pixels, [2, 8], [100, 200, 300]);
  const b = await model.trace(pixels, [2, 8], [100, 200, 301]);
  expect(difference(rows(a, 'layer.1', 0, n + 2), rows(b, 'layer.1', 0, n + 2))).toBe(0);
  expect(difference(rows(a, 'layer.1', n + 2, 1), rows(b, 'layer.1', n + 2, 1))).toBeGreaterThan(
    1e-3,
  );
});

test('a suffix token is not seen as part of the prefix', async () => {
  const n = model.info.imageTokenCount;
  const asPrefix = await model.trace(pixels, [2, 8, 100], []);
  const asSuffix = await model.trace(pixels, [2, 8], [100]);
  expect(
    difference(rows(asPrefix, 'layer.0', 0, n), rows(asSuffix, 'layer.0', 0, n)),
  ).toBeGreaterThan(1e-3);
});
