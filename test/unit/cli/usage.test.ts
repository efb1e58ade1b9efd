/** What the commands say to users of other tools, and to those whose pictures became labels. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES, exampleName, quoted } from '../../../src/cli/missing.js';
import { OTHER_COMMANDS, OTHER_OPTIONS } from '../../../src/cli/other-tools.js';
import { Output } from '../../../src/cli/output.js';
import { buildProgram } from '../../../src/cli/program.js';

let said = '';

function program(): Command {
  const context = {
    output: new Output(new PassThrough(), new PassThrough(), {}, () => {}),
    signal: new AbortController().signal,
    env: {},
    readStdin: async () => Buffer.alloc(0),
  };
  const all = buildProgram(context, () => {});
  for (const command of [all, ...all.commands]) {
    command.configureOutput({
      writeErr: (text) => {
        said += text;
      },
    });
  }
  return all;
}

/** The message of wrong usage, without the two lines on help. */
async function complaint(args: readonly string[]): Promise<string> {
  said = '';
  await expect(program().parseAsync(args, { from: 'user' })).rejects.toThrow();
  return said.replace(/\nUsage: .*$/s, '').replace(/^error: /, '');
}

describe('the tables of other tools', () => {
  const { commands } = program();
  const longs = new Set(commands.flatMap(({ options }) => options.map(({ long }) => long)));
  const names = new Set(commands.flatMap((one) => [one.name(), ...one.aliases()]));

  it('name options and commands that there are', () => {
    const rows = [...OTHER_OPTIONS].map(([name, { ours = [], say }]) => ({ name, ours, say }));
    const missing = rows.filter(
      ({ ours, say }) => say === undefined && !ours.some((one) => longs.has(one.split(' ')[0])),
    );
    expect(missing).toEqual([]);
    const lost = [...OTHER_COMMANDS].filter(
      ([, { ours = [], say }]) => say === undefined && !ours.some((one) => names.has(one)),
    );
    expect(lost).toEqual([]);
  });

  it('hold no command of ours, as it would be run', () => {
    expect([...OTHER_COMMANDS.keys()].filter((name) => names.has(name))).toEqual([]);
  });

  it('name each thing once', () => {
    for (const table of [OTHER_OPTIONS, OTHER_COMMANDS]) {
      const rows = new Set(table.values());
      expect([...rows].flatMap((row) => row.names.split(' ')).sort()).toEqual(
        [...table.keys()].sort(),
      );
    }
  });
});

