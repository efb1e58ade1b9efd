/**
 * A head that was trained apart from the embedding. The yardstick: the reference's own last hidden states times the head,
 * in plain loops in f64, which also makes the reference's own logits from the embedding.
 */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { convert } from '../../src/index.js';
import {
  copyOf,
  readFolder,
  type Tensor,
  temporaryFolder,
  writeSingle,
} from '../support/convert-sources.js';
import { cases, checkpointFolder, pixelsOf, taps, tensorError } from '../support/models.js';
import { TracedModel } from '../support/trace.js';

const folder = temporaryFolder();
const SOFTCAP = { 'tiny-paligemma1': 0, 'tiny-paligemma2': 8 } as const;

/** hidden [n, width], matrix [rows, width] -> the logits of the last `count` hidden states, [count, rows]. */
function logitsOf(
  hidden: Float32Array,
  matrix: Float32Array,
  width: number,
  rows: number,
  count: number,
  softcap: number,
): Float32Array {
  const first = hidden.length / width - count;
  return Float32Array.from({ length: count * rows }, (_, at) => {
    const state = (first + Math.floor(at / rows)) * width;
    const row = (at % rows) * width;
    let sum = 0;
    for (let i = 0; i < width; i++)
      sum += (hidden[state + i] as number) * (matrix[row + i] as number);
    return softcap === 0 ? sum : softcap * Math.tanh(sum / softcap);
  });
}

for (const name of ['tiny-paligemma1', 'tiny-paligemma2'] as const) {
  describe(name, () => {
    const source = readFolder(checkpointFolder(name));
    const [key, embedding] = [...source].find(([n]) => n.endsWith('embed_tokens.weight')) as [
      string,
      Tensor,
    ];
    const numbers = new Float32Array(Uint8Array.from(embedding.data).buffer);
    const width = embedding.shape[1] as number;
    // The rows in reverse and larger: nothing that a tied head could be taken for.
    const apart = Float32Array.from(numbers, (_, i) => {
      const row = (embedding.shape[0] as number) - 1 - Math.floor(i / width);
      return 1.25 * (numbers[row * width + (i % width)] as number);
    });
    const c = cases(name).find((each) => each.taps);
    if (!c) throw new Error('no case has taps');
    const reference = taps(name, c.taps ?? '');
    const hidden = reference.get('final_norm')?.data as Float32Array;
    const suffix = c.taps_suffix_ids ?? [];

    test('the yardstick makes the logits of the reference from the embedding', () => {
      const expected = reference.get('logits')?.data as Float32Array;
      const rows = expected.length / (suffix.length + 1);
      const made = logitsOf(hidden, numbers, width, rows, suffix.length + 1, SOFTCAP[name]);
      expect(tensorError(made, expected).max).toBeLessThan(1e-5);
    });

    for (const type of ['f32', 'q8_0'] as const) {
      test(`makes the logits, the embedding only the input, as ${type}`, async () => {
        const copy = copyOf(checkpointFolder(name), folder);
        const data = Buffer.from(apart.buffer);
        writeSingle(copy, new Map([...source, ['lm_head.weight', { ...embedding, data }]]));
        const output = path.join(folder, `${name}-${type}.gguf`);
        const { notes } = await convert({ source: copy, output, type });
        expect(notes).toContain(
          `lm_head.weight differs from ${key}: stored as an output matrix of its own`,
        );
        const model = await TracedModel.load(output);
        try {
          const pixels = await pixelsOf(c.image, model.info.imageSize);
          const ours = (await model.trace(pixels, c.prefix_ids, suffix)).logits?.data;
          const rows = (ours?.length ?? 0) / (suffix.length + 1);
          expect(rows).toBe(1792);
          const expected = logitsOf(hidden, apart, width, rows, suffix.length + 1, SOFTCAP[name]);
          // q8_0 rounds weights to 1/254 of a block's largest, in every layer.
          expect(tensorError(ours as Float32Array, expected).rms).toBeLessThan(
            type === 'f32' ? 1e-4 : 0.1,
          );
        } finally {
          await model.dispose();
        }
      });
    }
  });
}
