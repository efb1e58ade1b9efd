/**
 * Model files as users bring them: wrong ones, damaged ones, split ones.
 * None may crash the process; the native tests go through every byte of the format itself.
 */
import { execFile, execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ErrorCode,
  ModelFileError,
  type ModelSource,
  PaliGemma,
  PaliGemmaError,
  type Prediction,
} from '../../src/index.js';
import { type Gguf, readGguf } from '../support/convert-gguf.js';
import { changedGguf, regionsOf, splitModel, splitParts } from '../support/gguf-files.js';
import { convertedModel, imagePath, ROOT } from '../support/models.js';
import { NAMED_PIPES } from '../support/needs.js';
import { RandomNumbers } from '../support/random.js';

const SCENE = imagePath('scene1.png');
const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let tinyFile: string;
let tiny: Gguf;
beforeAll(async () => {
  tinyFile = await convertedModel('tiny-paligemma1', 'q8_0');
  tiny = readGguf(tinyFile);
});

let files = 0;
function file(content: string | Uint8Array): string {
  const name = path.join(folder, `${files++}.gguf`);
  writeFileSync(name, content);
  return name;
}

async function loadError(source: ModelSource): Promise<PaliGemmaError> {
  const error = await PaliGemma.load(source).then(
    async (model) => {
      await model.dispose();
      return new Error('it loaded');
    },
    (e: unknown) => e,
  );
  if (!(error instanceof PaliGemmaError)) throw error;
  return error;
}

async function answer(source: ModelSource): Promise<Prediction> {
  const model = await PaliGemma.load(source);
  try {
    return await model.predict(SCENE, 'caption en', { maxTokens: 6 });
  } finally {
    await model.dispose();
  }
}

interface Expected {
  readonly code: ErrorCode;
  readonly found: RegExp;
  readonly expected: RegExp;
  readonly hint?: RegExp;
}

const GGUF = /a GGUF file/;
const CONVERT = /convert\(\{ source, output \}\)/;
const safetensors = (json: string) => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json), Buffer.alloc(4096)]);
};

