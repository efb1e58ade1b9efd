// Builds the native tests with sanitizers and runs them: address and undefined behaviour, then data races. Needs GCC or
// Clang. Arguments: asan, tsan; none means both. PALIGEMMA_FUZZ_RUNS sets the number of mutations of the fuzz tests.
import os from 'node:os';
import path from 'node:path';
import { generator, requireBuildTools, run, say } from './lib.mjs';

const VARIANTS = {
  asan: { sanitize: 'address,undefined', tests: [] },
  // The race detector is for the engine's threads; the fuzz tests have one thread and their own sanitizer.
  tsan: { sanitize: 'thread', tests: ['-L', 'threads'] },
};
const wanted = process.argv.slice(2);
requireBuildTools();
for (const [name, { sanitize, tests }] of Object.entries(VARIANTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const dir = path.join('build', name);
  say(`${name}: building the native tests with -fsanitize=${sanitize}`);
  run('cmake', [
    '-S',
    '.',
    '-B',
    dir,
    ...generator(),
    '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
    '-DPALIGEMMA_ADDON=OFF',
    '-DPALIGEMMA_TESTS=ON',
    `-DPALIGEMMA_SANITIZE=${sanitize}`,
  ]);
  run('cmake', ['--build', dir, '--parallel', String(os.availableParallelism())]);
  run('ctest', ['--test-dir', dir, '--output-on-failure', '--no-tests=error', ...tests], {
    env: {
      ...process.env,
      ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
      PALIGEMMA_FUZZ_RUNS: process.env.PALIGEMMA_FUZZ_RUNS ?? '100000',
    },
  });
}
