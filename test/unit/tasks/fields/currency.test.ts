/** Amounts of money in short answers: signs, codes, words, and what is left open. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCurrency } from '../../../../src/tasks/fields/currency.js';

describe('parseCurrency', () => {
  it.each<[string, number, string | null, string?]>([
    ['$12.50', 12.5, null],
    ['$ 12.50', 12.5, null],
    ['12.50$', 12.5, null],
    ['12.50', 12.5, null],
    ['US$ 1,234.50', 1234.5, 'USD'],
    ['USD 1,234.50', 1234.5, 'USD'],
    ['USD1234', 1234, 'USD'],
    ['1,234.50 USD', 1234.5, 'USD'],
    ['$5 USD', 5, 'USD'],
    ['$5 CAD', 5, 'CAD'],
    ['C$5', 5, 'CAD'],
    ['A$5.00', 5, 'AUD'],
    ['R$ 5,00', 5, 'BRL'],
    ['HK$20', 20, 'HKD'],
    ['€12,50', 12.5, 'EUR'],
    ['12,50 €', 12.5, 'EUR'],
    ['12,50€', 12.5, 'EUR'],
    ['1.234,50 EUR', 1234.5, 'EUR'],
    ['EUR 1 234,50', 1234.5, 'EUR'],
    ['12 euros', 12, 'EUR'],
    ['£3.20', 3.2, 'GBP'],
    ['50 pence', 0.5, 'GBP'],
    ['¥1,500', 1500, null],
    ['1500円', 1500, 'JPY'],
    ['CN¥20', 20, 'CNY'],
    ['₹1,23,456.78', 123456.78, 'INR'],
    ['Rs. 500', 500, null],
    ['Rs.500', 500, null],
    ['100 kr', 100, null],
    ['kr 100', 100, null],
    ['100,00 SEK', 100, 'SEK'],
    ['25,90 zł', 25.9, 'PLN'],
    ['CHF 12.50', 12.5, 'CHF'],
    ['CHF12.50', 12.5, 'CHF'],
    ["Fr. 1'200.–", 1200, 'CHF', "Fr. 1'200"],
    ['250 Kč', 250, 'CZK'],
    ['₩15,000', 15000, 'KRW'],
    ['-$5', -5, null],
    ['$-5', -5, null],
    ['-5 €', -5, 'EUR'],
    ['($5.00)', -5, null],
    ['(5.00)', -5, null],
    ['(5.00 €)', -5, 'EUR'],
    ['5,- €', 5, 'EUR'],
    ['€ 5,-', 5, 'EUR'],
    ['50 cents', 0.5, null],
    ['99¢', 0.99, null],
    ['£1.2m', 1_200_000, 'GBP'],
    ['$3.5 billion', 3_500_000_000, null],
    ['$2k', 2000, null],
    ['5 dollars', 5, null],
    ['Total: $ 12.50', 12.5, null, '$ 12.50'],
    ['The total is 12.50 EUR.', 12.5, 'EUR', '12.50 EUR'],
    ['2 coffees $7.50', 7.5, null, '$7.50'],
  ])('reads %j as %d %s', (text, amount, currency, matched) => {
    expect(parseCurrency(text)).toEqual({ value: { amount, currency }, text: matched ?? text });
  });

  it.each([
    ['', 'empty'],
    ['free', 'no number'],
    ['$5 and $6', 'two amounts'],
    ['$5 or €5', 'two currencies'],
    ['$5-$10', 'a range'],
    ['$7.50 ($7.50)', 'an amount and its negative'],
    ['$5 €', 'two currencies for one amount'],
    ['5 USD EUR 6', 'two amounts'],
    ['€5 CAD', 'two currencies for one amount'],
    ['$1.2.3', 'separators that make no sense'],
    ['1.2m', 'a million or a metre'],
    ['(5)', 'a count or a negative amount'],
    ['try 5 or 6', 'no currency, two numbers'],
    ['ABC123', 'a name'],
    ['$9007199254740993', 'more digits than a double holds'],
  ])('reads nothing from %j: %s', (text) => {
    expect(parseCurrency(text)).toBeNull();
  });

  it('takes words in small letters for no code', () => {
    expect(parseCurrency('try 5')).toEqual({ value: { amount: 5, currency: null }, text: '5' });
    expect(parseCurrency('TRY 5')?.value).toEqual({ amount: 5, currency: 'TRY' });
  });

  it.each([
    ['$5', { currency: 'CAD' }, 'CAD'],
    ['5', { currency: 'CAD' }, 'CAD'],
    ['€5', { currency: 'CAD' }, 'EUR'],
    ['¥5', { currency: 'CAD' }, null],
    ['$5', { locale: 'en-US' }, 'USD'],
    ['$5', { locale: 'en-AU' }, 'AUD'],
    ['$5', { locale: 'en' }, null],
    ['5', { locale: 'en-US' }, null],
    ['¥500', { locale: 'ja-JP' }, 'JPY'],
    ['¥500', { locale: 'zh-CN' }, 'CNY'],
    ['5 kr', { locale: 'nb-NO' }, 'NOK'],
    ['5 kr', { locale: 'sv-SE', currency: 'DKK' }, 'DKK'],
    ['Rs 5', { locale: 'en-IN' }, 'INR'],
    ['€5', { locale: 'en-US' }, 'EUR'],
  ])('reads the currency of %j with %j as %s', (text, options, currency) => {
    expect(parseCurrency(text, options)?.value).toEqual({
      amount: text.includes('500') ? 500 : 5,
      currency,
    });
  });

  it('refuses a currency that is no code', () => {
    expect(() => parseCurrency('$5', { currency: 'dollar' })).toThrowError(
      'option currency is "dollar", expected an ISO 4217 code such as "EUR"',
    );
  });

  it('reads back what Intl writes', () => {
    const locales = ['en-US', 'de-DE', 'fr-FR', 'it-IT', 'en-IN', 'pl-PL', 'en-GB', 'de-CH'];
    const codes = ['USD', 'EUR', 'GBP', 'INR', 'PLN', 'CHF', 'CZK'];
    fc.assert(
      fc.property(
        fc.integer({ min: -1e10, max: 1e10 }),
        fc.constantFrom(...locales),
        fc.constantFrom(...codes),
        fc.constantFrom('code' as const, 'symbol' as const),
        (cents, locale, currency, currencyDisplay) => {
          const style = { style: 'currency', currency, currencyDisplay } as const;
          const text = (cents / 100).toLocaleString(locale, style);
          const amount = cents === 0 ? 0 : cents / 100;
          const options = { locale, currency };
          expect(parseCurrency(`Sum: ${text}`, options)?.value, text).toEqual({ amount, currency });
        },
      ),
    );
  });
});
