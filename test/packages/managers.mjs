// Package managers as people have them, with their own defaults about install scripts. Each installs the package into a fresh
// program where every compiler is a stand-in that notes its call and fails, and what was installed must answer.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';
import { clean, expected, PACKAGES, project, registry, same } from './consumer.mjs';
import { bin, cell, check, exec, NODE_VERSIONS, nodeOf, npm, projects } from './harness.mjs';

const NODES = Object.keys(NODE_VERSIONS);
/** What runs the managers: npm 12 and pnpm 11 want it that new. */
const NODE = '22';
/** A package as ours must not be: some managers compile what has this file, whatever its package.json says. */
const GYP = 'with-binding-gyp';
const PUBLISHED = [...PACKAGES, GYP];
const PNP = ['--require', './.pnp.cjs'];

/**
 * `package` comes from npm, `program` is in it; Node runs what ends in js. `nodes` are the versions that all of use.cjs runs on.
 * @typedef {{ require: string[], import: string[] }} Flags
 * @type {Record<string, { package: string, program: string, nodes?: string[], settings?: (folder: string) => void, flags?: Flags }>}
 */
const MANAGERS = {
  'npm 10': { package: 'npm@10.9.9', program: 'bin/npm-cli.js' },
  'npm 11': { package: 'npm@11.21.2', program: 'bin/npm-cli.js', nodes: NODES },
  'npm 12': { package: 'npm@12.2.2', program: 'bin/npm-cli.js' },
  'pnpm 9': { package: 'pnpm@9.15.9', program: 'bin/pnpm.cjs' },
  'pnpm 10': { package: 'pnpm@10.34.9', program: 'bin/pnpm.cjs', nodes: NODES },
  'pnpm 11': { package: 'pnpm@11.28.11', program: 'bin/pnpm.mjs', settings: pnpmSettings },
  'pnpm 12': { package: '@pnpm/exe.linux-x64@12.21.0', program: 'pnpm', settings: pnpmSettings },
  'yarn 1': { package: 'yarn@1.22.22', program: 'bin/yarn.js', nodes: NODES },
  'yarn 4 PnP': {
    ...{ package: '@yarnpkg/cli-dist@4.18.1', program: 'bin/yarn.js', nodes: NODES },
    settings: (folder) => yarnSettings(folder, { nodeLinker: 'pnp' }),
    flags: { require: PNP, import: [...PNP, '--experimental-loader', './.pnp.loader.mjs'] },
  },
  'yarn 4 node-modules': {
    ...{ package: '@yarnpkg/cli-dist@4.18.1', program: 'bin/yarn.js' },
    settings: (folder) => yarnSettings(folder, { nodeLinker: 'node-modules' }),
  },
  bun: { package: '@oven/bun-linux-x64-baseline@1.4.5', program: 'bin/bun' },
};

/** A version that has just been published is held back otherwise, here as with Yarn. */
function pnpmSettings(folder) {
  // JSON is YAML.
  const settings = { minimumReleaseAgeExclude: PUBLISHED };
  fs.writeFileSync(path.join(folder, 'pnpm-workspace.yaml'), JSON.stringify(settings));
}

function yarnSettings(folder, more) {
  const settings = {
    // The harder case: its default is false.
    enableScripts: true,
    ...{ npmRegistryServer: registry(), unsafeHttpWhitelist: ['127.0.0.1'] },
    npmPreapprovedPackages: PUBLISHED,
    ...more,
  };
  fs.writeFileSync(path.join(folder, '.yarnrc.yml'), JSON.stringify(settings));
  fs.writeFileSync(path.join(folder, 'yarn.lock'), ''); // makes this folder the project's root
}

const alias = (name) => name.replaceAll(' ', '-');
/** For package.json of the folder with tools. */
export const managerPackages = () =>
  Object.fromEntries(
    Object.entries(MANAGERS).map(([name, one]) => [alias(name), `npm:${one.package}`]),
  );

// --- compilers that are none -------------------------------------------------------------------------------------------
const COMPILERS = [
  ...['cc', 'c++', 'gcc', 'g++', 'clang', 'clang++', 'make', 'ninja', 'cmake'],
  ...['python3', 'python', 'node-gyp'],
];

