/** A benchmark as pages: the same blocks as Markdown and as HTML, and the charts as files of their own. */
import { barChart } from '../../report/bar-chart.js';
import { figure, htmlPage, paragraph, section, table } from '../../report/html.js';
import { scatterChart } from '../../report/scatter-chart.js';
import { chartPage } from '../../report/svg.js';
import type { Bounds } from '../statistics/estimate.js';
import { REASONS } from '../statistics/estimate.js';
import type { Price } from './prices.js';
import type { BenchmarkSummary, SystemFigures } from './summary.js';

type Block =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'chart'; readonly name: string; readonly label: string; readonly svg: string };

interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Prices are those of their date; older ones are no longer to be trusted. */
const PRICE_DAYS = 180;
/** Load average of a machine on which something else computes. */
const BUSY = 0.5;

/** Names and contents of the files. */
export function reportFiles(summary: BenchmarkSummary): (readonly [name: string, text: string])[] {
  const sections = sectionsOf(summary);
  const title = 'OCR benchmark';
  const charts = sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) =>
      block.kind === 'chart' ? [[`${block.name}.svg`, block.svg] as const] : [],
    ),
  );
  return [
    ...charts,
    ['report.md', markdown(title, sections)],
    ['report.html', html(title, sections)],
  ];
}

const paragraphOf = (text: string): Block => ({ kind: 'text', text });

function sectionsOf(summary: BenchmarkSummary): Section[] {
  const systems = [...summary.systems].sort(
    (a, b) =>
      (b.accuracies['levenshtein']?.figure ?? 0) - (a.accuracies['levenshtein']?.figure ?? 0),
  );
  return [
    { title: 'Result', blocks: [paragraphOf(verdictOf(summary, systems)), resultTable(systems)] },
    { title: 'Charts', blocks: charts(systems) },
    { title: 'Speed and cost', blocks: [speedTable(systems), ...priceTexts(summary.prices)] },
    { title: 'Other rules of accuracy', blocks: [rulesTable(systems)] },
    { title: 'By domain', blocks: [domainTable(summary, systems), ...modesOf(systems)] },
    { title: 'Crops to look at', blocks: flaggedTexts(summary) },
    { title: 'Rules', blocks: rulesOf(summary).map(paragraphOf) },
  ];
}

function verdictOf(
  { crops, domains }: BenchmarkSummary,
  systems: readonly SystemFigures[],
): string {
  const [best] = systems;
  const equal = systems.filter(({ againstBest }) => againstBest === 'not shown');
  const alike =
    equal.length === 0
      ? 'all others are shown to be worse'
      : `not shown to differ from it: ${equal.map(({ name }) => name).join(', ')}`;
  return `Of ${crops.scored} crops in ${domains.length} domains, ${best?.name} reads most: ${shown(best?.accuracies['levenshtein'])}; ${alike}.`;
}

const number = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/** `0.93 (0.85–0.98)`; without an interval the figure alone. */
function shown(bounds: Bounds | null | undefined): string {
  if (!bounds) return 'no price';
  const { figure, low, high } = bounds;
  if (figure === null) return 'none';
  return low === null || high === null
    ? number(figure)
    : `${number(figure)} (${number(low)}–${number(high)})`;
}

function resultTable(systems: readonly SystemFigures[]): Block {
  return {
    kind: 'table',
    columns: [
      ...['System', 'Accuracy', 'Seconds, median', 'Accuracy per second', 'Accuracy per cent'],
      'Failed',
    ],
    rows: systems.map((one) => [
      one.recordedOn === undefined ? one.name : `${one.name}, recorded on ${one.recordedOn}`,
      ...[shown(one.accuracies['levenshtein']), shown(one.medianSeconds)],
      ...[shown(one.speedEfficiency), shown(one.costEfficiency)],
      `${one.failed} of ${one.rows}`,
    ]),
  };
}

function speedTable(systems: readonly SystemFigures[]): Block {
  return {
    kind: 'table',
    columns: [
      ...['System', 'Version', 'Threads', 'Start, seconds', 'Seconds, mean'],
      ...['Mean accuracy / mean seconds', 'Cents', 'Mean accuracy / mean cents'],
    ],
    rows: systems.map((one) => [
      ...[one.name, one.version, one.threads === null ? 'unknown' : String(one.threads)],
      ...[number(one.startSeconds), shown(one.meanSeconds)],
      ...[shown(one.speedEfficiencyOfMeans), shown(one.meanCents)],
      shown(one.costEfficiencyOfMeans),
    ]),
  };
}

