// What the scripts share: running programs, and telling in one line what is missing and how to get it.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a program with inherited output; ends this process with its code when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** As `run`, but its output is shown only when it fails, or with --verbose. */
export function runQuietly(command, args, options = {}) {
  if (process.argv.includes('--verbose')) return run(command, args, options);
  const result = spawnSync(command, args, {
    ...{ cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 28 },
    ...options,
  });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}`);
  if (result.status === 0) return;
  process.stderr.write(result.stdout + result.stderr);
  process.exit(result.status ?? 1);
}

/** Output of a program, or undefined when it cannot be run or fails. */
export function output(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** @returns {never} */
export function fail(text) {
  say(`error: ${text}`);
  process.exit(1);
}

const INSTALL = {
  linux: {
    cmake: 'sudo apt-get install cmake',
    compiler: 'sudo apt-get install g++ make',
    git: 'sudo apt-get install git',
    cuda: 'sudo apt-get install cuda-toolkit (NVIDIA repository), or on a Jetson: nvidia-jetpack',
  },
  darwin: {
    cmake: 'brew install cmake',
    compiler: 'xcode-select --install',
    git: 'xcode-select --install',
  },
  win32: {
    cmake: 'winget install Kitware.CMake',
    compiler:
      'winget install Microsoft.VisualStudio.2022.BuildTools --override "--wait --passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"',
    git: 'winget install Git.Git',
  },
};

/** The command that installs `tool` here, as a person would type it. */
export function installHint(tool) {
  return (INSTALL[process.platform] ?? INSTALL.linux)[tool];
}

/** Ends with one clear line when something that a source build needs is missing. */
export function requireBuildTools() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 9)) {
    fail(`Node ${process.version} is too old; 20.9 or newer is needed: https://nodejs.org`);
  }
  const cmake = /version (\d+)\.(\d+)/.exec(output('cmake', ['--version']) ?? '');
  if (!cmake) fail(`CMake is missing; install it with: ${installHint('cmake')}`);
  if (Number(cmake[1]) < 3 || (Number(cmake[1]) === 3 && Number(cmake[2]) < 21)) {
    fail(
      `CMake ${cmake[1]}.${cmake[2]} is too old, 3.21 or newer is needed: ${installHint('cmake')}`,
    );
  }
  if (process.platform === 'win32') return; // CMake finds Visual Studio itself
  const compiler = [process.env.CXX, 'c++', 'g++', 'clang++'].find(
    (name) => name && output(name, ['--version']) !== undefined,
  );
  if (!compiler) fail(`no C++ compiler; install one with: ${installHint('compiler')}`);
  const probe = spawnSync(compiler, ['-std=c++20', '-x', 'c++', '-fsyntax-only', '-'], {
    input: '#include <span>\nint main() { return 0; }\n',
    encoding: 'utf8',
  });
  if (probe.status !== 0) {
    fail(`${compiler} does not know C++20 (GCC 11 or Clang 14 do): ${installHint('compiler')}`);
  }
}

/** CMake generator: Ninja when it is there, else make. */
export function generator() {
  if (process.platform === 'win32') return [];
  if (output('ninja', ['--version'])) return ['-G', 'Ninja'];
  if (output('make', ['--version'])) return ['-G', 'Unix Makefiles'];
  return fail(`neither ninja nor make is there; install one with: ${installHint('compiler')}`);
}