/** A folder of stand-ins, to be first in PATH, and what says which of them were called. */
function standIns(folder) {
  const calls = path.join(folder, 'calls.txt');
  fs.mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh\necho "\${0##*/} $*" >>'${calls}'\nexit 1\n`;
  for (const compiler of COMPILERS)
    fs.writeFileSync(path.join(folder, compiler), script, { mode: 0o755 });
  const called = () =>
    fs.existsSync(calls) ? fs.readFileSync(calls, 'utf8').trim().split('\n') : [];
  return { folder, called };
}

/** Runs a manager in `folder` as on a machine without compilers and without settings. Returns which of those were called. */
async function install(name, folder) {
  const { program, settings } = MANAGERS[name];
  settings?.(folder);
  const compilers = standIns(`${folder}-compilers`);
  const home = path.join(projects, 'home');
  fs.mkdirSync(home, { recursive: true });
  const unset = Object.fromEntries(Object.keys(process.env).map((key) => [key, undefined]));
  const nodes = path.dirname(nodeOf(NODE));
  const env = {
    ...{ ...unset, HOME: home },
    PATH: [compilers.folder, nodes, process.env.PATH].join(path.delimiter),
  };
  const file = bin(alias(name), program);
  const [command, ...before] = /js$/.test(program) ? [nodeOf(NODE), file] : [file];
  const failure = await exec(command, [...before, 'install'], { cwd: folder, env }).then(
    () => undefined,
    (error) => error,
  );
  return { calls: compilers.called(), failure };
}

// --- cells -------------------------------------------------------------------------------------------------------------
export function managers() {
  for (const [name, { nodes = [], flags = { require: [], import: [] } }] of Object.entries(
    MANAGERS,
  )) {
    const folder = path.join(projects, alias(name));
    const node = (major, how, file) => exec(nodeOf(major), [...flags[how], file], { cwd: folder });
    const captioned = async (major) => {
      const { caption } = JSON.parse(await node(major, 'import', 'use.mjs'));
      expected.caption ??= caption;
      check(caption === expected.caption, caption);
      return caption;
    };
    const installed = async () => {
      const { calls, failure } = await install(name, project(alias(name)));
      check(calls.length === 0, `called a compiler: ${calls.join('; ')}`);
      if (failure) throw failure;
      return `no compiler called; "${await captioned(NODE)}"`;
    };
    cell(`${name} install without a compiler, caption`, installed, 'publish');
    for (const major of nodes) {
      const needs = `${name} install without a compiler, caption`;
      const required = async () => same(await node(major, 'require', 'use.cjs'), `node ${major}`);
      cell(`${name} node ${major} require, worker, stream, detect`, required, needs);
      if (major !== NODE)
        cell(`${name} node ${major} import`, () => captioned(major).then(() => ''), needs);
    }
  }
  const noticed = async () => {
    const folder = path.join(projects, GYP);
    fs.mkdirSync(folder);
    const manifest = { name: GYP, version: '1.0.0', gypfile: false };
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
    fs.copyFileSync(path.join(ROOT, 'binding.gyp'), path.join(folder, 'binding.gyp'));
    await npm(['publish'], { cwd: folder, env: clean(projects) });
    const compiling = [];
    for (const name of Object.keys(MANAGERS)) {
      const { calls } = await install(name, project(`${GYP}-${alias(name)}`, GYP));
      if (calls.length > 0) compiling.push(name);
    }
    for (const name of ['pnpm 9', 'yarn 1'])
      check(compiling.includes(name), `${name} called none; the others: ${compiling}`);
    return compiling.join(', ');
  };
  cell('a package with binding.gyp calls the compilers', noticed, 'publish');
  const documented = async () => {
    const text = fs.readFileSync(path.join(ROOT, 'docs', 'platforms.md'), 'utf8');
    for (const [name, one] of Object.entries(MANAGERS)) {
      const version = one.package.split('@').pop();
      check(text.includes(`\n| ${name} | ${version} |`), `no row for ${name} ${version}`);
    }
  };
  cell('docs/platforms.md names the managers', documented);
}
