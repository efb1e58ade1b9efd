/** What transformers computes with checkpoints that were saved with added tokens or a head of their own, against ours. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convert, PaliGemma } from '../../src/index.js';
import { temporaryFolder } from '../support/convert-sources.js';
import { imagePath } from '../support/models.js';
import { goldenOf, layOut, SAVED_CHECKPOINTS } from '../support/saved-by.js';

const folder = temporaryFolder();

for (const checkpoint of SAVED_CHECKPOINTS) {
  const golden = goldenOf(checkpoint);
  if (!golden) continue;
  describe(`${checkpoint.id} (${checkpoint.tool} ${checkpoint.version})`, () => {
    let model: PaliGemma;
    beforeAll(async () => {
      const output = path.join(folder, `${checkpoint.id}.gguf`);
      await convert({ source: layOut(folder, checkpoint), output, type: 'f32' });
      model = await PaliGemma.load(output, {
        device: 'cpu',
        threads: 2,
        exactGelu: true,
        kvType: 'f32',
      });
    });
    afterAll(() => model.dispose());

    for (const { image, prompt, prefixIds, top } of golden.cases) {
      test(`the likeliest tokens after ${image} "${prompt}"`, async () => {
        const options = { maxTokens: 1, topLogprobs: 20, upright: false };
        const pieces = [];
        for await (const piece of model.stream(imagePath(image), prompt, options))
          pieces.push(piece);
        const [first] = pieces;
        expect(prefixIds.slice(1, -1)).toEqual(model.tokenize(prompt));
        const ours = first?.topLogprobs ?? [];
        expect(ours).toHaveLength(top.length);
        for (const [i, [id, logprob]] of top.entries()) {
          expect(ours[i]?.token, `rank ${i}`).toBe(id);
          expect(Math.abs((ours[i]?.logprob ?? 0) - logprob), `rank ${i}`).toBeLessThan(1e-4);
        }
      });
    }

    const { texts } = golden;
    if (texts) {
      test('texts become the same ids', () => {
        const wrong = texts
          .map(({ text, ids }) => ({ text, ids, ours: model.tokenize(text) }))
          .filter(({ ids, ours }) => ids.join() !== ours.join());
        expect(wrong).toEqual([]);
      });
    }
  });
}
