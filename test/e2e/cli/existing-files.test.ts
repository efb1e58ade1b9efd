/** What is written where something is already: no file is lost in silence, and nothing is left behind by a run that fails. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_MODEL, ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const MODEL = ['--quiet', '--model', DEMO_MODEL];
const DETECT = ['-l', 'white circle', ...MODEL];

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-existing-'));
  for (const name of ['a.png', 'b.png']) copyFileSync(SHAPES, at(name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Each way to write, and the file that is in its way. */
const WAYS: readonly [way: string, file: string, args: () => string[]][] = [
  ['a drawn file', 'x.jpg', () => ['detect', at('a.png'), ...DETECT, '--annotate', at('x.jpg')]],
  ['a drawn folder', 'f/a.png', () => ['detect', at('a.png'), ...DETECT, '--annotate', at('f')]],
  [
    'a drawn pair',
    'f/a-b.png',
    () => ['compare', at('a.png'), at('b.png'), '-s', 'x', ...MODEL, '--annotate', at('f')],
  ],
  ['saved results', 'f/a.txt', () => ['detect', at('a.png'), ...DETECT, '--save', at('f')]],
  ['a table', 'x.csv', () => ['detect', at('a.png'), ...DETECT, '-o', at('x.csv')]],
  ['lines of JSON', 'x.jsonl', () => ['detect', at('a.png'), ...DETECT, '-o', at('x.jsonl')]],
];

describe.each(WAYS)('%s', (_, file, args) => {
  beforeEach(() => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), 'earlier');
  });

  it('is refused where a file exists, before a model is loaded where it can be', async () => {
    const { code, stdout, stderr } = await paligemma(args());
    expect([code, stdout, readFileSync(at(file), 'utf8')]).toEqual([1, '', 'earlier']);
    expect(stderr).toMatch(/ERR_OUTPUT: .*--overwrite/);
    expect(stderr).toContain(at(file));
  });

  it('replaces it with --overwrite, and only when there is something to write', async () => {
    if (!file.endsWith('.jsonl')) {
      const unread = [...args(), '--overwrite', '--model', at('none.gguf')];
      expect((await paligemma(unread)).code).toBe(1);
      expect(readFileSync(at(file), 'utf8')).toBe('earlier');
    }
    const { code, stderr } = await paligemma([...args(), '--overwrite']);
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(at(file), 'utf8')).not.toContain('earlier');
  });
});

describe('--annotate', () => {
  it('leaves what exists as it is with --resume, and draws the others', async () => {
    mkdirSync(at('f'));
    writeFileSync(at('f', 'a.png'), 'earlier');
    const args = ['detect', at('a.png'), at('b.png'), '-l', 'white circle', '--model', DEMO_MODEL];
    const { code, stderr } = await paligemma([
      ...args,
      ...['--annotate', at('f'), '-o', at('x.jsonl'), '--resume'],
    ]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('a.png exists and stays as it is')]);
    expect(readFileSync(at('f', 'a.png'), 'utf8')).toBe('earlier');
    expect(readdirSync(at('f'))).toEqual(['a.png', 'b.png']);
    expect(readFileSync(at('x.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('looks at the file before it asks about a picture on standard input', async () => {
    mkdirSync(at('f'));
    writeFileSync(at('f', 'stdin.png'), 'earlier');
    const stdin = readFileSync(SHAPES);
    const args = ['detect', '-', ...DETECT, '--annotate', at('f')];
    expect((await paligemma(args, { stdin })).code).toBe(1);
    expect(readFileSync(at('f', 'stdin.png'), 'utf8')).toBe('earlier');
  });

  it('says that a picture before the others was not looked at, and replaces it not', async () => {
    const { code, stderr } = await paligemma([
      ...['detect', '--annotate', at('a.png'), at('b.png'), ...DETECT],
    ]);
    expect([code, readFileSync(at('a.png'))]).toEqual([1, readFileSync(SHAPES)]);
    expect(stderr).toContain('a picture to be looked at is named before --annotate');
    const alone = await paligemma(['detect', '--annotate', at('a.png'), ...DETECT]);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('was taken as value of --annotate');
  });
});

describe('names that cannot be meant', () => {
  it.each<[string, string]>([
    ['--annotate x.bmp', '.png, .jpg, .webp, .svg'],
    ['--annotate x.pdf', '.png, .jpg, .webp, .svg'],
    ['--annotate -', 'is standard output'],
    ['--save x.csv', '--output'],
    ['--save x.xml', '--output'],
    ['--output -', 'standard output'],
    ['--output x.png', '--annotate'],
    ['--output x.svg', '--annotate'],
    ['--output x.xml', '--save FOLDER --format voc'],
  ])('%s', async (flag, message) => {
    const [option = '', name = ''] = flag.split(' ');
    const value = name === '-' ? name : at(name);
    const { code, stdout, stderr } = await paligemma([
      ...['detect', at('a.png'), at('b.png'), ...DETECT, option, value],
    ]);
    expect([code, stdout, readdirSync(folder)]).toEqual([2, '', ['a.png', 'b.png']]);
    expect(stderr).toContain(message);
  });

  it('are those of folders with a / at the end', async () => {
    for (const flags of [
      ['--annotate', `${at('x.bmp')}/`],
      ['--save', `${at('x.csv')}/`],
    ]) {
      expect((await paligemma(['detect', at('a.png'), ...DETECT, ...flags])).code).toBe(0);
    }
    expect(readdirSync(at('x.bmp'))).toEqual(['a.png']);
    expect(readdirSync(at('x.csv'))).toEqual(['a.txt']);
  });

  it('--output x.xml of a task without boxes is refused', async () => {
    const { code, stderr } = await paligemma(['caption', at('a.png'), '-o', at('x.xml')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('.txt, .json, .csv, .jsonl')]);
  });
});

it('a model that cannot be loaded leaves no empty folder', async () => {
  const none = ['--model', at('none.gguf')];
  for (const args of [
    ['detect', at('a.png'), '-l', 'x', '--save', at('zz', 'deep'), ...none],
    ['detect', at('a.png'), '-l', 'x', '--annotate', at('zz'), ...none],
    ['detect', at('a.png'), '-l', 'x', '--annotate', at('zz', 'x.png'), ...none],
    ['compare', at('a.png'), at('b.png'), '-s', 'x', '--annotate', at('zz'), ...none],
  ]) {
    expect((await paligemma(args)).code).toBe(1);
    expect(readdirSync(folder)).toEqual(['a.png', 'b.png']);
  }
});
