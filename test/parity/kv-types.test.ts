/** Keys and values in fewer bits: how far the logits of decode steps move, and that answers stay what they are. */
import { describe, expect, test } from 'vitest';
import { PaliGemma } from '../../src/index.js';
import { type KernelSet, KV_TYPES, type KvType } from '../../src/options/closed-sets.js';
import { Prompt } from '../../src/prompt.js';
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

const CASES = 6;

/**
 * Root mean square of the difference to f32, in units of that of the logits, at most; twice what was measured on an
 * x86 with AVX-512. q8_0 rounds to 1/254 of the largest of 32 elements; ggml's own matmuls round the queries too.
 */
const BOUNDS: Readonly<Record<KvType, number>> = { f32: 2e-6, f16: 4.5e-3, q8_0: 0.03 };

/** Logits of all tokens after the prompts: the prefill reads no cache. */
async function decodedLogits(
  name: CheckpointName,
  kvType: KvType,
  kernels: KernelSet,
): Promise<Float32Array[]> {
  const model = await TracedModel.load(await convertedModel(name, 'f32'), { kvType, kernels });
  try {
    const rows: Float32Array[] = [];
    for (const c of cases(name).slice(0, CASES)) {
      const pixels = await pixelsOf(c.image, model.info.imageSize);
      const { logits } = await model.trace(pixels, c.prefix_ids, c.suffix_ids);
      rows.push(logits?.data.subarray(logits.width) ?? new Float32Array());
    }
    return rows;
  } finally {
    await model.dispose();
  }
}

function difference(found: readonly Float32Array[], expected: readonly Float32Array[]): number {
  let [squares, all] = [0, 0];
  for (const [i, row] of expected.entries()) {
    expect(found[i]).toHaveLength(row.length);
    expect(row.length).toBeGreaterThan(0);
    for (const [j, value] of row.entries()) {
      squares += ((found[i]?.[j] ?? Number.NaN) - value) ** 2;
      all += value ** 2;
    }
  }
  return Math.sqrt(squares / all);
}

for (const name of [
  'tiny-paligemma1',
  'tiny-paligemma2',
  'shapes-mix-224',
] satisfies CheckpointName[]) {
  describe(name, needsReference(checkpointFolder(name)), () => {
    let exactly: Promise<Float32Array[]> | undefined;
    test.each(AVAILABLE_KERNEL_SETS)('stays close to f32 with kernels %s', async (kernels) => {
      exactly ??= decodedLogits(name, 'f32', 'ggml');
      const exact = await exactly;
      const found = new Map<KvType, number>();
      for (const type of KV_TYPES) {
        found.set(type, difference(await decodedLogits(name, type, kernels), exact));
      }
      for (const [type, value] of found) expect(value, type).toBeLessThanOrEqual(BOUNDS[type]);
      // Otherwise the cache was not of the type.
      expect(found.get('q8_0')).toBeGreaterThan(BOUNDS.q8_0 / 20);
    });
  });
}

// Several rows at once, alone or with other sequences, go through other matmul code than a single one.
test.each(AVAILABLE_KERNEL_SETS)(
  'a q8_0 cache yields the same answers, kernels %s',
  async (kernels) => {
    const scene = imagePath('scene1.png');
    const ask = async (kvType: KvType) => {
      await using model = await PaliGemma.load(DEMO_MODEL, { kvType, kernels });
      const detect = 'detect white circle ; orange triangle ; yellow square';
      const answers = await Promise.all([
        model.predict(scene, detect),
        model.predict(
          scene,
          new Prompt(detect).drafting({
            labels: ['white circle', 'orange triangle', 'yellow square'],
            after: 4,
          }),
        ),
        model.predict(scene, 'caption en'),
      ]);
      const scores = await model.score(scene, 'caption en', ['a red circle', 'three shapes']);
      return {
        texts: answers.map((a) => a.text),
        logprobs: scores.candidates.flatMap((c) => c.logprobs),
      };
    };
    const [exact, found] = [await ask('f32'), await ask('q8_0')];
    expect(found.texts).toEqual(exact.texts);
    expect(found.logprobs).not.toEqual(exact.logprobs);
    for (const [i, logprob] of found.logprobs.entries()) {
      expect(Math.abs(logprob - (exact.logprobs[i] ?? Number.NaN))).toBeLessThan(0.25);
    }
  },
);
