/** What the console says of benchmarks: the sentences of their reports, and what failed. */
import { expect, it } from 'vitest';
import { promptsTable, typesTable } from '../../../src/cli/evaluation-tables.js';
import { promptsVerdict } from '../../../src/evaluation/prompt-findings.js';
import { typesVerdict } from '../../../src/evaluation/type-findings.js';
import { promptBenchmark, typesReport } from '../../support/benchmark-reports.js';

it('a column of failed rows is there where some failed', async () => {
  const benchmark = await promptBenchmark();
  const table = promptsTable(benchmark);
  expect(table).toMatch(/^set +question .* rows +failed\n/);
  expect(table).toMatch(/^receipts +tax .* 50 +3\n/m);
  expect(table).toMatch(/: 3 of receipts, tax\.\n$/);
  expect(table).toContain('coins, total: no phrasing has anything right\n');
  expect(table).toContain(`\n${promptsVerdict(benchmark)}\n`);
  const whole = promptsTable({
    ...benchmark,
    questions: benchmark.questions.map((one) => ({ ...one, failed: 0 })),
  });
  expect(whole).not.toContain('failed');
  expect(whole).not.toContain('without an answer');
});

it('types are compared in words below their table', () => {
  const report = typesReport();
  const lines = typesTable(report).trim().split('\n');
  expect(lines[8]).toMatch(/^q4_0 .* -0\.0590 +worse +92\.9 %$/);
  expect(lines.slice(-3)).toEqual([
    typesVerdict(report),
    'The 296 rows that all types have answered could show a difference of 0.0200.',
    'Without an answer, which the figures leave out: 4 of q4_0.',
  ]);
});
