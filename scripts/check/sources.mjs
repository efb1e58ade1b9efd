// What the checks read: lists of files, TypeScript through its compiler, C++ through a small scanner. Paths are
// relative to the root and have forward slashes.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const IGNORED = new Set(['node_modules', '.venv', 'vendor', 'build', 'lib', 'prebuilds']);

/** Folders with TypeScript and JavaScript of ours. */
export const CODE = ['src', 'test', 'scripts', 'bench', 'examples', 'packages', 'deploy'];

/** Files below the folders `dirs` of `root` whose names match, sorted. Folders that do not exist have none. */
export function filesIn(root, dirs, pattern) {
  const found = [];
  const walk = (dir) => {
    for (const entry of fs.readdirSync(path.join(root, dir), { withFileTypes: true })) {
      const file = `${dir}/${entry.name}`;
      if (entry.isDirectory() && !IGNORED.has(entry.name)) walk(file);
      else if (entry.isFile() && pattern.test(entry.name)) found.push(file);
    }
  };
  for (const dir of dirs) if (fs.existsSync(path.join(root, dir))) walk(dir);
  return found.sort();
}

export const read = (root, file) => fs.readFileSync(path.join(root, file), 'utf8');

/** One syntax tree per file and run: several checks look at the same one. */
const trees = new Map();
export function syntaxTree(root, file) {
  const key = path.join(root, file);
  const text = read(root, file);
  let tree = trees.get(key);
  if (tree?.text !== text) {
    const isJs = /\.(mjs|cjs|js)$/.test(file);
    tree = ts.createSourceFile(
      file,
      text,
      ts.ScriptTarget.Latest,
      true,
      isJs ? ts.ScriptKind.JS : ts.ScriptKind.TS,
    );
    trees.set(key, tree);
  }
  return tree;
}

export const lineOf = (tree, position) => tree.getLineAndCharacterOfPosition(position).line + 1;

/** Calls `visit` for every node below `node`, parents first. */
export function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Text of a string literal or of the fixed parts of a template; undefined for other nodes. */
export function literalText(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (node.kind >= ts.SyntaxKind.TemplateHead && node.kind <= ts.SyntaxKind.TemplateTail) {
    return node.text;
  }
  return undefined;
}

/** The comments of a TypeScript or JavaScript file: `{ line, text }`. */
export function commentsOf(root, file) {
  const tree = syntaxTree(root, file);
  const text = tree.text;
  const seen = new Map();
  // Comments belong to no node: they are found before and after each token.
  const collect = (ranges) => {
    for (const { pos, end } of ranges ?? []) seen.set(pos, { pos, end });
  };
  collect(ts.getLeadingCommentRanges(text, 0));
  const visit = (node) => {
    if (node.kind >= ts.SyntaxKind.FirstToken && node.kind <= ts.SyntaxKind.LastToken) {
      // Inside a template or JSX text `//` is not a comment; getFullStart is right after the token before.
      collect(ts.getLeadingCommentRanges(text, node.getFullStart()));
      if (node.kind !== ts.SyntaxKind.TemplateHead && node.kind !== ts.SyntaxKind.TemplateMiddle) {
        collect(ts.getTrailingCommentRanges(text, node.end));
      }
      return;
    }
    for (const child of node.getChildren(tree)) visit(child);
  };
  visit(tree);
  return [...seen.values()]
    .sort((a, b) => a.pos - b.pos)
    .map(({ pos, end }) => ({ line: lineOf(tree, pos), text: text.slice(pos, end) }));
}

/** Every string literal of a TypeScript or JavaScript file but module names: `{ line, text }`. */
export function literalsOf(root, file) {
  const tree = syntaxTree(root, file);
  const found = [];
  walk(tree, (node) => {
    const text = literalText(node);
    if (text === undefined || ts.isImportDeclaration(node.parent)) return;
    if (ts.isExportDeclaration(node.parent)) return;
    found.push({ line: lineOf(tree, node.getStart(tree)), text });
  });
  return found;
}

/** Keys of the object literal that the constant `name` of a file holds. */
export function keysOf(tree, name) {
  const keys = [];
  walk(tree, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText(tree) !== name) return;
    let value = node.initializer;
    while (value !== undefined && (ts.isSatisfiesExpression(value) || ts.isAsExpression(value))) {
      value = value.expression;
    }
    if (value === undefined || !ts.isObjectLiteralExpression(value)) return;
    for (const { name: key } of value.properties) if (key) keys.push(key.getText(tree));
  });
  return keys;
}

