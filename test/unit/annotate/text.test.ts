/** Letters as outlines: which there are, how wide text is, how it is cut. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanText, fontMetrics, setLine, shortenLine } from '../../../src/annotate/text.js';

const UNKNOWN = setLine('\u{1f98a}').path;

describe('outlines', () => {
  it('are there for the languages of Europe, Vietnamese, signs and arrows', () => {
    const text =
      'The quick brown fox 0123456789 !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ ÄÖÜßéèñçøåæœ ĄĆĘŁŃŚŹŻ čďěňřšťůž őű ğış ' +
      'Ωμέγα Ελλάδα Съешь ещё этих французских булок Ґїєі Việt Nam đường – — “”‘’„…•€£¥™→←↑↓↔≤≥≠≈±×÷°²³½ﬁ';
    for (const character of text) {
      if (character === ' ') continue;
      const { path: outline, width } = setLine(character);
      expect(outline, character).not.toBe(UNKNOWN);
      expect(outline, character).toMatch(/^M0 0m-?\d+[- ]\d+[-\dhlmqvz ]*z$/);
      expect(width, character).toBeGreaterThan(100);
    }
  });

  it('other characters are boxes, one each', () => {
    expect(setLine('日').path).toBe(UNKNOWN);
    expect(setLine('日本').path.match(/M/g)).toHaveLength(2);
    expect(setLine('日本').width).toBe(2 * setLine('日').width);
  });

  it('have the size of the font', () => {
    // DejaVu Sans Condensed Bold, 2048 units: capitals of 1493, M 1834 wide.
    expect(fontMetrics()).toMatchObject({ units: 1024, capHeight: 747 });
    expect(setLine('M').width).toBe(1834 / 2);
    expect(setLine('AM').width).toBe(setLine('A').width + setLine('M').width);
  });

  it('take less than 250 KB', () => {
    const file = path.join(import.meta.dirname, '../../../src/annotate/glyphs.json');
    expect(statSync(file).size).toBeLessThan(250_000);
  });
});

describe('cleanText', () => {
  it.each([
    ['a\n\t b\u00a0c ', 'a b c'],
    ['e\u0301', 'é'],
    ['x\u0301y', 'xy'],
    ['a\u0000\u001b\u200b\ufefft', 'at'],
    ['\ud800x', 'x'],
    ['👍\ufe0f', '👍'],
    ['', ''],
  ])('%j is %j', (text, clean) => {
    expect(cleanText(text)).toBe(clean);
  });

  it('cuts what is longer than any picture', () => {
    const clean = cleanText('x'.repeat(10_000_000));
    expect(clean.length).toBe(4097);
    expect(clean.endsWith('…')).toBe(true);
  });
});

describe('shortenLine', () => {
  it('keeps as much as fits, with the suffix', () => {
    const width = setLine('elephan… 0.5').width;
    expect(shortenLine('elephant', ' 0.5', width)?.text).toBe('elephan… 0.5');
    expect(shortenLine('elephant', ' 0.5', width - 1)?.text).toBe('elepha… 0.5');
    expect(shortenLine('elephant', ' 0.5', width)?.width).toBeLessThanOrEqual(width);
  });

  it('leaves no space before the ellipsis and cuts no character in two', () => {
    expect(shortenLine('red car', '', setLine('red …').width)?.text).toBe('red…');
    const foxes = shortenLine('🦊🦊🦊', '', setLine('🦊…').width);
    expect(foxes?.text).toBe('🦊…');
  });

  it('returns nothing when not one letter fits', () => {
    expect(shortenLine('elephant', ' 0.5', setLine('… 0.5').width)).toBeUndefined();
  });
});
