/** Whole receipts; asked is the tax. */
import { type FontName, type TextStyle, textAt, textWidth } from '../letters.js';
import { amount } from '../money.js';
import type { Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { gradient, px, rect } from '../shapes.js';
import { GOODS, SHOPS } from '../words.js';

const LETTER = 21;
const LINE = 40;
const WIDTH = 520;
const ROOM = 40;
/** In tenths of a per cent. */
const RATES = [50, 60, 70, 80, 82, 95, 100, 190, 200, 210] as const;

interface Item {
  readonly name: string;
  readonly cents: number;
}

export function receipts(random: Random): Scene {
  const items = someItems(random);
  const subtotal = items.reduce((sum, { cents }) => sum + cents, 0);
  const rate = random.of(RATES);
  const tax = Math.round((subtotal * rate) / 1000);
  const ink = random.of(['#26262c', '#3a3846', '#1c1c20']);
  const font: FontName = random.of(['tech', 'b612', 'courier'] as const);
  const style: TextStyle = { font, height: LETTER, fill: ink, spacing: 0.03 };
  const word = random.of(['TAX', 'SALES TAX', 'VAT']);
  const percent = `${Math.floor(rate / 10)}${rate % 10 === 0 ? '' : `.${rate % 10}`}%`;
  const lines: (readonly [string, string] | 'rule')[] = [
    ...items.map(({ name, cents }) => [name, amount(cents)] as const),
    'rule',
    ['SUBTOTAL', amount(subtotal)],
    [`${word} ${percent}`, amount(tax)],
    ['TOTAL', amount(subtotal + tax)],
    'rule',
    [random.of(['CARD', 'CASH']), amount(subtotal + tax)],
  ];
  const written = lines.filter((line) => line !== 'rule');
  const widest = Math.max(...written.map(([a, b]) => textWidth(a, style) + textWidth(b, style)));
  // TOTAL is larger, and short.
  const stretch = Math.min(1, (WIDTH - 88 - 30) / widest);
  const left = ROOM + 44;
  const right = ROOM + WIDTH - 44;
  const middle = ROOM + WIDTH / 2;
  let y = ROOM + 66;
  const centred = (text: string, height: number): string => {
    const whole: TextStyle = { ...style, height, anchor: 'middle' };
    const fit = Math.min(1, (WIDTH - 90) / textWidth(text, whole));
    const svg = textAt(text, middle, y, { ...whole, height: height * fit });
    y += LINE * 1.1;
    return svg;
  };
  let svg = centred(random.of(SHOPS), LETTER * 1.35);
  svg += centred(anyMoment(random), LETTER * 0.9);
  y += LINE * 0.4;
  for (const line of lines) {
    if (line === 'rule') {
      svg += `<line x1="${left}" x2="${right}" y1="${px(y - LETTER / 2)}" y2="${px(y - LETTER / 2)}" stroke="${ink}" stroke-width="2.5" stroke-dasharray="9 7"/>`;
    } else {
      const height = line[0] === 'TOTAL' ? LETTER * 1.25 : LETTER;
      if (height > LETTER) y += LINE * 0.25;
      svg += textAt(line[0], left, y, { ...style, height, stretch });
      svg += textAt(line[1], right, y, { ...style, height, stretch, anchor: 'end' });
    }
    y += LINE;
  }
  y += LINE * 0.3;
  svg += centred(random.of(['THANK YOU', 'HAVE A NICE DAY', 'PLEASE COME AGAIN']), LETTER * 0.95);
  const height = y + ROOM;
  const width = WIDTH + 2 * ROOM;
  const paper = random.of(['#f4f2ee', '#eeece8', '#f3efe2']);
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 10, ROOM - 10), letter: LETTER },
    svg: table(random, width, height) + slip(paper, height) + svg,
    relief: {
      svg: `${rect(0, 0, width, height, '#707070')}${rect(ROOM, ROOM - 8, WIDTH, height - 2 * ROOM + 16, '#ffffff')}`,
      ...{ soften: 3, depth: 0.15 },
    },
    grains: [{ x: 140, y: 110, amount: 0.06 }],
    letterPixels: [14, 17],
    conditions: { ...OUTDOORS, tilt: 0.8, dirt: 0.12, glare: 0.1, blur: 0.5, shadow: 0.6 },
    answers: { tax: amount(tax) },
  };
}

function someItems(random: Random): Item[] {
  return random
    .shuffled(GOODS)
    .slice(0, random.integer(3, 7))
    .map((name) => {
      const cents = random.integer(7, 240) * 5;
      const n = random.chance(0.25) ? random.integer(2, 4) : 1;
      return { name: n > 1 ? `${n} x ${name}` : name, cents: n * cents };
    });
}

/** A day and a time of day. */
function anyMoment(random: Random): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${two(random.integer(1, 28))}.${two(random.integer(1, 12))}.${random.integer(2024, 2027)}`;
  return `${date}  ${two(random.integer(8, 21))}:${two(random.integer(0, 59))}`;
}

function slip(paper: string, height: number): string {
  const [top, bottom] = [ROOM - 8, height - ROOM + 8];
  // Torn off along a saw.
  let edge = `M${ROOM} ${top}H${ROOM + WIDTH}V${px(bottom)}`;
  for (let x = WIDTH; x > 0; x -= 20) edge += `l-10 7l-10 -7`;
  return `${rect(ROOM + 5, top + 7, WIDTH, bottom - top, '#000000', 'opacity="0.35"')}<path d="${edge}Z" fill="${paper}"/>`;
}

function table(random: Random, width: number, height: number): string {
  const [from, to] = random.of([
    ['#6b4a2f', '#4c3422'],
    ['#3c3f44', '#2a2c30'],
    ['#8d8f92', '#6f7175'],
    ['#23344a', '#182434'],
  ] as const);
  return (
    gradient('table', 'down', [
      [0, from],
      [1, to],
    ]) + rect(0, 0, width, height, 'url(#table)')
  );
}
