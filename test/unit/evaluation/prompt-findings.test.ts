/** The sentences of the prompt benchmark: where the wording matters, where nothing is known, what failed. */
import { expect, it } from 'vitest';
import {
  bestText,
  isShown,
  isSilent,
  type PromptBenchmark,
  type PromptQuestion,
  promptsFailures,
  promptsVerdict,
} from '../../../src/evaluation/prompt-findings.js';
import { asked, promptBenchmark } from '../../support/benchmark-reports.js';

it('say how many questions the wording matters in, where most, and which have nothing right', async () => {
  const benchmark = await promptBenchmark();
  expect(promptsVerdict(benchmark)).toBe(
    'In 2 of 7 questions the wording is shown to matter: some phrasing is worse than the best. Best and worst phrasing are furthest apart in receipts, tax: 0.6800 by exact@vlm-exam. In 2 of 7 questions no phrasing has anything right, which says nothing about the wording.',
  );
  expect(promptsFailures(benchmark)).toBe(
    'Rows without an answer to some phrasing, which the figures leave out: 3 of receipts, tax.',
  );
});

it.each([
  [{ a: 12, b: 12 }, 'The wording is not shown to matter in the one question.', 'among the 2'],
  [{ a: 0, b: 0 }, 'In the one question no phrasing has anything right', 'no phrasing has'],
  [{ a: 24, b: 0 }, 'In the one question the wording is shown to matter', '“a” is shown to be'],
  [{ a: 2, b: 24, c: 23 }, 'Best and worst phrasing are', 'among the best 2 of 3 phrasings'],
])('of one question with phrasings right in %j of 24 rows', async (odds, words, best) => {
  const phrasings = await asked(odds);
  const question: PromptQuestion = { set: 'menus', kind: 'price', failed: 0, run: '', phrasings };
  const benchmark: PromptBenchmark = {
    ...{ model: 'm', count: 50, seed: 1, settings: {}, questions: [question] },
  };
  expect(promptsVerdict(benchmark)).toContain(words);
  expect(promptsFailures(benchmark)).toBe('');
  expect(bestText(phrasings)).toContain(best);
});

it('take 0 for nothing right only where more is better', async () => {
  const odds = { a: 24, b: 24 };
  const [errors, right] = [await asked(odds, 'cer@jiwer'), await asked(odds)];
  expect([errors.phrasings[0]?.figure, isSilent(errors), isShown(errors)]).toEqual([
    ...[0, false, false],
  ]);
  expect([right.phrasings[0]?.figure, isSilent(right)]).toEqual([1, false]);
});

it('say so where no row has all answers', async () => {
  const none = await asked({ a: 1, b: 1 }, 'exact@vlm-exam', 0);
  expect([bestText(none), isSilent(none), isShown(none)]).toEqual([
    ...['no row has an answer to all phrasings', false, false],
  ]);
});
