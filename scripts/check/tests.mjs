// Tests are where their subject is: test/unit mirrors src, test/native mirrors native. A test that is left out is counted
// with what it lacks; vitest's own ways of skipping say nothing.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { filesIn, lineOf, syntaxTree, walk } from './sources.mjs';

/** Folders of test/unit whose subject is not in src, with where it is. */
const ELSEWHERE = { check: 'scripts/check', quality: 'bench/quality', scripts: 'scripts' };
const SKIPS = /^(it|test|describe|suite|ctx|context)\b.*\.(skip|skipIf|runIf|todo)$/;

export function tests({ root }) {
  return [...mirrors(root), ...silent(root)];
}

function mirrors(root) {
  const sentences = [];
  const has = (file) => fs.existsSync(path.join(root, file));
  for (const file of filesIn(root, ['test/unit'], /\.test\.ts$/)) {
    const folder = path.posix.dirname(file).slice('test/unit'.length + 1);
    const [top = ''] = folder.split('/');
    if (has(path.posix.join('src', folder)) || has(ELSEWHERE[top] ?? '-')) continue;
    sentences.push(
      `${file}: there is no folder src/${folder}; a test belongs in the folder of test/unit that is named as its subject's in src`,
    );
  }
  for (const file of filesIn(root, ['test/native'], /_(test|fuzz)\.cpp$/)) {
    const folder = path.posix.dirname(file).slice('test/native'.length + 1);
    if (has(path.posix.join('native', folder))) {
      // A fuzz test is named after a subject at large: `text_fuzz.cpp`.
      const subject = path.basename(file).replace(/_test\.cpp$/, '');
      const home = homeOf(root, subject);
      if (home === undefined || home === folder) continue;
      sentences.push(`${file}: tests native/${home}/${subject}; it belongs in test/native/${home}`);
      continue;
    }
    sentences.push(
      `${file}: there is no folder native/${folder}; a test belongs in the folder of test/native that is named as its subject's in native`,
    );
  }
  return sentences;
}

/** The folder of native with a file of this name. */
function homeOf(root, subject) {
  const file = filesIn(root, ['native'], /\.(cpp|h)$/).find((one) =>
    [`${subject}.h`, `${subject}.cpp`].includes(path.basename(one)),
  );
  return file === undefined ? undefined : path.posix.dirname(file).slice('native/'.length);
}

function silent(root) {
  const sentences = [];
  for (const file of filesIn(root, ['test'], /\.test\.ts$/)) {
    const tree = syntaxTree(root, file);
    walk(tree, (node) => {
      if (!ts.isPropertyAccessExpression(node) || !SKIPS.test(node.getText(tree))) return;
      const line = lineOf(tree, node.getStart(tree));
      sentences.push(
        `${file}:${line}: ${node.getText(tree)} skips without a trace; what a test needs belongs in test/support/needs.ts, which counts those left out`,
      );
    });
  }
  return sentences;
}
