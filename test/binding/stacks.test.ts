/** The stack of what a call rejects with begins at the line of the call, however late and deep the failure is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// The child of an isolated model is a compiled program.
import * as compiled from '../../lib/index.js';
import * as index from '../../src/index.js';
import { DEMO_MODEL, imagePath } from '../support/models.js';
import { TASK_NAMES } from '../support/task-samples.js';

const { PaliGemma, PaliGemmaError, annotate, convert, inspect, pages, pull, videoFrames } = index;

const SCENE = imagePath('scene2.png');
const LONG = 'x '.repeat(5000);

let model: index.PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL, { onNote: () => {} });
});
afterAll(() => model.dispose());

async function failureOf(
  call: () => PromiseLike<unknown>,
): Promise<index.PaliGemmaError | compiled.PaliGemmaError> {
  const outcome = await Promise.resolve(call()).catch((error: unknown) => error);
  if (outcome instanceof PaliGemmaError || outcome instanceof compiled.PaliGemmaError)
    return outcome;
  throw new Error('did not fail as expected', { cause: outcome });
}

async function loopOver(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const part of parts) void part;
}

/** The engine refuses each, or a picture that is looked at later. */
const CALLS: Readonly<Record<string, () => PromiseLike<unknown>>> = {
  annotate: () => annotate('missing.png', []),
  'annotate with a wrong option': () => annotate(SCENE, [], { format: 'gif' as never }),
  convert: () => convert({ source: 'missing', output: 'x.gguf' }),
  'convert with a wrong option': () => convert({ source: 'a', output: 'b', type: 'q9' as never }),
  inspect: () => inspect('missing.gguf'),
  pages: () => loopOver(pages('missing.tiff')),
  pull: () => pull('hf:owner/repo', { offline: true }),
  videoFrames: () => videoFrames('missing.gif'),
  load: () => PaliGemma.load(SCENE),
  predict: () => model.predict(SCENE, LONG),
  stream: () => model.stream(SCENE, LONG).result,
  'predict with a wrong option': () => model.predict(SCENE, '', { maxTokens: -1 }),
  'stream with a wrong option': async () => model.stream(SCENE, '', { maxTokens: -1 }),
  'stream in a loop': () => loopOver(model.stream(SCENE, LONG)),
  score: () => model.score(SCENE, LONG, ['a']),
  decodeMasks: () => model.decodeMasks([1, 2, 3]),
  encodeMasks: () => model.encodeMasks([1, 2, 3]),
  prepare: () => model.prepare('missing.png'),
  encode: () => model.encode('missing.png'),
  caption: () => model.caption('missing.png'),
  'caption with a wrong option': () => model.caption(SCENE, { length: 'huge' as never }),
  ask: () => model.ask('missing.png', 'what?'),
  ocr: () => model.ocr('missing.png'),
  detect: () => model.detect('missing.png', 'cat'),
  'detect in a loop': () => loopOver(model.detect('missing.png', 'cat')),
  segment: () => model.segment('missing.png', 'cat'),
  refer: () => model.refer('missing.png', 'the cat'),
  classify: () => model.classify('missing.png', 'cat'),
  extract: () => model.extract('missing.png', { total: 'currency' }),
  sweep: () => model.sweep('missing.png', ['caption en', 'caption de']),
  video: () => model.video('missing.gif'),
  compare: () => model.compare(['missing.png', SCENE], 'both are cats'),
  generate: () => model.generate(SCENE, LONG),
  // These throw at once.
  tokenize: async () => model.tokenize(5 as never),
  detokenize: async () => model.detokenize([-1]),
  new: async () => new (PaliGemma as unknown as new () => PromiseLike<unknown>)(),
};

test.each(Object.entries(CALLS))('%s', async (_, call) => {
  const { name, message, stack = '' } = await failureOf(call);
  expect(stack.startsWith(`${name}: ${message}\n`)).toBe(true);
  const [first] = stack.slice(`${name}: ${message}\n`.length).split('\n');
  expect(first).toMatch(/^ {4}at .*stacks\.test\.ts:\d+:\d+/);
});

