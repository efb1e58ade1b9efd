/** What all pages of an evaluation share: their look, their contents list, and the parts at their end. */
import {
  element,
  type Html,
  htmlPage,
  link,
  paragraph,
  section,
  table,
} from '../../report/html.js';
import { jsonText } from '../../wire/json.js';
import { failuresIn } from '../failures.js';
import type { EvaluatedRow } from '../rows.js';
import { plainText, rowsText, shownText } from './shown-text.js';

/** A part of the page that the list of contents names. */
export interface Part {
  readonly title: string;
  readonly id: string;
  readonly block: Html | undefined;
}

export function pageOf(title: string, first: readonly Html[], parts: readonly Part[]): string {
  const there = parts.flatMap(({ title: name, id, block }) =>
    block === undefined ? [] : [{ name, id, block }],
  );
  const items = there.map(({ name, id }) => element('li', {}, link(`#${id}`, name)));
  const contents = element('nav', { 'aria-label': 'Contents' }, element('ul', {}, ...items));
  return htmlPage(plainText(title), [...first, contents, ...there.map(({ block }) => block)], {
    style: STYLE,
  });
}

/** Beside each other where there is room. */
export const sideBySide = (...blocks: readonly Html[]): Html =>
  element('div', { class: 'pair' }, ...blocks);

/** The page of a run in a folder beside this page. */
export const reportOf = (run: string, text = `${run}/report.html`): Html =>
  link(`${run}/report.html`, text);

/** Rows of one reason are one line; so many of them are named. */
const MOST_NAMED = 10;
const MOST_REASONS = 100;

/** Undefined where every row has an answer. */
export function failuresSection(rows: readonly EvaluatedRow[]): Html | undefined {
  const sorted = failuresIn(rows);
  if (sorted.length === 0) return undefined;
  const failed = sorted.reduce((sum, one) => sum + one.rows.length, 0);
  const lines = sorted.slice(0, MOST_REASONS).map(({ code, message, rows: own }) => {
    const names = own.slice(0, MOST_NAMED).map(({ id }) => plainText(id, 100));
    const more = own.length > MOST_NAMED ? ` and ${own.length - MOST_NAMED} more` : '';
    return [
      ...[plainText(message, 300), plainText(code, 60), own.length],
      `${names.join(', ')}${more}`,
    ];
  });
  const left =
    sorted.length > MOST_REASONS
      ? ` The ${MOST_REASONS} most frequent of ${sorted.length} reasons:`
      : '';
  return section(
    'Rows that failed',
    [
      paragraph(`${rowsText(failed)} without an answer, which no figure counts.${left}`),
      table(['Reason', 'Code', 'Rows', 'Which'], lines, 'Why rows failed'),
    ],
    'failures',
  );
}

export function settingsSection(
  run: Readonly<Record<string, unknown>>,
  words = 'Everything that makes this run what it is',
): Html {
  const lines = Object.entries(run).map(([name, value]) => [
    name,
    shownText(typeof value === 'string' ? value : jsonText(value)),
  ]);
  return section(
    'Settings and versions',
    [
      element(
        'details',
        {},
        element('summary', {}, words),
        table(['Setting', 'Value'], lines, 'From run.json'),
      ),
    ],
    'settings',
  );
}

const STYLE = `
:root { --good: #1a7f37; --bad: #cf222e; --soft: #f6f8fa; --lost: #ffebe9; --added: #dafbe1; --truth: #0072b2; --seen: #bc4c00; --plate-truth: #ddf4ff; --plate-seen: #fff1e5; }
@media screen and (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --soft: #161b22; --lost: #542426; --added: #1b4127; } }
body { max-width: 68rem; } .pair { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; align-items: flex-start; margin-top: 1rem; } .pair > * { min-width: 0; max-width: 100%; } .pair figure { margin: 0; }
.verdict { margin: 1.25rem 0; padding: 0.75rem 1rem; border-left: 0.3rem solid var(--faint); background: var(--soft); overflow-wrap: anywhere; }
.verdict strong { margin-right: 0.35rem; } .good { border-color: var(--good); } .good strong { color: var(--good); } .bad { border-color: var(--bad); } .bad strong { color: var(--bad); }
.headline .figure { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.75rem; margin: 1.5rem 0 0; }
.figure strong { font-size: 3rem; line-height: 1.1; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figure .interval { color: var(--faint); font-variant-numeric: tabular-nums; } .headline p + p { max-width: 44rem; margin-top: 0.5rem; }
section > p { max-width: 44rem; } section { margin-top: 3rem; } h2 { padding-bottom: 0.4rem; border-bottom: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 1.5rem 0 0; padding: 0.6rem 0; list-style: none; border-block: 1px solid var(--line); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1.25rem; margin: 1rem 0; padding: 0; list-style: none; }
.card { display: flex; flex-direction: column; min-width: 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.5rem; }
.picture, .no-picture { display: flex; align-items: center; justify-content: center; min-height: 8rem; background: var(--soft); border-radius: 0.25rem; overflow: hidden; }
.no-picture { padding: 1rem; color: var(--faint); font-size: 0.875rem; text-align: center; overflow-wrap: anywhere; outline: 1px dashed var(--line); outline-offset: -1px; }
.frame { position: relative; display: flex; max-width: 100%; } .overlay { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.overlay path { fill: none; stroke-linejoin: round; } .rim { stroke: #ffffff; stroke-width: 4; opacity: 0.75; }
.overlay path.there { stroke: var(--truth); stroke-width: 2; stroke-dasharray: 6 3; } .overlay path.found { stroke: var(--seen); stroke-width: 2; }
.plate.there { fill: var(--plate-truth); } .plate.found { fill: var(--plate-seen); } .overlay text { fill: #1f2328; font: 11px system-ui, sans-serif; }
.card h3 { margin: 0.75rem 0 0; font-size: 0.875rem; overflow-wrap: anywhere; } .note { margin: 0; color: var(--faint); font-size: 0.875rem; }
dl { margin: 0.6rem 0 0; } dt { color: var(--faint); font-size: 0.8125rem; } dd { margin: 0 0 0.5rem; overflow-wrap: anywhere; } dd:last-child { margin: 0; }
.text { white-space: pre-wrap; } .none { color: var(--faint); font-style: italic; }
.unseen { padding: 0 0.2em; border: 1px solid var(--faint); border-radius: 0.2em; font: 0.75em ui-monospace, monospace; }
del { background: var(--lost); text-decoration: underline dotted 2px var(--bad); text-underline-offset: 0.2em; } ins { background: var(--added); text-decoration: underline solid 2px var(--good); text-underline-offset: 0.2em; }
summary { cursor: pointer; } details[open] summary { margin-bottom: 0.75rem; }
@media (max-width: 30rem) { .figure strong { font-size: 2.5rem; } }
@media print { nav { display: none; } .card, .verdict { break-inside: avoid; } .verdict, del, ins, .plate, .bar, .cell, .track { print-color-adjust: exact; } details::details-content { content-visibility: visible; height: auto; } }
`;
