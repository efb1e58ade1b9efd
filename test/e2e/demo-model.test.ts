/** Where the published package finds the demo model, and what it says when it is nowhere. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BrokenPackage } from '../support/broken-package.js';
import { folderWith } from '../support/folder.js';
import { DEMO_MODEL, ROOT } from '../support/models.js';

const copy = new BrokenPackage();
afterAll(() => copy.remove());

/** Installs the demo model into `folder`. */
function install(folder: string): void {
  const target = path.join(folder, 'node_modules', '@node-paligemma', 'demo-model');
  mkdirSync(target, { recursive: true });
  for (const file of ['package.json', 'index.js'])
    copyFileSync(path.join(ROOT, 'packages', 'demo-model', file), path.join(target, file));
  writeFileSync(path.join(target, path.basename(DEMO_MODEL)), 'GGUF');
}

/** Runs a program in the folder `program`, started in `cwd`, with the package in `lib`. */
function found(program: string, cwd: string, lib = path.join(copy.root, 'lib')): string {
  const main = path.join(program, 'main.cjs');
  const module = JSON.stringify(path.join(lib, 'demo-model.js'));
  writeFileSync(
    main,
    `try { console.log(require(${module}).demoModel()) } catch (e) { console.log(e.code, e.message) }`,
  );
  return spawnSync(process.execPath, [main], { cwd, encoding: 'utf8' }).stdout.trim();
}

const inside = (folder: string): RegExp =>
  new RegExp(`${path.basename(folder)}.node_modules.@node-paligemma.demo-model.shapes-mix.*gguf$`);

test('a clone has it', () => {
  const anywhere = folderWith({});
  expect(found(anywhere, anywhere, path.join(ROOT, 'lib'))).toBe(DEMO_MODEL);
});

test('nowhere: one sentence says what to install', () => {
  const anywhere = folderWith({});
  expect(found(anywhere, anywhere)).toMatch(
    /^ERR_MODEL_NOT_FOUND .*not installed .*npm install @node-paligemma\/demo-model/,
  );
});

test('beside the package', () => {
  const project = folderWith({});
  install(project);
  const own = path.join(project, 'node_modules', 'node-paligemma');
  cpSync(path.join(copy.root, 'lib'), path.join(own, 'lib'), { recursive: true });
  const anywhere = folderWith({});
  expect(found(anywhere, anywhere, path.join(own, 'lib'))).toMatch(inside(project));
});

test('from the program, where the package is elsewhere', () => {
  const program = folderWith({});
  install(program);
  expect(found(program, folderWith({}))).toMatch(inside(program));
});

test('from the project that a program elsewhere is started in, such as a global command', () => {
  const project = folderWith({});
  install(project);
  expect(found(folderWith({}), project)).toMatch(inside(project));
});

test('its package exports the path', () => {
  const program = folderWith({});
  install(program);
  const main = path.join(program, 'main.cjs');
  writeFileSync(main, `console.log(require('@node-paligemma/demo-model'))`);
  const { stdout } = spawnSync(process.execPath, [main], { encoding: 'utf8' });
  expect(stdout.trim()).toMatch(inside(program));
});
