/** Scenes with one or several of some things; asked is where they are, by singular and by plural. */
import type { Random } from '../random.js';
import { type DrawnObject, OUTDOORS, type Scene } from '../scene.js';
import { gradient, px, rect } from '../shapes.js';
import { scatter } from './scatter.js';
import { THINGS } from './things.js';

const WIDTH = 900;
const HEIGHT = 700;

export function plurals(random: Random): Scene {
  const kinds = random.shuffled(THINGS).slice(0, random.integer(2, 4));
  const wanted = kinds.flatMap((thing) => {
    // As often one as several.
    const n = random.chance(0.5) ? 1 : random.integer(2, 4);
    return Array.from({ length: n }, () => {
      const scale = random.between(0.9, 1.5);
      const { width, height } = thing;
      return { of: { thing, scale }, width: width * scale, height: height * scale };
    });
  });
  const placed = scatter(wanted, { width: WIDTH, height: HEIGHT, gap: 12 }, random);
  const objects: DrawnObject[] = placed.map(({ of, box }) => ({ label: of.thing.label, box }));
  const svg = placed.map(({ of, box }) => {
    const place = `translate(${px(box.xmin)} ${px(box.ymin)}) scale(${of.scale.toPrecision(6)})`;
    return `<g transform="${place}">${of.thing.draw(random)}</g>`;
  });
  return {
    ...{ width: WIDTH, height: HEIGHT, letter: 100 },
    keep: { xmin: 0, ymin: 0, xmax: WIDTH, ymax: HEIGHT },
    svg: ground(random) + svg.join(''),
    grains: [
      { x: 5, y: 5, amount: 0.05 },
      { x: 220, y: 190, amount: 0.08 },
    ],
    letterPixels: [56, 70],
    conditions: { ...OUTDOORS, tilt: 0, dirt: 0.1, glare: 0.15, fade: 0.4, blur: 0.15, noise: 0.4 },
    answers: {},
    objects,
  };
}

/** Colours that none of the things has. */
function ground(random: Random): string {
  const [top, bottom] = random.of([
    ['#dfe6ea', '#c3ccd2'],
    ['#e8dff0', '#d2c4de'],
    ['#f0ece2', '#dcd5c5'],
    ['#cfe3e6', '#b4cfd4'],
    ['#f3e2e2', '#e0c9c9'],
  ] as const);
  return (
    gradient('ground', 'down', [
      [0, top],
      [1, bottom],
    ]) + rect(0, 0, WIDTH, HEIGHT, 'url(#ground)')
  );
}
