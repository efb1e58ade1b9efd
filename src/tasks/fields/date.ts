/** Calendar dates out of short answers, as ISO 8601 text. Times of day are in time.ts; no time zone is looked at. */
import { type Found, LONGEST_ANSWER, onlyOne, plainWord } from './field.js';

export interface DateOptions {
  /**
   * How `04/05/2024` is to be read: true as 4 May, false as April 5. Left out, such a date is null. Not asked for dates
   * that have one reading only (31/12/2024, 12/31/2024), and dates with points are day first in any case.
   */
  readonly dayFirst?: boolean | undefined;
  /** Returns `2024-12` for "December 2024" and "12/2024", and `2024` for "2024". Default false: they are null. */
  readonly partial?: boolean | undefined;
}

/** Months in English, German, Spanish, French, Italian, Portuguese and Dutch, without accents; no name has two meanings. */
const MONTH_NAMES: readonly string[] = [
  'january jan januar jaenner janner enero ene janvier janv gennaio gen janeiro januari',
  'february feb februar febrero fevrier fevr fev febbraio febb fevereiro februari',
  'march mar marz maerz mrz marzo mars marco maart mrt',
  'april apr abril abr avril avr aprile',
  'may mai mayo maggio mag maio mei',
  'june jun juni junio juin giugno giu junho',
  'july jul juli julio juillet juil luglio lug julho',
  'august aug agosto ago aout augustus',
  'september sep sept septiembre septembre settembre sett set setembro',
  'october oct oktober okt octubre octobre ottobre ott outubro out',
  'november nov noviembre novembre novembro',
  'december dec dezember dez diciembre dic decembre dicembre dezembro',
];
const MONTHS = new Map(
  MONTH_NAMES.flatMap((names, index) => names.split(' ').map((name) => [name, index + 1] as const)),
);

const NAME = String.raw`(?<name>\p{L}\p{L}{2,9})\.?`;
const DAY = String.raw`(?<day>[0-9]{1,2})(?:st|nd|rd|th|er|º|°|ª|\.)?`;
const YEAR = String.raw`(?<year>[0-9]{4}|['’]?[0-9]{2}(?!\s+\p{L}))`;
const OF = String.raw`(?:\s+(?:of|de|del|di|do)(?!\p{L}))?`;
const GAP = String.raw`[\s,./-]{0,3}`;
/** Not within a longer row of digits, a version, a number with decimals or a word. */
const FROM = String.raw`(?<![\p{L}\p{N}]|[0-9][.,/:-])`;
const TO = String.raw`(?![\p{L}\p{N}]|[.,/:-][0-9])`;

const pattern = (source: string): RegExp => new RegExp(source, 'gu');

/** Year first. A time may follow: `2024-12-31T23:59`. */
const YEAR_FIRST = pattern(
  String.raw`${FROM}(?<year>[0-9]{4})(?<mark>[-/.])(?<month>[0-9]{1,2})\k<mark>(?<day>[0-9]{1,2})(?:(?=T[0-9])|${TO})`,
);
const HAN =
  /(?<!\p{N})(?<year>[0-9]{4})\s?[年년]\s?(?<month>[0-9]{1,2})\s?[月월]\s?(?<day>[0-9]{1,2})\s?[日일]/gu;
const COMPACT = /^\s*(?<year>(?:19|20)[0-9]{2})(?<month>[0-9]{2})(?<day>[0-9]{2})\s*$/gu;
const NUMERIC = pattern(
  String.raw`${FROM}(?<first>[0-9]{1,2})\s?(?<mark>[-/.])\s?(?<second>[0-9]{1,2})\s?\k<mark>\s?(?<year>[0-9]{4}|[0-9]{2})${TO}`,
);
const DAY_NAME = pattern(`${FROM}${DAY}${OF}${GAP}${NAME}${OF}${GAP}${YEAR}${TO}`);
const NAME_DAY = pattern(String.raw`${FROM}${NAME}${GAP}${DAY}[\s,./-]{1,3}${YEAR}${TO}`);
const YEAR_NAME = pattern(`${FROM}(?<year>[0-9]{4})${GAP}${NAME}${GAP}${DAY}${TO}`);
const NAME_YEAR = pattern(`${FROM}${NAME}${OF}${GAP}(?<year>[0-9]{4})${TO}`);
const NUMERIC_MONTH = pattern(`${FROM}(?<month>[0-9]{1,2})[/.-](?<year>[0-9]{4})${TO}`);
const YEAR_MONTH = pattern(`${FROM}(?<year>[0-9]{4})[/.-](?<month>[0-9]{1,2})${TO}`);
const ONLY_YEAR = /^\s*(?<year>(?:1[0-9]|20)[0-9]{2})\.?\s*$/gu;

