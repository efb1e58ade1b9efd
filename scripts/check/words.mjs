// Plain words in comments, messages and documents: those of scripts/words.mjs are in none.
import fs from 'node:fs';
import { WORDS } from '../words.mjs';
import { CODE, commentsOf, filesIn, literalsOf, read, scanCpp } from './sources.mjs';

/** What describes the words cannot do without them. */
const OWN = ['scripts/words.mjs'];

export function words({ root }) {
  const places = [...prose(root)].flatMap(({ file, line, text }) => odd(file, line, text));
  return places.map(({ file, line, word, say }) => `${file}:${line}: "${word}": plainer is ${say}`);
}

function odd(file, line, text) {
  const found = [];
  for (const { pattern, say, except, only } of WORDS) {
    if (only !== undefined && !only.some((one) => file.startsWith(one))) continue;
    const rest = except.reduce(
      (left, one) =>
        left.replace(new RegExp(one, `${one.flags}g`), (all) => all.replace(/[^\n]/g, ' ')),
      text,
    );
    for (const match of rest.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
      const at = line + rest.slice(0, match.index).split('\n').length - 1;
      found.push({ file, line: at, word: match[0], say });
    }
  }
  return found;
}

/** Files whose comments begin with `#`. */
const HASH =
  /\.(ya?ml|py|sh|cmake|conf|service)$|^(CMakeLists\.txt|Dockerfile|requirements\.txt|run)$/;

/**
 * Comments that begin with `#`, and Python's texts in three quotes, which describe a file or a function: `{ line, text }`.
 * In YAML also the values after a key, which operators read: what an alert says.
 */
function hashComments(file, source) {
  const kinds = [/(?<=^|\s)#(?!!)[^\n]*/.source];
  if (file.endsWith('.py')) kinds.unshift(/"{3}[\s\S]*?"{3}/.source);
  if (/\.ya?ml$/.test(file)) kinds.push(/(?<=^[ -]*[\w.]+: )\S+ [^#\n]+/.source);
  return [...source.matchAll(new RegExp(kinds.join('|'), 'gm'))].map(({ 0: text, index }) => ({
    ...{ line: source.slice(0, index).split('\n').length, text },
  }));
}

const blank = (text) => text.replace(/[^\n]/g, ' ');
/** A text with a space in it is a sentence; others are keys and names. */
const isSentence = ({ text }) => /\S\s+\S/.test(text);

function* prose(root) {
  const unquoted = (part) => ({ ...part, text: part.text.replace(/`[^`\n]*`/g, blank) });
  for (const file of filesIn(root, CODE, /\.[mc]?[jt]s$/)) {
    if (OWN.includes(file)) continue;
    for (const part of commentsOf(root, file)) yield { file, ...unquoted(part) };
    for (const part of literalsOf(root, file).filter(isSentence)) {
      yield { file, ...unquoted(part) };
    }
  }
  for (const file of filesIn(root, ['native', 'test/native'], /\.(cpp|h|inc)$/)) {
    const { comments, literals } = scanCpp(read(root, file));
    for (const part of comments) yield { file, ...unquoted(part) };
    for (const part of literals.filter(isSentence)) yield { file, ...unquoted(part) };
  }
  const top = fs.readdirSync(root).filter((file) => HASH.test(file));
  const below = ['.ci', '.github', 'deploy', 'native', ...CODE];
  for (const file of [...top, ...filesIn(root, below, HASH)]) {
    for (const part of hashComments(file, read(root, file))) yield { file, ...unquoted(part) };
  }
  const pages = [
    ...fs.readdirSync(root).filter((file) => file.endsWith('.md')),
    ...filesIn(root, ['docs', 'models', 'bench', 'test', 'packages'], /\.md$/),
  ].filter((file) => file !== 'THIRD-PARTY-NOTICES.md');
  for (const file of pages) {
    const text = read(root, file)
      .replace(/^(```|~~~)[\s\S]*?^\1/gm, blank)
      .replace(/`[^`]*`/g, blank);
    yield { file, line: 1, text };
  }
}
