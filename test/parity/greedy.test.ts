/** Greedy answers of the reference, token by token, in every precision that promises them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma, type WeightType } from '../../src/index.js';
import type { KernelSet } from '../../src/options/closed-sets.js';
import { AVAILABLE_KERNEL_SETS } from '../support/kernel-sets.js';
import {
  type CheckpointName,
  cases,
  checkpointFolder,
  convertedModel,
  DEMO_MODEL,
  imagePath,
  pixelsOf,
} from '../support/models.js';
import { needsReference } from '../support/needs.js';
import { TracedModel } from '../support/trace.js';

const EOS = 1;

// Our kernels multiply no f32 weights, but their attention is used with all.
for (const [name, kernels] of (
  ['tiny-paligemma1', 'tiny-paligemma2', 'shapes-mix-224'] satisfies CheckpointName[]
).flatMap((name) => AVAILABLE_KERNEL_SETS.map((kernels) => [name, kernels] as const))) {
  describe(`${name} in f32 with kernels ${kernels}`, needsReference(checkpointFolder(name)), () => {
    let model: PaliGemma;
    beforeAll(async () => {
      model = await PaliGemma.load(await convertedModel(name, 'f32'), {
        exactGelu: true,
        kvType: 'f32',
        kernels,
        slots: 5,
      });
    });
    afterAll(() => model.dispose());

    // Sequences that run together share every matmul; each sees its own cache only.
    test("answers all at once with the reference's tokens", async () => {
      const answers = await Promise.all(
        cases(name).map((c) => {
          const maxTokens = c.suffix_ids.at(-1) === EOS ? 64 : c.suffix_ids.length;
          return model.predict(imagePath(c.image), c.prompt, { maxTokens });
        }),
      );
      expect(answers.map(({ tokens }) => tokens)).toEqual(
        cases(name).map(({ suffix_ids: ids }) => (ids.at(-1) === EOS ? ids.slice(0, -1) : ids)),
      );
    });

    for (const c of cases(name)) {
      test(`answers ${c.image} "${c.prompt}" with the reference's tokens`, async () => {
        const stopped = c.suffix_ids.at(-1) === EOS;
        const maxTokens = stopped ? 64 : c.suffix_ids.length;
        const answer = await model.predict(imagePath(c.image), c.prompt, { maxTokens });
        expect(answer.tokens).toEqual(stopped ? c.suffix_ids.slice(0, -1) : c.suffix_ids);
        expect(answer.text).toBe(c.text);
        expect(answer.finishReason).toBe(stopped ? 'stop' : 'length');
        expect(answer.usage.promptTokens).toBe(c.prefix_ids.length);
        for (const [i, logprob] of answer.logprobs.entries()) {
          expect(Math.abs(logprob - (c.logprob_and_margin[i]?.[0] ?? Number.NaN))).toBeLessThan(
            1e-3,
          );
        }
      });
    }
  });
}

/** Checks the likeliest next token after each prefix of the reference's answer, wherever the reference was sure enough. */
async function checkLikeliest(
  path: string,
  name: CheckpointName,
  margin: number,
  kernels: KernelSet,
): Promise<void> {
  const model = await TracedModel.load(path, { exactGelu: false, kvType: 'f16', kernels });
  try {
    let checked = 0;
    for (const c of cases(name)) {
      const pixels = await pixelsOf(c.image, model.info.imageSize);
      const ids = c.suffix_ids.slice(0, -1);
      const logits = (await model.trace(pixels, c.prefix_ids, ids))['logits'];
      const width = logits?.width ?? 0;
      const wrong = c.suffix_ids.flatMap((expected, i) => {
        if ((c.logprob_and_margin[i]?.[1] ?? 0) <= margin) return [];
        checked++;
        const row = logits?.data.subarray(i * width, (i + 1) * width) ?? new Float32Array();
        const likeliest = row.indexOf(Math.max(...row));
        return likeliest === expected
          ? []
          : [{ image: c.image, prompt: c.prompt, at: i, likeliest, expected }];
      });
      expect(wrong).toEqual([]);
    }
    expect(checked).toBeGreaterThan(30);
  } finally {
    await model.dispose();
  }
}

const BF16_MARGIN = 0.05;
const Q8_0_MARGIN = 0.3;

describe.each(AVAILABLE_KERNEL_SETS)('with kernels %s', (kernels) => {
  test('the demo model in q8_0 agrees wherever the reference has a margin above 0.3', async () => {
    await checkLikeliest(DEMO_MODEL, 'shapes-mix-224', Q8_0_MARGIN, kernels);
  });

  for (const [name, type, margin] of [
    ['shapes-mix-224', 'bf16', BF16_MARGIN],
    ['tiny-paligemma1', 'bf16', BF16_MARGIN],
    ['tiny-paligemma2', 'bf16', BF16_MARGIN],
    ['tiny-paligemma1', 'q8_0', Q8_0_MARGIN],
    ['tiny-paligemma2', 'q8_0', Q8_0_MARGIN],
  ] satisfies [CheckpointName, WeightType, number][]) {
    test(
      `${name} in ${type} agrees wherever the margin is above ${margin}`,
      needsReference(checkpointFolder(name)),
      async () => {
        await checkLikeliest(await convertedModel(name, type), name, margin, kernels);
      },
    );
  }
});
