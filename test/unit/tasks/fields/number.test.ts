/** Numbers in short answers: every separator, sign and unit, and what must not be taken for a number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../../src/errors.js';
import { parseInteger, parseNumber } from '../../../../src/tasks/fields/number.js';

/** Answer, its number, the part that says so (the whole answer when left out). */
const NUMBERS: [string, number, string?][] = [
  ['5', 5],
  ['0', 0],
  ['-5', -5],
  ['−5', -5],
  ['–5.5', -5.5],
  ['+5', 5],
  ['-0', 0],
  ['007', 7],
  ['12.5', 12.5],
  ['12,5', 12.5],
  ['1,234.56', 1234.56],
  ['1.234,56', 1234.56],
  ['1 234,56', 1234.56],
  ['1\u00a0234,56', 1234.56],
  ['1\u202f234\u202f567,8', 1234567.8],
  ["1'234.56", 1234.56],
  ['1’234’567.89', 1234567.89],
  ['1,23,456.78', 123456.78],
  ['12,34,567', 1234567],
  ['1,234,567', 1234567],
  ['1.234.567', 1234567],
  ['1,234', 1234],
  ['1.234', 1234],
  ['12.345', 12345],
  ['0.125', 0.125],
  ['0,125', 0.125],
  ['1234.567', 1234.567],
  ['1234,567', 1234.567],
  ['2.7654', 2.7654],
  ['.5', 0.5],
  ['-.5', -0.5],
  ['(5.00)', -5],
  ['(1,234)', -1234],
  ['12%', 12],
  ['12.5 %', 12.5],
  ['1.2k', 1200],
  ['1.1 million', 1_100_000],
  ['3 dozen', 36],
  ['2.5 crore', 25_000_000],
  ['two', 2],
  ['Twelve.', 12, 'Twelve'],
  ['Total: $ 12.50', 12.5, '12.50'],
  ['Total 12.50.', 12.5, '12.50'],
  ['Rs.500', 500, '500'],
  ['about 20 people', 20, '20'],
  ['5kg', 5, '5'],
  ['350 ml', 350, '350'],
  ['20 °C', 20, '20'],
  ['5,-', 5, '5'],
  ['4 and 4', 4, '4'],
  ['Model A5 costs 12', 12, '12'],
  ['area 12 m2', 12, '12'],
  ['999999999999999', 999999999999999],
];

