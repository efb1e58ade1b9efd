/** Menus; asked is the price of a dish. */
import { type FontName, type TextStyle, textAt, textWidth } from '../letters.js';
import { amount } from '../money.js';
import type { Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { px, rect } from '../shapes.js';
import { DISHES, RESTAURANTS } from '../words.js';

const LETTER = 20;
const LINE = 44;
const WIDTH = 580;
const ROOM = 36;

interface Card {
  readonly ground: string;
  readonly ink: string;
  readonly accent: string;
}

const CARDS: readonly Card[] = [
  { ground: '#f6f0e2', ink: '#2a2320', accent: '#8a2f2a' },
  { ground: '#fbfaf6', ink: '#20242a', accent: '#1f5a4c' },
  { ground: '#23272b', ink: '#efeadc', accent: '#d9b25a' },
  { ground: '#20352c', ink: '#f0eee2', accent: '#e6c77a' },
  { ground: '#e7eef0', ink: '#1f2b36', accent: '#2b5c8a' },
];

/** Cents, lowest and highest, by section. */
const PRICES: Readonly<Record<keyof typeof DISHES, readonly [number, number]>> = {
  Starters: [500, 1500],
  Mains: [1100, 2900],
  Desserts: [400, 1200],
  Drinks: [200, 950],
};

function priceOf(section: string, step: number, random: Random): number {
  const [low, high] = PRICES[section as keyof typeof DISHES];
  return random.integer(low / step, high / step) * step;
}

export function menus(random: Random): Scene {
  const card = random.of(CARDS);
  const font: FontName = random.of(['playfair', 'playfair', 'barlow', 'overpass'] as const);
  const style: TextStyle = { font, height: LETTER, fill: card.ink, spacing: 0.03 };
  const step = random.of([5, 10, 50]);
  const sections = random
    .shuffled(Object.entries(DISHES))
    .slice(0, random.integer(2, 3))
    .map(([title, dishes]) => ({
      title,
      dishes: random
        .shuffled<string>(dishes)
        .slice(0, random.integer(2, 4))
        .map((dish) => ({ dish, price: amount(priceOf(title, step, random)) })),
    }));
  const asked = random.of(sections.flatMap(({ dishes }) => dishes));
  const left = ROOM + 52;
  const right = ROOM + WIDTH - 52;
  const middle = ROOM + WIDTH / 2;
  let y = ROOM + 84;
  let svg = textAt(random.of(RESTAURANTS), middle, y, {
    ...style,
    ...{ font: 'playfair', height: 31, fill: card.accent, anchor: 'middle' },
  });
  y += LINE * 1.5;
  for (const { title, dishes } of sections) {
    svg += textAt(title.toUpperCase(), middle, y, {
      ...style,
      ...{ height: LETTER * 0.9, fill: card.accent, anchor: 'middle', spacing: 0.2 },
    });
    y += LINE;
    for (const { dish, price } of dishes) {
      svg += textAt(dish, left, y, style) + textAt(price, right, y, { ...style, anchor: 'end' });
      const from = left + textWidth(dish, style) + 14;
      const to = right - textWidth(price, style) - 14;
      svg += `<line x1="${px(from)}" x2="${px(to)}" y1="${px(y - 2)}" y2="${px(y - 2)}" stroke="${card.ink}" stroke-opacity="0.5" stroke-width="3" stroke-linecap="round" stroke-dasharray="0.1 10"/>`;
      y += LINE;
    }
    y += LINE * 0.45;
  }
  const height = y + ROOM + 10;
  const width = WIDTH + 2 * ROOM;
  const inset = 16;
  const border = `<rect x="${ROOM + inset}" y="${ROOM + inset}" width="${WIDTH - 2 * inset}" height="${px(height - 2 * ROOM - 2 * inset)}" fill="none" stroke="${card.accent}" stroke-width="2.5"/>`;
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 12, ROOM - 12), letter: LETTER },
    svg: [
      rect(0, 0, width, height, random.of(['#5b4130', '#7b7f84', '#3a4a40', '#a58a68'])),
      rect(ROOM + 4, ROOM + 6, WIDTH, height - 2 * ROOM, '#000000', 'opacity="0.4"'),
      rect(ROOM, ROOM, WIDTH, height - 2 * ROOM, card.ground),
      border,
      svg,
    ].join(''),
    grains: [
      { x: 9, y: 9, amount: 0.04 },
      { x: 160, y: 120, amount: 0.06 },
    ],
    letterPixels: [14, 17],
    conditions: { ...OUTDOORS, tilt: 0.8, dirt: 0.15, glare: 0.15, blur: 0.5, fade: 0.4 },
    answers: { price: asked.price },
    // As in the middle of a sentence.
    values: { dish: asked.dish.toLowerCase() },
  };
}
