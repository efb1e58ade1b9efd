/** Lines of cells: CSV by RFC 4180, and text separated by tabs for `cut`, `awk` and spreadsheets. */
import type { Cell } from './rows.js';

/** One record with its line break. Numbers have all their digits; what is missing is empty. RFC 4180, section 2. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === undefined) return '';
  const text = String(cell);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line, whatever the cells hold: tabs, line breaks and backslashes become `\t`, `\n`, `\r` and `\\`. */
export function tabbedLine(cells: readonly string[]): string {
  return `${cells.map(tabbedCell).join('\t')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\\': '\\\\',
};

export function tabbedCell(text: string): string {
  return text.replace(/[\t\n\r\\]/g, (character) => ESCAPES[character] ?? character);
}