/** Inside a call of src/load-peer.ts, which says what to install. */
function isGuarded(node) {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (ts.isCallExpression(at) && /^(load|import)Peer$/.test(at.expression.getText())) return true;
  }
  return false;
}

/**
 * What a TypeScript file imports: `{ to, line, typeOnly, lazy, guarded }`. `lazy`: loaded when the code runs (`import()`,
 * `require()`), not when the file is. `guarded`: by a function of src/load-peer.ts, or not loaded but looked for. `to` is
 * undefined where only the running program knows it, with the code in `text`.
 */
export function importsOf(root, file) {
  const tree = syntaxTree(root, file);
  const found = [];
  const add = (node, specifier, typeOnly, lazy, guarded = false) => {
    const to = specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
    const line = lineOf(tree, node.getStart(tree));
    found.push({ to, line, typeOnly, lazy, guarded, text: node.getText(tree) });
  };
  for (const { fileName, pos } of [...tree.referencedFiles, ...tree.typeReferenceDirectives]) {
    const to = tree.referencedFiles.some((one) => one.pos === pos) ? `./${fileName}` : fileName;
    found.push({ to, line: lineOf(tree, pos), typeOnly: true, lazy: false, guarded: false });
  }
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, isOfTypes(node.importClause), false);
    } else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier === undefined) return;
      add(node, node.moduleSpecifier, node.isTypeOnly || allTypes(node.exportClause), false);
    } else if (ts.isExternalModuleReference(node)) {
      add(node.parent, node.expression, node.parent.isTypeOnly, false);
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    } else if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name)) {
      // Adds to the types of a file; without a dot it describes a package that has none.
      if (node.name.text.startsWith('.')) add(node.name, node.name, true, false);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false, true, isGuarded(node));
    } else if (ts.isIdentifier(node) && /^(require|createRequire)$/.test(node.text)) {
      addRequire(node, add);
    }
  });
  return found;
}

const allTypes = (bindings) =>
  bindings !== undefined &&
  (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) &&
  bindings.elements.length > 0 &&
  bindings.elements.every((element) => element.isTypeOnly);

/** The clause of an import; an import without one runs the file. */
const isOfTypes = (clause) =>
  clause?.isTypeOnly === true || (clause?.name === undefined && allTypes(clause?.namedBindings));

/** `require(…)`, `require.resolve(…)`; by another name nothing shows what it loads. `require.main` loads nothing. */
function addRequire(node, add) {
  const { parent } = node;
  const isCalled = ts.isCallExpression(parent) && parent.expression === node;
  if (isCalled && node.text === 'require') {
    add(parent, parent.arguments[0], false, true, isGuarded(parent));
    return;
  }
  const member = ts.isPropertyAccessExpression(parent) && parent.expression === node && parent.name;
  if (member && member.text === 'main') return;
  if (member && member.text === 'resolve' && ts.isCallExpression(parent.parent)) {
    add(parent.parent, parent.parent.arguments[0], false, true, true);
  } else add(parent, undefined, false, true);
}

/**
 * Splits C++ into `code` (comments and contents of literals blanked, length and lines kept), `comments` and `literals`
 * (`{ line, text }`). Adjacent literals, which C++ joins, are joined here too, as one message usually spans lines.
 */
export function scanCpp(source) {
  const comments = [];
  const literals = [];
  const token =
    /\/\/(?:\\\r?\n|[^\n])*|\/\*[\s\S]*?\*\/|R"([^(\s]*)\(([\s\S]*?)\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'/g;
  const blank = (text) => text.replace(/[^\n]/g, ' ');
  let line = 1;
  let last = 0;
  let endOfLiteral = -1;
  const code = source.replace(token, (text, _delimiter, raw, position) => {
    for (let i = last; i < position; i++) if (source.charCodeAt(i) === 10) line++;
    const between = source.slice(endOfLiteral, position);
    last = position;
    if (text.startsWith('/')) {
      comments.push({ line, text });
      return blank(text);
    }
    if (text.startsWith("'")) return `'${blank(text.slice(1, -1))}'`;
    const value = raw ?? text.slice(1, -1);
    const isInclude = /(#|%:)\s*(include|include_next|import)\b[^"\n]*$/.test(
      source.slice(source.lastIndexOf('\n', position) + 1, position),
    );
    if (isInclude) return text;
    const previous = literals.at(-1);
    if (endOfLiteral >= 0 && previous && /^\s*$/.test(between)) previous.text += value;
    else literals.push({ line, text: value });
    endOfLiteral = position + text.length;
    return `"${blank(text.slice(1, -1))}"`;
  });
  return { code, comments, literals };
}