describe('a file that is no model is named for what it is', () => {
  const cases: readonly (readonly [string, () => ModelSource, Expected])[] = [
    [
      'missing',
      () => path.join(folder, 'missing.gguf'),
      { code: 'ERR_MODEL_NOT_FOUND', found: /No such file/, expected: /readable GGUF/ },
    ],
    [
      'below a file instead of a folder',
      () => path.join(tinyFile, 'model.gguf'),
      {
        code: 'ERR_MODEL_NOT_FOUND',
        found: process.platform === 'win32' ? /No such file/ : /Not a directory/,
        expected: /readable GGUF/,
      },
    ],
    [
      'a folder',
      () => folder,
      { code: 'ERR_MODEL_FORMAT', found: /a directory/, expected: GGUF, hint: CONVERT },
    ],
    [
      'a device',
      () => '/dev/zero',
      { code: 'ERR_MODEL_FORMAT', found: /a device/, expected: GGUF },
    ],
    [
      'empty',
      () => file(''),
      { code: 'ERR_MODEL_FORMAT', found: /an empty file/, expected: GGUF, hint: /Download/ },
    ],
    ...['G', 'GG', 'GGU'].map(
      (content, i) =>
        [
          `${i + 1} bytes`,
          () => file(content),
          {
            code: 'ERR_MODEL_FORMAT',
            found: new RegExp(`of ${i + 1} byte`),
            expected: GGUF,
          },
        ] as const,
    ),
    [
      'only the magic',
      () => file('GGUF'),
      { code: 'ERR_MODEL_TRUNCATED', found: /4 bytes/, expected: /at least 8/, hint: /Download/ },
    ],
    [
      'a Git LFS pointer',
      () => file('version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 13000000\n'),
      { code: 'ERR_MODEL_FORMAT', found: /Git LFS pointer/, expected: GGUF, hint: /git lfs pull/ },
    ],
    [
      'a web page',
      () => file('<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n'),
      { code: 'ERR_MODEL_FORMAT', found: /HTML/, expected: GGUF, hint: /Download/ },
    ],
    [
      'an npz',
      () => file(Buffer.concat([Buffer.from('PK\x03\x04\x14\0', 'latin1'), Buffer.alloc(999)])),
      { code: 'ERR_MODEL_FORMAT', found: /zip archive.*npz/, expected: GGUF, hint: CONVERT },
    ],
    [
      'safetensors',
      () => file(safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}')),
      { code: 'ERR_MODEL_FORMAT', found: /safetensors/, expected: GGUF, hint: CONVERT },
    ],
    [
      'JSON',
      () => file('{"model_type": "paligemma"}'),
      { code: 'ERR_MODEL_FORMAT', found: /JSON/, expected: GGUF, hint: CONVERT },
    ],
    [
      'a GGUF of another architecture',
      () => file(changedGguf(tiny, { set: { 'general.architecture': 'llama' } })),
      { code: 'ERR_MODEL_ARCH', found: /llama/, expected: /gemma2/, hint: /only PaliGemma/ },
    ],
    [
      'a GGUF without an architecture',
      () => file(changedGguf(tiny, { keepKey: (key) => key !== 'general.architecture' })),
      { code: 'ERR_MODEL_ARCH', found: /none/, expected: /gemma2/ },
    ],
    [
      'a Gemma that cannot see',
      () => splitModel(tinyFile, folder).text,
      {
        code: 'ERR_MODEL_ARCH',
        found: /text-only Gemma/,
        expected: /clip\.vision/,
        hint: /\{ text, mmproj \}/,
      },
    ],
    [
      'the vision part alone',
      () => splitModel(tinyFile, folder).mmproj,
      { code: 'ERR_MODEL_ARCH', found: /clip/, expected: /gemma/, hint: /\{ text, mmproj \}/ },
    ],
    [
      'a language model without vision tensors, whatever its keys say',
      () => file(changedGguf(tiny, { keepTensor: (name) => !/^(v|mm)\./.test(name) })),
      { code: 'ERR_MODEL_ARCH', found: /text-only/, expected: /v\.\*/, hint: /mmproj/ },
    ],
    [
      'vision tensors under the keys of a whole model',
      () => file(changedGguf(tiny, { keepTensor: (name) => /^(v|mm)\./.test(name) })),
      { code: 'ERR_MODEL_ARCH', found: /vision part/, expected: /blk/, hint: /\{ text, mmproj \}/ },
    ],
    [
      'an adapter',
      () => file(changedGguf(tiny, { set: { 'general.type': 'adapter', 'adapter.type': 'lora' } })),
      { code: 'ERR_MODEL_ADAPTER', found: /adapter/, expected: /a model/, hint: /merge it/ },
    ],
    [
      'a context too short for a picture',
      () => file(changedGguf(tiny, { set: { 'gemma.context_length': 32 } })),
      { code: 'ERR_MODEL_CORRUPT', found: /32/, expected: /at least 67/ },
    ],
  ];

  test.each(cases)('%s', async (_, source, expected) => {
    const error = await loadError(source());
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.code).toBe(expected.code);
    expect(error.subject).toBeTruthy();
    expect(error.found).toMatch(expected.found);
    expect(error.expected).toMatch(expected.expected);
    expect(error.message).toMatch(expected.found);
    if (expected.hint) {
      expect(error.hint).toMatch(expected.hint);
      expect(error.message).toContain(error.hint);
    }
    expect(error.retryable).toBe(false);
  });

  test('a pipe, without waiting for a writer', NAMED_PIPES, async () => {
    const pipe = path.join(folder, 'pipe.gguf');
    execFileSync('mkfifo', [pipe]);
    // Lets a load go that hangs, so that the failure is this test's and not the whole run's.
    const watchdog = setTimeout(() => {
      closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    }, 5000);
    const begin = Date.now();
    const error = await loadError(pipe);
    clearTimeout(watchdog);
    expect(error).toMatchObject({ code: 'ERR_MODEL_FORMAT', subject: pipe, found: 'a pipe' });
    expect(Date.now() - begin).toBeLessThan(5000);
  });

  test('and afterwards a good file loads as ever', async () => {
    expect((await answer(tinyFile)).tokens).toHaveLength(6);
  });
});

test('a file far down, in folders with any letters, is found by every way of writing its name', async () => {
  const deep = path.join(folder, 'x'.repeat(100), 'Übung 日本', 'z'.repeat(150)); // more than Windows' 260
  mkdirSync(deep, { recursive: true });
  const name = path.join(deep, 'model.gguf');
  copyFileSync(tinyFile, name);
  const through = `${deep}${path.sep}..${path.sep}.${path.sep}${path.basename(deep)}`;
  const names = [name, `${through}${path.sep}model.gguf`, path.toNamespacedPath(name)];
  for (const one of [...names, path.relative(process.cwd(), name)])
    expect((await answer(one)).tokens).toEqual((await answer(tinyFile)).tokens);
});

