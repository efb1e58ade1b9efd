/** Text as SVG. Fonts are outlines in files: no font of the machine is ever used. */
import { type GlyphFile, GlyphFont } from '../annotate/glyph-font.js';
import { LABEL_FONT } from '../annotate/text.js';
import { px } from './shapes.js';

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

/**
 * A line of text around a circle, its middle at the top of it: letters with their feet on the circle of radius `r` around
 * `x`, `y`.
 */
export function textAround(
  text: string,
  x: number,
  y: number,
  r: number,
  style: TextStyle,
): string {
  const { metrics } = FONTS[style.font];
  const { spacing = 0, fill } = style;
  const scale = style.height / metrics.capHeight;
  let along = -textWidth(text, style) / 2;
  let svg = '';
  for (const character of text) {
    const { advance, path } = FONTS[style.font].glyph(character);
    const width = advance * scale;
    const degrees = ((along + width / 2) / r) * (180 / Math.PI);
    svg += `<path transform="translate(${px(x)} ${px(y)}) rotate(${px(degrees)}) translate(${px(-width / 2)} ${px(-r)}) scale(${scale.toPrecision(6)})" d="${path}" fill="${fill}"/>`;
    along += width + spacing * style.height;
  }
  return svg;
}
