/** JUnit's XML of a run, which CI systems show: a case for each limit, and one for each row without an answer. */
import { escapeMarkup } from '../report/svg.js';
import { missedText } from './limits.js';
import { type EvaluatedRow, isAnswered } from './rows.js';
import type { Summary } from './summary.js';

/** Rows that failed beyond this many are a number only: a page of CI holds no more. */
const MOST_ROWS = 200;

export function junitXml(name: string, summary: Summary, rows: readonly EvaluatedRow[]): string {
  const { figures, limits, failed } = summary;
  const properties = [
    ...figures.map(({ id, figure }) => [id, String(figure)] as const),
    ...[['rows', String(summary.rows)] as const, ['failed', String(failed)] as const],
  ];
  const cases = [
    ...limits.map((verdict) => ({
      name: verdict.limit,
      failure: verdict.isMet
        ? undefined
        : `the figure is ${missedText(verdict, String)}${failed > 0 && verdict.failed === undefined ? `, and ${failed} rows failed` : ''}`,
    })),
    ...rows
      .filter((row) => !isAnswered(row))
      .slice(0, MOST_ROWS)
      .map(({ id, phrasing, error }) => ({
        name: phrasing === undefined ? id : `${id}, ${phrasing}`,
        failure: JSON.stringify(error),
      })),
  ];
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="evaluation" tests="${cases.length}" failures="${failures}">`,
    `  <testsuite name="${quoted(name)}" tests="${cases.length}" failures="${failures}">`,
    '    <properties>',
    ...properties.map(
      ([key, value]) => `      <property name="${quoted(key)}" value="${quoted(value)}"/>`,
    ),
    '    </properties>',
    ...cases.flatMap(({ name: title, failure }) =>
      failure === undefined
        ? [`    <testcase classname="${quoted(name)}" name="${quoted(title)}"/>`]
        : [
            `    <testcase classname="${quoted(name)}" name="${quoted(title)}">`,
            `      <failure message="${quoted(failure)}"/>`,
            '    </testcase>',
          ],
    ),
    '  </testsuite>',
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

/** White space as it is: XML makes spaces of line breaks in an attribute. */
const quoted = (text: string): string =>
  escapeMarkup(text).replace(/[\t\n\r]/g, (mark) => `&#${mark.charCodeAt(0)};`);
