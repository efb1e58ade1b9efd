/** The drawn data sets as the table of docs/evaluation.md. */
import { DRAWN_SETS, SETS } from '../../src/drawn-sets/sets.js';

export function drawnTable(): string {
  const rows = DRAWN_SETS.map((name) => `| \`${name}\` | ${SETS[name].doc} |\n`);
  return ['| Name | What it shows |\n', '| --- | --- |\n', ...rows].join('');
}
