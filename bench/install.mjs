// What an install of the package costs: seconds and bytes on disk with npm, pnpm and yarn, then the time and memory of a cold
// `require`, of several tarballs side by side in turns. Each install begins with an empty cache, so the seconds include the
// registry's. Usage: node bench/install.mjs TARBALL... [--repeats N]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { repeats: { type: 'string', default: '3' } },
  allowPositionals: true,
});
const repeats = Number(values.repeats);
const tarballs = positionals.map((file) => path.resolve(file));
if (tarballs.length === 0 || !(repeats >= 1)) {
  console.error('name the tarballs that npm pack made');
  process.exit(2);
}

/** Versions as in test/packages/managers.mjs. `cache`: the flags that give it a cache of its own. */
const MANAGERS = {
  npm: { run: ['npm', 'install', '--no-audit', '--no-fund'], cache: ['--cache'] },
  pnpm: {
    run: ['npx', '--yes', 'pnpm@10.34.9', 'install'],
    cache: ['--store-dir', '--config.cacheDir'],
  },
  yarn: { run: ['npx', '--yes', 'yarn@1.22.22', 'install'], cache: ['--cache-folder'] },
};
const REQUIRE = `const start = process.hrtime.bigint(); require('node-paligemma');
const ms = Number(process.hrtime.bigint() - start) / 1e6; console.log(ms, process.memoryUsage().rss / 1e6);`;

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'paligemma-install-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const spread = (list, digits) =>
  `${median(list).toFixed(digits)} (${Math.min(...list).toFixed(digits)} to ${Math.max(...list).toFixed(digits)})`;

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}

/** A folder where `manager` has installed `tarball`, and the seconds. */
function install(manager, tarball, name) {
  const folder = path.join(work, name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  const dependencies = { 'node-paligemma': `file:${tarball}` };
  fs.writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'a-program', private: true, dependencies }),
  );
  const { run: words, cache } = MANAGERS[manager];
  const [command, ...args] = words;
  const caches = cache.map((flag, i) => `${flag}=${path.join(folder, `cache${i}`)}`);
  const start = performance.now();
  run(command, [...args, ...caches], folder);
  return { folder, seconds: (performance.now() - start) / 1000 };
}

/** Bytes of the files in a folder; what is linked several times counts once. */
function bytesIn(folder) {
  const seen = new Set();
  let bytes = 0;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { ino, size } = fs.statSync(path.join(entry.parentPath ?? entry.path, entry.name));
    if (!seen.has(ino)) bytes += size;
    seen.add(ino);
  }
  return bytes;
}

try {
  for (const tarball of tarballs)
    console.log(`${path.basename(tarball)}: ${(fs.statSync(tarball).size / 1e6).toFixed(1)} MB`);
  const projects = new Map();
  for (const [manager, { run: words }] of Object.entries(MANAGERS)) {
    // The manager itself is not what is measured.
    run(words[0], [...words.slice(1, words.indexOf('install')), '--version'], work);
    const seconds = tarballs.map(() => []);
    const bytes = [];
    for (let i = 0; i < repeats; i++) {
      for (const [t, tarball] of tarballs.entries()) {
        const name = manager === 'npm' ? `npm${t}` : manager;
        const one = install(manager, tarball, name);
        seconds[t].push(one.seconds);
        bytes[t] = bytesIn(path.join(one.folder, 'node_modules'));
        if (manager === 'npm') projects.set(t, one.folder);
      }
    }
    for (const [t, tarball] of tarballs.entries())
      console.log(
        `${manager.padEnd(5)} ${path.basename(tarball)}: ${(bytes[t] / 1e6).toFixed(1)} MB installed, ${spread(seconds[t], 1)} s`,
      );
  }
  const cold = tarballs.map(() => ({ ms: [], mb: [] }));
  for (let i = 0; i < 10 * repeats; i++) {
    for (const [t, folder] of projects) {
      const [ms, mb] = run(process.execPath, ['-e', REQUIRE], folder).trim().split(' ').map(Number);
      cold[t].ms.push(ms);
      cold[t].mb.push(mb);
    }
  }
  for (const [t, tarball] of tarballs.entries())
    console.log(
      `require ${path.basename(tarball)}: ${spread(cold[t].ms, 0)} ms, ${spread(cold[t].mb, 0)} MB resident`,
    );
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