describe('an option of another tool', () => {
  it.each<[string, string]>([
    ['detect bus.jpg --conf 0.3', '(Did you mean --min-score?)'],
    ['detect bus.jpg --Conf_Thres 0.3', '(Did you mean --min-score?)'],
    ['detect bus.jpg --classes 0', '(Did you mean --label?)'],
    ['predict a.jpg -n 5', '(Did you mean --max-tokens?)'],
    ['predict a.jpg -ngl 99', '(Did you mean --device cuda?)'],
    ['predict a.jpg --top_k 4', '(Did you mean --top-k?)'],
    ['ask a.jpg --prompt x', '(Did you mean --question?)'],
    ['caption a.jpg -l deu', '(Did you mean --language?)'],
    ['caption a.jpg --conf 1', '(--min-score is an option of detect'],
    ['caption --question x', '(--question is an option of ask'],
    ['ocr --image a.jpg', '(pictures are arguments: paligemma ocr photo.jpg)'],
    ['ocr a.jpg --psm 6', '(there is no layout analysis'],
    ['-m x.gguf --image a.jpg', '(options come after the command: paligemma predict photo.jpg -m'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(`\n${expected}`);
  });
});

describe('a command of another tool', () => {
  it.each<[string, string]>([
    ['show x', '(Did you mean inspect?)'],
    ['object-detection a.jpg', '(Did you mean detect?)'],
    ['rm x', '(models are plain files'],
    ['photo.jpg', '(a command comes first: paligemma caption photo.jpg)'],
    ['detct a.jpg', '(Did you mean detect?)'],
    ['version', '(paligemma --version)'],
    ['login', '(a token in the environment is enough'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(`\n${expected}`);
  });
});

describe('words among the pictures', () => {
  it.each<[string, string]>([
    ['detect conf=0.25 model=y.pt', 'conf=0.25 (options have dashes: --min-score 0.25)'],
    ['detect source=bus.jpg', 'source=bus.jpg (pictures are arguments: paligemma detect bus.jpg)'],
    ['caption device=cpu a.png', 'device=cpu (options have dashes: --device cpu)'],
    ['caption a.png conf=0.2', 'conf=0.2 (--min-score is an option of detect'],
    ['detect predict a.png', 'predict (the command alone says what to do: leave it out)'],
    ['detect 0 -l x', '0 (cameras are not read; another program takes the picture: ffmpeg'],
    ['ocr a.png stdout', 'stdout (results go to standard output by themselves'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(`there is no picture ${expected}`);
  });

  it.each<[string, string]>([
    ['detect a.png -l cat conf=0.25', 'conf=0.25 was taken as value of --label,'],
    ['detect a.png -l cat conf=0.25', '(options have dashes: --min-score 0.25)'],
    ['segment a.png -l cat save=True', '(options have dashes: --save)'],
    ['sweep a.png -p ocr imgsz=640', '(each picture is resized to the size of the model'],
    ['extract a.png -f total conf=0.25', 'conf=0.25 was taken as value of --field,'],
  ])('also where an option took them: %s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
  });
});

describe('what is missing', () => {
  it.each<[readonly string[], string]>([
    [['detect', 'a.jpg'], '(for example: paligemma detect a.jpg --label cat)'],
    [['detect'], '(for example: paligemma detect photo.jpg --label cat)'],
    [['detect', 'a.jpg', 'car'], '(Did you mean paligemma detect a.jpg --label car?)'],
    [['ask', 'a.jpg', 'how many?'], '(Did you mean paligemma ask a.jpg --question "how many?"?)'],
    [
      ['ask', 'a.jpg', 'how', 'many', 'cars'],
      '(Did you mean paligemma ask a.jpg --question "how many cars"?)',
    ],
    [
      ['detect', 'a.jpg', 'red car', 'dog'],
      '(Did you mean paligemma detect a.jpg --label "red car" dog?)',
    ],
    [['ask', 'how many?'], '(Did you mean paligemma ask photo.jpg --question "how many?"?)'],
    [
      ['detect', 'shots/*', '@list', '-'],
      '(for example: paligemma detect "shots/*" @list - --label cat)',
    ],
    [
      ['compare', 'a.jpg', 'b.jpg'],
      '(for example: paligemma compare a.jpg b.jpg --statement "both',
    ],
    [
      ['compare', 'a.jpg', '-s', 'x'],
      '(for example: paligemma compare a.jpg right.jpg --statement x)',
    ],
    [['compare', 'a.jpg'], '(for example: paligemma compare a.jpg right.jpg --statement "both'],
    [['caption'], '(for example: paligemma caption photo.jpg; a folder, a pattern in quotes, or -'],
    [['convert', 'a'], '(for example: paligemma convert a paligemma-3b-mix-224-q8_0.gguf)'],
    [['pull'], '(for example: paligemma pull hf:owner/repo)'],
    [['run'], '(for example: paligemma run photo.jpg)'],
  ])('%j', async (line, expected) => {
    expect(await complaint(line)).toContain(`\n${expected}`);
  });

  it('has an example for all that must be there', () => {
    const needed = program().commands.flatMap((command) => [
      ...command.options
        .filter((option) => option.description.includes('required'))
        .map(exampleName),
      ...command.registeredArguments
        .filter((argument) => argument.required || argument.name() === 'image')
        .map((argument) => argument.name()),
    ]);
    expect([...new Set(needed)].filter((name) => !EXAMPLES.has(name))).toEqual([]);
    expect([...EXAMPLES.keys()].filter((name) => !needed.includes(name))).toEqual([]);
  });
});

describe('too much', () => {
  it.each<[readonly string[], string]>([
    [
      ['run', 'a.jpg', 'what is', 'this?'],
      'for one answer: paligemma predict a.jpg --prompt "what is this?")',
    ],
    [
      ['run', 'llava', 'what is this?'],
      'for one answer: paligemma predict photo.jpg --prompt "what is this?" --model llava)',
    ],
    [['inspect', 'a', 'b'], 'Expected 1 argument but got 2.'],
  ])('%j', async (line, expected) => {
    expect(await complaint(line)).toContain(expected);
  });
});

describe('an option in place of a value', () => {
  it.each<[string, string]>([
    ['ask a.jpg -q --json', '--json was taken as value of -q, --question <text>'],
    ['caption a.jpg --output --json', '--json was taken as value of -o, --output <file>'],
    ['caption a.jpg --language -q', '-q was taken as value of --language <code>'],
    [
      'ask a.jpg --question y -q',
      "option '-q, --question <text>' argument missing\n(-q is --question here; fewer notes are asked for with --quiet)",
    ],
    ['video a.gif -q', '(-q is --question here; fewer notes are asked for with --quiet)'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
  });
});

describe('a file in place of a text', () => {
  it.each<[string, string]>([
    ['predict a.jpg -p @prompt.txt', '@prompt.txt is no text for --prompt (the shell reads files:'],
    ['extract a.jpg -f @f.txt', '@f.txt is no text for --field ('],
    ['compare a.jpg b.jpg -s @s.txt', '@s.txt is no text for --statement ('],
    [
      'compare a.jpg b.jpg -s -',
      '- is no text for --statement (the shell reads standard input: --st',
    ],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
  });
});

describe('a device as PyTorch counts them', () => {
  it.each(['0', 'cuda:0'])('%s', async (device) => {
    expect(await complaint(['caption', 'a.png', '--device', device])).toContain('--device CUDA0,');
  });
});

describe('a name that begins with a dash or with @', () => {
  it('is written with its folder', async () => {
    expect(await complaint(['caption', '-dash.png'])).toContain(
      '(a picture whose name begins with a dash: ./-dash.png)',
    );
  });
});

describe('a command that is suggested', () => {
  it.each([
    'a b',
    'how many?',
    'is "it" $5',
    "it's `here`",
    'C:\\a b',
    "don't stop!",
    '~/x',
    '*',
    '',
    'ä;b',
    '-',
  ])('has words as a shell takes them: %j', (word) => {
    const said = execFileSync('sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' });
    expect(said).toBe(word);
  });
});

describe('a text without quotes', () => {
  it.each<[string, string]>([
    [
      'ask --question what is this a.png',
      '"is", "this" are no pictures (a text with spaces needs quotes: paligemma ask a.png --question "what is this")',
    ],
    ['ask a.png -q what is --quiet', 'paligemma ask a.png --question "what is")'],
    ['predict a.png --prompt=caption en --json', 'paligemma predict a.png --prompt "caption en")'],
    ['refer --phrase red car', 'paligemma refer photo.jpg --phrase "red car")'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
  });
});

describe('prompts about one picture', () => {
  it.each<[string, string]>([
    ['run llava a.png', '(a model is chosen with --model: paligemma run a.png --model llava)'],
    ['run a.png b.png', '(it is about one picture at a time, and /image takes the next one; for'],
    ['run a.png b.png', 'several: paligemma predict a.png b.png --prompt "caption en")'],
    ['run a.png what is it', 'for one answer: paligemma predict a.png --prompt "what is it")'],
    ['run llava what is it', 'paligemma predict photo.jpg --prompt "what is it" --model llava)'],
    ['run llava', '(a model is chosen with --model: paligemma run photo.jpg --model llava)'],
    ['run -', '(standard input has the prompts: name a file, paligemma run photo.jpg)'],
    ['run @list.txt', 'there is no picture @list.txt'],
    ['run none.png', 'there is no picture none.png'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
    expect(said).not.toContain('--prompt a.png');
    if (/-|none.png/.test(line)) expect(said).not.toMatch(/--model (-|none.png)/);
  });
});

describe('values that there are not', () => {
  it.each<[string, string]>([
    ['completion powershell', 'shell is "powershell", expected bash, zsh, fish'],
    ['completion bahs', '\n(Did you mean bash?)'],
    ['draw-set receits', '\n(Did you mean receipts?)'],
    [
      'caption a.png --kv-type f61',
      '--kv-type is "f61", expected one of "f16", "f32", "q8_0" (did',
    ],
    ['caption a.png --threads x', '--threads is "x", expected an integer from 0 to 512'],
    ['detect a.png -l ,', '--label is ",", commas alone, expected a text'],
    ['detect a.png -l cat -l ,,', '--label is ",,", commas alone, expected a text'],
    ['classify a.png -l ,', '--label is ",", commas alone, expected a text'],
    ['segment a.png --label=', '--label is empty, expected a text'],
    ['help nope', "unknown command 'nope'"],
    ['help detct', "unknown command 'detct'\n(Did you mean detect?)"],
    ['help show', '(Did you mean inspect?)'],
  ])('%s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
    expect(said).not.toContain('is invalid');
  });
});

describe('a picture after --label', () => {
  let folder: string;
  let picture: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'paligemma-usage-'));
    picture = path.join(folder, 'there.jpg');
    writeFileSync(picture, '');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is named, with what to type', async () => {
    expect(await complaint(['detect', '-l', 'red car', 'photo.jpg'])).toBe(
      'photo.jpg was taken as value of --label, which takes all words after it (pictures come first: paligemma detect photo.jpg --label "red car")',
    );
    expect(await complaint(['extract', '-f', 'total', 'a.png', 'b.png'])).toContain(
      'a.png, b.png were taken as values of --field',
    );
    expect(await complaint(['detect', '--save', 'photo.jpg', '-l', 'cat'])).toBe(
      'photo.jpg was taken as value of --save, which takes the word after it (pictures come first: paligemma detect photo.jpg --save)',
    );
  });

  it.each<[string, string]>([
    ['detect a.jpg -l cat -', '- was taken as value of --label, which takes all words after it'],
    ['detect a.jpg -l cat -', '(pictures come first: paligemma detect a.jpg - --label cat)'],
    ['detect -l cat @-', '(pictures come first: paligemma detect @- --label cat)'],
    ['detect -l cat @list.txt', '(pictures come first: paligemma detect @list.txt --label cat)'],
    ['detect a.jpg -l cat @list.txt', '@list.txt is no text for --label (the shell reads files'],
    ['extract -f total -', '(pictures come first: paligemma extract - --field total)'],
    ['sweep -p ocr @-', '(pictures come first: paligemma sweep @- --prompt ocr)'],
    ['caption a.jpg --save -', '(pictures come first: paligemma caption a.jpg - --save)'],
    ['ask -q -', '(pictures come first: paligemma ask - --question …)'],
  ])('is also -, @- and a list: %s', async (line, expected) => {
    expect(await complaint(line.split(' '))).toContain(expected);
  });

  it('is not named twice', async () => {
    expect(await complaint(['caption', picture, '--save', picture])).toBe(
      `${picture} was taken as value of --save, which takes the word after it (it is named already: paligemma caption ${quoted(picture)} --save)`,
    );
    expect(await complaint(['detect', picture, '-l', 'cat', picture])).toContain(
      `(it is named already: paligemma detect ${quoted(picture)} --label cat)`,
    );
  });

  it('is named when it is there, also after other pictures', async () => {
    expect(await complaint(['detect', 'a.jpg', '-l', 'cat', picture])).toContain(
      `paligemma detect a.jpg ${quoted(picture)} --label cat)`,
    );
  });
});
