/** What every task says to input it cannot use: a code, what was found and what was expected; or the documented result. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  annotate,
  convert,
  inspect,
  PaliGemma,
  PaliGemmaError,
  type Picture,
} from '../../src/index.js';
import { ANSWER_KINDS } from '../../src/options/tasks.js';
import { convertedModel, DEMO_MODEL, imagePath } from '../support/models.js';

let model: PaliGemma;
/** Without mask codec. */
let tiny: PaliGemma;
let scene: Picture;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
  tiny = await PaliGemma.load(await convertedModel('tiny-paligemma1', 'f32'));
  scene = await model.prepare(imagePath('scene2.png'));
});
afterAll(() => Promise.all([model.dispose(), tiny.dispose()]));

type Options = Readonly<Record<string, unknown>>;
type Call = (argument: unknown, options?: Options) => PromiseLike<unknown>;

/** Each task by the argument that says what is wanted. */
const CALLS: Readonly<Record<string, Call>> = {
  detect: (labels, o) => model.detect(scene, labels as never, o),
  'detect, robust': (labels, o) => model.detect(scene, labels as never, { robust: true, ...o }),
  segment: (labels, o) => model.segment(scene, labels as never, o),
  classify: (labels, o) => model.classify(scene, labels as never, o),
  ask: (question, o) => model.ask(scene, question as never, o),
  'classify, its question': (question, o) =>
    model.classify(scene, ['a'], { question: question as never, ...o }),
  refer: (phrase, o) => model.refer(scene, phrase as never, o),
  compare: (statement, o) => model.compare([scene, scene], statement as never, o),
  sweep: (prompt, o) => model.sweep(scene, [prompt, 'ocr'] as never, o),
  extract: (question, o) =>
    model.extract(scene, { total: { type: 'number', question: question as never } }, o),
  video: (question, o) => model.video([scene] as never, { ask: question as never }, o),
  generate: (prompt, o) => model.generate(scene, prompt as never, o),
  caption: (_, o) => model.caption(scene, o),
  ocr: (_, o) => model.ocr(scene, o),
};
const OF_LABELS = ['detect', 'detect, robust', 'segment', 'classify'];
const OF_TEXT = ['ask', 'classify, its question', 'refer', 'compare', 'sweep', 'extract', 'video'];

async function failureOf(run: PromiseLike<unknown>): Promise<PaliGemmaError> {
  const error = await Promise.resolve(run).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PaliGemmaError) return error;
  throw new Error(`expected a PaliGemmaError, found ${String(error)}`, { cause: error });
}

/** Both are in the message and as facts. */
function expectFacts(error: PaliGemmaError): void {
  expect(error.subject).toBeTruthy();
  expect(error.found ?? '').not.toBe('');
  expect(error.expected ?? '').not.toBe('');
  expect(error.message).toContain(error.found);
  expect(error.message).toContain('expected');
}

