/** Our JSON reader agrees with JSON.parse on everything valid, and refuses what JSON.parse lets pass silently. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonValue, parseJsonObject } from '../../../src/convert/strict-json.js';

function plain(value: JsonValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

const parse = (text: string) => plain(parseJsonObject(Buffer.from(text), 'x.json'));

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }),
        fc.nat(3),
        (value, indent) => {
          const text = JSON.stringify({ value }, null, indent);
          expect(parse(text)).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0a1e+-.tfn \n'), maxLength: 12 }),
        (text) => {
          const wrapped = `{"a":${text}}`;
          let valid = true;
          try {
            JSON.parse(wrapped);
          } catch {
            valid = false;
          }
          if (!valid) expect(() => parse(wrapped)).toThrow(/valid JSON/);
          else expect(() => parse(wrapped)).not.toThrow(/expected a value/);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('refuses keys that come twice, also when escapes hide it', () => {
    expect(() => parse('{"a":1,"a":1}')).toThrow(/did not come before/);
    expect(() => parse('{"a":{"b":1,"\\u0062":2}}')).toThrow(/did not come before/);
    expect(parse('{"a":{"b":1},"b":1}')).toEqual({ a: { b: 1 }, b: 1 });
  });

  it('refuses other top levels, deep nesting and a byte order mark', () => {
    expect(() => parse('[]')).toThrow(/no JSON object/);
    expect(() => parse(`{"a":${'['.repeat(100)}${']'.repeat(100)}}`)).toThrow(/nesting/);
    expect(() => parse('\ufeff{}')).toThrow(/valid JSON/);
    expect(() => parse('')).toThrow(/end of the file/);
  });

  it('reads a document of a hundred thousand keys', () => {
    const object = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, '\\"'.repeat(5)]),
    );
    expect(parse(JSON.stringify(object))).toEqual(object);
  });
});
