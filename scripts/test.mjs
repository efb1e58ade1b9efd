// All tests: the native ones through CTest, then vitest. Arguments go to vitest and, when there are any, skip CTest.
import os from 'node:os';
import path from 'node:path';
import { ROOT, run } from './lib.mjs';

const args = process.argv.slice(2);
if (args.length === 0) {
  run('ctest', [
    '--test-dir',
    path.join('build', 'cmake'),
    '--output-on-failure',
    '--no-tests=error',
    '-j',
    String(os.availableParallelism()),
  ]);
}
run(process.execPath, [path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args]);
