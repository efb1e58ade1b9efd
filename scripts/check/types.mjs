// The compiler's own checks, of src and of the tests.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../lib.mjs';

export function types({ root }) {
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const run = (...args) =>
    spawnSync(process.execPath, [tsc, '-p', ...args], { cwd: root, stdio: 'inherit' }).status === 0;
  return [
    ...(run('.', '--noEmit', '--incremental', 'false') ? [] : ['src does not compile, see above']),
    ...(run('test') ? [] : ['test does not compile, see above']),
  ];
}
