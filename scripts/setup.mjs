// Everything a fresh clone needs before the demo or the tests: npm packages, ggml, the addon, the compiled TypeScript.
// Each step looks first whether it has anything to do, so a second run takes seconds and needs no network.
// Arguments: --tests also builds the native tests; --no-addon leaves the addon out, for who builds it otherwise.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, requireBuildTools, run, say } from './lib.mjs';

requireBuildTools();

const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'));
const stamp = path.join(ROOT, 'node_modules', '.paligemma-lock');
if (!fs.existsSync(stamp) || !fs.readFileSync(stamp).equals(lock)) {
  say('installing npm packages');
  // Not `npm ci`: it refuses a lock file made where a registry lacks some platform's optional packages.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  fs.writeFileSync(stamp, lock);
}

const script = (name, ...args) =>
  run(process.execPath, [path.join(ROOT, 'scripts', name), ...args], { stdio: ['ignore', 2, 2] });
script('vendor.mjs');
if (!process.argv.includes('--no-addon')) {
  if (!fs.existsSync(path.join(ROOT, 'build', 'Release', 'paligemma.node')))
    say('building the native addon (half a minute to some minutes, once)');
  script('build-native.mjs', ...(process.argv.includes('--tests') ? ['--tests'] : []));
}
script('glyphs.mjs');
run(process.execPath, [path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', ROOT], {
  stdio: ['ignore', 2, 2],
});
