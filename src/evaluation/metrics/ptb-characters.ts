/**
 * Which characters beyond ASCII are letters, marks and symbols for Stanford's PTBTokenizer 3.4.1, which has a table of its
 * own from an old Unicode. Made by giving it each character alone, between letters and between digits. All others are
 * left out, as are those beyond U+FFFF.
 */

/** Ranges: the distance from the end of the one before, and how many follow the first; both in base 36. */
const LETTERS = `
  4q b 5 6.m 2.u 2.cp 5.b f.4 8 2 3m.4 2.1 3.3 9 2.2 2 2.j 2.2a 2.3u 9.4d a.11 3 8.12 21.q 6.2 1a.16 m.9 5.1
  2.2q 2 g.1 8.e 3 h 2.t u.2g c f.16 a.1 5 6.l 5 a 4 o.o 20 2.a 2g.1h 4 j 8.9 5.9 2.6 2.6 6.7 3.1 3.l 2.6 2 4.3
  4 h e.1 2.2 5.b k.5 5.1 3.l 2.6 2.1 2.1 2.1 w.3 2 8.9 3.2 h.8 2.2 2.l 2.6 2.1 2.4 4 j g.1 5.9 m.7 3.1 3.l 2.6
  2.1 2.4 4 v.1 2.2 5.9 2 i 2.5 4.2 2.3 4.1 2 2.1 4.1 4.2 4.b n m.9 m.7 2.2 2.m 2.9 2.4 4 r.1 7.1 5.9 m.7 2.2
  2.m 2.9 2.4 4 x 2.1 5.9 2.1 j.7 2.2 2.14 3 h i.1 5.9 b.5 6.h 4.n 2.8 2 3.6 1n.1b 2.1 d.6 a.9 14.1 2 3.1 2 3
  7.3 2.6 2.2 2 2 3.1 2.3 2.1 a 3.4 2 a.9 3.3 x w.9 n.7 2.z s.4 38.16 l.a 7.5 5.3 4 4.1 8.2 5.c d 2.9 7.11 2 6
  3.16 2.98 2.3 3.6 2 2.3 3.14 2.3 3.w 2.3 3.6 2 2.3 3.e 2.1k 2.3 3.1u 12.f h.2c d.h7 3.g 2.p 6.22 m.c 2.3 f.h
  f.h f.c 2.2 g.1f 10 5 4.9 13.9 7.2f 9.14 2 6.1x b.s 16.13 3.4 c.17 m.6 9.9 13.m a.1g 18.9 7.9 e 2m.1a i.6 5.9
  16.t e.1j r.z t.9 4.1c 30.3 2.3 4.1 a.5b 1t.7p 3.5 3.11 3.5 3.7 2 2 2 2.u 3.1g 2.6 2 4.2 2.6 4.3 3.5 5.c 6.2
  2.6 39 e h.c 2u 5 3.9 2 4.4 7 2 2 2.3 2.a 3.3 6.4 5 1h.1 22k.1a 2.1a 2.3o 7.3 4.1 d.11 2 6 3.1j 8 h.m a.6 2.6
  2.6 2.6 2.6 2.6 2.6 2.6 29 d2.1 17.4 6.1 5.2d 7.2 2.2h 2.3 6.14 4.2l i.q 1i.f e9.52t 23.g5o 1g.wc 1w.19 3.7g
  4.r l.1a h.o 9.1x 1e.8 3.2u 3.3 2.3 d.a 26.9 2.2 2.3 2.m u.1f f.1d t.9 p.5 4 5.11 b.m q.s 8.1a t.a 13.14 o.2
  2.7 5.9 7.m 4 6.1b 2 4.1 3.4 3 2 p.2 3.a 8.2 d.5 3.5 3.5 a.6 2.6 42.y e.9 7.8mb d.m 5.1c 6it.a5 3.2x 13.6 d.4
  6 2.9 2.c 2.4 2 2.1 2.1 2.2z y.a2 j.1r 3.1h 15.b 39.4 2.3q k.9 8.p 7.p c.2g 4.5 3.5 3.5 3.2`;

