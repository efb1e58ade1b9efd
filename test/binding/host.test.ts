/** The program that uses this package stays as it was: by importing it, and by using it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { finish } from '../e2e/cli/command.js';
import { FakeHub } from '../support/fake-hub.js';
import { checkpointFolder, DEMO_MODEL, imagePath, ROOT } from '../support/models.js';

const PROGRAMS = path.join(ROOT, 'test', 'support', 'programs');
const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};

async function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [path.join(PROGRAMS, program), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  const { code, stdout, stderr } = await finish(child);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as { exported?: number; changes: string[]; packages: string[] };
}

test.each(
  Object.keys(exports).flatMap((subpath) =>
    // A JSON file is imported with an attribute that not every Node 20 has.
    (subpath.endsWith('.json') ? ['require'] : ['require', 'import']).map((how) => [how, subpath]),
  ),
)('%s of %s changes nothing and loads no other package', async (how, subpath) => {
  const { exported, ...left } = await run('host-state.cjs', [how as string, subpath as string]);
  expect(exported).toBeGreaterThan(0);
  expect(left).toEqual({ changes: [], packages: [] });
});

test('using it changes nothing', async () => {
  const hub = await FakeHub.start();
  const home = mkdtempSync(path.join(tmpdir(), 'paligemma-host-'));
  onTestFinished(async () => {
    await hub.stop();
    rmSync(home, { recursive: true });
  });
  hub.files.set('m.gguf', readFileSync(DEMO_MODEL));
  const used = await run(
    'host-use.cjs',
    [imagePath('scene1.png'), checkpointFolder('tiny-paligemma1')],
    { HF_HOME: home, HF_ENDPOINT: hub.url },
  );
  expect(hub.contents).toBe(1);
  expect(used.packages).toEqual(expect.arrayContaining(['node-gyp-build', 'sharp', 'yauzl']));
  // libvips, below sharp, sets this one.
  expect(used.changes.filter((change) => change !== 'environment VIPSHOME')).toEqual([]);
});
