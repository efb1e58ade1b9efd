/**
 * Text as outlines, so that labels look the same on machines without fonts. One line, left to right, no kerning; which
 * characters have an outline is decided in scripts/glyphs.mjs.
 */
import { makeError } from '../errors.js';

/** glyphs.json, made by scripts/glyphs.mjs. */
interface GlyphFile {
  /** Units of one em. */
  readonly units: number;
  /** Height of a capital, in units. */
  readonly capHeight: number;
  /** By character: advance width, a space, path data relative to the glyph's origin on the base line, y down. */
  readonly glyphs: Readonly<Record<string, string>>;
}

interface Glyph {
  /** Units. */
  readonly advance: number;
  readonly path: string;
}

/** A line of text in units of the font, its origin at the left end of the base line. */
export interface TextLine {
  /** What is written, without what cannot be. */
  readonly text: string;
  /** Units. */
  readonly width: number;
  readonly path: string;
}

export interface FontMetrics {
  readonly units: number;
  readonly capHeight: number;
}

/** For characters without an outline, of any script: an empty box. */
const UNKNOWN: Glyph = { advance: 680, path: 'm80 0v-760h520v760zm70-70h380v-620h-380z' };

let file: GlyphFile | undefined;
const parsed = new Map<string, Glyph>();

/** Read with the first label. A literal `require`, so that bundlers see it. */
function load(): GlyphFile {
  try {
    file ??= require('./glyphs.json') as GlyphFile;
    return file;
  } catch (cause) {
    throw makeError(
      'ERR_ENGINE_INTERNAL',
      'the outlines of the letters (glyphs.json) are missing',
      {
        name: 'glyphs.json',
        hint: 'in a clone, run npm run setup; else install the package again',
        cause,
      },
    );
  }
}

export function fontMetrics(): FontMetrics {
  return load();
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
  let width = 0;
  let path = '';
  for (const character of text) {
    const glyph = glyphOf(character);
    if (glyph.path !== '') path += `M${width} 0${glyph.path}`;
    width += glyph.advance;
  }
  return { text, width, path };
}

/** The longest beginning of `text` that fits into `width` units together with an ellipsis and `suffix`; undefined if none does. */
export function shortenLine(text: string, suffix: string, width: number): TextLine | undefined {
  const characters = [...text];
  let left = width - setLine(`…${suffix}`).width;
  let kept = 0;
  for (const character of characters) {
    left -= glyphOf(character).advance;
    if (left < 0) break;
    kept++;
  }
  if (kept === 0) return undefined;
  return setLine(`${characters.slice(0, kept).join('').trimEnd()}…${suffix}`);
}

function glyphOf(character: string): Glyph {
  const known = parsed.get(character);
  if (known !== undefined) return known;
  const { glyphs } = load();
  if (!Object.hasOwn(glyphs, character)) return UNKNOWN;
  const entry = glyphs[character] ?? '';
  const space = entry.indexOf(' ');
  const glyph = { advance: Number(entry.slice(0, space)), path: entry.slice(space + 1) };
  parsed.set(character, glyph);
  return glyph;
}
