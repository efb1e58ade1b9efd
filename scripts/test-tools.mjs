// Installs the programs that tests need and this machine lacks (test/support/tools.mjs lists them): with apt-get as root or by
// sudo, with Homebrew on macOS. Elsewhere it prints what to install and ends with 1.
// Usage: npm run setup:test-tools
import { spawnSync } from 'node:child_process';
import { hasProgram, missingTools, packagesOf } from '../test/support/tools.mjs';
import { fail, run, say } from './lib.mjs';

const missing = missingTools();
const packages = missing.flatMap(packagesOf);
if (packages.length > 0) install(packages);
const left = missingTools();
const [wanted, none] = [true, false].map((has) =>
  left.filter((name) => packagesOf(name).length > 0 === has),
);
if (wanted.length > 0) fail(`still missing: ${wanted.join(', ')}`);
if (none.length > 0)
  say(`no package here holds ${none.join(', ')}; the tests that need it are left out`);
else say('every program that tests need is here');

function install(packages) {
  if (process.platform === 'darwin') {
    if (!hasProgram('brew')) fail(`install with Homebrew (https://brew.sh): ${packages.join(' ')}`);
    run('brew', ['install', ...packages]);
    return;
  }
  const command = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages];
  if (!hasProgram('apt-get')) fail(`install with your package manager: ${packages.join(' ')}`);
  const root = asRoot();
  if (root === undefined) fail(`not root; run: sudo ${command.join(' ')}`);
  const apt = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive'];
  for (const [program, ...args] of [
    [...apt, 'apt-get', 'update', '--quiet'],
    [...apt, ...command],
  ])
    run(program, args, { stdio: ['inherit', 2, 2] });
}

/** What to put before a command so that it runs as root; undefined when there is no way that asks for no password unseen. */
function asRoot() {
  if (process.getuid() === 0) return [];
  if (!hasProgram('sudo')) return undefined;
  const asksNothing = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return asksNothing || process.stdin.isTTY ? ['sudo'] : undefined;
}
