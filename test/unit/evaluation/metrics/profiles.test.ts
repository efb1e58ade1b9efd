/** What of a text counts. */
import { expect, it } from 'vitest';
import { normalised } from '../../../../src/evaluation/metrics/profiles.js';
import { findMetric, METRICS } from '../../../../src/evaluation/metrics/registry.js';
import { score } from '../../../../src/evaluation/score.js';
import { TEXT_PROFILES, type TextProfile } from '../../../../src/options/closed-sets.js';

it.each<[TextProfile, string, string]>([
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

it('is part of the name of a metric of texts, and of no other', () => {
  for (const { id, kind } of METRICS) {
    for (const profile of TEXT_PROFILES) {
      const found = findMetric(`${id}+${profile}`);
      expect(found?.id).toBe(kind === 'text' ? `${id}+${profile}` : undefined);
    }
    expect(findMetric(`${id}+plain`)).toBeUndefined();
    expect(findMetric(`${id}+`)).toBeUndefined();
    expect(findMetric(`${id}+loose+loose`)).toBeUndefined();
  }
});

it('is applied to answers and truths before the metric judges them', async () => {
  const rows = [
    { answer: 'EXIT  now\n', truths: ['exit', 'Exit now'] },
    { answer: 'a man', truths: ['A  man'] },
  ];
  for (const id of ['exact@strict', 'similarity@levenshtein', 'cider@pycocoevalcap']) {
    const loose = await score(`${id}+loose`, rows);
    const cleaned = rows.map(({ answer, truths }) => ({
      answer: normalised('loose', answer),
      truths: truths.map((one) => normalised('loose', one)),
    }));
    expect(loose, id).toEqual(await score(id, cleaned));
    expect(loose.figure, id).toBeGreaterThan(0);
  }
  expect((await score('exact@strict', rows)).figure).toBe(0);
  expect((await score('exact@strict+loose', rows)).figure).toBe(1);
});
