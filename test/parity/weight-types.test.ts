/**
 * Every weight type on every checkpoint: what the file holds, and how far its answers are from f32's. Sizes and errors
 * of the types themselves are tested with the converter.
 */
import { describe, expect, test } from 'vitest';
import { inspect, PaliGemma, WEIGHT_TYPES, type WeightType } from '../../src/index.js';
import type { KernelSet } from '../../src/options/closed-sets.js';
import { AVAILABLE_KERNEL_SETS } from '../support/kernel-sets.js';
import {
  type CheckpointName,
  cases,
  checkpointFolder,
  convertedModel,
  imagePath,
  pixelsOf,
} from '../support/models.js';
import { needsReference } from '../support/needs.js';
import { TracedModel } from '../support/trace.js';

/** Types a file holds for a wanted type, besides f32 for norms and biases. */
type Promised = Readonly<Record<WeightType, readonly WeightType[]>>;

/** Rows of 64 and 96 elements divide into no block of 256, the vision towers' 48 and 80 not even into 32. */
const NARROW: Promised = {
  f32: [],
  f16: ['f16'],
  bf16: ['bf16'],
  q8_0: ['f16', 'q8_0'],
  q6_k: ['f16', 'q8_0'],
  q5_k: ['f16', 'q8_0'],
  q4_k: ['f16', 'q8_0'],
  q4_0: ['f16', 'q4_0', 'q8_0'],
};
/** The language model is 256 wide, the vision tower 288; the embedding stays at six bits. */
const WIDE: Promised = {
  f32: [],
  f16: ['f16'],
  bf16: ['bf16'],
  q8_0: ['q8_0'],
  q6_k: ['q6_k', 'q8_0'],
  q5_k: ['q5_k', 'q6_k', 'q8_0'],
  q4_k: ['q4_k', 'q6_k', 'q8_0'],
  q4_0: ['q4_0', 'q6_k'],
};

/**
 * How far the log-probabilities of the first token may be from f32's: the root mean square over the twenty likeliest
 * tokens of all cases, twice what was measured on an x86 with AVX-512. Random weights know nothing: their
 * answers stand on small differences, so they suffer more than trained ones.
 */
type Bounds = Readonly<Record<WeightType, number>>;
const RANDOM: Bounds = {
  f32: 1e-5, // the attention of our kernels accumulates in another order
  f16: 0.003,
  bf16: 0.03,
  q8_0: 0.11,
  q6_k: 0.11, // q8_0 in truth: see NARROW
  q5_k: 0.11,
  q4_k: 0.11,
  q4_0: 1,
};
const TRAINED: Bounds = {
  f32: 1e-5, // the attention of our kernels accumulates in another order
  f16: 0.0015,
  bf16: 0.011,
  q8_0: 0.042,
  q6_k: 0.11,
  q5_k: 0.15,
  q4_k: 0.27,
  q4_0: 0.32,
};

const CHECKPOINTS: readonly (readonly [CheckpointName, Promised, Bounds])[] = [
  ['tiny-paligemma1', NARROW, RANDOM],
  ['tiny-paligemma2', NARROW, RANDOM],
  ['shapes-mix-224', WIDE, TRAINED],
];
/** Those that our kernels multiply. */
const PACKED_TYPES = ['f16', 'bf16', 'q8_0', 'q4_0'] as const satisfies readonly WeightType[];

const LIKELIEST = 20;
const CASES = 8;

function logProbabilities(logits: Float32Array): Float64Array {
  const max = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const logSum = max + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - max), 0));
  return Float64Array.from(logits, (z) => z - logSum);
}

/** Of the first token of each answer, computed as exactly as the weights allow. */
async function firstTokens(
  name: CheckpointName,
  type: WeightType,
  kernels: KernelSet,
): Promise<Float64Array[]> {
  const model = await TracedModel.load(await convertedModel(name, type), { kernels });
  const rows: Float64Array[] = [];
  for (const c of cases(name).slice(0, CASES)) {
    const pixels = await pixelsOf(c.image, model.info.imageSize);
    const { logits } = await model.trace(pixels, c.prefix_ids, []);
    rows.push(logProbabilities(logits?.data ?? new Float32Array()));
  }
  await model.dispose();
  return rows;
}

