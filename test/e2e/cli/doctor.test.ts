/** `paligemma doctor`: what it says is so, and a package that does not work ends it with 1 and a remedy. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { DoctorReport } from '../../../src/doctor/report.js';
import { SELF_TEST_TOKENS } from '../../../src/doctor/self-test.js';
import { BrokenPackage } from '../../support/broken-package.js';
import { DEMO_MODEL, IMAGES, ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

test('everything works here', async () => {
  const { code, stdout } = await paligemma(['doctor', '--json', IMAGES]);
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

test('for people', async () => {
  const { code, stdout, stderr } = await paligemma(['doctor']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^addon {2,}.+ \(compiled here\)$/m);
  expect(stdout).toMatch(/^self-test {2,}8 tokens as expected in \d+ ms with /m);
  expect(stdout).toMatch(/\n\nEverything works\.\n$/);
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
