/** Boxes and outlines of what is there and of what was found, over a picture: dashed and solid, each named where there is room. */
import { maskOutlines } from '../../annotate/outlines.js';
import { placePlates } from '../../annotate/placement.js';
import { escapeMarkup, round } from '../../report/svg.js';
import { shorten, textWidth } from '../../report/text-width.js';
import { Mask } from '../../results/mask.js';
import type { Box } from '../../results/types.js';
import type { EvaluatedRow } from '../rows.js';
import { foundIn, type Thing, thereIn } from './rows.js';

interface Side {
  readonly className: 'there' | 'found';
  readonly things: readonly Thing[];
  readonly nameOf: (thing: Thing) => string;
}

const PLATE = { height: 14, pad: 3, longest: 120 } as const;

/** Elements of SVG in pixels of a picture of `width` and `height`, which is that of the row made smaller. */
export function rowDrawing(row: EvaluatedRow, width: number, height: number): string[] {
  const { size = { width, height } } = row;
  const [sx, sy] = [width / Math.max(1, size.width), height / Math.max(1, size.height)];
  const scaled = ({ bbox: [x, y, w, h] }: Thing): Box => ({
    ...{ xmin: within(x * sx, width), xmax: within((x + w) * sx, width) },
    ...{ ymin: within(y * sy, height), ymax: within((y + h) * sy, height) },
  });
  const sides: readonly Side[] = [
    { className: 'there', things: thereIn(row), nameOf: ({ label }) => `${label} is there` },
    { className: 'found', things: foundIn(row), nameOf: foundName },
  ];
  const shapes = sides.flatMap(({ className, things }) =>
    things.flatMap((thing) => {
      const outline = outlinePath(thing, sx, sy) ?? boxPath(scaled(thing));
      // A rim first, so that the line is seen on any picture.
      return [`<path class="rim" d="${outline}"/>`, `<path class="${className}" d="${outline}"/>`];
    }),
  );
  const named = sides.flatMap(({ className, things, nameOf }) =>
    things.map((thing) => ({
      className,
      name: shorten(nameOf(thing), PLATE.longest),
      box: scaled(thing),
    })),
  );
  const plates = named.map(({ name, box }) => ({
    anchor: box,
    width: Math.min(width, Math.ceil(textWidth(name)) + 2 * PLATE.pad),
    height: Math.min(height, PLATE.height),
  }));
  const frame = { xmin: 0, ymin: 0, xmax: width, ymax: height };
  const places = placePlates(plates, frame, 1);
  const labels = places.flatMap((place, i) => {
    const { className, name } = named[i] as (typeof named)[number];
    if (place === undefined) return [];
    const [x, y] = [round(place.xmin), round(place.ymin)];
    const size = `width="${round(place.xmax - place.xmin)}" height="${PLATE.height}"`;
    return [
      `<rect class="plate ${className}" x="${x}" y="${y}" ${size}/>`,
      `<text x="${x + PLATE.pad}" y="${y + 10.5}">${escapeMarkup(name)}</text>`,
    ];
  });
  return [...shapes, ...labels];
}

const foundName = ({ label, score }: Thing): string =>
  score === undefined ? label : `${label} ${score.toFixed(2)}`;

const within = (value: number, most: number): number =>
  Number.isFinite(value) ? Math.min(Math.max(value, 0), most) : 0;

function boxPath({ xmin, ymin, xmax, ymax }: Box): string {
  return `M${round(xmin)} ${round(ymin)}H${round(xmax)}V${round(ymax)}H${round(xmin)}Z`;
}

/** Undefined without a mask, or with one that is damaged: its box is drawn then. */
function outlinePath({ rle }: Thing, sx: number, sy: number): string | undefined {
  if (rle === undefined) return undefined;
  try {
    const outlines = maskOutlines(Mask.fromRle(rle));
    const path = outlines.map((polygon) => {
      const points: string[] = [];
      for (let i = 0; i + 1 < polygon.length; i += 2) {
        const [x, y] = [(polygon[i] as number) * sx, (polygon[i + 1] as number) * sy];
        points.push(`${round(x)} ${round(y)}`);
      }
      return `M${points.join('L')}Z`;
    });
    return path.length === 0 ? undefined : path.join('');
  } catch {
    return undefined;
  }
}

/** The same in words; what has no score is counted. */
export function thingsText(things: readonly Thing[]): string {
  const times = new Map<string, number>();
  for (const name of things.map(foundName)) times.set(name, (times.get(name) ?? 0) + 1);
  const words = [...times].map(([name, n]) => (n === 1 ? name : `${n} × ${name}`));
  return words.length === 0 ? 'nothing' : words.join(', ');
}
