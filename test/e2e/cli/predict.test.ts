/** `paligemma predict` with the demo model: what is printed where, and the exit codes. */
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PaliGemma, type Prediction } from '../../../src/index.js';
import { DEMO_MODEL, IMAGES, ROOT } from '../../support/models.js';
import { finish, jsonLines, paligemma, start } from './command.js';

const TEXT = path.join(IMAGES, 'text0.png');
const SCENE = path.join(IMAGES, 'scene0.png');
const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const MODEL = ['--model', DEMO_MODEL];

interface Result {
  readonly image: string;
  readonly prompt: string;
  readonly text?: string;
  readonly tokens?: readonly number[];
  readonly usage?: Prediction['usage'];
  readonly timings?: Prediction['timings'];
  readonly finishReason?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

let expected: { text: Prediction; scene: Prediction };
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-cli-'));
  await using model = await PaliGemma.load(DEMO_MODEL);
  expected = {
    text: await model.predict(TEXT, 'ocr'),
    scene: await model.predict(SCENE, 'ocr'),
  };
  // Otherwise the comparisons below could not fail.
  expect(expected.text.text).not.toBe(expected.scene.text);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('plain output', () => {
  it('is the text alone for one picture, with nothing on stderr', async () => {
    const result = await paligemma(['predict', TEXT, '-p', 'ocr', ...MODEL]);
    expect(result).toEqual({ code: 0, stdout: `${expected.text.text}\n`, stderr: '' });
  });

  it('says on stderr that nothing was answered, as a line without text does not', async () => {
    for (const flags of [[], ['--stream']]) {
      const args = ['predict', SHAPES, '-p', 'detect white circle', ...flags, ...MODEL];
      const { code, stdout, stderr } = await paligemma(args);
      expect([code, stdout.trim(), stderr]).toEqual([0, '', `${SHAPES}: (nothing answered)\n`]);
    }
    const run = await paligemma(['run', SHAPES, ...MODEL], { stdin: 'detect white circle\n' });
    expect([run.code, run.stdout, run.stderr]).toEqual([0, '', '(nothing answered)\n']);
  });

  it('has the path before each text for several, in their order, each once', async () => {
    const result = await paligemma(['predict', TEXT, SCENE, TEXT, '-p', 'ocr', ...MODEL]);
    expect(result.stdout).toBe(
      [TEXT, SCENE]
        .map((file) => `${file}\t${(file === TEXT ? expected.text : expected.scene).text}\n`)
        .join(''),
    );
    expect([result.code, result.stderr]).toEqual([0, '']);
  });

  it.each([['--stream'], ['--stream', '--no-upright']])('is the same with %s', async (...flags) => {
    const one = await paligemma(['predict', TEXT, '-p', 'ocr', ...flags, ...MODEL]);
    expect(one).toEqual({ code: 0, stdout: `${expected.text.text}\n`, stderr: '' });
    const two = await paligemma(['predict', TEXT, SCENE, '-p', 'ocr', ...flags, ...MODEL]);
    expect(two.stdout).toBe(`${TEXT}\t${expected.text.text}\n${SCENE}\t${expected.scene.text}\n`);
  });

  it('reads a picture from standard input', async () => {
    const result = await paligemma(['predict', '-', '-p', 'ocr', ...MODEL], {
      stdin: readFileSync(TEXT),
    });
    expect(result).toEqual({ code: 0, stdout: `${expected.text.text}\n`, stderr: '' });
  });

  it('uses PALIGEMMA_MODEL, and else the demo model, saying so', async () => {
    const fromEnv = await paligemma(['predict', TEXT, '-p', 'ocr'], {
      env: { PALIGEMMA_MODEL: DEMO_MODEL.replace('models', 'models/.') },
    });
    expect(fromEnv).toEqual({ code: 0, stdout: `${expected.text.text}\n`, stderr: '' });
    const demo = await paligemma(['predict', TEXT, '-p', 'ocr']);
    expect([demo.code, demo.stdout]).toEqual([0, `${expected.text.text}\n`]);
    expect(demo.stderr).toMatch(/^note: using the demo model.*\n$/);
  });

  it('obeys the flags of the options', async () => {
    const { stdout } = await paligemma([
      'predict',
      TEXT,
      '-p',
      'ocr',
      '--max-tokens',
      '2',
      '--json',
      ...MODEL,
    ]);
    const { results } = JSON.parse(stdout) as { results: Result[] };
    expect(results[0]?.tokens).toEqual(expected.text.tokens.slice(0, 2));
    expect(results[0]?.finishReason).toBe('length');
    const small = await paligemma(['predict', TEXT, '-p', 'ocr', '--max-pixels', '100', ...MODEL]);
    expect(small.code).toBe(1);
    expect(small.stderr).toContain('ERR_IMAGE_TOO_LARGE');
    const device = await paligemma(['predict', TEXT, '-p', 'ocr', '--device', 'abacus', ...MODEL]);
    expect(device.code).toBe(1);
    expect(device.stderr).toMatch(/^error: ERR_DEVICE_UNAVAILABLE: .*abacus/);
  });
});

describe('--json', () => {
  it('is exactly one document with everything about each picture', async () => {
    const { code, stdout, stderr } = await paligemma([
      'predict',
      TEXT,
      SCENE,
      '-p',
      'ocr',
      '--json',
      ...MODEL,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout) as { model: string; results: Result[] };
    expect(Object.keys(document)).toEqual(['model', 'results']);
    expect(document.model).toBe(DEMO_MODEL);
    expect(document.results).toHaveLength(2);
    for (const [i, [image, prediction]] of (
      [
        [TEXT, expected.text],
        [SCENE, expected.scene],
      ] as const
    ).entries()) {
      const result = document.results[i];
      expect(result).toMatchObject({
        image,
        prompt: 'ocr',
        text: prediction.text,
        tokens: prediction.tokens,
        finishReason: prediction.finishReason,
        usage: { ...prediction.usage, cachedImages: 0 },
      });
      expect(Object.keys(result ?? {})).toEqual([
        'image',
        'prompt',
        'text',
        'tokens',
        'usage',
        'timings',
        'finishReason',
      ]);
      expect(Object.keys(result?.timings ?? {}).sort()).toEqual([
        'decodeMs',
        'encodeMs',
        'encodings',
        'prefillMs',
        'prepareMs',
        'queueMs',
        'totalMs',
      ]);
      for (const ms of Object.values(result?.timings ?? {})) expect(ms).toBeGreaterThanOrEqual(0);
    }
  });

  it('tells probabilities when asked', async () => {
    const { stdout } = await paligemma([
      'predict',
      TEXT,
      '-p',
      'ocr',
      '--top-logprobs',
      '2',
      '--json',
      ...MODEL,
    ]);
    const { results } = JSON.parse(stdout) as {
      results: { logprobs: number[]; topLogprobs: { token: number }[][] }[];
    };
    expect(results[0]?.logprobs).toHaveLength(expected.text.tokens.length);
    expect(results[0]?.topLogprobs.map((top) => top[0]?.token)).toEqual(expected.text.tokens);
  });
});

describe('--jsonl', () => {
  it('is one result per line', async () => {
    const { code, stdout, stderr } = await paligemma([
      'predict',
      TEXT,
      SCENE,
      '-p',
      'ocr',
      '--jsonl',
      ...MODEL,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    // In the order in which they were finished.
    const lines = jsonLines(stdout) as Result[];
    expect(lines).toHaveLength(2);
    expect(lines.find(({ image }) => image === TEXT)).toMatchObject({
      text: expected.text.text,
      tokens: expected.text.tokens,
    });
    expect(lines.find(({ image }) => image === SCENE)).toMatchObject({
      text: expected.scene.text,
      tokens: expected.scene.tokens,
    });
  });

  it('is events with --stream: pieces that make up the text, then the result', async () => {
    const missing = path.join(folder, 'missing.png');
    const { code, stdout } = await paligemma([
      'predict',
      TEXT,
      missing,
      '-p',
      'ocr',
      '--jsonl',
      '--stream',
      ...MODEL,
    ]);
    expect(code).toBe(6);
    const events = jsonLines(stdout) as (Result & {
      event: string;
      token?: number;
      logprob?: number;
    })[];
    const pieces = events.filter(({ event }) => event === 'piece');
    expect(pieces.map(({ token }) => token)).toEqual(expected.text.tokens);
    expect(pieces.map(({ text }) => text).join('')).toBe(expected.text.text);
    expect(pieces.every(({ logprob }) => logprob !== undefined && logprob <= 0)).toBe(true);
    expect(events.slice(pieces.length)).toMatchObject([
      { event: 'result', image: TEXT, text: expected.text.text, finishReason: 'stop' },
      { event: 'error', image: missing, error: { code: 'ERR_IMAGE_NOT_FOUND' } },
    ]);
  });
});

describe('failures', () => {
  it('of some pictures: one line each on stderr, the rest goes on, exit code 6', async () => {
    const page = path.join(folder, 'page\n.png');
    writeFileSync(page, '<!doctype html>');
    const missing = path.join(folder, 'missing.png');
    const args = ['predict', missing, TEXT, page, SCENE, '-p', 'ocr', ...MODEL];
    const { code, stdout, stderr } = await paligemma(args);
    expect(code).toBe(6);
    expect(stdout).toBe(`${TEXT}\t${expected.text.text}\n${SCENE}\t${expected.scene.text}\n`);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe(`${missing}: ERR_IMAGE_NOT_FOUND: does not exist`);
    expect(lines[1]).toContain('page\\n.png: ERR_IMAGE_FORMAT: ');

    const json = await paligemma([...args, '--json']);
    expect(json.code).toBe(6);
    const { results } = JSON.parse(json.stdout) as { results: Result[] };
    expect(results.map(({ image }) => image)).toEqual([missing, TEXT, page, SCENE]);
    expect(results.map(({ error }) => error?.code)).toEqual([
      'ERR_IMAGE_NOT_FOUND',
      undefined,
      'ERR_IMAGE_FORMAT',
      undefined,
    ]);
    expect(results[0]).toEqual({
      image: missing,
      prompt: 'ocr',
      error: { code: 'ERR_IMAGE_NOT_FOUND', message: `${missing} does not exist` },
    });
  });

  it('of all pictures: exit code 1', async () => {
    const missing = path.join(folder, 'missing.png');
    for (const flags of [[], ['--stream'], ['--json'], ['--jsonl']]) {
      const { code, stderr } = await paligemma([
        'predict',
        missing,
        path.join(folder, 'lost.png'),
        '-p',
        'ocr',
        ...flags,
        ...MODEL,
      ]);
      expect(code).toBe(1);
      expect(stderr.match(/ERR_IMAGE_NOT_FOUND/g)).toHaveLength(2);
    }
  });

  it('of the model: exit code 1, one line, nothing on stdout', async () => {
    for (const [model, code] of [
      [path.join(folder, 'none.gguf'), 'ERR_MODEL_NOT_FOUND'],
      [
        path.join(folder, 'none.gguf'),
        'ERR_MODEL_NOT_FOUND: cannot open .*paligemma list shows the models',
      ],
      [TEXT, 'ERR_MODEL_FORMAT'],
    ] as const) {
      const result = await paligemma(['predict', TEXT, '-p', 'ocr', '--json', '--model', model]);
      expect([result.code, result.stdout]).toEqual([1, '']);
      expect(result.stderr).toMatch(new RegExp(`^error: ${code}.*\n$`));
    }
  });

  it('of an empty standard input', async () => {
    const { code, stderr } = await paligemma(['predict', '-', '-p', 'ocr', ...MODEL]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^-: ERR_IMAGE_FORMAT: .*empty.*\n$/);
  });
});

describe('interruption', () => {
  let many: string[];
  beforeAll(() => {
    many = Array.from({ length: 400 }, (_, i) => {
      const copy = path.join(folder, `copy${i}.png`);
      copyFileSync(i % 2 ? TEXT : SCENE, copy);
      return copy;
    });
  });

  it.each([['--jsonl'], ['--stream']])(
    'ends soon with exit code 130 and whole lines (%s)',
    async (flag) => {
      const child = start(['predict', ...many, '-p', 'ocr', flag, ...MODEL]);
      const finished = finish(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      const { code, stdout, stderr } = await finished;
      expect(code).toBe(130);
      expect(stderr).toMatch(/^interrupted: \d+ of 400 answered\n$/);
      expect(stdout.endsWith('\n')).toBe(true);
      if (flag === '--jsonl') expect(jsonLines(stdout).length).toBeLessThan(400);
    },
  );

  it('still prints one whole document with --json', async () => {
    const child = start(['predict', ...many, '-p', 'ocr', '--json', ...MODEL]);
    const finished = finish(child);
    // Nothing is printed before the end: some are done by now, or the model is still loading.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    expect(code).toBe(130);
    if (stdout === '') return;
    const { results } = JSON.parse(stdout) as { results: Result[] };
    expect(results).toHaveLength(400);
    expect(results.at(-1)?.error?.code).toBe('ERR_ABORTED');
  });

  it('works while standard input is awaited', async () => {
    const child = start(['predict', '-', '-p', 'ocr', ...MODEL]);
    const finished = finish(child);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGINT');
    expect((await finished).code).toBe(130);
  });

  it('leaves at once when asked twice', async () => {
    const child = start(['predict', ...many, '-p', 'ocr', '--jsonl', ...MODEL]);
    const finished = finish(child);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await finished).code).toBe(130);
  });

  it('is quiet when the reader leaves, as head does', async () => {
    const child = start(['predict', ...many, '-p', 'ocr', '--jsonl', ...MODEL]);
    const finished = finish(child);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([0, '']);
  });
});
