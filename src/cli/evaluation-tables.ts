/** What `paligemma eval` prints of figures, for people. */
import type { RunComparison } from '../evaluation/compare.js';
import { missedText } from '../evaluation/limits.js';
import type { PhrasingReport } from '../evaluation/phrasings.js';
import {
  bestText,
  type PromptBenchmark,
  promptsFailures,
  promptsVerdict,
  questionName,
} from '../evaluation/prompt-findings.js';
import { type Bounds, REASONS } from '../evaluation/statistics/estimate.js';
import type { Summary } from '../evaluation/summary.js';
import {
  type TypesReport,
  typesFailures,
  typesPower,
  typesVerdict,
} from '../evaluation/type-findings.js';
import { bytesText, columns } from './output.js';

export const shown = (figure: number | null): string =>
  figure === null ? 'none' : figure.toFixed(4);

const intervalOf = ({ low, high, reason }: Bounds): string =>
  reason ? 'none' : `${shown(low)} to ${shown(high)}`;

export function summaryTable(summary: Summary): string {
  const {
    rows,
    failed,
    reasons = [],
    figures,
    groups,
    phrasings,
    published,
    limits,
    notes,
  } = summary;
  const lines = [
    ['metric', 'figure', '95 % interval', ''],
    ...figures.map((one) => [
      ...[one.id, shown(one.figure), intervalOf(one)],
      `${one.title}, ${one.better} is better`,
    ]),
  ];
  const details = figures.flatMap(({ id, details = {} }) => {
    const all = Object.entries(details).map(([name, value]) => `${name} ${shown(value)}`);
    return all.length === 0 ? [] : `${id}: ${all.join('  ')}\n`;
  });
  const left = failed === 0 ? '' : `, ${failed} without an answer, which the figures leave out`;
  const verdicts = limits.map((one) => [
    ...[one.limit, missedText(one, shown), one.isMet ? 'met' : 'MISSED'],
  ]);
  return [
    `${columns(lines, [1])}\n`,
    ...details,
    `${rowsText(rows)}${left}\n`,
    ...reasons.map(
      ({ code, message, rows: own, first }) =>
        `${rowsText(own)} such as ${first}: ${code} ${message}\n`,
    ),
    why(figures),
    ...notes.map((note) => `note: ${note}\n`),
    published === undefined ? '' : publishedTable(published),
    groups === undefined ? '' : `\n${groupTable(groups)}`,
    phrasings === undefined ? '' : `\n${phrasingTable(phrasings)}`,
    verdicts.length > 0 ? `\n${columns(verdicts, [1])}` : '',
  ].join('');
}

function publishedTable(published: NonNullable<Summary['published']>): string {
  if (published.length === 0) {
    return 'nothing comparable is published by these metrics on this data set and split; docs/evaluation.md lists what is\n';
  }
  const lines = published.map(({ model, metric, figure, note = '' }) => [
    ...[model, shown(figure), metric, note],
  ]);
  return `\n${columns([['published', 'figure', 'metric', ''], ...lines], [1])}\n`;
}

function groupTable({ field, figures }: NonNullable<Summary['groups']>): string {
  const lines = [
    [field, 'rows', 'figure', '95 % interval'],
    ...figures.map((one) => [
      ...[one.value || '(none)', String(one.rows), shown(one.figure), intervalOf(one)],
    ]),
  ];
  return `${columns(lines, [1, 2])}\n`;
}

function phrasingTable(report: PhrasingReport): string {
  const { metric, rows, phrasings, spread, flips, best } = report;
  const lines = [
    ['phrasing', metric, '95 % interval', 'from the best', 'interval', 'other answers'],
    ...phrasings.map(({ phrasing, difference, flips: own, ...bounds }) => [
      ...[phrasing, shown(bounds.figure), intervalOf(bounds)],
      ...(difference ? [shown(difference.figure), intervalOf(difference)] : ['', '']),
      own === undefined ? '' : percent(own),
    ]),
  ];
  const among = best.length === 1 ? '' : `: ${best.map((one) => `"${one}"`).join(', ')}`;
  return [
    `${columns(lines, [1, 3, 5])}\n`,
    `${rowsText(rows)} in all phrasings, spread ${shown(spread)}, ${percent(flips)} of the rows answered otherwise by some\n`,
    `${bestText(report)}${among}\n`,
  ].join('');
}

