/** An answer in words as a band of lines under the picture. Letters are text.ts's, where the band goes is canvas.ts's. */
import type { TextLine } from './glyph-font.js';
import { cleanText, fontMetrics, setLine } from './text.js';

/** From one base line to the next, in ems. */
const LINE_HEIGHT = 1.4;
/** Around the lines, in ems. */
const PADDING = 0.6;
/** Longer answers end in an ellipsis: they would be higher than most pictures. */
const MOST_LINES = 60;

/** What the band is drawn in, and all else around the picture. */
export const SURROUNDINGS = '#202020';
const LETTERS = '#ffffff';

/** The lines of a caption. Sizes in the unit of `fontSize`. */
export interface Caption {
  readonly lines: readonly TextLine[];
  readonly fontSize: number;
  readonly height: number;
}

/** Wraps `text` at spaces, and words that are too long anywhere. undefined when there is nothing to write. */
export function setCaption(text: string, width: number, fontSize: number): Caption | undefined {
  const { units } = fontMetrics();
  const room = ((width - 2 * PADDING * fontSize) * units) / fontSize;
  const all = text
    .split(/[\r\n]+/)
    .map(cleanText)
    .filter((paragraph) => paragraph !== '')
    .flatMap((paragraph) => wrap(paragraph, room));
  if (all.length === 0) return undefined;
  const kept = all.slice(0, MOST_LINES);
  if (all.length > MOST_LINES) kept[MOST_LINES - 1] = `${kept[MOST_LINES - 1]}…`;
  return {
    lines: kept.map(setLine),
    fontSize,
    height: (kept.length * LINE_HEIGHT + 2 * PADDING) * fontSize,
  };
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, room))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && setLine(longer).width > room) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** The word, cut where it is wider than a line; at least a letter each. */
function pieces(word: string, room: number): string[] {
  if (setLine(word).width <= room) return [word];
  const parts: string[] = [];
  let part = '';
  let width = 0;
  for (const character of word) {
    const advance = setLine(character).width;
    if (part !== '' && width + advance > room) {
      parts.push(part);
      part = '';
      width = 0;
    }
    part += character;
    width += advance;
  }
  return [...parts, part];
}

/** The lines as SVG, their upper left corner at `x`, `y`. */
export function drawCaption({ lines, fontSize }: Caption, x: number, y: number): string {
  const { units, capHeight } = fontMetrics();
  const scale = fontSize / units;
  const paths = lines.map((line, i) => {
    // Capitals are in the middle of their line.
    const middle = y + (PADDING + (i + 0.5) * LINE_HEIGHT) * fontSize;
    const base = middle + (capHeight * scale) / 2;
    const left = x + PADDING * fontSize;
    const at = `translate(${left.toFixed(3)} ${base.toFixed(3)}) scale(${scale.toPrecision(6)})`;
    return `<path class="text" transform="${at}" d="${line.path}" fill="${LETTERS}"/>`;
  });
  return `<g class="caption">\n${paths.join('\n')}\n</g>`;
}
