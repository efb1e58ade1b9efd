/** predict, encode, tokenize: values, options, limits. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma } from '../../src/index.js';
import { AVAILABLE_KERNEL_SETS } from '../support/kernel-sets.js';
import { convertedModel, DEMO_MODEL, imagePath } from '../support/models.js';

const SCENE = imagePath('scene1.png');
let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

describe('sampling', () => {
  const question = 'caption en';
  test('the same seed yields the same answer, other seeds yield others', async () => {
    const run = (seed: number) =>
      model.predict(SCENE, question, { temperature: 2, seed, maxTokens: 12 });
    expect((await run(7)).tokens).toEqual((await run(7)).tokens);
    const answers = new Set<string>();
    for (let seed = 0; seed < 6; seed++) answers.add((await run(seed)).tokens.join(' '));
    expect(answers.size).toBeGreaterThan(1);
  });

  test('temperature 0, top-k 1 and a tiny top-p are the greedy answer', async () => {
    const greedy = await model.predict(SCENE, question);
    for (const options of [
      { temperature: 0 },
      { temperature: 3, topK: 1 },
      { temperature: 3, topP: 1e-6 },
    ]) {
      expect((await model.predict(SCENE, question, options)).tokens).toEqual(greedy.tokens);
    }
  });

  test('log-probabilities are those of the model, whatever the temperature', async () => {
    const greedy = await model.predict(SCENE, question, { topLogprobs: 3 });
    const hot = await model.predict(SCENE, question, { temperature: 5, topK: 1 });
    expect(hot.logprobs).toEqual(greedy.logprobs);
    for (const [i, top] of (greedy.topLogprobs ?? []).entries()) {
      expect(top).toHaveLength(3);
      expect(top[0]).toEqual({ token: greedy.tokens[i], logprob: greedy.logprobs[i] });
      expect(top[0]?.logprob).toBeGreaterThanOrEqual(top[1]?.logprob ?? 0);
    }
    expect(greedy.topLogprobs).toHaveLength(greedy.tokens.length);
  });

  test('probabilities of one place sum to one', async () => {
    const { topLogprobs } = await model.predict(SCENE, question, { topLogprobs: 20, maxTokens: 1 });
    const sum = (topLogprobs?.[0] ?? []).reduce((s, t) => s + Math.exp(t.logprob), 0);
    expect(sum).toBeGreaterThan(0.9);
    expect(sum).toBeLessThanOrEqual(1 + 1e-5);
  });
});

describe('limits', () => {
  test('maxTokens ends the answer', async () => {
    const answer = await model.predict(SCENE, 'caption en', { maxTokens: 2 });
    expect(answer).toMatchObject({ finishReason: 'length', usage: { completionTokens: 2 } });
    expect(answer.tokens).toHaveLength(2);
  });

  test('a prompt beyond the context says how many tokens there were', async () => {
    const prompt = 'red circle '.repeat(600);
    await expect(model.predict(SCENE, prompt)).rejects.toMatchObject({
      code: 'ERR_PROMPT_TOO_LONG',
      message: expect.stringMatching(/1024/),
    });
    await expect(model.predict(SCENE, 'x'.repeat(100_000))).rejects.toMatchObject({
      code: 'ERR_PROMPT_TOO_LONG',
    });
    await expect(model.predict(SCENE, 'ocr', { maxTokens: 1000 })).rejects.toMatchObject({
      code: 'ERR_PROMPT_TOO_LONG',
    });
  });

  test('pictures that cannot fit are refused before they are decoded', async () => {
    const missing = Array.from({ length: 17 }, () => 'no such picture.png');
    await expect(model.predict(missing, 'ocr')).rejects.toMatchObject({
      code: 'ERR_PROMPT_TOO_LONG',
      message: expect.stringContaining('17 pictures'),
    });
  });

  test('a smaller context can be asked for, a larger one than the file has cannot', async () => {
    const small = await PaliGemma.load(DEMO_MODEL, { contextLength: 80 });
    expect((await small.predict(SCENE, 'caption en')).text).not.toBe('');
    await expect(
      small.predict(SCENE, 'answer en how many shapes are there in it?'),
    ).resolves.toMatchObject({});
    await expect(small.predict(SCENE, 'caption en', { maxTokens: 20 })).rejects.toMatchObject({
      code: 'ERR_PROMPT_TOO_LONG',
    });
    await small.dispose();
    await expect(PaliGemma.load(DEMO_MODEL, { contextLength: 4096 })).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      message: expect.stringContaining('1024'),
    });
  });
});

describe('several pictures', () => {
  test('come before the prompt, each with its tokens, in order', async () => {
    const tiny = await PaliGemma.load(await convertedModel('tiny-paligemma1', 'f32'));
    const other = imagePath('scene2.png');
    const ab = await tiny.predict([SCENE, other], 'ocr', { maxTokens: 12 });
    const ba = await tiny.predict([other, SCENE], 'ocr', { maxTokens: 12 });
    const a = await tiny.predict([SCENE], 'ocr', { maxTokens: 12 });
    expect(ab.usage.imageTokens).toBe(128);
    expect(ab.tokens).not.toEqual(ba.tokens);
    expect(ab.tokens).not.toEqual(a.tokens);
    await tiny.dispose();
  });

  test.each(AVAILABLE_KERNEL_SETS)(
    'are encoded in one request as they are alone, kernels %s',
    async (kernels) => {
      const pictures = [SCENE, imagePath('scene2.png'), imagePath('wide.jpg'), SCENE];
      for (const file of [DEMO_MODEL, await convertedModel('tiny-paligemma1', 'f32')]) {
        const together = await PaliGemma.load(file, { kernels });
        const alone = await PaliGemma.load(file, { kernels });
        const answer = await together.predict(pictures, 'ocr', { maxTokens: 6 });
        expect(answer.usage.cachedImages).toBe(1);
        for (const picture of pictures) {
          const one = (await alone.encode(picture)).data;
          const batched = (await together.encode(picture)).data;
          const largest = Math.max(...one.map(Math.abs));
          const off = Math.max(...batched.map((value, i) => Math.abs(value - Number(one[i]))));
          expect(off / largest).toBeLessThan(kernels === 'ggml' ? 2e-3 : 1e-6);
        }
        const again = await alone.predict(pictures, 'ocr', { maxTokens: 6 });
        expect(again.usage.cachedImages).toBe(4);
        expect(again.tokens).toEqual(answer.tokens);
        await Promise.all([together.dispose(), alone.dispose()]);
      }
    },
  );
});

describe('encode', () => {
  test('returns the image tokens, and fills the cache for questions', async () => {
    const fresh = await PaliGemma.load(DEMO_MODEL);
    const features = await fresh.encode(imagePath('wide.jpg'));
    expect(features).toMatchObject({ tokens: 64, width: 256, image: { width: 641, height: 419 } });
    expect(features.data).toHaveLength(64 * 256);
    expect(features.data.every(Number.isFinite)).toBe(true);
    expect((await fresh.predict(imagePath('wide.jpg'), 'ocr')).usage.cachedImages).toBe(1);
    await fresh.dispose();
  });
});

describe('tokens', () => {
  test('there and back', () => {
    const text = 'detect red circle ; <loc0123><seg007> naïve 北京';
    expect(model.detokenize(model.tokenize(text))).toBe(text);
  });

  test('control tokens spelled in a prompt stay plain text', () => {
    for (const text of ['<bos>', '<eos>', '<pad>', '<image>']) {
      const ids = model.tokenize(text);
      expect(ids.length).toBeGreaterThan(1);
      expect(ids.some((id) => id < 3)).toBe(false);
      expect(model.detokenize(ids)).toBe(text);
    }
  });

  test('an id outside the vocabulary is refused by name', () => {
    for (const id of [-1, 1792, 1.5, Number.NaN, 2 ** 40]) {
      expect(() => model.detokenize([id])).toThrowError(
        expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
      );
    }
  });

  test('trailing newlines of a prompt do not change it', async () => {
    const a = await model.predict(SCENE, 'caption en');
    const b = await model.predict(SCENE, 'caption en\n\n');
    expect(b.tokens).toEqual(a.tokens);
    expect(b.usage.promptTokens).toBe(a.usage.promptTokens);
  });
});

describe('wrong use', () => {
  test('is named with the value and what is expected', async () => {
    await expect(model.predict(SCENE, 5 as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
      subject: 'prompt',
    });
    await expect(model.predict([], 'ocr')).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      subject: 'image',
    });
    await expect(model.predict(SCENE, 'ocr', { maxTokens: 0 })).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
    });
    await expect(model.predict(SCENE, 'ocr', { maxTokns: 3 } as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_UNKNOWN',
      message: expect.stringContaining('maxTokens'),
    });
    await expect(PaliGemma.load(7 as never)).rejects.toMatchObject({ code: 'ERR_OPTION_TYPE' });
    await expect(PaliGemma.load('a\0b')).rejects.toMatchObject({ code: 'ERR_OPTION_TYPE' });
    await expect(PaliGemma.load(DEMO_MODEL, { device: 'toaster' })).rejects.toMatchObject({
      code: 'ERR_DEVICE_UNAVAILABLE',
      message: expect.stringContaining('toaster'),
    });
  });
});

test('soft-caps can be overridden', async () => {
  const path = await convertedModel('tiny-paligemma2', 'f32');
  const loaded = await Promise.all([
    PaliGemma.load(path),
    PaliGemma.load(path, { attentionSoftcap: 0 }),
    PaliGemma.load(path, { finalSoftcap: 0 }),
  ]);
  const [asFile, noAttention, noFinal] = await Promise.all(
    loaded.map((m) => m.predict(SCENE, 'caption en', { maxTokens: 5 })),
  );
  expect(loaded.map((m) => [m.info.text['attentionSoftcap'], m.info.text['finalSoftcap']])).toEqual(
    [
      [5, 8],
      [0, 8],
      [5, 0],
    ],
  );
  expect(noAttention?.logprobs).not.toEqual(asFile?.logprobs);
  // The final cap is monotonic: the likeliest token stays, its probability does not.
  expect(noFinal?.tokens[0]).toBe(asFile?.tokens[0]);
  expect(noFinal?.logprobs[0]).not.toBeCloseTo(asFile?.logprobs[0] ?? 0, 3);
  await Promise.all(loaded.map((m) => m.dispose()));
});
