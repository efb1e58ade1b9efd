// Installs the programs that tests need and this machine lacks (test/support/tools.mjs lists them): with apt-get as root or by
// sudo, with Homebrew on macOS, some with pip into build/. Elsewhere it prints what to install and ends with 1.
// Usage: npm run setup:test-tools
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import {
  ENVIRONMENT,
  hasProgram,
  isInstallable,
  missingTools,
  packagesOf,
  pipPackagesOf,
} from '../test/support/tools.mjs';
import { fail, output, run, say } from './lib.mjs';

const missing = missingTools();
const fromPip = missing.flatMap(pipPackagesOf);
// Debian's python3 makes no environments without it.
const hasVenv = output('python3', ['-c', 'import ensurepip']) !== undefined;
const venv = fromPip.length > 0 && !hasVenv && process.platform === 'linux' ? ['python3-venv'] : [];
const packages = [...missing.flatMap(packagesOf), ...venv];
if (packages.length > 0) install(packages);
if (fromPip.length > 0) installWithPip(fromPip);
const left = missingTools();
const [wanted, none] = [true, false].map((has) =>
  left.filter((name) => isInstallable(name) === has),
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

function installWithPip(packages) {
  const options = { stdio: ['inherit', 2, 2] };
  run('python3', ['-m', 'venv', ENVIRONMENT], options);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  run(path.join(ENVIRONMENT, 'bin', 'python'), pip, options);
}

/** What to put before a command so that it runs as root; undefined when there is no way that asks for no password unseen. */
function asRoot() {
  if (process.getuid() === 0) return [];
  if (!hasProgram('sudo')) return undefined;
  const asksNothing = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return asksNothing || process.stdin.isTTY ? ['sudo'] : undefined;
}
