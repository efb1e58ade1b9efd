// arm64 on this machine, by emulation: the installed package as several processors, the tests that run the small models,
// and the native tests.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { generator, ROOT } from '../lib.mjs';
import { INSTALL, project, same } from './consumer.mjs';
import {
  all,
  cell,
  check,
  exec,
  kept,
  nodeArm64,
  npm,
  onArm64,
  projects,
  tools,
} from './harness.mjs';

/** What Orin's A78AE has as well; as `max` the emulator is three times as slow. */
const ORIN = { QEMU_CPU: 'cortex-a76' };
/** The tests that run models. */
const SUITE = ['test/parity/', 'test/binding/'];
/** Thousands of repetitions of what other tests do once: minutes each on x64, an hour here. */
const ENDURANCE =
  /answers drawn at random|1,000 predictions|300 files|100 worker threads|models that were forgotten/;

/** Left out without --all: half a minute and more each, and other tests that run here are about the same. */
const REPEATED = new RegExp(
  [
    /kernels '?neon/, // what `auto` takes on this processor
    // The trained model where the tiny ones run too, or its other types, or its answers together.
    /shapes-mix-224 in f32 with kernels (ggml|\w+ answers (?!all at once))/,
    /kernels ggml (shapes-mix-224 in bf16|the demo model)/,
    /shapes-mix-224 (stays close to f32 with kernels|fewer bits|.* holds the types)/,
    /shapes-mix-224 'b?f16' with kernels 'ggml'/,
    /shapes-mix-224 in f32 (120 candidates|candidates scored together|a long candidate)/,
    /under the grammar: shapes-mix-224 in f32|prompts beyond the fixtures/,
    /every patch sees every other/, // in pictures of 896 pixels; answers about them run
    /a process that ends by (finish|idle|throw|signal)/, // by exit runs
  ]
    .map(({ source }) => source)
    .join('|'),
);

const NATIVE_TESTS = ['base_test', 'base_fuzz', 'engine_threads_test', 'core_test'];

/** For npm. */
const TARGET = ['--os=linux', '--cpu=arm64', '--libc=glibc'];

/** The installed package as several processors. */
export function arm64() {
  const install = () => INSTALL.npm(project('arm64'), TARGET).then(() => '');
  cell('arm64 install', install, 'publish');
  for (const [cpu, has, hasNot] of [
    ['max', 'MATMUL_INT8', 'SME'],
    ['cortex-a76', 'FP16_VA', 'MATMUL_INT8'],
    ['cortex-a53', 'NEON', 'DOTPROD'],
  ]) {
    const action = async () => {
      const [emulator, ...args] = onArm64();
      const out = await exec(emulator, [...args, nodeArm64, 'use.cjs'], {
        cwd: path.join(projects, 'arm64'),
        env: { QEMU_CPU: cpu },
      });
      same(out, cpu);
      const { features } = JSON.parse(out);
      check(features[has] === '1' && features[hasNot] !== '1', JSON.stringify(features));
      return Object.keys(features).join(' ');
    };
    cell(`arm64 as ${cpu} (qemu)`, action, 'arm64 install');
  }
}

/**
 * A copy of what the tests need, with the packages of arm64 (vitest's bundler is one) and the binary of the package. A
 * copy, because the tests take the addon of the folder that they lie in.
 */
async function copyProject(folder) {
  for (const name of [...['src', 'lib', 'test', 'bench', 'models'], 'prebuilds/linux-arm64']) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    const isOurs = (file) => !/\/(node_modules|\.venv)$/.test(file);
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true, filter: isOurs });
  }
  // The reference's files, which lie beside the repository where they are.
  const shared = path.join(ROOT, '..', 'shared');
  const link = path.join(folder, '..', 'shared');
  if (fs.existsSync(shared) && !fs.existsSync(link)) fs.symlinkSync(shared, link);
  for (const name of ['package.json', 'tsconfig.json', 'vitest.config.mts'])
    fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
}

/** Minutes that each folder of tests took by itself; folders run side by side. */
function minutes({ testResults }) {
  const of = (folder) =>
    testResults
      .filter(({ name }) => name.includes(folder))
      .reduce((sum, { startTime, endTime }) => sum + (endTime - startTime) / 60_000, 0);
  return SUITE.map((folder) => `${folder} ${of(folder).toFixed(1)} min`).join(', ');
}

/** Tests of a report by name. */
function states({ testResults }, folder) {
  const all = new Map();
  for (const { name, assertionResults } of testResults)
    for (const { fullName, status } of assertionResults)
      all.set(`${path.relative(folder, name)} > ${fullName}`, status);
  return all;
}

