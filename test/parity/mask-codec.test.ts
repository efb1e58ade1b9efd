/**
 * The mask codec with trained weights against the reference. The archive (4 MB) is not in the repository; the layers are
 * compared with their definitions on random weights in test/native/models.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convert } from '../../src/index.js';
import {
  checkpointFolder,
  REFERENCE,
  readSafetensors,
  TEST_MODELS,
  type Tensor,
} from '../support/models.js';
import { needsReference } from '../support/needs.js';
import { TracedModel } from '../support/trace.js';

const ARCHIVE = path.join(REFERENCE, 'vae-shapes.npz');
const EXPECTED = path.join(REFERENCE, 'mask-codec.safetensors');

describe('the mask codec', needsReference(ARCHIVE, EXPECTED), () => {
  let model: TracedModel;
  let expected: Map<string, Tensor>;
  const numbers = (name: string) => expected.get(name)?.data ?? new Float32Array();
  beforeAll(async () => {
    expected = readSafetensors(EXPECTED);
    const output = path.join(TEST_MODELS, 'mask-codec.gguf');
    mkdirSync(TEST_MODELS, { recursive: true });
    await convert({
      source: checkpointFolder('tiny-paligemma1'),
      output,
      type: 'f32',
      maskCodec: ARCHIVE,
      overwrite: true,
    });
    model = await TracedModel.load(output);
  });
  afterAll(() => model?.dispose());

  test('decodes every mask to within 1e-4', async () => {
    const decoded = await model.decodeMasks(Int32Array.from(numbers('codes')));
    const reference = numbers('decoded');
    expect(decoded.length).toBe(reference.length);
    expect(decoded.length).toBeGreaterThan(4096);
    // Values reach from -1 to 1; what is left is the order of accumulation in f32.
    const worst = reference.reduce(
      (max, e, i) => Math.max(max, Math.abs((decoded[i] as number) - e)),
      0,
    );
    expect(worst).toBeLessThan(1e-4);
  });

  test('encodes every mask to the same codes', async () => {
    const encoded = await model.encodeMasks(numbers('masks'));
    expect([...encoded]).toEqual([...numbers('encoded')]);
    expect(encoded.length % 16).toBe(0);
    expect(encoded.length).toBeGreaterThan(16);
  });

  test('returns about the mask it encoded', async () => {
    const masks = numbers('masks');
    const decoded = await model.decodeMasks(await model.encodeMasks(masks));
    let both = 0;
    let either = 0;
    for (const [i, value] of masks.entries()) {
      const inside = [value > 0.5, (decoded[i] as number) > 0];
      both += Number(inside[0] && inside[1]);
      either += Number(inside[0] || inside[1]);
    }
    expect(both / either).toBeGreaterThan(0.85);
  });
});