function rulesTable(systems: readonly SystemFigures[]): Block {
  const rules = Object.keys(systems[0]?.accuracies ?? {});
  return {
    kind: 'table',
    columns: ['System', 'Median', ...rules],
    rows: systems.map((one) => [
      ...[one.name, shown(one.medianAccuracy)],
      ...rules.map((rule) => shown(one.accuracies[rule])),
    ]),
  };
}

function domainTable({ domains }: BenchmarkSummary, systems: readonly SystemFigures[]): Block {
  return {
    kind: 'table',
    columns: ['Domain', ...systems.map(({ name }) => name)],
    rows: domains.map((domain) => [
      domain,
      ...systems.map((one) => (one.domains[domain] ? shown(one.domains[domain]) : 'not read')),
    ]),
  };
}

function modesOf(systems: readonly SystemFigures[]): Block[] {
  return systems.flatMap(({ name, modes }) => {
    if (modes === undefined) return [];
    const list = Object.entries(modes).map(([domain, mode]) => `${domain} ${mode}`);
    return paragraphOf(`Page modes of ${name}: ${list.join(', ')}.`);
  });
}

interface Bars {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly xMax?: number;
  readonly of: (one: SystemFigures) => Bounds | null | undefined;
}

const BARS: readonly Bars[] = [
  {
    ...{ name: 'accuracy', title: 'Accuracy', xLabel: 'mean of all crops', xMax: 1 },
    of: (one) => one.accuracies['levenshtein'],
  },
  {
    ...{
      name: 'speed-efficiency',
      title: 'Speed efficiency',
      xLabel: 'accuracy per second, median',
    },
    of: (one) => one.speedEfficiency,
  },
  {
    ...{ name: 'cost-efficiency', title: 'Cost efficiency', xLabel: 'accuracy per cent, median' },
    of: (one) => one.costEfficiency,
  },
];

function charts(systems: readonly SystemFigures[]): Block[] {
  return [...BARS.flatMap((bars) => barsOf(bars, systems)), ...scatterOf(systems)];
}

/** None where no system has the figure. */
function barsOf({ name, of, ...chart }: Bars, systems: readonly SystemFigures[]): Block[] {
  const bars = systems
    .flatMap((one) => {
      const { figure = null, low, high } = of(one) ?? {};
      if (figure === null) return [];
      const interval = typeof low === 'number' && typeof high === 'number' && { low, high };
      return { name: one.name, value: figure, note: number(figure), ...interval };
    })
    .sort((a, b) => b.value - a.value);
  if (bars.length === 0) return [];
  const subtitle = 'strokes are intervals of 95 %';
  const panel = barChart({ ...chart, subtitle, bars, names: 'above' });
  const values = bars.map((bar) => `${bar.name} ${bar.note}`).join(', ');
  const label = `${chart.title}, ${chart.xLabel}: ${values}`;
  return [{ kind: 'chart', name, label, svg: chartPage(label, [panel], 1) }];
}

function scatterOf(systems: readonly SystemFigures[]): Block[] {
  const points = systems.flatMap(({ name, accuracies, medianSeconds: { figure: x } }) => {
    const { figure: y = null, low, high } = accuracies['levenshtein'] ?? {};
    if (x === null || x === 0 || y === null) return [];
    const interval = typeof low === 'number' && typeof high === 'number' && { low, high };
    return { name, x, y, ...interval };
  });
  if (points.length === 0) return [];
  const panel = scatterChart({
    ...{ title: 'Accuracy against time', subtitle: 'left and up is better', yMax: 1, xLog: true },
    ...{ xLabel: 'seconds a crop, median', yLabel: 'accuracy', points },
  });
  const values = points.map((one) => `${one.name} ${number(one.y)} in ${number(one.x)} s`);
  const label = `Accuracy against seconds: ${values.join(', ')}`;
  const name = 'accuracy-against-seconds';
  return [{ kind: 'chart', name, label, svg: chartPage(label, [panel], 1) }];
}

