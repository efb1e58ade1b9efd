/** A run as Markdown, for a comment on a change or the page of a project. */
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
    '| Metric | Figure | |',
    '| --- | ---: | --- |',
    ...figures.map(
      ({ id, title, better, figure }) =>
        `| \`${id}\` | ${shown(figure)} | ${title}, ${better} is better |`,
    ),
    ...(verdicts.length > 0
      ? ['', '| Limit | Figure | |', '| --- | ---: | --- |', ...verdicts]
      : []),
    '',
  ].join('\n');
}
