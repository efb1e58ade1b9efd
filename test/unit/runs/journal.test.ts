/** The file of --output: what a kill, other settings, another writer or a stranger's file do to it. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Journal, type JournalOptions, type Run } from '../../../src/runs/journal.js';
import { folderWith } from '../../support/folder.js';
import { OPEN_FILES_REPLACED } from '../../support/needs.js';

const RUN: Run = {
  command: 'predict',
  model: 'm.gguf',
  fingerprint: '0123',
  prompt: 'ocr',
  labels: ['a', 'b'],
};
interface Picture {
  readonly image: string;
  readonly error?: unknown;
}

const options = (resume: boolean): JournalOptions<Picture> => ({
  resume,
  firstField: 'image',
  keyOf: ({ image }) => path.resolve(image),
  words: { output: '--output', resume: '--resume', setting: (name: string) => name },
});

const FAILED = { code: 'ERR_IMAGE_CORRUPT', message: 'broken' };

const images = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { image, error } = JSON.parse(line) as { image: string; error?: object };
      return error === undefined ? image : `${image}!`;
    });

/** A file with lines of `RUN` for these pictures; `x!` is a failure. */
async function written(...names: string[]): Promise<string> {
  const file = path.join(folderWith([]), 'out.jsonl');
  const journal = await Journal.open(file, RUN, options(false));
  for (const name of names) {
    const image = name.replace('!', '');
    await journal.add(name.endsWith('!') ? { image, error: FAILED } : { image });
  }
  await journal.close();
  return file;
}

async function refusal(file: string, run: Run = RUN, resume = true): Promise<string> {
  const before = existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
  const outcome = await Journal.open(file, run, options(resume)).catch((error: unknown) => error);
  if (outcome instanceof Journal) throw new Error('was opened');
  if (before !== undefined) expect(readFileSync(file)).toEqual(before);
  expect(outcome).toMatchObject({ code: 'ERR_OUTPUT' });
  return (outcome as Error).message;
}

describe('a new file', () => {
  it('has a line for each picture, with what it was made with', async () => {
    const file = await written('a.png', 'b.png!');
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.map((line) => (line === '' ? line : (JSON.parse(line) as unknown)))).toEqual([
      { image: 'a.png', run: RUN },
      { image: 'b.png', error: FAILED, run: RUN },
      '',
    ]);
  });

  it('may be there if it is empty', async () => {
    const file = path.join(folderWith(['out.jsonl']), 'out.jsonl');
    const journal = await Journal.open(file, RUN, options(false));
    await journal.add({ image: 'a.png' });
    await journal.close();
    expect(images(file)).toEqual(['a.png']);
  });

  it('is not one that has something', async () => {
    expect(await refusal(await written('a.png'), RUN, false)).toMatch(
      /exists \(continue it with --resume/,
    );
  });

  it('cannot be a folder, a link to nothing, or where no folder is', async () => {
    const folder = folderWith([]);
    mkdirSync(path.join(folder, 'sub'));
    symlinkSync(path.join(folder, 'nothing'), path.join(folder, 'link'));
    expect(await refusal(path.join(folder, 'sub'))).toContain('is a folder');
    expect(await refusal(path.join(folder, 'link'))).toContain('is a link to nothing');
    expect(await refusal(path.join(folder, 'none', 'out'))).toContain('cannot open');
  });
});

describe('resuming', () => {
  it('knows what is done, once, and not what failed', async () => {
    const file = await written('a.png', 'b.png!', 'c.png');
    const journal = await Journal.open(file, RUN, options(true));
    expect(
      ['a.png', './a.png', 'b.png', 'c.png', 'd.png'].map((image) =>
        journal.skip(path.resolve(image)),
      ),
    ).toEqual([true, false, false, true, false]);
    await journal.close();
    expect(images(file)).toEqual(['a.png', 'b.png!', 'c.png']);
  });

  it('works whatever length a kill left of the last line', async () => {
    const file = await written('a.png', 'b.png', 'c.png');
    const whole = readFileSync(file);
    const start = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let length = start; length <= whole.length; length++) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      const journal = await Journal.open(file, RUN, options(true));
      const left = ['a.png', 'b.png', 'c.png'].filter(
        (image) => !journal.skip(path.resolve(image)),
      );
      expect(left).toEqual(length === whole.length ? [] : ['c.png']);
      for (const image of left) await journal.add({ image });
      await journal.close();
      expect(readFileSync(file)).toEqual(whole);
    }
  });

  it('cuts off what a power failure left', async () => {
    const file = await written('a.png');
    for (const rest of ['\0\0\0', '{"ima\0\0', '{"image":"b.png","te\0']) {
      appendFileSync(file, rest);
      const journal = await Journal.open(file, RUN, options(true));
      await journal.close();
      expect(images(file)).toEqual(['a.png']);
    }
  });

  it('takes a failure out when its picture was tried again, and keeps the others', async () => {
    const file = await written('a.png', 'b.png!', 'c.png!', 'd.png!');
    const journal = await Journal.open(file, RUN, options(true));
    await journal.add({ image: 'b.png' });
    await journal.add({ image: 'c.png', error: FAILED });
    expect(images(file)).toEqual(['a.png', 'b.png!', 'c.png!', 'd.png!', 'b.png', 'c.png!']);
    await journal.close();
    expect(images(file)).toEqual(['a.png', 'd.png!', 'b.png', 'c.png!']);
    expect(readdirSync(path.dirname(file))).toEqual(['out.jsonl']);
  });

  // The one that was killed still has the file open.
  it(
    'does so in the next run when the one that tried was killed',
    OPEN_FILES_REPLACED,
    async () => {
      const file = await written('a.png!', 'b.png');
      const killed = await Journal.open(file, RUN, options(true));
      await killed.add({ image: 'a.png' });
      const journal = await Journal.open(file, RUN, options(true));
      expect(journal.skip(path.resolve('a.png'))).toBe(true);
      await journal.close();
      expect(images(file)).toEqual(['b.png', 'a.png']);
      // Had it not been killed, its next line would go into a file without a name.
      await expect(killed.add({ image: 'c.png' })).rejects.toMatchObject({ code: 'ERR_OUTPUT' });
      await killed.close();
      expect(images(file)).toEqual(['b.png', 'a.png']);
    },
  );

  it('goes through a link, which stays one', async () => {
    const file = await written('a.png!');
    const link = path.join(path.dirname(file), 'link');
    symlinkSync(file, link);
    const journal = await Journal.open(link, RUN, options(true));
    await journal.add({ image: 'a.png' });
    await journal.close();
    expect(images(file)).toEqual(['a.png']);
    expect(readdirSync(path.dirname(file)).sort()).toEqual(['link', 'out.jsonl']);
  });
});

