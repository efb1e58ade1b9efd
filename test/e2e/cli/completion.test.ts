/** Completions, as the shells themselves make them of the scripts that the command prints. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsTool } from '../../support/needs.js';
import { paligemma } from './command.js';

type Shell = 'bash' | 'zsh' | 'fish';

/** What is typed, and what Tab offers: all of it, or some of many. */
const TYPED: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['paligemma det', ['detect']],
  ['paligemma gen', ['generate']],
  ['paligemma detect --min', ['--min-presence', '--min-score']],
  ['paligemma caption x.png --kv-type q', ['q8_0']],
  ['paligemma convert a b -t q8', ['q8_0']],
  ['paligemma caption --no-up', ['--no-upright']],
  ['paligemma detect --format ', ['coco', 'csv', 'json', 'jsonl', 'table', 'text', 'voc', 'yolo']],
  ['paligemma caption x.png --format ', ['csv', 'json', 'jsonl', 'table', 'text']],
  ['paligemma run x.png --device ', ['auto', 'cpu', 'cuda', 'metal']],
  ['paligemma ask x.png --kind yes', ['yes-no']],
  ['paligemma completion ', ['bash', 'fish', 'zsh']],
  ['paligemma completion f', ['fish']],
  // A file.
  ['paligemma caption package-', ['package-lock.json']],
];

/** Prints what the script in $1 offers for the words after it, one a line. */
const ASK: Readonly<Record<Shell, string>> = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
  bash: 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _paligemma; printf "%s\\n" "${COMPREPLY[@]}"',
  // What the completion system of an interactive shell does with the same words.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
  zsh: 'compdef() { : }; compadd() { shift; print -l -- ${(M)@:#${PREFIX}*} }; _files() { print -l -- ${PREFIX}*(N) }; file=$1; shift; words=("$@"); CURRENT=$#; PREFIX=${words[-1]}; source $file; _paligemma',
  fish: 'source $argv[1]; complete -C (string join " " -- $argv[2..-1])',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-completion-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each<Shell>(['bash', 'zsh', 'fish'])('%s', (shell) => {
  it('completes commands, options and values', needsTool(shell), async () => {
    const { code, stdout } = await paligemma(['completion', shell]);
    expect(code).toBe(0);
    const file = path.join(folder, `script.${shell}`);
    writeFileSync(file, stdout);
    for (const [line, expected] of TYPED) {
      const name = shell === 'fish' ? [] : [shell];
      const args = ['-c', ASK[shell], ...name, file, ...line.split(' ')];
      const run = spawnSync(shell, args, {
        encoding: 'utf8',
        env: { ...process.env, HOME: folder },
      });
      expect(run.stderr).toBe('');
      const offered = run.stdout.split('\n').map((one) => one.split('\t')[0]);
      expect(offered.filter((one) => one !== '').sort(), line).toEqual(expected);
    }
  });
});

it('an unknown shell is wrong usage', async () => {
  const { code, stderr } = await paligemma(['completion', 'tcsh']);
  expect([code, stderr.includes('bash, zsh, fish')]).toEqual([2, true]);
});
