/** A run of tests without a program that some of them need: counted, and in CI a failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ROOT } from '../support/models.js';
import { onlyWhere } from '../support/needs.js';
import { packagesOf } from '../support/tools.mjs';

const VITEST = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

const INSTALLABLE = onlyWhere(packagesOf('ffmpeg').length > 0, 'a package that brings ffmpeg');

// A run of vitest inside another on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

/** The tests of films where no program is on PATH. */
function filmsWithoutPrograms(ci: string) {
  const empty = mkdtempSync(path.join(tmpdir(), 'paligemma-no-programs-'));
  onTestFinished(() => rmSync(empty, { recursive: true }));
  const { PATH: _, CI: __, VITEST: ___, ...inherited } = process.env;
  const args = [VITEST, 'run', 'test/unit/image-input/video.test.ts', '-t', 'a film'];
  return spawnSync(process.execPath, args, {
    ...{ cwd: ROOT, encoding: 'utf8' },
    env: { ...inherited, PATH: empty, CI: ci, NO_COLOR: '1' },
  });
}

test('leaves them out, and its last line says how many and what helps', INSTALLABLE, () => {
  const { status, stderr } = filmsWithoutPrograms('');
  expect(stderr.trim().split('\n').pop()).toMatch(
    /^left out: \d+ tests that need ffmpeg; npm run setup:test-tools installs ffmpeg$/,
  );
  expect(status).toBe(0);
});

test('fails in CI, where they could be installed', INSTALLABLE, () => {
  const { status, stderr } = filmsWithoutPrograms('true');
  expect(stderr).toContain('ffmpeg is missing, and in CI no test is left out');
  expect(status).toBe(1);
});