/** Part of a word after a letter, and the beginning of one after a digit. */
const MARKS = `
  jm.3 d.d 6.6 2 2.3k 6 3.1 b.1 35 3x.4 5v.5 1e.18 2 2.1 2.1 2 26.5 1d.j i 2u.e 3.6 g.1 h 2 v.s 2i.a 1n.8 7h.3
  1l 2.g 3.4 d.1 u.2 1l 2.6 3.1 3.2 a b.1 u.2 1l 2.h 1e.2 1l 2.h 4z 1o.4 4.2 2.3 1g.2 1n.o 6g.6 2.2 6h 3.6 d.7
  2r 3.8 c.5`;

/** Each is a word of its own. */
const SYMBOLS = `
  4h 4.4 3 2.6 2.3 6 o w hz 9 ea 1h 2 3 3 19.1 c.3 3.6 8 7 3.1 23 3 2v 18.d 6h.2 a4.1 yi g 3fy 2h.1 3 4.5 d.8 3
  3.4 2 18 4.a 2.e m 2k.1 2.3 2.1 b 2.2 6.5 2 2 2 5 c.1 5.4 6.3 2 6.9 1e.227 si.1 g 6h 14p2.e b.6 r.5 r.a 3f.1
  4.1`;

/** What stands for a class in a shape. */
export const LETTER = 'é';
export const MARK = '\u0301';
const SYMBOL = '\u00a4';

const LEFT = '\u2018\u201b\u2039\u0091';
const RIGHT = '\u2019\u0092';
const LEFT_DOUBLE = '\u201c\u00ab\u0093';
const RIGHT_DOUBLE = '\u201d\u00bb\u0094';
/** Money and parts of a whole, which become something else later. */
const CENTS_AND_PARTS = '\u00a2\u00a3\u00a4\u0080\u20a0\u20ac\u00bc\u00bd\u00be\u2153\u2154';

/** What the rules take alike: the first stands for all. */
const ALIKE: readonly string[] = [
  '\u2010\u058a\u2011',
  '\u2014\u2013\u2015\u0096\u0097',
  ...[LEFT, RIGHT, LEFT_DOUBLE, RIGHT_DOUBLE],
  '\u203a',
  '\u201e\u201a',
  '\u2026',
  '\u2044',
  `${SYMBOL}${CENTS_AND_PARTS}`,
];

/** How quotation marks are written. */
export const QUOTES: Readonly<Record<string, string>> = {
  ...writtenAs('`', `\`${LEFT}`),
  ...writtenAs("'", `${RIGHT}\u203a`),
  ...writtenAs('``', LEFT_DOUBLE),
  ...writtenAs("''", RIGHT_DOUBLE),
};

function writtenAs(mark: string, marks: string): Record<string, string> {
  return Object.fromEntries([...marks].map((one) => [one, mark]));
}

let shapes: readonly string[] | undefined;

/** The text with a character of the class for each one, as long as the text: the rules read this. */
export function shapeOf(text: string): string {
  shapes ??= makeShapes();
  let shape = '';
  for (let i = 0; i < text.length; i++) shape += shapes[text.charCodeAt(i)];
  return shape;
}

function makeShapes(): string[] {
  const all = new Array<string>(0x10000).fill(' ');
  for (let point = 0x21; point < 0x7f; point++) all[point] = String.fromCharCode(point);
  for (const [ranges, shape] of [
    [LETTERS, LETTER],
    [MARKS, MARK],
    [SYMBOLS, SYMBOL],
  ] as const) {
    let at = 0;
    for (const range of ranges.trim().split(/\s+/)) {
      const [gap, more] = range.split('.').map((digits) => Number.parseInt(digits, 36));
      at += gap as number;
      all.fill(shape, at, at + (more ?? 0) + 1);
      at += more ?? 0;
    }
  }
  for (const marks of ALIKE) {
    for (const mark of marks) all[mark.charCodeAt(0)] = marks[0] as string;
  }
  return all;
}
