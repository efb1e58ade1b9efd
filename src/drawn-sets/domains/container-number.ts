/** ISO 6346 numbers on the wall of a container. */
import { containerCheckDigit } from '../check-digits.js';
import { type TextStyle, textAt, textWidth } from '../letters.js';
import { CLEAR_LETTERS, type Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { px, rect, rgb } from '../shapes.js';

const PAINTS = [
  [122, 44, 34],
  [24, 62, 104],
  [34, 84, 62],
  [196, 104, 36],
  [118, 122, 124],
  [206, 208, 204],
  [84, 38, 44],
] as const;
const LETTER = 90;
const ROOM = 60;

export function containerNumber(random: Random): Scene {
  const owner = `${random.text(3, CLEAR_LETTERS)}U`;
  const serial = random.digits(6);
  const check = `${containerCheckDigit(owner + serial)}`;
  const isTwoLines = random.chance(0.4);
  const [r, g, b] = random.of(PAINTS);
  const isLight = r + g + b > 450;
  const style: TextStyle = {
    font: random.of(['stencil', 'barlow', 'overpass', 'dejavu'] as const),
    ...{ height: LETTER, fill: isLight ? '#1d1f22' : '#eceae2', spacing: 0.12 },
  };
  const gap = 62;
  const widthOf = (text: string): number => textWidth(text, style);
  const second = widthOf(serial) + gap + widthOf(check);
  const inner = isTwoLines ? Math.max(widthOf(owner), second) : widthOf(owner) + gap + second;
  const width = inner + 2 * ROOM + 60;
  const height = (isTwoLines ? 2.55 : 1) * LETTER + 2 * ROOM + 60;
  const x = ROOM + 30;
  const y = ROOM + 30 + LETTER;
  const below = isTwoLines ? y + 1.5 * LETTER : y;
  const start = isTwoLines ? x : x + widthOf(owner) + gap;
  const digitAt = start + widthOf(serial) + gap;
  const frame = `fill="none" stroke="${style.fill}" stroke-width="7"`;
  const box = `<rect x="${px(digitAt - 20)}" y="${px(below - LETTER - 20)}" width="${px(widthOf(check) + 40)}" height="${px(LETTER + 40)}" ${frame}/>`;
  const writing = [
    textAt(owner, x, y, style),
    textAt(serial, start, below, style),
    textAt(check, digitAt, below, style),
    box,
  ].join('');
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter: LETTER },
    svg: `${rect(0, 0, width, height, rgb(r, g, b))}<g opacity="${px(random.between(0.82, 0.97))}">${writing}</g>${waves(random, width, height)}${rust(random, width, height)}`,
    grains: [
      { x: 5, y: 60, amount: 0.06 },
      { x: 40, y: 34, amount: 0.09 },
    ],
    letterPixels: [16, 38],
    conditions: { ...OUTDOORS, dirt: 1 },
    answers: { text: `${owner} ${serial} ${check}` },
  };
}

/** Waves of the steel: flat, a slope in the shade, flat, a slope in the light. */
function waves(random: Random, width: number, height: number): string {
  const length = random.between(130, 230);
  const depth = random.between(0.25, 0.75);
  const stop = (at: number, colour: string, opacity: number): string =>
    `<stop offset="${px(at)}" stop-color="${colour}" stop-opacity="${px(opacity * depth)}"/>`;
  const stops = [
    ...[stop(0, '#fff', 0.06), stop(0.3, '#fff', 0.06), stop(0.34, '#000', 0.5)],
    ...[stop(0.48, '#000', 0.36), stop(0.52, '#000', 0.14), stop(0.8, '#000', 0.14)],
    ...[stop(0.84, '#fff', 0.3), stop(0.96, '#fff', 0.24), stop(1, '#fff', 0.06)],
  ];
  const from = random.between(-length, 0);
  const gradient = `<linearGradient id="steel" gradientUnits="userSpaceOnUse" spreadMethod="repeat" x1="${px(from)}" x2="${px(from + length)}" y1="0" y2="0">${stops.join('')}</linearGradient>`;
  return `<defs>${gradient}</defs>${rect(0, 0, width, height, 'url(#steel)')}`;
}

/** Drops of rust that run down. */
function rust(random: Random, width: number, height: number): string {
  let svg = '';
  for (let i = random.integer(0, 7); i > 0; i--) {
    const x = random.between(0, width);
    const y = random.between(0, height);
    const length = random.between(20, 120);
    const across = random.between(2, 7);
    svg += rect(
      x,
      y,
      across,
      length,
      '#6b3a1e',
      `rx="${px(across / 2)}" opacity="${px(random.between(0.25, 0.6))}"`,
    );
  }
  return svg;
}
