/** Benchmarks in Markdown: what they found first, then tables whose columns of figures are to the right. */
import { expect, it } from 'vitest';
import { promptsMarkdown, typesMarkdown } from '../../../src/evaluation/benchmark-markdown.js';
import { promptBenchmark, typesReport } from '../../support/benchmark-reports.js';

it('has a line and a part for each question', async () => {
  const text = promptsMarkdown(await promptBenchmark());
  expect(text).toMatch(
    /^# Phrasings of prompts, asked of paligemma2-3b-mix-448-q8\\_0\.gguf\n\nIn 2 of 7/,
  );
  expect(text).toContain(
    '| receipts, tax | `exact@vlm-exam` | how much tax is there? | 0.9200 | tax | 0.2400 | 0.6800 | 92 % | 50 | 3 |\n',
  );
  expect(text).toContain('| --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n');
  expect(text.match(/^## .*/gm)).toHaveLength(7);
  expect(text).toContain('## menus, price\n\nNo difference is shown among the 4 phrasings.\n');
});

it('has the quality and the size of each type', () => {
  const text = typesMarkdown(typesReport());
  expect(text).toContain(
    '| q4\\_0 | 0.8710 | 0.8410 to 0.9010 | -0.0590 | -0.0790 to -0.0390 | worse | 92.9 % | 4 |\n',
  );
  expect(text).toContain('| f16 | 5569.5 | 50 % | 5950.9 | 2.300 |\n');
  expect(text).toContain('Where there is no interval: all draws have the same figure');
});
