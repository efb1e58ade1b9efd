/** The spellings that count as a label. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spellingsOf } from '../../../src/tasks/classify.js';

test.each([
  ['cat', ['cat', 'dog'], ['cat', 'Cat', 'cats', 'Cats']],
  ['Red cars', ['Red cars'], ['Red cars', 'red cars', 'Red car', 'red car']],
  ['yes', ['yes', 'no'], ['yes', 'Yes']],
  ['3', ['3', '4'], ['3']],
  ['\u00fcbung', ['\u00fcbung'], ['\u00fcbung', '\u00dcbung']],
  // What is a label itself, or could be two, counts for itself alone.
  ['cat', ['cat', 'cats'], ['cat']],
  ['cat', ['cat', 'Cat'], ['cat']],
])('%s among %j', (label, labels, expected) => {
  expect(spellingsOf(label, labels)).toEqual(expected);
});

test('the label comes first, and no spelling counts for two', () => {
  const word = fc.constantFrom(
    'cat',
    'cats',
    'Cat',
    'dog',
    'dogs',
    'the dog',
    'bus',
    'Buses',
    'x 1',
  );
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1 }), (labels) => {
      const all = labels.map((label) => spellingsOf(label, labels));
      expect(all.map(([first]) => first)).toEqual(labels);
      expect(new Set(all.flat()).size).toBe(all.flat().length);
    }),
  );
});
