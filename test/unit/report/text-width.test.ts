import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'opentype.js';
import { describe, expect, it } from 'vitest';
import { shorten, textWidth } from '../../../src/report/text-width.js';

const require = createRequire(import.meta.url);

function font(name: string) {
  const bytes = readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
  const parsed = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const { unitsPerEm } = parsed;
  return { charToGlyph: (character: string) => parsed.charToGlyph(character), unitsPerEm };
}

describe('textWidth', () => {
  it.each([
    ['small', 11, 'DejaVuSans'],
    ['title', 13, 'DejaVuSans-Bold'],
  ] as const)('is never below that of DejaVu, in %s text of %i pixels', (kind, size, name) => {
    const { charToGlyph, unitsPerEm } = font(name);
    const narrower: string[] = [];
    let compared = 0;
    for (let code = 0x20; code < 0x10000; code++) {
      const character = String.fromCharCode(code);
      if (/[\p{Cs}\p{Mn}\p{Me}\p{Cc}\p{Co}\p{Default_Ignorable_Code_Point}]/u.test(character))
        continue;
      const glyph = charToGlyph(character);
      if (glyph.index === 0) continue;
      compared++;
      const real = ((glyph.advanceWidth ?? 0) / unitsPerEm) * size;
      if (real > textWidth(character, kind) + 1e-9) narrower.push(character);
    }
    expect(compared).toBeGreaterThan(4000);
    // Letters of Ogham and Canadian syllabics, and two signs.
    expect(narrower.length).toBeLessThan(12);
    expect(
      narrower.filter((one) => /[\p{Script=Latin}\p{Script=Greek}\p{Script=Arabic}]/u.test(one)),
    ).toEqual([]);
  });

  it('is near to that of DejaVu for usual text', () => {
    const text = 'character error rate of 120 rows, paligemma2-3b-mix-448-q8_0.gguf';
    const { charToGlyph, unitsPerEm } = font('DejaVuSans');
    const advances = [...text].map((one) => charToGlyph(one).advanceWidth ?? 0);
    const real = (11 / unitsPerEm) * advances.reduce((sum, one) => sum + one, 0);
    expect(textWidth(text)).toBeLessThan(real * 1.06);
  });

  it('counts marks as nothing, accented letters as letters, and Chinese ones as an em', () => {
    expect(textWidth('e\u0301')).toBe(textWidth('e'));
    expect(textWidth('é')).toBe(textWidth('e'));
    expect(textWidth('文字')).toBe(22);
    expect(textWidth('\u200b\u2060')).toBe(0);
  });
});

describe('shorten', () => {
  it('keeps what fits, and cuts the rest between characters as readers see them', () => {
    expect(shorten('short', 100)).toBe('short');
    expect(shorten('one two three', 60)).toBe('one two…');
    const family = '👩‍👩‍👧';
    expect(shorten(family.repeat(5), 100)).toMatch(/^(👩‍👩‍👧)*…$/u);
    expect(shorten('x'.repeat(100_000), 50).length).toBeLessThan(10);
  });

  it('makes one line without marks of direction', () => {
    expect(shorten('a\n\tb\u202ec', 100)).toBe('a b c');
  });
});
