/** A run as Markdown, for a comment on a change or the page of a project. */
import { REASONS } from './statistics/estimate.js';
import type { Summary } from './summary.js';

export function markdownReport(name: string, { rows, failed, figures, limits }: Summary): string {
  const shown = (figure: number | null): string => (figure === null ? 'none' : figure.toFixed(4));
  const verdicts = limits.map(
    ({ limit, figure, isMet }) =>
      `| \`${limit}\` | ${shown(figure)} | ${isMet ? 'met' : '**missed**'} |`,
  );
  return [
    `# ${name.replace(/[\\`*_[\]<>#|]/g, '\\$&')}`,
    '',
    `${rows} rows${failed > 0 ? `, ${failed} without an answer, which the figures leave out` : ''}.`,
    '',
    '| Metric | Figure | 95 % interval | |',
    '| --- | ---: | --- | --- |',
    ...figures.map(
      ({ id, title, better, figure, low, high, reason }) =>
        `| \`${id}\` | ${shown(figure)} | ${reason ? REASONS[reason] : `${shown(low)} to ${shown(high)}`} | ${title}, ${better} is better |`,
    ),
    ...(verdicts.length > 0
      ? ['', '| Limit | Figure | |', '| --- | ---: | --- |', ...verdicts]
      : []),
    '',
  ].join('\n');
}
