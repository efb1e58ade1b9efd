/** Vehicle identification numbers: on the dashboard, stamped into metal, on a sticker. */
import { vinCheckDigit } from '../check-digits.js';
import { type TextStyle, textAt, textWidth } from '../letters.js';
import { CLEAR_LETTERS, type Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, gradient, px, rect } from '../shapes.js';

const ANY = `0123456789${CLEAR_LETTERS}`;
/** Position 10, from 2010 to 2029. */
const YEARS = 'ABCDEFGHJKLMNPRSTVWX';

/** 17 characters, the ninth a check digit. */
function anyVin(random: Random): string {
  const maker = random.text(1, '123456789JKLSVWYZ') + random.text(2, CLEAR_LETTERS);
  const model = random.text(5, ANY);
  const rest = random.text(1, YEARS) + random.text(1, ANY) + random.digits(6);
  return `${maker}${model}${vinCheckDigit(`${maker}${model}0${rest}`)}${rest}`;
}

const LETTER = 60;
const ROOM = 40;

export function vin(random: Random): Scene {
  const text = anyVin(random);
  const look = random.of([dashboard, stamped, sticker]);
  return look(random, text);
}

function dashboard(random: Random, text: string): Scene {
  const style: TextStyle = {
    font: random.of(['tech', 'b612', 'barlow'] as const),
    ...{ height: LETTER, spacing: 0.14, fill: random.of(['#e8e8e4', '#d9d4c0', '#c9d2d8']) },
  };
  const plate = { x: ROOM, y: ROOM, width: textWidth(text, style) + 150, height: LETTER + 70 };
  const width = plate.width + 2 * ROOM;
  const height = plate.height + 2 * ROOM;
  const edge = 'rx="10" stroke="#55585c" stroke-width="3"';
  const middle = plate.y + plate.height / 2;
  const rivets = [plate.x + 32, plate.x + plate.width - 32].map((x) =>
    circle(x, middle, 13, '#8b8e92', 'stroke="#3c3e42" stroke-width="3"'),
  );
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 14, ROOM - 14), letter: LETTER },
    svg: [
      gradient('dash', 'down', [
        [0, '#3a3b3e'],
        [1, '#1d1e20'],
      ]),
      rect(0, 0, width, height, 'url(#dash)'),
      rect(plate.x, plate.y, plate.width, plate.height, '#121316', edge),
      ...rivets,
      textAt(text, plate.x + 75, middle + LETTER / 2, style),
      reflections(random, width, height),
    ].join(''),
    grains: [{ x: 3, y: 3, amount: 0.1 }],
    letterPixels: [17, 32],
    conditions: { ...OUTDOORS, glare: 0.5, dirt: 0.3 },
    answers: { text },
  };
}

/** What the windscreen mirrors: slanting bands. */
function reflections(random: Random, width: number, height: number): string {
  let svg = '';
  for (let i = random.integer(1, 3); i > 0; i--) {
    const x = random.between(-height, width);
    const across = random.between(30, 200);
    const points = [x, height, x + across, height, x + across + height, 0, x + height, 0];
    svg += `<polygon points="${points.map(px).join(' ')}" fill="#cfe0ee" opacity="${px(random.between(0.04, 0.16))}"/>`;
  }
  return svg;
}

function stamped(random: Random, text: string): Scene {
  const style: TextStyle = {
    ...{ font: random.of(['tech', 'overpass', 'barlow'] as const), height: LETTER },
    ...{ spacing: 0.16, fill: random.of(['#5f6266', '#4a4d50', '#6a6458']) },
  };
  const width = textWidth(text, style) + 2 * ROOM + 80;
  const height = LETTER + 2 * ROOM + 70;
  const y = (height + LETTER) / 2;
  const metal = random.of(['#a5a8aa', '#8f9398', '#b0aca2', '#7f8a86']);
  const low = textAt(text, ROOM + 40, y, { ...style, fill: '#000000' });
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter: LETTER },
    svg: rect(0, 0, width, height, metal) + textAt(text, ROOM + 40, y, style),
    relief: {
      svg: `${rect(0, 0, width, height, '#ffffff')}${low}`,
      ...{ soften: 1.8, depth: random.between(0.4, 0.8) },
    },
    grains: [
      { x: 240, y: 2.2, amount: 0.11 },
      { x: 50, y: 40, amount: 0.12 },
    ],
    letterPixels: [20, 34],
    conditions: { ...OUTDOORS, fade: 0.2, dirt: 0.5, blur: 0.5 },
    answers: { text },
  };
}

function sticker(random: Random, text: string): Scene {
  const style: TextStyle = {
    ...{ font: random.of(['b612', 'dejavu', 'courier'] as const), height: LETTER },
    ...{ spacing: 0.1, fill: '#17181a' },
  };
  const inner = textWidth(text, style);
  const width = inner + 2 * ROOM + 80;
  const height = 2 * LETTER + 2 * ROOM + 90;
  const left = ROOM + 40;
  return {
    ...{ width, height, keep: inside(width, height, ROOM, ROOM), letter: LETTER },
    svg: [
      rect(0, 0, width, height, random.of(['#5a5d61', '#22365c', '#7a1f22'])),
      rect(
        ROOM - 10,
        ROOM - 10,
        width - 2 * ROOM + 20,
        height - 2 * ROOM + 20,
        '#f1efe8',
        'rx="8"',
      ),
      bars(random, left, ROOM + 20, inner, LETTER * 0.9),
      textAt(text, left, height - ROOM - 26, style),
    ].join(''),
    grains: [{ x: 30, y: 26, amount: 0.04 }],
    letterPixels: [17, 30],
    conditions: OUTDOORS,
    answers: { text },
  };
}

/** Bars as of a bar code. */
function bars(random: Random, x: number, y: number, width: number, height: number): string {
  let svg = '';
  for (let at = 0; at < width - 12; ) {
    const wide = random.chance(0.35) ? 9 : 4;
    svg += rect(x + at, y, wide, height, '#17181a');
    at += wide + (random.chance(0.35) ? 9 : 4);
  }
  return svg;
}
