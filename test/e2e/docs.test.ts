/**
 * The documents do what they say: examples and code blocks run and print what is shown beside them, tables made from
 * declarations are current, links lead somewhere. `PALIGEMMA_UPDATE_DOCS=1` writes the tables anew instead.
 */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { METRICS } from '../../src/evaluation/metrics/registry.js';
import { EVALUATED } from '../../src/evaluation/tasks.js';
import { convert, inspect } from '../../src/index.js';
import { CONVERT_OPTIONS } from '../../src/options/convert.js';
import { optionTable } from '../../src/options/describe.js';
import { GENERATE_OPTIONS } from '../../src/options/generate.js';
import { PULL_OPTIONS } from '../../src/options/hub.js';
import { ENCODE_OPTIONS } from '../../src/options/image.js';
import { LOAD_OPTIONS } from '../../src/options/load.js';
import { type Declarations, REQUIRED } from '../../src/options/option.js';
import {
  MODEL_OPTIONS,
  SERVE_OPTIONS,
  SERVED_MODEL_OPTIONS,
  SERVER_OPTIONS,
} from '../../src/options/server.js';
import {
  ASK_OPTIONS,
  CAPTION_OPTIONS,
  CLASSIFY_OPTIONS,
  DETECT_OPTIONS,
  EXTRACT_OPTIONS,
  OCR_OPTIONS,
  VIDEO_TASK_OPTIONS,
} from '../../src/options/tasks.js';
import { PROMPT_WARNINGS } from '../../src/tasks/advisor/advice.js';
import { MARKERS } from '../../src/tasks/markers.js';
import { codeOf, INPUT_NOTES } from '../../src/tasks/prompt-input.js';
import { type AnswerKind, TASKS, type Task } from '../../src/tasks/registry.js';
import { FORMATS } from '../../src/wire/formats.js';
import { drawnTable } from '../support/drawn-table.js';
import { ROOT } from '../support/models.js';
import { savedTable } from '../support/saved-by.js';
import { sizeTable } from '../support/size-table.js';

