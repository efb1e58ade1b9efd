/** Options that are lists of texts or records of values. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import {
  type Input,
  list,
  oneOf,
  parseOptions,
  REQUIRED,
  record,
  string,
} from '../../../src/options/option.js';
import { errorOf } from '../../support/input-error.js';
import type { Same } from '../../support/same-type.js';

describe('lists and records', () => {
  const MANY = {
    labels: list({
      ...{ default: undefined, of: 'label', doc: 'what to find' },
      ...{ minCount: 1, maxCount: 3, minLength: 1, maxLength: 5 },
    }),
    fields: record({
      ...{ default: REQUIRED, of: 'field', minCount: 1, maxCount: 2, doc: 'what to read' },
      value: oneOf(['text', 'date'], { default: REQUIRED, doc: 'type' }),
      detailed: {
        type: oneOf(['text', 'date'], { default: REQUIRED, doc: 'type' }),
        question: string({ default: undefined, minLength: 1, maxLength: 9, doc: 'question' }),
      },
    }),
  };
  interface ManyInput {
    readonly labels?: readonly string[] | undefined;
    readonly fields: Readonly<
      Record<
        string,
        'text' | 'date' | { readonly type: 'text' | 'date'; readonly question?: string | undefined }
      >
    >;
  }
  true satisfies Same<ManyInput, Input<typeof MANY>>;
  const read = (options: unknown) => parseOptions('extract', MANY, options);
  const fields = { a: 'text' };

  it('are copies, which the caller cannot change any more', () => {
    const given = { labels: ['cat'], fields: { a: { type: 'date', question: 'when?' } } };
    const parsed = read(given);
    given.labels.push('dog');
    given.fields.a.type = 'nonsense';
    expect(parsed).toEqual({
      labels: ['cat'],
      fields: { a: { type: 'date', question: 'when?' } },
    });
    expect(read({ fields: { a: { type: 'date', question: undefined } } }).labels).toBe(undefined);
  });

  it.each<[unknown, 'ERR_OPTION_TYPE' | 'ERR_OPTION_RANGE', string]>([
    [{ fields, labels: 'cat' }, 'ERR_OPTION_TYPE', 'labels is "cat", expected 1 to 3 labels of'],
    [
      { fields, labels: ['cat', 7] },
      'ERR_OPTION_TYPE',
      'labels[1] is 7, expected a string of 1 to 5',
    ],
    [{ fields, labels: [] }, 'ERR_OPTION_RANGE', 'labels is an array of 0'],
    [{ fields, labels: new Array(1e9) }, 'ERR_OPTION_RANGE', 'labels is an array of 1000000000'],
    [{ fields, labels: ['a\0b'] }, 'ERR_OPTION_RANGE', 'without NUL'],
    [
      { fields, labels: ['longer'] },
      'ERR_OPTION_RANGE',
      'labels[0] is "longer", expected a string of',
    ],
    [{}, 'ERR_OPTION_TYPE', 'fields is missing, expected an object with 1 to 2 fields: one of'],
    [{ fields: [] }, 'ERR_OPTION_TYPE', 'fields is an array of 0'],
    [
      { fields: {} },
      'ERR_OPTION_RANGE',
      'fields is an empty object, expected an object with 1 to 2',
    ],
    [{ fields: { a: 'text', b: 'text', c: 'text' } }, 'ERR_OPTION_RANGE', '1 to 2 fields'],
    [
      { fields: { a: 'money' } },
      'ERR_OPTION_RANGE',
      '"text", "date", or an object of type, question',
    ],
    [{ fields: { a: { question: 'when?' } } }, 'ERR_OPTION_RANGE', 'fields.a.type is missing'],
    [{ fields: { a: { type: 'text', quest: 'x' } } }, 'ERR_OPTION_RANGE', 'fields.a is an object'],
    [
      { fields: { a: { type: 'text', question: '' } } },
      'ERR_OPTION_RANGE',
      'fields.a.question is ""',
    ],
    [{ fields: { 'a b': 5 } }, 'ERR_OPTION_RANGE', 'fields["a b"] is 5, expected one of "text"'],
  ])('are refused: case %#', (options, code, message) => {
    const error = errorOf(() => read(options));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });

  it("end in an InputError where the caller's code throws", () => {
    const labels = Object.defineProperty(['a'], 0, {
      get: () => {
        throw new Error('broken');
      },
    });
    expect(errorOf(() => read({ fields, labels })).message).toContain('cannot be read: broken');
    const names = ['labels', 'fields'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.anything()), (options) => {
        try {
          expect(Object.isFrozen(read(options))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});