describe.each(OF_LABELS)('labels of %s', (name) => {
  const call = CALLS[name] as Call;

  test.each([
    ['an empty list', [], 'ERR_OPTION_RANGE', /labels is a list of 0, expected 1 to 1000/],
    ['an empty string', '', 'ERR_OPTION_RANGE', /label is "", expected text that is not empty/],
    ['blanks in a list', ['cat', ' '], 'ERR_OPTION_RANGE', /expected text that is not empty/],
    [
      '1,001 labels',
      Array.from({ length: 1001 }, (_, i) => `l${i}`),
      'ERR_OPTION_RANGE',
      /labels is a list of 1001, expected 1 to 1000/,
    ],
    ['a line break', ['a\nb'], 'ERR_OPTION_RANGE', /"a\\nb", expected one line of text/],
    ['a semicolon', 'cat ; dog', 'ERR_OPTION_RANGE', /expected text without ";".*as a list/],
    ['a loc token', ['<loc0001>'], 'ERR_OPTION_RANGE', /"<loc0001>", expected text without loc/],
    ['a seg token', ['a <seg001>'], 'ERR_OPTION_RANGE', /expected text without loc and seg/],
    ['201 characters', ['x'.repeat(201)], 'ERR_OPTION_RANGE', /201 characters long, expected at m/],
    ['a number', 7, 'ERR_OPTION_TYPE', /label is 7, expected a string/],
    ['null', null, 'ERR_OPTION_TYPE', /label is null, expected a string/],
    ['nothing', undefined, 'ERR_OPTION_TYPE', /label is undefined, expected a string/],
    ['an object in a list', [{}], 'ERR_OPTION_TYPE', /label is .*, expected a string/],
    ['a hole in a list', new Array(1), 'ERR_OPTION_TYPE', /label is undefined/],
  ])('%s: refused', async (_, labels, code, message) => {
    const error = await failureOf(call(labels));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expectFacts(error);
  });

  test('control tokens spelled in them are ordinary text, those around them are left out', async () => {
    const result = await call(
      ['red <eos> dot', '<bos> red <pad>'],
      name === 'classify' ? {} : { maxTokens: 4 },
    );
    expect(result).toMatchObject({ prompt: expect.any(String) });
    if (name !== 'classify') expect(result).toMatchObject({ labels: ['red <eos> dot', 'red'] });
    const error = await failureOf(call(['<eos>']));
    expect(error.message).toBe(
      'label is "<eos>", expected text beside what other runtimes write around a prompt',
    );
  });

  test('1,000 of them: too long where they are in the prompt, scored where they are not', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `label ${i}`);
    if (name === 'classify') {
      const { distribution } = (await call(labels)) as { distribution: readonly unknown[] };
      expect(distribution).toHaveLength(1000);
      return;
    }
    const error = await failureOf(call(labels));
    expect(error.code).toBe('ERR_PROMPT_TOO_LONG');
    expect(error.message).toMatch(/have \d+ tokens .*the context holds 1024/);
    expectFactsOfLength(error);
  });
});

function expectFactsOfLength(error: PaliGemmaError): void {
  expect([error.subject, error.expected]).toEqual(['prompt', 'at most 1024 in all']);
  expect(error.found).toMatch(/^\d+ tokens/);
}

test('what a control token is spelled like stays in the prompt, piece by piece', async () => {
  const { prompt, usage } = await model.detect(scene, 'a <eos> b', { maxTokens: 1 });
  expect(prompt).toBe('detect a <eos> b');
  const other = await model.detect(scene, 'x', { maxTokens: 1 });
  expect(usage.promptTokens - other.usage.promptTokens).toBe(
    model.tokenize('detect a <eos> b').length - model.tokenize('detect x').length,
  );
  expect(model.tokenize('detect a <eos> b')).not.toContain(1);
});

describe.each(OF_TEXT)('the text of %s', (name) => {
  const call = CALLS[name] as Call;

  test.each([
    // An option has its own words for what is too short.
    ['an empty string', '', 'ERR_OPTION_RANGE', /is "", expected/],
    ['blanks', ' \t ', 'ERR_OPTION_RANGE', /expected text that is not empty/],
    ['a line break', 'a\nb', 'ERR_OPTION_RANGE', /"a\\nb", expected one line of text/],
    ['a loc token', 'what is at <loc0001>?', 'ERR_OPTION_RANGE', /expected text without loc and/],
    ['a seg token', '<seg127>', 'ERR_OPTION_RANGE', /expected text without loc and seg tokens/],
    ['too many characters', 'x'.repeat(10_001), 'ERR_OPTION_RANGE', /expected .*10000 characters/],
    ['a number', 7, 'ERR_OPTION_TYPE', /is 7, expected a string/],
    ['null', null, 'ERR_OPTION_TYPE', /is null, expected a string/],
    ['a list', ['a'], 'ERR_OPTION_TYPE', /expected a string/],
  ])('%s: refused', async (_, text, code, message) => {
    const error = await failureOf(call(text));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expectFacts(error);
  });

  test('more tokens than the context holds: too long', async () => {
    const error = await failureOf(call('北'.repeat(5000)));
    expect(error.code).toBe('ERR_PROMPT_TOO_LONG');
    expectFactsOfLength(error);
  });
});

