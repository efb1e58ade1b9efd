/** What a person sees: colours, progress and widths on a terminal, and none of them in a file. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_MODEL, ROOT } from '../../support/models.js';
import { needsTool } from '../../support/needs.js';
import { onTerminal, type TerminalSettings } from '../../support/terminal.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const ESCAPE = '\u001b';
/** Of a colour. */
const SGR = new RegExp(`${ESCAPE}\\[[\\d;]*m`);
const plain = (text: string): string => text.split(SGR).join('');

let folder: string;
let detect: string[];
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-terminal-'));
  const pictures = ['a', 'b', 'c'].map((name) => path.join(folder, `${name}.png`));
  for (const picture of pictures) copyFileSync(SHAPES, picture);
  detect = ['detect', ...pictures, '--label', 'white circle', '--model', DEMO_MODEL];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const rowsOf = (text: string): string[] =>
  text.split('\n').filter((line) => line.includes('white circle'));

describe('results', needsTool('script'), () => {
  it('are aligned and coloured on a terminal, and tabbed and plain in a file', async () => {
    const seen = await onTerminal([...detect, '--quiet']);
    expect([seen.code, rowsOf(seen.text).length]).toEqual([0, 3]);
    for (const row of rowsOf(seen.text)) {
      expect(row).toMatch(SGR);
      expect(row).not.toContain('\t');
      expect(plain(row)).toMatch(/ {2,}white circle {2,}0\.\d+/);
    }
    const { code } = await onTerminal(detect, { stdout: at('out.txt') });
    const written = readFileSync(at('out.txt'), 'utf8');
    expect([code, written.includes(ESCAPE), rowsOf(written).length]).toEqual([0, false, 3]);
    for (const row of rowsOf(written)) expect(row.split('\t')).toHaveLength(7);
    expect((await paligemma(detect)).stdout).toBe(written);
  });

  it.each<[string, TerminalSettings, boolean]>([
    ['NO_COLOR', { env: { NO_COLOR: '1' } }, false],
    ['an empty NO_COLOR', { env: { NO_COLOR: '' } }, true],
    ['FORCE_COLOR=0', { env: { FORCE_COLOR: '0' } }, false],
    ['FORCE_COLOR=1', { env: { FORCE_COLOR: '1' } }, true],
    ['TERM=dumb', { env: { TERM: 'dumb' } }, false],
    ['an unknown TERM', { env: { TERM: 'made-up' } }, true],
  ])('with %s', async (_, settings, hasColours) => {
    const { code, text } = await onTerminal([...detect, '--quiet'], settings);
    expect([code, rowsOf(text).length, SGR.test(text)]).toEqual([0, 3, hasColours]);
    if (!hasColours) expect(text).not.toContain(ESCAPE);
  });

  it('are coloured in a pipe with FORCE_COLOR only', async () => {
    const args = [...detect, '--format', 'table'];
    expect((await paligemma(args)).stdout).not.toContain(ESCAPE);
    const forced = await paligemma(args, { env: { FORCE_COLOR: '1' } });
    for (const row of rowsOf(forced.stdout)) expect(row).toMatch(SGR);
  });
});

describe('progress', needsTool('script'), () => {
  const BAR = /detect \[=* *\] \d\/3/;

  it('is on the terminal while results go to a file', async () => {
    const { code, text } = await onTerminal(detect, { stdout: at('rows.txt') });
    expect([code, BAR.test(text)]).toEqual([0, true]);
    // The bar is taken away at the end.
    expect(text.slice(text.lastIndexOf('3/3'))).toContain('\r\u001b[K');
    expect(readFileSync(at('rows.txt'), 'utf8')).not.toMatch(BAR);
  });

  it('is not in a file of standard error, nor where lines cannot be taken back', async () => {
    const { text } = await onTerminal(detect, { stderr: at('err.txt') });
    expect([BAR.test(text), BAR.test(readFileSync(at('err.txt'), 'utf8'))]).toEqual([false, false]);
    const dumb = await onTerminal(detect, { env: { TERM: 'dumb' }, stdout: at('rows.txt') });
    expect([dumb.code, BAR.test(dumb.text), dumb.text.includes(ESCAPE)]).toEqual([0, false, false]);
    const quiet = await onTerminal([...detect, '--quiet'], { stdout: at('rows.txt') });
    expect([quiet.code, quiet.text]).toEqual([0, '']);
  });
});

describe('errors', needsTool('script'), () => {
  it('are red on a terminal, and plain in a file', async () => {
    const args = ['inspect', at('none.gguf')];
    const { code, text } = await onTerminal(args);
    expect([code, text]).toEqual([1, expect.stringContaining('\u001b[31merror\u001b[39m: ERR_')]);
    await onTerminal(args, { stderr: at('err.txt') });
    expect(readFileSync(at('err.txt'), 'utf8')).toMatch(/^error: ERR_/);
    const uncoloured = await onTerminal(args, { env: { NO_COLOR: '1' } });
    expect(uncoloured.text).toMatch(/^error: ERR_/);
  });
});

describe('help', needsTool('script'), () => {
  it.each([
    [50, 50],
    [72, 72],
    // Longer lines are hard to read.
    [200, 100],
  ])('on %i columns fills at most %i', async (columns, most) => {
    for (const args of [
      ['detect', '--help-all'],
      ['caption', '--help'],
    ]) {
      const { code, text } = await onTerminal(args, { columns });
      // Examples and names of options are not broken: what they are would be lost.
      const prose = text.split('\n').filter((line) => !/^\s*(\$|-|paligemma|Usage)/.test(line));
      const longest = Math.max(...prose.map((line) => line.length));
      expect([code, args, longest <= most]).toEqual([0, args, true]);
      expect(longest).toBeGreaterThan(most - 15);
    }
  });
});
