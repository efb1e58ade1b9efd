/** One line of a receipt on thermal paper. */
import { type TextStyle, textAt, textWidth } from '../letters.js';
import { amount } from '../money.js';
import type { Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { px, rect } from '../shapes.js';
import { GOODS } from '../words.js';

const LETTER = 40;
const ROOM = 26;

/** What is at the left and what at the right end. */
function anyLine(random: Random): readonly [string, string] {
  const price = random.integer(45, 2999);
  switch (random.integer(0, 4)) {
    case 0: {
      const n = random.integer(2, 9);
      return [`${n} x ${random.of(GOODS)}`, amount(n * price)];
    }
    case 1:
      return [random.of(['SUBTOTAL', 'TOTAL', 'CASH', 'CHANGE', 'CARD']), amount(3 * price)];
    case 2:
      return [`TAX ${random.integer(4, 24)}%`, amount(price)];
    default:
      return [random.of(GOODS), amount(price)];
  }
}

export function receiptLine(random: Random): Scene {
  const [left, right] = anyLine(random);
  const style: TextStyle = {
    font: random.of(['tech', 'b612', 'courier'] as const),
    ...{
      height: LETTER,
      fill: random.of(['#2a2a30', '#3d3b4a', '#4a4650', '#1d1d22']),
      spacing: 0.05,
    },
  };
  const gap = random.between(70, 260);
  const inner = textWidth(left, style) + gap + textWidth(right, style);
  const width = inner + 2 * ROOM + 70;
  const height = LETTER + 2 * ROOM + 44;
  const y = (height + LETTER) / 2;
  const paper = random.of(['#f3f1ec', '#e9e7e4', '#f0ebdd', '#e6e8ec']);
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter: LETTER },
    svg: [
      rect(0, 0, width, height, paper),
      `<g opacity="${px(random.between(0.62, 0.95))}">`,
      textAt(left, ROOM + 35, y, style),
      textAt(right, width - ROOM - 35, y, { ...style, anchor: 'end' }),
      '</g>',
    ].join(''),
    relief: { svg: folds(random, width, height), soften: 5, depth: random.between(0.05, 0.3) },
    grains: [
      // Lines of the print head that are worn.
      { x: 3, y: 300, amount: 0.04 },
      { x: 80, y: 60, amount: 0.05 },
    ],
    letterPixels: [15, 30],
    conditions: { ...OUTDOORS, dirt: 0.3, glare: 0.15 },
    answers: { text: `${left} ${right}` },
  };
}

/** Creases of the paper. */
function folds(random: Random, width: number, height: number): string {
  let svg = rect(0, 0, width, height, '#808080');
  for (let i = random.integer(0, 3); i > 0; i--) {
    const x = random.between(0, width);
    const far = random.between(-120, 120);
    const points = [x, 0, x + far, height, width, height, width, 0].map(px).join(' ');
    svg += `<polygon points="${points}" fill="${random.chance(0.5) ? '#a0a0a0' : '#606060'}"/>`;
  }
  return svg;
}
