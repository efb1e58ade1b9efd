// Formatting, lint, types and the direction of dependencies. With --fix: formats instead of complaining.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT, run, say } from './lib.mjs';

const fix = process.argv.includes('--fix');
const bin = (...parts) => path.join(ROOT, 'node_modules', ...parts);

run(process.execPath, [
  bin('@biomejs', 'biome', 'bin', 'biome'),
  'check',
  ...(fix ? ['--write'] : []),
]);

const sources = (dir) =>
  fs
    .readdirSync(path.join(ROOT, dir), { recursive: true })
    .map((file) => path.join(dir, file.toString()))
    .filter((file) => /\.(cpp|h)$/.test(file) && !file.includes(`native${path.sep}vendor`));
const clangFormat = createRequire(import.meta.url)('clang-format-node').getClangFormatPath(
  process.platform,
  process.arch,
);
// npm may have blocked the package's install script, which sets this bit.
if (process.platform !== 'win32') fs.chmodSync(clangFormat, 0o755);
run(clangFormat, [
  ...(fix ? ['-i'] : ['--dry-run', '--Werror']),
  ...sources('native'),
  ...sources('test/native'),
]);

run(process.execPath, [
  bin('typescript', 'bin', 'tsc'),
  '-p',
  ROOT,
  '--noEmit',
  '--incremental',
  'false',
]);
run(process.execPath, [bin('typescript', 'bin', 'tsc'), '-p', path.join(ROOT, 'test')]);

run(process.execPath, [path.join(ROOT, 'scripts', 'notices.mjs'), '--check']);

// Arrows point one way; they may skip levels, never climb. One list per language, lowest first.
const CPP = [
  ['base', 'platform'],
  ['kernels'],
  ['compute', 'sampling', 'text', 'image'],
  ['models'],
  ['engine'],
  ['addon'],
];
const TS = [
  ['errors', 'abort', 'notes', 'model-parts'],
  ['output-error'],
  ['native', 'options'],
  ['load-sharp'],
  ['results'],
  ['demo-model', 'prompt', 'image-input', 'prediction', 'devices', 'inspect', 'convert', 'hub'],
  ['model', 'annotate'],
  ['tasks', 'train'],
  ['paligemma'],
  ['index'],
  ['wire'],
  ['runs'],
  ['bench'],
  ['doctor'],
  ['cli', 'server'],
];
// Whoever builds on the public API must not reach around it.
const FORBIDDEN = { cli: ['native'], server: ['native'] };
let climbs = 0;
function checkArrows(files, levels, home, importPattern, target) {
  const level = (name) => levels.findIndex((names) => names.includes(name));
  for (const file of files) {
    const from = home(file);
    for (const [, to] of fs.readFileSync(path.join(ROOT, file), 'utf8').matchAll(importPattern)) {
      const name = target(file, to);
      if (name === undefined || name === from) continue;
      if (
        level(name) < 0 ||
        level(from) < 0 ||
        level(name) > level(from) ||
        FORBIDDEN[from]?.includes(name)
      ) {
        say(`${file}: ${from} must not use ${name} (${to})`);
        climbs++;
      }
    }
  }
}
checkArrows(
  sources('native').filter((file) => !file.includes('compat')),
  CPP,
  (file) => file.split(path.sep)[1],
  /^#include "([^"]+)"/gm,
  (_, to) => to.split('/')[0],
);
const tsFiles = fs
  .readdirSync(path.join(ROOT, 'src'), { recursive: true })
  .map((file) => file.toString())
  .filter((file) => file.endsWith('.ts'));
const topName = (file) => file.split(path.sep)[0].replace(/\.ts$/, '');
checkArrows(
  tsFiles.map((file) => path.join('src', file)),
  TS,
  (file) => topName(path.relative('src', file)),
  /(?:from|import\()\s*'(\.[^']+)'/g,
  (file, to) =>
    topName(path.relative('src', path.join(path.dirname(file), to))).replace(/\.js$/, ''),
);
if (climbs > 0) process.exit(1);

// A test that is left out is counted with what it lacks; vitest's own ways of skipping say nothing.
const silent = fs
  .readdirSync(path.join(ROOT, 'test'), { recursive: true })
  .map((file) => path.join('test', file.toString()))
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) =>
    /\b(it|test|describe|suite|ctx|context)\.(skip|skipIf|runIf|todo)\b/.test(
      fs.readFileSync(path.join(ROOT, file), 'utf8'),
    ),
  );
if (silent.length > 0) {
  say(`skips tests without counting them, see test/support/needs.ts: ${silent.join(', ')}`);
  process.exit(1);
}

// A public error code that the documentation does not explain, or the other way round, is a bug of one of them.
const docs = path.join(ROOT, 'docs', 'errors.md');
if (fs.existsSync(docs)) {
  const codes = (text, pattern) => new Set([...text.matchAll(pattern)].map((m) => m[1]));
  const inCode = codes(
    fs.readFileSync(path.join(ROOT, 'src/errors.ts'), 'utf8'),
    /^ {2}(ERR_\w+):/gm,
  );
  const inDocs = codes(fs.readFileSync(docs, 'utf8'), /`(ERR_\w+)`/g);
  const odd = [...inCode]
    .filter((c) => !inDocs.has(c))
    .concat([...inDocs].filter((c) => !inCode.has(c)));
  if (odd.length > 0) {
    say(`docs/errors.md and src/errors.ts differ in ${odd.join(', ')}`);
    process.exit(1);
  }
}
