import { expect, it } from 'vitest';
import { htmlPrompts } from '../../../../src/evaluation/report/prompts-report.js';
import { asked, promptBenchmark } from '../../../support/benchmark-reports.js';

it('begins with the verdict, and leads from each question to its phrasings and its own report', async () => {
  const page = htmlPrompts(await promptBenchmark());
  const [verdict, chart, table] = [
    '<strong>It matters</strong> In 2 of 7 questions',
    'Figures of the phrasings of each question',
    'Each question with its best and its worst phrasing',
  ].map((words) => page.indexOf(words)) as [number, number, number];
  expect(verdict).toBeGreaterThan(0);
  expect([verdict < chart, chart < table]).toEqual([true, true]);
  expect(page).toContain('<a href="#coins-count">coins, count</a>');
  expect(page).toContain('<section id="coins-count">');
  expect(page).toContain('<a href="coins/count/report.html">coins/count/report.html</a>');
  expect(page).toContain('Rows without an answer to some phrasing');
  expect(page.match(/class="a dot"/g)).toHaveLength(7 * 4);
});

it('says where nothing is shown', async () => {
  const { questions, ...rest } = await promptBenchmark();
  const page = htmlPrompts({ ...rest, questions: questions.slice(1, 2) });
  expect(page).toContain('<strong>Not shown to matter</strong> The wording is not shown to matter');
  expect(page).not.toContain('Incomplete');
});

it('has a question of which no row is answered', async () => {
  const { questions, ...rest } = await promptBenchmark();
  const phrasings = await asked({ a: 1, b: 1 }, 'exact@vlm-exam', 0);
  const page = htmlPrompts({
    ...rest,
    questions: questions.slice(0, 1).map((one) => ({ ...one, failed: 50, phrasings })),
  });
  expect(page).toContain('<td>no row to compare</td>');
  expect(page).toContain('No row has an answer to all phrasings.');
  expect(page).toContain('50 of receipts, tax.');
  expect(page).not.toMatch(/NaN|Infinity/);
});
