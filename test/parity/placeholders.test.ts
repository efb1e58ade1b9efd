/** A prompt with <image> becomes the ids that transformers' processor makes of it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PaliGemma } from '../../src/index.js';
import { wholePrompt } from '../../src/tasks/prompt-input.js';
import { convertedModel, FIXTURES } from '../support/models.js';

const CASES = JSON.parse(
  readFileSync(path.join(FIXTURES, 'prompts', 'processor.json'), 'utf8'),
) as { readonly text: string; readonly pictures: number; readonly ids: readonly number[] }[];

let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(await convertedModel('tiny-paligemma1', 'f32'));
});
afterAll(() => model.dispose());

it.each(CASES)('$text', ({ text, pictures, ids }) => {
  const prompt = wholePrompt(text, pictures, 'x-ft-224').text;
  const [bos, ...rest] = ids;
  // <bos> before, the line break after: the addon adds both.
  expect([bos, rest.at(-1)]).toEqual([2, model.tokenize('\n')[0]]);
  expect(model.tokenize(prompt)).toEqual(rest.slice(0, -1));
});