describe.each(Object.keys(CALLS))('options of %s', (name) => {
  test('an unknown one is named, with the one that was meant', async () => {
    const error = await failureOf((CALLS[name] as Call)('cat', { sinal: 1 }));
    expect(error.code).toBe('ERR_OPTION_UNKNOWN');
    expect(error.message).toMatch(/has no option "sinal".*did you mean signal/);
  });

  test.each([
    ['signal', 7, 'ERR_OPTION_TYPE'],
    ['upright', 1, 'ERR_OPTION_TYPE'],
    ['maxPixels', 0, 'ERR_OPTION_RANGE'],
    ['maxPixels', Number.NaN, 'ERR_OPTION_RANGE'],
  ])('%s %s is refused', async (option, value, code) => {
    const error = await failureOf((CALLS[name] as Call)('cat', { [option]: value }));
    expect([error.code, error.subject]).toEqual([code, option]);
    expectFacts(error);
  });
});

/** The others are passed on with options of their own. */
const PLAIN = Object.keys(CALLS).filter((name) => !name.includes(','));
test.each(PLAIN)('%s takes no options but an object', async (name) => {
  for (const options of [null, 7, 'x', []]) {
    const error = await failureOf((CALLS[name] as Call)('cat', options as never));
    expect(error.code).toBe('ERR_OPTION_TYPE');
    expect(error.message).toMatch(/options is .*, expected an object/);
  }
});

/** classify says nothing, it only weighs. */
const SPEAKING = Object.keys(CALLS).filter((name) => !name.startsWith('classify'));
describe.each(SPEAKING)('options of %s, which speaks', (name) => {
  test.each([
    ['maxTokens', 0, 'ERR_OPTION_RANGE'],
    ['maxTokens', 1.5, 'ERR_OPTION_RANGE'],
    ['temperature', Number.NaN, 'ERR_OPTION_RANGE'],
    ['temperature', -1, 'ERR_OPTION_RANGE'],
    ['temperature', '1', 'ERR_OPTION_TYPE'],
    ['topP', 0, 'ERR_OPTION_RANGE'],
    ['seed', -1, 'ERR_OPTION_RANGE'],
  ])('%s %s is refused', async (option, value, code) => {
    const error = await failureOf((CALLS[name] as Call)('cat', { [option]: value }));
    expect([error.code, error.subject]).toEqual([code, option]);
    expectFacts(error);
  });

  test('maxTokens beyond the context is too long', async () => {
    const error = await failureOf((CALLS[name] as Call)('cat', { maxTokens: 1000 }));
    expect(error.code).toBe('ERR_PROMPT_TOO_LONG');
    expect(error.hint).toContain('smaller maxTokens');
  });
});

describe.each(['detect', 'segment'])('options of %s alone', (name) => {
  test.each([
    ['minScore', Number.NaN, 'ERR_OPTION_RANGE'],
    ['minScore', -0.1, 'ERR_OPTION_RANGE'],
    ['minScore', 1.1, 'ERR_OPTION_RANGE'],
    ['minScore', '0.5', 'ERR_OPTION_TYPE'],
    ['duplicateIou', 0, 'ERR_OPTION_RANGE'],
    ['duplicateIou', Number.NaN, 'ERR_OPTION_RANGE'],
    ['constrained', 'no', 'ERR_OPTION_TYPE'],
    ['restrictLabels', null, 'ERR_OPTION_TYPE'],
    ['expectedBox', 1, 'ERR_OPTION_TYPE'],
  ])('%s %s is refused', async (option, value, code) => {
    const error = await failureOf((CALLS[name] as Call)('cat', { [option]: value }));
    expect([error.code, error.subject]).toEqual([code, option]);
    expectFacts(error);
  });

  test('the largest minScore leaves nothing, and says how much that was', async () => {
    const result = await model.detect(scene, 'yellow star', { minScore: 1 });
    expect(result.detections).toEqual([]);
    expect(result.belowMinScore).toBeGreaterThan(0);
  });
});

test.each([
  ['caption', 'EN', 'ERR_OPTION_RANGE'],
  ['caption', 'english', 'ERR_OPTION_RANGE'],
  ['caption', 'e', 'ERR_OPTION_RANGE'],
  ['caption', 'e\n', 'ERR_OPTION_RANGE'],
  ['ask', 'E1', 'ERR_OPTION_RANGE'],
  ['ask', 7, 'ERR_OPTION_TYPE'],
  ['classify', 'd ', 'ERR_OPTION_RANGE'],
  ['extract', 'DE', 'ERR_OPTION_RANGE'],
  ['video', 'x y', 'ERR_OPTION_RANGE'],
])('%s: language %j is refused', async (name, language, code) => {
  const error = await failureOf((CALLS[name] as Call)('how many?', { language }));
  expect([error.code, error.subject]).toEqual([code, 'language']);
  expectFacts(error);
});

