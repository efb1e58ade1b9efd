/** Prompts of other runtimes and notes, on the demo model: every call that takes text, and where notes go. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Note, PaliGemma } from '../../src/index.js';
import { DEMO_MODEL, imagePath, ROOT } from '../support/models.js';

const SCENE = imagePath('scene2.png');

const notes: Note[] = [];
let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL, { onNote: (note) => void notes.push(note) });
});
afterAll(() => model.dispose());
beforeEach(() => {
  notes.length = 0;
});

interface Sent {
  readonly prompt: string;
  readonly text?: string;
  readonly raw?: string;
}

/** Every call that takes text, with a text that suits it; `pictures` it has. */
const CALLS: Readonly<
  Record<
    string,
    {
      readonly text: string;
      readonly pictures: number;
      readonly run: (text: string) => PromiseLike<Sent>;
    }
  >
> = {
  predict: { text: 'caption en', pictures: 1, run: (text) => model.predict(SCENE, text) },
  'predict of two': {
    text: 'answer en both are red',
    pictures: 2,
    run: (text) => model.predict([SCENE, SCENE], text),
  },
  stream: { text: 'caption en', pictures: 1, run: (text) => model.stream(SCENE, text).result },
  generate: { text: 'caption en', pictures: 1, run: (text) => model.generate(SCENE, text) },
  score: {
    text: 'answer en is there a star?',
    pictures: 1,
    run: async (text) => {
      const { prompt, candidates } = await model.score(SCENE, text, ['yes', 'no']);
      return { prompt, text: JSON.stringify(candidates) };
    },
  },
  sweep: {
    text: 'answer en how many stars are there?',
    pictures: 1,
    run: async (text) => {
      const { phrasings } = await model.sweep(SCENE, [text, 'caption en']);
      return phrasings[0] as Sent;
    },
  },
  'sweep of boxes': {
    text: 'detect yellow star',
    pictures: 1,
    run: async (text) => (await model.sweep(SCENE, [text, 'detect star'])).phrasings[0] as Sent,
  },
  ask: { text: 'how many shapes are there?', pictures: 1, run: (text) => model.ask(SCENE, text) },
  detect: { text: 'green square', pictures: 1, run: (text) => model.detect(SCENE, text) },
  'detect robust': {
    text: 'green square',
    pictures: 1,
    run: (text) => model.detect(SCENE, text, { robust: true }),
  },
  segment: { text: 'green square', pictures: 1, run: (text) => model.segment(SCENE, [text]) },
  refer: { text: 'the green square', pictures: 1, run: (text) => model.refer(SCENE, text) },
  compare: {
    text: 'both are red',
    pictures: 2,
    run: (text) => model.compare([SCENE, SCENE], text),
  },
  classify: {
    text: 'what is it?',
    pictures: 1,
    run: (question) => model.classify(SCENE, ['star', 'cow'], { question }),
  },
  'labels of classify': {
    text: 'star',
    pictures: 1,
    run: async (text) => {
      const { prompt, distribution } = await model.classify(SCENE, [text, 'cow']);
      return { prompt, text: JSON.stringify(distribution) };
    },
  },
  extract: {
    text: 'how many shapes are there?',
    pictures: 1,
    run: async (question) =>
      (await model.extract(SCENE, { total: { type: 'text', question } })).fields.total,
  },
  video: {
    text: 'what is it?',
    pictures: 2,
    run: (ask) => model.video([SCENE, SCENE], { ask }, { count: 2 }),
  },
};

const told = ({ prompt, text, raw }: Sent) => ({ prompt, text, raw });

/** Without those about answers: the demo model would hardly give these labels. */
const notesOfPrompts = () =>
  notes.map(({ code }) => code).filter((code) => code !== 'PALIGEMMA_PROMPT_COVERAGE');

describe.each(Object.entries(CALLS))('%s', (_, { text, pictures, run }) => {
  it('takes <image> for each picture as transformers does, without a note', async () => {
    const plain = told(await run(text));
    expect(plain.prompt).toContain(text === 'star' ? 'objects' : text);
    expect(told(await run('<image>'.repeat(pictures) + text))).toEqual(plain);
    expect(notesOfPrompts()).toEqual([]);
  });

  it('drops a template, with a note', async () => {
    const plain = told(await run(text));
    expect(
      told(await run(`<start_of_turn>user\n${text}<end_of_turn>\n<start_of_turn>model\n`)),
    ).toEqual(plain);
    expect(notesOfPrompts()).toEqual(['PALIGEMMA_PROMPT_CHAT_TEMPLATE']);
  });

  it('refuses another number of placeholders with both counts', async () => {
    const wrong = '<image>'.repeat(pictures + 1) + text;
    await expect((async () => run(wrong))()).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      message: expect.stringMatching(
        new RegExp(`has ${pictures + 1} placeholders .* the call has ${pictures} picture`),
      ) as string,
    });
  });
});

