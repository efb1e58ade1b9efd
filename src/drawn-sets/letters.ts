/** Text as SVG. Fonts are outlines in files: no font of the machine is ever used. */
import { type GlyphFile, GlyphFont } from '../annotate/glyph-font.js';
import { LABEL_FONT } from '../annotate/text.js';

/** Literal `require`s, so that bundlers see them. */
export const FONTS = {
  anton: new GlyphFont('anton.json', () => require('./fonts/anton.json') as GlyphFile),
  b612: new GlyphFont('b612-mono.json', () => require('./fonts/b612-mono.json') as GlyphFile),
  barlow: new GlyphFont(
    'barlow-condensed.json',
    () => require('./fonts/barlow-condensed.json') as GlyphFile,
  ),
  courier: new GlyphFont(
    'courier-prime.json',
    () => require('./fonts/courier-prime.json') as GlyphFile,
  ),
  dejavu: LABEL_FONT,
  overpass: new GlyphFont('overpass.json', () => require('./fonts/overpass.json') as GlyphFile),
  playfair: new GlyphFont(
    'playfair-display.json',
    () => require('./fonts/playfair-display.json') as GlyphFile,
  ),
  stencil: new GlyphFont(
    'saira-stencil-one.json',
    () => require('./fonts/saira-stencil-one.json') as GlyphFile,
  ),
  tech: new GlyphFont(
    'share-tech-mono.json',
    () => require('./fonts/share-tech-mono.json') as GlyphFile,
  ),
} as const;

export type FontName = keyof typeof FONTS;

export interface TextStyle {
  readonly font: FontName;
  /** Height of a capital in pixels. */
  readonly height: number;
  readonly fill: string;
  /** Part of the height that is added after each letter. Default 0. */
  readonly spacing?: number;
  /** Stretches along the line. Default 1. */
  readonly stretch?: number;
  /** Which point of the line is at x. Default: its start. */
  readonly anchor?: 'start' | 'middle' | 'end';
}

interface Measured {
  readonly path: string;
  /** Pixels of a unit of the font. */
  readonly scale: number;
  /** Pixels. */
  readonly width: number;
}

function measure(text: string, { font, height, spacing = 0, stretch = 1 }: TextStyle): Measured {
  const { metrics } = FONTS[font];
  const between = spacing * metrics.capHeight;
  const line = FONTS[font].setLine(text, between);
  const scale = height / metrics.capHeight;
  return { path: line.path, scale, width: (line.width - between) * scale * stretch };
}

/** Pixels from the start of the first letter to the end of the last. */
export function textWidth(text: string, style: TextStyle): number {
  return measure(text, style).width;
}

/** A line of text; `y` is its base line. */
export function textAt(text: string, x: number, y: number, style: TextStyle): string {
  const { path, scale, width } = measure(text, style);
  const { anchor = 'start', fill, stretch = 1 } = style;
  const left = x - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
  return `<path transform="translate(${px(left)} ${px(y)}) scale(${(scale * stretch).toPrecision(6)} ${scale.toPrecision(6)})" d="${path}" fill="${fill}"/>`;
}

/** A number of SVG: thousandths of a pixel. */
export function px(value: number): string {
  return `${Math.round(value * 1000) / 1000 + 0}`;
}

export function rect(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  more = '',
): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}" ${more}/>`;
}

export function circle(x: number, y: number, r: number, fill: string, more = ''): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(r)}" fill="${fill}" ${more}/>`;
}

/** `#rrggbb` of three bytes. */
export function rgb(r: number, g: number, b: number): string {
  const byte = (value: number): string =>
    Math.min(255, Math.max(0, Math.round(value)))
      .toString(16)
      .padStart(2, '0');
  return `#${byte(r)}${byte(g)}${byte(b)}`;
}
