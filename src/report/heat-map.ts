/** Counts in a grid, the more the darker: what was taken for what. */
import { heading, length, type Panel, round, text } from './svg.js';
import { shorten, textWidth } from './text-width.js';

export interface HeatMap {
  readonly title: string;
  readonly subtitle: string;
  /** What the columns are, above them, and the rows. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    /** One for each column; 0 is left empty. */
    readonly values: readonly number[];
  }[];
}

/** Pixels. */
const CELL = 32;
const TOP = 96;
const LONGEST = 90;
/** Of the most frequent cell: what is written on it stays readable. */
const DARKEST = 0.55;

/** @throws `ERR_OPTION_RANGE` for a value that is negative or not finite */
export function heatMap({ title, subtitle, xLabel, yLabel, columns, rows }: HeatMap): Panel {
  for (const { name, values } of rows) for (const value of values) length(value, name);
  const names = rows.map(({ name }) => textWidth(shorten(name, LONGEST)));
  const left = Math.ceil(32 + Math.max(0, ...names));
  const most = Math.max(1, ...rows.flatMap(({ values }) => values));
  const grid = { width: columns.length * CELL, height: rows.length * CELL };
  const width = Math.max(left + grid.width + 12, 240);
  const height = TOP + grid.height + 12;
  const parts = [
    ...heading(10, width, title, subtitle),
    text(left, TOP - 32, xLabel, { within: width - left - 8 }),
    text(13, TOP + grid.height / 2, yLabel, {
      ...{ anchor: 'middle', turn: true, within: grid.height + 24 },
    }),
  ];
  columns.forEach((name, i) => {
    const options = { anchor: 'middle', kind: 'label', within: CELL - 4 } as const;
    parts.push(text(left + (i + 0.5) * CELL, TOP - 10, name, options));
  });
  rows.forEach(({ name, values }, j) => {
    const y = TOP + j * CELL;
    const beside = { anchor: 'end', kind: 'label', within: LONGEST } as const;
    parts.push(text(left - 8, y + CELL / 2 + 4, name, beside));
    columns.forEach((_, i) => {
      const value = values[i] ?? 0;
      const x = left + i * CELL;
      const at = `x="${x + 1}" y="${y + 1}" width="${CELL - 2}" height="${CELL - 2}"`;
      parts.push(`<rect class="track" ${at}/>`);
      if (value === 0) return;
      const opacity = round(100 * (0.1 + (DARKEST - 0.1) * Math.sqrt(value / most))) / 100;
      parts.push(`<rect class="a cell" ${at} opacity="${Number(opacity.toFixed(3))}"/>`);
      const inside = { anchor: 'middle', kind: 'cell', within: CELL - 4 } as const;
      parts.push(text(x + CELL / 2, y + CELL / 2 + 4, compact(value), inside));
    });
  });
  return { width, height, parts };
}

/** Three characters at most, up to a trillion. */
function compact(value: number): string {
  const units = ['', 'k', 'M', 'G'];
  let [left, unit] = [value, 0];
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  const digits = unit === 0 || left >= 9.95 ? String(Math.round(left)) : left.toFixed(1);
  return `${digits.replace(/\.0$/, '')}${units[unit]}`;
}