/** The tests of models. */
export function arm64Models() {
  const folder = path.join(tools, 'arm64-tests');
  const install = async () => {
    const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8');
    await kept(folder, lock, () => {
      for (const name of ['package.json', 'package-lock.json'])
        fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
      return npm(['install', '--no-save', '--ignore-scripts', ...TARGET], { cwd: folder });
    });
    await copyProject(folder);
  };
  const leftOut = all ? ENDURANCE : new RegExp(`${ENDURANCE.source}|${REPEATED.source}`);
  const action = async () => {
    // Tests start Node as process.execPath, which the kernel cannot run; a script that calls the emulator it can.
    const node = path.join(folder, 'node-arm64');
    const command = [...onArm64(), nodeArm64].map((word) => `"${word}"`).join(' ');
    fs.writeFileSync(node, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    const preload = path.join(folder, 'test', 'packages', 'emulated-node.cjs');
    const env = { ...ORIN, EMULATED_NODE: node, NODE_OPTIONS: `--require "${preload}"` };
    const file = path.join(folder, 'report.json');
    fs.rmSync(file, { force: true });
    const args = [
      ...['node_modules/vitest/vitest.mjs', 'run', ...SUITE, '-t', `^(?!.*(${leftOut.source}))`],
      ...['--reporter=json', `--outputFile=${file}`],
      ...['--testTimeout=600000', '--hookTimeout=600000'],
      // Threads: starting a process costs ten seconds here.
      ...['--pool=threads', `--maxWorkers=${os.availableParallelism()}`],
    ];
    const failure = await exec(node, args, { cwd: folder, env }).then(
      () => undefined,
      (error) => error,
    );
    if (!fs.existsSync(file)) throw failure;
    const report = JSON.parse(fs.readFileSync(file, 'utf8'));
    const tests = states(report, folder);
    const of = (...wanted) =>
      [...tests].filter(([, state]) => wanted.includes(state)).map(([test]) => test);
    check(of('failed').length === 0, `failed: ${of('failed').join('; ')}`);
    if (failure) throw failure;
    check(of('passed').length > 500, `only ${of('passed').length} tests ran`);
    const skipped = of('skipped', 'pending', 'todo');
    const count = (pattern) => skipped.filter((test) => pattern.test(test)).length;
    const others = skipped.length - count(leftOut);
    const repeated = all ? '' : `, ${count(REPEATED)} that repeat others`;
    const absent = others ? `; ${others} skipped, which ask for files beside the repository` : '';
    return `${of('passed').length} passed; left out: ${count(ENDURANCE)} of endurance${repeated}${absent}; ${minutes(report)}`;
  };
  cell('arm64 tests of models, install', install, 'pack', 'tools');
  cell('arm64 tests of models (qemu)', action, 'arm64 tests of models, install');
}

/** The native tests. */
export function arm64Native() {
  const folder = path.join(ROOT, 'build', 'arm64-tests');
  const build = async () => {
    await exec('cmake', [
      ...['-S', ROOT, '-B', folder, ...generator()],
      ...['-DPALIGEMMA_ADDON=OFF', '-DPALIGEMMA_TESTS=ON', '-DCMAKE_BUILD_TYPE=Release'],
      ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
      ...['-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc', '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++'],
      ...['-DGGML_NATIVE=OFF', '-DGGML_CPU_ARM_ARCH=armv8.2-a+dotprod+fp16'],
      // AddressSanitizer's own memory map is none that the emulator can give: the fuzz programs run without it.
      '-DPALIGEMMA_HAS_ASAN=OFF',
      `-DCMAKE_CROSSCOMPILING_EMULATOR=${onArm64().join(';')}`,
    ]);
    await exec('cmake', ['--build', folder, '--parallel', String(os.availableParallelism())]);
  };
  const action = async () => {
    const [emulator, ...before] = onArm64();
    const done = [];
    for (const program of NATIVE_TESTS) {
      const begin = Date.now();
      const args = [...before, path.join(folder, 'test-native', program)];
      // What they say goes to stderr.
      const out = await exec('sh', ['-c', 'exec "$0" "$@" 2>&1', emulator, ...args], { env: ORIN });
      const seconds = ((Date.now() - begin) / 1000).toFixed(0);
      done.push(`${program} ${/(\d+) passed, 0 failed/.exec(out)[1]} in ${seconds} s`);
    }
    return done.join(', ');
  };
  cell('arm64 native tests, build', build);
  cell('arm64 native tests (qemu)', action, 'arm64 native tests, build');
}
