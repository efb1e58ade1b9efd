/** The commands of the tasks, run as a user runs them, with the demo model. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const SIGN = path.join(ROOT, 'examples', 'pictures', 'text.png');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-tasks-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `--json` prints about the one picture. */
async function resultOf(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await paligemma([...args, '--json']);
  expect(code, stderr).toBe(0);
  const { results } = JSON.parse(stdout) as { results: Record<string, unknown>[] };
  expect(results).toHaveLength(1);
  return results[0] ?? {};
}

describe('text', () => {
  it.each<[string, string[], string]>([
    ['caption', [SHAPES], 'an orange triangle, a white circle and a yellow square\n'],
    ['ask', [SHAPES, '-q', 'how many shapes are there?', '--kind', 'integer'], '3\n'],
    ['ocr', [SIGN], 'ID 472\n'],
    ['generate', [SIGN, '-p', 'ocr'], 'ID 472\n'],
    ['extract', [SHAPES, '-f', 'total:date'], `${SHAPES}\ttotal\t-\n`],
  ])('%s prints the answer', async (command, args, expected) => {
    const { code, stdout } = await paligemma([command, ...args]);
    expect([code, stdout]).toEqual([0, expected]);
  });

  it('detect says that what it found has another label, and --extra shows it', async () => {
    const args = ['detect', SHAPES, '-l', 'white circle\\, yellow square'];
    const { stdout, stderr } = await paligemma(args);
    expect([stdout, stderr]).toEqual([
      '',
      expect.stringContaining('found but 1 with another label: --extra'),
    ]);
    expect((await paligemma([...args, '--extra'])).stdout).toMatch(/\twhite circle\t0\.\d+\t/);
  });

  it('detect takes a comma between labels, and says so', async () => {
    const { stdout, stderr } = await paligemma([
      ...['detect', SHAPES, '-l', 'white circle, yellow square'],
    ]);
    expect(stdout).toMatch(/\twhite circle\t.*\n.*\tyellow square\t.*\n$/);
    expect(stderr).toContain('--label is read as 2: "white circle", "yellow square"');
  });

  it('detect says what may help when labels with capitals find nothing', async () => {
    for (const command of ['detect', 'segment']) {
      const { stderr } = await paligemma([command, SHAPES, '-l', 'Orange Triangle']);
      expect(stderr).toContain('"orange triangle" may do better');
    }
  });

  it('classify says that no label suits the question', async () => {
    const { stderr } = await paligemma(['classify', SHAPES, '-l', 'cat', 'dog']);
    expect(stderr).toContain('would hardly answer "answer en What objects are in the image?"');
    const good = ['--question', 'what color is the triangle?', '-l', 'red', 'orange'];
    expect((await paligemma(['classify', SHAPES, ...good])).stderr).not.toContain('hardly');
  });

  it('extract asks what a field says', async () => {
    const field = 'shapes:integer=how many shapes are there?';
    const { fields } = await resultOf(['extract', SHAPES, '-f', field]);
    expect(fields).toMatchObject({
      shapes: { value: 3, prompt: 'answer en how many shapes are there?' },
    });
  });

  it('detect prints a line for each object', async () => {
    const { stdout } = await paligemma(['detect', SHAPES, '-l', 'white circle', 'yellow square']);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.map(([image, label]) => [image, label])).toEqual([
      [SHAPES, 'white circle'],
      [SHAPES, 'yellow square'],
    ]);
    for (const [, , score, ...edges] of rows) {
      expect(score).toMatch(/^0\.\d{3}$/);
      expect(edges).toEqual([1, 2, 3, 4].map(() => expect.stringMatching(/^\d+\.\d$/)));
    }
  });

  it('classify prints the labels with their probabilities, best first', async () => {
    const { stdout } = await paligemma([
      ...['classify', SHAPES, '--question', 'what color is the triangle?'],
      ...['--label', 'red', 'orange'],
    ]);
    expect(stdout.replaceAll(`${SHAPES}\t`, '')).toMatch(/^orange\t0\.\d{3}\nred\t0\.\d{3}\n$/);
  });
});

describe('JSON', () => {
  it('names the picture, tells its size and prints masks as run-length code', async () => {
    const result = await resultOf(['segment', SHAPES, '-l', 'white circle']);
    expect(result).toMatchObject({
      image: SHAPES,
      size: { width: 224, height: 224 },
      prompt: 'segment white circle',
      segments: [{ label: 'white circle', mask: { rle: { size: [224, 224] } } }],
      timings: { encodings: 1 },
    });
  });

  it('of sweep holds consensus, agreement and phrasings', async () => {
    const prompts = ['-p', 'detect white circle ; yellow square', '-p', 'detect yellow square'];
    expect(await resultOf(['sweep', SHAPES, ...prompts])).toMatchObject({
      kind: 'boxes',
      phrasings: [{ prompt: prompts[1] }, { prompt: prompts[3] }],
    });
  });

  it('of video counts the frames of a moving picture', async () => {
    const clip = path.join(folder, 'clip.gif');
    const frames = await Promise.all(
      [SHAPES, SIGN].map((file) => sharp(file).removeAlpha().png().toBuffer()),
    );
    await sharp(frames, { join: { animated: true } })
      .gif()
      .toFile(clip);
    expect(await resultOf(['video', clip, '--count', '3'])).toMatchObject({
      frames: 3,
      usage: { imageTokens: 192 },
    });
    // As many as the context of 1024 tokens holds, of 64 each.
    expect(await resultOf(['video', clip])).toMatchObject({ frames: 14 });
  });

  it('of compare names both pictures', async () => {
    const { stdout } = await paligemma(['compare', SHAPES, SIGN, '-s', 'both are red', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      images: [SHAPES, SIGN],
      prompt: 'answer en both are red',
    });
  });
});

