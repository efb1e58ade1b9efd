// Writes native/text/word_characters.inc: the characters that \w of Rust's regex crate matches, which decide where a
// single-word token is one (tokenizers, added_vocabulary.rs). From the Unicode tables of the Node that runs this:
//   node scripts/dev/word-characters.mjs
import fs from 'node:fs';
import path from 'node:path';

// UTS 18, annex C: word.
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const PER_LINE = 6;

const ranges = [];
for (let code = 0; code <= 0x10ffff; code++) {
  if ((code >= 0xd800 && code <= 0xdfff) || !WORD.test(String.fromCodePoint(code))) continue;
  const last = ranges.at(-1);
  if (last?.[1] === code - 1) last[1] = code;
  else ranges.push([code, code]);
}
const texts = ranges.map((range) => `{${range.map((c) => `0x${c.toString(16)}`).join(', ')}},`);
const lines = Array.from({ length: Math.ceil(texts.length / PER_LINE) }, (_, i) =>
  texts.slice(i * PER_LINE, (i + 1) * PER_LINE).join(' '),
);
const head = `// Made by scripts/dev/word-characters.mjs, Unicode ${process.versions.unicode}: first and last of each range.`;
const file = path.resolve(import.meta.dirname, '../../native/text/word_characters.inc');
fs.writeFileSync(file, `${head}\n${lines.join('\n')}\n`);
