/** Numbers out of short answers: `Total: 1.234,50` is 1234.5. Money, dates and times have files of their own. */
import { type Found, LONGEST_ANSWER, onlyOne } from './field.js';
import { type Numeral, numeralStyle, scanNumerals } from './numeral.js';

export interface NumberOptions {
  /**
   * Language tag whose separators decide what can be read in two ways: `1.234` is 1234 without a locale or with `de`,
   * and 1.234 with `en`. Everything unambiguous is read whatever the locale is.
   */
  readonly locale?: string | undefined;
}

/** Whole words for numbers, where the answer is nothing else: "two". */
const WORDS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(
    ' ',
  );

/** Words that multiply the number before them. Short billions: answers are English. */
const MAGNITUDES: Readonly<Record<string, number>> = {
  k: 1e3,
  dozen: 12,
  hundred: 100,
  thousand: 1e3,
  lakh: 1e5,
  crore: 1e7,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};

/** What may follow digits without a space; other letters make a name of it (`3D`, `5A`, `2nd`, `1.2M`). */
const UNIT =
  /^(k|b|bn|mn|mln|kg|g|mg|lb|lbs|oz|t|km|m|cm|mm|nm|ft|in|mi|yd|mph|kph|kmh|km\/h|l|ml|cl|dl|cc|kwh|wh|kw|w|v|a|ma|mah|hz|khz|mhz|ghz|kb|mb|gb|tb|px|dpi|s|sec|ms|min|mins|h|hr|hrs|pcs|pc|pt|pts|kcal|cal|bar|psi|c|f)(?![\p{L}\p{M}0-9])/iu;

/** A million, a thousand million, a megabyte, a metre: who knows. Not `m`, which is a metre. */
const UNSURE =
  /^\s?(M|B|bn|mn|mln|bln|mio|mrd|Mio|Mrd|Mill|milliard|milliards|Milliarden|Millionen|millones|milioni|milh(?:ão|ões)|mila|mil|tausend|miljoen|miljard)(?![\p{L}\p{M}])/u;

const ATTACHED = { before: /(?!)/, after: UNIT };

/**
 * The one number of `text`. Understands 1,234.56, 1.234,56, 1 234,56, 1'234.56, 1,23,456.78, -5, (5.00) as -5,
 * 12% as 12, 1.2k and 1.2 million; a word from "zero" to "twenty" when it is the whole answer. A lone `1,234` or
 * `1.234` is a thousand and more unless `locale` says otherwise.
 *
 * null when there is no number or there are two that differ, and for ranges, fractions, sizes, digits in names, more
 * than 15 digits, and separators that make no sense.
 */
export function parseNumber(text: string, options: NumberOptions = {}): Found<number> | null {
  const style = numeralStyle(options.locale);
  if (text.length > LONGEST_ANSWER) return null;
  const word = text.trim().replace(/\.$/, '');
  const named = WORDS.indexOf(word.toLowerCase());
  if (named >= 0) return { value: named, text: word };
  const { numerals, isUnclear } = scanNumerals(text, style, ATTACHED);
  if (isUnclear) return null;
  const candidates: Found<number>[] = [];
  for (const numeral of numerals) {
    const found = withSurroundings(text, numeral);
    if (found === undefined) return null;
    candidates.push(found);
  }
  return onlyOne(candidates, String);
}

/** As parseNumber, for whole numbers: null for 2.5, and 2 for 2.00. */
export function parseInteger(text: string, options: NumberOptions = {}): Found<number> | null {
  const found = parseNumber(text, options);
  return found !== null && Number.isSafeInteger(found.value) ? found : null;
}

/** Adds what changes the value: sign, brackets, magnitude; and a percent sign, which does not. */
function withSurroundings(text: string, numeral: Numeral): Found<number> | undefined {
  let { value, start, end } = numeral;
  if (UNSURE.test(text.slice(end))) return undefined;
  const magnitude = /^ ?([\p{L}]+)/u.exec(text.slice(end));
  const factor = MAGNITUDES[(magnitude?.[1] ?? '').toLowerCase()];
  // A lone `k` with a space before it is a word or kelvin.
  const isApart = magnitude?.[0].startsWith(' ') === true;
  if (
    magnitude &&
    factor !== undefined &&
    !(isApart && factor === 1e3 && magnitude[1]?.length === 1)
  ) {
    value = scaled(value, factor);
    end += magnitude[0].length;
  }
  const percent = /^\s?[%％‰]/u.exec(text.slice(end));
  if (percent) end += percent[0].length;
  const sign = signBefore(text.slice(0, start));
  if (sign !== undefined) {
    start -= sign.length;
    if (sign !== '+') value = -value;
  }
  // 5.00- and 5-: accountants put the sign last, others write a dash.
  if (/^[-−–](?!\p{L})/u.test(text.slice(end))) return undefined;
  if (text[start - 1] === '(' && text[end] === ')') {
    // A negative amount, if it looks like an amount: `apples (3)` is not minus three, nor surely three.
    if (!numeral.hasSeparator || sign !== undefined) return undefined;
    return { value: noMinusZero(-value), text: text.slice(start - 1, end + 1) };
  }
  return { value: noMinusZero(value), text: text.slice(start, end) };
}

/** A sign directly before, and is not a dash between two words. */
export function signBefore(before: string): string | undefined {
  return /(?:^|[^\p{L}\p{N}\-−–+)])([-−–+])$/u.exec(before)?.[1];
}

/** Without the noise of a binary multiplication: 1.1 thousand is 1100. */
export function scaled(value: number, factor: number): number {
  return Number((value * factor).toPrecision(15));
}

export function noMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}
