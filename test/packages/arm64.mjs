// arm64 on this machine, by emulation: the installed package as several processors, the tests that run the small models,
// and the native tests.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { generator, ROOT } from '../../scripts/lib.mjs';
import { installWithNpm, project, sameOn } from './consumer.mjs';
import { all, cell, exec, nodeArm64, onArm64, projects, tools } from './harness.mjs';
import { ENDURANCE, installTests, runTests } from './models.mjs';

/** What Orin's A78AE has as well; as `max` the emulator is three times as slow. */
const ORIN = { QEMU_CPU: 'cortex-a76' };
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
  const install = () => installWithNpm(project('arm64'), TARGET).then(() => '');
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
      return sameOn(cpu, out, { has, hasNot });
    };
    cell(`arm64 as ${cpu} (qemu)`, action, 'arm64 install');
  }
}

/** The tests of models. */
export function arm64Models() {
  const folder = path.join(tools, 'arm64-tests');
  const install = () => installTests(folder, 'linux-arm64', TARGET);
  const action = async () => {
    // Tests start Node as process.execPath, which the kernel cannot run; a script that calls the emulator it can.
    const node = path.join(folder, 'node-arm64');
    const command = [...onArm64(), nodeArm64].map((word) => `"${word}"`).join(' ');
    // The engine's own process gets nothing of an environment but what it needs, and has to be the same processor.
    const processor = Object.entries(ORIN).map(([name, value]) => `${name}=${value}`);
    const script = `#!/bin/sh\n${processor.join(' ')} exec ${command} "$@"\n`;
    fs.writeFileSync(node, script, { mode: 0o755 });
    const preload = path.join(folder, 'test', 'packages', 'emulated-node.cjs');
    const env = { ...ORIN, EMULATED_NODE: node, NODE_OPTIONS: `--require "${preload}"` };
    return runTests(folder, (args) => exec(node, args, { cwd: folder, env }), {
      suite: ['test/parity/', 'test/binding/'],
      leftOut: {
        'of endurance': ENDURANCE,
        // Where a thread is in the emulated program cannot be seen from outside.
        'that an emulator cannot do': /although its event loop answers/,
        ...(all ? {} : { 'that repeat others': REPEATED }),
      },
      least: 500,
    });
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
