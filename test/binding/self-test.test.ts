/** The self-test of `paligemma doctor`: its model and answer are those of the checkpoint that parity is tested with. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  difference,
  SELF_TEST_LOGPROBS,
  SELF_TEST_MODEL,
  SELF_TEST_PROMPT,
  SELF_TEST_TOKENS,
  selfTest,
  selfTestPicture,
} from '../../src/doctor/self-test.js';
import { PaliGemma } from '../../src/index.js';
import { AVAILABLE_KERNEL_SETS } from '../support/kernel-sets.js';
import { convertedModel } from '../support/models.js';

test('the model is the converted checkpoint', async () => {
  const converted = readFileSync(await convertedModel('tiny-paligemma1', 'q8_0'));
  expect(converted.equals(readFileSync(SELF_TEST_MODEL))).toBe(true);
});

test('the answer is that of the checkpoint in f32', async () => {
  const file = await convertedModel('tiny-paligemma1', 'f32');
  await using model = await PaliGemma.load(file, {
    exactGelu: true,
    kvType: 'f32',
    kernels: 'ggml',
  });
  const { tokens, logprobs } = await model.predict(await selfTestPicture(), SELF_TEST_PROMPT, {
    maxTokens: SELF_TEST_TOKENS.length,
  });
  expect(tokens).toEqual(SELF_TEST_TOKENS);
  for (const [i, logprob] of logprobs.entries()) {
    expect(logprob).toBeCloseTo(SELF_TEST_LOGPROBS[i] ?? Number.NaN, 2);
  }
});

test.each(AVAILABLE_KERNEL_SETS)('the addon passes with kernels %s', async (kernels) => {
  await using model = await PaliGemma.load(SELF_TEST_MODEL, { kernels });
  const { tokens, logprobs } = await model.predict(await selfTestPicture(), SELF_TEST_PROMPT, {
    maxTokens: SELF_TEST_TOKENS.length,
  });
  expect(difference(tokens, logprobs)).toBeUndefined();
});

test('as doctor runs it', async () => {
  expect(await selfTest()).toMatchObject({ tokens: SELF_TEST_TOKENS });
  expect(await selfTest()).not.toHaveProperty('error');
});

test('another token or another log-probability is wrong', () => {
  const tokens = [...SELF_TEST_TOKENS.slice(0, -1), 994];
  expect(difference(tokens, SELF_TEST_LOGPROBS)).toMatch(/computes wrong: tokens 1246 .* 994/);
  const logprobs = SELF_TEST_LOGPROBS.map((logprob) => logprob + 0.3);
  expect(difference(SELF_TEST_TOKENS, logprobs)).toMatch(/off by 0\.30/);
  expect(difference(SELF_TEST_TOKENS, SELF_TEST_LOGPROBS.slice(1))).toMatch(/off by NaN/);
});
