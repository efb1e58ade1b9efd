/** Amounts of money out of short answers. How digits and separators are read is in numeral.ts. */
import { makeError } from '../../errors.js';
import { showValue } from '../../options/show.js';
import { type Found, LONGEST_ANSWER, onlyOne } from './field.js';
import { type NumberOptions, noMinusZero, scaled, signBefore } from './number.js';
import { numeralStyle, scanNumerals } from './numeral.js';

export interface Money {
  /** In the unit that is named, euros and not cents. */
  readonly amount: number;
  /** ISO 4217 code; null when the answer names none, or one that several currencies share. */
  readonly currency: string | null;
}

export interface CurrencyOptions extends NumberOptions {
  /**
   * ISO 4217 code that is meant where the answer leaves it open: no sign at all, or one that several currencies share
   * ($, ¥, kr, Rs, ¢). Without it they have the currency null, except where the region of `locale` (`en-US`) uses the
   * sign.
   */
  readonly currency?: string | undefined;
}

/** Signs and words of one currency. Those of several are in SHARED. */
const SIGNS: Readonly<Record<string, string>> = {
  '€': 'EUR',
  euro: 'EUR',
  euros: 'EUR',
  '£': 'GBP',
  quid: 'GBP',
  '₹': 'INR',
  rupees: 'INR',
  zł: 'PLN',
  zl: 'PLN',
  złoty: 'PLN',
  fr: 'CHF',
  sfr: 'CHF',
  '₩': 'KRW',
  '₽': 'RUB',
  '₺': 'TRY',
  '₴': 'UAH',
  '₫': 'VND',
  '₪': 'ILS',
  '฿': 'THB',
  '₱': 'PHP',
  '₦': 'NGN',
  kč: 'CZK',
  lei: 'RON',
  us$: 'USD',
  usd$: 'USD',
  c$: 'CAD',
  ca$: 'CAD',
  a$: 'AUD',
  au$: 'AUD',
  nz$: 'NZD',
  hk$: 'HKD',
  s$: 'SGD',
  sg$: 'SGD',
  r$: 'BRL',
  mx$: 'MXN',
  nt$: 'TWD',
  'cn¥': 'CNY',
  'jp¥': 'JPY',
  rmb: 'CNY',
  元: 'CNY',
  円: 'JPY',
  원: 'KRW',
  rp: 'IDR',
};

/** Signs of several currencies, with those. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  $: ['USD', 'CAD', 'AUD', 'NZD', 'HKD', 'SGD', 'MXN', 'TWD', 'CLP', 'COP', 'ARS'],
  dollar: ['USD', 'CAD', 'AUD', 'NZD', 'HKD', 'SGD', 'TWD'],
  dollars: ['USD', 'CAD', 'AUD', 'NZD', 'HKD', 'SGD', 'TWD'],
  '¥': ['JPY', 'CNY'],
  '￥': ['JPY', 'CNY'],
  kr: ['SEK', 'NOK', 'DKK', 'ISK'],
  rs: ['INR', 'PKR', 'LKR', 'NPR'],
  pound: ['GBP', 'EGP'],
  pounds: ['GBP', 'EGP'],
};

/** Hundredths, with the currencies that have them under this name. */
const CENTS: Readonly<Record<string, readonly string[]>> = {
  '¢': ['USD', 'CAD', 'AUD', 'NZD', 'EUR'],
  cent: ['USD', 'CAD', 'AUD', 'NZD', 'EUR'],
  cents: ['USD', 'CAD', 'AUD', 'NZD', 'EUR'],
  pence: ['GBP'],
};

/** Codes that are read in capitals. Not all of ISO 4217: ALL and TOP are words of receipts. */
const CODES = new Set(
  (
    'AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP GEL HKD HUF IDR ILS INR ISK JPY KRW KZT LKR MAD MXN ' +
    'MYR NGN NOK NPR NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR'
  ).split(' '),
);

/** What regions pay with, for the shared signs. */
const REGIONS: Readonly<Record<string, string>> = {
  US: 'USD',
  CA: 'CAD',
  AU: 'AUD',
  NZ: 'NZD',
  HK: 'HKD',
  SG: 'SGD',
  MX: 'MXN',
  TW: 'TWD',
  CL: 'CLP',
  CO: 'COP',
  AR: 'ARS',
  JP: 'JPY',
  CN: 'CNY',
  SE: 'SEK',
  NO: 'NOK',
  DK: 'DKK',
  IS: 'ISK',
  IN: 'INR',
  PK: 'PKR',
  LK: 'LKR',
  NP: 'NPR',
  GB: 'GBP',
  EG: 'EGP',
  IE: 'EUR',
};

const MAGNITUDES: Readonly<Record<string, number>> = {
  k: 1e3,
  thousand: 1e3,
  m: 1e6,
  mn: 1e6,
  mln: 1e6,
  million: 1e6,
  b: 1e9,
  bn: 1e9,
  billion: 1e9,
  lakh: 1e5,
  crore: 1e7,
};

/** Words in the letter cases of print; codes in capitals only. Longest first, so that `US$` goes before `$`. */
const LETTERS = [
  ...[SIGNS, SHARED, CENTS].flatMap((table) =>
    Object.keys(table).flatMap((sign) => [
      sign,
      sign.toUpperCase(),
      sign.charAt(0).toUpperCase() + sign.slice(1),
    ]),
  ),
  ...CODES,
]
  .sort((a, b) => b.length - a.length)
  .map((sign) => sign.replace(/\$/g, '\\$&'))
  .join('|');
