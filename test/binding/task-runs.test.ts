/** How calls of the task methods run, on the demo model: pictures they share, parts, cancelling, failing. Results: tasks.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DetectedObject, PaliGemma, type Picture, type Timings } from '../../src/index.js';
import { TASKS, type TaskName } from '../../src/tasks/registry.js';
import { convertedModel, DEMO_MODEL, imagePath } from '../support/models.js';
import { startSample, TASK_NAMES } from '../support/task-samples.js';
import { failOnUnhandled } from '../support/unhandled.js';

const SCENE = imagePath('scene2.png');
const LABELS = ['black star', 'yellow triangle', 'yellow star', 'green square'];

const unhandled = failOnUnhandled();
let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

/** Clips are files, not prepared. */
const PICTURE_TASKS = TASK_NAMES.filter((name) => TASKS[name].images !== 'clip');

async function timingsOf(run: PromiseLike<unknown>): Promise<Timings | undefined> {
  return ((await run) as { readonly timings?: Timings }).timings;
}

describe('one picture', () => {
  const questions = Array.from({ length: 10 }, (_, i) => `is there a shape number ${i}?`);

  test('is encoded once for ten questions, one after the other', async () => {
    const fresh = await PaliGemma.load(DEMO_MODEL);
    let encodings = 0;
    for (const question of questions) {
      encodings += (await fresh.ask(SCENE, question, { maxTokens: 4 })).timings.encodings;
    }
    expect(encodings).toBe(1);
    await fresh.dispose();
  });

  test('is encoded once for ten questions at once, from a path or prepared', async () => {
    for (const isPrepared of [false, true]) {
      const fresh = await PaliGemma.load(DEMO_MODEL, { slots: 3 });
      const image = isPrepared ? await fresh.prepare(SCENE) : SCENE;
      const answers = await Promise.all(
        questions.map((question) => fresh.ask(image, question, { maxTokens: 4 })),
      );
      expect(answers.reduce((sum, { timings }) => sum + timings.encodings, 0)).toBe(1);
      expect(answers.reduce((sum, { usage }) => sum + usage.cachedImages, 0)).toBe(9);
      await fresh.dispose();
    }
  });

  test('is encoded once for all tasks at once', async () => {
    const fresh = await PaliGemma.load(DEMO_MODEL);
    const image = await fresh.prepare(SCENE);
    const all = await Promise.all(
      PICTURE_TASKS.map((name) => timingsOf(startSample(name, fresh, image))),
    );
    expect(all.reduce((sum, timings) => sum + (timings?.encodings ?? 0), 0)).toBe(1);
    await fresh.dispose();
  });

  test('prepared once returns the same results as from its file', async () => {
    const image = await model.prepare(imagePath('rotated.jpg'));
    const again = await model.prepare(image);
    expect(again).toBe(image);
    for (const name of PICTURE_TASKS) {
      // In turn: together they share steps, which round otherwise where the kernels are ggml's.
      const a = (await startSample(name, model, image)) as Record<string, unknown>;
      const b = (await startSample(name, model, imagePath('rotated.jpg'))) as Record<
        string,
        unknown
      >;
      for (const result of [a, b]) {
        delete result['timings'];
        delete result['usage'];
      }
      expect(a, name).toEqual(b);
      const { width, height } = image;
      if (name !== 'sweep') expect(a['image'], name).toEqual({ width, height });
    }
  });
});

describe('a picture prepared for a model of another size', () => {
  let tiny: PaliGemma;
  let picture: Picture;
  beforeAll(async () => {
    tiny = await PaliGemma.load(await convertedModel('tiny-paligemma2', 'f32'));
    picture = await tiny.prepare(SCENE);
  });
  afterAll(() => tiny.dispose());

  const calls: Readonly<Record<string, () => PromiseLike<unknown>>> = {
    prepare: () => model.prepare(picture),
    encode: () => model.encode(picture),
    score: () => model.score(picture, 'ocr', ['a']),
  };
  for (const name of [...PICTURE_TASKS, ...Object.keys(calls)]) {
    test(`is refused by ${name}`, async () => {
      const call = calls[name] ?? (() => startSample(name as TaskName, model, picture));
      await expect(call()).rejects.toMatchObject({
        code: 'ERR_OPTION_RANGE',
        message: expect.stringContaining('prepared for a model of 56 pixels, expected 224'),
        hint: 'prepare it with the model that is asked',
      });
    });
  }
});

describe('a task of several calls', () => {
  const CALLS = 4;
  let few: PaliGemma;
  beforeAll(async () => {
    few = await PaliGemma.load(DEMO_MODEL, { maxQueue: CALLS, slots: 1 });
  });
  afterAll(() => few.dispose());

  const tooLong = 'zq '.repeat(3000);
  const many = Array.from({ length: 100 }, (_, i) => `${'zq '.repeat(10)}${i}`).join(' ; ');
  const failing: readonly (readonly [string, () => PromiseLike<unknown>])[] = [
    ['sweep', () => few.sweep(SCENE, ['caption en', 'ocr', 'caption de', tooLong])],
    [
      'sweep of boxes',
      () =>
        few.sweep(
          SCENE,
          [...LABELS.slice(1), many].map((one) => `detect ${one}`),
        ),
    ],
    [
      'extract',
      () =>
        few.extract(SCENE, {
          ...{ colour: 'text', number: 'integer', date: 'date' },
          long: { type: 'text', question: tooLong },
        }),
    ],
  ];
  test.each(failing)('%s has ended with all of them when one has failed', async (_name, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_PROMPT_TOO_LONG' });
    // There is room for all again: none of the others still runs or waits.
    const next = Array.from({ length: CALLS }, () => few.caption(SCENE, { maxTokens: 1 }));
    const outcomes = await Promise.allSettled(next);
    expect(outcomes.map(({ status }) => status)).toEqual(next.map(() => 'fulfilled'));
  });
});

