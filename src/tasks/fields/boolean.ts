/** Yes and no out of short answers. Which question was answered is not known here. */
import { type Found, LONGEST_ANSWER, onlyOne, plainWord } from './field.js';

/** English, German, Spanish, French, Italian, Portuguese, Dutch; without accents. */
const YES = new Set([
  'yes',
  'yeah',
  'yep',
  'ja',
  'jawohl',
  'si',
  'oui',
  'sim',
  'true',
  'correct',
  'checked',
  'wahr',
  'verdadero',
  'vrai',
  'vero',
  'verdadeiro',
  'waar',
]);
const NO = new Set([
  'no',
  'nope',
  'nein',
  'non',
  'nao',
  'nee',
  'false',
  'incorrect',
  'unchecked',
  'falsch',
  'falso',
  'faux',
  'onwaar',
]);
/** Mean the same wherever they stand in a sentence: "the statement is true". */
const ANYWHERE = new Set(['true', 'false']);

/** ☒ is not here: to some it is a ticked box, to others a refused one. */
const MARKS: Readonly<Record<string, boolean>> = {
  '✓': true,
  '✔': true,
  '✅': true,
  '☑': true,
  '[x]': true,
  '✗': false,
  '✘': false,
  '❌': false,
  '☐': false,
  '[ ]': false,
};
const MARK = /[✓✔✅☑✗✘❌☐]|\[[xX ]\]/gu;
const NEGATION = /(?:^|[^\p{L}])(?:not|nicht|pas|never|neither|nor)(?![\p{L}])|n['’]t(?![\p{L}])/iu;
/** What may follow "yes" and "no" without a comma: "no it is not". Not so "no parking" and "yes or no". */
const PRONOUN = /^\s+(?:it|they|he|she|i|we|you|there|this|that|sir|thanks|thank)(?![\p{L}])/iu;

/**
 * Whether `text` says yes: yes, ja, sí, oui, sì, sim; no, nein, non, não, nee; true and false; ticks and crosses,
 * `[x]` and `[ ]`. A word counts at the beginning and after punctuation, if it is alone (`Paid: yes`, `No, it is
 * closed`). A lone `y` or `n` counts as the whole answer.
 *
 * null when nothing says either, or something says both (`yes or no`, `not true`).
 */
export function parseBoolean(text: string): Found<boolean> | null {
  if (text.length > LONGEST_ANSWER) return null;
  const whole = text.trim().replace(/[.!]$/, '');
  if (/^[yn]$/i.test(whole)) return { value: /y/i.test(whole), text: whole };
  const candidates: Found<boolean>[] = [];
  for (const { 0: mark } of text.matchAll(MARK)) {
    candidates.push({ value: MARKS[mark.toLowerCase()] ?? false, text: mark });
  }
  for (const { 0: word, index } of text.matchAll(/\p{L}[\p{L}\p{M}]*/gu)) {
    const name = plainWord(word);
    if (!YES.has(name) && !NO.has(name)) continue;
    const before = text.slice(0, index);
    const after = text.slice(index + word.length);
    if (ANYWHERE.has(name)) {
      if (NEGATION.test(text)) return null;
    } else {
      const isFirst = /(?:^|[:=.,;!?\n–—"'“”‘(*]|\s-)\s*$/u.test(before);
      // `No. 5` is a number.
      const isAlone = /^\s*(?:$|[,;!?\n–—"'”’)*]|\.(?!\s*[0-9])|\s-\s)/u.test(after);
      if (!isFirst || !(isAlone || PRONOUN.test(after))) {
        // "yes or no" says nothing, while a "no" inside of a sentence is no answer.
        if (/\b(?:and|or|oder|und|y|o|ou|et|e|of|en)\s*$/iu.test(before)) return null;
        continue;
      }
    }
    candidates.push({ value: YES.has(name), text: word });
  }
  return onlyOne(candidates, String);
}
