/** `paligemma convert`, `inspect` and `tokenize` on real checkpoints, and the models they make answering. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cases, checkpointFolder, DEMO_MODEL, FIXTURES, IMAGES } from '../../support/models.js';
import { FULL_DEVICE } from '../../support/needs.js';
import { jsonLines, MAIN, paligemma } from './command.js';

let folder: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('convert', () => {
  it.each([
    ['an .npz alone', 'some.npz', '(use --tokenizer: big_vision publishes one as'],
    ['a GGUF file', 'some.gguf', '(a GGUF file is loaded as it is)'],
    ['a file of a folder', 'some.safetensors', '(give the folder: '],
  ])('of %s says what helps, in words for the shell', async (_, name, hint) => {
    writeFileSync(at(name), '');
    const { code, stdout, stderr } = await paligemma(['convert', at(name), at('no.gguf')]);
    expect([code === 0, stdout]).toEqual([false, '']);
    expect(stderr).toContain(hint);
  });

  it.each(['tiny-paligemma1', 'tiny-paligemma2'] as const)(
    'makes a file of %s that answers as the reference does',
    async (name) => {
      const output = at(`${name}.gguf`);
      const converted = await paligemma([
        'convert',
        checkpointFolder(name),
        output,
        '--type',
        'f32',
      ]);
      expect(converted.code).toBe(0);
      expect(converted.stdout.split('\n')).toHaveLength(2);
      expect(converted.stdout).toContain(`${output}: `);
      for (const line of converted.stderr.trimEnd().split('\n')) expect(line).toMatch(/^note: /);

      for (const { image, prompt, suffix_ids: ids } of cases(name)) {
        const file = path.join(IMAGES, image);
        const flags = [
          '--exact-gelu',
          '--max-tokens',
          String(ids.length),
          '--no-upright',
          '--json',
        ];
        const { code, stdout } = await paligemma([
          'predict',
          file,
          '-p',
          prompt,
          '-m',
          output,
          ...flags,
        ]);
        expect(code).toBe(0);
        const { results } = JSON.parse(stdout) as { results: { tokens: number[] }[] };
        expect(results[0]?.tokens).toEqual(ids);
      }
    },
    60_000,
  );

  it('prints its report with --json and replaces a file only with --overwrite', async () => {
    const output = at('twice.gguf');
    const args = ['convert', checkpointFolder('tiny-paligemma1'), output, '--name', 'Twice'];
    const first = await paligemma([...args, '--json']);
    expect(first.code).toBe(0);
    const report = JSON.parse(first.stdout) as {
      output: string;
      bytes: number;
      architecture: string;
    };
    expect(report).toMatchObject({
      output,
      architecture: 'gemma',
      bytes: readFileSync(output).length,
    });

    writeFileSync(output, 'mine');
    const refused = await paligemma(args);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^error: ERR_OUTPUT: /);
    expect(readFileSync(output, 'utf8')).toBe('mine');
    expect((await paligemma([...args, '--overwrite'])).code).toBe(0);
    expect(readFileSync(output).length).toBe(report.bytes);
  });

  it('fails with one line and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await paligemma(['convert', IMAGES, at('none.gguf')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: ERR_MODEL_\w+: .*\n$/);
    expect(existsSync(at('none.gguf'))).toBe(false);
    expect(readdirSync(folder).filter((file) => file.startsWith('none'))).toEqual([]);
  });
});

describe('inspect', () => {
  it('shows metadata and types in columns, and tensors when asked', async () => {
    const { code, stdout, stderr } = await paligemma(['inspect', DEMO_MODEL]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`file    ${DEMO_MODEL}\n`);
    expect(stdout).toMatch(/^ {2}general\.architecture +"gemma"$/m);
    expect(stdout).toMatch(/^ {2}tokenizer\.ggml\.tokens +array of 1792 string$/m);
    expect(stdout).toMatch(/^ {2}q8_0 +\d+ +[\d.]+ MiB +[\d.]+ %$/m);
    expect(stdout).not.toContain('token_embd.weight');
    const withTensors = await paligemma(['inspect', '--tensors', DEMO_MODEL]);
    expect(withTensors.stdout).toMatch(/^ {2}token_embd\.weight +q8_0 +256 x \d+ +\d+$/m);
  });

  it('prints one document with --json, whose numbers add up', async () => {
    const { stdout } = await paligemma(['inspect', '--json', DEMO_MODEL]);
    const info = JSON.parse(stdout) as {
      file: string;
      fileBytes: number;
      metadata: Record<string, unknown>;
      tensors: { bytes: number; type: string }[];
      types: Record<string, { tensors: number; bytes: number }>;
    };
    expect(info.file).toBe(DEMO_MODEL);
    expect(info.fileBytes).toBe(readFileSync(DEMO_MODEL).length);
    expect(info.metadata['clip.vision.image_mean']).toEqual([0.5, 0.5, 0.5]);
    for (const [type, total] of Object.entries(info.types)) {
      const own = info.tensors.filter((tensor) => tensor.type === type);
      expect(total).toEqual({
        tensors: own.length,
        bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
      });
    }
  });

  it('fails with one line when the disk is full', FULL_DEVICE, async () => {
    const child = spawn(process.execPath, [MAIN, 'inspect', DEMO_MODEL], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(stderr).toMatch(/^error: ERR_DISK_FULL: cannot write standard output: .*\n$/);
    expect(code).toBe(1);
  });

  it('names what is not a GGUF file', async () => {
    const { code, stdout, stderr } = await paligemma(['inspect', path.join(IMAGES, 'text0.png')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: ERR_MODEL_FORMAT: .*\n$/);
  });
});

describe('tokenize', () => {
  const MODEL = ['--model', DEMO_MODEL];

  it('prints ids and pieces of each text, with a blank line between texts', async () => {
    const { code, stdout, stderr } = await paligemma([
      'tokenize',
      'detect red circle',
      'ocr',
      ...MODEL,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const tables = stdout.trimEnd().split('\n\n');
    const pieces = tables.map((table) =>
      table
        .split('\n')
        .map((line) => JSON.parse(/^ *\d+ {2}(".*")$/.exec(line)?.[1] ?? 'null') as string | null),
    );
    expect(pieces.map((one) => one.join(''))).toEqual(['detect red circle', 'ocr']);
  });

  it('prints the ids of the reference with --json', async () => {
    const lines = readFileSync(path.join(FIXTURES, 'tokenizer', 'tokenizer.jsonl'), 'utf8');
    const known = (jsonLines(lines) as { text: string; ids: number[] }[])
      // What an argument can hold and is not taken for a flag.
      .filter(({ text }) => !text.startsWith('-') && !text.includes('\0') && text.isWellFormed())
      .slice(0, 200);
    expect(known.length).toBeGreaterThan(20);
    const texts = known.map(({ text }) => text);
    const { stdout } = await paligemma(['tokenize', '--json', ...MODEL, ...texts]);
    const { results } = JSON.parse(stdout) as { results: { text: string; tokens: number[] }[] };
    expect(results.map(({ text, tokens }) => ({ text, ids: tokens }))).toEqual(
      known.map(({ text, ids }) => ({ text, ids })),
    );
  });

  it('reads standard input as one text, without its last line break', async () => {
    for (const args of [['tokenize'], ['tokenize', '-']]) {
      const { stdout } = await paligemma([...args, '--json', ...MODEL], { stdin: 'two\nlines\n' });
      const { model, results } = JSON.parse(stdout) as {
        model: string;
        results: { text: string; tokens: number[]; pieces: string[] }[];
      };
      expect(model).toBe(DEMO_MODEL);
      expect(results).toHaveLength(1);
      expect(results[0]?.text).toBe('two\nlines');
      expect(results[0]?.pieces.join('')).toBe('two\nlines');
      expect(results[0]?.tokens.length).toBe(results[0]?.pieces.length);
    }
  });

  it('refuses what is not UTF-8 on standard input', async () => {
    const stdin = Buffer.from('caf\xe9', 'latin1');
    const { code, stdout, stderr } = await paligemma(['tokenize', ...MODEL], { stdin });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('standard input is not UTF-8, expected UTF-8 text');
  });
});