const rowsText = (count: number): string => `${count} ${count === 1 ? 'row' : 'rows'}`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function comparisonTable({ models, rows, leftOut, differences }: RunComparison): string {
  const lines = [
    ['metric', ...models, 'difference', '95 % interval', 'p', 'the second is', 'could show'],
    ...differences.map(({ id, first, second, difference, verdict, p, smallest }) => [
      ...[id, shown(first), shown(second), shown(difference.figure), intervalOf(difference)],
      ...[p === null ? 'none' : p.toFixed(4), verdict, shown(smallest)],
    ]),
  ];
  const left = leftOut === 0 ? '' : `, without ${leftOut} that one of them alone has answered`;
  const reasons = why(differences.map(({ difference }) => difference));
  return `${columns(lines, [1, 2, 3, 5])}\n${rowsText(rows)}${left}\n${reasons}`;
}

export function promptsTable(benchmark: PromptBenchmark): string {
  const { questions } = benchmark;
  const hasFailed = questions.some(({ failed }) => failed > 0);
  const lines = [
    [
      ...['set', 'question', 'metric', 'best', 'worst', 'spread', 'other answers', 'rows'],
      ...(hasFailed ? ['failed'] : []),
    ],
    ...questions.map(({ set, kind, failed, phrasings: report }) => {
      const { metric, phrasings, spread, flips, rows } = report;
      const [best, worst] = [phrasings[0], phrasings.at(-1)];
      return [
        ...[set, kind, metric, shown(best?.figure ?? null), shown(worst?.figure ?? null)],
        ...[shown(spread), percent(flips), String(rows), ...(hasFailed ? [String(failed)] : [])],
      ];
    }),
  ];
  const verdicts = questions.map((one) => `${questionName(one)}: ${bestText(one.phrasings)}\n`);
  const sentences = [promptsVerdict(benchmark), promptsFailures(benchmark)];
  return `${columns(lines, [3, 4, 5, 6, 7, 8])}\n${verdicts.join('')}\n${linesOf(sentences)}`;
}

const linesOf = (sentences: readonly string[]): string =>
  sentences.map((one) => (one === '' ? '' : `${one}\n`)).join('');

export function typesTable(report: TypesReport): string {
  const { types } = report;
  const [first] = types;
  const headline = first?.figures[0]?.id ?? 'figure';
  const lines = [
    [
      'type',
      'file',
      'memory',
      'seconds',
      headline,
      '95 % interval',
      'difference',
      'the type is',
      'same answers',
    ],
    ...types.map(({ type, bytes, memoryBytes, seconds, figures, agreement, differences }) => {
      const [figure] = figures;
      const [difference] = differences ?? [];
      return [
        ...[type, bytesText(bytes), bytesText(memoryBytes), seconds?.toFixed(3) ?? 'none'],
        ...(figure ? [shown(figure.figure), intervalOf(figure)] : ['none', 'none']),
        ...(difference ? [shown(difference.difference.figure), difference.verdict] : ['', '']),
        agreement?.figure == null ? '' : percent(agreement.figure),
      ];
    }),
  ];
  const sentences = [typesVerdict(report), typesPower(report), typesFailures(report)];
  return `${columns(lines, [1, 2, 3, 4, 6, 8])}\n${rowsText(first?.rows ?? 0)}\n${linesOf(sentences)}`;
}

function why(estimates: readonly Pick<Bounds, 'reason'>[]): string {
  const reasons = [...new Set(estimates.flatMap(({ reason }) => reason ?? []))];
  return reasons.map((reason) => `no interval: ${REASONS[reason]}\n`).join('');
}
