/** What of a text counts. */
import { expect, it } from 'vitest';
import { normalised } from '../../../../src/evaluation/ocr-benchmark/profiles.js';
import type { Profile } from '../../../../src/options/ocr-benchmark.js';

it.each<[Profile, string, string]>([
  ['roboflow-2024', ' \tAb  c\u2019 \n\n', 'Ab  c\u2019'],
  ['roboflow-2024', 'e\u0301', 'e\u0301'],
  ['strict', ' Ab \n', ' Ab '],
  ['strict', 'a\r\n', 'a'],
  ['strict', 'a\n\n', 'a\n'],
  ['loose', ' A\u00a0\n B \u2018c\u2019 \u2014 \u201cd\u201d\u2026', `a b 'c' - "d"...`],
  ['loose', 'E\u0301', '\u00e9'],
])('%s: %j is %j', (profile, text, expected) => {
  expect(normalised(profile, text)).toBe(expected);
});
