// What a file of src exports is used by another file, or is public. An export that nothing takes is a promise that no one needs.
import ts from 'typescript';
import { filesIn, read, syntaxTree } from './sources.mjs';

const READERS = ['src', 'test', 'scripts', 'bench', 'examples'];

export function exportsUsed({ root }) {
  const words = new Map(); // by name, the files that have it
  for (const file of filesIn(root, READERS, /\.[mc]?[jt]s$/)) {
    for (const [word] of read(root, file).matchAll(/[\w$]+/g)) {
      const files = words.get(word) ?? new Set();
      words.set(word, files.add(file));
    }
  }
  const sentences = [];
  for (const file of filesIn(root, ['src'], /(?<!\.d)\.ts$/)) {
    for (const name of exportedValues(syntaxTree(root, file))) {
      if ((words.get(name)?.size ?? 0) > 1) continue;
      sentences.push(`${file}: nothing uses ${name} but this file; its \`export\` can go`);
    }
  }
  return sentences;
}

/** Names of exported functions, classes, enums and constants. Types may be exported to be named in an editor. */
function exportedValues(tree) {
  const names = [];
  for (const statement of tree.statements) {
    const isExported = ts
      .getModifiers?.(statement)
      ?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) continue;
    const declared = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations
      : [statement].filter(
          (one) =>
            ts.isFunctionDeclaration(one) ||
            ts.isClassDeclaration(one) ||
            ts.isEnumDeclaration(one),
        );
    for (const { name } of declared) if (name && ts.isIdentifier(name)) names.push(name.text);
  }
  return names;
}
