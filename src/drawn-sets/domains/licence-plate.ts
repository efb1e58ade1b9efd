/** Number plates of cars in the manner of several countries, none of which they name. */
import { type TextStyle, textAt, textWidth } from '../letters.js';
import { CLEAR_LETTERS, type Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, gradient, rect, rgb } from '../shapes.js';

interface Style {
  /** What is on it. */
  readonly text: (random: Random) => string;
  readonly face: readonly string[];
  readonly ink: readonly string[];
  readonly height: number;
  /** A blue band with stars at the left. */
  readonly hasBand: boolean;
  readonly bolts: 0 | 2 | 4;
}

const letters = (random: Random, n: number): string => random.text(n, CLEAR_LETTERS);

const STYLES: readonly Style[] = [
  {
    text: (r) => `${letters(r, 2)}-${r.digits(3)}-${letters(r, 2)}`,
    ...{ face: ['#f4f4f0', '#e9eaea'], ink: ['#15161a'], height: 112, hasBand: true, bolts: 0 },
  },
  {
    text: (r) => `${letters(r, r.integer(1, 3))} ${letters(r, 2)} ${r.integer(10, 9999)}`,
    ...{ face: ['#f6f6f2'], ink: ['#101114'], height: 112, hasBand: true, bolts: 0 },
  },
  {
    text: (r) => `${letters(r, 2)}${r.digits(2)} ${letters(r, 3)}`,
    ...{ face: ['#f2c53d', '#f0f0ec'], ink: ['#141414'], height: 112, hasBand: false, bolts: 2 },
  },
  {
    text: (r) => `${r.digits(2)}-${letters(r, 3)}-${r.digits(1)}`,
    ...{ face: ['#f0b429'], ink: ['#1a1710'], height: 112, hasBand: true, bolts: 0 },
  },
  {
    text: (r) => `${letters(r, 3)} ${r.digits(4)}`,
    face: ['#eef2f6', '#dfe9f3', '#f2ead2'],
    ...{ ink: ['#1d2f6f', '#7a1f23', '#1f4a2c'], height: 190, hasBand: false, bolts: 4 },
  },
  {
    text: (r) => `${r.integer(1, 9)}${letters(r, 3)}${r.digits(3)}`,
    ...{ face: ['#17181b'], ink: ['#e9e6d8', '#e8c84a'], height: 190, hasBand: false, bolts: 4 },
  },
];

const PLATE_WIDTH = 520;
const ROOM = 46;

export function licencePlate(random: Random): Scene {
  const style = random.of(STYLES);
  const text = style.text(random);
  const face = random.of(style.face);
  const ink = random.of(style.ink);
  const width = PLATE_WIDTH + 2 * ROOM;
  const height = style.height + 2 * ROOM;
  const band = style.hasBand ? 44 : 0;
  const left = ROOM + band;
  const place = PLATE_WIDTH - band;
  const letter = style.height > 150 ? 96 : 78;
  const plain: TextStyle = {
    ...{ font: random.of(['barlow', 'overpass', 'dejavu'] as const), height: letter, fill: ink },
    ...{ spacing: 0.09, anchor: 'middle' },
  };
  const stretch = Math.min(1.12, (place - 44) / textWidth(text, plain));
  const x = left + place / 2;
  const y = ROOM + (style.height + letter) / 2;
  const body = bodyOf(random, width, height);
  const edge = `rx="9" stroke="${ink}" stroke-opacity="0.75" stroke-width="3"`;
  const parts = [
    body,
    rect(ROOM - 9, ROOM - 8, PLATE_WIDTH + 18, style.height + 16, '#0c0d0f', 'rx="10"'),
    rect(ROOM, ROOM, PLATE_WIDTH, style.height, face, 'rx="9"'),
    rect(ROOM + 4, ROOM + 4, PLATE_WIDTH - 8, style.height - 8, 'none', edge),
    band > 0 ? bandAt(ROOM, ROOM, band, style.height) : '',
    bolts(style.bolts, style.height),
    textAt(text, x, y, { ...plain, stretch }),
  ];
  const raised = textAt(text, x, y, { ...plain, stretch, fill: '#ffffff' });
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 12, ROOM - 10), letter },
    svg: parts.join(''),
    relief: {
      svg: `${rect(0, 0, width, height, '#000000')}${rect(ROOM, ROOM, PLATE_WIDTH, style.height, '#606060', 'rx="9"')}${raised}`,
      ...{ soften: 1.6, depth: random.between(0.1, 0.45) },
    },
    letterPixels: [17, 44],
    conditions: { ...OUTDOORS, fade: 0.8 },
    answers: { text },
  };
}

/** The painted metal around the plate. */
function bodyOf(random: Random, width: number, height: number): string {
  const [r, g, b] = random.of([
    [150, 24, 30],
    [28, 48, 92],
    [200, 204, 208],
    [38, 40, 44],
    [236, 238, 240],
    [92, 104, 96],
  ] as const);
  const tone = (share: number): string => rgb(r * share, g * share, b * share);
  const stops = [
    [0, tone(1.15)],
    [0.55, tone(1)],
    [1, tone(0.45)],
  ] as const;
  return gradient('body', 'down', stops) + rect(0, 0, width, height, 'url(#body)');
}

function bandAt(x: number, y: number, width: number, height: number): string {
  const stars: string[] = [];
  const radius = width * 0.32;
  for (const [dx, dy] of CLOCK) {
    stars.push(
      circle(x + width / 2 + dx * radius, y + height * 0.36 + dy * radius, 2.4, '#f5d020'),
    );
  }
  return rect(x + 3, y + 3, width, height - 6, '#1f3f9c', 'rx="7"') + stars.join('');
}

/** Twelve places on a circle. */
const CLOCK: readonly (readonly [number, number])[] = [
  ...([
    [0, -1],
    [0.5, -0.866],
    [0.866, -0.5],
    [1, 0],
    [0.866, 0.5],
    [0.5, 0.866],
  ] as const),
  ...([
    [0, 1],
    [-0.5, 0.866],
    [-0.866, 0.5],
    [-1, 0],
    [-0.866, -0.5],
    [-0.5, -0.866],
  ] as const),
];

function bolts(count: 0 | 2 | 4, height: number): string {
  const xs = count === 0 ? [] : [ROOM + 20, ROOM + PLATE_WIDTH - 20];
  const ys = count === 4 ? [ROOM + 20, ROOM + height - 20] : [ROOM + height / 2];
  return xs
    .flatMap((x) => ys.map((y) => circle(x, y, 7, '#9a9c9e', 'stroke="#4c4e50" stroke-width="2"')))
    .join('');
}
