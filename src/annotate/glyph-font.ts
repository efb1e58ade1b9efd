/** A font as a file of outlines: scripts/glyphs.mjs makes them. One line, left to right, no kerning. */
import { makeError } from '../errors.js';

export interface GlyphFile {
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

export class GlyphFont {
  readonly #name: string;
  readonly #read: () => GlyphFile;
  readonly #parsed = new Map<string, Glyph>();
  #file: GlyphFile | undefined;

  /**
   * @param name of the file, for the error when it is missing
   * @param read reads it, with the first text
   */
  constructor(name: string, read: () => GlyphFile) {
    this.#name = name;
    this.#read = read;
  }

  get metrics(): FontMetrics {
    return this.#load();
  }

  /** `spacing`: units added after each character. */
  setLine(text: string, spacing = 0): TextLine {
    let width = 0;
    let path = '';
    for (const character of text) {
      const glyph = this.glyph(character);
      if (glyph.path !== '') path += `M${width} 0${glyph.path}`;
      width += glyph.advance + spacing;
    }
    return { text, width, path };
  }

  glyph(character: string): Glyph {
    const known = this.#parsed.get(character);
    if (known !== undefined) return known;
    const { glyphs } = this.#load();
    if (!Object.hasOwn(glyphs, character)) return UNKNOWN;
    const entry = glyphs[character] ?? '';
    const space = entry.indexOf(' ');
    const glyph = { advance: Number(entry.slice(0, space)), path: entry.slice(space + 1) };
    this.#parsed.set(character, glyph);
    return glyph;
  }

  #load(): GlyphFile {
    try {
      this.#file ??= this.#read();
      return this.#file;
    } catch (cause) {
      throw makeError(
        'ERR_ENGINE_INTERNAL',
        `the outlines of the letters (${this.#name}) are missing`,
        {
          name: this.#name,
          hint: 'in a clone, run npm run setup; else install the package again',
          cause,
        },
      );
    }
  }
}