describe('notes', () => {
  it('come from every task as from predict', async () => {
    await model.predict(SCENE, 'Caption EN', { maxTokens: 1 });
    await model.detect(SCENE, 'green square, star', { maxTokens: 1 });
    await model.segment(SCENE, 'segment circle', { maxTokens: 1 });
    await model.ask(SCENE, 'answer en what is it?', { maxTokens: 1 });
    await model.generate(SCENE, 'What do you see?', { maxTokens: 1 });
    await model.detect(SCENE, 'circles', { maxTokens: 1, robust: true });
    expect(notes.map(({ code }) => code)).toEqual([
      'PALIGEMMA_PROMPT_UPPER_CASE',
      'PALIGEMMA_PROMPT_SEPARATOR',
      'PALIGEMMA_PROMPT_PREFIX_TWICE',
      'PALIGEMMA_PROMPT_PREFIX_TWICE',
      'PALIGEMMA_PROMPT_DEPENDS_ON_CHECKPOINT',
      'PALIGEMMA_PROMPT_PLURAL_LABEL',
    ]);
  });

  it('do not come when the call is refused', async () => {
    await expect(model.predict(SCENE, 'Caption EN', { topP: 7 })).rejects.toThrow('topP');
    await expect(model.predict([], 'Caption EN')).rejects.toThrow('at least one picture');
    expect(notes).toEqual([]);
  });

  it('that throw are the outcome of the call', async () => {
    const strict = await PaliGemma.load(DEMO_MODEL, {
      onNote: ({ code }) => {
        throw new Error(code);
      },
    });
    await expect(strict.predict(SCENE, 'Caption EN')).rejects.toThrow('UPPER_CASE');
    await expect(strict.detect(SCENE, 'circles')).rejects.toThrow('PLURAL_LABEL');
    await expect(strict.score(SCENE, 'Caption EN', ['a'])).rejects.toThrow('UPPER_CASE');
    expect((await strict.predict(SCENE, 'caption en', { maxTokens: 1 })).tokens).toHaveLength(1);
    await strict.dispose();
  });

  it('are warnings of the process otherwise: once for each code, on standard error', () => {
    const script = `
      const { PaliGemma } = require(${JSON.stringify(ROOT)});
      const seen = [];
      process.on('warning', ({ name, code }) => seen.push(name + ' ' + code));
      (async () => {
        const model = await PaliGemma.load();
        for (const prompt of ['Caption EN', 'Ocr', '<bos>ocr', '<image>ocr']) {
          await model.predict(${JSON.stringify(SCENE)}, prompt, { maxTokens: 1 });
        }
        await model.dispose();
        console.log(JSON.stringify(seen));
      })();`;
    const run = (...flags: string[]): unknown =>
      JSON.parse(
        execFileSync(process.execPath, [...flags, '-e', script], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      );
    expect(run()).toEqual([
      'PaliGemmaWarning PALIGEMMA_DEMO_MODEL',
      'PaliGemmaWarning PALIGEMMA_PROMPT_UPPER_CASE',
      'PaliGemmaWarning PALIGEMMA_PROMPT_CONTROL_TOKEN',
    ]);
  });
});

describe('load', () => {
  it('takes the demo model when none is named, and says so', async () => {
    const demo = await PaliGemma.load(undefined, { onNote: (note) => void notes.push(note) });
    expect(demo.info.name).toBe(model.info.name);
    expect(notes.map(({ code }) => code)).toEqual(['PALIGEMMA_DEMO_MODEL']);
    await demo.dispose();
  });

  it('says what to write when options or nothing come in place of the model', async () => {
    await expect(PaliGemma.load({ threads: 2 } as never)).rejects.toThrow(
      'the model comes first, then the options',
    );
    const Class = PaliGemma as unknown as new (file: string) => PaliGemma;
    expect(() => new Class(DEMO_MODEL)).toThrow('await PaliGemma.load(path)');
  });

  it('of a picture that is not there says where it was looked for', async () => {
    await expect(model.caption('no-such.png')).rejects.toMatchObject({
      code: 'ERR_IMAGE_NOT_FOUND',
      hint: `looked for ${path.resolve('no-such.png')}, as the working directory is ${process.cwd()}`,
    });
  });

  it.each([
    ['nothing.gguf', `looked for ${path.resolve('nothing.gguf')}`],
    ['no-folder/nothing.gguf', `the working directory is ${process.cwd()}`],
    ['~/nothing.gguf', 'os.homedir()'],
    ['file:///nothing.gguf', 'new URL'],
  ])('of %s says where it was looked for', async (file, hint) => {
    await expect(PaliGemma.load(file)).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      hint: expect.stringContaining(hint) as string,
      message: expect.stringContaining(file) as string,
    });
  });
});
