/**
 * Colours of labels: palettes that colour-blind people can tell apart, which label gets which, and which text is
 * readable on them. Where colours go is in svg.ts.
 */
import type { PaletteName } from '../options/annotate.js';

/** `#rrggbb`, lower case. */
export type Colour = `#${string}`;

/**
 * Okabe and Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/, without black, which photographs
 * have enough of. Paul Tol, "Colour Schemes" (SRON/EPS/TN/09-002, issue 3.2), https://personal.sron.nl/~pault/:
 * figures 1 (bright), 3 (muted) and 7 (light). Greys stand last.
 */
const PALETTES: Readonly<Record<PaletteName, readonly [Colour, ...Colour[]]>> = {
  'okabe-ito': ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'],
  'tol-bright': ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377', '#bbbbbb'],
  'tol-muted': [
    '#cc6677',
    '#332288',
    '#ddcc77',
    '#117733',
    '#88ccee',
    '#882255',
    '#44aa99',
    '#999933',
    '#aa4499',
    '#dddddd',
  ],
  'tol-light': [
    '#77aadd',
    '#ee8866',
    '#eedd88',
    '#ffaabb',
    '#99ddff',
    '#44bb99',
    '#bbcc33',
    '#aaaa00',
    '#dddddd',
  ],
};

/**
 * A colour for each of the labels. It depends on the label alone, unless two labels of the picture want the same one:
 * then the later one in the order of code units takes the next that is free. The order of `labels` and how often one
 * occurs do not matter. More labels than
 * colours share them evenly.
 */
export function colourLabels(
  labels: Iterable<string>,
  palette: PaletteName,
): ReadonlyMap<string, Colour> {
  const colours = PALETTES[palette];
  const uses = new Array<number>(colours.length).fill(0);
  const given = new Map<string, Colour>();
  for (const label of [...new Set(labels)].sort()) {
    const fewest = Math.min(...uses);
    let at = hash(label) % colours.length;
    while (uses[at] !== fewest) at = (at + 1) % colours.length;
    uses[at] = fewest + 1;
    given.set(label, colours[at] ?? colours[0]);
  }
  return given;
}

/** FNV-1a over code units, 32 bit (Fowler, Noll, Vo), with murmur3's finalizer: the low bits alone are used. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Relative luminance, 0 to 1. Formula: WCAG 2.2, definition of "relative luminance". */
export function luminance(colour: Colour): number {
  const channel = (at: number): number => {
    const c = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** 1 to 21. Formula: WCAG 2.2, definition of "contrast ratio". */
export function contrast(a: Colour, b: Colour): number {
  const [la, lb] = [luminance(a), luminance(b)];
  return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05);
}

/** Black or white, whichever reads better on `colour`: the contrast is then at least 4.58, the root of 21. */
export function textColour(colour: Colour): Colour {
  return contrast(colour, '#000000') >= contrast(colour, '#ffffff') ? '#000000' : '#ffffff';
}
