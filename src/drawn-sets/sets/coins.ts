/** Coins on a table, each with its value; asked is how many there are and how much they are together. */
import { type TextStyle, textAt } from '../letters.js';
import { amount } from '../money.js';
import type { Random } from '../random.js';
import { type DrawnObject, OUTDOORS, type Scene } from '../scene.js';
import { circle, px, rect } from '../shapes.js';
import { scatter } from './scatter.js';

interface Coin {
  readonly cents: number;
  /** Units of the scene: 4 for a millimetre. */
  readonly radius: number;
  readonly metal: Metal;
  /** Of the ring around the middle. */
  readonly ring?: Metal;
}

interface Metal {
  readonly bright: string;
  readonly plain: string;
  readonly dark: string;
}

const COPPER: Metal = { bright: '#e7a477', plain: '#b8683c', dark: '#6d3318' };
const BRASS: Metal = { bright: '#f3dc93', plain: '#caa545', dark: '#7a5c17' };
const SILVER: Metal = { bright: '#f0f1f2', plain: '#b4b8bb', dark: '#6b6f73' };

const COINS: readonly Coin[] = [
  { cents: 1, radius: 54, metal: COPPER },
  { cents: 2, radius: 60, metal: COPPER },
  { cents: 5, radius: 66, metal: COPPER },
  { cents: 10, radius: 62, metal: BRASS },
  { cents: 20, radius: 68, metal: BRASS },
  { cents: 50, radius: 74, metal: BRASS },
  { cents: 100, radius: 72, metal: SILVER, ring: BRASS },
  { cents: 200, radius: 78, metal: BRASS, ring: SILVER },
];

const WIDTH = 800;
const HEIGHT = 640;
/** Height of the numeral, in radii. */
const NUMERAL = 0.62;

export function coins(random: Random): Scene {
  const wanted = Array.from({ length: random.integer(2, 9) }, () => random.of(COINS));
  const placed = scatter(
    wanted.map((coin) => ({ of: coin, width: 2 * coin.radius, height: 2 * coin.radius })),
    { width: WIDTH, height: HEIGHT, gap: 10 },
    random,
  );
  const objects: DrawnObject[] = placed.map(({ box }) => ({ label: 'coin', box }));
  const total = placed.reduce((sum, { of }) => sum + of.cents, 0);
  const svg = placed.map(({ of, box }, i) => {
    const [x, y] = [(box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2];
    return drawn(of, x, y, random.between(-28, 28), i);
  });
  return {
    ...{ width: WIDTH, height: HEIGHT, letter: 54 * NUMERAL },
    keep: { xmin: 0, ymin: 0, xmax: WIDTH, ymax: HEIGHT },
    svg: cloth(random) + svg.join(''),
    grains: [
      { x: 4, y: 4, amount: 0.05 },
      { x: 200, y: 170, amount: 0.08 },
    ],
    letterPixels: [20, 25],
    conditions: { ...OUTDOORS, tilt: 0, dirt: 0.1, blur: 0.5, shadow: 0.5, fade: 0.4 },
    answers: { count: `${placed.length}`, total: amount(total) },
    objects,
  };
}

function cloth(random: Random): string {
  return rect(
    0,
    0,
    WIDTH,
    HEIGHT,
    random.of(['#2f5d46', '#4a3626', '#cfcac0', '#34465e', '#7c2f36']),
  );
}

function drawn(
  { cents, radius, metal, ring }: Coin,
  x: number,
  y: number,
  turn: number,
  i: number,
) {
  const [value, unit] = cents < 100 ? [cents, 'CENT'] : [cents / 100, 'EURO'];
  const outer = ring ?? metal;
  const style: TextStyle = {
    font: 'overpass',
    height: NUMERAL * radius,
    fill: '',
    anchor: 'middle',
  };
  const small: TextStyle = { ...style, height: 0.2 * radius, spacing: 0.12 };
  const write = (dx: number, fill: string): string =>
    textAt(`${value}`, dx, 0.2 * radius + dx, { ...style, fill }) +
    textAt(unit, dx, 0.58 * radius + dx, { ...small, fill });
  return [
    shine(`o${i}`, outer),
    shine(`m${i}`, metal),
    circle(x + 4, y + 6, radius, '#000000', 'opacity="0.4"'),
    circle(x, y, radius, outer.dark),
    circle(x, y, radius - 2, `url(#o${i})`),
    circle(
      x,
      y,
      radius - 8,
      'none',
      `stroke="${outer.dark}" stroke-opacity="0.6" stroke-width="2.5"`,
    ),
    ring === undefined
      ? ''
      : circle(x, y, radius * 0.74, `url(#m${i})`, `stroke="${outer.dark}" stroke-width="2"`),
    `<g transform="translate(${px(x)} ${px(y)}) rotate(${px(turn)})">`,
    // Raised figures: light from above left.
    write(1.6, metal.bright),
    write(0, metal.dark),
    '</g>',
  ].join('');
}

function shine(id: string, { bright, plain, dark }: Metal): string {
  return `<defs><linearGradient id="${id}" x1="0.1" y1="0" x2="0.9" y2="1"><stop offset="0" stop-color="${bright}"/><stop offset="0.5" stop-color="${plain}"/><stop offset="0.72" stop-color="${bright}" stop-opacity="0.9"/><stop offset="1" stop-color="${dark}"/></linearGradient></defs>`;
}
