/**
 * Numerals in running text: where they stand, and what their separators mean. Shared by numbers and amounts of money;
 * which of several numerals is the answer is decided there.
 */
import { makeError } from '../../errors.js';
import { showValue } from '../../options/show.js';

/** How a lone `1,234` or `1.234` is to be read. */
export interface NumeralStyle {
  readonly decimal: string;
  readonly group: string;
}

/** A numeral with what belongs to it. */
export interface Numeral {
  /** Without sign; exact to 15 digits. */
  readonly value: number;
  /** Of the digits and separators alone. */
  readonly start: number;
  readonly end: number;
  readonly hasSeparator: boolean;
}

export interface Scan {
  readonly numerals: readonly Numeral[];
  /** Something numeric could not be read: 1.2.3, 10-20, 3/4, 12:30, a digit of another script. */
  readonly isUnclear: boolean;
}

/** Doubles hold every decimal number of so many digits; of longer ones, digits would be made up. */
const MOST_DIGITS = 15;

const SPACE = '[ \\u00a0\\u2009\\u202f]';
const RUN = new RegExp(`[0-9]+(?:(?:[.,'’]|${SPACE}(?=[0-9]{3}(?![0-9])))[0-9]+)*`, 'g');

/** Joins two numbers to something that is neither: a range, a fraction, a time, a size, a sum. */
const JOINT = /^[-–—/:×*^=+_\\]$/u;

/** Separators of a locale. ERR_OPTION_RANGE for what is not a BCP 47 language tag. */
export function numeralStyle(locale: string | undefined): NumeralStyle | undefined {
  if (locale === undefined) return undefined;
  let parts: readonly Intl.NumberFormatPart[];
  try {
    // Latin digits: the separators of Arabic digits are others, and only 0-9 are read.
    parts = new Intl.NumberFormat(locale, { numberingSystem: 'latn' }).formatToParts(1234567.5);
  } catch (cause) {
    throw makeError(
      'ERR_OPTION_RANGE',
      `option locale is ${showValue(locale)}, expected a language tag such as "de" or "en-US"`,
      { name: 'locale', found: showValue(locale), expected: 'a language tag', cause },
    );
  }
  const of = (type: string): string => plain(parts.find((part) => part.type === type)?.value ?? '');
  return { decimal: of('decimal'), group: of('group') };
}

/** All numerals of `text`. Digits inside of words (`A5`, `COVID-19`, `2nd`) are none unless `isAttached` allows it. */
export function scanNumerals(
  text: string,
  style: NumeralStyle | undefined,
  isAttached: { readonly before: RegExp; readonly after: RegExp },
): Scan {
  const numerals: Numeral[] = [];
  let isUnclear = /(?![0-9])\p{N}/u.test(text);
  for (const match of text.matchAll(RUN)) {
    for (const [start, run] of runs(match[0], match.index, style)) {
      const end = start + run.length;
      const before = text.slice(0, start);
      const after = text.slice(end);
      if (isPartOfWord(before, after, isAttached)) continue;
      if (isJoined(before, after) || /[<>≤≥±][ =]*$/u.test(before)) isUnclear = true;
      // `.5`, but not the number of `No.5` or of an ellipsis.
      const isFraction = /^[0-9]+$/.test(run) && /(^|[^\p{L}\p{N}.])\.$/u.test(before);
      const value = isFraction ? toNumber('0', run) : interpret(run, style);
      if (value === undefined) isUnclear = true;
      else {
        const hasSeparator = isFraction || !/^[0-9]+$/.test(run);
        numerals.push({ value, start: isFraction ? start - 1 : start, end, hasSeparator });
      }
    }
  }
  return { numerals, isUnclear };
}

/** A run of digits and separators as it is, or cut at its spaces when they do not group thousands. */
function runs(run: string, start: number, style: NumeralStyle | undefined): [number, string][] {
  const hasPlainSpace = run.includes(' ');
  const mayGroup = style === undefined || style.group === ' ';
  if (!/[ \u00a0\u2009\u202f]/.test(run)) return [[start, run]];
  if ((mayGroup || !hasPlainSpace) && interpret(run, style) !== undefined) return [[start, run]];
  return [...run.matchAll(/[^ \u00a0\u2009\u202f]+/g)].map((part) => [start + part.index, part[0]]);
}

/** Separators that look alike as one of them. */
function plain(text: string): string {
  return text.replace(/’/g, "'").replace(/[\u00a0\u2009\u202f]/g, ' ');
}

/** The number a run stands for, or undefined when its separators make no sense. */
function interpret(run: string, style: NumeralStyle | undefined): number | undefined {
  const parts = run.split(/[^0-9]/);
  const marks = [...plain(run).replace(/[0-9]/g, '')];
  const kinds = [...new Set(marks)];
  const last = marks.at(-1);
  if (last === undefined) return toNumber(run, '');
  if (kinds.length > 2) return undefined;
  const isPoint = last === '.' || last === ',';
  const fraction = parts.at(-1) ?? '';
  const whole = parts.slice(0, -1);
  if (kinds.length === 2) {
    // The last kind is the decimal separator, so it occurs once.
    if (!isPoint || marks.filter((mark) => mark === last).length > 1) return undefined;
    return isGrouped(whole, marks[0]) ? toNumber(whole.join(''), fraction) : undefined;
  }
  if (marks.length === 1 && isPoint && !isThousands(whole[0] ?? '', fraction, last, style)) {
    return toNumber(whole[0] ?? '', fraction);
  }
  return isGrouped(parts, last) ? toNumber(parts.join(''), '') : undefined;
}

/**
 * Whether a lone `1,234` or `1.234` is a thousand and more: with three digits after the separator yes, unless the
 * locale has it as its decimal separator. `0.125` and `1234.567` cannot be anything but decimal.
 */
function isThousands(
  whole: string,
  fraction: string,
  mark: string,
  style: NumeralStyle | undefined,
): boolean {
  if (fraction.length !== 3 || whole.length > 3 || whole.startsWith('0')) return false;
  return style?.decimal !== mark;
}

/** Groups of three, or of two before the last three as in India (1,23,456). */
function isGrouped(parts: readonly string[], mark: string | undefined): boolean {
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return true;
  const last = rest.at(-1) ?? '';
  if (first.length === 0 || first.length > 3 || last.length !== 3) return false;
  if (rest.every((part) => part.length === 3)) return true;
  return mark === ',' && first.length <= 2 && rest.slice(0, -1).every((part) => part.length === 2);
}

function toNumber(whole: string, fraction: string): number | undefined {
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  return digits.length > MOST_DIGITS ? undefined : Number(`${whole}.${fraction || '0'}`);
}

function isPartOfWord(
  before: string,
  after: string,
  isAttached: { readonly before: RegExp; readonly after: RegExp },
): boolean {
  const isWordBefore = /[\p{L}\p{M}_#&@]-?$/u.test(before) && !isAttached.before.test(before);
  const isWordAfter = /^-?[\p{L}\p{M}_]/u.test(after) && !isAttached.after.test(after);
  return isWordBefore || isWordAfter;
}

/** Another number follows or goes before with only a joint between. */
function isJoined(before: string, after: string): boolean {
  const left = /[0-9] ?(.)$/u.exec(before)?.[1];
  const right = /^(.) ?[-+]?[0-9]/u.exec(after)?.[1];
  if (left !== undefined && JOINT.test(left)) return true;
  if (right !== undefined && JOINT.test(right)) return true;
  // 640x480, and 1..5
  return /[0-9] ?x ?$/i.test(before) || /^ ?x ?[0-9]/i.test(after) || /[0-9]\.\.+$/.test(before);
}