describe('damage', () => {
  test('a file that ends too early says how long it should be', async () => {
    const bytes = readFileSync(tinyFile);
    const { data } = regionsOf(bytes, tiny);
    const random = new RandomNumbers(60);
    const offsets = Array.from({ length: 60 }, (_, i) =>
      i % 2 ? random.below(data) : data + random.below(bytes.length - data - 32),
    );
    for (const offset of offsets) {
      const error = await loadError(file(bytes.subarray(0, offset)));
      const code = offset < 4 ? 'ERR_MODEL_FORMAT' : 'ERR_MODEL_TRUNCATED';
      expect({ offset, code: error.code }).toEqual({ offset, code });
      expect(error).toBeInstanceOf(ModelFileError);
      if (offset >= 4) {
        const sizes = [error.found, error.expected].map((s) => Number(/\d+/.exec(s ?? '')?.[0]));
        expect(sizes[0]).toBe(offset);
        expect(sizes[1]).toBeGreaterThan(offset);
        expect(sizes[1]).toBeLessThanOrEqual(bytes.length);
      }
    }
  });

  test('300 files with one byte changed are refused, or load and answer', async () => {
    const seed = 300;
    const bytes = readFileSync(tinyFile);
    const { vocabulary, table, data, end } = regionsOf(bytes, tiny);
    const random = new RandomNumbers(seed);
    // Most where a byte decides something: the keys and the table of tensors.
    const regions: readonly (readonly [number, number, number])[] = [
      [110, 0, vocabulary],
      [30, vocabulary, table],
      [110, table, data],
      [50, data, end],
    ];
    const mutations: [number, number][] = [];
    for (const [count, begin, after] of regions) {
      for (let i = 0; i < count; i++) {
        const offset = begin + random.below(after - begin);
        // A flipped bit, or any other value.
        const byte = i % 2 ? (bytes[offset] as number) ^ (1 << random.below(8)) : random.below(256);
        mutations.push([offset, byte]);
      }
    }
    const { stdout, stderr, error } = await mutate(mutations);
    const last = `seed ${seed}, after: ${stdout.split('\n').slice(-3).join(' | ')}`;
    expect({ error, stderr, last }).toEqual({ error: null, stderr: '', last });
    const outcomes = new Map<string, number>();
    for (const line of stdout.trim().split('\n')) {
      const outcome = line.split(' ')[2] ?? '';
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.values()].reduce((a, b) => a + b)).toBe(mutations.length);
    // Both ways out are taken many times, else the mutations hit nothing.
    expect(outcomes.get('answered')).toBeGreaterThan(50);
    expect(mutations.length - (outcomes.get('answered') ?? 0)).toBeGreaterThan(100);
    expect(outcomes.size).toBeGreaterThan(6);
  }, 120_000);
});

/** Runs load-mutations.mjs in a process of its own; ends it when it hangs. */
function mutate(mutations: readonly (readonly [number, number])[]) {
  const list = path.join(folder, 'mutations.json');
  writeFileSync(list, JSON.stringify(mutations));
  const script = path.join(ROOT, 'test', 'support', 'programs', 'load-mutations.mjs');
  const args = [script, tinyFile, list, path.join(folder, 'mutated.gguf')];
  return new Promise<{ stdout: string; stderr: string; error: string | null }>((resolve) => {
    execFile(process.execPath, args, { timeout: 100_000 }, (error, stdout, stderr) => {
      const ended = error && `${error.signal ?? `code ${error.code}`}`;
      resolve({ stdout, stderr, error: ended });
    });
  });
}