describe('looping', () => {
  test('over text yields its pieces, then the result is there', async () => {
    const run = model.caption(SCENE);
    let text = '';
    for await (const piece of run) text += piece.text;
    const result = await run.result;
    expect(text).toBe(result.raw);
    let again = '';
    for await (const piece of run) again += piece.text;
    expect(again).toBe(text);
  });

  test('over detections yields each once it is generated, before the answer ends', async () => {
    const run = model.detect(SCENE, LABELS, { duplicateIou: 1 });
    let hasEnded = false;
    run.result.then(
      () => {
        hasEnded = true;
      },
      () => {},
    );
    const found: DetectedObject[] = [];
    for await (const detection of run) {
      if (found.length === 0) expect(hasEnded).toBe(false);
      found.push(detection);
    }
    expect(found.length).toBeGreaterThan(1);
    expect(found).toEqual((await run).detections);
  });

  test('twice at once yields all parts to both', async () => {
    const run = model.detect(SCENE, LABELS);
    const collect = async (): Promise<DetectedObject[]> => {
      const parts: DetectedObject[] = [];
      for await (const part of run) parts.push(part);
      return parts;
    };
    const [a, b] = await Promise.all([collect(), collect()]);
    expect(a).toEqual(b);
    expect(a.length).toBeGreaterThan(1);
  });

  test('left early, cancels the call; later calls work', async () => {
    for (const leave of [
      () => model.caption(SCENE),
      () => model.detect(SCENE, LABELS),
      () => model.generate(SCENE, 'caption en', { pattern: 'a{200}' }),
    ]) {
      const run = leave();
      for await (const _ of run) break;
      await expect(run.result).rejects.toMatchObject({ name: 'AbortError' });
      await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    }
    expect((await model.ocr(imagePath('text0.png'))).text).toBe('ID 472');
  });
});

describe('every task', () => {
  for (const name of TASK_NAMES) {
    const task = startSample.bind(undefined, name);
    test(`${name} rejects with the reason of its signal, before and during`, async () => {
      await expect(task(model, SCENE, { signal: AbortSignal.abort('before') })).rejects.toBe(
        'before',
      );
      const controller = new AbortController();
      const { signal } = controller;
      // A new picture, after other work: it cannot be through at once.
      const busy = model.caption(imagePath('scene1.png'));
      const run = task(model, imagePath('wide.jpg'), { signal });
      setImmediate(() => controller.abort('during'));
      await expect(run).rejects.toBe('during');
      await busy;
    });

    test(`${name} rejects when its model is disposed of, during and after`, async () => {
      const fresh = await PaliGemma.load(DEMO_MODEL);
      const run = task(fresh, SCENE, {});
      const outcome = expect(run).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
      await fresh.dispose();
      await outcome;
      await expect(task(fresh, SCENE, {})).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    });

    test(`${name} tells what is wrong with its picture`, async () => {
      await expect(task(model, 'no such picture.png', {})).rejects.toMatchObject({
        code: 'ERR_IMAGE_NOT_FOUND',
      });
      await expect(task(model, Buffer.from('no picture'), {})).rejects.toMatchObject({
        code: 'ERR_IMAGE_FORMAT',
      });
      await expect(task(model, null as never, {})).rejects.toMatchObject({
        code: 'ERR_OPTION_TYPE',
      });
    });
  }

  test('that fails rejects its loop, its await and its result', async () => {
    const run = model.detect('no such picture.png', 'cat');
    const loop = async (): Promise<void> => {
      for await (const _ of run) throw new Error('there is no part');
    };
    const expected = { code: 'ERR_IMAGE_NOT_FOUND' };
    await expect(loop()).rejects.toMatchObject(expected);
    await expect(run).rejects.toMatchObject(expected);
    await expect(run.result).rejects.toMatchObject(expected);
  });

  test('that is wrongly called says so in a rejection, not by throwing, looked at or not', async () => {
    const runs = [
      () => model.detect(SCENE, []),
      () => model.ask(SCENE, 7 as never),
      () => model.caption(SCENE, { length: 'huge' as never }),
      () => model.compare([SCENE] as never, 'x'),
      () => model.generate(SCENE, 7 as never),
      () => model.refer(SCENE, ''),
      () => model.segment(SCENE, []),
      () => model.ocr(SCENE, { nonsense: 1 } as never),
    ].map((call) => call());
    // No caller looks at these.
    model.detect(SCENE, []);
    model.classify(SCENE, ['a']).catch(() => {});
    for (const run of runs) {
      await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_OPTION_/) });
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});
