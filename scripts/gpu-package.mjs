// Builds one GPU package into build/gpu/NAME: ggml's CUDA backend for a prebuilt addon, with manifest. Run it where the CUDA
// toolkit with cuBLAS is; on a Jetson for the Jetson packages. Not run yet with a GPU.
// Usage, further arguments go to CMake, for example -DCMAKE_CUDA_ARCHITECTURES=90-real: node scripts/gpu-package.mjs linux-x64-cuda12 | linux-x64-cuda13 | linux-arm64-jetpack6 | linux-arm64-jetpack7
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, generator, output, ROOT, requireBuildTools, run, say } from './lib.mjs';

const PACKAGES = {
  'linux-x64-cuda12': {
    cuda: '12',
    architectures: '75-real;80-real;86-real;89-real;90-real;90-virtual',
  },
  'linux-x64-cuda13': {
    cuda: '13',
    architectures: '75-real;80-real;86-real;89-real;90-real;120-real;120-virtual',
  },
  'linux-arm64-jetpack6': {
    cuda: '12',
    architectures: '87-real',
    flags: ['-DGGML_CUDA_NO_VMM=ON'],
  },
  'linux-arm64-jetpack7': {
    cuda: '13',
    architectures: '87-real',
    flags: ['-DGGML_CUDA_NO_VMM=ON'],
  },
};

const name = process.argv[2];
const wanted = PACKAGES[name];
if (!wanted) fail(`name one of: ${Object.keys(PACKAGES).join(', ')}`);
requireBuildTools();
const cuda = /release (\d+)\./.exec(output('nvcc', ['--version']) ?? '')?.[1];
if (cuda !== wanted.cuda)
  fail(`${name} needs nvcc of CUDA ${wanted.cuda}, found ${cuda ?? 'none'}`);
const [, cpu] = name.split('-');
if (cpu !== process.arch) fail(`${name} is built on ${cpu}, this is ${process.arch}`);

run(process.execPath, [path.join(ROOT, 'scripts', 'vendor.mjs')]);
const work = path.join(ROOT, 'build', 'gpu', `${name}-cmake`);
const more = process.argv.slice(3);
const given = more.find((arg) => arg.startsWith('-DCMAKE_CUDA_ARCHITECTURES='));
const architectures = given?.split('=')[1] ?? wanted.architectures;
run('cmake', [
  ...['-S', ROOT, '-B', work, ...generator()],
  ...['-DPALIGEMMA_PREBUILD=ON', '-DPALIGEMMA_CUDA=ON', '-DPALIGEMMA_ADDON=OFF'],
  ...[`-DCMAKE_CUDA_ARCHITECTURES=${architectures}`, ...(wanted.flags ?? [])],
  ...more.filter((arg) => arg !== given),
]);
const cores = String(os.availableParallelism());
run('cmake', ['--build', work, '--target', 'ggml-cuda', '--parallel', cores]);

const out = path.join(ROOT, 'build', 'gpu', name);
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });
const library = 'libggml-cuda.so';
fs.copyFileSync(path.join(work, 'package', library), path.join(out, library));
const { version, license } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const json = (file, value) =>
  fs.writeFileSync(path.join(out, file), `${JSON.stringify(value, null, 2)}\n`);
json('package.json', {
  name: `@node-paligemma/${name}`,
  version,
  description: `CUDA ${wanted.cuda} backend of node-paligemma for ${name.split('-').slice(0, 2).join(' ')}`,
  license,
  os: ['linux'],
  cpu: [cpu],
  libc: ['glibc'],
  files: [library, 'manifest.json', 'LICENSE-ggml'],
});
json('manifest.json', {
  ggml: fs.readFileSync(path.join(ROOT, 'native', 'vendor', 'VERSION'), 'utf8').split(' ')[1],
  library,
  cuda: wanted.cuda,
  architectures: architectures.split(';'),
  sha256: createHash('sha256')
    .update(fs.readFileSync(path.join(out, library)))
    .digest('hex'),
});
fs.copyFileSync(path.join(ROOT, 'native', 'vendor', 'LICENSE'), path.join(out, 'LICENSE-ggml'));
say(`${path.relative(ROOT, out)}: npm publish it with the same version as node-paligemma`);
