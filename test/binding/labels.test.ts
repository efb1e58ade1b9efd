/** Labels on the demo model: what results call what they found, and one label alone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PaliGemma } from '../../src/index.js';
import { DEMO_MODEL, imagePath } from '../support/models.js';

const SCENE = imagePath('scene2.png');

let model: PaliGemma;
beforeAll(async () => {
  // Labels are not trained in the plural, nor with an article.
  model = await PaliGemma.load(DEMO_MODEL, { onNote: () => {} });
});
afterAll(() => model.dispose());

test('labels of what is found are those that were asked for, whatever the model says', async () => {
  for (const label of ['yellow stars', 'a green square'] as const) {
    const run = model.detect(SCENE, label);
    const { detections, raw } = await run;
    expect(raw).toMatch(/ (yellow star|green square)$/);
    expect(detections.map((one) => one.label)).toEqual([label]);
    for await (const part of run) expect(part).toMatchObject({ label, asked: true });
  }
  const robust = await model.detect(SCENE, 'a green square', { robust: true });
  expect(robust.detections.map(({ label }) => label)).toEqual(['a green square']);
  const { segments } = await model.segment(SCENE, 'a green square');
  expect(new Set(segments.map(({ label }) => label))).toEqual(new Set(['a green square']));
});

test('labels to choose from may be one, which has the probability 1 and its own as coverage', async () => {
  const question = 'what color is the star?';
  const alone = await model.classify(SCENE, 'yellow', { question });
  const listed = await model.classify(SCENE, ['yellow'], { question });
  expect({ ...alone, timings: 0, usage: 0 }).toEqual({ ...listed, timings: 0, usage: 0 });
  expect(alone).toMatchObject({ label: 'yellow', score: 1 });
  const [{ probability, logprob }] = alone.distribution as [(typeof alone.distribution)[0]];
  expect(probability).toBe(1);
  expect(alone.coverage).toBeCloseTo(Math.exp(logprob), 12);
  // The same as among others.
  const { distribution, coverage } = await model.classify(SCENE, ['yellow', 'blue'], {
    question,
  });
  const yellow = distribution.find(({ label }) => label === 'yellow');
  expect(Math.exp(yellow?.logprob ?? 0)).toBeCloseTo(alone.coverage, 4);
  expect(coverage).toBeGreaterThanOrEqual(alone.coverage - 1e-4);
});
