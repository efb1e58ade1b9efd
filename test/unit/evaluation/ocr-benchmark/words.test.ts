/** Words with boxes, put together as a person reads. */
import { expect, it } from 'vitest';
import { isWord, textOfWords, type Word } from '../../../../src/evaluation/ocr-benchmark/words.js';

const word = (text: string, ...box: [number, number, number, number]): Word => ({ text, box });

it.each([
  ['none', [], ''],
  ['one line out of order', [word('b', 20, 1, 9, 10), word('a', 0, 0, 9, 10)], 'a b'],
  [
    'two lines',
    [word('b', 0, 20, 9, 10), word('c', 12, 22, 9, 10), word('a', 0, 0, 9, 10)],
    'a\nb c',
  ],
  ['a low mark is on its line', [word('a', 0, 0, 9, 20), word(',', 10, 14, 3, 8)], 'a ,'],
  ['a word that begins lower', [word('b', 10, 6, 9, 10), word('a', 0, 0, 9, 20)], 'a b'],
])('%s', (_, words, text) => {
  expect(textOfWords(words)).toBe(text);
});

it.each([
  [{ text: 'a', box: [0, 0, 1, 1] }, true],
  [{ text: 'a', box: [0, 0, 1] }, false],
  [{ text: 'a', box: [0, 0, 1, Number.NaN] }, false],
  [{ box: [0, 0, 1, 1] }, false],
  [null, false],
])('%j is a word: %s', (value, is) => {
  expect(isWord(value)).toBe(is);
});
