// Tables for the terminal.

/** Rows of strings; the first column to the left, the others to the right. */
export function printTable(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows) {
    const cells = row.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i])));
    console.log(cells.join('  ').trimEnd());
  }
}
