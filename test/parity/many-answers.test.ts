/**
 * Models whose weights other libraries' kernels multiply, beside those that ours multiply, in one process and on the same
 * threads: every answer is the first one again. A few of each here; 1,000 with npm run test:soak, which takes minutes.
 */
import { expect, test } from 'vitest';
import { PaliGemma, type Prediction } from '../../src/index.js';
import { checkpointFolder, convertedModel, imagePath } from '../support/models.js';
import { needsReference } from '../support/needs.js';

const ANSWERS = process.env.MODE === 'soak' ? 1000 : 24; // vitest's --mode
const TYPES = ['q4_k', 'q5_k', 'q6_k', 'bf16', 'q8_0'] as const;
const QUESTIONS = ['scene1.png', 'scene2.png'].flatMap((picture) =>
  ['caption en', 'answer en how many shapes are there?', 'detect white circle'].map(
    (prompt) => [imagePath(picture), prompt] as const,
  ),
);

const numbers = ({ tokens, logprobs }: Prediction) => ({ tokens, logprobs });

test(`${ANSWERS} answers of each type of weights beside the others stay the same`, {
  timeout: 60_000 + ANSWERS * 5_000,
  ...needsReference(checkpointFolder('shapes-mix-224')),
}, async () => {
  const models = [];
  // Without its cache the vision tower runs for each answer.
  for (const type of TYPES)
    models.push(
      await PaliGemma.load(await convertedModel('shapes-mix-224', type), { featureCacheMb: 0 }),
    );
  const first = new Map<string, ReturnType<typeof numbers>>();
  for (let i = 0; i < ANSWERS; i++) {
    const [picture, prompt] = QUESTIONS[i % QUESTIONS.length] as (typeof QUESTIONS)[number];
    const answers = await Promise.all(
      models.map((model) => model.predict(picture, prompt, { maxTokens: 4 })),
    );
    for (const [m, answer] of answers.entries()) {
      const key = `${TYPES[m]} ${picture} ${prompt}`;
      const expected = first.get(key) ?? numbers(answer);
      first.set(key, expected);
      if (JSON.stringify(numbers(answer)) !== JSON.stringify(expected))
        expect({ answer: i, key, ...numbers(answer) }).toEqual({ key, ...expected });
    }
  }
  expect(first.size).toBe(TYPES.length * Math.min(ANSWERS, QUESTIONS.length));
  expect([...first.values()].flatMap(({ tokens }) => tokens).length).toBeGreaterThan(first.size);
  for (const model of models) await model.dispose();
});
