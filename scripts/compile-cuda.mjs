// Compiles the CUDA backend without a GPU and without NVIDIA's cuBLAS package: nvcc is enough, cuBLAS comes from PyPI. Proves
// that it compiles for these GPUs, no more; to use a GPU, npm run build:native -- --cuda.
// Usage: node scripts/compile-cuda.mjs [--arch 87,90] [--all] [--out build/cuda]
// Without --all: the files that PaliGemma's operations are in, about ten minutes for each GPU on two cores; with it all of
// ggml-cuda and the addon, about half an hour.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fail, output, ROOT, requireBuildTools, run, say } from './lib.mjs';

const { values: flags } = parseArgs({
  options: {
    arch: { type: 'string', default: '87,90' },
    all: { type: 'boolean', default: false },
    out: { type: 'string', default: path.join(ROOT, 'build', 'cuda') },
  },
});

// What PaliGemma's graphs need: matmuls of every weight type, attention of heads of 72 (none fused) and 256, the rest.
const FILES = [
  ...['ggml-cuda', 'mmvq', 'mmvf', 'mmq', 'rope', 'norm', 'softmax', 'set-rows', 'getrows', 'cpy'],
  ...['binbcast', 'unary', 'scale', 'concat', 'im2col', 'pad', 'quantize', 'convert', 'fattn'],
  ...['template-instances/mmq-instance-q8_0', 'template-instances/mmq-instance-q4_0'],
];

requireBuildTools();
const version = /release (\d+)\.\d+/.exec(output('nvcc', ['--version']) ?? '')?.[1];
if (version === undefined)
  fail('nvcc is missing: install the CUDA toolkit, or at least its compiler');
const build = path.resolve(flags.out);
fs.mkdirSync(build, { recursive: true });

/** The folder of PyPI's CUDA libraries: headers, and the libraries under names that a linker finds. */
function cublas() {
  const venv = path.join(build, 'python');
  if (!fs.existsSync(path.join(venv, 'bin', 'pip'))) run('python3', ['-m', 'venv', venv]);
  run(path.join(venv, 'bin', 'pip'), [
    ...['install', '--quiet', '--disable-pip-version-check'],
    ...(version === '12' ? ['nvidia-cublas-cu12'] : ['nvidia-cublas']),
  ]);
  const site = output('sh', ['-c', `echo ${venv}/lib/python3*/site-packages/nvidia`]);
  const folder = [`cu${version}`, 'cublas']
    .map((name) => path.join(site ?? '', name))
    .find((candidate) => fs.existsSync(path.join(candidate, 'include', 'cublas_v2.h')));
  if (folder === undefined) fail(`no cuBLAS headers in ${site}`);
  const lib = path.join(folder, 'lib');
  for (const file of fs.readdirSync(lib)) {
    const plain = path.join(lib, file.replace(/\.so\.\d+$/, '.so'));
    if (!fs.existsSync(plain)) fs.symlinkSync(file, plain);
  }
  return folder;
}

const folder = cublas();
const library = (name) => path.join(folder, 'lib', `lib${name}.so`);
const architectures = flags.arch.split(',').map((arch) => `${arch.trim()}-real`);
run('cmake', [
  ...['-S', ROOT, '-B', path.join(build, 'cmake')],
  ...(output('ninja', ['--version']) ? ['-G', 'Ninja'] : []),
  '-DPALIGEMMA_ADDON=OFF',
  '-DPALIGEMMA_CUDA=ON',
  '-DGGML_CUDA_NO_VMM=ON', // no link stub of libcuda is needed then
  `-DCMAKE_CUDA_ARCHITECTURES=${architectures.join(';')}`,
  `-DCMAKE_CUDA_FLAGS=-I${path.join(folder, 'include')}`,
  `-DCUDA_cublas_LIBRARY=${library('cublas')}`,
  `-DCUDA_cublasLt_LIBRARY=${library('cublasLt')}`,
]);
const objects = path.join('ggml', 'src', 'ggml-cuda', 'CMakeFiles', 'ggml-cuda.dir');
const targets = flags.all ? ['ggml-cuda'] : FILES.map((file) => path.join(objects, `${file}.cu.o`));
run('cmake', ['--build', path.join(build, 'cmake'), '--target', ...targets]);
say(
  `compiled for ${architectures.join(' and ')}: ${targets.length} ${flags.all ? 'library' : 'files'}`,
);