describe('a model in two files', () => {
  test('answers as the whole does', async () => {
    const whole = await answer(tinyFile);
    const halves = await answer(splitModel(tinyFile, folder));
    expect(halves.tokens).toEqual(whole.tokens);
    expect(halves.logprobs).toEqual(whole.logprobs);
  });

  test('counts both files', async () => {
    const { text, mmproj } = splitModel(tinyFile, folder);
    const model = await PaliGemma.load({ text, mmproj });
    const sizes = [text, mmproj].map((f) => readFileSync(f).length);
    expect(model.info.fileBytes).toBe((sizes[0] ?? 0) + (sizes[1] ?? 0));
    await model.dispose();
  });

  test('of two language models is refused', async () => {
    const { text } = splitModel(tinyFile, folder);
    expect(await loadError({ text, mmproj: text })).toMatchObject({ code: 'ERR_MODEL_ARCH' });
  });

  test('of which one is the whole is refused', async () => {
    const { mmproj } = splitModel(tinyFile, folder);
    expect(await loadError({ text: tinyFile, mmproj })).toMatchObject({
      code: 'ERR_MODEL_TENSOR_SURPLUS',
      message: expect.stringMatching(/both files.*v\.patch_embd\.weight/),
      hint: expect.stringContaining('vision part'),
    });
  });

  test('of different widths is refused', async () => {
    const other = mkdtempSync(path.join(folder, 'other-'));
    const { mmproj } = splitModel(await convertedModel('tiny-paligemma2', 'q8_0'), other);
    const { text } = splitModel(tinyFile, folder);
    expect(await loadError({ text, mmproj })).toMatchObject({
      code: 'ERR_MODEL_CORRUPT',
      subject: 'clip.vision.projection_dim',
      found: '96',
    });
  });
});

describe('a split model', () => {
  const parts = (count: number, emptyFirst = false): string[] =>
    splitParts(
      tinyFile,
      path.join(mkdtempSync(path.join(folder, 'split-')), 'm'),
      count,
      emptyFirst,
    );

  test.each([
    [2, 0, false],
    [2, 1, false],
    [3, 1, true],
  ])('in %i parts answers as the whole does, given part %i', async (count, given, emptyFirst) => {
    const whole = await answer(tinyFile);
    const split = await answer(parts(count, emptyFirst)[given] as string);
    expect(split).toMatchObject({ tokens: whole.tokens, logprobs: whole.logprobs });
  });

  test('may have the output matrix in any part', async () => {
    const whole = await answer(tinyFile);
    const embedding = tiny.tensors.get('token_embd.weight');
    if (!embedding) throw new Error('no embedding');
    const tensors = new Map([...tiny.tensors, ['output.weight', embedding] as const]);
    const one = file(changedGguf({ ...tiny, tensors }, {}));
    const last = splitParts(one, path.join(folder, 'head'), 3)[2] as string;
    expect([...readGguf(last).tensors.keys()]).toContain('output.weight');
    expect((await answer(last)).tokens).toEqual(whole.tokens);
  });

  test('names the parts that are missing', async () => {
    const [first, second, third] = parts(3) as [string, string, string];
    unlinkSync(third);
    const error = await loadError(first);
    expect(error).toMatchObject({ code: 'ERR_MODEL_NOT_FOUND', found: '2 parts' });
    expect(error.message).toContain(third);
    expect(error.message).not.toContain(second);
  });

  test('whose part was renamed says which part it is', async () => {
    const [first, second] = parts(2) as [string, string];
    renameSync(first, `${first}.renamed`);
    renameSync(second, `${second}.renamed`);
    for (const [file, is, missing] of [
      [first, 1, 2],
      [second, 2, 1],
    ]) {
      expect(await loadError(`${file}.renamed`)).toMatchObject({
        code: 'ERR_MODEL_NOT_FOUND',
        message: expect.stringContaining(`part ${missing} is not there`),
        found: `part ${is} of 2 of a split model`,
        hint: expect.stringContaining('NAME-00001-of-00002.gguf'),
      });
    }
  });

  test('of which two parts are the same one is refused', async () => {
    const [first, second] = parts(2) as [string, string];
    copyFileSync(first, second);
    expect(await loadError(first)).toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
  });

  test('that was joined byte by byte is refused with the way to join it', async () => {
    const joined = Buffer.concat(parts(2).map((part) => readFileSync(part)));
    expect(await loadError(file(joined))).toMatchObject({
      code: 'ERR_MODEL_CORRUPT',
      hint: expect.stringMatching(/cannot be joined.*--merge/),
    });
  });

  test('may have a vision part beside it', async () => {
    const whole = await answer(tinyFile);
    const { text, mmproj } = splitModel(tinyFile, folder);
    const [first] = splitParts(text, path.join(folder, 'text'), 2) as [string];
    expect((await answer({ text: first, mmproj })).tokens).toEqual(whole.tokens);
    expect(await loadError(first)).toMatchObject({ hint: expect.stringContaining('mmproj') });
  });
});