function priceTexts(prices: readonly Price[]): Block[] {
  if (prices.length === 0)
    return [paragraphOf('No price was given, so nothing costs anything here.')];
  return prices.map((price) => {
    if (price.kind === 'machine') {
      return paragraphOf(
        `This machine costs ${price.usdPerHour} USD an hour, as it was stated for this run: seconds / 3600 x that price.`,
      );
    }
    const days = (Date.now() - Date.parse(price.date)) / 86_400_000;
    const age =
      days > PRICE_DAYS ? `, which is ${Math.floor(days)} days ago: look it up again` : '';
    const what =
      price.kind === 'call'
        ? `${price.usd} USD a call`
        : `${price.input} USD a million tokens in, ${price.output} USD out`;
    return paragraphOf(`${price.system}: ${what}, on ${price.date}${age}.`);
  });
}

function flaggedTexts({ flagged, systems }: BenchmarkSummary): Block[] {
  if (systems.length < 3)
    return [paragraphOf('Of fewer than three systems no crop is remarkable.')];
  const list = (ids: readonly string[]): string => (ids.length === 0 ? 'none' : ids.join(', '));
  return [
    paragraphOf(`Read by no system, less than half right: ${list(flagged.unread)}.`),
    paragraphOf(`Read equally well by all, which separates none: ${list(flagged.alike)}.`),
    paragraphOf(
      `Read better by the worse half of the systems, so that the truth should be looked at: ${list(flagged.odd)}.`,
    ),
  ];
}

function rulesOf(summary: BenchmarkSummary): string[] {
  const { crops, profile, repeats, threads, machine, loadAtStart, systems } = summary;
  const reasons = new Set(
    systems.flatMap((one) =>
      [...Object.values(one.accuracies), one.medianSeconds].flatMap(({ reason }) => reason ?? []),
    ),
  );
  return [
    `Machine: ${machine}; load average ${loadAtStart.toFixed(1)} before the run${loadAtStart > BUSY ? ', so something else was computing, and all times are longer than they are elsewhere' : ''}. Systems ran one after the other, each with ${threads === 1 ? 'one thread' : `up to ${threads} threads`}.`,
    'All systems read the same crops, from files of the same bytes. Nothing is found in a larger picture first.',
    `Accuracy is 1 - edits / length of the longer text, after the profile "${profile}". A crop that failed counts as 0, and has no time.`,
    `Seconds are those of one call on a loaded model, with the decoding of the picture, measured from outside: of ${crops.timed} crops, each the median of ${repeats} readings. The first call of a system is not counted. Programs that read one picture and end are started for each, and their start is in the time.`,
    `Page modes are chosen for each domain on ${crops.tuning} crops that are never scored; where a domain has none, by all of them. So few crops choose by chance, too. In all modes but the default the picture also has a border and lines of at least 64 pixels.`,
    'Efficiencies are medians over the crops of accuracy / seconds and of accuracy / cents. The mean accuracy / mean seconds is beside it: it is another figure.',
    'Intervals are of 95 %; crops of one photograph count as one piece of evidence. Whether a system is worse than the best is tested crop by crop, corrected by Holm for how many are compared.',
    ...[...reasons].map((reason) => `No interval: ${REASONS[reason]}.`),
  ];
}

function markdown(title: string, sections: readonly Section[]): string {
  const cell = (text: string): string => text.replace(/[\\|`*_<>[\]]/g, '\\$&');
  const block = (one: Block): string => {
    switch (one.kind) {
      case 'text':
        return cell(one.text);
      case 'chart':
        return `![${one.label.replace(/[[\]]/g, '')}](${one.name}.svg)`;
      case 'table':
        return [
          `| ${one.columns.map(cell).join(' | ')} |`,
          `| ${one.columns.map((_, i) => (i === 0 ? '---' : '---:')).join(' | ')} |`,
          ...one.rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
        ].join('\n');
    }
  };
  const parts = sections.map((one) => `## ${one.title}\n\n${one.blocks.map(block).join('\n\n')}`);
  return `# ${title}\n\n${parts.join('\n\n')}\n`;
}

function html(title: string, sections: readonly Section[]): string {
  const block = (one: Block) => {
    switch (one.kind) {
      case 'text':
        return paragraph(one.text);
      case 'chart':
        return figure(one.svg, one.label);
      case 'table':
        return table(one.columns, one.rows);
    }
  };
  return htmlPage(
    title,
    sections.map((one) => section(one.title, one.blocks.map(block))),
  );
}
