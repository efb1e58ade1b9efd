/** A benchmark as pages: the same blocks as Markdown and as HTML, and the charts as files of their own. */

import { oneLine } from '../../options/show.js';
import { charts, element, htmlPage, paragraph, section, table } from '../../report/html.js';
import { chartPage } from '../../report/svg.js';
import { type Chart, chartsOf } from './charts.js';
import {
  flaggedTexts,
  number,
  priceLine,
  priceTexts,
  rulesOf,
  shown,
  verdictOf,
} from './sentences.js';
import type { BenchmarkSummary, SystemFigures } from './summary.js';

interface Table {
  readonly kind: 'table';
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type Block =
  | { readonly kind: 'text'; readonly text: string }
  | Table
  | { readonly kind: 'charts'; readonly charts: readonly Chart[] };

interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Systems beside each other in one table: more of them have another table. */
const MOST_BESIDE = 5;

/** Names and contents of the files. */
export function reportFiles(summary: BenchmarkSummary): (readonly [name: string, text: string])[] {
  const systems = [...summary.systems].sort(
    (a, b) =>
      (b.accuracies['levenshtein']?.figure ?? 0) - (a.accuracies['levenshtein']?.figure ?? 0),
  );
  const drawn = chartsOf(systems, priceLine(summary));
  const sections = sectionsOf(summary, systems, drawn);
  const title = 'OCR benchmark';
  return [
    ...drawn.map(
      ({ name, label, panel }) => [`${name}.svg`, chartPage(label, [panel], 1)] as const,
    ),
    ['report.md', markdown(title, sections)],
    ['report.html', html(title, sections)],
  ];
}

const textBlock = (text: string): Block => ({ kind: 'text', text });

function sectionsOf(
  summary: BenchmarkSummary,
  systems: readonly SystemFigures[],
  drawn: readonly Chart[],
): Section[] {
  const prices = priceLine(summary);
  const failed = systems.filter(({ failures }) => failures.length > 0);
  return [
    {
      title: 'Result',
      blocks: [textBlock(verdictOf(summary, systems)), resultTable(systems, prices)],
    },
    ...(failed.length > 0 ? [{ title: 'What failed', blocks: [failureTable(failed)] }] : []),
    { title: 'Charts', blocks: [{ kind: 'charts', charts: drawn }] },
    {
      title: 'Speed and cost',
      blocks: [
        speedTable(systems),
        ...costTable(systems, prices),
        ...priceTexts(summary).map(textBlock),
      ],
    },
    { title: 'Other rules of accuracy', blocks: [rulesTable(systems)] },
    { title: 'By domain', blocks: [...domainTables(summary, systems), ...modesOf(systems)] },
    { title: 'Crops to look at', blocks: flaggedTexts(summary).map(textBlock) },
    { title: 'Rules', blocks: rulesOf(summary).map(textBlock) },
  ];
}

function resultTable(systems: readonly SystemFigures[], prices: string): Table {
  const isPriced = systems.some(({ costEfficiency }) => costEfficiency !== null);
  return {
    kind: 'table',
    caption: `Accuracy, seconds a crop (median), accuracy per second${isPriced ? ' and per cent' : ''}, with intervals of 95 %${isPriced ? `; ${prices}` : ''}`,
    columns: [
      ...['System', 'Accuracy', 'Seconds', 'Per second', ...(isPriced ? ['Per cent'] : [])],
      'Failed',
    ],
    rows: systems.map((one) => [
      one.recordedOn === undefined ? one.name : `${one.name}, recorded on ${one.recordedOn}`,
      ...[shown(one.accuracies['levenshtein']), shown(one.medianSeconds)],
      ...[shown(one.speedEfficiency), ...(isPriced ? [shown(one.costEfficiency)] : [])],
      `${one.failed} of ${one.rows}`,
    ]),
  };
}

function failureTable(systems: readonly SystemFigures[]): Table {
  return {
    kind: 'table',
    caption: 'Why crops were not read: the most frequent reasons of each system',
    columns: ['System', 'Reason', 'Readings'],
    rows: systems.flatMap(({ name, failures }) =>
      failures.map(({ reason, count }) => [name, reason, String(count)]),
    ),
  };
}

function speedTable(systems: readonly SystemFigures[]): Table {
  return {
    kind: 'table',
    caption:
      'Seconds until a system is ready and of a crop (mean), and mean accuracy / mean seconds; readings are those of a crop whose time is measured',
    columns: [
      ...['System', 'Version', 'Threads', 'Readings', 'Start', 'Seconds'],
      'Per second, of means',
    ],
    rows: systems.map((one) => [
      ...[one.name, one.version, one.threads === null ? 'unknown' : String(one.threads)],
      ...[String(one.passes), number(one.startSeconds), shown(one.meanSeconds)],
      shown(one.speedEfficiencyOfMeans),
    ]),
  };
}

/** None where nothing has a price. */
function costTable(systems: readonly SystemFigures[], prices: string): Table[] {
  const priced = systems.filter(({ meanCents }) => meanCents !== null);
  if (priced.length === 0) return [];
  return [
    {
      kind: 'table',
      caption: `Cents a crop (mean), and mean accuracy / mean cents; ${prices}`,
      columns: ['System', 'Cents', 'Per cent, of means'],
      rows: priced.map((one) => [one.name, shown(one.meanCents), shown(one.costEfficiencyOfMeans)]),
    },
  ];
}

function rulesTable(systems: readonly SystemFigures[]): Table {
  // The first is the headline, and is above.
  const rules = Object.keys(systems[0]?.accuracies ?? {}).slice(1);
  return {
    kind: 'table',
    caption: 'Median of the accuracy, and its mean by other rules',
    columns: ['System', 'Median', ...rules],
    rows: systems.map((one) => [
      ...[one.name, shown(one.medianAccuracy)],
      ...rules.map((rule) => shown(one.accuracies[rule])),
    ]),
  };
}

/** As many tables as there must be for each to be read without being moved, about equally wide. */
function domainTables({ domains }: BenchmarkSummary, systems: readonly SystemFigures[]): Table[] {
  const count = Math.ceil(systems.length / MOST_BESIDE);
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.round((n * systems.length) / count));
    const part = systems.slice(from, to);
    const which = count > 1 ? `, table ${i + 1} of ${count}` : '';
    return {
      kind: 'table',
      caption: `Accuracy by domain${which}`,
      columns: ['Domain', ...part.map(({ name }) => name)],
      rows: domains.map((domain) => [
        domain,
        ...part.map((one) => (one.domains[domain] ? shown(one.domains[domain]) : 'not read')),
      ]),
    };
  });
}

