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
  expect(spellingsOf(labels)[labels.indexOf(label)]).toEqual(expected);
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
      const all = spellingsOf(labels);
      expect(all.map(([first]) => first)).toEqual(labels);
      expect(new Set(all.flat()).size).toBe(all.flat().length);
    }),
  );
});

test('as many labels as a call may have', () => {
  const labels = Array.from({ length: 1000 }, (_, i) => `cat number ${i} of the cats`);
  const all = spellingsOf(labels);
  expect(all.map(([first]) => first)).toEqual(labels);
  expect(all[7]).toContain('Cat number 7 of the cats');
});
