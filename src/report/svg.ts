/** What all charts share: text, colours, and panels put together to one SVG. What a chart shows is in a file of its own. */
import { makeError } from '../errors.js';

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
const STYLE = `
    .page { fill: #ffffff; } text { fill: #1f2328; font: 12px system-ui, sans-serif; }
    .title { font-weight: 600; font-size: 13px; } .small { fill: #59636e; font-size: 11px; }
    .grid { stroke: #d1d9e0; } .frame { stroke: #818b98; fill: none; } .ideal { stroke: #818b98; stroke-dasharray: 4 4; }
    .a { color: #0072b2; } .b { color: #d55e00; } .c { color: #007a5a; }
    .line { stroke: currentColor; stroke-width: 2; fill: none; } .interval { stroke: currentColor; stroke-width: 1.5; }
    .dot { fill: currentColor; stroke: #ffffff; } .bar { fill: currentColor; opacity: 0.75; }
    .whisker { stroke: #1f2328; stroke-width: 1.5; fill: none; } .mark { stroke: #d55e00; stroke-width: 3; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; } text { fill: #f0f6fc; } .small { fill: #9198a1; } .grid { stroke: #2b323b; }
      .frame, .ideal { stroke: #656c76; } .a { color: #56b4e9; } .b { color: #f0883e; } .c { color: #3fc79a; }
      .dot { stroke: #0d1117; } .whisker { stroke: #f0f6fc; } .mark { stroke: #f0883e; }
    }`;

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

/** A value as axes show it: three digits. */
export const shown = (value: number): string => String(Number(value.toPrecision(3)));

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
  readonly kind?: 'small' | 'title';
  /** Reads from bottom to top. */
  readonly turn?: boolean;
}

export function text(
  x: number,
  y: number,
  content: string,
  { anchor = 'start', kind = 'small', turn = false }: TextOptions = {},
): string {
  const rotation = turn ? ` transform="rotate(-90 ${x} ${y})"` : '';
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" class="${kind}"${rotation}>${escapeMarkup(content)}</text>`;
}

/** About as wide as `content` is as small text, in pixels: there are no font metrics here. */
export function textWidth(content: string): number {
  let width = 0;
  // Chinese, Japanese and Korean letters are as wide as they are high.
  for (const character of content) width += (character.codePointAt(0) ?? 0) >= 0x2e80 ? 11 : 6.2;
  return width;
}

/**
 * One SVG of panels side by side, `perRow` in a row; it follows the colour scheme of the reader.
 *
 * @param label what the picture shows, for readers who do not see it
 */
export function chartPage(label: string, panels: readonly Panel[], perRow: number): string {
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
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(label)}">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="page" width="${width}" height="${height}"/>`,
    ...placed,
    '</svg>\n',
  ].join('\n');
}
