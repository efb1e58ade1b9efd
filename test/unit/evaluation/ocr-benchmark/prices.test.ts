/** What readings cost, and how prices are written. */
import { expect, it } from 'vitest';
import {
  checkPriced,
  parsePrice,
  parsePrices,
  usdOf,
} from '../../../../src/evaluation/ocr-benchmark/prices.js';
import type { ReadingRow } from '../../../../src/evaluation/ocr-benchmark/rows.js';

const row = (more: Partial<ReadingRow>): ReadingRow => ({
  ...{ id: '1', system: 'gpt', version: '1', startSeconds: 0, isTuned: false, crop: 'c' },
  ...{ picture: '0', group: 'g', domain: 'd', split: 'scored', isTimed: true, pass: 1 },
  truth: 'x',
  ...more,
});

const PRICES = ['machine=0.36/h', 'gpt=2.5,10/Mtok@2024-11-01', 'a=b=0.002/call@2024-11-02'].map(
  parsePrice,
);

it('prices are read', () => {
  expect(PRICES).toEqual([
    { kind: 'machine', usdPerHour: 0.36 },
    { kind: 'tokens', system: 'gpt', date: '2024-11-01', input: 2.5, output: 10 },
    { kind: 'call', system: 'a=b', date: '2024-11-02', usd: 0.002 },
  ]);
});

it.each([
  '',
  'machine=free/h',
  'machine=-1/h',
  'gpt=1/call',
  'gpt=1/call@2024-13-01',
  'gpt=1/call@2024-02-31',
  'gpt=1/Mtok@2024-11-01',
])('%j is refused', (text) => {
  expect(() => parsePrice(text)).toThrow(`option price is ${JSON.stringify(text)}, expected`);
});

it('a price is of a day that has come', () => {
  const day = (days: number): string =>
    new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  expect(parsePrice(`gpt=1/call@${day(0)}`)).toMatchObject({ date: day(0) });
  for (const price of ['gpt=1/call', 'gpt=1,2/Mtok']) {
    expect(() => parsePrice(`${price}@${day(2)}`)).toThrow('of a day to come, expected a price');
  }
});

it.each([
  [['machine=1/h', 'machine=2/h'], 'two prices of "machine"'],
  [['a=1/call@2024-11-01', 'a=1,2/Mtok@2024-11-01'], 'two prices of "a"'],
])('%j is refused: which would count?', (texts, words) => {
  expect(() => parsePrices(texts)).toThrow(`option price is ${words}, expected one price of each`);
});

it('the price of what no system is called is refused, with the names that there are', () => {
  const prices = parsePrices(['machine=1/h', 'gpt=1/call@2024-11-01', 'b (2)=1/call@2024-11-01']);
  expect(() => checkPriced(prices, ['gpt', 'b'])).not.toThrow();
  const [found, expected] = ['the price of "gpt"', 'one of gtp, b, or machine'];
  expect(() => checkPriced(prices, ['gtp', 'b'])).toThrow(
    `option price is ${found}, expected ${expected}`,
  );
});

it.each([
  ['tokens in and out', row({ tokens: { input: 1000, output: 100 } }), 0.0035],
  ['tokens that were not counted', row({}), undefined],
  ['a call', row({ system: 'a=b' }), 0.002],
  ['the machine', row({ system: 'ocrad', threads: 1 }), 0.0002],
  ['another server', row({ system: 'other', tokens: { input: 9, output: 9 } }), undefined],
  ['what runs who knows where', row({ system: 'other' }), undefined],
  ['what the system says', row({ usd: 0.5, tokens: { input: 1, output: 1 } }), 0.5],
])('of %s', (_, one, usd) => {
  const found = usdOf(one, 2, PRICES);
  if (usd === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(usd, 12);
});
