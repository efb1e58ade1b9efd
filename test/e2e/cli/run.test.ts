/** `paligemma run`: prompts from standard input, one a line. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endlessDemoModel, ROOT } from '../../support/models.js';
import { needsTool } from '../../support/needs.js';
import { Terminal } from '../../support/terminal.js';
import { finish, paligemma, start } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const SIGN = path.join(ROOT, 'examples', 'pictures', 'text.png');

it('answers each prompt, also about another picture', async () => {
  const stdin = `caption en\n\n/detect white circle, yellow square\n/image ${SIGN}\nocr\n/quit\nocr\n`;
  const { code, stdout, stderr } = await paligemma(['run', SHAPES], { stdin });
  expect(stdout).toMatch(
    /^an orange triangle, .*\n.*\twhite circle\t.*\n.*\tyellow square\t.*\nID 472\n$/,
  );
  expect([code, stderr.match(/note: /g)?.length]).toEqual([0, 1]);
});

it.each(['/bye', '/exit', '/q'])('ends with %s as well', async (word) => {
  const { code, stdout, stderr } = await paligemma(['run', SIGN], { stdin: `ocr\n${word}\nocr\n` });
  expect([code, stdout, stderr.includes(word)]).toEqual([0, 'ID 472\n', false]);
});

it('says that a model is no picture', async () => {
  const { code, stderr } = await paligemma(['run', 'paligemma']);
  expect([code, stderr.includes('--model paligemma')]).toEqual([2, true]);
});

it('reports a prompt that fails and reads the next', async () => {
  const all = await paligemma(['run', SHAPES], { stdin: `/image ${SIGN}\n/detect\nocr` });
  expect([all.code, all.stdout]).toEqual([6, 'ID 472\n']);
  expect(all.stderr).toContain('ERR_OPTION_RANGE: labels is a list of 0');
});

it.each<[string, string, string]>([
  ['is not there', 'missing.png', 'ERR_IMAGE_NOT_FOUND: missing.png does not exist'],
  ['has no name', '', 'ERR_OPTION_RANGE: /image has no name'],
  ['is no picture', 'package.json', 'ERR_IMAGE_FORMAT: package.json is '],
  ['is a folder', 'examples', 'is a folder'],
])('keeps the picture where another one %s', async (_, name, message) => {
  const { code, stdout, stderr } = await paligemma(['run', SIGN], {
    stdin: `/image ${name}\nocr\n`,
  });
  expect([code, stdout]).toEqual([6, 'ID 472\n']);
  expect(stderr).toContain(message);
  expect(stderr).toContain(`note: the picture is still ${SIGN}`);
});

it('ends at once where its own picture is none', async () => {
  const { code, stderr } = await paligemma(['run', 'package.json'], { stdin: 'ocr\n' });
  expect([code, stderr.includes('ERR_IMAGE_FORMAT: package.json is ')]).toEqual([1, true]);
});

it.each<[string, string]>([
  ['/bogus', '(/help lists what there is)'],
  ['/', '(/help lists what there is)'],
  ['/detct cat', '(did you mean /detect?)'],
])('an unknown %s is an error, also when it is to be quiet', async (word, hint) => {
  const { code, stdout, stderr } = await paligemma(['run', SHAPES, '-q'], { stdin: word });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe(`error: ERR_OPTION_UNKNOWN: there is no "${word.split(' ')[0]}" ${hint}\n`);
});

it('reads labels as the commands do, and says the same where nothing is found', async () => {
  const stdin = '/detect white circle\\, big\n/segment cat\n';
  const { code, stdout, stderr } = await paligemma(['run', SHAPES], { stdin });
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toContain('note: "white circle, big" is sent as one label');
  expect(stderr.match(/^\(nothing found but 1 with another label\)$/gm)).toHaveLength(2);
});

describe('Ctrl-C during an answer', () => {
  // Far more than is answered before it arrives.
  const PROMPTS = 20;
  const lines = 'caption en\n'.repeat(PROMPTS);
  const count = (text: string, part: string): number => text.split(part).length - 1;
  let folder: string;
  let args: readonly string[];
  let answer: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'paligemma-run-'));
    const model = endlessDemoModel(path.join(folder, 'endless.gguf'));
    args = ['run', SHAPES, '-q', '--model', model];
    answer = (await paligemma(args, { stdin: 'caption en\n' })).stdout.trimEnd();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('stops this one on a terminal, and the next prompt is read', needsTool('script'), async () => {
    const terminal = new Terminal(args);
    await terminal.until(/> /);
    terminal.type(`${lines}/quit\n`.replaceAll('\n', '\r'));
    await terminal.until(/an orange triangle/);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(0);
    expect(count(terminal.text, answer)).toBe(PROMPTS - 1);
  });

  it('ends the command where prompts come from a pipe', async () => {
    const child = start(args);
    child.stdin.end(lines);
    child.stdout.once('data', () => child.kill('SIGINT'));
    const { code, stdout, stderr } = await finish(child);
    expect([code, stderr]).toEqual([130, '']);
    expect(count(stdout, answer)).toBeLessThan(PROMPTS);
  });
});

it('saves the last answer as the extension says, and replaces no results', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-run-'));
  const at = (name: string): string => path.join(folder, name);
  try {
    const stdin = [
      `/save ${at('early.json')}`,
      'caption en',
      ...['txt', 'json', 'png', 'doc', 'txt'].map((ending) => `/save ${at(`words.${ending}`)}`),
      '/detect white circle',
      ...['csv', 'json', 'webp'].map((ending) => `/save ${at(`boxes.${ending}`)}`),
      `/save ${SHAPES}`,
    ].join('\n');
    const { code, stdout, stderr } = await paligemma(['run', SHAPES], { stdin });
    const [caption] = stdout.split('\n');
    expect(readdirSync(folder).sort()).toEqual([
      'boxes.csv',
      'boxes.json',
      'boxes.webp',
      'words.json',
      'words.png',
      'words.txt',
    ]);
    expect(readFileSync(at('words.txt'), 'utf8')).toBe(`${caption}\n`);
    expect(JSON.parse(readFileSync(at('words.json'), 'utf8'))).toMatchObject({
      results: [{ image: SHAPES, text: caption }],
    });
    expect(readFileSync(at('boxes.csv'), 'utf8')).toMatch(
      /^image,label,[^\n]*\n[^\n]*,white circle,/,
    );
    expect(JSON.parse(readFileSync(at('boxes.json'), 'utf8'))).toMatchObject({
      results: [{ detections: [{ label: 'white circle' }] }],
    });
    const drawn = await Promise.all(
      ['words.png', 'boxes.webp'].map((name) => sharp(at(name)).metadata()),
    );
    expect(drawn.map(({ format }) => format)).toEqual(['png', 'webp']);
    // Too early, no such format, a file that exists, and the picture itself.
    expect([code, stderr.match(/^error: /gm)?.length]).toEqual([6, 4]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('on a terminal has a history and ends with Ctrl-D', needsTool('script'), async () => {
  const terminal = new Terminal(['run', SHAPES]);
  await terminal.until(/> /);
  terminal.type('/help\r');
  expect(await terminal.until(/\/quit/)).toContain('/save FILE');
  await terminal.until(/> /);
  terminal.type('ocr\r');
  await terminal.until(/\n.*> /);
  // The line before it.
  terminal.type('\u001b[A\u001b[A\r');
  await terminal.until(/\/save FILE/);
  await terminal.until(/> /);
  terminal.type('\u0004');
  expect(await terminal.ended).toBe(0);
});

it('on a terminal ends with Ctrl-C where no answer is under way', needsTool('script'), async () => {
  const terminal = new Terminal(['run', SHAPES]);
  await terminal.until(/> /);
  terminal.type('\u0003');
  expect(await terminal.ended).toBe(0);
});
