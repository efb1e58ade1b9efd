/** Letters of dots, 5 across and 7 down, as printers for packages have them. */

/** Rows from the top, 5 bits each, the left dot first. */
const ROWS: Readonly<Record<string, string>> = {
  0: '0E 11 13 15 19 11 0E',
  1: '04 0C 04 04 04 04 0E',
  2: '0E 11 01 02 04 08 1F',
  3: '1F 02 04 02 01 11 0E',
  4: '02 06 0A 12 1F 02 02',
  5: '1F 10 1E 01 01 11 0E',
  6: '06 08 10 1E 11 11 0E',
  7: '1F 01 02 04 08 08 08',
  8: '0E 11 11 0E 11 11 0E',
  9: '0E 11 11 0F 01 02 0C',
  A: '0E 11 11 1F 11 11 11',
  B: '1E 11 11 1E 11 11 1E',
  C: '0E 11 10 10 10 11 0E',
  D: '1E 11 11 11 11 11 1E',
  E: '1F 10 10 1E 10 10 1F',
  F: '1F 10 10 1E 10 10 10',
  G: '0E 11 10 17 11 11 0F',
  H: '11 11 11 1F 11 11 11',
  J: '07 02 02 02 02 12 0C',
  K: '11 12 14 18 14 12 11',
  L: '10 10 10 10 10 10 1F',
  M: '11 1B 15 15 11 11 11',
  N: '11 19 15 13 11 11 11',
  O: '0E 11 11 11 11 11 0E',
  P: '1E 11 11 1E 10 10 10',
  R: '1E 11 11 1E 14 12 11',
  S: '0F 10 10 0E 01 01 1E',
  T: '1F 04 04 04 04 04 04',
  U: '11 11 11 11 11 11 0E',
  V: '11 11 11 11 11 0A 04',
  W: '11 11 11 15 15 1B 11',
  X: '11 11 0A 04 0A 11 11',
  Y: '11 11 0A 04 04 04 04',
  Z: '1F 01 02 04 08 10 1F',
  '.': '00 00 00 00 00 0C 0C',
  ':': '00 0C 0C 00 0C 0C 00',
  '/': '00 01 02 04 08 10 00',
  '-': '00 00 00 1F 00 00 00',
  ' ': '00 00 00 00 00 00 00',
};

export const DOT_ROWS = 7;
/** Columns from one letter to the next. */
export const DOT_COLUMNS = 6;

/** The dots of a text, row and column from its top left; letters without dots are an error of ours. */
export function dotsOf(text: string): { readonly row: number; readonly column: number }[] {
  return [...text].flatMap((character, i) => {
    const rows = ROWS[character];
    if (rows === undefined) throw new Error(`no dots for ${character}`);
    return rows
      .split(' ')
      .flatMap((bits, row) =>
        [0, 1, 2, 3, 4]
          .filter((column) => (Number.parseInt(bits, 16) >> (4 - column)) & 1)
          .map((column) => ({ row, column: i * DOT_COLUMNS + column })),
      );
  });
}
