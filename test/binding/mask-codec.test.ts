/** Mask requests at the addon's edge: wrong types, a file without the codec, abort, dispose. Numbers: test/parity, test/native. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maskCodecTensors } from '../../src/convert/mask-codec.js';
import { convert } from '../../src/index.js';
import { npy } from '../support/convert-sources.js';
import { writeZip } from '../support/convert-zip.js';
import { checkpointFolder, convertedModel, TEST_MODELS } from '../support/models.js';
import { RandomNumbers } from '../support/random.js';
import { TracedModel } from '../support/trace.js';

const CODES = Int32Array.from({ length: 32 }, (_, i) => i * 4);
const MASKS = Float32Array.from({ length: 2 * 4096 }, (_, i) => (i % 7) / 6);

/** A model with a codec of small random weights. */
async function modelWithCodec(): Promise<string> {
  const random = new RandomNumbers(11);
  const arrays = maskCodecTensors().map(({ bigVision: { path: name, shape } }) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b));
    for (let i = 0; i < values.length; i++) values[i] = random.below(2001) / 20_000 - 0.05;
    return { name: `${name}.npy`, data: npy('<f4', shape, Buffer.from(values.buffer)) };
  });
  mkdirSync(TEST_MODELS, { recursive: true });
  const maskCodec = path.join(TEST_MODELS, 'random-codec.npz');
  writeFileSync(maskCodec, writeZip(arrays));
  const output = path.join(TEST_MODELS, 'random-codec.gguf');
  const source = checkpointFolder('tiny-paligemma1');
  await convert({ source, output, type: 'q8_0', maskCodec, overwrite: true });
  return output;
}

let file: string;
let model: TracedModel;
beforeAll(async () => {
  file = await modelWithCodec();
  model = await TracedModel.load(file);
});
afterAll(() => model?.dispose());

test('many masks at once are the masks one by one', async () => {
  expect(model.info.hasMaskCodec).toBe(true);
  const decoded = await model.decodeMasks(CODES);
  expect(decoded).toHaveLength(2 * 4096);
  expect(await model.decodeMasks(CODES.slice(16))).toEqual(decoded.slice(4096));
  expect(decoded.slice(4096)).not.toEqual(decoded.slice(0, 4096));
  const encoded = await model.encodeMasks(MASKS);
  expect(encoded).toBeInstanceOf(Int32Array);
  expect(await model.encodeMasks(MASKS.slice(0, 4096))).toEqual(encoded.slice(0, 16));
});

test('none returns none', async () => {
  expect(await model.decodeMasks(new Int32Array())).toEqual(new Float32Array());
  expect(await model.encodeMasks(new Float32Array())).toEqual(new Int32Array());
});

test('the arrays are copied before the call returns', async () => {
  const expected = await model.decodeMasks(CODES);
  const codes = CODES.slice();
  const decoded = model.decodeMasks(codes);
  codes.fill(-1);
  expect(await decoded).toEqual(expected);
});

test('other types, lengths and values are typed errors', async () => {
  for (const wrong of [undefined, null, 1, [1, 2], new Float32Array(16), new Uint8Array(16)]) {
    await expect(model.decodeMasks(wrong as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
      subject: 'codes',
    });
  }
  await expect(model.encodeMasks(new Float64Array(4096) as never)).rejects.toMatchObject({
    code: 'ERR_OPTION_TYPE',
    subject: 'masks',
  });
  await expect(model.decodeMasks(Int32Array.of(...CODES, 1))).rejects.toMatchObject({
    code: 'ERR_OPTION_RANGE',
    found: '33',
    expected: 'a multiple of 16',
  });
  await expect(model.decodeMasks(CODES.map((c, i) => (i === 31 ? 128 : c)))).rejects.toMatchObject({
    code: 'ERR_OPTION_RANGE',
    subject: 'codes[31]',
    found: '128',
    expected: '0 to 127',
  });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0.1, 255]) {
    await expect(
      model.encodeMasks(MASKS.map((m, i) => (i === 4100 ? value : m))),
    ).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE', subject: 'masks[4100]' });
  }
});

test('a model without the codec says how to get one', async () => {
  const without = await TracedModel.load(await convertedModel('tiny-paligemma1', 'q8_0'));
  try {
    expect(without.info.hasMaskCodec).toBe(false);
    const runs = [() => without.decodeMasks(CODES), () => without.encodeMasks(MASKS)];
    for (const run of runs) {
      await expect(run()).rejects.toMatchObject({
        code: 'ERR_MODEL_TENSOR_MISSING',
        hint: expect.stringContaining("maskCodec: 'vae-oid.npz'"),
      });
    }
  } finally {
    await without.dispose();
  }
});

test('an abort and dispose end it between masks', async () => {
  const other = await TracedModel.load(file);
  const many = new Int32Array(16 * 10_000);
  const controller = new AbortController();
  const aborted = other.decodeMasks(many, controller.signal);
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  expect(await other.decodeMasks(CODES)).toEqual(await model.decodeMasks(CODES));
  const disposed = expect(other.decodeMasks(many)).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
  await other.dispose();
  await disposed;
});
