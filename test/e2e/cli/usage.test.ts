/** Help, version, and everything that is wrong usage: exit code 2, stdout empty, a usable message on stderr. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONVERT_OPTIONS } from '../../../src/options/convert.js';
import { GENERATE_OPTIONS } from '../../../src/options/generate.js';
import { LOAD_OPTIONS } from '../../../src/options/load.js';
import type { Declarations } from '../../../src/options/option.js';
import { ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

const TASKS = [
  ...['caption', 'ask', 'ocr', 'detect', 'segment', 'refer', 'classify', 'extract', 'sweep'],
  ...['video', 'compare'],
];
const COMMANDS = ['predict', 'convert', 'inspect', 'tokenize', ...TASKS];

describe('help and version', () => {
  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    for (const flag of ['--version', '-V', '-v']) {
      expect(await paligemma([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('--help lists the commands', async () => {
    const { code, stdout, stderr } = await paligemma(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}[ |]`, 'm'));
  });

  it.each(COMMANDS)('%s --help has examples that run this command', async (command) => {
    const { code, stdout, stderr } = await paligemma([command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    const examples =
      /Examples:\n((?: {2}\$ .*\n?)+)/.exec(stdout)?.[1]?.trimEnd().split('\n') ?? [];
    expect(examples.length).toBeGreaterThanOrEqual(TASKS.includes(command) ? 1 : 3);
    for (const example of examples) expect(example).toContain(`paligemma ${command}`);
  });

  it.each<[string, Declarations]>([
    ['predict', { ...LOAD_OPTIONS, ...GENERATE_OPTIONS }],
    ['convert', CONVERT_OPTIONS],
  ])('%s --help shows a flag for every declared option that can have one', async (command, all) => {
    const { stdout } = await paligemma([command, '--help-all']);
    for (const [name, { kind, default: value, cli, letter }] of Object.entries(all)) {
      const kebab = name.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`);
      const long = kind === 'boolean' && value === true ? `--no-${kebab}` : `--${kebab}`;
      const flag = letter === undefined ? long : `-${letter}, ${long}`;
      const canHave = kind !== 'signal' && kind !== 'function' && cli !== false;
      expect(stdout.includes(`  ${flag} `), flag).toBe(canHave);
    }
  });
});

describe('the width of help', () => {
  it.each([
    ['60', 60],
    ['40', 40],
    ['20', 40],
    ['500', 100],
    ['nonsense', 80],
  ])('with COLUMNS=%s nothing but examples is wider than %i', async (columns, width) => {
    for (const args of [
      ['--help'],
      ['detect', '--help-all'],
      ['pull', '--help'],
      ['doctor', '-h'],
      ['run', '--help'],
      ['convert', '--help-all'],
    ]) {
      const { stdout } = await paligemma(args, { env: { COLUMNS: columns } });
      const lines = stdout.split('\n').filter((line) => !line.includes('$ '));
      // A word is not broken.
      const long = lines.filter((line) => line.length > width && / \S+ /.test(line));
      expect(long).toEqual([]);
      // Nor is a line of a paragraph broken before it must be.
      const early = lines.filter((line, i) => {
        const next = lines[i + 1] ?? '';
        const isProse = /^\S.*[^:]$/.test(line) && /^\S/.test(next);
        return isProse && line.length + 1 + (next.split(' ')[0] ?? '').length <= width;
      });
      expect(early).toEqual([]);
      if (args[0] !== 'detect') continue;
      expect(Math.max(...lines.map((line) => line.length))).toBeGreaterThan(width - 15);
    }
  });

  it('--help ends with how many options are not shown', async () => {
    const { stdout } = await paligemma(['detect', '--help']);
    const [, hidden] = /\n--help-all shows (\d+) more options\.\n$/.exec(stdout) ?? [];
    const count = (text: string): number => text.match(/^ {2}-/gm)?.length ?? 0;
    const all = (await paligemma(['detect', '--help-all'])).stdout;
    expect(count(all) - count(stdout)).toBe(Number(hidden));
    expect(stdout.indexOf('--label')).toBeLessThan(stdout.indexOf('--device'));
  });
});

describe('a value of a list', () => {
  it.each<[string, string[]]>([
    ['an enum', ['caption', 'missing.png', '--kv-type', 'Q8_0']],
    ['a device', ['caption', 'missing.png', '--device', 'CPU']],
  ])('has any case: %s', async (_, args) => {
    expect((await paligemma(args)).stderr).toContain(
      'missing.png: ERR_IMAGE_NOT_FOUND: does not exist',
    );
  });
});

describe('wrong usage', () => {
  it.each<[string, string[], string]>([
    ['no command', [], 'Usage: paligemma'],
    ['an unknown command', ['predikt', 'x.png'], '(Did you mean predict?)'],
    ['an unknown flag', ['predict', 'x.png', '-p', 'ocr', '--jsno'], '(Did you mean --json?)'],
    ['an unknown flag before the command', ['--model', 'x', 'predict'], "unknown option '--model'"],
    ['no image', ['predict', '-p', 'ocr'], "missing required argument 'image'"],
    ['no prompt', ['predict', 'x.png'], "required option '-p, --prompt <text>' not specified"],
    ['a flag without its value', ['predict', 'x.png', '-p'], 'argument missing'],
    [
      'a number out of range',
      ['predict', 'x', '-p', 'ocr', '--top-p', '5'],
      'expected a number above 0 and up to 1',
    ],
    [
      'a negative number',
      ['predict', 'x', '-p', 'ocr', '--temperature', '-1'],
      'expected a number from 0 to 100',
    ],
    [
      'text for a number',
      ['predict', 'x', '-p', 'ocr', '--max-tokens', 'many'],
      'expected an integer from 1 to 1048576 tokens',
    ],
    [
      'a fraction for an integer',
      ['predict', 'x', '-p', 'ocr', '--threads', '1.5'],
      'expected an integer from 0 to 512',
    ],
    [
      'an unknown choice',
      ['predict', 'x', '-p', 'ocr', '--kv-type', 'f61'],
      'expected one of "f16", "f32", "q8_0"',
    ],
    [
      'json and jsonl',
      ['predict', 'x', '-p', 'ocr', '--json', '--jsonl'],
      'the format is json and jsonl: choose one',
    ],
    [
      'json and stream',
      ['predict', 'x', '-p', 'ocr', '--json', '--stream'],
      "option '--stream' cannot be used with --format json",
    ],
    ['stdin twice', ['predict', '-', '-', '-p', 'ocr'], 'can be read once only'],
    ['stdin as two texts', ['tokenize', '-', '-'], 'can be read once only'],
    [
      'an unknown weight type',
      ['convert', 'a', 'b', '--type', 'q9'],
      'expected one of "f32", "f16", "bf16", "q8_0"',
    ],
    [
      'a size that no model has',
      ['convert', 'a', 'b', '--image-size', '-3'],
      'expected an integer from 1 to 1792 pixels',
    ],
    ['no output', ['convert', 'a'], "missing required argument 'output'"],
    ['too many files', ['inspect', 'a', 'b'], 'too many arguments'],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await paligemma(args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/Usage: paligemma/);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('a value that only the call itself can judge', async () => {
    const { code, stdout, stderr } = await paligemma(['convert', 'a\n', '']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: ERR_OPTION_RANGE: option output is "", expected a path/);
  });
});
