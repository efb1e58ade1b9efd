/** `paligemma predict` over many pictures: where they come from, lines in a file, kills, folders that fill up. */
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_MODEL, IMAGES } from '../../support/models.js';
import { finish, jsonLines, paligemma, start } from './command.js';

const PICTURES = ['text0.png', 'text1.png', 'scene0.png', 'scene1.png', 'scene2.png'];
const OCR = ['-p', 'ocr', '--model', DEMO_MODEL];

interface Line {
  readonly image: string;
  readonly prompt: string;
  readonly text?: string;
  readonly tokens?: readonly number[];
  readonly error?: { readonly code: string };
  readonly run?: Readonly<Record<string, unknown>>;
}

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-batch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Copies of the pictures under new names, in turns. */
function fill(into: string, count: number): string[] {
  mkdirSync(into, { recursive: true });
  return Array.from({ length: count }, (_, i) => {
    const name = path.join(into, `${String(i).padStart(3, '0')}.png`);
    copyFileSync(path.join(IMAGES, PICTURES[i % PICTURES.length] as string), name);
    return name;
  });
}

const linesOf = (file: string): Line[] => jsonLines(readFileSync(file, 'utf8')) as Line[];
const sorted = (lines: readonly Line[]): Line[] =>
  [...lines].sort((a, b) => (a.image < b.image ? -1 : 1));
/** What two runs must agree on. */
const answers = (lines: readonly Line[]): unknown[] =>
  sorted(lines).map(({ image, prompt, text, tokens, error, run }) => ({
    image,
    prompt,
    text,
    tokens,
    error,
    run,
  }));
const imagesOf = (text: string): string[] =>
  (jsonLines(text) as Line[]).map(({ image }) => image).sort();

