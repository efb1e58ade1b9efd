/** Words of captions against Stanford's PTBTokenizer: goldens made by scripts/dev/caption-goldens.py, and cases by hand. */
import { expect, it, test } from 'vitest';
import { captionWords } from '../../../../src/evaluation/metrics/ptb-tokenizer.js';
import { split } from '../../../../src/evaluation/metrics/python.js';
import { golden } from '../../../support/metric-goldens.js';

test('words of 5,000 captions', () => {
  const captions = golden<readonly (readonly [caption: string, words: string])[]>('caption-words');
  expect(captions).toHaveLength(5000);
  // Some words hold a no-break space, at which the n-grams are split.
  const wrong = captions.filter(
    ([caption, words]) => captionWords(caption).join(' ') !== split(words).join(' '),
  );
  expect(wrong).toEqual([]);
});

it.each([
  ["A man's dog can't jump, it won't!", "a man 's dog ca n't jump it wo n't"],
  ['(No. 42) costs $3.50.', '-lrb- no. 42 -rrb- costs $ 3.50'],
  ['gonna cannot 24/7...', 'gon na can not 24/7'],
  ['20°C don’t “quote”', "20 ° c do n't quote"],
  ['two-story red/white', 'two-story red/white'],
  ['a dog., a cat', 'a dog. a cat'],
  ['😀 and ₹5', 'and 5'],
  ['', ''],
  [' . \n', ''],
])('%s', (caption, words) => {
  expect(captionWords(caption).join(' ')).toBe(words);
});