const DOCUMENTS = [
  ...['README.md', 'CHANGELOG.md', 'SECURITY.md', 'models/README.md'],
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Where blocks run: the repository as a program that has installed the package sees it, so that blocks run unchanged. */
let program: string;

/** What a reader types stands for something else here. */
const COMMANDS: Readonly<Record<string, string>> = {
  // The first half of it, setting up, has happened when tests run.
  'npm run demo': `cd "${ROOT}" && node examples/demo.mjs`,
};

beforeAll(() => {
  program = realpathSync(mkdtempSync(path.join(tmpdir(), 'paligemma-docs-')));
  for (const name of ['examples', 'models', 'test', 'README.md']) {
    symlinkSync(path.join(ROOT, name), path.join(program, name));
  }
  mkdirSync(path.join(program, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(ROOT, path.join(program, 'node_modules', 'node-paligemma'), 'junction');
  // What docs/serving.md installs beside it.
  symlinkSync(
    path.join(ROOT, 'node_modules', 'fastify'),
    path.join(program, 'node_modules', 'fastify'),
    'junction',
  );
  const command = path.join(program, 'node_modules', '.bin', 'paligemma');
  const main = path.join(ROOT, 'lib', 'cli', 'main.js');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(command, 0o755);
});

afterAll(() => rmSync(program, { recursive: true, force: true }));

/** stdout of a program that has to end with 0. */
function run(file: string, args: readonly string[], cwd: string): Promise<string> {
  const { PALIGEMMA_MODEL: _, NO_COLOR: __, FORCE_COLOR: ___, ...inherited } = process.env;
  const bin = [path.join(program, 'node_modules', '.bin'), path.dirname(process.execPath)];
  const env = { ...inherited, PATH: [...bin, process.env['PATH']].join(path.delimiter) };
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd, env, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${file} ${args.join(' ')}: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}

// --- what is shown and what is printed ------------------------------------------------------------------------------

/** Where the reader's program is, in what is shown. */
const SHOWN_FOLDER = '/home/ada/program';

/** Times differ from run to run, threads and folders from machine to machine. */
function steady(text: string): string {
  return text
    .replaceAll(program, SHOWN_FOLDER)
    .replace(/\d+ ms\b/g, '# ms')
    .replace(/("\w+Ms"):[\d.]+/g, '$1:#')
    .replace(/with \d+ threads/g, 'with # threads')
    .replace(/[ \t]+/g, ' ')
    .trim();
}

/** Another CPU rounds otherwise, which may move the edge of a box to a neighbouring bin. */
const COORDINATE = /<loc(\d{4})>|(?<=\b[xy] |\bto )\s*(\d+)(?=( to|,| pixels| of))/g;
const NEAR = 20;

/** So do scores and other numbers with a fraction. */
const FRACTION = /\b\d+\.\d+\b/g;
const NEAR_SCORE = 0.05;

function expectSameOutput(actual: string, shown: string): void {
  const numbers = (text: string, kind: RegExp): number[] =>
    [...text.matchAll(kind)].map((match) => Number(match[1] ?? match[2] ?? match[0]));
  const rest = (text: string): string => text.replace(COORDINATE, '@').replace(FRACTION, '#.#');
  const [a, b] = [steady(actual), steady(shown)];
  expect(rest(a)).toBe(rest(b));
  for (const [kind, near] of [
    [COORDINATE, () => NEAR],
    // Fractions of pixels are coordinates as well.
    [FRACTION, (value: number) => (value < 1 ? NEAR_SCORE : NEAR)],
  ] as const) {
    const expected = numbers(b, kind);
    for (const [i, value] of numbers(a, kind).entries()) {
      expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThanOrEqual(near(value));
    }
  }
}

describe('the comparison of outputs', () => {
  it('forgives times and neighbouring bins, and nothing else', () => {
    expectSameOutput('<loc0100> cat, 12 ms', '<loc0110> cat,  9 ms');
    expectSameOutput('x 9 to 20 of 224', 'x 7 to 21 of 224');
    expectSameOutput('cat 0.37 [12.5, 9.1]', 'cat 0.38 [11.0, 9.4]');
    for (const [a, b] of [
      ['<loc0100> cat', '<loc0200> cat'],
      ['cat 0.37', 'cat 0.57'],
      ['cat [12.5]', 'cat [62.5]'],
      ['<loc0100> cat', '<loc0100> dog'],
      ['x 9 to 20 of 224', 'x 9 to 90 of 224'],
      ['3 tokens', '4 tokens'],
      ['a <loc0001>', 'a'],
    ] as const) {
      expect(() => expectSameOutput(a, b)).toThrow();
    }
  });
});

// --- examples -------------------------------------------------------------------------------------------------------

const CAPTION = 'an orange triangle, a white circle and a yellow square';

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'annotate.mjs': [
    'white circle: score 0.8, with a mask',
    'orange triangle: score 0.7, with a mask',
    'yellow square: score 0.4, with a mask',
    'drawn to annotated.webp',
  ],
  'abort.mjs': [
    '1. the user went away',
    '2. TimeoutError',
    '3. the first piece is "an"',
    'AbortError: the loop over the stream was left',
    'still there: 3',
  ],
  'caption.mjs': [
    CAPTION,
    '11 tokens, ended by stop',
    '64 image tokens and 4 prompt tokens went in',
    'probability 0.06',
  ],
  'commonjs.cjs': [
    CAPTION,
    'ERR_IMAGE_NOT_FOUND: no-such-file.png does not exist (looked for /home/ada/program/no-such-file.png, as the working directory is /home/ada/program)',
  ],
  'many-questions.mjs': [
    'how many shapes are there? 3',
    'how many circles are there? 1',
    'what color is the triangle? orange',
    'is there a red circle? no',
    '4 answers, the picture was encoded 1 time(s)',
  ],
  'stream.mjs': ['ID 472', '6 tokens, ended by stop'],
  'worker.mjs': [`caption en: ${CAPTION}`, 'answer en how many shapes are there?: 3'],
};

const lines = (text: string): string[] => text.trim().split(/\s*\n\s*/);

describe('examples', () => {
  it('are all tested here, but for the demo, whose output the README shows', () => {
    const entries = readdirSync(path.join(ROOT, 'examples'), { withFileTypes: true });
    const programs = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    expect(programs.sort()).toEqual(['demo.mjs', ...Object.keys(EXAMPLES)].sort());
    expect(read('README.md')).toContain('$ npm run demo\n');
    // servers.test.ts runs those of server, `npm run test:packages` those of deployment.
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.sort()).toEqual(['deployment', 'pictures', 'server']);
    for (const folder of ['deployment/bundlers', 'deployment/nextjs', 'server'])
      expect(read('docs/deployment.md')).toContain(`(../examples/${folder})`);
  });

  for (const [name, shown] of Object.entries(EXAMPLES)) {
    it(`${name} prints what it should, from any folder`, async () => {
      const output = await run(process.execPath, [path.join(ROOT, 'examples', name)], program);
      expect(lines(output.replaceAll(program, SHOWN_FOLDER))).toEqual(shown);
    });
  }

  it.each(Object.keys(EXAMPLES))('%s takes a picture and a model as arguments', async (name) => {
    const file = path.join(ROOT, 'examples', name);
    const attempt = (picture: string, model: string): Promise<string> =>
      run(process.execPath, [file, picture, model], program).catch((e: Error) => e.message);
    expect(await attempt('missing.png', 'models/shapes-mix-224-q8_0.gguf')).toMatch(
      /ERR_IMAGE_NOT_FOUND.*missing\.png|missing\.png does not exist/,
    );
    expect(await attempt('examples/pictures/text.png', 'missing.gguf')).toMatch(
      /ERR_MODEL_NOT_FOUND|cannot open missing\.gguf/,
    );
  });
});

// --- blocks of the documents ----------------------------------------------------------------------------------------

interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
}

