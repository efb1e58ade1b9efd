/** Names of streets on their signs. */
import { type TextStyle, textAt, textWidth } from '../letters.js';
import type { Random } from '../random.js';
import { inside, OUTDOORS, type Scene } from '../scene.js';
import { circle, gradient, px, rect, rgb } from '../shapes.js';
import { STREET_KINDS, STREETS } from '../words.js';

const LETTER = 70;
const ROOM = 56;

interface Colours {
  readonly face: string;
  readonly ink: string;
}

const COLOURS: readonly Colours[] = [
  { face: '#0b6b3f', ink: '#f3f4f0' },
  { face: '#1c4b9a', ink: '#f3f4f0' },
  { face: '#f2f2ee', ink: '#17181b' },
  { face: '#5a3a24', ink: '#f1ead8' },
  { face: '#12151a', ink: '#f0f0ec' },
];

export function streetSign(random: Random): Scene {
  const numbered = random.chance(0.25);
  const first = numbered ? ordinal(random.integer(1, 129)) : random.of(STREETS);
  const name = `${first} ${random.of(STREET_KINDS)}`;
  const text = random.chance(0.4) ? name.toUpperCase() : name;
  const { face, ink } = random.of(COLOURS);
  const style: TextStyle = {
    font: random.of(['overpass', 'overpass', 'barlow', 'dejavu'] as const),
    ...{ height: LETTER, fill: ink, spacing: 0.05 },
  };
  const sign = { width: textWidth(text, style) + 100, height: LETTER + 76 };
  const width = sign.width + 2 * ROOM;
  const height = sign.height + 2 * ROOM;
  const corner = random.of([4, 12, 22]);
  const border = `fill="none" rx="${corner - 2}" stroke="${ink}" stroke-width="5"`;
  const borderAt = `x="${ROOM + 8}" y="${ROOM + 8}" width="${px(sign.width - 16)}" height="${px(sign.height - 16)}"`;
  const screws = [ROOM + 24, ROOM + sign.width - 24].map((x) =>
    circle(x, height / 2, 8, '#b9bcbe', 'stroke="#55585a" stroke-width="2"'),
  );
  return {
    ...{ width, height, keep: inside(width, height, ROOM - 18, ROOM - 18), letter: LETTER },
    svg: [
      background(random, width, height),
      rect(ROOM + 4, ROOM + 6, sign.width, sign.height, '#000000', `rx="${corner}" opacity="0.35"`),
      rect(ROOM, ROOM, sign.width, sign.height, face, `rx="${corner}"`),
      random.chance(0.7) ? `<rect ${borderAt} ${border}/>` : '',
      ...(random.chance(0.5) ? screws : []),
      textAt(text, ROOM + 50, (height + LETTER) / 2, style),
    ].join(''),
    grains: [{ x: 120, y: 90, amount: 0.08 }],
    letterPixels: [17, 40],
    conditions: OUTDOORS,
    answers: { text },
  };
}

/** Sky with leaves, or a wall of bricks. */
function background(random: Random, width: number, height: number): string {
  if (random.chance(0.3)) {
    let wall = rect(0, 0, width, height, '#9a958c');
    for (let row = 0; row * 34 < height; row++) {
      for (let x = row % 2 === 0 ? -50 : 0; x < width; x += 100) {
        const tone = random.between(0.85, 1.12);
        wall += rect(x + 2, row * 34 + 2, 94, 29, rgb(140 * tone, 72 * tone, 56 * tone));
      }
    }
    return wall;
  }
  let svg =
    gradient('sky', 'down', [
      [0, '#9fc1e2'],
      [1, '#dfe8ee'],
    ]) + rect(0, 0, width, height, 'url(#sky)');
  // Leaves, the bright ones last.
  const leaves = random.chance(0.7) ? random.integer(60, 160) : 0;
  const [x, across] = [random.between(-0.3, 0.7) * width, random.between(0.4, 1) * width];
  for (let i = 0; i < leaves; i++) {
    const tone = 0.45 + (0.9 * i) / leaves + random.between(0, 0.25);
    const fill = rgb(62 * tone, 92 * tone, 42 * tone);
    const at = [x + across * random.share(), random.between(0, height)] as const;
    svg += circle(...at, random.between(7, 26), fill, 'opacity="0.7"');
  }
  return svg;
}

function ordinal(n: number): string {
  const teen = n % 100 > 10 && n % 100 < 14;
  return `${n}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`;
}
