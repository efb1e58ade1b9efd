/** Texts of data sets and of systems as a page shows them: every character can be seen, and none can change the page around it. */
import { element, type Html } from '../../report/html.js';
import type { Piece } from './text-diff.js';

/** Characters of one text that are shown at most. */
const LONGEST = 800;
/** Of a piece that is in both texts: its ends say enough. */
const LONGEST_SAME = 160;

/** What turns, hides or breaks text: controls but the line break, marks of direction, half of a character. */
const UNSEEN =
  /(?:(?!\n)[\p{Cc}\p{Bidi_Control}\p{Cs}\p{Noncharacter_Code_Point}\u00ad\u180e\u200b\u2028\u2029\u2060\ufeff])/u;
const RUNS = new RegExp(`(?:${UNSEEN.source})+`, 'gu');

/** `U+202E`; several of them as the first and how many. */
function nameOf(run: string): string {
  const characters = [...run];
  const first = (characters[0] as string).codePointAt(0) as number;
  const name = `U+${first.toString(16).toUpperCase().padStart(4, '0')}`;
  return characters.length === 1 ? name : `${name} and ${characters.length - 1} more`;
}

/** For titles and attributes: one line. */
export function plainText(text: string, longest = 200): string {
  const cut = [...text.slice(0, 2 * longest)].slice(0, longest).join('');
  const line = cut.replace(RUNS, (run) => `⟨${nameOf(run)}⟩`).replace(/\s+/gu, ' ');
  return cut.length < text.length ? `${line}…` : line;
}

function visible(text: string): (Html | string)[] {
  const parts: (Html | string)[] = [];
  let from = 0;
  for (const { 0: run, index } of text.matchAll(RUNS)) {
    parts.push(text.slice(from, index), element('span', { class: 'unseen' }, nameOf(run)));
    from = index + run.length;
  }
  return [...parts, text.slice(from)];
}

/** The whole text, or its beginning and how much is left out. */
export function shownText(text: string): Html {
  if (text === '') return element('span', { class: 'none' }, 'empty');
  const characters = [...text.slice(0, 2 * LONGEST)];
  const begin = characters.slice(0, LONGEST).join('');
  const left = text.length - begin.length;
  const rest = left > 0 ? [element('span', { class: 'none' }, ` … ${count(left)} more`)] : [];
  return element('bdi', { class: 'text' }, ...visible(begin), ...rest);
}

/** One side of a diff, or both in one: what is on one side alone is marked by an element, not by its colour alone. */
export function shownSide(pieces: readonly Piece[], side: 'lost' | 'added' | 'both'): Html {
  const own = pieces.filter(({ kind }) => kind === 'same' || kind === side || side === 'both');
  if (own.length === 0) return shownText('');
  let left = LONGEST;
  const parts: (Html | string)[] = [];
  for (const { kind, text } of own) {
    if (left <= 0) {
      parts.push(element('span', { class: 'none' }, ' …'));
      break;
    }
    const characters = [...text.slice(0, 4 * LONGEST)];
    const isSame = kind === 'same';
    const longest = Math.min(left, isSame ? LONGEST_SAME : LONGEST);
    left -= Math.min(characters.length, longest);
    const shown = isSame ? ends(text, longest) : beginning(text, longest);
    // A line break alone cannot be seen.
    if (isSame) parts.push(...shown);
    else parts.push(element(kind === 'lost' ? 'del' : 'ins', {}, ...shown.map(withBreaks)));
  }
  return element('bdi', { class: 'text' }, ...parts);
}

const withBreaks = (part: Html | string): Html | string =>
  typeof part === 'string' ? part.replaceAll('\n', '↵\n') : part;

function beginning(text: string, longest: number): (Html | string)[] {
  const begin = [...text.slice(0, 2 * longest)].slice(0, longest).join('');
  const left = text.length - begin.length;
  return [...visible(begin), ...(left > 0 ? [` … ${count(left)} more`] : [])];
}

function ends(text: string, longest: number): (Html | string)[] {
  if (text.length <= longest) return visible(text);
  const half = Math.max(1, Math.floor(longest / 2));
  const [begin, end] = [
    [...text.slice(0, 2 * half)].slice(0, half),
    [...text.slice(-2 * half)].slice(-half),
  ];
  const left = text.length - begin.join('').length - end.join('').length;
  const gap = element('span', { class: 'none' }, ` … ${count(left)} equal … `);
  return [...visible(begin.join('')), gap, ...visible(end.join(''))];
}

export const count = (n: number): string => n.toLocaleString('en');

export const figureText = (figure: number | null): string =>
  figure === null ? 'none' : figure.toFixed(4);

export const percent = (share: number): string =>
  `${(100 * share).toFixed(1).replace(/\.0$/, '')} %`;

/** `1 row`, `2 rows`. */
export const rowsText = (n: number): string => `${count(n)} ${n === 1 ? 'row' : 'rows'}`;

export const signed = (figure: number | null): string =>
  figure === null ? 'none' : `${figure > 0 ? '+' : ''}${figure.toFixed(4)}`;

/** What may begin in the middle of one, as one of its own. */
export const sentence = (part: string): string =>
  `${part.slice(0, 1).toUpperCase()}${part.slice(1)}.`;
