/**
 * Whether the addon computes right: a picture and a prompt through a tiny model with random weights (models/self-test.gguf),
 * whose answer is known. The model and the answer are those of the parity tests' PaliGemma 1 in f32, where they equal the
 * reference's; its weights are in q8_0 here.
 */
import path from 'node:path';
import { loadSharp } from '../load-sharp.js';
import { ROOT } from '../native/binding.js';
import { PaliGemma } from '../paligemma.js';
import type { DoctorReport } from './report.js';

export const SELF_TEST_MODEL = path.join(ROOT, 'models', 'self-test.gguf');
export const SELF_TEST_PROMPT = 'caption es';
/** Greedy tokens and their log-probabilities with f32 weights, exact GELU and an f32 KV cache. */
export const SELF_TEST_TOKENS = [1246, 1301, 995, 995, 995, 995, 995, 995];
export const SELF_TEST_LOGPROBS = [-4.435, -3.963, -4.468, -3.507, -3.476, -3.378, -3.292, -3.294];
/** Weights and activations of 8 bits differ from f32 by up to 0.05 here; a wrong kernel by whole units. */
const TOLERANCE = 0.25;

const SIDE = 224;

/** Red grows to the right, green downwards, blue to the left; as PNG, so that decoding is tested as well. */
export function selfTestPicture(): Promise<Buffer> {
  const data = Buffer.alloc(SIDE * SIDE * 3);
  const shade = (at: number) => Math.floor((at * 255) / (SIDE - 1));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      data.set([shade(x), shade(y), 255 - shade(x)], 3 * (y * SIDE + x));
    }
  }
  return loadSharp()(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
}

/** Rejects when a prediction does not come out; a wrong one is `error` of the result. */
export async function selfTest(signal?: AbortSignal): Promise<DoctorReport['selfTest']> {
  const picture = await selfTestPicture();
  const start = performance.now();
  await using model = await PaliGemma.load(SELF_TEST_MODEL, { ...(signal && { signal }) });
  const { tokens, logprobs } = await model.predict(picture, SELF_TEST_PROMPT, {
    maxTokens: SELF_TEST_TOKENS.length,
    ...(signal && { signal }),
  });
  const milliseconds = Math.round(performance.now() - start);
  const { kernels } = model.info;
  const error = difference(tokens, logprobs);
  return { tokens, milliseconds, kernels, ...(error !== undefined && { error }) };
}

/** What is wrong with an answer of the self-test; undefined when it is right. */
export function difference(
  tokens: readonly number[],
  logprobs: readonly number[],
): string | undefined {
  if (tokens.join() !== SELF_TEST_TOKENS.join()) {
    return `the addon computes wrong: tokens ${tokens.join(' ')}, expected ${SELF_TEST_TOKENS.join(' ')}`;
  }
  const off = Math.max(
    ...SELF_TEST_LOGPROBS.map((expected, i) => Math.abs((logprobs[i] ?? Number.NaN) - expected)),
  );
  if (off <= TOLERANCE) return undefined;
  return `the addon computes wrong: log-probabilities are off by ${off.toFixed(2)}, expected at most ${TOLERANCE}`;
}
