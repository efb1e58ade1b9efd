// Functions of at most 80 lines, files of at most 500. Longer ones hold two subjects; those that still do are listed with
// their lines in sizes.json. The list only gets shorter: `npm run format` lowers and removes entries, and adds none; and
// BOUND says how much it may hold, so that what is added by hand is refused.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { CODE, filesIn, lineOf, read, scanCpp, syntaxTree, walk } from './sources.mjs';

const MAX_FUNCTION = 80;
const MAX_FILE = 500;
const LIST = 'scripts/check/sizes.json';
/**
 * Entries of the list and their lines together: three tables of tensors by name and one of drawn scenes, which would not
 * be clearer in two. It is never raised: a new entry needs the room of an older one that has gone. Where the list has
 * become shorter, this is to be lowered.
 */
const BOUND = { entries: 4, lines: 924 };
/** As long as what they are made of, by checks beside this one. */
const MADE = ['src/options/types.ts'];

export function sizes({ root, fix }) {
  const found = { files: {}, functions: {} };
  for (const file of filesIn(root, CODE, /\.[mc]?[jt]s$/)) {
    if (MADE.includes(file)) continue;
    note(found, root, file, typescriptFunctions(syntaxTree(root, file)));
  }
  for (const file of filesIn(root, ['native', 'test/native'], /\.(cpp|h|inc)$/)) {
    note(found, root, file, cppFunctions(scanCpp(read(root, file)).code));
  }
  const allowed = JSON.parse(read(root, LIST));
  const sentences = [
    ...compare(found.files, allowed.files, MAX_FILE, (name) => {
      return `${name}: a second subject in it belongs in a file of its own`;
    }),
    ...compare(found.functions, allowed.functions, MAX_FUNCTION, (name) => {
      return `${name}: its steps belong in functions with names of their own`;
    }),
  ];
  const lower = {
    files: lowered(allowed.files, found.files),
    functions: lowered(allowed.functions, found.functions),
  };
  const isLower = JSON.stringify(lower) === JSON.stringify(allowed);
  if (fix && !isLower) {
    fs.writeFileSync(path.join(root, LIST), `${JSON.stringify(lower, null, 2)}\n`);
  }
  if (!fix && !isLower)
    sentences.push(`${LIST} allows more than there is; npm run format lowers it`);
  return [...sentences, ...bounded(fix ? lower : allowed)];
}

function bounded({ files, functions }) {
  const lines = [...Object.values(files), ...Object.values(functions)];
  const held = { entries: lines.length, lines: lines.reduce((sum, one) => sum + one, 0) };
  return Object.entries(BOUND)
    .filter(([name, most]) => held[name] !== most)
    .map(([name, most]) =>
      held[name] > most
        ? `${LIST} has ${held[name]} ${name}, at most ${most}: what is new belongs in parts that need no entry`
        : `${LIST} has ${held[name]} ${name}: BOUND in scripts/check/sizes.mjs is to be lowered from ${most} to that`,
    );
}

function note(found, root, file, functions) {
  const text = read(root, file);
  const lines = text.trimEnd().split('\n').length;
  if (lines > MAX_FILE) found.files[file] = lines;
  for (const { name, length } of functions) {
    if (length <= MAX_FUNCTION) continue;
    const key = `${file} ${name}`;
    found.functions[key] = Math.max(length, found.functions[key] ?? 0);
  }
}

function compare(found, allowed, limit, advice) {
  return Object.entries(found)
    .filter(([name, count]) => count > (allowed[name] ?? limit))
    .map(([name, count]) => `${advice(name)} (${count} lines, at most ${allowed[name] ?? limit})`);
}

/** The entries that are still needed, with today's number where that is smaller. */
function lowered(allowed, found) {
  return Object.fromEntries(
    Object.entries(allowed)
      .filter(([name]) => found[name] !== undefined)
      .map(([name, count]) => [name, Math.min(count, found[name])]),
  );
}

/** Functions and methods with a body. The callback of a `describe` is a list of tests, not a function. */
function typescriptFunctions(tree) {
  const found = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const call = ts.isCallExpression(node.parent) ? node.parent : undefined;
    if (call !== undefined && /^describe\b/.test(call.expression.getText(tree))) return;
    const first = lineOf(tree, node.getStart(tree));
    const length = lineOf(tree, node.end) - first + 1;
    found.push({ name: functionName(node, call, tree), length });
  });
  return found;
}

function functionName(node, call, tree) {
  if (node.name !== undefined) return node.name.getText(tree);
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const title = call?.arguments.find((one) => ts.isStringLiteralLike(one));
  if (title !== undefined) return `'${title.text}'`;
  let parent = node.parent;
  while (parent !== undefined && parent.name === undefined && !ts.isStatement(parent)) {
    parent = parent.parent;
  }
  return parent?.name?.getText(tree) ?? '(unnamed)';
}

/**
 * Function bodies of C++ by their braces, in code without comments and texts. A brace at the level of a namespace or
 * type opens a body when its head has parentheses; as clang-format writes it, a space precedes it, and none precedes
 * the brace of a member's initial value.
 */
export function cppFunctions(code) {
  const found = [];
  const open = [];
  let head = 0;
  for (let i = 0; i < code.length; i++) {
    const c = code[i];
    const inFunction = open.some(({ kind }) => kind === 'body');
    if (c === '{') {
      const text = code.slice(head, i).replace(/^[ \t]*#.*(\\\n.*)*$/gm, '');
      const start = head + code.slice(head, i).search(/\S|$/);
      const kind = inFunction ? 'block' : kindOf(text);
      open.push({ kind, start, name: kind === 'body' ? cppName(text) : '' });
      if (kind !== 'value') head = i + 1;
    } else if (c === '}') {
      const { kind, start, name } = open.pop() ?? {};
      if (kind === 'body') {
        found.push({ name, length: code.slice(start, i).split('\n').length });
      }
      if (kind !== 'value') head = i + 1;
    } else if (c === ';') head = i + 1;
    else if (c === ':' && /\b(public|private|protected)\s*$/.test(code.slice(head, i)))
      head = i + 1;
  }
  return found;
}

function kindOf(head) {
  if (/\bnamespace\b[^()]*$|\bextern\s*"\s*"\s*$/.test(head)) return 'scope';
  // A template's parameters may hold `class`; a function's may hold `struct`.
  if (
    /^[^()]*\b(class|struct|union|enum)\b[^()]*\s$/.test(head.replace(/template\s*<[^{]*?>\s/, ''))
  )
    return 'scope';
  if (/\)[^;]*\s$/.test(head) && !/=\s*$/.test(head)) return 'body';
  return 'value';
}

function cppName(head) {
  const text = head
    .replace(/template\s*<[\s\S]*?>\s*(?=[\w:])/g, '')
    .replace(/\[\[[^\]]*\]\]|alignas\([^)]*\)|__attribute__\(\([^)]*\)\)/g, '');
  return /([~\w:]+|operator[^\w\s]+)\s*\(/.exec(text)?.[1] ?? '(unnamed)';
}