describe.each([
  ['in this process', {}],
  ['in a process of its own', { isolate: 'process' }],
] as const)('after dispose, %s', (_, options) => {
  let running: PromiseSettledResult<unknown>[];
  beforeAll(async () => {
    const fresh = await compiled.PaliGemma.load(DEMO_MODEL, { ...options, onNote: () => {} });
    const calls = Array.from({ length: 3 }, () => fresh.caption(SCENE));
    const settled = Promise.allSettled(calls);
    await fresh.dispose();
    running = await settled;
    gone = fresh;
  });
  let gone: compiled.PaliGemma;

  /** Pictures that are there, as all else is looked at before. */
  const LATER: Readonly<Record<string, () => PromiseLike<unknown>>> = {
    predict: () => gone.predict(SCENE, 'ocr'),
    stream: () => gone.stream(SCENE, 'ocr').result,
    'stream in a loop': () => loopOver(gone.stream(SCENE, 'ocr')),
    score: () => gone.score(SCENE, 'ocr', ['a']),
    decodeMasks: () => gone.decodeMasks(new Array(16).fill(0)),
    encodeMasks: () => gone.encodeMasks(new Array(64 * 64).fill(0)),
    prepare: () => gone.prepare(SCENE),
    encode: () => gone.encode(SCENE),
    caption: () => gone.caption(SCENE),
    ask: () => gone.ask(SCENE, 'what?'),
    ocr: () => gone.ocr(SCENE),
    detect: () => gone.detect(SCENE, 'cat'),
    'detect in a loop': () => loopOver(gone.detect(SCENE, 'cat')),
    segment: () => gone.segment(SCENE, 'cat'),
    refer: () => gone.refer(SCENE, 'the cat'),
    classify: () => gone.classify(SCENE, 'cat'),
    extract: () => gone.extract(SCENE, { total: 'currency' }),
    sweep: () => gone.sweep(SCENE, ['caption en', 'caption de']),
    video: () => gone.video([SCENE]),
    compare: () => gone.compare([SCENE, SCENE], 'both are cats'),
    generate: () => gone.generate(SCENE, 'ocr'),
  };

  test.each(Object.entries(LATER))('%s has an error of its own', async (_, call) => {
    const error = await failureOf(call);
    expect(error.code).toBe('ERR_DISPOSED');
    const [, first] = (error.stack ?? '').split('\n');
    expect(first).toMatch(/^ {4}at .*stacks\.test\.ts:\d+:\d+/);
    expect(await failureOf(call)).not.toBe(error);
  });

  test('no task is missing', () => {
    expect(Object.keys(LATER)).toEqual(expect.arrayContaining([...TASK_NAMES]));
  });

  test('those that were running share one', () => {
    const reasons = running.map((one) => one.status === 'rejected' && (one.reason as unknown));
    expect(new Set(reasons).size).toBe(1);
    expect(reasons[0]).toMatchObject({ code: 'ERR_DISPOSED' });
    const [, first] = (reasons[0] as Error).stack?.split('\n') ?? [];
    expect(first).toMatch(/^ {4}at .*stacks\.test\.ts:\d+:\d+/);
  });
});

test('no task is missing above', () => {
  expect(Object.keys(CALLS)).toEqual(expect.arrayContaining([...TASK_NAMES]));
});

test('no exported function that returns a promise is missing above', () => {
  const names = Object.entries(index).flatMap(([name, value]) =>
    Object.prototype.toString.call(value) === '[object AsyncFunction]' ? [name] : [],
  );
  expect(names.length).toBeGreaterThan(4);
  expect(Object.keys(CALLS)).toEqual(expect.arrayContaining(names));
});

test('the reason of a signal stays as it is', async () => {
  const reason = new Error('enough');
  const { stack } = reason;
  await expect(model.caption(SCENE, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(reason.stack).toBe(stack);
});
