/**
 * Pictures of 896 pixels on a tiny random model: the most patches a published checkpoint has. What is computed is
 * compared with the reference on small pictures (taps.test.ts) and cut with uncut in test/native/models.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configOf, writeRandomGguf } from '../../bench/random-gguf.mjs';
import { readVocabulary } from '../../src/convert/tokenizer-source.js';
import { PaliGemma } from '../../src/index.js';
import { TOKENIZER_MODEL } from '../support/convert-sources.js';
import { TEST_MODELS, tensorError } from '../support/models.js';

const PIECES = 1792;
const SIZE = 896;
const PATCHES = 64 * 64;

let model: PaliGemma;
beforeAll(async () => {
  const text = {
    model_type: 'gemma2',
    hidden_size: 64,
    num_hidden_layers: 1,
    intermediate_size: 128,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 32,
  };
  const vision = {
    hidden_size: 64,
    num_hidden_layers: 1,
    intermediate_size: 128,
    num_attention_heads: 4,
    patch_size: 14,
    image_size: SIZE,
  };
  mkdirSync(TEST_MODELS, { recursive: true });
  const file = path.join(TEST_MODELS, 'large-pictures.gguf');
  const vocabulary = await readVocabulary([TOKENIZER_MODEL], {
    base: PIECES,
    imageTokenId: undefined,
    rows: PIECES,
  });
  await writeRandomGguf(file, configOf(text, vision, PIECES), vocabulary, {
    name: 'large-pictures',
    type: 'f32',
  });
  model = await PaliGemma.load(file, { featureCacheMb: 0 });
});
afterAll(() => model?.dispose());

/** Noise; `change` alters the last patch alone. */
function picture(change: boolean) {
  const data = new Uint8Array(SIZE * SIZE * 3);
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i, 2654435761) >>> 24;
  if (change) {
    for (let y = SIZE - 14; y < SIZE; y++)
      data.fill(255, (y * SIZE + SIZE - 14) * 3, (y + 1) * SIZE * 3);
  }
  return { data, width: SIZE, height: SIZE, channels: 3 as const };
}

test('answer, within little memory', async () => {
  expect(model.info).toMatchObject({ imageSize: SIZE, imageTokenCount: PATCHES });
  const answer = await model.predict(picture(false), 'caption en', { maxTokens: 4 });
  expect(answer.usage.imageTokens).toBe(PATCHES);
  expect(answer.logprobs.every((p) => Number.isFinite(p) && p < 0)).toBe(true);
  // The scores of all heads at once are 256 MiB in the vision tower (4 x 4096 x 4096 x 4), twice as much in the text model.
  expect(model.info.memory.computeBytes).toBeLessThan(200 * 2 ** 20);
});

test('every patch sees every other, across all cuts', async () => {
  const plain = await model.encode(picture(false));
  const changed = await model.encode(picture(true));
  expect(plain.tokens).toBe(PATCHES);
  const { width } = plain;
  const rows = [0, 1, 100, 255, 1023, 2047, 4000, PATCHES - 2];
  for (const row of rows) {
    const range = [row * width, (row + 1) * width] as const;
    const { max } = tensorError(changed.data.subarray(...range), plain.data.subarray(...range));
    // One of 4096 keys differs, so little changes: but far more than rounding, which repeats exactly.
    expect(max).toBeGreaterThan(1e-5);
    expect(max).toBeLessThan(0.2);
  }
  expect((await model.encode(picture(false))).data).toEqual(plain.data);
});
