/** What the registry of tasks starts on the demo model: its results fit their schemas, its arguments reach the model. */
import Ajv2020 from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PaliGemma, type PaliGemmaError } from '../../src/index.js';
import type { Declaration, Input, Parsed } from '../../src/options/option.js';
import { TASKS, type Task, type TaskName } from '../../src/tasks/registry.js';
import { errorJson } from '../../src/wire/errors.js';
import { jsonText } from '../../src/wire/json.js';
import { ERROR_SCHEMA, RESULT_SCHEMAS } from '../../src/wire/result-schemas.js';
import { taskJson } from '../../src/wire/results.js';
import { DEMO_MODEL, imagePath } from '../support/models.js';
import { SAMPLES, startSample, TASK_NAMES } from '../support/task-samples.js';

const SCENE = imagePath('scene2.png');
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });

let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

/** What a front sends, after its way. */
const sent = (value: object): unknown => JSON.parse(jsonText(taskJson(value)));

function expectValid(name: TaskName, json: unknown): void {
  const validate = ajv.compile(RESULT_SCHEMAS[name]);
  validate(json);
  expect(validate.errors ?? []).toEqual([]);
}

describe.each(TASK_NAMES)('%s', (name) => {
  const task: Task = TASKS[name];

  it('returns what its schema says, and its schema says no less', async () => {
    const json = sent(await startSample(name, model, SCENE)) as Record<string, unknown>;
    expectValid(name, json);
    const validate = ajv.compile(RESULT_SCHEMAS[name]);
    expect(validate({ ...json, surplus: 1 })).toBe(false);
    for (const key of Object.keys(json)) {
      if (['answer', 'agreement'].includes(key)) continue;
      const { [key]: _, ...less } = json;
      expect([key, validate(less)]).toEqual([key, false]);
    }
  });

  it('takes as many pictures as it says', () => {
    const few = { one: [0, 2], several: [0], two: [0, 1, 3], clip: [0] }[task.images];
    for (const n of few) {
      expect(() => task.start(model, Array(n).fill(SCENE), SAMPLES[name].args)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_RANGE', subject: 'images' }),
      );
    }
  });

  it('says which argument or option is wrong', async () => {
    const images = task.images === 'two' ? [SCENE, SCENE] : [SCENE];
    const { args: good } = SAMPLES[name];
    const unknown = Promise.resolve(
      task.start(model, images, good, { nonsense: 1 } as Input<typeof task.options>),
    );
    await expect(unknown).rejects.toMatchObject({ code: 'ERR_OPTION_UNKNOWN' });
    for (const [argument, declaration] of Object.entries(task.arguments)) {
      const args = { ...good, [argument]: 7 } as Parsed<typeof task.arguments>;
      const error = await Promise.resolve(task.start(model, images, args)).catch(
        (reason: PaliGemmaError) => reason,
      );
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_OPTION_/) });
      expect(namesOf(argument, declaration)).toContain((error as PaliGemmaError).subject);
    }
  });
});

/** What messages may call an argument: its name, one of its values, what `video` and `extract` call theirs. */
function namesOf(argument: string, declaration: Declaration): string[] {
  const one = 'of' in declaration ? [declaration.of] : [];
  return [argument, ...one, ...(argument === 'fields' ? ['schema'] : ['ask'])];
}

it('other forms of results fit the schemas too', async () => {
  const labels = ['black star', 'green square'];
  const robust = await model.detect(SCENE, labels, { robust: true, extra: true });
  expectValid('detect', sent(robust));
  expect(robust).toHaveProperty('agreement');
  expectValid('detect', sent(await model.detect(SCENE, labels, { constrained: false })));
  expectValid('segment', sent(await model.segment(SCENE, labels, { maxTokens: 7 })));
  const prompts = ['caption en', 'caption es'];
  expectValid('sweep', sent(await model.sweep(SCENE, prompts)));
  expectValid('generate', sent(await model.generate(SCENE, 'ocr', { topLogprobs: 3 })));
  const answers = { 'no such thing at all, however long': 'text', yes: 'boolean' } as const;
  expectValid('extract', sent(await model.extract(SCENE, answers)));
});

it('errors fit theirs', async () => {
  const validate = ajv.compile(ERROR_SCHEMA);
  const error = await model.caption('no such picture.png').catch((reason: unknown) => reason);
  expect(validate(JSON.parse(jsonText(errorJson(error, 'api'))))).toBe(true);
  expect(validate(errorJson('thrown', 'api'))).toBe(true);
  expect(validate({ code: 'ERR_X' })).toBe(false);
});