test.each([
  ['caption', { length: 'huge' }, 'length', 'one of "short", "medium", "long"'],
  ['ask', { kind: 'word' }, 'kind', `one of ${ANSWER_KINDS.map((kind) => `"${kind}"`).join(', ')}`],
])('%s: %j is refused with the values there are', async (name, options, subject, expected) => {
  const error = await failureOf((CALLS[name] as Call)('how many?', options));
  expect(error).toMatchObject({ code: 'ERR_OPTION_RANGE', subject, expected });
});

describe('a file without mask codec', () => {
  test.each([
    ['segment', () => tiny.segment(scene, 'cat')],
    ['refer', () => tiny.refer(scene, 'the cat')],
    ['decodeMasks', () => tiny.decodeMasks(new Int32Array(16))],
    ['encodeMasks', () => tiny.encodeMasks(new Float32Array(64 * 64))],
  ] satisfies [string, () => PromiseLike<unknown>][])('refuses %s', async (_, call) => {
    expect(tiny.info.hasMaskCodec).toBe(false);
    const error = await failureOf(call());
    expect(error.code).toBe('ERR_MODEL_TENSOR_MISSING');
    expect(error.message).toMatch(/mask/);
    expect([error.found, error.expected, error.hint].every(Boolean)).toBe(true);
  });

  test('still detects', async () => {
    const result = await tiny.detect(scene, 'cat', { maxTokens: 12 });
    expect(result.prompt).toBe('detect cat');
  });
});

describe('pictures', () => {
  test.each([
    ['one', [0], 'a list of 1'],
    ['three', [0, 0, 0], 'a list of 3'],
    ['none', [], 'a list of 0'],
  ])('compare with %s is refused', async (_, list, found) => {
    const error = await failureOf(model.compare(list.map(() => scene) as never, 'x'));
    expect(error).toMatchObject({ code: 'ERR_OPTION_RANGE', subject: 'images', found });
    expectFacts(error);
  });

  test('compare with no list is refused', async () => {
    for (const images of [scene, undefined, 'scene.png']) {
      const error = await failureOf(model.compare(images as never, 'x'));
      expect(error).toMatchObject({ code: 'ERR_OPTION_TYPE', subject: 'images' });
      expect(error.message).toBe(`images is ${error.found}, expected two pictures`);
    }
  });

  test('no picture, and more than fit, are refused', async () => {
    const none = await failureOf(model.ask([], 'how many?'));
    expect(none).toMatchObject({ code: 'ERR_OPTION_RANGE', subject: 'image' });
    const many = await failureOf(model.ask(Array(17).fill(scene), 'how many?'));
    expect(many.code).toBe('ERR_PROMPT_TOO_LONG');
    expect(many.message).toContain('17 pictures have 1088 tokens, the context holds 1024');
  });

  test.each(['dot.png', 'line.png'])('%s is a picture for every task', async (name) => {
    const picture = await model.prepare(imagePath(name));
    expect(Math.min(picture.width, picture.height)).toBe(1);
    const image = { width: picture.width, height: picture.height };
    const short = { maxTokens: 24 };
    const results = await Promise.all([
      model.caption(picture, short),
      model.ask(picture, 'how many shapes are there?', short),
      model.ocr(picture, short),
      model.detect(picture, 'red circle', short),
      model.segment(picture, 'red circle', short),
      model.refer(picture, 'the circle', short),
      model.compare([picture, picture], 'both are red', short),
      model.classify(picture, ['red', 'blue']),
      model.extract(picture, { total: 'number' }, short),
      model.generate(picture, 'caption en', short),
    ]);
    for (const result of results) expect(result.image).toEqual(image);
  });

  test('a mask of one pixel, when it has a box, is inside the picture', async () => {
    const picture = await model.prepare(imagePath('dot.png'));
    const { segments } = await model.refer(picture, 'the dot', { temperature: 1, seed: 4 });
    for (const { mask, box } of segments) {
      expect([mask.image.width, mask.image.height]).toEqual([1, 1]);
      expect(box.xmax).toBeLessThanOrEqual(1);
    }
    expect(segments.length).toBeLessThanOrEqual(1);
  });
});

