/** Many phrasings of one question over the same rows: how much the wording decides. */
import { barChart } from '../../report/bar-chart.js';
import { charts, type Html, paragraph, section, table } from '../../report/html.js';
import { findMetric } from '../metrics/registry.js';
import type { PhrasingReport } from '../phrasings.js';
import { bestText } from '../prompt-findings.js';
import { bar, intervalText, isShare } from './overview.js';
import {
  count,
  figureText,
  percent,
  plainText,
  rowsText,
  sentence,
  shownText,
  signed,
} from './shown-text.js';

/** `more`: below what the comparison says. */
export function phrasingsSection(
  report: PhrasingReport,
  { name = 'Phrasings', id: anchor = 'phrasings', more = [] as readonly Html[] } = {},
): Html {
  const { metric: id, rows, phrasings, spread, flips } = report;
  const metric = findMetric(id);
  const title = metric?.title ?? id;
  const lines = phrasings.map((one) => [
    ...[shownText(one.phrasing), figureText(one.figure), intervalText(one)],
    ...(one.difference === undefined
      ? ['', '', 'what the others are compared with', '', '']
      : [
          ...[signed(one.difference.figure), intervalText(one.difference)],
          ...[one.isWorse ? 'worse' : 'not shown to be worse', figureText(one.smallest ?? null)],
          percent(one.flips ?? 0),
        ]),
  ]);
  const isUnit = phrasings.every(({ figure, high }) => isShare(figure ?? 0) && isShare(high ?? 0));
  const chart = barChart({
    title,
    subtitle: `by phrasing${metric ? `, ${metric.better} is better` : ''}`,
    ...{ xLabel: '', names: 'above' },
    ...(isUnit && { xMax: 1 }),
    bars: phrasings.map((one) => bar(plainText(one.phrasing), one)),
  });
  const columns = [
    ...['Phrasing', 'Figure', '95 % interval', 'From the best', 'Corrected interval'],
    ...['It is', 'Could show', 'Answers that change'],
  ];
  const words =
    `${count(phrasings.length)} phrasings over ${rowsText(rows)} that all have answered, by ${id}. The best and the worst are ` +
    `${figureText(spread)} apart; ${percent(flips)} of the answers depend on the phrasing. ${sentence(bestText(report))}`;
  return section(
    name,
    [
      paragraph(words),
      ...more,
      charts([chart], `${title} by phrasing`),
      table(
        columns,
        lines,
        'Phrasings, each compared with the best row by row and corrected by Holm',
      ),
      paragraph(
        '“Could show” is the smallest difference from the best that these rows would show in four of five cases.',
      ),
    ],
    anchor,
  );
}
