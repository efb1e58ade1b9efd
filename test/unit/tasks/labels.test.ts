/** What can be a label, a question or a language, and how the others are refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PaliGemmaError } from '../../../src/errors.js';
import { askedFor, labelList, languageCode, promptText } from '../../../src/tasks/labels.js';
import { MARKERS } from '../../../src/tasks/markers.js';

function failureOf(run: () => unknown): PaliGemmaError {
  try {
    run();
  } catch (error) {
    if (error instanceof PaliGemmaError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('labelList', () => {
  test('takes one label or several, trims them and keeps each once, in order', () => {
    expect(labelList('cat')).toEqual(['cat']);
    expect(labelList([' dog ', 'cat', 'dog', '\tcat'])).toEqual(['dog', 'cat']);
    expect(labelList(Array.from({ length: 1000 }, (_, i) => `l${i}`))).toHaveLength(1000);
    expect(labelList('x'.repeat(200))).toEqual(['x'.repeat(200)]);
  });

  test('takes control tokens spelled in a label, and anything else of one line, as text', () => {
    for (const label of [
      '<eos>',
      '<bos>cat',
      '<image>',
      '<pad>',
      'a, b',
      'Ä 北京 😀',
      '<loc>',
      '<seg1>',
    ]) {
      expect(labelList(label)).toEqual([label]);
    }
  });

  for (const [what, value, code, message] of [
    ['no labels', [], 'ERR_OPTION_RANGE', 'labels is a list of 0, expected 1 to 1000 labels'],
    [
      '1,001 labels',
      Array.from({ length: 1001 }, (_, i) => `l${i}`),
      'ERR_OPTION_RANGE',
      'labels is a list of 1001, expected 1 to 1000 labels',
    ],
    ['an empty label', '', 'ERR_OPTION_RANGE', 'label is "", expected text that is not empty'],
    ['white space', ['cat', ' \n '], 'ERR_OPTION_RANGE', 'expected text that is not empty'],
    [
      'a line break',
      'cat\ndog',
      'ERR_OPTION_RANGE',
      'label is "cat\\ndog", expected one line of text',
    ],
    ['a carriage return', 'cat\rdog', 'ERR_OPTION_RANGE', 'expected one line of text'],
    ['a line separator', 'cat\u2028dog', 'ERR_OPTION_RANGE', 'expected one line of text'],
    ['a NUL', 'cat\0dog', 'ERR_OPTION_RANGE', 'expected one line of text'],
    [
      'a separator',
      'cat ; dog',
      'ERR_OPTION_RANGE',
      'label is "cat ; dog", expected text without ";", which separates labels (pass several labels as a list)',
    ],
    [
      'a loc token',
      'cat <loc0012>',
      'ERR_OPTION_RANGE',
      'expected text without loc and seg tokens',
    ],
    ['a seg token', '<seg099>', 'ERR_OPTION_RANGE', 'expected text without loc and seg tokens'],
    [
      'a long label',
      'x'.repeat(201),
      'ERR_OPTION_RANGE',
      'label is 201 characters long, expected at most 200 characters',
    ],
    ['a number', 7, 'ERR_OPTION_TYPE', 'label is 7, expected a string'],
    ['nothing', undefined, 'ERR_OPTION_TYPE', 'label is undefined, expected a string'],
    ['null in a list', ['cat', null], 'ERR_OPTION_TYPE', 'label is null, expected a string'],
    ['a list in a list', [['cat']], 'ERR_OPTION_TYPE', 'expected a string'],
    ['an object', { cat: 1 }, 'ERR_OPTION_TYPE', 'expected a string'],
  ] as const) {
    test(`refuses ${what}`, () => {
      const error = failureOf(() => labelList(value as never));
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
      expect(error.subject).toMatch(/^labels?$/);
      expect(error.found).toBeTruthy();
      expect(error.expected).toBeTruthy();
    });
  }

  test('what it returns can be told apart again in a prompt, whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (labels) => {
        let list: readonly string[];
        try {
          list = labelList(labels);
        } catch (error) {
          expect(error).toBeInstanceOf(PaliGemmaError);
          return;
        }
        expect(list.join(' ; ').split(' ; ')).toEqual(list);
        expect(list).toEqual([...new Set(labels.map((label) => label.trim()))]);
      }),
    );
  });
});

test('promptText allows what labels may not have, up to its own length', () => {
  expect(promptText('question', ' a; b? ')).toBe('a; b?');
  expect(promptText('question', 'x'.repeat(10_000))).toHaveLength(10_000);
  expect(failureOf(() => promptText('question', 'x'.repeat(10_001)))).toMatchObject({
    code: 'ERR_OPTION_RANGE',
    subject: 'question',
    found: '10001 characters long',
    expected: 'at most 10000 characters',
  });
});

test('a language is two or three lower-case letters', () => {
  expect([languageCode('en'), languageCode('fil')]).toEqual(['en', 'fil']);
  // Not trained, but perhaps by others.
  expect(languageCode('lb')).toBe('lb');
  for (const value of ['', 'e', 'en ', 'eng1', 'e1', 'en\n', 'klingon']) {
    expect(failureOf(() => languageCode(value))).toMatchObject({
      code: 'ERR_OPTION_RANGE',
      subject: 'language',
      expected: 'a code of two or three lower-case letters',
      hint: expect.stringContaining('trained codes: ar, bn, '),
    });
  }
});

test.each([
  ['german', 'de'],
  ['German', 'de'],
  ['germn', 'de'],
  ['deu', 'de'],
  ['EN', 'en'],
  ['zh-TW', 'zh'],
  ['jp', 'ja'],
])('the language %s is answered with its code', (value, code) => {
  expect(failureOf(() => languageCode(value))).toMatchObject({ expected: `"${code}"` });
});

test('a label is the one that was asked for in any number, article and letter case', () => {
  const labelFor = askedFor(['Red car', 'people', 'the dog']);
  for (const [label, all] of [
    ['Red car', ['red car', 'Red  cars', ' a red car']],
    ['people', ['person', 'People']],
    ['the dog', ['dog', 'dogs']],
    [undefined, ['car', 'red', '', 'blue car', 'red cart']],
  ] as const) {
    for (const said of all) expect(labelFor(said), said).toBe(label);
  }
});

test('labels that differ in number or letter case alone are told apart', () => {
  const labelFor = askedFor(['cats', 'Cat', 'cat', 'dog', 'the dogs']);
  for (const said of ['cats', 'Cat', 'cat', 'dog', 'the dogs']) expect(labelFor(said)).toBe(said);
  expect(labelFor('The Dogs')).toBe('the dogs');
  expect(labelFor('Cats')).toBe('cats');
  expect(labelFor('dogs')).toBe('dog');
});

test('what other runtimes write has a sign that keeps it out of the types of labels', () => {
  // LabelOf has the same signs.
  const samples = MARKERS.flatMap((row) => row.samples);
  expect(samples.filter((sample) => !/[<[{#:]/.test(sample))).toEqual([]);
});
