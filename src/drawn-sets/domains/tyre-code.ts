/** DOT codes in the side of a tyre: raised rubber, seen by its shadows. */
import { type TextStyle, textAround, textWidth } from '../letters.js';
import { CLEAR_LETTERS, type Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { px, rect } from '../shapes.js';

const LETTER = 64;
const ROOM = 34;
const ANY = `123456789${CLEAR_LETTERS}`;

/** Plant, size, sometimes the maker's own code, week and year. 49 CFR 574.5. */
function anyCode(random: Random): string {
  const plant = random.text(random.chance(0.3) ? 3 : 2, ANY);
  const size = random.text(2, ANY);
  const own = random.chance(0.7) ? `${random.text(random.integer(3, 4), CLEAR_LETTERS)} ` : '';
  const week = String(random.integer(1, 52)).padStart(2, '0');
  const year = String(random.integer(8, 29)).padStart(2, '0');
  return `DOT ${plant}${size} ${own}${week}${year}`;
}

export function tyreCode(random: Random): Scene {
  const text = anyCode(random);
  const style: TextStyle = {
    ...{ font: random.of(['barlow', 'overpass', 'dejavu'] as const), height: LETTER },
    ...{ spacing: 0.14, fill: random.of(['#3b3d40', '#35373a', '#44464a']) },
  };
  const inner = textWidth(text, style);
  const r = inner * random.between(1.1, 2.4);
  // The ends of the line are that much lower than its middle.
  const sag = r - Math.sqrt(r * r - (inner / 2) ** 2);
  const width = inner + 2 * ROOM + 60;
  const height = LETTER + sag + 2 * ROOM + 50;
  const x = width / 2;
  const foot = ROOM + 22 + LETTER;
  const y = foot + r;
  const rubber = random.of(['#242527', '#2b2a29', '#1f2124']);
  const ring = (at: number, across: number, fill: string): string =>
    `<circle cx="${px(x)}" cy="${px(y)}" r="${px(at)}" fill="none" stroke="${fill}" stroke-width="${px(across)}"/>`;
  const rings = [
    ring(r + LETTER + 26, random.between(6, 16), '#c0c0c0'),
    ring(r - 24, random.between(4, 12), '#c0c0c0'),
  ].join('');
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter: LETTER },
    svg: rect(0, 0, width, height, rubber) + textAround(text, x, y, r, style),
    relief: {
      svg: `${rect(0, 0, width, height, '#000000')}${rings}${textAround(text, x, y, r, { ...style, fill: '#ffffff' })}`,
      ...{ soften: 2.2, depth: random.between(0.75, 1.3) },
    },
    grains: [
      { x: 2.4, y: 2.4, amount: 0.22 },
      { x: 60, y: 46, amount: 0.16 },
    ],
    letterPixels: [22, 40],
    conditions: { ...OUTDOORS, fade: 0.25, blur: 0.5, noise: 0.5, shadow: 0.4, dirt: 0.5 },
    answers: { text },
  };
}