function modesOf(systems: readonly SystemFigures[]): Block[] {
  return systems.flatMap(({ name, modes }) => {
    if (modes === undefined) return [];
    const list = Object.entries(modes).map(([domain, mode]) => `${domain} ${mode}`);
    return textBlock(`Page modes of ${name}: ${list.join(', ')}.`);
  });
}

function markdown(title: string, sections: readonly Section[]): string {
  const cell = (text: string): string => oneLine(text).replace(/[\\|`*_<>[\]]/g, '\\$&');
  const block = (one: Block): string => {
    switch (one.kind) {
      case 'text':
        return cell(one.text);
      case 'charts':
        return one.charts.map(({ name, label }) => `![${cell(label)}](${name}.svg)`).join('\n');
      case 'table':
        return [
          `${cell(one.caption)}:\n`,
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
      case 'charts':
        return element(
          ...(['div', { class: 'pair' }] as const),
          ...one.charts.map(({ panel, label }) => charts([panel], label)),
        );
      case 'table':
        return table(one.columns, one.rows, one.caption);
    }
  };
  return htmlPage(
    title,
    sections.map((one) => section(one.title, one.blocks.map(block))),
    { style: STYLE },
  );
}

/** Figures with their intervals are long: the page is wider, and its tables are smaller. */
const STYLE = `
body { max-width: 70rem; } section > p { max-width: 44rem; overflow-wrap: anywhere; }
.table { margin: 1rem 0; } table { font-size: 0.875rem; }
.pair { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; align-items: flex-start; } .pair > * { min-width: 0; max-width: 100%; } .pair figure { margin: 0; }
`;