describe('pictures', () => {
  it('come from folders, patterns, lists and names at once, each once', async () => {
    const [a, b, c] = fill(at('one'), 3) as [string, string, string];
    const [d] = fill(at('one', 'deep'), 1) as [string];
    writeFileSync(at('one', 'notes.txt'), 'not a picture');
    writeFileSync(at('list.txt'), `# a comment\n${c}\n${d}\n`);
    const args = [a, at('one', '*1.png'), `@${at('list.txt')}`, at('one')];
    const { code, stdout, stderr } = await paligemma(['predict', ...args, ...OCR]);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    ).toEqual([a, b, c, d]);
    expect([code, stderr]).toEqual([0, 'note: left out 1 file: 1 .txt (notes.txt)\n']);

    const shallow = await paligemma(['predict', at('one'), '--jsonl', ...OCR]);
    expect(imagesOf(shallow.stdout)).toEqual([a, b, c]);
    const deep = await paligemma(['predict', at('one'), '-r', '--jsonl', ...OCR]);
    expect(imagesOf(deep.stdout)).toEqual([a, b, c, d]);
  });

  it('that are listed on standard input are answered before it ends', async () => {
    const [a, b] = fill(at('in'), 2) as [string, string];
    const child = start(['predict', '@-', '--jsonl', ...OCR]);
    const finished = finish(child);
    child.stdin.write(`${a}\n`);
    const [first] = (await once(child.stdout, 'data')) as [string];
    expect((JSON.parse(first) as Line).image).toBe(a);
    child.stdin.end(`${b}\n`);
    const { code, stdout, stderr } = await finished;
    expect(imagesOf(stdout)).toEqual([a, b]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('listed on standard input can be waited for in vain', async () => {
    const child = start(['predict', '@-', '--jsonl', ...OCR]);
    const finished = finish(child);
    const [a] = fill(at('in'), 1) as [string];
    child.stdin.write(`${a}\n`);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([130, 'interrupted: 1 answered\n']);
  });

  it('that are broken or missing are reported and skipped', async () => {
    const [a, b] = fill(at('in'), 2) as [string, string];
    writeFileSync(at('in', 'broken.png'), readFileSync(a).subarray(0, 200));
    writeFileSync(at('in', 'page.jpg'), '<!doctype html>');
    const args = ['predict', at('in'), at('none.png'), at('*.gif'), '--jsonl', ...OCR];
    const { code, stdout, stderr } = await paligemma(args);
    expect(code).toBe(6);
    const lines = sorted(jsonLines(stdout) as Line[]);
    expect(lines.map(({ image, error }) => [path.basename(image), error?.code])).toEqual([
      ['*.gif', 'ERR_IMAGE_NOT_FOUND'],
      [path.basename(a), undefined],
      [path.basename(b), undefined],
      ['broken.png', 'ERR_IMAGE_CORRUPT'],
      ['page.jpg', 'ERR_IMAGE_FORMAT'],
      ['none.png', 'ERR_IMAGE_NOT_FOUND'],
    ]);
    expect(stderr.trimEnd().split('\n')).toHaveLength(4);
  });

  it('that do not exist at all are wrong usage, before the model is loaded', async () => {
    mkdirSync(at('empty'));
    const model = ['-p', 'ocr', '--model', at('none.gguf')];
    const { code, stdout, stderr } = await paligemma([
      'predict',
      at('empty'),
      at('*.png'),
      ...model,
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^error: ERR_OPTION_RANGE: there is no picture: looked for .*empty.*\*\.png\n$/,
    );
    const none = await paligemma(['predict', '@-', ...OCR], { stdin: '\n# nothing\n' });
    expect([none.code, none.stdout]).toEqual([2, '']);
  });
});

describe('what is no picture', () => {
  const PAGES = path.join(IMAGES, 'formats', 'pages.tif');

  it('is reported at the end, and ends with 6 when asked to', async () => {
    const [a] = fill(at('in'), 1) as [string];
    for (const name of ['x.heic', 'y.heic', 'scan.pdf']) writeFileSync(at('in', name), 'x');
    const args = ['predict', at('in'), ...OCR];
    const note = 'note: left out 3 files: 1 .pdf (scan.pdf), 2 .heic (x.heic, y.heic)\n';
    const lenient = await paligemma(args);
    expect([lenient.code, lenient.stderr]).toEqual([0, note]);
    const strict = await paligemma([...args, '--strict', '--json']);
    expect([strict.code, strict.stderr]).toEqual([6, note]);
    expect(JSON.parse(strict.stdout)).toMatchObject({
      results: [{ image: a }],
      leftOut: [
        { kind: '.pdf', files: [at('in', 'scan.pdf')] },
        { kind: '.heic', files: [at('in', 'x.heic'), at('in', 'y.heic')] },
      ],
    });
    const clean = await paligemma(['predict', a, ...OCR, '--strict', '--json']);
    expect([clean.code, clean.stderr]).toEqual([0, '']);
    expect(JSON.parse(clean.stdout)).not.toHaveProperty('leftOut');
  });

  it('is answered in words for the shell: addresses and base64 text', async () => {
    const [a] = fill(at('in'), 1) as [string];
    const text = readFileSync(a).toString('base64');
    const address = 'https://user:secret@example.org/a.jpg';
    const { code, stdout, stderr } = await paligemma(['predict', a, address, text, ...OCR]);
    expect(code).toBe(6);
    expect(stdout).toContain(a);
    const [first = '', second = ''] = stderr.split('\n');
    expect(first).toMatch(
      /\(https:\), which is not fetched \(curl -sL ADDRESS \| paligemma predict -\)$/,
    );
    expect(second).toMatch(
      /: ERR_IMAGE_FORMAT: the picture is base64 text of a PNG picture, expected a file \(base64 -d FILE \| paligemma predict -\)$/,
    );
    expect(second.length).toBeLessThan(400);
    const data = await paligemma(['predict', `data:image/png;base64,${text}`, ...OCR]);
    expect([data.code, data.stderr]).toEqual([0, '']);
  });

  it('a page is chosen with --page, and one that is not there fails alone', async () => {
    const [a] = fill(at('in'), 1) as [string];
    const { code, stderr } = await paligemma(['predict', a, PAGES, '--page', '3', ...OCR]);
    expect(code).toBe(6);
    expect(stderr).toBe(
      `${a}: ERR_IMAGE_PAGE: has 1 page, and no page 3 (pages are counted from 0)\n`,
    );
  });
});

describe('--all-pages', () => {
  const PAGES = path.join(IMAGES, 'formats', 'pages.tif');
  interface PageLine extends Line {
    readonly page: number;
  }

  it('takes each page as a picture of its own, as --page takes one', async () => {
    const [a] = fill(at('in'), 1) as [string];
    const { code, stdout, stderr } = await paligemma(['predict', PAGES, a, '--all-pages', ...OCR]);
    expect([code, stderr]).toEqual([0, '']);
    const [, , third, , last, ...rest] = stdout.trimEnd().split('\n');
    expect(rest).toEqual([]);
    const alone = await paligemma(['predict', PAGES, '--page', '2', ...OCR]);
    expect(third).toBe(`${PAGES} page 2\t${alone.stdout.slice(0, -1)}`);
    expect(last?.startsWith(`${a} page 0\t`)).toBe(true);
  });

  it('has a line for each page, which --resume knows, and a failure for what cannot be read', async () => {
    const broken = at('broken.tif');
    writeFileSync(broken, 'II*\0');
    const args = ['predict', PAGES, broken, '--all-pages', ...OCR, '--output', at('out.jsonl')];
    expect((await paligemma(args)).code).toBe(6);
    const lines = linesOf(at('out.jsonl')) as PageLine[];
    const pagesOf = (all: readonly PageLine[]) =>
      all.filter(({ image }) => image === PAGES).map(({ page }) => page);
    expect(pagesOf(lines).sort()).toEqual([0, 1, 2, 3]);
    expect(lines.find(({ image }) => image === broken)?.error?.code).toBe('ERR_IMAGE_CORRUPT');
    // Without the line of one page, that one is done again.
    const text = readFileSync(at('out.jsonl'), 'utf8');
    const kept = text.split('\n').filter((line) => !line.includes('"page":2,'));
    writeFileSync(at('out.jsonl'), kept.join('\n'));
    const again = await paligemma([...args, '--resume']);
    expect(again.stderr).toContain('predict: 4 answered (3 of them before), 1 failed');
    expect(pagesOf(linesOf(at('out.jsonl')) as PageLine[]).sort()).toEqual([0, 1, 2, 3]);
  });

  it('reads standard input, draws each page, and does not go with --page', async () => {
    const stdin = readFileSync(PAGES);
    const args = ['-', '--all-pages', '--model', DEMO_MODEL];
    const found = await paligemma(
      ['detect', ...args, '--label', 'circle', '--json', '--annotate', at('drawn')],
      { stdin },
    );
    const { results } = JSON.parse(found.stdout) as { results: PageLine[] };
    expect(results.map(({ image, page }) => [image, page])).toEqual(
      [0, 1, 2, 3].map((page) => ['-', page]),
    );
    expect(readdirSync(at('drawn')).sort()).toEqual(
      [0, 1, 2, 3].map((page) => `stdin-page${page}.png`),
    );
    const both = await paligemma(['ocr', ...args, '--page', '1'], { stdin });
    expect(both.code).toBe(2);
    expect(both.stderr).toContain("option '--all-pages' cannot be used with option '--page <n>'");
  });
});

describe('--concurrency', () => {
  it('changes no answer, and text and --json stay in order', async () => {
    const names = fill(at('in'), 12);
    const run = (...flags: string[]) => paligemma(['predict', at('in'), ...flags, ...OCR]);
    const [one, many] = [await run('--concurrency', '1'), await run('--concurrency', '8')];
    expect(many).toEqual(one);
    expect(
      one.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    ).toEqual(names);
    const document = JSON.parse((await run('--concurrency', '8', '--json')).stdout) as {
      results: Line[];
    };
    expect(document.results.map(({ image }) => image)).toEqual(names);
  });
});

describe('--output', () => {
  it('is the lines, with nothing on standard output', async () => {
    fill(at('in'), 5);
    const { code, stdout, stderr } = await paligemma([
      'predict',
      at('in'),
      '-o',
      at('out.jsonl'),
      ...OCR,
    ]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toBe(`predict: 5 answered, 0 failed: ${at('out.jsonl')}\n`);
    const lines = linesOf(at('out.jsonl'));
    expect(lines).toHaveLength(5);
    for (const { run } of lines) {
      expect(run).toEqual({
        command: 'predict',
        model: path.basename(DEMO_MODEL),
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        prompt: 'ocr',
      });
    }
  });

  it('is not written over, nor continued with other settings', async () => {
    fill(at('in'), 2);
    const out = ['-o', at('out.jsonl')];
    await paligemma(['predict', at('in'), ...out, ...OCR]);
    const before = readFileSync(at('out.jsonl'), 'utf8');
    const refused = async (...flags: string[]): Promise<string> => {
      const { code, stdout, stderr } = await paligemma(['predict', at('in'), ...out, ...flags]);
      expect([code, stdout]).toEqual([1, '']);
      expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(before);
      return stderr;
    };
    expect(await refused(...OCR)).toMatch(
      /^error: ERR_OUTPUT: .* exists \(continue it with --resume/,
    );
    expect(await refused('--resume', '-p', 'caption en', '--model', DEMO_MODEL)).toContain(
      'prompt "ocr", this run "caption en"',
    );
    expect(await refused('--resume', '--max-tokens', '2', ...OCR)).toContain(
      '--max-tokens (default), this run 2',
    );
    // What only changes the speed, and defaults that are spelled out, are no other settings.
    const same = ['--resume', '--threads', '1', '--temperature', '0', '--concurrency', '3'];
    const again = await paligemma(['predict', at('in'), ...out, ...same, ...OCR]);
    expect(again.stderr).toContain('2 answered (2 of them before), 0 failed');
    expect([again.code, readFileSync(at('out.jsonl'), 'utf8')]).toEqual([0, before]);
  });

  it('tries failures again when continued', async () => {
    const [a] = fill(at('in'), 3) as [string];
    const whole = readFileSync(a);
    writeFileSync(a, whole.subarray(0, 200));
    const args = ['predict', at('in'), '-o', at('out.jsonl'), '--resume', ...OCR];
    expect((await paligemma(args)).code).toBe(6);
    expect(linesOf(at('out.jsonl')).filter(({ error }) => error !== undefined)).toHaveLength(1);
    writeFileSync(a, whole);
    expect((await paligemma(args)).code).toBe(0);
    const lines = sorted(linesOf(at('out.jsonl')));
    expect(lines.map(({ image, error }) => [path.basename(image), error])).toEqual([
      ['000.png', undefined],
      ['001.png', undefined],
      ['002.png', undefined],
    ]);
  });

  it('neither loses nor repeats a picture when killed again and again', async () => {
    const names = fill(at('in'), 60);
    const whole = await paligemma(['predict', at('in'), '-o', at('whole.jsonl'), ...OCR]);
    expect(whole.code).toBe(0);
    const killed = at('killed.jsonl');
    const args = ['predict', at('in'), '-o', killed, '--resume', ...OCR];
    const size = (): number => (existsSync(killed) ? readFileSync(killed).length : 0);
    let kills = 0;
    for (; kills < 3; kills++) {
      const before = size();
      const child = start(args);
      const gone = once(child, 'close');
      // After some more lines, wherever in one that is.
      while (size() < before + 3000 + 1111 * kills && child.exitCode === null) await sleep(2);
      child.kill('SIGKILL');
      const [, signal] = (await gone) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
      // What a kill in the middle of a write leaves.
      if (kills === 1) writeFileSync(killed, readFileSync(killed).subarray(0, -40));
    }
    const last = await paligemma(args);
    expect(last.code).toBe(0);
    expect(last.stderr).toMatch(/^predict: 60 answered \(\d+ of them before\), 0 failed: /);
    expect(last.stderr).not.toContain('(0 of them');
    const lines = linesOf(killed);
    expect(sorted(lines).map(({ image }) => image)).toEqual(names);
    expect(answers(lines)).toEqual(answers(linesOf(at('whole.jsonl'))));
  }, 120_000);

  it('is continued after Ctrl-C as well', async () => {
    const names = fill(at('in'), 40);
    const args = ['predict', at('in'), '-o', at('out.jsonl'), '--resume', ...OCR];
    const child = start(args);
    const finished = finish(child);
    while (!existsSync(at('out.jsonl')) || linesOf(at('out.jsonl')).length < 3) await sleep(5);
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect(code).toBe(130);
    const done = linesOf(at('out.jsonl')).length;
    expect(stderr).toBe(`interrupted: ${done} of 40 answered\n`);
    expect((await paligemma(args)).code).toBe(0);
    expect(sorted(linesOf(at('out.jsonl'))).map(({ image }) => image)).toEqual(names);
  });
});

describe('--watch', () => {
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(20);
  };

  it('answers about what is there and what comes, until Ctrl-C', async () => {
    const names = fill(at('in'), 2);
    const child = start(['predict', '--watch', at('in'), ...OCR]);
    let seen = '';
    child.stdout.on('data', (text: Buffer) => {
      seen += String(text);
    });
    const finished = finish(child);
    const count = (): number => seen.split('\n').length - 1;
    await until(() => count() === 2);
    // Written beside, then renamed; a burst; one that is no picture; one that is gone at once.
    const more = fill(at('other'), 6).map((file) => {
      const target = at('in', `new-${path.basename(file)}`);
      renameSync(file, target);
      return target;
    });
    writeFileSync(at('in', 'bad.png'), 'no picture');
    writeFileSync(at('in', 'half.png.part'), 'x');
    writeFileSync(at('in', 'gone.png'), 'x');
    rmSync(at('in', 'gone.png'));
    await until(() => count() === 9);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(130);
    expect(imagesOf(stdout)).toEqual([...names, ...more, at('in', 'bad.png')].sort());
    expect(stderr).toMatch(/bad\.png: ERR_IMAGE_FORMAT: /);
    expect(stderr).toMatch(/\ninterrupted: 8 answered\n$/);
  });

  it('goes on where it was with --resume', async () => {
    fill(at('in'), 3);
    const args = ['predict', '--watch', at('in'), '-o', at('out.jsonl'), '--resume', ...OCR];
    const lines = (): Line[] => (existsSync(at('out.jsonl')) ? linesOf(at('out.jsonl')) : []);
    for (const [add, total] of [
      [0, 3],
      [2, 5],
    ] as const) {
      for (const file of add === 0 ? [] : fill(at('more'), add)) {
        renameSync(file, at('in', `later-${path.basename(file)}`));
      }
      const child = start(args);
      const gone = once(child, 'close');
      await until(() => lines().length >= total);
      child.kill('SIGKILL');
      await gone;
    }
    expect(sorted(lines()).map(({ image }) => path.basename(image))).toEqual([
      '000.png',
      '001.png',
      '002.png',
      'later-000.png',
      'later-001.png',
    ]);
  });

  it('fails at once without a folder', async () => {
    const { code, stdout, stderr } = await paligemma(['predict', '--watch', at('none'), ...OCR]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: ERR_IMAGE_NOT_FOUND: .*none does not exist\n$/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('wrong usage', () => {
  it.each<[string, string[], string]>([
    [
      'resume without output',
      ['x.png', '--resume'],
      "'--resume' needs option '-o, --output <file>'",
    ],
    ['resume of standard input', ['-', '-o', 'o', '--resume'], 'cannot be resumed'],
    ['standard input as picture and list', ['-', '@-'], 'can be read once only'],
    ['output and stream', ['x.png', '-o', 'o', '--stream'], 'neither --output nor --save'],
    ['resume of a table', ['x.png', '-o', 'o.csv', '--resume'], '--resume continues JSON lines'],
    [
      'stream and concurrency',
      ['x.png', '--stream', '--concurrency', '2'],
      "cannot be used with option '--concurrency",
    ],
    ['no concurrency', ['x.png', '--concurrency', '0'], 'expected an integer from 1 to 64'],
    ['watch and pictures', ['x.png', '--watch', 'in'], 'takes no other pictures'],
    ['watch and json', ['--watch', 'in', '--json'], 'is complete at the end only'],
    ['new-only without watch', ['x.png', '--new-only'], "'--new-only' needs option '--watch'"],
    ['no picture', [], "missing required argument 'image'"],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await paligemma(['predict', ...args, '-p', 'ocr']);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/Usage: paligemma predict/);
    expect([code, stdout]).toEqual([2, '']);
  });
});