describe('parseNumber', () => {
  it.each(NUMBERS)('reads %j as %d', (text, value, matched) => {
    expect(parseNumber(text)).toEqual({ value, text: matched ?? text });
  });

  it.each([
    ['', 'empty'],
    ['   ', 'blank'],
    ['none', 'no number'],
    ['unanswerable', 'no number'],
    ['3 or 4', 'two numbers'],
    ['10-20', 'a range'],
    ['10–20', 'a range'],
    ['1..5', 'a range'],
    ['1/2', 'a fraction'],
    ['2/2', 'a fraction of equal numbers'],
    ['½', 'a vulgar fraction'],
    ['3½', 'a mixed number'],
    ['12:30', 'a time'],
    ['2024-12-31', 'a date'],
    ['31.12.2024', 'a date'],
    ['192.168.1.1', 'an address'],
    ['1.2.3', 'a version'],
    ['640x480', 'a size'],
    ['640 x 480', 'a size'],
    ['2^8', 'a power'],
    ['A5', 'a name'],
    ['AB-12345', 'a serial number'],
    ['COVID-19', 'a name'],
    ['3D', 'a name'],
    ['2nd', 'an ordinal'],
    ['1.2M', 'a million or a metre'],
    ['1.2 M in 2020', 'a million or a mega-something'],
    ['3 Millionen', 'a word that multiplies'],
    ['1.2bn', 'a thousand million or a million million'],
    ['12-year-old', 'an age'],
    ['<5', 'a bound'],
    ['> 5', 'a bound'],
    ['±5', 'a tolerance'],
    ['1,2,3', 'a list'],
    ['1,23,45', 'wrong groups'],
    ['1.234.56', 'wrong groups'],
    ['12,34.567,8', 'three changes of separator'],
    ["1,234'567", 'a decimal separator that is none'],
    ['apples (3)', 'a count in brackets'],
    ['12.50 (12.50)', 'an amount and its negative'],
    ['5.00-', 'a sign or a dash at the end'],
    ['٣', 'digits of another script'],
    ['5٣', 'digits of two scripts'],
    ['m²', 'a superscript'],
    ['9007199254740993', 'more digits than a double holds'],
    ['0.1234567890123456', 'more digits than a double holds'],
    ['<loc0051>', 'a loc token'],
    ['1e5', 'an exponent or a name'],
    ['5'.repeat(5000), 'too long'],
  ])('reads nothing from %j: %s', (text) => {
    expect(parseNumber(text)).toBeNull();
  });

  it.each([
    ['1.234', 'en', 1.234],
    ['1.234', 'de', 1234],
    ['1,234', 'en', 1234],
    ['1,234', 'de', 1.234],
    ['1,234', 'fr', 1.234],
    ['1.234,56', 'en', 1234.56],
    ['12,5', 'en', 12.5],
    ['1 234', 'fr', 1234],
    ["1'234", 'de-CH', 1234],
    ['1.234', 'ar-EG', 1.234],
  ])('reads %j by the separators of %s as %d', (text, locale, value) => {
    expect(parseNumber(text, { locale })?.value).toBe(value);
  });

  it('does not group by spaces where the locale does not', () => {
    expect(parseNumber('1 234')?.value).toBe(1234);
    expect(parseNumber('1 234', { locale: 'en' })).toBeNull();
    expect(parseNumber('1\u00a0234', { locale: 'en' })?.value).toBe(1234);
  });

  it('refuses a locale that is none', () => {
    expect(() => parseNumber('1', { locale: 'no locale' })).toThrowError(InputError);
    expect(() => parseNumber('1', { locale: 'no locale' })).toThrowError(
      'option locale is "no locale", expected a language tag such as "de" or "en-US"',
    );
  });

  it('reads back what Intl writes in nine locales', () => {
    // No three decimals: those are what the locale decides, tested above.
    const amount = fc.integer({ min: -1e12, max: 1e12 }).map((cents) => cents / 100);
    const locales = ['en', 'de', 'fr', 'it', 'pt-BR', 'nl', 'de-CH', 'en-IN', 'pl'];
    fc.assert(
      fc.property(amount, fc.constantFrom(...locales), (value, locale) => {
        const text = value.toLocaleString(locale, { minimumFractionDigits: 2 });
        expect(parseNumber(`Total: ${text} pcs`, { locale })?.value, text).toBe(
          value === 0 ? 0 : value,
        );
        expect(parseNumber(text)?.value, text).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('returns text that is part of the answer, and a number whatever the answer is', () => {
    const piece = fc.constantFrom(..."0123456789.,'-+() /:%$€kx<\u00a0 aé\n½".split(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
        const text = pieces.join('');
        const found = parseNumber(text);
        if (found === null) return;
        expect(text).toContain(found.text);
        expect(Number.isFinite(found.value)).toBe(true);
        // Digits come from the text, in order.
        const digits = String(Math.abs(found.value))
          .replace(/\D/g, '')
          .replace(/^0+|0+$/g, '');
        if (!found.text.includes('k')) expect(found.text.replace(/\D/g, '')).toContain(digits);
      }),
      { numRuns: 2000 },
    );
  });

  it('never chooses between two different numbers', () => {
    const number = fc.integer({ min: 0, max: 99 });
    fc.assert(
      fc.property(
        number,
        number,
        fc.constantFrom(' ', ' or ', ', ', '; ', '\n', '-', '/', ' - '),
        (a, b, mark) => {
          const found = parseNumber(`${a}${mark}${b}`);
          if (a !== b) expect(found?.value ?? null).toBe(null);
          else expect([null, a]).toContain(found?.value ?? null);
        },
      ),
    );
  });
});

describe('parseInteger', () => {
  it.each([
    ['12', 12],
    ['1,234', 1234],
    ['2.00', 2],
    ['-7 items', -7],
  ])('reads %j as %d', (text, value) => {
    expect(parseInteger(text)?.value).toBe(value);
  });

  it.each(['2.5', '0,5', 'a few', '1 or 2'])('reads nothing from %j', (text) => {
    expect(parseInteger(text)).toBeNull();
  });
});
