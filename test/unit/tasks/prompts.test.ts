/** The prompts, character by character, and the patterns of what may be answered. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InstanceParser } from '../../../src/tasks/instances.js';
import {
  detectPattern,
  literal,
  oneOfTexts,
  REFER_PATTERN,
  segmentPattern,
} from '../../../src/tasks/patterns.js';
import { PROMPTS } from '../../../src/tasks/prompts.js';

test('every prompt is the one PaliGemma was trained with', () => {
  expect(PROMPTS.caption('en', 'short')).toBe('cap en');
  expect(PROMPTS.caption('en', 'medium')).toBe('caption en');
  expect(PROMPTS.caption('de', 'long')).toBe('describe de');
  expect(PROMPTS.answer('es', '¿qué es esto?')).toBe('answer es ¿qué es esto?');
  expect(PROMPTS.bareAnswer('What is the total?')).toBe('What is the total?');
  expect(PROMPTS.ocr()).toBe('ocr');
  expect(PROMPTS.detect(['cat'])).toBe('detect cat');
  expect(PROMPTS.detect(['cat', 'red dog', 'cow'])).toBe('detect cat ; red dog ; cow');
  expect(PROMPTS.segment(['cat'])).toBe('segment cat');
  expect(PROMPTS.segment(['cat', 'red dog'])).toBe('segment cat ; red dog');
  expect(PROMPTS.refer('the left one')).toBe('the left one');
});

test('text stands for itself in a pattern', () => {
  expect(literal('a red car')).toBe('a red car');
  expect(literal('<loc>{4}(a|b)[c]*+?.^\\')).toBe(
    '\\<loc\\>\\{4\\}\\(a\\|b\\)\\[c\\]\\*\\+\\?\\.\\^\\\\',
  );
  expect(literal('a\nb')).toBe('a\\nb');
  expect(oneOfTexts(['yes', 'no', '50%?'])).toBe('(yes|no|50%\\?)');
});

test('the pattern of several boxes with the labels that were asked for', () => {
  expect(detectPattern(['cat', 'C++'])).toBe(
    '(<loc>{4} (cat|C\\+\\+)( ; <loc>{4} (cat|C\\+\\+))*)?',
  );
  expect(segmentPattern(['cat'])).toBe('(<loc>{4}<seg>{16} (cat)( ; <loc>{4}<seg>{16} (cat))*)?');
  expect(REFER_PATTERN).toBe('(<loc>{4}<seg>{16})?');
});

test('a label that the pattern lets through is read as it is', () => {
  const box = '<loc0001><loc0002><loc0003><loc0004>';
  // The syntax of patterns is that of JavaScript, but for the two kinds of token.
  const source = detectPattern().replaceAll(/(?<!\\)<loc>/g, '(<loc\\d{4}>)');
  const form = new RegExp(`^(${source})$`);
  for (const label of ['dog', 'red dog', 'Ä 北京', '😀', "dog's", 'a, b', '50%', 'x>y', '-']) {
    expect(`${box} ${label}`).toMatch(form);
  }
  for (const label of [
    '',
    ' ',
    ' dog',
    'dog ',
    'a  b',
    '\t',
    '\u00a0',
    '\u2028',
    '\ufeff',
    'a\nb',
    'a\x1bb',
  ]) {
    expect(`${box} ${label}`).not.toMatch(form);
  }
  const some = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\s;<a]{0,4}$/));
  fc.assert(
    fc.property(some, (label) => {
      fc.pre(!label.includes(';') && form.test(`${box} ${label}`));
      const parser = new InstanceParser();
      const texts = [...(box.match(/<loc\d{4}>/g) ?? []), ` ${label}`];
      for (const text of texts) parser.push({ text, token: 7, logprob: 0 });
      expect(parser.end(false).map((one) => one.label)).toEqual([label]);
    }),
    { numRuns: 500 },
  );
});
