/** F1 of JSON values, by hand and by law; the goldens of the tool are in metrics-goldens.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JSON_METRICS } from '../../../../src/evaluation/metrics/json-leaves.js';
import { errorOf } from '../../../support/input-error.js';

const f1 = (answer: string, truth: string): number =>
  JSON_METRICS[0]?.row(answer, [truth])[0] as number;

describe('json-f1@vlm-exam', () => {
  it.each([
    ['one of two values right: 2 · 1 / (2 + 2)', '{"a":1,"b":3}', '{"a":1,"b":2}', 0.5],
    ['a key too many: 2 · 1 / (1 + 2)', '{"a":1,"b":2}', '{"a":1}', 2 / 3],
    ['a key that is missing: 2 · 1 / (2 + 1)', '{"a":1}', '{"a":1,"b":null}', 2 / 3],
    ['values have types', '{"a":"1","b":1.0,"c":true}', '{"a":1,"b":1,"c":"true"}', 0],
    ['spellings of one number', '[1.0,100.0,0.0]', '[1e0,1E2,-0.0]', 1],
    ['whole numbers are exact', '[9007199254740993]', '[9007199254740992]', 0],
    ['order of keys', '{"b":2,"a":1}', '{"a":1,"b":2}', 1],
    ['places in an array', '[2,1,3]', '[1,2,3]', 1 / 3],
    ['an empty array is a value, not an empty object', '{"a":[]}', '{"a":{}}', 0],
    ['an empty answer: 2 · 0 / (1 + 1)', '{}', '{"a":1}', 0],
    ['two empty ones', '{}', ' { } ', 1],
    ['an object for an array', '{"0":1}', '[1]', 0],
    ['a fence', '```json\n{"a":1}\n```', '{"a":1}', 1],
    ['words around it', 'The answer is {"a":1}', '{"a":1}', 0],
    ['a key twice', '{"a":1,"a":1}', '{"a":1}', 0],
    ['a key twice, once escaped', '{"a":1,"\\u0061":1}', '{"a":1}', 0],
    ['the same key in two objects', '[{"a":1},{"a":2}]', '[{"a":1},{"a":2}]', 1],
    ['a path is no key with a slash', '{"a/b":1}', '{"a":{"b":1}}', 0],
    ['NaN', '{"a":NaN}', '{"a":null}', 0],
    ['a number too large for a double', '{"a":1e400}', '{"a":1}', 0],
    ['composed and decomposed, spaces at the ends', '{"a":" e\u0301 "}', '{"a":"\u00e9"}', 1],
    ['deeper than any document', '['.repeat(100_000) + ']'.repeat(100_000), '[1]', 0],
  ])('%s', (_, answer, truth, value) => {
    expect(f1(answer, truth)).toBe(value);
  });

  it.each(['{"a":1', '[NaN]', '{"a":1,"a":2}', '"text"', '7', ''])(
    'refuses the truth %s, which no answer could match',
    (truth) => {
      expect(errorOf(() => f1('{}', truth))).toMatchObject({ code: 'ERR_DATASET' });
    },
  );

  const documents = fc.oneof(
    fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 }),
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
  );

  it('is 1 of equal documents and never of others, between 0 and 1, the same both ways', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
        expect(f1(one, one)).toBe(1);
        const value = f1(one, other);
        expect(value).toBe(f1(other, one));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        if (value === 1) expect(leavesOf(a)).toEqual(leavesOf(b));
      }),
    );
  });
});

/** Values made alike as the metric does, keys in order. */
function leavesOf(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\r\n?/g, '\n').normalize('NFC').trim();
  if (Array.isArray(value)) return value.map(leavesOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, one]) => [key, leavesOf(one)] as const)
    .sort(([x], [y]) => (x < y ? -1 : 1));
}
