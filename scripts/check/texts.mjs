// Every option, argument, flag and format says what it is: no `doc` of src is empty, wherever it is declared, no function
// that takes one is called with an empty one, and no flag of the command line is added without a text.
import path from 'node:path';
import ts from 'typescript';
import { filesIn, importsOf, lineOf, literalText, syntaxTree, walk } from './sources.mjs';

/** commander's, whose second argument is the text. */
const FLAGS = new Set(['Option', 'Argument', 'option', 'argument', 'requiredOption']);

export function texts({ root }) {
  const files = filesIn(root, ['src'], /\.ts$/);
  const takers = files.flatMap((file) => docTakers(syntaxTree(root, file), file));
  return files.flatMap((file) => {
    const tree = syntaxTree(root, file);
    const known = new Map();
    const near = new Set([file, ...importsOf(root, file).map(({ to }) => sourceOf(file, to))]);
    for (const one of takers) if (near.has(one.file)) known.set(one.name, one.index);
    const sentences = [];
    walk(tree, (node) => {
      const name = textlessName(node, known, tree);
      if (name === undefined) return;
      const line = lineOf(tree, node.getStart(tree));
      sentences.push(`${file}:${line}: ${name} has no text: what it is for belongs in it`);
    });
    return sentences;
  });
}

const sourceOf = (file, to = '') =>
  path.posix.join(path.posix.dirname(file), to).replace(/\.js$/, '.ts');

/** Functions with a parameter `doc`, and which one it is. */
function docTakers(tree, file) {
  const found = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node)) return;
    const name = (nameOf(node) ?? nameOf(node.parent))?.getText(tree);
    const index = node.parameters.findIndex((one) => one.name.getText(tree) === 'doc');
    if (name !== undefined && index >= 0) found.push({ file, name, index });
  });
  return found;
}

/** The name of what is declared; undefined where nothing is. */
const nameOf = (node) => node.name;
const isEmpty = (node) => node !== undefined && literalText(node)?.trim() === '';

/** What is declared here without a text; undefined where nothing is. */
function textlessName(node, known, tree) {
  if (ts.isPropertyAssignment(node)) {
    if (node.name.getText(tree) !== 'doc' || !isEmpty(node.initializer)) return undefined;
    // `maxTokens` of `maxTokens: integer({ doc: '' })`.
    for (let at = node.parent.parent; at !== undefined && !ts.isStatement(at); at = at.parent) {
      if (nameOf(at) !== undefined) return nameOf(at).getText(tree);
    }
    return 'this';
  }
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  const called = node.expression;
  const [first, second] = node.arguments ?? [];
  const name = ts.isPropertyAccessExpression(called) ? called.name.text : called.getText(tree);
  if (FLAGS.has(name) && first !== undefined && /^[<[-]/.test(literalText(first) ?? '')) {
    return second === undefined || isEmpty(second) ? literalText(first) : undefined;
  }
  const index = ts.isIdentifier(called) ? known.get(called.text) : undefined;
  if (index === undefined || !isEmpty(node.arguments[index])) return undefined;
  return ts.isPropertyAssignment(node.parent) ? node.parent.name.getText(tree) : node.getText(tree);
}
