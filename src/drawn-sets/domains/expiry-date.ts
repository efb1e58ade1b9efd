/** Expiry dates in dots of ink, on foil, cardboard and plastic. */
import { DOT_COLUMNS, DOT_ROWS, dotsOf } from '../dot-matrix.js';
import { CLEAR_LETTERS, type Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, px, rect } from '../shapes.js';

const MONTHS = [
  'JAN',
  'FEB',
  'MAR',
  'APR',
  'MAY',
  'JUN',
  'JUL',
  'AUG',
  'SEP',
  'OCT',
  'NOV',
  'DEC',
] as const;
/** From one dot to the next. */
const STEP = 11;
const ROOM = 30;

function anyDate(random: Random): string {
  const days = random.integer(1, 28);
  const month = random.integer(1, 12);
  const year = random.integer(2025, 2031);
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = random.of([
    `${two(days)}.${two(month)}.${year}`,
    `${two(days)}/${two(month)}/${year % 100}`,
    `${year}-${two(month)}-${two(days)}`,
    `${two(days)} ${MONTHS[month - 1]} ${year}`,
    `${two(days)}${MONTHS[month - 1]}${year % 100}`,
    `${two(month)}/${year}`,
  ]);
  const before = random.of(['', '', 'EXP ', 'BB ', 'BEST BEFORE ', 'USE BY ']);
  const lot =
    before.length < 5 && random.chance(0.3)
      ? ` L${random.digits(4)}${random.text(1, CLEAR_LETTERS)}`
      : '';
  return `${before}${date}${lot}`;
}

interface Ground {
  readonly colour: string;
  readonly ink: readonly string[];
  /** How strongly it is creased, and its grain. */
  readonly creases: number;
  readonly grain: number;
}

const GROUNDS: readonly Ground[] = [
  { colour: '#b9bdc1', ink: ['#14161a', '#1c2448'], creases: 0.5, grain: 0.2 },
  { colour: '#c9a24c', ink: ['#17130c'], creases: 0.45, grain: 0.16 },
  { colour: '#a98a62', ink: ['#1d1813', '#20243a'], creases: 0.08, grain: 0.12 },
  { colour: '#f0efeb', ink: ['#16181c', '#1b2a66', '#5b1c20'], creases: 0.1, grain: 0.04 },
  { colour: '#1f5c3a', ink: ['#f4f4f0', '#f1e79a'], creases: 0.3, grain: 0.06 },
  { colour: '#242528', ink: ['#f2f2ee', '#f0dc82'], creases: 0.3, grain: 0.08 },
  { colour: '#b02a28', ink: ['#f5f3ee'], creases: 0.3, grain: 0.06 },
];

export function expiryDate(random: Random): Scene {
  const text = anyDate(random);
  const ground = random.of(GROUNDS);
  const ink = random.of(ground.ink);
  const inner = (text.length * DOT_COLUMNS - 1) * STEP;
  const letter = DOT_ROWS * STEP;
  const width = inner + 2 * ROOM + 70;
  const height = letter + 2 * ROOM + 56;
  // Drops of a jet that swings while the package passes: rows lean, and each is somewhat off.
  const lean = random.between(-0.08, 0.22);
  const radius = STEP * random.between(0.4, 0.54);
  let dots = '';
  for (const { row, column } of dotsOf(text)) {
    const x =
      ROOM + 35 + column * STEP + (DOT_ROWS - row) * lean * STEP + random.between(-0.9, 0.9);
    const y = ROOM + 28 + (row + 0.5) * STEP + random.between(-0.9, 0.9);
    dots += circle(x, y, radius * random.between(0.86, 1.1), ink);
  }
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter },
    svg: `${rect(0, 0, width, height, ground.colour)}<g opacity="${px(random.between(0.8, 1))}">${dots}</g>`,
    relief: {
      svg: creases(random, width, height),
      soften: 7,
      depth: ground.creases * random.between(0.3, 1),
    },
    grains: [
      { x: 26, y: 160, amount: ground.grain },
      { x: 4, y: 4, amount: 0.05 },
    ],
    letterPixels: [21, 40],
    conditions: { ...OUTDOORS, dirt: 0.25, fade: 0.5, blur: 0.8 },
    answers: { text },
  };
}

/** Facets of crumpled foil. */
function creases(random: Random, width: number, height: number): string {
  let svg = rect(0, 0, width, height, '#808080');
  for (let i = 0; i < 14; i++) {
    const [x, y] = [random.between(-50, width), random.between(-50, height)];
    const points = [0, 0, 0].flatMap(() => [
      x + random.between(-160, 160),
      y + random.between(-90, 90),
    ]);
    const level = random.integer(80, 180);
    svg += `<polygon points="${points.map(px).join(' ')}" fill="rgb(${level},${level},${level})" opacity="0.7"/>`;
  }
  return svg;
}
