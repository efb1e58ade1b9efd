/** What a reader looks for first: good enough or not, the headline, all figures, and those of groups of rows. */
import { barChart } from '../../report/bar-chart.js';
import { charts, element, type Html, link, paragraph, section, table } from '../../report/html.js';
import type { Panel } from '../../report/svg.js';
import { missedText } from '../limits.js';
import { findMetric } from '../metrics/registry.js';
import { type Bounds, REASONS } from '../statistics/estimate.js';
import type { Figure, Published, Summary } from '../summary.js';
import { sideBySide } from './page.js';
import { count, figureText, percent, plainText, rowsText } from './shown-text.js';

export function verdict({ rows, failed, coverage, limits }: Summary): Html {
  const missed = limits.filter(({ isMet }) => !isMet);
  const answered =
    failed === 0
      ? `${rowsText(rows)}, all answered.`
      : `${count(rows - failed)} of ${rowsText(rows)} answered (${percent(coverage)}); ${count(failed)} failed and are in no figure.`;
  if (limits.length === 0) {
    const kind = failed === 0 ? 'neutral' : 'bad';
    return callout(kind, failed === 0 ? 'Judged' : 'Incomplete', `No limit was set. ${answered}`);
  }
  if (missed.length === 0) {
    const words =
      limits.length === 1 ? 'The limit is met.' : `All ${limits.length} limits are met.`;
    return callout('good', 'Met', `${words} ${answered}`);
  }
  const named = missed.map((one) => `${one.limit} (${missedText(one, figureText)})`).join(', ');
  const why = failed > 0 ? ' No limit is met while rows have failed.' : '';
  return callout(
    'bad',
    'Missed',
    `${missed.length} of ${limits.length} ${limits.length === 1 ? 'limit' : 'limits'} ${missed.length === 1 ? 'is' : 'are'} missed: ${plainText(named, 600)}.${why} ${answered}`,
  );
}

export const callout = (kind: 'good' | 'bad' | 'neutral', word: string, sentence: string): Html =>
  element('p', { class: `verdict ${kind}` }, element('strong', {}, word), ` ${sentence}`);

export const intervalText = ({ low, high, reason }: Bounds): string =>
  reason === undefined ? `${figureText(low)} to ${figureText(high)}` : 'none';

/** Why some of these have no interval. */
export function reasonTexts(all: readonly Bounds[]): string[] {
  const different = new Set(all.flatMap(({ reason }) => reason ?? []));
  return [...different].map((reason) => `Where there is no interval: ${REASONS[reason]}.`);
}

export const reasons = (all: readonly Bounds[]): Html[] => reasonTexts(all).map(paragraph);

/** The first figure, large, with what it says and what others have. */
export function headline(figure: Figure, published: readonly Published[]): Html {
  const { id, title, better } = figure;
  const formula = findMetric(id)?.formula;
  const range =
    figure.reason === undefined
      ? `95 % interval ${intervalText(figure)}`
      : `no interval: ${REASONS[figure.reason]}`;
  const name = `${title.slice(0, 1).toUpperCase()}${title.slice(1)}`;
  const meaning =
    `${name}, ${better} is better${formula === undefined ? '' : `: ${formula}`}. ` +
    (figure.reason === undefined
      ? 'A data set is a sample: of 20 such intervals, 19 hold the figure that the same system would have on all pictures of the kind.'
      : 'Nothing here says how far the figure would be from this one on other pictures.');
  return element(
    'div',
    { class: 'headline' },
    element(
      'p',
      { class: 'figure' },
      element('strong', {}, figureText(figure.figure)),
      element('span', {}, ` ${id}`),
      element('span', { class: 'interval' }, range),
    ),
    paragraph(meaning),
    ...(published.length > 0 ? [publishedTable(published)] : []),
  );
}

function publishedTable(published: readonly Published[]): Html {
  const rows = published.map(({ model, metric, figure, source, note = '' }) => [
    ...[model, figureText(figure), metric],
    ...[link(source, new URL(source).hostname), note],
  ]);
  return table(
    ['Published', 'Figure', 'Metric', 'Source', 'Note'],
    rows,
    'Published with the same metric on the same split',
  );
}

