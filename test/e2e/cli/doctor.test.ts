/** `paligemma doctor`: what it says is so, and a package that does not work ends it with 1 and a remedy. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { DoctorReport } from '../../../src/doctor/report.js';
import { SELF_TEST_TOKENS } from '../../../src/doctor/self-test.js';
import { BrokenPackage } from '../../support/broken-package.js';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL, IMAGES, ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

test('everything works here', async () => {
  const { code, stdout } = await paligemma(['doctor', '--json', IMAGES], {
    env: { HF_HUB_CACHE: IMAGES },
  });
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as DoctorReport;
  expect(report).toMatchObject({
    ok: true,
    platform: { arch: process.arch, node: process.version },
    addon: {
      file: path.join(ROOT, 'build', 'Release', 'paligemma.node'),
      from: 'source',
      variants: [],
    },
    models: [{ file: DEMO_MODEL, architecture: 'gemma' }],
  });
  expect(report.selfTest).toMatchObject({ tokens: SELF_TEST_TOKENS });
  expect(report.selfTest.error).toBeUndefined();
  expect(report.memory.available).toBeLessThan(report.memory.total);
  expect(report.devices.map(({ type }) => type)).toContain('cpu');
});

test('a folder that is not there is an error', async () => {
  const { code, stdout, stderr } = await paligemma(['doctor', '/nope']);
  expect([code, stderr]).toEqual([1, 'error: ERR_MODEL_NOT_FOUND: /nope does not exist\n']);
  expect(stdout).toContain('self-test');
});

test('without a model: that there is none, and how to get one', () => {
  const copy = new BrokenPackage();
  try {
    copy.installBuilt();
    mkdirSync(path.join(copy.root, 'models'));
    copyFileSync(
      path.join(ROOT, 'models', 'self-test.gguf'),
      path.join(copy.root, 'models', 'self-test.gguf'),
    );
    const doctor = (): string => {
      const main = path.join(copy.root, 'lib', 'cli', 'main.js');
      const { status, stdout } = spawnSync(process.execPath, [main, 'doctor'], {
        encoding: 'utf8',
        cwd: copy.root,
        env: {
          PATH: process.env.PATH,
          HOME: path.join(copy.root, 'home'),
          HF_HUB_CACHE: path.join(copy.root, 'hub'),
        },
      });
      expect(status).toBe(0);
      return stdout;
    };
    const without = doctor();
    expect(without).toMatch(/^model {2,}none$/m);
    expect(without).toContain('\nhints\n');
    expect(without).toContain('npm install @node-paligemma/demo-model');
    expect(without).toMatch(/\nEverything works, but no model is here; see above\.\n$/);
    // A model of the hub's cache is one.
    const snapshot = path.join(copy.root, 'hub', 'models--a--b', 'snapshots', 'a'.repeat(40));
    mkdirSync(snapshot, { recursive: true });
    copyFileSync(DEMO_MODEL, path.join(snapshot, 'shapes.gguf'));
    const having = doctor();
    expect(having).toMatch(/^model {2,}.*shapes\.gguf, /m);
    expect(having).not.toContain('demo-model');
    expect(having).toMatch(/\nEverything works\.\n$/);
  } finally {
    copy.remove();
  }
});

test('for people', async () => {
  const { code, stdout, stderr } = await paligemma(['doctor']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^addon {2,}.+ \(compiled here\)$/m);
  expect(stdout).toMatch(/^self-test {2,}8 tokens as expected in \d+ ms with /m);
  expect(stdout).toMatch(/\n\nEverything works\.\n$/);
});

test('a file that is no model is named once, with what is wrong with it', async () => {
  const folder = folderWith({ 'bad.gguf': 'abcd' });
  const { stdout } = await paligemma(['doctor', folder]);
  const [line = ''] = /^model .*bad\.gguf.*$/m.exec(stdout) ?? [];
  expect(line.split('bad.gguf')).toHaveLength(2);
  expect(line).toMatch(
    /, 4 bytes, the model file is a file that begins with 'abcd', expected a GGUF/,
  );
});

test('without a binary: why, and what helps', () => {
  const copy = new BrokenPackage();
  try {
    const main = path.join(copy.root, 'lib', 'cli', 'main.js');
    const { status, stdout } = spawnSync(process.execPath, [main, 'doctor'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toContain('brings no binary');
    expect(stdout).toContain('npx paligemma build');
    expect(stdout).toContain('It does not work yet');
  } finally {
    copy.remove();
  }
});
