/** Displays of seven segments: liquid crystal and glowing ones. The segments are drawn from a table. */
import type { Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, gradient, px, rect } from '../shapes.js';

/** Which of a b c d e f g are on: top, right above, right below, bottom, left below, left above, middle. */
const SEGMENTS: Readonly<Record<string, string>> = {
  ...{ 0: 'abcdef', 1: 'bc', 2: 'abdeg', 3: 'abcdg', 4: 'bcfg' },
  ...{ 5: 'acdfg', 6: 'acdefg', 7: 'abc', 8: 'abcdefg', 9: 'abcdfg' },
  '-': 'g',
};

const DIGIT = { width: 62, height: 110, thick: 15, gap: 26 };
const ROOM = 44;

interface Look {
  readonly ground: readonly [string, string];
  readonly on: string;
  /** Of segments that are off. */
  readonly off: string;
  readonly glows: boolean;
}

const LOOKS: readonly Look[] = [
  { ground: ['#b3bd9c', '#97a385'], on: '#1f2620', off: '#a5b08f', glows: false },
  { ground: ['#c3c8c4', '#a3aaa6'], on: '#22262a', off: '#b6bbb7', glows: false },
  { ground: ['#5a8fc4', '#3a6ca6'], on: '#eaf3fb', off: '#5085ba', glows: false },
  { ground: ['#140506', '#1d0708'], on: '#ff2a22', off: '#2c0b0b', glows: true },
  { ground: ['#04100a', '#06180d'], on: '#35f07a', off: '#0b2415', glows: true },
  { ground: ['#04080f', '#070d18'], on: '#5fb8ff', off: '#0d1a2a', glows: true },
  { ground: ['#120a02', '#180e04'], on: '#ffab2e', off: '#261706', glows: true },
];

/** A time, a weight, a temperature, a count. */
function anyReading(random: Random): string {
  switch (random.integer(0, 3)) {
    case 0:
      return `${String(random.integer(0, 23)).padStart(2, '0')}:${String(random.integer(0, 59)).padStart(2, '0')}`;
    case 1: {
      const places = random.integer(1, 3);
      return `${random.integer(0, 999)}.${random.digits(places)}`;
    }
    case 2:
      return `-${random.integer(0, 99)}.${random.digits(1)}`;
    default:
      return `${random.integer(100, 999_999)}`;
  }
}

export function sevenSegments(random: Random): Scene {
  const text = anyReading(random);
  const look = random.of(LOOKS);
  const skew = random.of([0, -5, -8]);
  const narrow = (character: string): boolean => character === '.' || character === ':';
  const widthOf = (character: string): number => (narrow(character) ? 14 : DIGIT.width) + DIGIT.gap;
  const inner = [...text].reduce((sum, character) => sum + widthOf(character), 0) - DIGIT.gap;
  const width = inner + 2 * ROOM + 90;
  const height = DIGIT.height + 2 * ROOM + 56;
  const top = ROOM + 28;
  const draw = (fill: string): string => {
    let x = ROOM + 45;
    let svg = '';
    for (const character of text) {
      svg += narrow(character)
        ? dots(character, x, top, fill)
        : digit(SEGMENTS[character] ?? '', x, top, fill);
      x += widthOf(character);
    }
    return svg;
  };
  let off = '';
  let x = ROOM + 45;
  for (const character of text) {
    if (!narrow(character)) off += digit('abcdefg', x, top, look.off);
    x += widthOf(character);
  }
  const tilt = `transform="translate(${px(-Math.tan((skew * Math.PI) / 180) * (top + DIGIT.height / 2))} 0) skewX(${skew})"`;
  const on = draw(look.on);
  const glow = look.glows
    ? `<defs><filter id="glow" x="-20%" y="-40%" width="140%" height="180%"><feGaussianBlur stdDeviation="9"/></filter></defs><g filter="url(#glow)" opacity="0.75">${on}</g>`
    : `<g transform="translate(3 4)" opacity="0.16">${draw('#000000')}</g>`;
  const frame = random.of(['#1b1c1f', '#3a3c40', '#d4d5d2', '#7d8084']);
  const window = [ROOM - 8, ROOM - 8, width - 2 * ROOM + 16, height - 2 * ROOM + 16] as const;
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 20, ROOM - 20), letter: DIGIT.height },
    svg: [
      rect(0, 0, width, height, frame),
      gradient('ground', 'down', [
        [0, look.ground[0]],
        [1, look.ground[1]],
      ]),
      rect(
        ...window,
        'url(#ground)',
        'rx="6" stroke="#000000" stroke-opacity="0.45" stroke-width="5"',
      ),
      `<g ${tilt}>${random.chance(0.7) ? off : ''}${glow}${on}</g>`,
    ].join(''),
    letterPixels: [22, 64],
    conditions: { ...OUTDOORS, dirt: 0.25, glare: look.glows ? 0.25 : 0.5, shadow: 0.4 },
    answers: { text },
  };
}

function digit(segments: string, x: number, y: number, fill: string): string {
  const { width, height, thick } = DIGIT;
  const half = height / 2;
  const t = thick / 2;
  const g = 2.5;
  const across = (at: number): string => {
    const [l, r] = [x + t + g, x + width - t - g];
    return polygon(
      [l, at, l + t, at - t, r - t, at - t, r, at, r - t, at + t, l + t, at + t],
      fill,
    );
  };
  const down = (left: number, from: number): string => {
    const [a, b] = [from + g, from + half - t - g];
    const lower = b + t;
    const upper = a + t;
    return polygon(
      [
        left,
        a,
        left + t,
        upper,
        left + t,
        lower - t,
        left,
        lower,
        left - t,
        lower - t,
        left - t,
        upper,
      ],
      fill,
    );
  };
  const shapes: Readonly<Record<string, () => string>> = {
    a: () => across(y + t),
    g: () => across(y + half),
    d: () => across(y + height - t),
    f: () => down(x + t, y + t),
    b: () => down(x + width - t, y + t),
    e: () => down(x + t, y + half),
    c: () => down(x + width - t, y + half),
  };
  return [...segments].map((segment) => shapes[segment]?.() ?? '').join('');
}

function polygon(points: readonly number[], fill: string): string {
  return `<polygon points="${points.map(px).join(' ')}" fill="${fill}"/>`;
}

function dots(character: string, x: number, y: number, fill: string): string {
  const { height, thick } = DIGIT;
  if (character === '.') return circle(x + 7, y + height - thick / 2, 9, fill);
  return circle(x + 7, y + height * 0.3, 9, fill) + circle(x + 7, y + height * 0.7, 9, fill);
}