describe('many pictures', () => {
  it('are drawn into a folder, and a broken one is reported and skipped', async () => {
    const shots = path.join(folder, 'shots');
    const drawn = path.join(folder, 'drawn');
    mkdirSync(shots);
    await sharp(SHAPES).resize(640, 400).toFile(`${folder}/wide.png`);
    for (const [from, name] of [
      [SHAPES, 'a.png'],
      [path.join(folder, 'wide.png'), 'b.png'],
    ] as const) {
      copyFileSync(from, path.join(shots, name));
    }
    writeFileSync(path.join(shots, 'broken.png'), 'no picture');
    const { code, stdout, stderr } = await paligemma([
      ...['detect', shots, '-l', 'white circle', 'yellow square', '--annotate', drawn, '--jsonl'],
    ]);
    expect(code).toBe(6);
    expect(stderr).toContain('ERR_IMAGE_FORMAT');
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(readdirSync(drawn).sort()).toEqual(['a.png', 'b.png']);
    const { width, height } = await sharp(path.join(drawn, 'b.png')).metadata();
    expect([width, height]).toEqual([640, 400]);
  });
});

describe('wrong use', () => {
  it.each<[string, string[], number, string]>([
    ['no label', ['detect', SHAPES], 2, '--label'],
    ['a misspelled flag', ['detect', SHAPES, '--lable', 'a'], 2, "unknown option '--lable'"],
    ['a bad label', ['detect', SHAPES, SIGN, '-l', 'a;b'], 2, 'error: ERR_OPTION_RANGE: label is'],
    [
      'a field twice',
      ['extract', SHAPES, '-f', 'a:text', '-f', 'a:date'],
      2,
      'field "a" is given twice',
    ],
    ['a picture for a model', ['ocr', SHAPES, '-m', SIGN], 1, 'is a PNG picture, expected a GGUF'],
    ['a picture to inspect', ['inspect', SIGN], 1, 'pictures go to tasks such as caption'],
    ['a language by name', ['caption', SHAPES, '--language', 'german'], 2, 'expected "de"'],
    ['a file for a text', ['ask', SHAPES, '-q', '@question.txt'], 2, '"$(cat question.txt)"'],
    ['one phrasing', ['sweep', SHAPES, '-p', 'ocr', '-p', 'ocr'], 2, 'one prompt 2 times'],
    ['a date order', ['extract', SHAPES, '-f', 'a', '--date-order', 'us'], 2, '"month-first"'],
    [
      'stride and fps',
      ['video', SHAPES, '--stride', '2', '--fps', '2'],
      2,
      'stride and fps are 2 and 2',
    ],
    ['a file to watch', ['detect', '--watch', SHAPES, '-l', 'a'], 2, 'is no folder'],
    ['too small a limit', ['ocr', SHAPES, '--max-pixels', '9'], 1, 'raise --max-pixels'],
    ['too long a clip', ['video', SHAPES, '--count', '16'], 1, 'frames of a clip'],
    [
      'a folder that cannot be',
      ['detect', SHAPES, '-l', 'a', '--annotate', '/proc/x/y'],
      1,
      'ERR_OUTPUT',
    ],
    [
      'a file as folder',
      ['detect', SHAPES, '-l', 'a', '--annotate', `${ROOT}/LICENSE`],
      1,
      'it is a file, expected a folder',
    ],
    [
      'a drawing over its picture',
      ['detect', SHAPES, '-l', 'a', '--annotate', SHAPES],
      1,
      'ERR_OUTPUT',
    ],
    ['no folder for lines', ['ocr', SHAPES, '-o', '/does/not/exist'], 1, 'folder does not exist'],
    ['no question', ['ask', SHAPES], 2, '--question'],
    ['an unknown type', ['extract', SHAPES, '-f', 'a:money'], 2, 'ERR_OPTION_RANGE'],
    ['no name', ['extract', SHAPES, '-f', '=how many?'], 2, 'name of a field is ""'],
    ['one picture', ['compare', SHAPES, '-s', 'x'], 2, "missing required argument 'right'"],
  ])('%s is reported without a stack', async (_, args, code, message) => {
    const result = await paligemma(args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });
});
