/** The page of a run in Markdown: figures, limits, and names that would be marks. */
import { expect, it } from 'vitest';
import { markdownReport } from '../../../src/evaluation/markdown.js';

const between = (low: number, high: number) => ({ low, high, method: 'bca' as const });
const none = { low: null, high: null, method: null, reason: 'no-rows' as const };

it('has the figures and whether limits are met', () => {
  const report = markdownReport('ocr of a_b|<c>.jsonl', {
    ...{ rows: 4, failed: 1, coverage: 0.75 },
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
    limits: [{ limit: 'cer<=0.3', figure: 0.25, failed: 1, isMet: false }],
    notes: ['one, two'],
    published: [
      {
        model: 'PaliGemma',
        metric: 'cer@jiwer',
        figure: 0.2,
        source: 'https://example.org',
        note: 'of old',
      },
    ],
    groups: {
      field: 'a|b',
      figures: [{ value: '', rows: 3, figure: 0.25, ...between(0.125, 0.5) }],
    },
    phrasings: {
      ...{ metric: 'cer@jiwer', rows: 3, spread: 0.25, flips: 1, best: ['read *it*'] },
      phrasings: [
        { phrasing: 'read *it*', figure: 0.25, ...between(0.125, 0.5), isWorse: false },
        {
          ...{ phrasing: 'ocr', figure: 0.5, ...between(0.125, 0.5), isWorse: true },
          difference: { figure: 0.25, ...between(0.125, 0.5) },
        },
      ],
    },
    reasons: [{ code: 'ERR_X', message: 'no picture', rows: 1, first: 'a.jsonl:2' }],
  });
  expect(report).toBe(`# ocr of a\\_b\\|\\<c\\>.jsonl

4 rows, 1 without an answer, which the figures leave out.

| Limit | Figure |  |
| --- | --- | --- |
| \`cer<=0.3\` | 0.2500, but 1 without an answer | **missed** |

| Metric | Figure | 95 % interval |  |
| --- | ---: | --- | --- |
| \`cer@jiwer\` | 0.2500 | 0.1250 to 0.5000 | character error rate, lower is better |
| \`exact@strict\` | none | there are no rows | exact match, higher is better |

Note: one, two.

| Published | Figure | Metric | Source |
| --- | ---: | --- | --- |
| PaliGemma (of old) | 0.2000 | \`cer@jiwer\` | https://example.org |

| a\\|b | Rows | Figure | 95 % interval |
| --- | ---: | ---: | --- |
| (none) | 3 | 0.2500 | 0.1250 to 0.5000 |

| Phrasing | Figure | 95 % interval | Difference | Corrected interval |  |
| --- | ---: | --- | ---: | --- | --- |
| read \\*it\\* | 0.2500 | 0.1250 to 0.5000 |  |  | compared with |
| ocr | 0.5000 | 0.1250 to 0.5000 | 0.2500 | 0.1250 to 0.5000 | worse |

| Rows without an answer | Rows | First |
| --- | ---: | --- |
| ERR\\_X no picture | 1 | a.jsonl:2 |
`);
});
