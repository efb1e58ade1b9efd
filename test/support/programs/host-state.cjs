/**
 * What a library may change in the program that uses it: properties of globals and of Node's modules, listeners, packages,
 * and what the system keeps for the process and for each of its threads.
 * usage: node host-state.cjs require|import SUBPATH    prints what one import changes, as JSON
 */
const { readdirSync, readFileSync } = require('node:fs');
const { builtinModules } = require('node:module');

/** Not walked: what every require changes, and what warns when it is touched. */
const QUIET = /^(_|node:|punycode|sys$|wasi$|trace_events$|test)/;
const SKIPPED_KEYS = new Set(['_cache', '_pathCache', 'main', 'mainModule', 'domain']);
const SKIPPED_PATHS = /^process\.(_events|_eventsCount|env|moduleLoadList|stdin|stdout|stderr)$/;
const WARNING_GLOBALS = new Set(['localStorage', 'sessionStorage', 'navigator']);
const DEPTH = 4;

/** Own properties of everything that can be reached from Node's globals and modules: object -> its properties. */
function properties() {
  const seen = new Map();
  const walk = (value, path, depth) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
    if (seen.has(value) || ArrayBuffer.isView(value) || SKIPPED_PATHS.test(path)) return;
    const own = new Map();
    seen.set(value, { path, own });
    for (const key of Reflect.ownKeys(value)) {
      if (SKIPPED_KEYS.has(String(key))) continue;
      const { value: held, get, set } = Object.getOwnPropertyDescriptor(value, key);
      own.set(key, { held, get, set });
      if (depth > 0 && get === undefined) walk(held, `${path}.${String(key)}`, depth - 1);
    }
    walk(Object.getPrototypeOf(value), `${path}.prototype`, depth - 1);
  };
  walk(globalThis, 'globalThis', DEPTH);
  walk(process, 'process', DEPTH);
  for (const name of builtinModules.filter((module) => !QUIET.test(module)))
    walk(require(name), name, DEPTH);
  return seen;
}

const MAIN_THREAD = String(process.pid);

/** Of each thread, and of the process: name -> value. Where there is no /proc, only what Node knows. */
function system() {
  const state = { umask: process.umask() };
  if (process.platform !== 'linux') return { state, threads: {} };
  const threads = {};
  for (const id of readdirSync('/proc/self/task')) {
    try {
      const status = readFileSync(`/proc/self/task/${id}/status`, 'utf8');
      const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
      const line = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [nice, policy] = [fields[16], fields[38]];
      threads[id] = {
        affinity: line('Cpus_allowed_list'),
        priority: `nice ${nice}, policy ${policy}`,
        'blocked signals': line('SigBlk'),
      };
      if (id === MAIN_THREAD)
        Object.assign(state, {
          'handled signals': line('SigCgt'),
          'ignored signals': line('SigIgn'),
        });
    } catch {
      // It has ended.
    }
  }
  return { state, threads };
}

/** Threads that are new may be scheduled as the main thread is, and where it is. */
function systemChanges(first, now) {
  const found = [];
  const compare = (what, a, b, keys) => {
    for (const key of keys)
      if (a[key] !== b[key]) found.push(`${what}${key}: ${a[key]} -> ${b[key]}`);
  };
  compare('', first.state, now.state, Object.keys(first.state));
  for (const [id, thread] of Object.entries(now.threads)) {
    const old = first.threads[id];
    if (old) compare(`thread ${id}, `, old, thread, Object.keys(thread));
    else compare('new thread, ', first.threads[MAIN_THREAD], thread, ['affinity', 'priority']);
  }
  return found;
}

function take() {
  return {
    properties: properties(),
    listeners: Object.fromEntries(
      process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    ),
    environment: { ...process.env },
    handles: count(process.getActiveResourcesInfo()),
    system: system(),
    folder: process.cwd(),
    exitCode: process.exitCode,
  };
}

function count(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The first snapshot. What Node itself makes at the first touch is made before it. */
function before() {
  for (const key of Object.getOwnPropertyNames(globalThis))
    if (!WARNING_GLOBALS.has(key)) void globalThis[key];
  properties();
  return take();
}

function isSame(a, b, object) {
  if (!a || !b) return false;
  if (['held', 'get', 'set'].every((part) => Object.is(a[part], b[part]))) return true;
  // Node has exchanged a getter for what it returns, at the first use.
  return a.get !== undefined && b.get === undefined && a.get.call(object) === b.held;
}

/** What differs now: `fs.close`, `listener SIGINT`, `environment HOME`, … */
async function changes(first) {
  // Files that were read are closed meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const now = take();
  const found = [];
  for (const [object, { path, own }] of now.properties) {
    const old = first.properties.get(object)?.own;
    // An object that is new is seen where it hangs.
    if (old === undefined) continue;
    for (const key of new Set([...old.keys(), ...own.keys()])) {
      const [a, b] = [old.get(key), own.get(key)];
      if (!isSame(a, b, object)) found.push(`${path}.${String(key)}`);
    }
  }
  for (const [name, handles] of Object.entries(now.handles))
    if (handles > (first.handles[name] ?? 0)) found.push(`handle ${name}`);
  for (const part of ['listeners', 'environment'])
    for (const key of new Set([...Object.keys(first[part]), ...Object.keys(now[part])]))
      if (first[part][key] !== now[part][key]) found.push(`${part} ${key}`);
  found.push(...systemChanges(first.system, now.system));
  for (const part of ['folder', 'exitCode'])
    if (first[part] !== now[part]) found.push(`${part}: ${first[part]} -> ${now[part]}`);
  return found;
}

/** Packages, other than this one, of which a file was loaded. */
function packages() {
  const name = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/;
  return [...new Set(Object.keys(require.cache).map((file) => name.exec(file)?.[1]))].filter(
    (found) => found !== undefined,
  );
}

module.exports = { before, changes, packages };

async function main(how, subpath) {
  const name = `node-paligemma${subpath.slice(1)}`;
  const first = before();
  const loaded = how === 'require' ? require(name) : await import(name);
  const exported = Object.keys(loaded).length;
  console.log(JSON.stringify({ exported, changes: await changes(first), packages: packages() }));
}

if (require.main === module) void main(...process.argv.slice(2));
