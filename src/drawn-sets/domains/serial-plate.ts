/** Serial numbers on metal plates: engraved, punched in dots, printed. */
import { type FontName, type TextStyle, textAt, textWidth } from '../letters.js';
import { CLEAR_LETTERS, type Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, px, rect } from '../shapes.js';

const LETTER = 62;
const ROOM = 36;

const FORMS: readonly ((random: Random) => string)[] = [
  (r) => `SN${r.digits(5)}-${r.digits(2)}`,
  (r) => `${r.text(1, CLEAR_LETTERS)}${r.digits(4)}-${r.digits(4)}-${r.text(1, CLEAR_LETTERS)}`,
  (r) => `${r.text(2, CLEAR_LETTERS)}-${r.digits(7)}`,
  (r) => `${r.digits(2)}${r.text(1, CLEAR_LETTERS)}${r.integer(16, 29)}X${r.digits(5)}`,
  (r) => `${r.digits(4)}/${r.integer(16, 29)}/${r.digits(3)}`,
  (r) => r.digits(9),
];

interface Metal {
  readonly face: string;
  readonly ink: string;
  readonly brushed: number;
}

const METALS: readonly Metal[] = [
  { face: '#aeb2b5', ink: '#33363a', brushed: 0.13 },
  { face: '#c7c9ca', ink: '#1d1f22', brushed: 0.09 },
  { face: '#b99b55', ink: '#3a2c10', brushed: 0.12 },
  { face: '#1c1e21', ink: '#d6d8da', brushed: 0.08 },
  { face: '#7f3a33', ink: '#e9e4dc', brushed: 0.06 },
  { face: '#24466b', ink: '#e4e9ee', brushed: 0.06 },
];

export function serialPlate(random: Random): Scene {
  const text = random.of(FORMS)(random);
  const metal = random.of(METALS);
  const isEngraved = random.chance(0.55);
  const font: FontName = random.of(['b612', 'tech', 'barlow', 'courier', 'dejavu'] as const);
  const style: TextStyle = { font, height: LETTER, spacing: 0.1, fill: metal.ink };
  const rivet = 30;
  const plate = { width: textWidth(text, style) + 4 * rivet + 50, height: LETTER + 90 };
  const width = plate.width + 2 * ROOM;
  const height = plate.height + 2 * ROOM;
  const x = ROOM + 2 * rivet + 25;
  const y = (height + LETTER) / 2;
  const low = textAt(text, x, y, { ...style, fill: '#000000' });
  const edge = `rx="12" stroke="#000000" stroke-opacity="0.4" stroke-width="3"`;
  const frame = `fill="none" rx="7" stroke="${metal.ink}" stroke-opacity="0.7" stroke-width="3"`;
  const frameAt = `x="${ROOM + 10}" y="${ROOM + 10}" width="${px(plate.width - 20)}" height="${px(plate.height - 20)}"`;
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 12, ROOM - 12), letter: LETTER },
    svg: [
      rect(0, 0, width, height, random.of(['#4b4f53', '#6e7468', '#2f3235', '#8a6a3c'])),
      rect(ROOM + 3, ROOM + 5, plate.width, plate.height, '#000000', 'rx="12" opacity="0.4"'),
      rect(ROOM, ROOM, plate.width, plate.height, metal.face, edge),
      random.chance(0.5) ? `<rect ${frameAt} ${frame}/>` : '',
      ...[ROOM + rivet + 8, ROOM + plate.width - rivet - 8].map((at) =>
        rivetAt(random, at, height / 2),
      ),
      textAt(text, x, y, style),
      scratches(random, width, height),
    ].join(''),
    relief: {
      svg: `${rect(0, 0, width, height, '#707070')}${rect(ROOM, ROOM, plate.width, plate.height, '#ffffff', 'rx="12"')}${isEngraved ? low : ''}`,
      ...{ soften: 1.5, depth: random.between(0.2, 0.5) },
    },
    grains: [
      { x: 300, y: 2, amount: metal.brushed },
      { x: 90, y: 70, amount: 0.1 },
    ],
    letterPixels: [17, 38],
    conditions: { ...OUTDOORS, glare: 0.6 },
    answers: { text },
  };
}

/** A round head, lit from above. */
function rivetAt(random: Random, x: number, y: number): string {
  const slot = random.chance(0.4)
    ? `<line x1="${px(x - 10)}" x2="${px(x + 10)}" y1="${px(y - 4)}" y2="${px(y + 4)}" stroke="#2a2c2e" stroke-width="4"/>`
    : '';
  return (
    circle(x, y + 2, 17, '#000000', 'opacity="0.45"') +
    circle(x, y, 15, '#8f9396') +
    circle(x - 3, y - 4, 8, '#d5d8da', 'opacity="0.7"') +
    slot
  );
}

function scratches(random: Random, width: number, height: number): string {
  let svg = '';
  for (let i = random.integer(0, 6); i > 0; i--) {
    const x = random.between(0, width);
    const y = random.between(0, height);
    const ends = [x, y, x + random.between(-160, 160), y + random.between(-60, 60)].map(px);
    svg += `<line x1="${ends[0]}" y1="${ends[1]}" x2="${ends[2]}" y2="${ends[3]}" stroke="#f0f0f0" stroke-opacity="${px(random.between(0.15, 0.4))}" stroke-width="${px(random.between(1, 2.4))}"/>`;
  }
  return svg;
}