/**
 * The one date of `text` as `YYYY-MM-DD`: 2024-12-31, 31/12/2024, 31.12.24, 31 December 2024, Dec. 31st, 2024,
 * 31-Dec-24, `31 de diciembre de 2024`, 2024年12月31日. Years of two digits are 1969 to 2068, as POSIX has it.
 *
 * null when there is none, when two differ, when a date can be read in two ways (see `dayFirst`), when it is not in the
 * calendar (31/02/2024), and when a part is missing (see `partial`).
 */
export function parseDate(text: string, options: DateOptions = {}): Found<string> | null {
  if (text.length > LONGEST_ANSWER) return null;
  const found: Found<string>[] = [];
  /** Stretches that were read: `2024 Dec 31` inside of `31 Dec 2024 Dec 31` is no second date. */
  const taken: [number, number][] = [];
  let isUnclear = false;
  const search = (form: RegExp, read: (groups: Groups) => string | null | undefined): void => {
    for (const match of text.matchAll(form)) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (taken.some(([from, to]) => start < to && from < end)) continue;
      const value = read(match.groups ?? {});
      // undefined: no date at all, as the name is not that of a month.
      if (value === undefined) continue;
      taken.push([start, end]);
      if (value === null) isUnclear = true;
      else found.push({ value, text: match[0].trim() });
    }
  };
  for (const form of [YEAR_FIRST, HAN, COMPACT]) {
    search(form, ({ year, month, day }) => date(fullYear(year), Number(month), Number(day)));
  }
  for (const form of [DAY_NAME, NAME_DAY, YEAR_NAME]) {
    search(form, ({ year, name, day }) => {
      const month = MONTHS.get(plainWord(name ?? ''));
      return month === undefined ? undefined : date(fullYear(year), month, Number(day));
    });
  }
  search(NUMERIC, (groups) => numeric(groups, options.dayFirst));
  if (options.partial && found.length === 0 && !isUnclear) {
    search(NAME_YEAR, ({ name, year }) => {
      const month = MONTHS.get(plainWord(name ?? ''));
      return month === undefined ? undefined : monthOf(Number(year), month);
    });
    for (const form of [NUMERIC_MONTH, YEAR_MONTH]) {
      search(form, ({ month, year }) => monthOf(Number(year), Number(month)));
    }
    search(ONLY_YEAR, ({ year }) => year);
  }
  return isUnclear ? null : onlyOne(found, String);
}

type Groups = Readonly<Record<string, string | undefined>>;

/** `4/5/24` in the order that the option or the separator says; null when that leaves two readings or none. */
function numeric(
  { first, second, year, mark }: Groups,
  dayFirst: boolean | undefined,
): string | null {
  const [a, b] = [Number(first), Number(second)];
  const full = fullYear(year);
  const dayMonth = date(full, b, a);
  const monthDay = date(full, a, b);
  // 24-12-31 is a year first as well, if hyphens are between and the year has two digits.
  const yearFirst =
    mark === '-' && year?.length === 2 && first?.length === 2
      ? date(fullYear(first), b, Number(year))
      : null;
  const isDayFirst = dayFirst ?? (mark === '.' ? true : undefined);
  if (isDayFirst !== undefined) {
    const wanted = isDayFirst ? dayMonth : monthDay;
    if (wanted !== null) return wanted;
  }
  const readings = new Set([dayMonth, monthDay, yearFirst].filter((reading) => reading !== null));
  return readings.size === 1 ? ([...readings][0] ?? null) : null;
}

function fullYear(year: string | undefined): number {
  const digits = (year ?? '').replace(/\D/g, '');
  const value = Number(digits);
  if (digits.length > 2) return value;
  // POSIX strptime, %y.
  return value < 69 ? 2000 + value : 1900 + value;
}

/** ISO text, or null for a day that the calendar does not have. Years from 1000, so that 0024 is no year. */
function date(year: number, month: number, day: number): string | null {
  if (year < 1000 || month < 1 || month > 12 || day < 1) return null;
  // Day 0 of the next month is the last of this one.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null;
  return `${year}-${pad(month)}-${pad(day)}`;
}

function monthOf(year: number, month: number): string | null {
  return year < 1000 || month < 1 || month > 12 ? null : `${year}-${pad(month)}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
