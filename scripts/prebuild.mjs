// Builds what a package carries for one platform into prebuilds/<platform>-<arch>[-musl]: the addon, ggml, the CPU backend
// once per instruction set, and manifest.json with the SHA-256 of each. Nothing of the building machine stays in them.
// Usage: node scripts/prebuild.mjs [--verbose] [TARGET...], of those in TARGETS below; without one: this machine's. Compilers
// are heard only when they fail, or with --verbose.
// arm64 on another machine needs g++-aarch64-linux-gnu; musl and Windows need Python's pip, which fetches the compiler of the
// Zig project.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, generator, output, ROOT, requireBuildTools, run, runQuietly, say } from './lib.mjs';
import { zigTools } from './zig.mjs';

const TARGETS = {
  'linux-x64': { processor: 'x86_64', prefix: 'x86_64-linux-gnu-' },
  'linux-arm64': { processor: 'aarch64', prefix: 'aarch64-linux-gnu-' },
  'linux-x64-musl': { processor: 'x86_64', zig: 'x86_64-linux-musl' },
  'linux-arm64-musl': { processor: 'aarch64', zig: 'aarch64-linux-musl' },
  'win32-x64': { processor: 'AMD64', system: 'Windows', zig: 'x86_64-windows-gnu' },
  'darwin-arm64': { here: true },
};

const host = `${process.platform}-${process.arch}`;
const named = process.argv.slice(2).filter((arg) => arg !== '--verbose');
const wanted = named.length ? named : [host];
for (const name of wanted) {
  if (!TARGETS[name]) fail(`unknown target ${name}; known: ${Object.keys(TARGETS).join(', ')}`);
  if (TARGETS[name].here && name !== host) fail(`${name} can only be built on ${name}`);
  if (TARGETS[name].zig && process.platform === 'win32') fail(`${name} is built on Linux`);
}
requireBuildTools();
run(process.execPath, [path.join(ROOT, 'scripts', 'vendor.mjs')]);
for (const name of wanted) prebuild(name, TARGETS[name]);

function prebuild(name, target) {
  say(`building ${name}`);
  const work = path.join(ROOT, 'build', 'prebuild', name);
  const tools = target.zig ? cmakeTools(zigTools(target.zig)) : gccTools(name, target.prefix ?? '');
  runQuietly('cmake', [
    ...['-S', ROOT, '-B', work, '-DPALIGEMMA_PREBUILD=ON', '-DCMAKE_BUILD_TYPE=Release'],
    ...generator(),
    ...(name === host || target.here ? [] : crossFlags(target)),
    ...Object.entries(tools).map(([key, value]) => `-D${key}=${value}`),
  ]);
  const built = path.join(work, 'package');
  // What an earlier build made and this one does not must not be taken for its own.
  fs.rmSync(built, { recursive: true, force: true });
  const cores = String(os.availableParallelism());
  runQuietly('cmake', ['--build', work, '--target', 'paligemma', '--parallel', cores]);

  const out = path.join(ROOT, 'prebuilds', name);
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  const libc = { linux: name.endsWith('-musl') ? '.musl' : '.glibc' }[name.split('-')[0]] ?? '';
  const manifest = { target: name, ggml: vendorVersion(), files: {} };
  for (const file of fs.readdirSync(built).sort()) {
    if (file.endsWith('.lib')) continue; // what programs for Windows would be linked with
    const to = file === 'paligemma.node' ? `paligemma${libc}.node` : file;
    fs.copyFileSync(path.join(built, file), path.join(out, to));
    const bytes = fs.readFileSync(path.join(out, to));
    manifest.files[to] = {
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  }
  fs.writeFileSync(path.join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const total = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  say(
    `prebuilds/${name}: ${Object.keys(manifest.files).length} files, ${(total / 1e6).toFixed(1)} MB`,
  );
}

function crossFlags({ system = 'Linux', processor }) {
  return [`-DCMAKE_SYSTEM_NAME=${system}`, `-DCMAKE_SYSTEM_PROCESSOR=${processor}`];
}

// GCC of this machine, or Debian's cross compiler.
function gccTools(name, prefix) {
  if (name === host) return {};
  if (!output(`${prefix}g++`, ['--version']))
    fail(
      `${prefix}g++ is missing; install it with: sudo apt-get install g++-${prefix.slice(0, -1)}`,
    );
  return {
    CMAKE_C_COMPILER: `${prefix}gcc`,
    CMAKE_CXX_COMPILER: `${prefix}g++`,
  };
}

function cmakeTools({ cc, cxx, ar, ranlib, rc }) {
  return {
    ...{ CMAKE_C_COMPILER: cc, CMAKE_CXX_COMPILER: cxx },
    ...{ CMAKE_AR: ar, CMAKE_RANLIB: ranlib, CMAKE_RC_COMPILER: rc },
    // As the libraries are linked: with other flags Zig compiles its C++ library once more.
    CMAKE_EXE_LINKER_FLAGS: '-s',
  };
}

function vendorVersion() {
  return fs.readFileSync(path.join(ROOT, 'native', 'vendor', 'VERSION'), 'utf8').split(' ')[1];
}
