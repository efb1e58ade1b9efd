/** Rows of results for a terminal: aligned columns, labels in the colours of the drawing. What is in them is src/wire's. */
import { type Colour, colourLabels } from '../annotate/colours.js';
import { tabbedCell } from '../wire/delimited.js';
import { withoutControls } from './output.js';

export interface TableColumn {
  readonly name: string;
  /** Numbers are aligned right. */
  readonly digits?: number;
}

/** Longest name or text that others are aligned with: beyond, only its own line is wide. */
const WIDEST = 60;

/** Lines of one run: columns stay as wide as they have become, since earlier lines are printed already. */
export class Table {
  readonly #columns: readonly TableColumn[];
  readonly #colourDepth: number;
  readonly #widths: number[] = [];

  /** `names` of the pictures, as far as they are known: their column is as wide from the first line. */
  constructor(columns: readonly TableColumn[], colourDepth: number, names: readonly string[] = []) {
    this.#columns = [{ name: 'image' }, ...columns];
    this.#colourDepth = colourDepth;
    this.#fit(names.map((name) => [safe(name)]));
  }

  /** All rows of one picture. */
  lines(name: string, rows: readonly (readonly string[])[]): string {
    const cells = rows.map((row) => [name, ...row].map(safe));
    this.#fit(cells);
    const at = this.#columns.findIndex((column) => column.name === 'label');
    const colours = colourLabels(at < 0 ? [] : rows.map((row) => row[at - 1] ?? ''), 'okabe-ito');
    return cells.map((row, i) => this.#line(row, colours.get(rows[i]?.[at - 1] ?? ''))).join('');
  }

  #line(row: readonly string[], labelColour: Colour | undefined): string {
    const cells = row.map((cell, i) => {
      const space = ' '.repeat(Math.max(0, (this.#widths[i] ?? 0) - displayWidth(cell)));
      if (this.#columns[i]?.digits !== undefined) return space + cell;
      return this.#paint(cell, i, labelColour) + (i === row.length - 1 ? '' : space);
    });
    return `${cells.join('  ')}\n`;
  }

  #paint(cell: string, column: number, labelColour: Colour | undefined): string {
    if (this.#colourDepth === 1) return cell;
    if (column === 0) return `\u001b[2m${cell}\u001b[22m`;
    if (this.#columns[column]?.name !== 'label' || labelColour === undefined) return cell;
    return `\u001b[${foreground(labelColour, this.#colourDepth)}m${cell}\u001b[39m`;
  }

  #fit(rows: readonly (readonly string[])[]): void {
    for (const row of rows) {
      row.forEach((cell, i) => {
        const width = displayWidth(cell);
        if (width <= WIDEST) this.#widths[i] = Math.max(this.#widths[i] ?? 0, width);
      });
    }
  }
}

function safe(text: string): string {
  return withoutControls(tabbedCell(text));
}

/** Columns that a terminal takes: two for wide letters (Unicode Standard Annex 11), none for marks. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/** The colour as a parameter of SGR (ECMA-48, 8.3.117), as near as the terminal can show it. */
function foreground(colour: Colour, depth: number): string {
  const rgb = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  if (depth >= 24) return `38;2;${rgb.join(';')}`;
  if (depth >= 8) {
    // 16 to 231 are a cube of 6 x 6 x 6 whose steps are 0, 95, 135, 175, 215, 255.
    const [r = 0, g = 0, b = 0] = rgb.map((c) => (c < 48 ? 0 : Math.round((c - 55) / 40)));
    return `38;5;${16 + 36 * r + 6 * g + b}`;
  }
  // Bits of red, green and blue, as 31 to 37 have them.
  const [r = 0, g = 0, b = 0] = rgb.map((c) => (c > 127 ? 1 : 0));
  return String(30 + (r + 2 * g + 4 * b || 7));
}
