// Imports and includes follow scripts/arrows.mjs: no arrow climbs, no circle, fronts use the public API, every external
// package has one home. The picture in docs/architecture.md is made from the same list.
import fs from 'node:fs';
import path from 'node:path';
import {
  COMPUTED,
  CPP,
  FRONTS,
  HEADERS,
  INSIDE,
  NO_FRONTS,
  PACKAGES,
  RESTRICTED,
  TYPESCRIPT,
} from '../arrows.mjs';
import { filesIn, importsOf, read, scanCpp } from './sources.mjs';

const LIST = 'scripts/arrows.mjs';

export function arrows({ root, fix }) {
  const typescript = typescriptFiles(root);
  const cpp = cppFiles(root);
  return [
    ...climbs(typescript, TYPESCRIPT, 'src'),
    ...climbs(cpp, CPP, 'native'),
    ...unseen(root, typescript, cpp),
    ...circles(typescript),
    ...circles(cpp),
    ...fronts(typescript),
    ...packages(typescript, root),
    ...headers(cpp),
    ...restricted(typescript),
    ...missing(root),
    ...picture(root, fix),
  ];
}

/**
 * `file -> { local: [{ to, line }], external: [{ to, line, typeOnly, lazy, guarded }], unread: [{ line, text }] }`, names
 * relative to src. `unread` are imports of which only the running program knows what they load.
 */
function typescriptFiles(root) {
  const files = new Map();
  for (const file of filesIn(root, ['src'], /\.ts$/)) {
    const found = { local: [], external: [], unread: [], outside: [] };
    for (const one of importsOf(root, file)) {
      if (one.to === undefined) found.unread.push(one);
      else if (one.to.startsWith('node:')) continue;
      else if (!/^(\.|\/)/.test(one.to)) found.external.push(one);
      else {
        const to = one.to.startsWith('/') ? one.to : resolved(root, file, one.to);
        if (to.startsWith('src/')) found.local.push({ ...one, to: to.slice('src/'.length) });
        else found.outside.push({ ...one, to });
      }
    }
    files.set(file.slice('src/'.length), found);
  }
  return files;
}

/** The file that an import names, however it is spelled: with `.js`, without an ending, as a folder. */
function resolved(root, file, specifier) {
  const plain = path.posix.join(path.posix.dirname(file), specifier).replace(/\/$/, '');
  const candidates = [
    plain.replace(/\.js$/, '.ts'),
    plain.replace(/\.js$/, '.d.ts'),
    ...[`${plain}.ts`, `${plain}/index.ts`, plain],
  ];
  const isFile = (one) => fs.statSync(path.join(root, one), { throwIfNoEntry: false })?.isFile();
  return candidates.find(isFile) ?? candidates[0];
}

