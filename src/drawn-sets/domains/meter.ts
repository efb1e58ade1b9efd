/** Registers of meters: digits on drums, the last of which may be on its way to the next. */
import { type FontName, type TextStyle, textAt } from '../letters.js';
import type { Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, gradient, px, rect } from '../shapes.js';

const CELL = { width: 78, height: 118, gap: 12 };
const LETTER = 74;
const ROOM = 40;
/** The last drum is turned by at most this part of a step: its digit is the one to be read without a doubt. */
const MOST_TURNED = 0.2;

interface Drum {
  readonly digit: number;
  readonly turned: number;
  readonly ground: string;
  readonly ink: string;
}

export function meter(random: Random): Scene {
  const whole = random.integer(4, 6);
  const parts = random.integer(0, Math.min(3, 8 - whole));
  const isDark = random.chance(0.65);
  const first = random.chance(0.6) ? '0' : '';
  const text = `${first}${random.digits(whole + parts - first.length)}`;
  const drums = [...text].map((digit, i): Drum => {
    const isLast = i === text.length - 1;
    const isPart = i >= whole;
    return {
      digit: Number(digit),
      turned: isLast ? random.between(0, MOST_TURNED) : random.between(-0.025, 0.025),
      ground: isPart ? '#a8201c' : isDark ? '#18191b' : '#efeee8',
      ink: isPart || isDark ? '#f2f1ec' : '#161719',
    };
  });
  const font = random.of(['barlow', 'overpass', 'dejavu'] as const);
  const step = CELL.width + CELL.gap;
  const width = drums.length * step - CELL.gap + 2 * ROOM + 68;
  const height = CELL.height + 2 * ROOM + 60;
  const x = ROOM + 34;
  const y = ROOM + 30;
  const face = random.of(['#d9d8d2', '#e9e8e2', '#33363a', '#b9bdc0']);
  const frame = `rx="8" stroke="#000000" stroke-opacity="0.6" stroke-width="5"`;
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter: LETTER },
    svg: [
      rect(0, 0, width, height, face),
      rect(x - 18, y - 16, drums.length * step - CELL.gap + 36, CELL.height + 32, '#0c0d0e', frame),
      gradient('drum', 'down', [
        [0, '#000000'],
        [0.3, '#ffffff'],
        [0.55, '#ffffff'],
        [1, '#000000'],
      ]),
      ...drums.map((drum, i) => drawn(drum, i, x + i * step, y, font)),
      screws(random, width, height),
    ].join(''),
    grains: [{ x: 50, y: 44, amount: 0.05 }],
    letterPixels: [18, 44],
    conditions: { ...OUTDOORS, glare: 0.55, dirt: 0.5 },
    answers: { text },
  };
}

function drawn(
  { digit, turned, ground, ink }: Drum,
  i: number,
  x: number,
  y: number,
  font: FontName,
): string {
  const style: TextStyle = { font, height: LETTER, fill: ink, anchor: 'middle' };
  const middle = x + CELL.width / 2;
  const base = y + (CELL.height + LETTER) / 2;
  const line = (of: number, steps: number): string =>
    textAt(`${(of + 10) % 10}`, middle, base + steps * CELL.height * 0.86, style);
  const window = rect(x, y, CELL.width, CELL.height, '#000000');
  return [
    `<defs><clipPath id="c${i}">${window}</clipPath></defs>`,
    `<g clip-path="url(#c${i})">`,
    rect(x, y, CELL.width, CELL.height, ground),
    line(digit - 1, -1 - turned),
    line(digit, -turned),
    line(digit + 1, 1 - turned),
    // Darker where the drum turns away.
    `<rect x="${px(x)}" y="${px(y)}" width="${CELL.width}" height="${CELL.height}" fill="url(#drum)" style="mix-blend-mode:multiply" opacity="0.75"/>`,
    '</g>',
  ].join('');
}

function screws(random: Random, width: number, height: number): string {
  if (random.chance(0.5)) return '';
  return [ROOM + 12, width - ROOM - 12]
    .map((x) => circle(x, height / 2, 9, '#8c8f92', 'stroke="#44474a" stroke-width="2"'))
    .join('');
}
