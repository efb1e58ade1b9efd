/** A model in several number types as one page: which cost quality, and what they save. */
import { barChart } from '../../report/bar-chart.js';
import { charts, type Html, paragraph, section, table } from '../../report/html.js';
import { scatterChart } from '../../report/scatter-chart.js';
import type { MetricDifference } from '../compare.js';
import {
  mebibytes,
  type TypeFigures,
  type TypesReport,
  typesFailures,
  typesPower,
  typesTitle,
  typesVerdict,
  verdictsOf,
} from '../type-findings.js';
import { bar, callout, intervalText, isShare, reasonTexts } from './overview.js';
import { pageOf, reportOf, settingsSection } from './page.js';
import { figureText, percent, signed } from './shown-text.js';

export function htmlTypes(report: TypesReport): string {
  const { types, settings } = report;
  const verdicts = verdictsOf(report);
  const [kind, word] =
    verdicts.worse.length > 0
      ? (['bad', 'Some cost quality'] as const)
      : (['neutral', 'No loss shown'] as const);
  const failures = typesFailures(report);
  return pageOf(
    typesTitle(report),
    [
      callout(kind, word, `${typesVerdict(report)} ${typesPower(report)}`),
      ...(failures === '' ? [] : [callout('bad', 'Incomplete', failures)]),
    ],
    [
      { title: 'Quality', id: 'quality', block: qualitySection(report) },
      { title: 'Size and time', id: 'sizes', block: sizeSection(report) },
      { title: 'Other metrics', id: 'metrics', block: metricsSection(types) },
      {
        title: 'Settings',
        id: 'settings',
        block: settingsSection(settings, 'What all runs have in common'),
      },
    ],
  );
}

const differenceCells = (one: MetricDifference | undefined): string[] =>
  one === undefined
    ? ['', '', '']
    : [signed(one.difference.figure), intervalText(one.difference), one.verdict];

/** By the first metric, as page and Markdown show it. */
export function qualityTable({ types }: TypesReport) {
  const [first] = types;
  const hasFailed = types.some(({ failed }) => failed > 0);
  return {
    columns: [
      ...['Type', first?.figures[0]?.id ?? 'Figure', '95 % interval', 'Difference'],
      ...['Corrected interval', 'It is', 'Same answers', ...(hasFailed ? ['Failed'] : [])],
    ],
    lines: types.map(({ type, figures: [figure], differences = [], agreement, failed }) => [
      ...[type, figureText(figure?.figure ?? null), figure ? intervalText(figure) : 'none'],
      ...differenceCells(differences[0]),
      agreement?.figure == null ? '' : percent(agreement.figure),
      ...(hasFailed ? [String(failed)] : []),
    ]),
    caption: `Each type, compared with ${first?.type} row by row and corrected by Holm for how many there are`,
    reasons: reasonTexts(
      types.flatMap(({ figures, differences = [] }) => [
        ...figures.slice(0, 1),
        ...differences.slice(0, 1).map(({ difference }) => difference),
      ]),
    ),
    notes: [
      `“Not shown” does not mean equal. Same answers are the share of rows that are answered as by ${first?.type}: texts to the character, boxes to the pixel. All of this is of this checkpoint and these rows; another model may lose more.`,
    ],
  };
}

export const sizeTable = ({ types: [first, ...others] }: TypesReport) => ({
  columns: ['Type', 'File, MiB', `Of ${first?.type}`, 'Memory, MiB', 'Seconds'],
  lines: (first === undefined ? [] : [first, ...others]).map((one) => [
    ...[one.type, mebibytes(one.bytes), percent(one.bytes / (first?.bytes ?? 1))],
    ...[mebibytes(one.memoryBytes), one.seconds?.toFixed(3) ?? 'none'],
  ]),
  caption: 'Size of the file, memory of the loaded model, and seconds of a row',
  notes: [
    'Memory is that of weights, key-value cache and buffers. Seconds are the median of the rows, decoding of the picture included, on this machine beside whatever else it did.',
  ],
});

function qualitySection(report: TypesReport): Html {
  const { columns, lines, caption, reasons, notes } = qualityTable(report);
  return section(
    'Quality',
    [
      ...figureCharts(report.types),
      table(
        columns,
        lines.map(([type = '', ...line]) => [reportOf(type, type), ...line]),
        caption,
      ),
      ...[...reasons, ...notes].map(paragraph),
    ],
    'quality',
  );
}

function sizeSection(report: TypesReport): Html {
  const { columns, lines, caption, notes } = sizeTable(report);
  const blocks = [table(columns, lines, caption), ...notes.map(paragraph)];
  return section('Size and time', blocks, 'sizes');
}

/** By the first metric; none where there is no figure that can be drawn. */
function figureCharts(types: readonly TypeFigures[]): Html[] {
  const [metric] = types[0]?.figures ?? [];
  const known = types.flatMap(({ type, bytes, figures: [figure] }) =>
    figure === undefined || (figure.figure ?? -1) < 0 ? [] : [{ type, bytes, figure }],
  );
  if (metric === undefined || known.length === 0) return [];
  const { title } = metric;
  const isUnit = known.every(({ figure: { figure, high } }) => isShare(figure) && (high ?? 0) <= 1);
  const better = `${metric.better} is better`;
  const [reference] = known;
  const bars = barChart({
    title,
    subtitle: `${better}; the strokes are at the figure of ${reference?.type}`,
    ...{ xLabel: '', names: 'above' },
    ...(isUnit && { xMax: 1 }),
    bars: known.map(({ type, figure }, i) => ({
      ...bar(type, figure),
      ...(i > 0 && { reference: reference?.figure.figure as number }),
    })),
  });
  const sizes = scatterChart({
    title: `${title} against size`,
    subtitle: `${better}; the axes fit the values`,
    ...{ xLabel: 'MiB of the file', yLabel: metric.id, fitted: true },
    points: known.map(({ type, bytes, figure }) => {
      const { value, note: _, ...rest } = bar(type, figure);
      return { ...rest, x: bytes / 2 ** 20, y: value };
    }),
  });
  return [charts([bars, sizes], `${title} of each type, and against the size of its file`)];
}

/** Undefined with one metric. */
function metricsSection(types: readonly TypeFigures[]): Html | undefined {
  const others = types[0]?.figures.slice(1) ?? [];
  if (others.length === 0) return undefined;
  const columns = ['Type', 'Figure', '95 % interval', 'Difference', 'Corrected interval', 'It is'];
  const tables = others.map(({ id, title, better }) => {
    const lines = types.map(({ type, figures, differences = [] }) => {
      const figure = figures.find((one) => one.id === id);
      return [
        ...[type, figureText(figure?.figure ?? null), figure ? intervalText(figure) : 'none'],
        ...differenceCells(differences.find((one) => one.id === id)),
      ];
    });
    return table(columns, lines, `${title} (${id}), ${better} is better`);
  });
  return section('Other metrics', tables, 'metrics');
}
