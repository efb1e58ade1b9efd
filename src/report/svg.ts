/** What all charts share: text, colours, and panels put together to one SVG. What a chart shows is in a file of its own. */
import { makeError } from '../errors.js';
import { type Cut, shorten, type TextKind } from './text-width.js';

/** Colours of a line or bar that readers can tell apart, colour-blind ones too. */
export type Tone = 'a' | 'b' | 'c';

/** A chart as SVG elements, from 0, 0 to its width and height in pixels. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly string[];
}

/** Pixels of an axis that all charts have in common. */
export const SIDE = 220;
export const MARGIN = { left: 46, top: 52, right: 18, bottom: 46 } as const;

// Colours of Okabe and Ito, which colour-blind people can tell apart; darker on light, lighter on dark.
const RULES: readonly (readonly [selector: string, light: string, dark?: string])[] = [
  ['.page', 'fill: #ffffff', 'fill: #0d1117'],
  ['text', 'fill: #1f2328; font: 12px system-ui, sans-serif', 'fill: #f0f6fc'],
  ['.title', 'font-weight: 600; font-size: 13px'],
  ['.small', 'fill: #59636e; font-size: 11px', 'fill: #9198a1'],
  ['.strong', 'fill: #1f2328; font-size: 11px', 'fill: #f0f6fc'],
  [
    '.label',
    'paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round',
    'stroke: #0d1117',
  ],
  ['.grid', 'stroke: #d1d9e0', 'stroke: #2b323b'],
  ['.frame', 'stroke: #818b98; fill: none', 'stroke: #656c76'],
  ['.ideal', 'stroke: #818b98; stroke-dasharray: 4 4', 'stroke: #656c76'],
  ['.a', 'color: #0072b2', 'color: #56b4e9'],
  ['.b', 'color: #d55e00', 'color: #f0883e'],
  ['.c', 'color: #007a5a', 'color: #3fc79a'],
  ['.line', 'stroke: currentColor; stroke-width: 2; fill: none'],
  ['.interval', 'stroke: currentColor; stroke-width: 1.5'],
  ['.dot', 'fill: currentColor; stroke: #ffffff', 'stroke: #0d1117'],
  ['.bar', 'fill: currentColor; opacity: 0.75'],
  ['.cell', 'fill: currentColor'],
  ['.track', 'fill: #eff2f5', 'fill: #1b2129'],
  ['.leader', 'stroke: #818b98; fill: none; stroke-width: 0.75'],
  ['.whisker', 'stroke: #1f2328; stroke-width: 1.5; fill: none', 'stroke: #f0f6fc'],
  ['.mark', 'stroke: #d55e00; stroke-width: 3', 'stroke: #f0883e'],
];

/** How charts look, for the page or the picture that holds them. */
export const CHART_STYLE = (() => {
  const rule = (selector: string, declarations: string): string =>
    `    .chart ${selector} { ${declarations}; }`;
  const dark = RULES.flatMap(([selector, , declarations]) =>
    declarations === undefined ? [] : [`  ${rule(selector, declarations)}`],
  );
  return [
    '',
    ...RULES.map(([selector, declarations]) => rule(selector, declarations)),
    // Paper is white whatever the screen is.
    '    @media screen and (prefers-color-scheme: dark) {',
    ...dark,
    '    }',
  ].join('\n');
})();

// What XML 1.0 (section 2.2) cannot hold, not even as a reference. HTML has no use for it either.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text for an element or a quoted attribute of SVG or HTML. Characters that XML cannot hold become U+FFFD. */
export function escapeMarkup(text: string): string {
  return text
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Pixels rounded to 0.1. */
export const round = (value: number): number => Number(value.toFixed(1));

/** A value as axes show it: three digits, and a power of ten from a million on. */
export function shown(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return (Math.abs(rounded) < 1e6 ? String(rounded) : rounded.toExponential()).replace('e+', 'e');
}

/** Returns `value`. @throws ERR_OPTION_RANGE for anything but a finite number of 0 or more */
export function length(value: number, name: string): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw makeError(
    'ERR_OPTION_RANGE',
    `${name} is ${value}, expected a finite number of 0 or more`,
    {
      name,
      found: String(value),
      expected: 'a finite number of 0 or more',
    },
  );
}

/** The round number next above: 1, 2 or 5 times a power of ten, at least `most`; 1 for 0. */
export function roundUp(most: number): number {
  if (most === 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  return unit * ([1, 2, 5, 10].find((step) => step * unit >= most) ?? 10);
}

interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  /** `label`: in the colour of the page's text, with a rim in that of the page. `cell`: without the rim. */
  readonly kind?: 'small' | 'title' | 'label' | 'cell';
  /** Pixels that it may take; where it does not fit, it is shortened, and pointing at it shows the whole. */
  readonly within?: number;
  /** Default: `end`. */
  readonly cut?: Cut;
  /** Reads from bottom to top. */
  readonly turn?: boolean;
}

const CLASSES = { small: 'small', title: 'title', label: 'strong label', cell: 'strong' } as const;

export function text(
  x: number,
  y: number,
  content: string,
  { anchor = 'start', kind = 'small', within, cut = 'end', turn = false }: TextOptions = {},
): string {
  const rotation = turn ? ` transform="rotate(-90 ${x} ${y})"` : '';
  const font: TextKind = kind === 'title' ? 'title' : 'small';
  const fitting = within === undefined ? content : shorten(content, within, font, cut);
  const whole = fitting.includes('…') && fitting !== content ? content.slice(0, 1000) : undefined;
  const title = whole === undefined ? '' : `<title>${escapeMarkup(whole)}</title>`;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" class="${CLASSES[kind]}"${rotation}>${title}${escapeMarkup(fitting)}</text>`;
}

/** Pixels from one line of a subtitle to the next. */
export const LINE = 15;

/** The title and the lines below it, cut to the width of the panel. */
export function heading(
  left: number,
  width: number,
  title: string,
  ...subtitle: readonly string[]
): string[] {
  const within = width - left - 8;
  return [
    text(left, 20, title, { kind: 'title', within }),
    ...subtitle.flatMap((line, i) =>
      line === '' ? [] : [text(left, 38 + i * LINE, line, { within })],
    ),
  ];
}

interface PageOptions {
  /** Whether the SVG has the style in it, as a file of its own needs; a page has it once. Default: true. */
  readonly isFile?: boolean;
}

/**
 * One SVG of panels side by side, `perRow` in a row; it follows the colour scheme of the reader.
 *
 * @param label what the picture shows, for readers who do not see it
 */
export function chartPage(
  label: string,
  panels: readonly Panel[],
  perRow: number,
  { isFile = true }: PageOptions = {},
): string {
  const columns = Math.max(1, Math.min(perRow, panels.length));
  const cellWidth = Math.max(0, ...panels.map(({ width }) => width));
  const cellHeight = Math.max(0, ...panels.map(({ height }) => height));
  const width = columns * cellWidth;
  const height = Math.ceil(panels.length / columns) * cellHeight;
  const placed = panels.map(({ parts }, i) => {
    const at = `${(i % columns) * cellWidth} ${Math.floor(i / columns) * cellHeight}`;
    return `  <g transform="translate(${at})">\n    ${parts.join('\n    ')}\n  </g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(label)}">`,
    ...(isFile ? [`  <style>${CHART_STYLE}\n  </style>`] : []),
    `  <rect class="page" width="${width}" height="${height}"/>`,
    ...placed,
    '</svg>\n',
  ].join('\n');
}
