/**
 * Words of captions as pycocoevalcap 1.2 takes them: Stanford's PTBTokenizer 3.4.1 in lower case, without punctuation. The
 * longest match of the rules counts. One difference: the program looks into the next line, so that a caption that ends in
 * an initial ("plan B.") depends on the caption after it; here each is read alone.
 */
import { shapeOf } from './ptb-characters.js';
import { PLAIN_WORD, PTB_RULES } from './ptb-rules.js';
import { split } from './python.js';

/** What a character alone becomes. */
const ALONE: Readonly<Record<string, string>> = {
  ...{ '(': '-lrb-', ')': '-rrb-', '[': '-lsb-', ']': '-rsb-', '{': '-lcb-', '}': '-rcb-' },
  ...{ '\u20ac': '$', '\u20a0': '$', '\u0080': '$', '¤': '$', '£': '#', '¢': 'cents' },
  ...{ '½': '1/2', '¼': '1/4', '¾': '3/4', '⅓': '1/3', '⅔': '2/3' },
};

/** Left out. Brackets are not: pycocoevalcap's list has their names in capitals, and the words are in lower case. */
const PUNCTUATION = new Set("'' ' `` ` . ? ! , : - -- ... ;".split(' '));
/** Become one of them. */
const PUNCTUATION_ALONE = new Set([...PUNCTUATION, ...'"’‘›“”—…‐']);

/** In lower case, without punctuation. */
export function captionWords(caption: string): string[] {
  const text = caption.replaceAll('\u00ad', '');
  const shape = `${shapeOf(text)}\n`;
  const words: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (shape[at] === ' ') {
      at++;
      continue;
    }
    const { length, becomes } = wordAt(shape, at);
    const word = text.slice(at, at + length);
    at += length;
    if (becomes) words.push(...split(becomes(word)));
    else if (length > 1) words.push(...split(word));
    else if (!PUNCTUATION_ALONE.has(shape[at - 1] as string)) words.push(ALONE[word] ?? word);
  }
  return words.map((word) => word.toLowerCase()).filter((word) => !PUNCTUATION.has(word));
}

interface Word {
  readonly length: number;
  readonly becomes?: ((word: string) => string) | undefined;
}

/** A single character where no rule has more. */
function wordAt(shape: string, at: number): Word {
  PLAIN_WORD.lastIndex = at;
  const plain = PLAIN_WORD.exec(shape);
  if (plain) return { length: plain[0].length };
  let [found, longest]: [Word, number] = [{ length: 1 }, 0];
  for (const { pattern, becomes } of PTB_RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(shape);
    if (match === null || match[0].length <= longest) continue;
    longest = match[0].length;
    found = { length: (match[1] as string).length, becomes };
  }
  return found;
}
