/** What the guides tell people to type where no test can follow them is checked as far as it goes without a board. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../support/models.js';
import { needsTool } from '../support/needs.js';
import { paligemma } from './cli/command.js';

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const JETSON = read('docs/jetson.md');
const blocks = (language: string): string[] =>
  [...JETSON.matchAll(new RegExp(`^\`\`\`${language}\n((?:.|\n)*?)^\`\`\``, 'gm'))].map(
    (m) => m[1] as string,
  );

test('every section with commands says what of it was checked', () => {
  const sections = JETSON.split(/^## /m).slice(1);
  const withCommands = sections.filter((section) => section.includes('```'));
  expect(withCommands.length).toBeGreaterThanOrEqual(4);
  for (const section of withCommands) {
    expect(section.split('\n')[0]).toMatch(/\((checked|flags checked|not run).*\)$/);
  }
});

test('the flags of paligemma build exist', async () => {
  const { stdout } = await paligemma(['build', '--help']);
  const used = blocks('sh').flatMap((block) =>
    block
      .split('\n')
      .flatMap((line) => /paligemma build (.*)$/.exec(line)?.[1]?.match(/--[\w-]+/g) ?? []),
  );
  expect(used).toContain('--cuda');
  for (const flag of used) expect(stdout).toContain(`${flag} `);
});

test('the CMake variables exist', () => {
  const known = ['CMakeLists.txt', 'native/vendor/ggml/CMakeLists.txt'].map(read).join('\n');
  const used = blocks('sh').flatMap((block) =>
    [...block.matchAll(/-D(\w+)=/g)].map((m) => m[1] as string),
  );
  expect(used).toContain('GGML_CUDA_NO_VMM');
  for (const name of used.filter((n) => !n.startsWith('CMAKE_')))
    expect(known).toMatch(new RegExp(`\\b${name}\\b`));
});

test('the service unit is one', () => {
  const [unit] = blocks('ini');
  expect(unit).toMatch(
    /^\[Unit\]\n[\s\S]*^\[Service\]\n[\s\S]*^ExecStart=\/[\s\S]*^\[Install\]\n/m,
  );
  expect(unit?.split('\n').filter((line) => !/^(\[\w+\]|\w+=.+|)$/.test(line))).toEqual([]);
});

test('systemd finds nothing wrong with the service unit', needsTool('systemd-analyze'), () => {
  const [unit] = blocks('ini');
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'captions.service');
  writeFileSync(file, (unit as string).replace('/usr/bin/node', process.execPath));
  const { stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  expect(stderr.split('\n').filter((line) => line.includes('captions.service'))).toEqual([]);
});

test('the workflow publishes with provenance, by scripts that are there', () => {
  const workflow = read('.github/workflows/prebuilds.yml');
  const scripts = JSON.parse(read('package.json')).scripts;
  for (const [, name] of workflow.matchAll(/npm run ([\w:-]+)/g))
    expect(scripts).toHaveProperty(name as string);
  for (const [file] of workflow.matchAll(/scripts\/\S+\.mjs/g))
    expect(existsSync(path.join(ROOT, file))).toBe(true);
  expect(workflow).toContain('npm publish --provenance');
  expect(workflow).toContain('- run: .ci/run\n');
});

test('the workflow builds every target, trusts no tag of others and may do nothing but read and publish', () => {
  const workflow = read('.github/workflows/prebuilds.yml');
  const targets = [
    ...read('scripts/prebuild.mjs').matchAll(/^ {2}'((?:linux|win32|darwin)-[\w-]+)': \{/gm),
  ].map((m) => m[1] as string);
  expect(targets).toHaveLength(6);
  const built = [...workflow.matchAll(/target: \[(.+)\]/g)].flatMap((m) => m[1]?.split(', '));
  expect(built).toEqual(targets);
  const uses = [...workflow.matchAll(/uses: (.+)/g)].map((m) => m[1] as string);
  expect(uses.length).toBeGreaterThan(10);
  for (const action of uses) expect(action).toMatch(/^actions\/[\w-]+@[0-9a-f]{40} # v[\d.]+$/);
  expect(workflow.match(/\w[\w-]*: write/g)).toEqual(['id-token: write']);
  // The demo model's package, then the main one.
  const publish = 'npm publish --provenance --access public';
  expect(workflow.match(/npm publish .*/g)).toEqual([publish, publish]);
});
