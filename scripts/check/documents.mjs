// What code and documents say of each other: every error code is explained, every "spec section N" leads to a heading.
import fs from 'node:fs';
import path from 'node:path';
import { commentsOf, filesIn, read, scanCpp } from './sources.mjs';

const SPEC = 'docs/spec.md';

export function documents({ root }) {
  return [...errorCodes(root), ...citations(root)];
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

function citations(root) {
  if (!fs.existsSync(path.join(root, SPEC))) return []; // Until it has landed.
  const sentences = [];
  const sections = fs.existsSync(path.join(root, SPEC))
    ? new Set([...read(root, SPEC).matchAll(/^#+ (\d+(?:\.\d+)*)\.? /gm)].map((m) => m[1]))
    : new Set();
  const look = (file, { line, text }) => {
    // A comment's line may end between the words.
    for (const match of text.matchAll(/\bspec[\s/*#]+sections?[\s/*#]+(\d+(?:\.\d+)*)/gi)) {
      if (sections.has(match[1])) continue;
      const at = line + text.slice(0, match.index).split('\n').length - 1;
      sentences.push(
        `${file}:${at}: cites section ${match[1]} of the spec, which is no heading of ${SPEC}; the fact belongs there, under that number`,
      );
    }
  };
  for (const file of filesIn(root, ['src', 'test', 'scripts', 'bench'], /\.[mc]?[jt]s$/)) {
    if (file === 'scripts/check/documents.mjs') continue;
    for (const comment of commentsOf(root, file)) look(file, comment);
  }
  for (const file of filesIn(root, ['native', 'test/native'], /\.(cpp|h|inc)$/)) {
    for (const comment of scanCpp(read(root, file)).comments) look(file, comment);
  }
  return sentences;
}
