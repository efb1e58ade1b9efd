/** The page of a run in Markdown: figures, limits, and names that would be marks. */
import { expect, it } from 'vitest';
import { markdownReport } from '../../../src/evaluation/markdown.js';

const between = (low: number, high: number) => ({ low, high, method: 'bca' as const });
const none = { low: null, high: null, method: null, reason: 'no-rows' as const };

it('has the figures and whether limits are met', () => {
  const report = markdownReport('ocr of a_b|<c>.jsonl', {
    ...{ rows: 4, failed: 1, notes: [], coverage: 0.75 },
    figures: [
      {
        id: 'cer@jiwer',
        title: 'character error rate',
        better: 'lower',
        figure: 0.25,
        ...between(0.125, 0.5),
      },
      { id: 'exact@strict', title: 'exact match', better: 'higher', figure: null, ...none },
    ],
    limits: [{ limit: 'cer<=0.3', figure: 0.25, isMet: false }],
  });
  expect(report).toBe(`# ocr of a\\_b\\|\\<c\\>.jsonl

4 rows, 1 without an answer, which the figures leave out.

| Metric | Figure | 95 % interval | |
| --- | ---: | --- | --- |
| \`cer@jiwer\` | 0.2500 | 0.1250 to 0.5000 | character error rate, lower is better |
| \`exact@strict\` | none | there are no rows | exact match, higher is better |

| Limit | Figure | |
| --- | ---: | --- |
| \`cer<=0.3\` | 0.2500 | **missed** |
`);
});