export function figuresSection({ figures, limits, notes }: Summary): Html {
  const rows = figures.map((figure) => [
    ...[figure.title, figure.id, figureText(figure.figure), intervalText(figure)],
    figure.better,
  ]);
  const verdicts = limits.map((one) => [
    ...[one.limit, missedText(one, figureText), one.isMet ? 'met' : 'missed'],
  ]);
  // What has another scale would make bars of the others that are too short to be seen.
  const shares = figures.filter(({ figure, high }) => isShare(figure) && isShare(high ?? 0));
  const others = figures.filter((one) => !shares.includes(one) && (one.figure ?? -1) >= 0);
  const drawn = [...(shares.length > 0 ? [shares] : []), ...others.map((one) => [one])];
  return section(
    'Figures',
    [
      sideBySide(
        table(
          ['Metric', 'Id', 'Figure', '95 % interval', 'Better'],
          rows,
          'All figures of this run',
        ),
        ...(drawn.length > 0
          ? [charts(drawn.map(figureBars), 'The figures with their intervals')]
          : []),
      ),
      ...reasons(figures),
      ...figures.flatMap(detailsTable),
      ...notes.map((note) => paragraph(`Note: ${plainText(note, 600)}.`)),
      ...(limits.length > 0 ? [table(['Limit', 'Figure', ''], verdicts, 'Limits')] : []),
    ],
    'figures',
  );
}

/** Figures that belong to one, such as AP50. */
function detailsTable({ id, details = {} }: Figure): Html[] {
  const lines = Object.entries(details).map(([name, figure]) => [name, figureText(figure)]);
  if (lines.length === 0) return [];
  const inside = table(['Figure', ''], lines, `What belongs to ${id}`);
  return [element('details', {}, element('summary', {}, `More figures of ${id}`), inside)];
}

export const isShare = (figure: number | null): boolean =>
  figure !== null && figure >= 0 && figure <= 1;

function figureBars(figures: readonly Figure[]): Panel {
  const [first] = figures as readonly [Figure];
  const isMixed = figures.some(({ better }) => better !== first.better);
  return barChart({
    title: figures.length === 1 ? first.title : 'All figures',
    subtitle: `${isMixed ? '' : `${first.better} is better, `}with intervals of 95 %`,
    ...{ xLabel: '', names: 'above' },
    ...(figures.every(({ figure }) => isShare(figure)) && { xMax: 1 }),
    bars: figures.map((one) =>
      bar(isMixed ? `${one.title}, ${one.better} is better` : one.title, one),
    ),
  });
}

/** What cannot be drawn has no length. */
export function bar(name: string, { figure, low, high }: Bounds) {
  const value = Math.max(0, figure ?? 0);
  const interval =
    low === null || high === null ? {} : { low: Math.max(0, low), high: Math.max(0, high) };
  return { name, value, ...interval, note: figureText(figure) };
}

/** The largest groups. */
const MOST_GROUPS = 24;

/** Undefined with fewer than two groups. */
export function groupsSection({ groups, figures }: Summary): Html | undefined {
  const [headline] = figures;
  if (groups === undefined || headline === undefined || groups.figures.length < 2) return undefined;
  const { title, better } = headline;
  const field = plainText(groups.field);
  const largest = groups.figures.toSorted((a, b) => b.rows - a.rows).slice(0, MOST_GROUPS);
  const isUnit = largest.every(({ figure, high }) => isShare(figure ?? 0) && isShare(high ?? 0));
  const chart = barChart({
    title,
    subtitle: `by ${field}, ${better} is better`,
    ...{ xLabel: '', names: 'above' },
    ...(isUnit && { xMax: 1 }),
    bars: largest.map((one) => bar(plainText(one.value), one)),
  });
  const lines = largest.map((one) => [
    ...[plainText(one.value), one.rows, figureText(one.figure), intervalText(one)],
  ]);
  const left = groups.figures.length - largest.length;
  return section(
    `By ${field}`,
    [
      ...(left > 0
        ? [paragraph(`The ${MOST_GROUPS} with the most rows of ${count(groups.figures.length)}.`)]
        : []),
      sideBySide(
        charts([chart], `${title} by ${field}`),
        table(
          [field, 'Rows', title, '95 % interval'],
          lines,
          `Figures by ${field}, of rows that were answered`,
        ),
      ),
      ...reasons(largest),
    ],
    'groups',
  );
}
