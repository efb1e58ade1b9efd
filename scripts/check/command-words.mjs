// Below the command line no message speaks its language: a caller of the API or of a server cannot type `paligemma
// convert` or `--mask-codec`. Such words belong in src/cli or src/remedies.ts.
import path from 'node:path';
import ts from 'typescript';
import { filesIn, keysOf, literalsOf, read, scanCpp, syntaxTree, walk } from './sources.mjs';

/** Where the words of the command line are at home. */
const HOME = /^src\/(cli\/|remedies(\.ts|\/))/;
/** A flag after the name of another program is that program's. */
const OTHERS =
  /\b(node|npm|git|nvidia-smi|container|python3?|[a-z]+-convert|heif-convert|llama-[a-z-]+|ffmpeg|sips|docker)\b(?![^;,]*\bpaligemma [a-z])/i;

export function commandWords({ root }) {
  const commands = commandNames(root);
  const flags = flagNames(root);
  const command = new RegExp(`\\bpaligemma (${commands.join('|')})\\b`);
  const places = [];
  const look = (file, { line, text }) => {
    const typed = command.exec(text)?.[0] ?? ownFlag(text, flags);
    if (typed !== undefined) places.push({ file, line, typed });
  };
  for (const file of filesIn(root, ['src'], /\.ts$/)) {
    if (HOME.test(file)) continue;
    for (const literal of literalsOf(root, file)) look(file, literal);
  }
  for (const file of filesIn(root, ['native'], /\.(cpp|h)$/)) {
    for (const literal of scanCpp(read(root, file)).literals) look(file, literal);
  }
  return places.map(
    ({ file, line, typed }) =>
      `${file}:${line}: says "${typed}", which only a user of the command line can type; it belongs in src/remedies.ts or src/cli`,
  );
}

function ownFlag(text, flags) {
  for (const match of text.matchAll(/(?<![\w-])--([a-z]+(?:-[a-z0-9]+)*)/g)) {
    if (flags.has(match[1]) && !OTHERS.test(text.slice(0, match.index))) return match[0];
  }
  return undefined;
}

/** The first words of what is given to commander: `new Command('convert')`, `.command('pull <id>')`; and file names. */
function commandNames(root) {
  const names = new Set();
  for (const file of filesIn(root, ['src/cli'], /\.ts$/)) {
    if (file.includes('/commands/')) names.add(path.basename(file, '.ts'));
    walk(syntaxTree(root, file), (node) => {
      const isCommand =
        (ts.isNewExpression(node) && /Command$/.test(node.expression.getText())) ||
        (ts.isCallExpression(node) && /\.command$/.test(node.expression.getText()));
      const first = isCommand ? node.arguments?.[0] : undefined;
      if (first !== undefined && ts.isStringLiteralLike(first)) names.add(first.text.split(' ')[0]);
    });
  }
  for (const task of keysOf(syntaxTree(root, 'src/tasks/registry.ts'), 'TASKS')) names.add(task);
  names.delete('paligemma');
  return [...names].filter((name) => /^[a-z-]+$/.test(name));
}

/** Flags in texts of the command line, and every declared option as a flag. */
function flagNames(root) {
  const names = new Set();
  for (const file of filesIn(root, ['src/cli'], /\.ts$/)) {
    for (const { text } of literalsOf(root, file)) {
      for (const match of text.matchAll(/--([a-z]+(?:-[a-z0-9]+)*)/g)) names.add(match[1]);
    }
  }
  for (const file of filesIn(root, ['src/options'], /\.ts$/)) {
    walk(syntaxTree(root, file), (node) => {
      if (!ts.isPropertyAssignment(node) || !ts.isIdentifier(node.name)) return;
      const isDeclared =
        ts.isObjectLiteralExpression(node.initializer) || ts.isCallExpression(node.initializer);
      if (!isDeclared) return;
      names.add(node.name.text.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`));
    });
  }
  return names;
}