describe('resuming is refused, and nothing changed,', () => {
  it.each<[string, Partial<Run>, RegExp]>([
    ['another prompt', { prompt: 'caption en' }, /line 1: prompt "ocr", this run "caption en"/],
    ['another command', { command: 'ask' }, /command "predict", this run "ask"/],
    [
      'another model',
      { fingerprint: '4567', model: 'm.gguf' },
      /model "m.gguf", this run another file/,
    ],
    ['an option more', { topK: 5 }, /topK \(default\), this run 5/],
    ['other labels', { labels: ['a'] }, /labels \["a","b"\], this run \["a"\]/],
  ])('for %s', async (_, change, message) => {
    expect(await refusal(await written('a.png', 'b.png'), { ...RUN, ...change })).toMatch(message);
  });

  it('but not for another name of the same model, or another order of settings', async () => {
    const file = await written('a.png');
    const { command, ...others } = RUN;
    const journal = await Journal.open(
      file,
      { ...others, command, model: 'n.gguf' } as Run,
      options(true),
    );
    expect(journal.skip(path.resolve('a.png'))).toBe(true);
    await journal.close();
  });

  it.each([
    ['text', 'hello\n', 1],
    ['text without a line end', 'hello', 1],
    ['JSON of others', '{"image":"a.png"}\n', 1],
    ['JSON that is no object', 'null\n', 1],
    ['bytes that are no text', Buffer.from([0x7b, 0xe9, 0x7d, 0x0a]), 1],
    ['a row with bytes that are no text', Buffer.from('{"image":"\xe9"}\n', 'latin1'), 1],
    ['a line of others between ours', '{"a":1}\n', 3],
    ['a torn line between ours', '{"image":"c.p\n', 3],
  ])('for %s', async (what, text, line) => {
    const ours = readFileSync(await written('a.png', 'b.png'), 'utf8');
    const file = path.join(folderWith([]), 'file');
    writeFileSync(file, what.endsWith('between ours') ? ours + text + ours : text);
    expect(await refusal(file)).toContain(`line ${line} of ${file} was not written by --output`);
  });
});

it('holds rows of any kind, each with a key of its own', async () => {
  interface Question {
    readonly question: string;
    readonly repeat: number;
    readonly error?: unknown;
  }
  const asked: JournalOptions<Question> = {
    resume: true,
    firstField: 'question',
    keyOf: ({ question, repeat }) => `${question} ${repeat}`,
    words: { output: 'journal', resume: 'resume', setting: (name: string) => name },
  };
  const file = path.join(folderWith([]), 'out.jsonl');
  const first = await Journal.open(file, RUN, asked);
  await first.add({ question: 'how many?', repeat: 1 });
  await first.add({ question: 'how many?', repeat: 2, error: FAILED });
  await first.close();
  appendFileSync(file, '{"question":"how m');
  const again = await Journal.open(file, RUN, asked);
  expect(['how many? 1', 'how many? 2', 'how many? 3'].map((key) => again.skip(key))).toEqual([
    true,
    false,
    false,
  ]);
  await again.add({ question: 'how many?', repeat: 2 });
  await again.close();
  expect(
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { question: 'how many?', repeat: 1, run: RUN },
    { question: 'how many?', repeat: 2, run: RUN },
  ]);
  appendFileSync(file, '{"image":"a.png"}\n');
  await expect(Journal.open(file, RUN, asked)).rejects.toThrow(
    `line 3 of ${file} was not written by journal`,
  );
});

describe('two writers', () => {
  it('notice each other before anything is lost', async () => {
    const file = await written('a.png');
    const [first, second] = [
      await Journal.open(file, RUN, options(true)),
      await Journal.open(file, RUN, options(true)),
    ];
    await first.add({ image: 'b.png' });
    await expect(second.add({ image: 'b.png' })).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      message: expect.stringContaining('was changed by another program'),
    });
    await second.close();
    await first.add({ image: 'c.png' });
    await first.close();
    expect(images(file)).toEqual(['a.png', 'b.png', 'c.png']);
  });
});
