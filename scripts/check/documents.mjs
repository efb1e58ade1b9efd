// What code and documents say of each other: every error code is explained, every check has its rule, every "spec section
// N" leads to a heading, every file that a comment names is there.
import fs from 'node:fs';
import { CODE, commentsOf, filesIn, keysOf, read, scanCpp, syntaxTree } from './sources.mjs';

const SPEC = 'docs/spec.md';
/** "spec section 6.4", "spec sections 7.1 and 7.3", "spec 4.3", "spec, pitfall P30". */
const CITATION =
  /\bspec,?\s+(?:sections?\s+|pitfalls?\s+)?P?\d+(?:\.\d+)*(?:(?:,|\s+and|\s+to)\s+P?\d+(?:\.\d+)*)*/gi;

/** A file of a kind that we write ourselves; in Python most names are of other projects. */
const FILE = /(?<![\w:/.@<*-])((?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mjs|cjs|cpp|h))\b(?![(\w])/g;
/** Those of other projects that comments name; and in ggml's folders. */
const OTHERS = new Set([
  ...['llama.cpp', 'llama.h', 'src/llama-model-loader.cpp'],
  ...['ggml.h', 'ggml-common.h', 'ggml-cpu/ops.cpp', 'ggml-cpu/amx/mmq.cpp', 'ggml-metal-ops.cpp'],
  ...['asm/hwcap.h', 'uv.h', 'windows.h', 'ImagingUtils.h'],
]);

export function documents({ root }) {
  return [...errorCodes(root), ...checks(root), ...citations(root), ...fileNames(root)];
}

function errorCodes(root) {
  const codes = (text, pattern) => new Set([...text.matchAll(pattern)].map((m) => m[1]));
  const inCode = codes(read(root, 'src/errors.ts'), /^ {2}(ERR_\w+):/gm);
  const inDocs = codes(read(root, 'docs/errors.md'), /`(ERR_\w+)`/g);
  return [
    ...[...inCode]
      .filter((code) => !inDocs.has(code))
      .map((code) => `src/errors.ts: ${code} is explained nowhere; it belongs in docs/errors.md`),
    ...[...inDocs]
      .filter((code) => !inCode.has(code))
      .map((code) => `docs/errors.md: ${code} is no code of src/errors.ts; it belongs in both`),
  ];
}

function checks(root) {
  const page = 'docs/contributing.md';
  const keys = keysOf(syntaxTree(root, 'scripts/check.mjs'), 'CHECKS');
  const names = keys.map((key) => key.replace(/^'(.*)'$/, '$1'));
  const [section = ''] =
    /^## Rules that `npm run check`[\s\S]*?(?=^## )/m.exec(read(root, page)) ?? [];
  const rows = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1]);
  const described = rows.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]),
  );
  return [
    ...names
      .filter((name) => !described.includes(name))
      .map((name) => `the check ${name} has no rule: it belongs in the table of ${page}`),
    ...described
      .filter((name) => !names.includes(name))
      .map((name) => `${page}: ${name} is no check of scripts/check.mjs; its row can go`),
  ];
}

function citations(root) {
  const spec = read(root, SPEC);
  const sections = new Set([...spec.matchAll(/^#+ (\d+(?:\.\d+)*)\.? /gm)].map((m) => m[1]));
  const pitfalls = new Set([...spec.matchAll(/^\| (P\d+) \|/gm)].map((m) => m[1]));
  const sentences = [];
  const look = (file, { line, text }) => {
    // A comment's line may end between the words.
    const plain = text.replace(/\n\s*(\*|\/\/|#)?/g, (all) => all.replace(/[^\n]/g, ' '));
    for (const match of plain.matchAll(CITATION)) {
      const names = match[0].match(/\bP?\d+(\.\d+)*/g) ?? [];
      const at = line + plain.slice(0, match.index).split('\n').length - 1;
      for (const name of names) {
        if (sections.has(name) || pitfalls.has(name)) continue;
        sentences.push(
          `${file}:${at}: cites ${name} of the spec, which ${SPEC} does not have; the fact belongs there, under that number`,
        );
      }
    }
  };
  for (const file of filesIn(root, ['src', 'test', 'scripts', 'bench'], /\.[mc]?[jt]s$/)) {
    if (file.includes('/check/')) continue;
    for (const comment of paragraphs(commentsOf(root, file))) look(file, comment);
  }
  for (const file of filesIn(root, ['native', 'test/native'], /\.(cpp|h|inc)$/)) {
    for (const comment of paragraphs(scanCpp(read(root, file)).comments)) look(file, comment);
  }
  return sentences;
}

/** Files that comments and documents name, and that have another name or place by now. */
function fileNames(root) {
  const top = fs.readdirSync(root);
  const ours = [...top, ...filesIn(root, [...CODE, 'native', 'docs', 'deploy'], /./)];
  const known = new Set(OTHERS);
  for (const file of ours) {
    // By any of its last parts: `box.ts`, `results/box.ts`, `src/results/box.ts`.
    for (let at = file; at !== undefined; at = /\/(.+)$/.exec(at)?.[1]) known.add(at);
  }
  const sentences = [];
  const look = (file, { line, text }, pattern) => {
    for (const match of text.matchAll(FILE)) {
      if (known.has(match[1]) || !pattern.test(match[1])) continue;
      const at = line + text.slice(0, match.index).split('\n').length - 1;
      sentences.push(
        `${file}:${at}: names ${match[1]}, which is not there; a file of another project belongs in OTHERS of scripts/check/documents.mjs`,
      );
    }
  };
  for (const file of filesIn(root, CODE, /\.[mc]?[jt]s$/)) {
    if (file.includes('/check/')) continue;
    for (const comment of commentsOf(root, file)) look(file, comment, /./);
  }
  for (const file of filesIn(root, ['native', 'test/native'], /\.(cpp|h|inc)$/)) {
    for (const comment of scanCpp(read(root, file)).comments) look(file, comment, /./);
  }
  for (const file of filesIn(root, ['docs'], /\.md$/)) {
    const text = read(root, file).replace(/^```[\s\S]*?^```/gm, (all) =>
      all.replace(/[^\n]/g, ' '),
    );
    for (const match of text.matchAll(/`[^`\n]+`/g)) {
      const line = text.slice(0, match.index).split('\n').length;
      look(file, { line, text: match[0] }, /^(?!kebab-case).+\.(ts|mjs|cjs)$/);
    }
  }
  return sentences;
}

/** Comments of one line each that follow each other, as one. */
function paragraphs(comments) {
  const joined = [];
  for (const { line, text } of comments) {
    const last = joined.at(-1);
    const isNext = last !== undefined && line === last.line + last.text.split('\n').length;
    if (isNext && text.startsWith('//')) last.text += `\n${text}`;
    else joined.push({ line, text });
  }
  return joined;
}
