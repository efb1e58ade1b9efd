/** What is read from the text of JSON itself. */
import { describe, expect, it } from 'vitest';
import { indentedJson, memberText } from '../../../src/datasets/json-text.js';

describe('a member', () => {
  it.each<[text: string, name: string, member: string | undefined]>([
    ['{"a":12.0}', 'a', '12.0'],
    ['{"a" : "," , "b":{"a":1,"a":2}}', 'a', '","'],
    ['{"x":[{"b":1}],"b" :\n{"c": -0.0, "c": 1e5}\n}', 'b', '{"c": -0.0, "c": 1e5}'],
    ['{"a":1,"a":[2,"}"]}', 'a', '[2,"}"]'],
    ['{"\\u0061":"a","b":"b"}', 'a', '"a"'],
    ['{"b":"a","c":{"a":1}}', 'a', undefined],
    ['{"__proto__":1.50}', '__proto__', '1.50'],
    ['{}', 'a', undefined],
  ])('of %s called %s', (text, name, member) => {
    expect(memberText(text, name)).toBe(member);
    const value = Object.entries(JSON.parse(text) as object).find(([key]) => key === name)?.[1];
    expect(member === undefined ? member : JSON.parse(member)).toEqual(value);
  });
});

describe('with lines', () => {
  it.each([
    { a: [1, [], {}, ['x', { b: null }]], c: { d: '{"e": [1, 2]}' } },
    [[[]], 'a\n,'],
    'text',
    5,
  ])('%j', (value) => {
    expect(indentedJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  });

  it('numbers and keys stay as they are written', () => {
    expect(indentedJson('{"a":12.0,"a":1E5}')).toBe('{\n  "a": 12.0,\n  "a": 1E5\n}');
    expect(indentedJson('[ }')).toBe('[ }');
  });
});
