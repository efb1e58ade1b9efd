// What code and documents say of each other: every error code is explained, every check has its rule, every "spec section
// N" leads to a heading.
import { commentsOf, filesIn, keysOf, read, scanCpp, syntaxTree } from './sources.mjs';

const SPEC = 'docs/spec.md';
/** "spec section 6.4", "spec sections 7.1 and 7.3", "spec 4.3", "spec, pitfall P30". */
const CITATION =
  /\bspec,?\s+(?:sections?\s+|pitfalls?\s+)?P?\d+(?:\.\d+)*(?:(?:,|\s+and|\s+to)\s+P?\d+(?:\.\d+)*)*/gi;

export function documents({ root }) {
  return [...errorCodes(root), ...checks(root), ...citations(root)];
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