function blocksOf(file: string): Block[] {
  const text = read(file);
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map((match) => ({
    language: match[2] ?? '',
    code: match[3] ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }));
}

for (const file of DOCUMENTS) {
  const blocks = blocksOf(file);
  const first = blocks.find((block) => block.language === 'js');
  blocks.forEach((block, i) => {
    const title = `${file}:${block.line}`;
    if (block.language === 'js') {
      it(`${title} runs and prints what is shown below it`, async () => {
        // A block without an import continues the first one of the page.
        const before = /^import /m.test(block.code) ? '' : `${first?.code}console.log('\\f');\n`;
        const script = path.join(program, `${path.basename(file)}-${block.line}.mjs`);
        writeFileSync(script, before + block.code);
        const output = (await run(process.execPath, [script], program)).split('\f\n').at(-1) ?? '';
        const next = blocks[i + 1];
        expectSameOutput(output, next?.language === 'text' ? next.code : '');
      });
    } else if (block.language === 'console') {
      it(`${title} shows what the commands print`, async () => {
        const sessions = block.code.split(/^\$ /m).slice(1);
        expect(sessions.length).toBeGreaterThan(0);
        for (const session of sessions) {
          const [typed = '', ...shown] = session.split('\n');
          const command = COMMANDS[typed] ?? typed.replace(/^npx /, '');
          expectSameOutput(await run('sh', ['-c', command], program), shown.join('\n'));
        }
      });
    }
  });
}

// --- tables ---------------------------------------------------------------------------------------------------------

/** What a task takes beside the options that all tasks take. */
function ownOptions(all: Declarations): Declarations {
  return without(OCR_OPTIONS, all);
}

function without(some: Declarations, all: Declarations): Declarations {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !(name in some)));
}

