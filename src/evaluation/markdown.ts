/** A run as Markdown, for a comment on a change or the page of a project. */
import { missedText } from './limits.js';
import type { PhrasingReport } from './phrasings.js';
import { type Bounds, REASONS } from './statistics/estimate.js';
import type { Summary } from './summary.js';

export const shown = (figure: number | null): string =>
  figure === null ? 'none' : figure.toFixed(4);

const interval = ({ low, high, reason }: Bounds): string =>
  reason ? REASONS[reason] : `${shown(low)} to ${shown(high)}`;

/** Texts of others, which may have any mark of Markdown and of tables. */
export const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]<>#|]/g, '\\$&');

/** Columns of nothing but figures, which are to the right. */
const NUMERIC = /^[-+]?\d[\d.]*( %)?$|^(none)?$/;

export function table(columns: readonly string[], lines: readonly (readonly string[])[]): string[] {
  if (lines.length === 0) return [];
  const isNumber = columns.map(
    (name, i) => i > 0 && name !== '' && lines.every((cells) => NUMERIC.test(cells[i] ?? '')),
  );
  return [
    '',
    `| ${columns.join(' | ')} |`,
    `| ${isNumber.map((one) => (one ? '---:' : '---')).join(' | ')} |`,
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

export function markdownReport(name: string, summary: Summary): string {
  const { rows, failed, reasons = [], figures, groups, phrasings, published, notes } = summary;
  const details = figures.flatMap(({ id, details: own = {} }) =>
    Object.entries(own).map(([part, value]) => [`\`${id}\`, ${part}`, shown(value)]),
  );
  return [
    `# ${plain(name)}`,
    '',
    `${rows} rows${failed > 0 ? `, ${failed} without an answer, which the figures leave out` : ''}.`,
    ...table(
      ['Limit', 'Figure', ''],
      summary.limits.map((one) => [
        ...[`\`${one.limit}\``, missedText(one, shown), one.isMet ? 'met' : '**missed**'],
      ]),
    ),
    ...table(
      ['Metric', 'Figure', '95 % interval', ''],
      figures.map((one) => [
        ...[`\`${one.id}\``, shown(one.figure), interval(one)],
        `${one.title}, ${one.better} is better`,
      ]),
    ),
    ...table(['Part', 'Figure'], details),
    ...notes.flatMap((note) => ['', `Note: ${plain(note)}.`]),
    ...table(
      ['Published', 'Figure', 'Metric', 'Source'],
      (published ?? []).map(({ model, figure, metric, source, note }) => [
        ...[note === undefined ? model : `${model} (${note})`, shown(figure)],
        ...[`\`${metric}\``, source],
      ]),
    ),
    ...table(
      [plain(groups?.field ?? ''), 'Rows', 'Figure', '95 % interval'],
      (groups?.figures ?? []).map((one) => [
        ...[plain(one.value || '(none)'), String(one.rows), shown(one.figure), interval(one)],
      ]),
    ),
    ...(phrasings === undefined ? [] : phrasingsTable(phrasings)),
    ...table(
      ['Rows without an answer', 'Rows', 'First'],
      reasons.map(({ code, message, rows: count, first }) => [
        ...[plain(`${code} ${message}`.trim()), String(count), plain(first)],
      ]),
    ),
    '',
  ].join('\n');
}

export const phrasingsTable = ({ phrasings }: PhrasingReport): string[] =>
  table(
    ['Phrasing', 'Figure', '95 % interval', 'Difference', 'Corrected interval', ''],
    phrasings.map(({ phrasing, difference, isWorse, ...bounds }) => [
      ...[plain(phrasing), shown(bounds.figure), interval(bounds)],
      ...(difference
        ? [shown(difference.figure), interval(difference), isWorse ? 'worse' : 'not shown']
        : ['', '', 'compared with']),
    ]),
  );