/** Root mean square of the differences at the likeliest tokens. */
function difference(rows: readonly Float64Array[], exact: readonly Float64Array[]): number {
  let squares = 0;
  for (const [i, expected] of exact.entries()) {
    const ids = [...expected.keys()].sort((a, b) => (expected[b] ?? 0) - (expected[a] ?? 0));
    for (const id of ids.slice(0, LIKELIEST)) {
      squares += ((rows[i]?.[id] ?? Number.NaN) - (expected[id] ?? 0)) ** 2;
    }
  }
  return Math.sqrt(squares / (exact.length * LIKELIEST));
}

for (const [name, promised, bounds] of CHECKPOINTS) {
  describe(name, needsReference(checkpointFolder(name)), () => {
    const rows = new Map<string, Promise<Float64Array[]>>();
    function rowsOf(type: WeightType, kernels: KernelSet): Promise<Float64Array[]> {
      const key = `${type} ${kernels}`;
      const found = rows.get(key) ?? firstTokens(name, type, kernels);
      rows.set(key, found);
      return found;
    }
    async function error(type: WeightType, kernels: KernelSet = 'auto'): Promise<number> {
      return difference(await rowsOf(type, kernels), await rowsOf('f32', 'ggml'));
    }

    test.each(WEIGHT_TYPES)('%s holds the types it promises', async (type) => {
      const path = await convertedModel(name, type);
      const { tensors } = await inspect(path);
      const bytes: Record<string, number> = {};
      for (const t of tensors) bytes[t.type] = (bytes[t.type] ?? 0) + t.bytes;
      expect(Object.keys(bytes).sort()).toEqual([...promised[type], 'f32'].sort());

      const embedding = tensors.find((t) => t.name === 'token_embd.weight');
      expect(['f32', 'f16', 'bf16', 'q8_0', 'q6_k']).toContain(embedding?.type);
      const small = tensors.filter((t) => t.shape.length === 1);
      expect(small.length).toBeGreaterThan(10);
      expect(new Set(small.map((t) => t.type))).toEqual(new Set(['f32']));

      const model = await PaliGemma.load(path);
      expect(model.info.weightTypes).toEqual(bytes);
      const { tokens, logprobs } = await model.predict(imagePath('scene1.png'), 'caption en', {
        maxTokens: 8,
      });
      expect(tokens.length).toBeGreaterThan(0);
      expect(logprobs.every((p) => Number.isFinite(p) && p <= 0)).toBe(true);
      await model.dispose();
    });

    test.each(WEIGHT_TYPES)('%s stays close to f32', async (type) => {
      const found = await error(type);
      expect(found).toBeLessThanOrEqual(bounds[type]);
      // Otherwise the weights were not those of the type. The checkpoints are of bf16, so only what rounds activations
      // shows for bf16 and f16: for f16 ggml's kernels, not ours.
      const rounded = type === 'f16' ? await error(type, 'ggml') : found;
      if (type !== 'f32' && type !== 'bf16') expect(rounded).toBeGreaterThan(bounds[type] / 20);
    });

    test.each(
      AVAILABLE_KERNEL_SETS.flatMap((kernels) =>
        PACKED_TYPES.map((type) => ({ type, kernels }) as const),
      ),
    )('$type with kernels $kernels stays close to f32', async ({ type, kernels }) => {
      // ggml accumulates f16 in f16 where the CPU can.
      const sumsHalves = type === 'f16' && kernels === 'ggml' && process.arch === 'arm64';
      expect(await error(type, kernels)).toBeLessThanOrEqual(bounds[type] * (sumsHalves ? 5 : 1));
    });

    test('fewer bits, larger error', async () => {
      const inOrder = [];
      // q4_0 has as many bits as q4_k.
      for (const type of WEIGHT_TYPES) if (type !== 'q4_0') inOrder.push(await error(type, 'ggml'));
      expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    });
  });
}