/** What is left out around a prompt. */
function markerTable(): string {
  const kinds = { picture: 'a picture', control: 'control token', turn: 'chat' };
  const show = (sample: string): string => `\`${JSON.stringify(sample).slice(1, -1)}\``;
  const rows = MARKERS.map(({ kind, of, samples }) => {
    const shown = samples.map((one) => show(one).replaceAll('\\"', '"').replaceAll('|', '\\|'));
    return [shown.join(' '), kinds[kind], of];
  });
  return [['`…` is the prompt', 'Stands for', 'Written by'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** What each task takes, from the registry. */
function taskTable(): string {
  const pictures = { one: 'one', several: 'one or more', two: 'two', clip: 'a clip' };
  const codec = 'the mask codec';
  const rows = Object.entries(TASKS).map(([name, task]: [string, Task]) => {
    const args = Object.entries(task.arguments).map(([argument, one]) => {
      const count = 'minCount' in one ? `, ${one.minCount} to ${one.maxCount}` : '';
      return `\`${argument}\`${count}${one.default === REQUIRED ? '' : ', may be left out'}`;
    });
    const { maskCodec, fineTunedOn } = task.needs ?? {};
    const checkpoint = fineTunedOn && `a checkpoint fine-tuned on ${fineTunedOn}`;
    const needs = [checkpoint, maskCodec && codec].filter(Boolean).join(', ');
    const command = name === 'generate' ? 'predict' : name;
    return [
      `\`${name}\``,
      args.join('; ') || '–',
      pictures[task.images],
      needs || '–',
      `\`paligemma ${command}\``,
    ];
  });
  return [['Task', 'Arguments', 'Pictures', 'Needs', 'Command'], Array(5).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** The file formats of results, and the tasks that have them. */
function formatTable(): string {
  const code = (words: readonly string[]): string => words.map((one) => `\`${one}\``).join(', ');
  const rows = Object.entries(FORMATS).map(([name, format]) => {
    const kinds: readonly AnswerKind[] | undefined = 'kinds' in format ? format.kinds : undefined;
    const able = Object.entries(TASKS).filter(([, { answers }]) => kinds?.includes(answers));
    const tasks = kinds === undefined ? 'all' : code(able.map(([task]) => task));
    return [code([name]), format.doc, code(format.extensions.map((one) => `.${one}`)), tasks];
  });
  const head = ['`--format`', 'What it is', 'Files', 'Tasks'];
  return rowsOf(head, rows);
}

function rowsOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

const TABLES: Readonly<Record<string, () => string>> = {
  'load options': () => optionTable(LOAD_OPTIONS),
  'pull options': () => optionTable(PULL_OPTIONS),
  'server options': () => optionTable(SERVER_OPTIONS),
  'served model options': () => optionTable(without(MODEL_OPTIONS, SERVED_MODEL_OPTIONS)),
  'serve options': () => optionTable(without(SERVER_OPTIONS, SERVE_OPTIONS)),
  'generate options': () => optionTable(GENERATE_OPTIONS),
  'encode options': () => optionTable(ENCODE_OPTIONS),
  'convert options': () => optionTable(CONVERT_OPTIONS),
  tasks: taskTable,
  'task options': () => optionTable(OCR_OPTIONS),
  'caption options': () => optionTable(ownOptions(CAPTION_OPTIONS)),
  'ask options': () => optionTable(ownOptions(ASK_OPTIONS)),
  'detect options': () => optionTable(ownOptions(DETECT_OPTIONS)),
  'classify options': () => optionTable(ownOptions(CLASSIFY_OPTIONS)),
  'video options': () => optionTable(ownOptions(VIDEO_TASK_OPTIONS)),
  'extract options': () => optionTable(ownOptions(EXTRACT_OPTIONS)),
  'usual metrics': () =>
    rowsOf(
      ['`--task`', 'Metrics'],
      Object.entries(EVALUATED).map(([task, { metrics: ids }]) => [
        ...[`\`${task}\``, ids.map((id) => `\`${id}\``).join(', ')],
      ]),
    ),
  metrics: () =>
    rowsOf(
      ['Id', 'Formula', 'Source'],
      METRICS.map(({ id, formula, source }) => [`\`${id}\``, formula, source]),
    ),
  'drawn sets': drawnTable,
  'prompt markers': markerTable,
  formats: formatTable,
  'saved checkpoints': savedTable,
  sizes: sizeTable,
};
const TABLE = /(<!-- table: (.+) -->\n)[\s\S]*?(<!-- end of table -->)/g;

describe('tables', () => {
  it.each([
    ['docs/api.md', 3],
    ['docs/command-line.md', 1],
    ['docs/conversion.md', 3],
    ['docs/evaluation.md', 3],
    ['docs/hub.md', 1],
    ['docs/prompts.md', 1],
    ['docs/serving.md', 3],
    ['docs/tasks.md', 8],
  ] as const)('in %s are those of the declarations', (file, count) => {
    const text = read(file);
    const current = text.replace(TABLE, (_, begin: string, name: string, end: string) => {
      const table = TABLES[name];
      if (!table) throw new Error(`${file} asks for an unknown table: ${name}`);
      return `${begin}\n${table()}\n${end}`;
    });
    if (process.env['PALIGEMMA_UPDATE_DOCS']) writeFileSync(path.join(ROOT, file), current);
    expect(text.match(TABLE)).toHaveLength(count);
    expect(read(file)).toBe(current);
  });

  it('of notes in docs/prompts.md name every code there is', () => {
    const [section = ''] = /## Notes[\s\S]*?(?=\n## )/.exec(read('docs/prompts.md')) ?? [];
    const named = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, codes = '']) =>
      [...codes.matchAll(/`([A-Z_]+)`/g)].map((match) => `PALIGEMMA_PROMPT_${match[1]}`),
    );
    // Several labels to outline are no mistake, and for what is too long there is nothing better to name.
    const silent: readonly string[] = ['several-labels', 'too-long'];
    const kinds = [...PROMPT_WARNINGS, ...INPUT_NOTES].filter((kind) => !silent.includes(kind));
    expect(named.sort()).toEqual(kinds.map((kind) => codeOf(kind)).sort());
  });

  it('of keys in docs/conversion.md name all that a converted file has', async () => {
    const text = read('docs/conversion.md');
    const [section = ''] = /## What is in the file[\s\S]*?\n## /.exec(text) ?? [];
    const named = [...section.matchAll(/`([\w.]+\.\w+)`/g)].map((match) => match[1] ?? '');
    const output = path.join(program, 'keys.gguf');
    const checkpoint = path.join(ROOT, 'test', 'fixtures', 'checkpoints', 'tiny-paligemma2');
    const source = path.join(program, 'fine-tuned');
    cpSync(checkpoint, source, { recursive: true });
    writeFileSync(path.join(source, 'added_tokens.json'), '{"<dent>": 1794}');
    await convert({ source, output, type: 'f32' });
    const keys = Object.keys((await inspect(output)).metadata);
    expect(keys.map((key) => key.replace(/^gemma2\./, 'A.')).sort()).toEqual(named.sort());
  });
});

it('docs/api.md and docs/tasks.md name every function and class that the package exports', async () => {
  const text = read('docs/api.md') + read('docs/tasks.md');
  const missing = Object.keys(await import('../../src/index.js')).filter(
    (name) => !new RegExp(`\\b${name}\\b`).test(text),
  );
  expect(missing).toEqual([]);
});

it('docs/deployment.md shows the configurations of the examples as they are', () => {
  const shown = blocksOf('docs/deployment.md').map(({ code }) => code);
  const config = (file: string): string => read(`examples/deployment/${file}`);
  expect(shown).toContain(config('nextjs/next.config.mjs'));
  expect(shown).toContain(`// webpack.config.mjs\n${config('bundlers/webpack.config.mjs')}`);
  const { scripts } = JSON.parse(config('bundlers/package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  expect(shown).toContain(`${scripts['esbuild']}\n`);
});

// --- links and codes ------------------------------------------------------------------------------------------------

/** Anchors of the headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const text = read(file).replace(/^( *)```[\s\S]*?^\1```$/gm, '');
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
      (match[1] ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe.each(DOCUMENTS)('%s', (file) => {
  it('has links that lead somewhere', () => {
    const prose = read(file).replace(/```[\s\S]*?```/g, '');
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => {
        if (/^https:\/\//.test(link)) return false;
        const [target = '', anchor] = link.split('#');
        const to = target === '' ? file : path.posix.join(path.posix.dirname(file), target);
        if (!existsSync(path.join(ROOT, to))) return true;
        return anchor !== undefined && !anchorsOf(to).has(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('names no error code that does not exist', () => {
    const codes = [...read(file).matchAll(/\bERR_[A-Z_]*[A-Z]\b/g)].map((match) => match[0]);
    expect(codes.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
