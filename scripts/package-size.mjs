// What the package weighs, by part: packed and unpacked, as npm makes it of the prebuilds that are here. Fails where a part
// has grown beyond its budget. Usage: node scripts/package-size.mjs [TARBALL]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fail, ROOT } from './lib.mjs';

/** Bytes packed: everything but the prebuilds; a platform's; all of it. */
const BUDGET = { own: 3.6e6, prebuild: 5e6, all: 20e6 };

/** The files of a tarball of npm's: names below `package/`, and what is in them. */
function* filesOf(tarball) {
  const bytes = gunzipSync(fs.readFileSync(tarball));
  const text = (start, length) =>
    bytes.toString('latin1', start, start + length).replace(/\0.*$/s, '');
  let long; // a pax header has a name that is too long for the field
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    const content = bytes.subarray(at + 512, at + 512 + size);
    const prefix = text(at + 345, 155);
    const name = long ?? (prefix ? `${prefix}/${text(at, 100)}` : text(at, 100));
    long = kind === 'x' ? /\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1] : undefined;
    if (kind === '0' || kind === '') yield { name: name.replace(/^[^/]*\//, ''), content };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** `prebuilds/linux-x64`, `native/vendor`, or the folder or file at the top. */
const partOf = (name) => /^(prebuilds\/[^/]+(?=\/)|native\/vendor|[^/]+)/.exec(name)[1];

/** Parts with `packed` and `unpacked` bytes, the largest first, and their totals. */
export function measure(tarball) {
  const parts = new Map();
  for (const { name, content } of filesOf(tarball)) {
    const part = partOf(name);
    parts.set(part, [...(parts.get(part) ?? []), content]);
  }
  const rows = [...parts].map(([part, contents]) => ({
    part,
    files: contents.length,
    unpacked: contents.reduce((sum, content) => sum + content.length, 0),
    packed: gzipSync(Buffer.concat(contents), { level: 9 }).length,
  }));
  const sum = (list, key) => list.reduce((total, row) => total + row[key], 0);
  const prebuilds = rows.filter(({ part }) => part.startsWith('prebuilds/'));
  const packed = fs.statSync(tarball).size;
  return {
    rows: rows.sort((a, b) => b.packed - a.packed),
    prebuilds,
    packed,
    unpacked: sum(rows, 'unpacked'),
    own: packed - sum(prebuilds, 'packed'),
  };
}

/** What is beyond its budget, in sentences. */
export function excesses({ prebuilds, packed, own }) {
  const beyond = (what, bytes, most) =>
    bytes > most ? [`${what}: ${mb(bytes).trim()} MB packed, at most ${mb(most).trim()}`] : [];
  return [
    ...beyond('the package without prebuilds', own, BUDGET.own),
    ...prebuilds.flatMap((row) => beyond(row.part, row.packed, BUDGET.prebuild)),
    ...beyond('the package', packed, BUDGET.all),
  ];
}

export function table({ rows, packed, unpacked }) {
  const shown = rows.filter((row) => row.packed > 1e4);
  const rest = rows.filter((row) => row.packed <= 1e4);
  const small = ['packed', 'unpacked', 'files'].map((key) =>
    rest.reduce((sum, row) => sum + row[key], 0),
  );
  return [
    ...shown.map((row) => [row.part, row.packed, row.unpacked, row.files]),
    ['the rest', ...small],
    ['all', packed, unpacked, rows.reduce((sum, row) => sum + row.files, 0)],
  ]
    .map(
      ([part, ...sizes]) =>
        `${part.padEnd(28)}${mb(sizes[0])} MB packed,${mb(sizes[1])} unpacked, ${sizes[2]} files`,
    )
    .join('\n');
}

const mb = (bytes) => (bytes / 1e6).toFixed(2).padStart(7);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'paligemma-pack-'));
  try {
    const pack = (cwd) => {
      const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
      const out = execFileSync(npm, ['pack', '--json', '--pack-destination', folder], {
        ...{ cwd, encoding: 'utf8', shell: process.platform === 'win32' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      // What the scripts of the package print comes before the list.
      return path.join(folder, JSON.parse(out.slice(out.indexOf('[\n'))).at(0).filename);
    };
    const tarball = process.argv[2] ?? pack(ROOT);
    const sizes = measure(tarball);
    console.log(table(sizes));
    if (process.argv[2] === undefined) {
      const demo = measure(pack(path.join(ROOT, 'packages', 'demo-model')));
      console.log(
        `@node-paligemma/demo-model  ${mb(demo.packed)} MB packed,${mb(demo.unpacked)} unpacked`,
      );
    }
    const found = excesses(sizes);
    if (found.length > 0) fail(found.join('; '));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
