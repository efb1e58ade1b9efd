/**
 * `npm run check` bites: each violation, made in a copy of the sources, fails with a sentence that says where the thing
 * belongs. Without one, the copy passes.
 */
import { spawnSync } from 'node:child_process';
import {
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
import { ROOT } from '../../support/models.js';
import { VIOLATIONS } from './violations.js';

/** The scratch copy that the checks read. */
let copy: string;

/** What the checks read; fixtures, binaries and sources of others stay where they are. */
const COPIED = [
  ...['src', 'native', 'test', 'scripts', 'bench', 'docs', 'examples', 'deploy', 'packages'],
  ...['.ci', '.github'],
];
const LEFT =
  /^(native\/vendor|test\/fixtures\/.+(?<!\.md)|docs\/images|deploy\/models|packages\/.+\.gguf|.*node_modules|.*\.venv)$/;

describe('npm run check', () => {
  beforeAll(() => {
    copy = realpathSync(mkdtempSync(path.join(tmpdir(), 'paligemma-check-')));
    for (const name of readdirSync(ROOT, { withFileTypes: true })) {
      if (name.isFile()) cpSync(path.join(ROOT, name.name), path.join(copy, name.name));
    }
    for (const folder of COPIED) {
      cpSync(path.join(ROOT, folder), path.join(copy, folder), {
        recursive: true,
        filter: (from) => !LEFT.test(path.relative(ROOT, from).replaceAll(path.sep, '/')),
      });
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
    // A list of its files, as a clone has.
    expect(spawnSync('git', ['init', '--quiet'], { cwd: copy }).status).toBe(0);
  }, 60_000);

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  function run(...checks: string[]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join('scripts', 'check.mjs'), ...checks],
      { cwd: copy, encoding: 'utf8' },
    );
    return { status, text: stdout + stderr };
  }

  it('passes without a violation', () => {
    const checks = [...new Set(VIOLATIONS.map(({ check }) => check))].filter((c) => c !== 'format');
    expect(run(...checks)).toEqual({ status: 0, text: '' });
  }, 180_000);

  // All violations of a check at once: each has its own sentence, and a run takes seconds.
  const runs = VIOLATIONS.map(({ check, alone, what }) => (alone ? `${check}: ${what}` : check));
  it.each([...new Set(runs)])(
    'fails for %s',
    (name) => {
      const violations = VIOLATIONS.filter((_, i) => runs[i] === name);
      const check = violations[0]?.check ?? name;
      const saved = new Map<string, string | undefined>();
      for (const [name, change] of violations.flatMap(({ changes }) => Object.entries(changes))) {
        const at = path.join(copy, name);
        const text = existsSync(at) ? readFileSync(at, 'utf8') : undefined;
        if (!saved.has(at)) saved.set(at, text);
        mkdirSync(path.dirname(at), { recursive: true });
        writeFileSync(at, change(text ?? '', copy));
      }
      const { status, text } = run(check);
      for (const [at, before] of saved) {
        if (before === undefined) rmSync(at);
        else writeFileSync(at, before);
        if (readdirSync(path.dirname(at)).length === 0)
          rmSync(path.dirname(at), { recursive: true });
      }
      for (const { what, says } of violations) {
        for (const sentence of says) expect(text, what).toMatch(sentence);
      }
      expect(status).toBe(1);
    },
    180_000,
  );
});
