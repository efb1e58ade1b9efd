/** Documents as Python reads them; what it prints of numbers is in the goldens of anls@star, too. */
import { expect, it } from 'vitest';
import { anlsStar } from '../../../../src/evaluation/metrics/anls-star.js';
import { readDocument } from '../../../../src/evaluation/metrics/document-text.js';

it.each<[written: string, printed: string]>([
  ['12', '12'],
  ['-0', '0'],
  ['12345678901234567890', '12345678901234567890'],
  ['12.0', '12.0'],
  ['-0.0', '-0.0'],
  ['0.00001', '1e-05'],
  ['0.0001', '0.0001'],
  ['1e15', '1000000000000000.0'],
  ['1e16', '1e+16'],
  ['1.50E-7', '1.5e-07'],
  ['1.7976931348623157e308', '1.7976931348623157e+308'],
  ['1e400', 'inf'],
  ['-1e400', '-inf'],
])('%s is printed as %s', (written, printed) => {
  expect(readDocument(`{"a":[${written}]}`)).toEqual({ a: [printed] });
});

it('all else is as JSON.parse has it', () => {
  const text = '{"a":{"__proto__":[true,null,"\\u0041,}",[],{}]},"b":"x","b":"y"}';
  expect(JSON.stringify(readDocument(text))).toBe(JSON.stringify(JSON.parse(text)));
  expect(readDocument('"a"')).toBe('a');
  expect(readDocument('no JSON')).toBe('no JSON');
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  expect(Array.isArray(readDocument(deep))).toBe(true);
});

it('numbers of JavaScript without a fraction are whole ones', () => {
  expect([anlsStar(12, '12'), anlsStar(12, '12.0'), anlsStar(1e16, '10000000000000000')]).toEqual([
    ...[1, 0.5, 1],
  ]);
  expect([anlsStar(0.00001, '1e-05'), anlsStar(1e22, '1e+22'), anlsStar(2.5, '2.5')]).toEqual([
    ...[1, 1, 1],
  ]);
});