describe('schemas of extract', () => {
  test.each([
    ['null', null, 'ERR_OPTION_TYPE', /schema is null, expected an object with 1 to 200 fields/],
    ['a list', ['total'], 'ERR_OPTION_TYPE', /expected an object with 1 to 200 fields/],
    ['no fields', {}, 'ERR_OPTION_RANGE', /an object with 0 fields, expected an object with 1/],
    ['an unknown type', { total: 'money' }, 'ERR_OPTION_RANGE', /"money", expected one of "text"/],
    ['no type', { total: {} }, 'ERR_OPTION_TYPE', /type of field "total" is undefined, expected/],
    ['null as a type', { total: null }, 'ERR_OPTION_TYPE', /type of field "total" is null/],
    ['a number as a type', { total: 7 }, 'ERR_OPTION_TYPE', /type of field "total" is 7/],
    [
      'a misspelled key',
      { a: { type: 'text', qestion: 'x' } },
      'ERR_OPTION_UNKNOWN',
      /mean question/,
    ],
    ['a name without text', { '': 'text' }, 'ERR_OPTION_RANGE', /field is "", expected text/],
    [
      'a name without text that has a question',
      { '': { type: 'text', question: 'what?' } },
      'ERR_OPTION_RANGE',
      /name of a field is "", expected text/,
    ],
    [
      'a blank name',
      { total: 'text', ' \n': { type: 'text', question: 'what?' } },
      'ERR_OPTION_RANGE',
      /name of a field is " \\n", expected text/,
    ],
    ['a name of dashes', { '-': 'text' }, 'ERR_OPTION_RANGE', /field is " ", expected text/],
  ])('%s: refused', async (_, schema, code, message) => {
    const error = await failureOf(model.extract(scene, schema as never));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expectFacts(error);
  });
});

describe('prompts of sweep', () => {
  test('no list is refused', async () => {
    const error = await failureOf(model.sweep(scene, 'caption en' as never));
    expect(error).toMatchObject({ code: 'ERR_OPTION_TYPE', found: '"caption en"' });
    expect(error.message).toContain('expected 2 to 100 different prompts');
  });

  test.each([
    ['none', [], /prompts is a list of 0, expected 2 to 100 different prompts/],
    ['101', Array.from({ length: 101 }, (_, i) => `p${i}`), /a list of 101, expected 2 to 100/],
    ['one', ['caption en'], /a list of 1, expected 2/],
    ['one twice', ['ocr', ' ocr'], /one prompt 2 times, expected 2/],
    ['detect without a label', ['detect cat', 'detect  ; dog'], /label is "", expected text/],
  ])('%s: refused', async (_, prompts, message) => {
    const error = await failureOf(model.sweep(scene, prompts as never));
    expect(error.code).toBe('ERR_OPTION_RANGE');
    expect(error.message).toMatch(message);
    expectFacts(error);
  });
});

test('a hole in the prompts of sweep is refused', async () => {
  const error = await failureOf(model.sweep(scene, new Array(1) as never));
  expect(error).toMatchObject({ code: 'ERR_OPTION_TYPE', found: 'undefined' });
});

test('the task of video is "caption" or a question', async () => {
  for (const task of ['ask', 7, null]) {
    const error = await failureOf(model.video([scene] as never, task as never));
    expect(error).toMatchObject({ code: 'ERR_OPTION_TYPE', subject: 'task' });
    expectFacts(error);
  }
});

test.each([5000, 3000, 1000])('a path of %i characters is not repeated whole', async (length) => {
  const file = `${'a/'.repeat(length / 2 - 2)}x.y`;
  const calls = [
    () => model.caption(file),
    () => PaliGemma.load(file),
    () => PaliGemma.load({ text: file, mmproj: file }),
    () => inspect(file),
    () => convert({ source: file, output: 'x.gguf' }),
    () => annotate(file, []),
  ];
  for (const call of calls) {
    const { message, subject = '' } = await failureOf(call());
    expect(message.length, message).toBeLessThan(700);
    expect(subject.length).toBeLessThan(250);
  }
});