/** As typescriptFiles. An include is looked up beside its file and in native, whichever marks it is written in. */
function cppFiles(root) {
  const files = new Map();
  for (const file of filesIn(root, ['native'], /\.(cpp|h|inc)$/)) {
    const { code } = scanCpp(read(root, file));
    const found = { local: [], external: [], unread: [], outside: [] };
    const directive = /^[ \t]*(?:#|%:)[ \t]*(?:include|include_next|import)\b(?:\\\r?\n|.)*$/gm;
    for (const match of code.matchAll(directive)) {
      const line = code.slice(0, match.index).split('\n').length;
      const [, to] = /(?:#|%:)[ \t]*include[ \t]*["<]([^">\s]+)[">]\s*$/.exec(match[0]) ?? [];
      if (to === undefined) {
        found.unread.push({ line, text: match[0].trim() });
        continue;
      }
      const beside = path.posix.join(path.posix.dirname(file), to);
      const ours = [beside, path.posix.join('native', to)].find((one) =>
        fs.existsSync(path.join(root, one)),
      );
      const isOurs = ours?.startsWith('native/') && !ours.startsWith('native/vendor/');
      if (isOurs) found.local.push({ to: ours.slice('native/'.length), line });
      else found.external.push({ to: path.posix.basename(to) === to ? to : (ours ?? to), line });
    }
    files.set(file.slice('native/'.length), found);
  }
  return files;
}

/** Files and imports that the other rules cannot see. */
function unseen(root, typescript, cpp) {
  const sentences = [];
  const others = (dir, pattern, what) => {
    for (const file of filesIn(root, [dir], /./)) {
      if (pattern.test(file)) continue;
      sentences.push(`${file}: ${dir} holds ${what}; a file of another kind belongs elsewhere`);
    }
  };
  others('src', /\.(ts|json)$/, 'TypeScript (.ts) and its data (.json)');
  others(
    'native',
    /\.(cpp|h|inc)$|^native\/(compat\/.+\.c|addon\/exports\.map)$/,
    '.cpp, .h, .inc',
  );
  const used = new Set();
  for (const [file, { unread, outside }] of typescript) {
    for (const { line, text } of unread) {
      used.add(file);
      if (Object.hasOwn(COMPUTED, file)) continue;
      sentences.push(
        `src/${file}:${line}: what ${text} loads is known only when it runs; write the name in the call, or why not in COMPUTED of ${LIST}`,
      );
    }
    for (const { to, line } of outside) {
      sentences.push(`src/${file}:${line}: imports ${to}; what src needs belongs in src`);
    }
  }
  for (const file of Object.keys(COMPUTED)) {
    if (!used.has(file))
      sentences.push(`${LIST}: ${file} computes no import; COMPUTED can lose it`);
  }
  for (const [file, { unread }] of cpp) {
    for (const { line, text } of unread) {
      sentences.push(`native/${file}:${line}: write ${text} as #include "folder/file.h"`);
    }
  }
  return sentences;
}

const topName = (file) => file.split('/')[0].replace(/(\.d)?\.ts$/, '');

function climbs(files, levels, top) {
  const sentences = [];
  const level = (name) => levels.findIndex((names) => names.includes(name));
  const unknown = new Set();
  for (const [file, { local }] of files) {
    const from = topName(file);
    if (from === 'compat') continue; // Is put into ggml's own sources.
    if (level(from) < 0) unknown.add(from);
    for (const { to, line } of local) {
      const name = topName(to);
      if (name === from || level(name) < 0 || level(from) < 0) continue;
      const where = `${top}/${file}:${line}`;
      if (level(name) > level(from)) {
        sentences.push(
          `${where}: ${from} uses ${name} (${to}), which is above it; what both need belongs in ${from} or below it, what needs ${name} in ${name} or above`,
        );
      } else if (
        level(name) === level(from) &&
        !INSIDE.some(([user, used]) => user === from && used === name)
      ) {
        sentences.push(
          `${where}: ${from} uses ${name} (${to}), which is on the same level; what both need belongs on a level below, or the pair in INSIDE of ${LIST}`,
        );
      }
    }
  }
  for (const name of unknown) {
    sentences.push(`${top}/${name} has no level: it belongs in one of the lists of ${LIST}`);
  }
  return sentences;
}

/** Groups of files of which each reaches each other (Tarjan). Imports of types count as well. */
function circles(files) {
  const sentences = [];
  const state = new Map();
  const stack = [];
  let next = 0;
  const visit = (file) => {
    const own = { index: next, low: next, open: true };
    next++;
    state.set(file, own);
    stack.push(file);
    for (const { to } of files.get(file).local) {
      if (!files.has(to)) continue;
      if (!state.has(to)) visit(to);
      const other = state.get(to);
      if (other.open) own.low = Math.min(own.low, other.low);
    }
    if (own.low !== own.index) return;
    const group = stack.splice(stack.indexOf(file));
    for (const member of group) state.get(member).open = false;
    const isOwnImport = files.get(file).local.some(({ to }) => to === file);
    if (group.length === 1 && !isOwnImport) return;
    sentences.push(
      `a circle of imports: ${[...group, group[0]].join(' -> ')}; what they share, types too, belongs in a file of its own that imports none of them`,
    );
  };
  for (const file of files.keys()) if (!state.has(file)) visit(file);
  return sentences;
}

function fronts(files) {
  const sentences = [];
  const used = new Set();
  for (const [file, { local }] of files) {
    const front = FRONTS[topName(file)];
    if (front === undefined) continue;
    for (const { to, line } of local) {
      if (topName(to) === topName(file)) continue;
      const name = to.replace(/\.ts$/, '');
      if (front.may.some((one) => name === one || name.startsWith(`${one}/`))) continue;
      used.add(`${topName(file)}: ${to}`);
      if (Object.hasOwn(front.except, to)) continue;
      sentences.push(
        `src/${file}:${line}: ${topName(file)} is a front and reaches around the public API to ${to}; it belongs in src/index.ts, or with its reason in FRONTS of ${LIST}`,
      );
    }
  }
  const above = TYPESCRIPT.slice(TYPESCRIPT.findIndex((names) => names.includes('index')) + 1);
  for (const name of above.flat()) {
    if (Object.hasOwn(FRONTS, name) !== Object.hasOwn(NO_FRONTS, name)) continue;
    sentences.push(
      `src/${name} is above the public API: what it may use belongs in FRONTS of ${LIST}, or why it is no front in NO_FRONTS`,
    );
  }
  for (const [name, { except }] of Object.entries(FRONTS)) {
    for (const to of Object.keys(except)) {
      if (used.has(`${name}: ${to}`)) continue;
      sentences.push(`${LIST}: ${name} uses ${to} no longer; the exception in FRONTS can go`);
    }
  }
  return sentences;
}

function packages(files, root) {
  const sentences = [];
  const { dependencies, peerDependencies = {} } = JSON.parse(read(root, 'package.json'));
  const used = new Set();
  for (const [file, { external }] of files) {
    for (const { to, line, typeOnly, lazy, guarded } of external) {
      const name = to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/');
      used.add(name);
      const where = `src/${file}:${line}`;
      const home = PACKAGES[name];
      if (home === undefined) {
        sentences.push(
          `${where}: the package ${name} has no home; its one folder or file belongs in PACKAGES of ${LIST}`,
        );
      } else if (file !== home && !file.startsWith(`${home}/`)) {
        sentences.push(
          `${where}: ${name} has its home in src/${home}; what is needed of it belongs there and is imported from there`,
        );
      }
      if (Object.hasOwn(peerDependencies, name) && !typeOnly && !lazy) {
        sentences.push(
          `${where}: ${name} is an optional peer and may be missing; it belongs in src/load-peer.ts, not in an import at the top of a file`,
        );
      }
      if (lazy && !guarded) {
        sentences.push(
          `${where}: ${name} may be missing when it is loaded; it belongs in a call of loadPeer or importPeer (src/load-peer.ts), which says what to install`,
        );
      }
      if (
        !typeOnly &&
        !Object.hasOwn(dependencies, name) &&
        !Object.hasOwn(peerDependencies, name)
      ) {
        sentences.push(
          `${where}: ${name} belongs in dependencies or peerDependencies of package.json`,
        );
      }
    }
  }
  for (const name of Object.keys(PACKAGES)) {
    if (!used.has(name)) sentences.push(`${LIST}: nothing imports ${name}; its home can go`);
  }
  return sentences;
}

function headers(files) {
  const sentences = [];
  for (const [file, { external }] of files) {
    for (const { to, line } of external) {
      const rule = HEADERS.find(({ pattern }) => pattern.test(path.posix.basename(to)));
      if (rule === undefined || rule.may.includes(topName(file))) continue;
      sentences.push(
        `native/${file}:${line}: ${rule.what} (${to}) belong in native/${rule.may.join(', native/')} only`,
      );
    }
  }
  return sentences;
}

function restricted(files) {
  const sentences = [];
  for (const [target, { may, instead }] of Object.entries(RESTRICTED)) {
    const used = new Set();
    for (const [file, { local }] of files) {
      for (const { to, line } of local) {
        if (to !== target) continue;
        const entry = may.find((one) => file === one || file.startsWith(`${one}/`));
        if (entry === undefined) {
          sentences.push(`src/${file}:${line}: must not import ${target}: ${instead}`);
        }
        used.add(entry);
      }
    }
    for (const entry of may) {
      if (used.has(entry)) continue;
      sentences.push(`${LIST}: src/${entry} imports ${target} no longer; it can leave RESTRICTED`);
    }
  }
  return sentences;
}

/** Names in the list that nothing has any more. */
function missing(root) {
  const gone = (dir, names, exists) =>
    names
      .filter((name) => !exists(name))
      .map((name) => `${LIST}: ${dir}/${name} does not exist; its place in the list can go`);
  const has = (file) => fs.existsSync(path.join(root, file));
  return [
    ...gone('src', TYPESCRIPT.flat(), (n) => has(`src/${n}`) || has(`src/${n}.ts`)),
    ...gone('native', CPP.flat(), (n) => has(`native/${n}`)),
  ];
}

const BEGIN = '<!-- arrows: made from scripts/arrows.mjs by `npm run format` -->';
const END = '<!-- /arrows -->';

function drawing() {
  const draw = (title, levels) => {
    const width = Math.max(12, title.length) + 1;
    return [...levels]
      .reverse()
      .map((names, i) => `${(i === 0 ? title : '').padEnd(width)}${names.join(', ')}`)
      .join('\n');
  };
  return [BEGIN, '```', draw('TypeScript', TYPESCRIPT), '', draw('C++', CPP), '```', END].join(
    '\n',
  );
}

function picture(root, fix) {
  const file = 'docs/architecture.md';
  const text = read(root, file);
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) {
    return [`${file}: the picture of the levels belongs between ${BEGIN} and ${END}`];
  }
  const wanted = text.slice(0, begin) + drawing() + text.slice(end + END.length);
  if (wanted === text) return [];
  if (fix || process.env.PALIGEMMA_UPDATE_DOCS) {
    fs.writeFileSync(path.join(root, file), wanted);
    return [];
  }
  return [`${file}: the picture of the levels is not that of ${LIST}; npm run format draws it`];
}
