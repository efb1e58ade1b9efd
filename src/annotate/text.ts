/**
 * Text as outlines, so that labels look the same on machines without fonts. One line, left to right, no kerning; which
 * characters have an outline is decided in scripts/glyphs.mjs.
 */
import { type FontMetrics, type GlyphFile, GlyphFont, type TextLine } from './glyph-font.js';

/** DejaVu Sans Condensed Bold. A literal `require`, so that bundlers see it. */
export const LABEL_FONT = new GlyphFont('glyphs.json', () => require('./glyphs.json') as GlyphFile);

export function fontMetrics(): FontMetrics {
  return LABEL_FONT.metrics;
}

/**
 * The text as one readable line: composed (NFC), white space as single spaces, without control and format characters,
 * combining marks that are left, lone surrogates.
 */
export function cleanText(text: string): string {
  // No label of this length fits anywhere, and a hostile one had better not be normalised whole.
  const cut = text.length > 4096 ? `${text.slice(0, 4096)}…` : text;
  return cut
    .normalize('NFC')
    .replace(/[\p{Cf}\p{M}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '')
    .replace(/\s+/gu, ' ')
    .replace(/\p{Cc}/gu, '')
    .trim();
}

/** Sets cleaned text. */
export function setLine(text: string): TextLine {
  return LABEL_FONT.setLine(text);
}

/** The longest beginning of `text` that fits into `width` units together with an ellipsis and `suffix`; undefined if none does. */
export function shortenLine(text: string, suffix: string, width: number): TextLine | undefined {
  const characters = [...text];
  let left = width - setLine(`…${suffix}`).width;
  let kept = 0;
  for (const character of characters) {
    left -= LABEL_FONT.glyph(character).advance;
    if (left < 0) break;
    kept++;
  }
  if (kept === 0) return undefined;
  return setLine(`${characters.slice(0, kept).join('').trimEnd()}…${suffix}`);
}