const BEFORE = new RegExp(`(?<!\\p{L})(${LETTERS})\\.?(?<gap>\\s?[-−–]?\\s?)$`, 'u');
const AFTER = new RegExp(`^(?:,[-–—]{1,2})?\\s?(${LETTERS})(?![\\p{L}\\p{N}])`, 'u');
const MAGNITUDE = /^\s?(k|m|mn|mln|b|bn|thousand|million|billion|lakh|crore)(?![\p{L}\p{N}])/iu;
const ATTACHED = {
  before: new RegExp(`(?<!\\p{L})(${LETTERS})\\.?-?$`, 'u'),
  after: new RegExp(`^(?:${LETTERS}|[kKmMbB]|mn|mln|bn)(?![\\p{L}\\p{N}])`, 'u'),
};

/**
 * The one amount of money of `text`: sign or ISO code before or after, `-$5`, `$-5`, `($5.00)`, `$1.2m`, `50 cents`.
 * A number with a currency goes before numbers without one (`2 coffees $7.50` is 7.5). `$`, `¥`, `kr`, `Rs` are shared
 * by several currencies: see the option `currency`. Digits are read as parseNumber does.
 *
 * null when there is no amount, when there are two that differ, or when an amount has two currencies.
 */
export function parseCurrency(text: string, options: CurrencyOptions = {}): Found<Money> | null {
  const style = numeralStyle(options.locale);
  const meant = meantCurrencies(options);
  if (text.length > LONGEST_ANSWER) return null;
  const { numerals, isUnclear } = scanNumerals(text, style, ATTACHED);
  if (isUnclear) return null;
  const withSign: Found<Money>[] = [];
  const without: Found<Money>[] = [];
  for (const numeral of numerals) {
    let { value, start, end } = numeral;
    const magnitude = MAGNITUDE.exec(text.slice(end));
    if (magnitude) {
      const factor = MAGNITUDES[(magnitude[1] ?? '').toLowerCase()] ?? 1;
      // `£1.2m` is money and `1.2m` a length; words are clear.
      const isShort = (magnitude[1] ?? '').length < 4;
      if (
        !isShort ||
        BEFORE.test(text.slice(0, start)) ||
        AFTER.test(text.slice(end + magnitude[0].length))
      ) {
        value = scaled(value, factor);
        end += magnitude[0].length;
      } else return null;
    }
    const before = BEFORE.exec(text.slice(0, start));
    const after = AFTER.exec(text.slice(end));
    const names = [before?.[1], after?.[1]].flatMap((name) => (name === undefined ? [] : [name]));
    let isNegative = false;
    const inner = signBefore(text.slice(0, start));
    if (before) {
      isNegative = /[-−–]/.test(before.groups?.['gap'] ?? '');
      start -= before[0].length;
    } else if (inner !== undefined) {
      isNegative = inner !== '+';
      start -= 1;
    }
    if (before && !isNegative) {
      const outer = signBefore(text.slice(0, start));
      if (outer !== undefined) {
        isNegative = outer !== '+';
        start -= 1;
      }
    }
    if (after) end += after[0].length;
    else {
      // 5,- and 5,— are whole amounts; 5- is a dash or a sign.
      const dash = /^,[-–—]{1,2}(?![\p{L}\p{N}])/u.exec(text.slice(end));
      if (dash) end += dash[0].length;
      else if (/^[-−–](?!\p{L})/u.test(text.slice(end))) return null;
    }
    if (text[start - 1] === '(' && text[end] === ')') {
      if (isNegative || (names.length === 0 && !numeral.hasSeparator)) return null;
      isNegative = true;
      start -= 1;
      end += 1;
    }
    const resolved = resolve(names, meant);
    if (resolved === undefined) return null;
    const amount = resolved.isCents ? scaled(value, 0.01) : value;
    const found = {
      value: { amount: noMinusZero(isNegative ? -amount : amount), currency: resolved.currency },
      text: text.slice(start, end),
    };
    (names.length > 0 ? withSign : without).push(found);
  }
  const candidates = withSign.length > 0 ? withSign : without;
  return onlyOne(candidates, ({ amount, currency }) => `${amount} ${currency}`);
}

/** What the caller set about currencies. */
interface Meant {
  /** For any amount that leaves it open. */
  readonly currency: string | undefined;
  /** For shared signs only: a number without a sign is no dollars because it was printed in America. */
  readonly ofRegion: string | undefined;
}

/** What the names around a number mean together; undefined when they contradict each other. */
function resolve(
  names: readonly string[],
  meant: Meant,
): { readonly currency: string | null; readonly isCents: boolean } | undefined {
  let isCents = false;
  let possible: readonly string[] | undefined;
  for (const name of names) {
    const key = name.toLowerCase();
    const cents = CENTS[key];
    if (cents) isCents = true;
    const one = CODES.has(name) ? name : SIGNS[key];
    const of = cents ?? (one === undefined ? (SHARED[key] ?? []) : [one]);
    possible = possible?.filter((code) => of.includes(code)) ?? of;
  }
  if (possible === undefined) return { currency: meant.currency ?? null, isCents };
  const [only] = possible;
  if (only === undefined) return undefined;
  if (possible.length === 1) return { currency: only, isCents };
  const named = [meant.currency, meant.ofRegion].find(
    (code) => code !== undefined && possible.includes(code),
  );
  return { currency: named ?? null, isCents };
}

function meantCurrencies({ currency, locale }: CurrencyOptions): Meant {
  if (currency !== undefined && !/^[A-Z]{3}$/.test(currency)) {
    throw makeError(
      'ERR_OPTION_RANGE',
      `option currency is ${showValue(currency)}, expected an ISO 4217 code such as "EUR"`,
      { name: 'currency', found: showValue(currency), expected: 'an ISO 4217 code' },
    );
  }
  const region = locale === undefined ? undefined : new Intl.Locale(locale).region;
  return { currency, ofRegion: region === undefined ? undefined : REGIONS[region] };
}
