/** Two runs on the same rows as one page: whether they differ, and in which rows. */

import { barChart } from '../../report/bar-chart.js';
import { charts, element, type Html, paragraph, section, table } from '../../report/html.js';
import { type MetricDifference, type PairOfRows, pairsOf, type RunComparison } from '../compare.js';
import type { EvaluatedRow } from '../rows.js';
import { card, cards, havePrompts } from './cards.js';
import { type Losses, lossesBy } from './loss.js';
import { callout, intervalText, reasons } from './overview.js';
import { pageOf } from './page.js';
import { type Thumbs, withPictures } from './pictures.js';
import { isOfThings } from './rows.js';
import { count, figureText, plainText, rowsText, signed } from './shown-text.js';

export interface ComparisonReport {
  readonly title: string;
  readonly comparison: RunComparison;
  /** Of the two runs, in their order. */
  readonly rows: readonly [first: readonly EvaluatedRow[], second: readonly EvaluatedRow[]];
  /** What the paths of pictures are relative to. Default: the working folder. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

/** Cards of each kind. */
const MOST = { won: 24, lost: 24, tied: 12 } as const;

interface Judged {
  readonly rows: PairOfRows;
  readonly losses: readonly [number, number];
}

/** Rejects with the signal's reason. */
export async function htmlComparison(report: ComparisonReport): Promise<string> {
  const { title, comparison, folder = '.', signal } = report;
  const [headline] = comparison.differences;
  const losses = lossesBy(headline?.id, report.rows[0]);
  const pairs = pairsOf(...report.rows).pairs.map((rows): Judged => {
    const [first, second] = rows;
    return { rows, losses: [losses.loss(first), losses.loss(second)] };
  });
  const by = (sign: number): Judged[] =>
    pairs
      .filter(({ losses: [a, b] }) => Math.sign(a - b) === sign)
      .sort((x, y) => Math.abs(y.losses[0] - y.losses[1]) - Math.abs(x.losses[0] - x.losses[1]));
  const [won, lost, tied] = [by(1), by(-1), by(0)];
  // Rows that both have right say nothing.
  const wrong = tied.filter(({ losses: [a] }) => a > 0);
  const shown = [
    won.slice(0, MOST.won),
    lost.slice(0, MOST.lost),
    wrong.slice(0, MOST.tied),
  ] as const;
  const names = comparison.models;
  const isExact = pairs.every(({ losses }) => losses.every((loss) => loss === 0 || loss === 1));
  const build = (thumbs: Thumbs): string => {
    const rowsOf = (
      name: string,
      id: string,
      all: readonly Judged[],
      some: readonly Judged[],
      words: string,
    ) => ({
      ...{ title: name, id },
      block:
        some.length === 0
          ? undefined
          : rowsSection(name, id, words, all.length, some, names, losses, thumbs),
    });
    return pageOf(
      title,
      [
        conclusion(comparison, headline),
        paragraph(
          `Of ${rowsText(pairs.length)} that both have answered, ${plainText(names[1])} is nearer to the truth in ${count(won.length)}, further from it in ${count(lost.length)}, and as near in ${count(tied.length)}.` +
            (comparison.leftOut > 0
              ? ` ${rowsText(comparison.leftOut)} that one of them alone has answered ${comparison.leftOut === 1 ? 'is' : 'are'} left out.`
              : ''),
        ),
      ],
      [
        { title: 'Differences', id: 'differences', block: differencesSection(comparison, isExact) },
        rowsOf('Won', 'won', won, shown[0], `where ${plainText(names[1])} is better`),
        rowsOf('Lost', 'lost', lost, shown[1], `where ${plainText(names[1])} is worse`),
        rowsOf('Tied', 'tied', wrong, shown[2], 'that both have wrong, and equally so'),
      ],
    );
  };
  const images = shown.flat().map(({ rows: [{ image }] }) => image);
  return withPictures(images, build, { folder, ...(signal && { signal }) });
}

function conclusion({ models }: RunComparison, headline: MetricDifference | undefined): Html {
  const [first, second] = models.map((name) => plainText(name));
  if (headline === undefined)
    return callout('neutral', 'Nothing to compare', 'The runs have no metric in common.');
  const { id, difference, verdict, smallest } = headline;
  const range =
    difference.reason === undefined ? `, 95 % interval ${intervalText(difference)}` : '';
  const by = `${id} differs by ${signed(difference.figure)}${range}.`;
  if (verdict === 'better')
    return callout('good', 'Better', `${second} is better than ${first}: ${by}`);
  if (verdict === 'worse')
    return callout('bad', 'Worse', `${second} is worse than ${first}: ${by}`);
  const power =
    smallest === null
      ? ''
      : ` These rows would show a difference of ${figureText(smallest)} in four of five cases; smaller ones they may miss.`;
  return callout('neutral', 'Not shown to differ', `${by}${power}`);
}

function differencesSection({ models, differences }: RunComparison, isExact: boolean): Html {
  const rows = differences.map(({ title, id, first, second, difference, verdict, p, smallest }) => [
    element('div', {}, title, element('div', { class: 'note' }, id)),
    ...[figureText(first), figureText(second), verdict],
    signed(difference.figure),
    ...[intervalText(difference), p === null ? 'none' : p.toFixed(4), figureText(smallest)],
  ]);
  const [a, b] = models.map((name) => plainText(name, 60)) as [string, string];
  const drawn = differences.filter(
    ({ first, second }) => (first ?? -1) >= 0 && (second ?? -1) >= 0,
  );
  const panels = drawn.slice(0, 6).map(({ title, first, second, better }) => {
    const value = { first: first as number, second: second as number };
    return barChart({
      title,
      subtitle: `${better} is better`,
      ...{ xLabel: '', names: 'above' },
      ...(Math.max(value.first, value.second) <= 1 && { xMax: 1 }),
      bars: [
        { name: a, value: value.first, note: figureText(first) },
        { name: b, value: value.second, note: figureText(second) },
      ],
    });
  });
  const test = isExact
    ? 'p is that of McNemar’s exact test where the figure is the share of rows that are right and each has a picture of its own, else of paired draws.'
    : 'p is that of paired draws, for shares of rows that are right McNemar’s exact test.';
  return section(
    'Differences',
    [
      ...(panels.length > 0 ? [charts(panels, 'Figures of both runs')] : []),
      table(
        ['Metric', a, b, 'The second is', 'Difference', '95 % interval', 'p', 'Could show'],
        rows,
        'Both runs on the rows that both have answered',
      ),
      ...reasons(differences.map(({ difference }) => difference)),
      paragraph(
        `${test} “Not shown” does not mean equal: “could show” is the smallest difference that these rows would show in four of five cases.`,
      ),
    ],
    'differences',
  );
}

function rowsSection(
  name: string,
  id: string,
  words: string,
  all: number,
  some: readonly Judged[],
  names: RunComparison['models'],
  losses: Losses,
  thumbs: Thumbs,
): Html {
  const which = some.length < all ? `${some.length} of ${rowsText(all)}` : rowsText(all);
  const figure = (loss: number): string => figureText(losses.better === 'lower' ? loss : 1 - loss);
  const hasPrompt = havePrompts(some.map(({ rows: [row] }) => row));
  const drawn = some.map(({ rows: [first, second], losses: [a, b] }) =>
    card(
      [
        { name: plainText(names[0], 60), row: first },
        { name: plainText(names[1], 60), row: second },
      ],
      thumbs.get(first.image),
      { note: `${losses.title} ${figure(a)}, then ${figure(b)}`, hasPrompt },
    ),
  );
  const legend = some.some(({ rows: [row] }) => isOfThings(row))
    ? ' Boxes are drawn of the first run.'
    : ' What an answer lacks of the truth has a dotted line, what the truth lacks a solid one.';
  return section(name, [paragraph(`${which} ${words}.${legend}`), cards(drawn)], id);
}
