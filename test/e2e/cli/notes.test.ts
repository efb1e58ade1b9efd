/** Notes about prompts on the command line: the same in every command, once, on standard error. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, IMAGES, ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const CAPTION = 'an orange triangle, a white circle and a yellow square\n';
const MODEL = ['--model', DEMO_MODEL];

/** Every command that takes text: a prompt that is not trained, or a prefix or placeholder written by hand. */
const NOTED: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['predict', ['-p', 'Caption EN'], /"Caption EN": .*small letters; "caption en" may do better/],
  [
    'generate',
    ['-p', 'What do you see in this picture?'],
    /"answer en what do you see in this picture\?" may do better/,
  ],
  ['predict', ['-p', 'caption en\r\n'], /without carriage returns, line breaks at its end/],
  ['predict', ['-p', '<bos>caption en'], /prompt is sent without "<bos>": the model adds its own/],
  ['predict', ['-p', 'prompt.txt'], /the name of a file is sent as it is/],
  ['ask', ['-q', 'Answer en how many shapes are there?'], /question begins with "Answer en"/],
  [
    'ask',
    ['-q', 'detect circle'],
    /is a prompt by itself, and is sent as "answer en detect circle"/,
  ],
  ['detect', ['-l', 'white circle, yellow square'], /--label is read as 2: "white circle", "ye/],
  ['detect', ['-l', 'white circle and yellow square'], /is sent as one label; several, each/],
  ['detect', ['-l', 'Detect white circle'], /label begins with "Detect"/],
  ['detect', ['-l', 'circles', '--robust'], /"circle" finds what "circles" may miss/],
  ['segment', ['-l', 'segment circle'], /label begins with "segment"/],
  ['segment', ['-l', 'circles'], /"circle" finds what "circles" may miss/],
  ['refer', ['--phrase', '<|im_start|>user\nthe circle<|im_end|>'], /PaliGemma has no turns/],
  [
    'classify',
    ['-l', 'red', 'blue', '--question', 'answer en what is it?'],
    /question begins with/,
  ],
  ['sweep', ['-p', 'Detect circle', '-p', 'detect circle'], /in small letters; "detect circle"/],
  ['video', ['-q', 'answer en what is it?', '--count', '1'], /ask begins with "answer en"/],
];

describe('every command', () => {
  it.each(NOTED)('%s %j: a note, and an answer', async (command, args, note) => {
    const { code, stdout, stderr } = await paligemma([command, SHAPES, ...args, ...MODEL]);
    expect([code, stderr.match(/^note: /gm)?.length], stderr).toEqual([0, 1]);
    expect(stderr).toMatch(/^note: /);
    expect(stderr).toMatch(note);
    expect(stdout !== '' || stderr.includes('(nothing found')).toBe(true);
  });

  it('compare: a note, and an answer', async () => {
    const args = ['compare', SHAPES, SHAPES, '-s', 'answer en both are red', ...MODEL];
    const { code, stderr } = await paligemma(args);
    expect([code, stderr]).toEqual([
      0,
      `note: statement begins with "answer en", which is the task's to add: "answer en both are red" is taken\n`,
    ]);
  });

  it.each([
    ['predict', ['-p', '<image>caption en']],
    ['predict', ['-p', '<image>caption en', '--stream']],
    ['caption', []],
  ])('%s %j: no note where there is nothing to say', async (command, args) => {
    expect(await paligemma([command, SHAPES, ...args, ...MODEL])).toEqual({
      code: 0,
      stdout: CAPTION,
      stderr: '',
    });
  });
});

it('a note comes once, however many pictures there are', async () => {
  const pictures = [SHAPES, path.join(IMAGES, 'text0.png'), path.join(IMAGES, 'scene0.png')];
  const args = ['predict', ...pictures, '-p', 'Caption EN', '--jsonl', ...MODEL];
  const { stderr, stdout } = await paligemma(args);
  expect(stderr.match(/note: /g)).toHaveLength(1);
  expect(stdout.trim().split('\n')).toHaveLength(3);
});

it('the answer says what was sent', async () => {
  const args = ['predict', SHAPES, '-p', '<image>caption en\r\n', '--json', ...MODEL];
  const { results } = JSON.parse((await paligemma(args)).stdout) as { results: unknown[] };
  expect(results[0]).toMatchObject({ prompt: 'caption en', text: CAPTION.trim() });
});

it.each([
  ['predict', ['-p', '<image><image>caption en']],
  ['ask', ['-q', 'what is left of <image>?']],
  ['detect', ['-l', '<image><image>circle']],
])('%s %j: placeholders that fit no picture are wrong usage', async (command, args) => {
  const { code, stdout, stderr } = await paligemma([command, SHAPES, SHAPES, ...args, ...MODEL]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^error: ERR_OPTION_RANGE: \w+ has \d placeholders? .* has 1 picture \(/);
});

it('a model that is not there is looked for where the command runs', async () => {
  const { code, stderr } = await paligemma(['caption', SHAPES, '--model', 'no/such.gguf']);
  expect(code).toBe(1);
  expect(stderr).toContain(`looked for ${path.join(ROOT, 'no', 'such.gguf')}`);
});
