// Builds paligemma.node with cmake-js into build/cmake and puts it where node-gyp-build looks: build/Release.
// Arguments: --tests also builds the native tests; --cuda, --metal, --no-metal choose backends; the rest goes to CMake
// as it is (for example -DCMAKE_CUDA_ARCHITECTURES=87-real on a Jetson Orin).
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fail, generator, installHint, output, ROOT, requireBuildTools, run } from './lib.mjs';

const args = process.argv.slice(2);
const outputDir =
  args.find((a) => a.startsWith('--out='))?.slice(6) ?? path.join('build', 'Release');
requireBuildTools();
if (args.includes('--cuda') && !output(process.env.CUDACXX ?? 'nvcc', ['--version'])) {
  fail(
    `nvcc is missing or not in PATH (try PATH=/usr/local/cuda/bin:$PATH); install it with: ${installHint('cuda')}`,
  );
}
run(process.execPath, [path.join(ROOT, 'scripts', 'vendor.mjs')]);

const defines = {
  ...(args.includes('--tests') && { PALIGEMMA_TESTS: 'ON' }),
  ...(args.includes('--cuda') && { PALIGEMMA_CUDA: 'ON' }),
  ...(args.includes('--metal') && { PALIGEMMA_METAL: 'ON' }),
  ...(args.includes('--no-metal') && { PALIGEMMA_METAL: 'OFF' }),
};
for (const a of args.filter((a) => a.startsWith('-D'))) {
  const [name, ...value] = a.slice(2).split('=');
  defines[name.replace(/:.*/, '')] = value.join('=');
}
const known = new Set(['--tests', '--cuda', '--metal', '--no-metal']);
const unknown = args.filter((a) => !known.has(a) && !a.startsWith('-D') && !a.startsWith('--out='));
if (unknown.length) fail(`unknown arguments: ${unknown.join(' ')}`);

const work = path.join('build', 'cmake');
const cmakeJs = (command) =>
  run(process.execPath, [
    createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js'),
    command,
    '--log-level',
    'warn',
    '--out',
    work,
    '--parallel',
    String(os.availableParallelism()),
    ...generator(),
    ...Object.entries(defines).map(([name, value]) => `--CD${name}=${value}`),
  ]);
// `cmake-js compile` alone keeps the first configuration for ever, so changed options need a configure of their own.
const cacheFile = path.join(ROOT, work, 'CMakeCache.txt');
let cache = fs.existsSync(cacheFile) ? fs.readFileSync(cacheFile, 'utf8') : '';
const [, home = ROOT] = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache) ?? [];
const isHere = fs.existsSync(home) && fs.realpathSync(home) === fs.realpathSync(ROOT);
if (!isHere) {
  // The folder was copied or moved: it would compile the sources of the other one.
  fs.rmSync(path.join(ROOT, work), { recursive: true });
  cache = '';
}
const isConfigured = Object.entries(defines).every(([name, value]) =>
  cache.split('\n').some((line) => line.startsWith(`${name}:`) && line.endsWith(`=${value}`)),
);
if (cache === '' || !isConfigured) cmakeJs('configure');
cmakeJs('build');

const built = [path.join(work, 'Release'), work]
  .map((dir) => path.join(ROOT, dir, 'paligemma.node'))
  .find((file) => fs.existsSync(file));
if (!built) fail(`the build made no paligemma.node in ${work}`);
const target = path.resolve(ROOT, outputDir, 'paligemma.node');
if (!fs.existsSync(target) || fs.statSync(target).mtimeMs !== fs.statSync(built).mtimeMs) {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  // A new inode: a running process may have the old file mapped.
  fs.copyFileSync(built, `${target}.part`);
  fs.utimesSync(`${target}.part`, fs.statSync(built).atime, fs.statSync(built).mtime);
  fs.renameSync(`${target}.part`, target);
}
