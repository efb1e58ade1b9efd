/**
 * How wide a text is at most, without a font: readers have different ones. Widths are those of DejaVu Sans, which is wider
 * than the usual fonts of systems.
 */

/** Pixels of an em, by the class of a text. Titles are bold. */
const FONT_SIZE = { small: 11, title: 13 } as const;
export type TextKind = keyof typeof FONT_SIZE;

/** Width in hundredths of an em, rounded up to 5, and the characters of ASCII, Greek and Cyrillic that have it. */
type Widths = readonly (readonly [width: number, characters: string])[];

const WIDTHS: Readonly<Record<TextKind, Widths>> = {
  small: [
    [30, "'IJijlΙΪ"],
    [35, ',./:;\\|ίι '],
    [40, '()-[]ft'],
    [45, '!r'],
    [50, '"*`'],
    [55, '?cszέεζгзсэ'],
    [60, 'FL_kvxyΓγκλνξςυχвтухчь'],
    [65, '$0123456789EPSTYabdeghnopqu{}ΕΞΡΣΤΥΫήβδθμοπρστГЕЗРТУабеийклоря'],
    [70, 'ABCKRVXZΑΒΔΖΚΛΧάαηφψАБВСХЧЬЭЯднпц'],
    [75, 'NUΝИЙКъ'],
    [80, '&DGHOQΗΘΟΠΦΨΩДЛНОПЦмы'],
    [85, '#+<=>^w~ωЪю'],
    [90, 'MΜМФЫф'],
    [95, 'жшщ'],
    [100, '%Wm'],
    [105, '@'],
    [110, 'ЖШЩЮ'],
  ],
  title: [
    [35, "'ijl "],
    [40, ',./:;IJ\\|ΙΪίι'],
    [45, '-f'],
    [50, '!()[]`rt'],
    [55, '"*г'],
    [60, '?_cszέεζξςзстэ'],
    [65, 'LxΓΞλτχГвхья'],
    [70, '$0123456789EFTaekovyΕΣΤάΰαγδθνουЕТабекнопуч'],
    [75, 'CPSYZbdghnpqu{}ΖΡΥΫήβηκμρЗРСЭийлрц'],
    [80, 'ABKRVXΑΒΔΚΛΧπσφψАБВУХЬЯъ'],
    [85, '#+<=>DGHNU^~ΗΝΠΨИЙКЛНПЧдм'],
    [90, '&OQΘΟΦΩωДО'],
    [95, 'wЦЪы'],
    [100, 'MΜМФжфю'],
    [105, '%@mЫ'],
    [110, 'ш'],
    [115, 'Wщ'],
    [120, 'Ю'],
    [125, 'ЖШ'],
    [135, 'Щ'],
  ],
};

const byCharacter = (widths: Widths): ReadonlyMap<string, number> =>
  new Map(widths.flatMap(([width, characters]) => [...characters].map((one) => [one, width])));

const BY_CHARACTER = { small: byCharacter(WIDTHS.small), title: byCharacter(WIDTHS.title) };

/** As wide as they are high, emoji somewhat wider. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff60\uffe0-\uffe6]/u;
/** Put on top of what is before them, or shown by nothing. */
const MARK = /[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]/u;
/** Dashes, quotes, the ellipsis and other punctuation: an em at most. */
const PUNCTUATION = /[\u2010-\u2027]/;
/** Of letters and signs that no line above names, the widest of DejaVu but for a few of Ogham and Canadian syllabics. */
const WIDEST = { small: 145, title: 175 } as const;

function widthOf(character: string, kind: TextKind): number {
  const known = BY_CHARACTER[kind].get(character);
  if (known !== undefined) return known;
  if (MARK.test(character)) return 0;
  if (WIDE.test(character) || PUNCTUATION.test(character)) return 100;
  const [base = '', ...marks] = character.normalize('NFD');
  const letter = marks.every((one) => MARK.test(one)) && BY_CHARACTER[kind].get(base);
  return letter && marks.length > 0 ? letter + besideLetter(base, marks) : WIDEST[kind];
}

/** An accented letter is as wide as the letter, but for marks that are beside it. */
function besideLetter(base: string, marks: readonly string[]): number {
  if (/[Α-Ω]/.test(base)) return 45;
  return marks.includes('\u031b') || `${base}${marks.join('')}` === 'l\u030c' ? 15 : 0;
}

/** Pixels that `content` takes at most. */
export function textWidth(content: string, kind: TextKind = 'small'): number {
  let width = 0;
  for (const character of content) width += widthOf(character, kind);
  return (width * FONT_SIZE[kind]) / 100;
}

/** No label of this length fits anywhere, and a hostile one had better not be measured whole. */
const LONGEST = 400;

const SEGMENTS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `content` on lines that fit into `width` pixels, broken at spaces; what is left after `most` of them is on the last, and too long. */
export function wrap(content: string, width: number, most: number): string[] {
  const lines: string[] = [];
  for (const word of content.slice(0, LONGEST).split(/\s+/)) {
    const last = lines.at(-1);
    const longer = `${last} ${word}`;
    if (last !== undefined && (lines.length === most || textWidth(longer) <= width)) {
      lines[lines.length - 1] = longer;
    } else lines.push(word);
  }
  return lines;
}

/** What goes of a text that is too long: of a name the middle, as names differ at their ends. */
export type Cut = 'end' | 'middle';

/** `content` on one line, if it fits into `width` pixels; else as much of it as does, with an ellipsis. */
export function shorten(
  content: string,
  width: number,
  kind: TextKind = 'small',
  cut: Cut = 'end',
): string {
  const line = content
    .slice(0, LONGEST)
    // Marks of direction would turn what comes after them as well.
    .replace(/[\s\p{Bidi_Control}]+/gu, ' ')
    .trim();
  if (content.length <= LONGEST && textWidth(line, kind) <= width) return line;
  const left = width - textWidth('…', kind);
  const segments = [...SEGMENTS.segment(line)].map(({ segment }) => segment);
  const end = cut === 'middle' && content.length <= LONGEST ? left / 2 : 0;
  const tail = fitting(segments.toReversed(), end, kind).reverse().join('');
  const head = fitting(segments, left - textWidth(tail, kind), kind).join('');
  return `${head.trimEnd()}…${tail.trimStart()}`;
}

/** As many of the first as fit. */
function fitting(segments: readonly string[], width: number, kind: TextKind): string[] {
  let left = width;
  const end = segments.findIndex((segment) => {
    left -= textWidth(segment, kind);
    return left < 0;
  });
  return segments.slice(0, end < 0 ? segments.length : end);
}
