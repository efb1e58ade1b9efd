/** A binary that does not load says why and what helps: every cause is provoked for real and read off the linker's words. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nvidiaSystem } from '../../src/native/gpu.js';
import { loadError } from '../../src/native/load-failure.js';
import { BrokenPackage } from '../support/broken-package.js';
import { ROOT } from '../support/models.js';

let copy: BrokenPackage;
beforeEach(() => {
  copy = new BrokenPackage();
});
afterEach(() => copy.remove());

const permission =
  Number(process.versions.node.split('.')[0]) < 23 ? '--experimental-permission' : '--permission';

test('no binary for this platform', () => {
  const failure = copy.failure();
  expect(failure).toMatchObject({
    name: 'PaliGemmaLoadError',
    code: 'ERR_BINARY_NOT_FOUND',
    failure: 'no-binary',
    hint: expect.stringContaining('npx paligemma build'),
  });
  expect(failure.tried.map(({ reason }) => reason)).toEqual(['not there', 'not there']);
  for (const { file } of failure.tried) expect(failure.message).toContain(file);
});

test('a copy of a part of the package, without a binary', () => {
  copy.trace();
  const { failure, message, hint } = copy.failure();
  expect(failure).toBe('no-binary');
  expect(message).toContain(`only a part of the package was copied to ${copy.root}`);
  expect(hint).toMatch(/prebuilds.*outputFileTracingIncludes/);
  // There is nothing to compile.
  expect(hint).not.toContain('paligemma build');
});

test('a file that is no program', () => {
  writeFileSync(copy.prebuilt, 'version https://git-lfs');
  expect(copy.failure()).toMatchObject({
    failure: 'damaged',
    message: expect.stringContaining('(23 bytes)'),
    hint: expect.stringContaining('npm install'),
  });
});

test('a file that is cut off', () => {
  copy.installForeign();
  truncateSync(copy.prebuilt, 10);
  expect(copy.failure()).toMatchObject({ failure: 'damaged' });
});

test('a library of the package that is missing', () => {
  copy.installNeeding('libpaligemma-ggml-base.so');
  const manifest = { files: { 'libpaligemma-ggml-base.so': { bytes: 1 } } };
  writeFileSync(path.join(path.dirname(copy.prebuilt), 'manifest.json'), JSON.stringify(manifest));
  expect(copy.failure()).toMatchObject({
    failure: 'damaged',
    message: expect.stringContaining('libpaligemma-ggml-base.so is missing'),
  });
});

test('a binary for another processor', () => {
  copy.installForeign();
  expect(copy.failure()).toMatchObject({
    failure: 'wrong-architecture',
    message: expect.stringContaining(`this Node is for ${process.arch}`),
  });
});

test('a system whose glibc is too old', () => {
  copy.installNeeding('libold.so', 'GLIBC_2.99');
  expect(copy.failure()).toMatchObject({
    failure: 'old-glibc',
    message: expect.stringMatching(/needs glibc 2\.99, this system has 2\.\d+/),
  });
});

test('a binary for musl', () => {
  copy.installNeeding('libc.musl-x86_64.so.1');
  expect(copy.failure()).toMatchObject({
    failure: 'wrong-libc',
    message: expect.stringContaining("than this system's glibc"),
  });
});

test.each([
  ['libcuda.so.1', 'NVIDIA driver'],
  ['libodd.so.3', 'install the package that has libodd.so.3'],
])('%s is not there', (library, hint) => {
  copy.installNeeding(library);
  expect(copy.failure()).toMatchObject({
    failure: 'missing-library',
    message: expect.stringContaining(`it needs ${library}`),
    hint: expect.stringContaining(hint),
  });
});

test.each([
  ['damaged', '%1 is not a valid Win32 application.', 'is no program for this Windows'],
  ['missing-library', 'The specified module could not be found.', 'this Windows does not have'],
])('Windows says: %s', (failure, reason, message) => {
  const binary = path.join(ROOT, 'build', 'Release', 'paligemma.node');
  expect(loadError(ROOT, [{ file: binary, reason }])).toMatchObject({
    failure,
    message: expect.stringContaining(message),
  });
});

test('addons are switched off', () => {
  copy.installBuilt();
  expect(copy.failure('--no-addons')).toMatchObject({
    failure: 'addons-disabled',
    hint: 'start Node without --no-addons',
  });
});

test('the permission model forbids addons, or hides the package', () => {
  copy.installBuilt();
  expect(copy.failure(permission, '--allow-fs-read=*')).toMatchObject({
    failure: 'permission-model',
    hint: expect.stringContaining('--allow-addons'),
  });
});

test('a bundler moved the code', () => {
  writeFileSync(
    path.join(copy.root, 'package.json'),
    '{"name":"somebody-s-program","main":"lib/index.js"}',
  );
  expect(copy.failure()).toMatchObject({
    failure: 'bundled',
    hint: expect.stringMatching(
      /external.*serverExternalPackages: \['node-paligemma'\].*--external:node-paligemma/,
    ),
  });
});

test('what loads, loads', () => {
  copy.installBuilt();
  expect(copy.failure()).toEqual({});
});

test.each([
  [
    {
      'proc/driver/nvidia/version':
        'NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul',
    },
    { driver: '580.65', jetson: false, wants: '@node-paligemma/linux-x64-cuda13' },
  ],
  [
    {
      'proc/driver/nvidia/version':
        'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  R',
    },
    { driver: '550.54', jetson: false, wants: '@node-paligemma/linux-x64-cuda12' },
  ],
  [
    { 'etc/nv_tegra_release': '# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic' },
    { driver: 'R36', jetson: true, wants: '@node-paligemma/linux-arm64-jetpack6' },
  ],
  [
    { 'etc/nv_tegra_release': '# R38 (release), REVISION: 2.0' },
    { driver: 'R38', jetson: true, wants: '@node-paligemma/linux-arm64-jetpack7' },
  ],
  [{}, undefined],
])('the GPU package for %j', (files, expected) => {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(copy.root, file)), { recursive: true });
    writeFileSync(path.join(copy.root, file), text);
  }
  const isHere = process.platform === 'linux' && process.arch === 'x64';
  const wants = expected?.jetson || isHere ? expected?.wants : undefined;
  expect(nvidiaSystem(copy.root)).toEqual(expected && { ...expected, wants });
});
