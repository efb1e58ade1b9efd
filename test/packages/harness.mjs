// What the parts of run.mjs share: where things lie, cells, and running programs.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fail, ROOT, say } from '../../scripts/lib.mjs';

/** Versions of Node that the package is run on. */
export const NODE_VERSIONS = { 20: '20.19.5', 22: '22.23.3', 24: '24.21.0' };

const work = path.join(ROOT, 'build', 'packages');
/** What is fetched once and stays. */
export const tools = path.join(work, 'tools');
/** Made anew by each run. */
export const projects = path.join(work, 'projects');

/** Whether nothing may be left out. */
export const all = process.argv.includes('--all');
const words = process.argv.slice(2).filter((word) => word !== '--all');
const begin = now();
let passed = 0;
const failed = [];

const plan = [];
let group;

/** Begins a group: its cells run one after another, beside those of other groups; an extra group's only when asked for. */
export function beginGroup({ extra = false } = {}) {
  group = { extra };
}

/** Plans a cell: a line with what `action` returns, or with why it threw. `needs` names cells that must have run before. */
export function cell(name, action, ...needs) {
  for (const need of needs)
    check(
      plan.some((one) => one.name === need),
      `"${name}" needs "${need}", which is not planned yet`,
    );
  plan.push({ name, action, needs, group });
}

/** Runs the planned cells that the words ask for and what they need; ends the program when there is none. */
export async function runCells() {
  const names = new Set();
  const choose = (one) => {
    names.add(one.name);
    for (const other of plan)
      if (one.needs.includes(other.name) && (all || one.group.extra || !other.group.extra))
        choose(other);
  };
  for (const one of plan)
    if (words.length ? words.every((word) => one.name.includes(word)) : all || !one.group.extra)
      choose(one);
  if (names.size === 0) fail(`no cell's name contains ${words.map((w) => `"${w}"`).join(' and ')}`);
  const [ended, lastOf] = [new Map(), new Map()];
  for (const one of plan) {
    if (!names.has(one.name)) continue;
    const before = [lastOf.get(one.group), ...one.needs.map((need) => ended.get(need))];
    const end = Promise.all(before).then(() => run(one));
    ended.set(one.name, end);
    lastOf.set(one.group, end);
  }
  await Promise.all(ended.values());
}

async function run({ name, action, needs }) {
  const start = now();
  try {
    for (const need of needs) check(!failed.includes(need), `not run, as "${need}" failed`);
    const remark = (await action()) ?? '';
    passed++;
    line('ok  ', name, remark, start);
  } catch (error) {
    failed.push(name);
    line('FAIL', name, error.message, start);
  }
}

/** Seconds on the clock, and of processor time in programs that ended: on a busy machine only the second tells anything. */
function now() {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return { clock: Date.now() / 1000, cpu: (Number(fields[13]) + Number(fields[14])) / 100 };
}

function line(state, name, remark, start) {
  const seconds = (now().clock - start.clock).toFixed(1).padStart(6);
  say(`${state}  ${name.padEnd(50)} ${seconds} s  ${remark}`);
}

/** stdout of a program; throws with the end of what it wrote when it fails. */
export function exec(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const { env, ...rest } = options;
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...rest,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out);
      else
        reject(
          new Error(
            `${path.basename(command)} ended with ${code ?? signal}: ${(out + err).trim().slice(-1500)}`,
          ),
        );
    });
  });
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export const npm = (args, options) =>
  exec('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], options);

/** An address that does not answer: whatever asked the network would fail. */
export const OFFLINE = {
  npm_config_registry: 'http://127.0.0.1:9/',
  HTTPS_PROXY: 'http://127.0.0.1:9/',
};

/** Name of an emulator that is there. */
export function qemu(name) {
  check(
    spawnSync(name, ['--version']).status === 0,
    `${name} is missing: sudo apt-get install qemu-user-static`,
  );
  return name;
}

/** Of this machine. */
export const nodeOf = (major) => path.join(tools, 'node_modules', `node${major}`, 'bin', 'node');
export const nodeArm64 = path.join(tools, 'arm64', 'bin', 'node');
/** Before the program's name: runs one for arm64. */
export const onArm64 = () => [qemu('qemu-aarch64-static'), '-L', '/usr/aarch64-linux-gnu'];
export const bin = (name, file) => path.join(tools, 'node_modules', name, file);

/** `make`s a folder that is then kept, as long as `key` is the same. */
export async function kept(folder, key, make) {
  const stamp = path.join(folder, '.made-from');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === key) return 'is there';
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const remark = await make();
  fs.writeFileSync(stamp, key);
  return remark;
}

/** The last line; sets the exit code. */
export function finish() {
  const end = now();
  const [clock, cpu] = ['clock', 'cpu'].map((key) => ((end[key] - begin[key]) / 60).toFixed(1));
  const list = failed.length ? `: ${failed.join('; ')}` : '';
  say(
    `${passed} cells passed, ${failed.length} failed${list} in ${clock} min, ${cpu} of processor time`,
  );
  process.exitCode = failed.length ? 1 : 0;
}
