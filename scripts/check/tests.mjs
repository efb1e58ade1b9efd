// Tests are where their subject is, and run: test/unit mirrors src, test/native mirrors native; a test that is left out is
// counted with what it lacks, since vitest's own ways of skipping say nothing; what a test expects is compared.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { filesIn, lineOf, read, syntaxTree, walk } from './sources.mjs';

/** Folders of test/unit whose subject is not in src, with where it is. */
const ELSEWHERE = { check: 'scripts/check', quality: 'bench/quality', scripts: 'scripts' };
/** How vitest leaves a test out, runs it alone, or wants it to fail. */
const SKIPS = new Set(['skip', 'skipIf', 'runIf', 'todo', 'only', 'fails']);
/** What they are properties of; `suite` and contexts have other names as well. */
const RUNNERS = new Set(['it', 'test', 'describe', 'suite', 'bench']);
/** May leave tests out, and counts them. */
const NEEDS = 'test/support/needs.ts';

export function tests({ root }) {
  return [...mirrors(root), ...unrun(root), ...vitestTests(root)];
}

function mirrors(root) {
  const sentences = [];
  const has = (file) => fs.existsSync(path.join(root, file));
  for (const file of filesIn(root, ['test/unit'], /\.test\.ts$/)) {
    const folder = path.posix.dirname(file).slice('test/unit'.length + 1);
    const elsewhere = ELSEWHERE[folder];
    const home =
      elsewhere !== undefined && has(elsewhere) ? elsewhere : path.posix.join('src', folder);
    if (!has(home)) {
      sentences.push(
        `${file}: there is no folder src/${folder}; a test belongs in the folder of test/unit that is named as its subject's in src`,
      );
      continue;
    }
    const name = path.basename(file, '.test.ts');
    if (subjectsIn(root, home).some((one) => name === one || name.startsWith(`${one}-`))) continue;
    sentences.push(
      `${file}: ${home} has no ${name}; a test is called as its subject there, as the folder, or as one of them and "-" with what it tests of it`,
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

/** What a test of the folder `home` may be about: its files and folders, and all of it. */
function subjectsIn(root, home) {
  const names = fs.readdirSync(path.join(root, home)).map((name) => name.replace(/\..*$/, ''));
  return [...names.filter((name) => name !== ''), path.posix.basename(home)];
}

/** The folder of native with a file of this name. */
function homeOf(root, subject) {
  const file = filesIn(root, ['native'], /\.(cpp|h)$/).find((one) =>
    [`${subject}.h`, `${subject}.cpp`].includes(path.basename(one)),
  );
  return file === undefined ? undefined : path.posix.dirname(file).slice('native/'.length);
}

/** Files that look like tests and that no runner starts. */
function unrun(root) {
  const sentences = [];
  for (const file of filesIn(root, ['src', 'test', 'scripts', 'bench'], /\.(test|spec)s?\.\w+$/)) {
    if (/^test\/.+\.test\.ts$/.test(file)) continue;
    sentences.push(`${file}: vitest runs test/**/*.test.ts only; the name belongs changed to that`);
  }
  const cmake = read(root, 'test/native/CMakeLists.txt');
  for (const file of filesIn(root, ['test/native'], /\.cpp$/)) {
    const name = file.slice('test/native/'.length);
    if (new RegExp(`(^|[\\s(])${name.replaceAll('.', '\\.')}([\\s)]|$)`, 'm').test(cmake)) continue;
    sentences.push(
      `${file}: no program contains it; it belongs in a list of test/native/CMakeLists.txt`,
    );
  }
  return sentences;
}

function vitestTests(root) {
  const sentences = [];
  for (const file of filesIn(root, ['test'], /\.ts$/)) {
    const tree = syntaxTree(root, file);
    const isTest = file.endsWith('.test.ts');
    const say = (node, what) =>
      sentences.push(`${file}:${lineOf(tree, node.getStart(tree))}: ${what}`);
    walk(tree, (node) => {
      const skip = file === NEEDS ? undefined : skipped(node);
      if (skip !== undefined) {
        say(
          node,
          `${skip.getText(tree)} skips without a trace; what a test needs belongs in ${NEEDS}, which counts those left out`,
        );
      }
      if (isExpectAlone(node)) {
        say(node, `${node.getText(tree)} compares nothing; what is expected belongs in a matcher`);
      }
      const alias = renamed(node);
      if (alias) say(node, `${alias} is vitest's by another name; its own belongs here`);
      if (!isTest && isRunnerCall(node)) {
        say(
          node,
          `${node.expression.getText(tree)} is never run here; it belongs in a .test.ts file`,
        );
      }
    });
  }
  return sentences;
}

const isRunnerCall = (node) =>
  ts.isCallExpression(node) &&
  RUNNERS.has(rootOf(node.expression)) &&
  node.arguments.some((one) => ts.isFunctionLike(one));

/** Of names and literals; undefined for what is computed. */
const textOf = (node) => node.text;

/** `it` of `it.concurrent.each(rows)`. */
function rootOf(node) {
  let at = node;
  while (at.expression !== undefined) at = at.expression;
  return ts.isIdentifier(at) ? at.text : undefined;
}

/** Where a test or suite is skipped: `it.skip`, `it['skip']`, `{ skip: true }`, `({ skip }) =>`, `context.skip()`. */
function skipped(node) {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const name = textOf(ts.isPropertyAccessExpression(node) ? node.name : node.argumentExpression);
    if (!SKIPS.has(name)) return undefined;
    return RUNNERS.has(rootOf(node)) || isContext(node.expression) ? node : undefined;
  }
  if (ts.isBindingElement(node)) {
    const name = textOf(node.propertyName ?? node.name);
    if (!SKIPS.has(name)) return undefined;
    const owner = node.parent.parent;
    if (ts.isParameter(owner)) return runnerOf(owner.parent) ? node : undefined;
    return RUNNERS.has(rootOf(owner.initializer ?? owner)) ? node : undefined;
  }
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) {
    const call = node.parent.parent;
    const isOption = ts.isCallExpression(call) && RUNNERS.has(rootOf(call.expression));
    return isOption && SKIPS.has(textOf(node.name)) ? node : undefined;
  }
  return undefined;
}

/** The runner that is called with a function. */
const runnerOf = (node) =>
  ts.isCallExpression(node.parent) && RUNNERS.has(rootOf(node.parent.expression))
    ? node.parent.expression
    : undefined;

/** The parameter of a test: vitest's context, whatever its name. */
function isContext(node) {
  if (!ts.isIdentifier(node)) return false;
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    if (!at.parameters?.some(({ name }) => name.getText() === node.text)) continue;
    const runner = runnerOf(at);
    return runner !== undefined && !/\.(each|for)\b/.test(runner.getText());
  }
  return false;
}

/** `expect(x);` and `expect(x).toBe;`: they count as assertions and never fail. */
function isExpectAlone(node) {
  if (!ts.isExpressionStatement(node)) return false;
  let at = node.expression;
  while (ts.isAwaitExpression(at) || ts.isVoidExpression(at)) at = at.expression;
  if (ts.isCallExpression(at)) return /^expect(\.soft|\.poll)?$/.test(at.expression.getText());
  return ts.isPropertyAccessExpression(at) && rootOf(at) === 'expect';
}

/** An import of vitest's runners by another name, or of all of vitest as one: the rules here know them by theirs. */
function renamed(node) {
  if (!ts.isImportDeclaration(node) || textOf(node.moduleSpecifier) !== 'vitest') return undefined;
  const bindings = node.importClause?.namedBindings;
  if (bindings === undefined) return undefined;
  if (ts.isNamespaceImport(bindings)) return bindings.name.text;
  return bindings.elements.find((one) => one.propertyName !== undefined)?.name.text;
}
