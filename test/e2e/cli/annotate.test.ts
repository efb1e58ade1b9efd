/** `--annotate`: every task draws, whatever kind of input its pictures come from. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASKS, type TaskName } from '../../../src/tasks/registry.js';
import { DEMO_MODEL, ROOT } from '../../support/models.js';
import { needsTool } from '../../support/needs.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const MODEL = ['--quiet', '--model', DEMO_MODEL];

/** What each task is asked; a task without an entry here fails its test. */
const ASKED: Readonly<Record<TaskName, readonly string[]>> = {
  caption: [],
  ask: ['-q', 'how many shapes are there?'],
  ocr: [],
  detect: ['-l', 'white circle'],
  segment: ['-l', 'white circle'],
  refer: ['--phrase', 'white circle'],
  classify: ['-l', 'circle', 'square'],
  extract: ['-f', 'shapes:integer=how many shapes are there?'],
  sweep: ['-p', 'detect white circle', '-p', 'detect circle'],
  video: [],
  compare: ['-s', 'both are red'],
  generate: ['-p', 'caption en'],
};

/** Tasks whose answer is written under the picture. */
const IN_WORDS = (name: TaskName): boolean =>
  ['text', 'labels', 'fields'].includes(TASKS[name].answers);

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-annotate-'));
  mkdirSync(at('in'));
  copyFileSync(SHAPES, at('in', 'a.png'));
  await sharp(SHAPES).jpeg().toFile(at('in', 'b.jpg'));
  const frames = [SHAPES, at('in', 'b.jpg')];
  await sharp(frames, { join: { animated: true } })
    .gif()
    .toFile(at('in', 'c.gif'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = Object.keys(TASKS) as TaskName[];

describe.each(names.filter((name) => TASKS[name].images !== 'two'))('%s', (name) => {
  it('draws the pictures of a folder, of standard input, and pages', async () => {
    const drawn = at(name);
    const command = name === 'generate' ? 'predict' : name;
    const asked = [...ASKED[name], ...MODEL, '--annotate'];
    const isClip = TASKS[name].images === 'clip';
    const runs = [
      await paligemma([command, at('in'), ...asked, path.join(drawn, 'folder')]),
      await paligemma([command, '-', ...asked, path.join(drawn, 'stdin.webp')], {
        stdin: readFileSync(SHAPES),
      }),
    ];
    if (!isClip) {
      const pages = [at('in', 'c.gif'), '--all-pages', ...asked, path.join(drawn, 'pages')];
      runs.push(await paligemma([command, ...pages]));
    }
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, '']));
    const all = readdirSync(drawn, { recursive: true }).map(String);
    const found = all.filter((file) => path.extname(file) !== '');
    const wanted = ['a.png', 'b.jpg', 'c.png'].map((file) => path.join('folder', file));
    const pages = ['c-page0.png', 'c-page1.png'].map((file) => path.join('pages', file));
    expect(found.sort()).toEqual([...wanted, ...(isClip ? [] : pages), 'stdin.webp']);
    for (const file of found) {
      const { width, height = 0 } = await sharp(path.join(drawn, file)).metadata();
      expect([file, width, height > 224]).toEqual([file, 224, IN_WORDS(name)]);
    }
  });
});

it('video draws a film', needsTool('ffmpeg'), async () => {
  const film = ['-loop', '1', '-i', SHAPES, '-t', '1', '-r', '4', '-pix_fmt', 'yuv420p'];
  execFileSync('ffmpeg', ['-v', 'error', ...film, at('clip.mp4')]);
  const { code } = await paligemma(['video', at('clip.mp4'), ...MODEL, '--annotate', at('film')]);
  expect([code, readdirSync(at('film'))]).toEqual([0, ['clip.jpg']]);
});

describe('compare', () => {
  const pair = (): string[] => [at('in', 'a.png'), at('in', 'b.jpg')];
  const asked = [...ASKED.compare, ...MODEL, '--annotate'];

  it('draws both pictures beside each other, with the answer under them', async () => {
    const [left = '', right = ''] = pair();
    expect((await paligemma(['compare', left, right, ...asked, at('two')])).code).toBe(0);
    expect(readdirSync(at('two'))).toEqual(['a-b.png']);
    const picture = sharp(at('two', 'a-b.png'));
    const { width, height = 0 } = await picture.metadata();
    expect([width, height > 224]).toEqual([2 * 224 + 8, true]);
    for (const [x, source] of [
      [0, left],
      [224 + 8, right],
    ] as const) {
      const area = { left: x, top: 0, width: 224, height: 224 };
      const part = await picture.clone().extract(area).raw().toBuffer();
      expect(part.equals(await sharp(source).removeAlpha().raw().toBuffer())).toBe(true);
    }
  });

  it('takes the format of both, or of the name, and replaces neither', async () => {
    const [left = '', right = ''] = pair();
    expect((await paligemma(['compare', right, right, ...asked, at('same')])).code).toBe(0);
    expect(readdirSync(at('same'))).toEqual(['b-b.jpg']);
    expect((await paligemma(['compare', left, right, ...asked, at('x.webp')])).code).toBe(0);
    expect((await sharp(at('x.webp')).metadata()).format).toBe('webp');
    const own = await paligemma(['compare', left, right, ...asked, left]);
    expect([own.code, readFileSync(left).equals(readFileSync(SHAPES))]).toEqual([1, true]);
    const alone = await paligemma(['compare', left, right, ...ASKED.compare, '--roomy']);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--annotate')]);
  });
});
