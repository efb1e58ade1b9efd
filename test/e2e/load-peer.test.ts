/** A package that an install left out: everything else works, and the error says what to run. Each is left out for real. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { installCommand } from '../../src/load-peer.js';
import { folderWith } from '../support/folder.js';
import { ROOT } from '../support/models.js';

const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** The compiled package with all of its packages but `name`; that one holds `instead`, if there is anything. */
function packageWithout(name: string, instead?: string): string {
  const root = folderWith({});
  cpSync(path.join(ROOT, 'lib'), path.join(root, 'lib'), { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(root, 'package.json'));
  const link = (one: string): void => {
    if (one === name) return;
    const target = path.join(root, 'node_modules', one);
    mkdirSync(path.dirname(target), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules', one), target, 'junction');
  };
  for (const one of Object.keys(dependencies)) link(one);
  if (instead !== undefined) {
    const folder = path.join(root, 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'index.js'), instead);
  }
  return root;
}

/** What `call` rejects with, in a process of its own. */
function failure(root: string, call: string, env: Record<string, string> = {}) {
  const program = `
    const paligemma = require(${JSON.stringify(root)});
    (${call})(paligemma).then(
      (value) => console.log(JSON.stringify({ value })),
      (e) => console.log(JSON.stringify({ ...e, class: e.constructor.name, message: e.message })),
    );`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    cwd: folderWith({ 'a.npz': 'PK\u0003\u0004 and no more' }),
    env: { ...process.env, HF_HOME: folderWith({}), HF_ENDPOINT: 'http://127.0.0.1:9', ...env },
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const DRAW = `({ annotate }) => annotate({ data: new Uint8Array(48), width: 4, height: 4, channels: 3 }, [])`;
const PULL = `({ pull }) => pull('hf:owner/repo')`;
const CONVERT = `({ convert }) => convert({ source: 'a.npz', output: 'a.gguf', tokenizer: 'a.model' })`;
const PROXY = { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' };

test.each([
  ['sharp', DRAW, {}],
  ['yauzl', CONVERT, {}],
  ['@huggingface/hub', PULL, {}],
  ['proxy-from-env', PULL, PROXY],
  ['undici', PULL, PROXY],
])('%s', (name, call, env) => {
  const flags = name === 'sharp' ? '--include=optional ' : '';
  expect(failure(packageWithout(name), call, env)).toMatchObject({
    code: 'ERR_DEPENDENCY_MISSING',
    class: ERROR_CODES.ERR_DEPENDENCY_MISSING.class,
    subject: name,
    message: expect.stringMatching(`^the package ${name} is not installed \\(run npm install `),
    hint: expect.stringMatching(
      new RegExp(`^run npm install ${flags}${name}@${dependencies[name]}(;|$)`),
    ),
  });
});

test('hyparquet, an optional peer', () => {
  const root = packageWithout('hyparquet');
  const file = path.join(ROOT, 'test/fixtures/datasets/parquet/pages/train.parquet');
  const call = `async () => {
    const { openDataset } = require(${JSON.stringify(path.join(root, 'lib/datasets/open.js'))});
    for await (const row of (await openDataset(${JSON.stringify(file)})).rows()) return row;
  }`;
  expect(failure(root, call)).toMatchObject({
    code: 'ERR_DEPENDENCY_MISSING',
    message: 'the package hyparquet is not installed (run npm install hyparquet@1)',
  });
});

test('a package that is there and does not load says why', () => {
  const words = 'Could not load the "sharp" module using the linux-x64 runtime';
  const broken = packageWithout('sharp', `throw new Error(${JSON.stringify(words)})`);
  expect(failure(broken, DRAW)).toMatchObject({
    code: 'ERR_DEPENDENCY_MISSING',
    found: words,
    message: expect.stringContaining(`the package sharp cannot be loaded: ${words}`),
  });
  const needy = packageWithout('sharp', `require('what-sharp-needs')`);
  expect(failure(needy, DRAW)['message']).toContain(
    "sharp cannot be loaded: Cannot find module 'what-sharp-needs'",
  );
});

test('what needs no pictures works without sharp', () => {
  const svg = `async ({ annotationSvg }) => annotationSvg([], { width: 8, height: 8 })`;
  expect(failure(packageWithout('sharp'), svg)['value']).toContain('<svg');
});

test('the command names the version that package.json does', () => {
  expect(installCommand('yauzl')).toBe(`npm install yauzl@${dependencies['yauzl']}`);
  // Any version will do, or none is known.
  expect(installCommand('@node-paligemma/demo-model')).toBe(
    'npm install @node-paligemma/demo-model',
  );
  expect(installCommand('left-pad')).toBe('npm install left-pad');
});
