/** Reads a drawing back: what is where, in pixels; things to draw. For the tests beside it. */
import type { Box, Detection, ImageSize } from '../../../src/results/types.js';

export interface DrawnObject {
  readonly index: number;
  readonly label: string;
  /** Of the coloured line. */
  readonly box: Box | undefined;
  readonly colour: string | undefined;
  /** Corners of each outline. */
  readonly mask: readonly (readonly (readonly [number, number])[])[];
}

export interface DrawnLabel {
  readonly index: number;
  readonly title: string;
  readonly fontSize: number;
  readonly plate: Box;
  readonly plateColour: string;
  readonly textColour: string;
  /** Pixels around the letters: end points and control points. */
  readonly ink: Box;
}

export function objectsOf(svg: string): readonly DrawnObject[] {
  return groups(svg, 'object').map((group) => {
    const shape = /<(?:rect|line) class="box"[^>]*>/.exec(group)?.[0];
    const mask = /<path class="mask"[^>]*>/.exec(group)?.[0];
    return {
      index: Number(attribute(group, 'data-index')),
      label: unescapeXml(attribute(group, 'data-label')),
      box: shape === undefined ? undefined : boxOf(shape),
      colour: shape === undefined ? undefined : attribute(shape, 'stroke'),
      mask: mask === undefined ? [] : outlinesOf(attribute(mask, 'd')),
    };
  });
}

export function labelsOf(svg: string): readonly DrawnLabel[] {
  return groups(svg, 'label').map((group) => {
    const plate = /<rect class="plate"[^>]*>/.exec(group)?.[0] ?? '';
    const text = /<path class="text"[^>]*>/.exec(group)?.[0] ?? '';
    return {
      index: Number(attribute(group, 'data-index')),
      title: unescapeXml(/<title>([^<]*)<\/title>/.exec(group)?.[1] ?? ''),
      fontSize: Number(attribute(group, 'data-font-size')),
      plate: boxOf(plate),
      plateColour: attribute(plate, 'fill'),
      textColour: attribute(text, 'fill'),
      ink: inkOf(attribute(text, 'd'), attribute(text, 'transform')),
    };
  });
}

export function attribute(element: string, name: string): string {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1];
  if (value === undefined) throw new Error(`no ${name} in ${element.slice(0, 200)}`);
  return value;
}

function groups(svg: string, name: string): readonly string[] {
  return svg.match(new RegExp(`<g class="${name}"[^>]*>.*?</g>`, 'gs')) ?? [];
}

function boxOf(element: string): Box {
  const number = (name: string): number => Number(attribute(element, name));
  if (element.startsWith('<line')) {
    return { xmin: number('x1'), ymin: number('y1'), xmax: number('x2'), ymax: number('y2') };
  }
  const [xmin, ymin] = [number('x'), number('y')];
  return { xmin, ymin, xmax: xmin + number('width'), ymax: ymin + number('height') };
}

function outlinesOf(path: string): readonly (readonly (readonly [number, number])[])[] {
  return path
    .split('Z')
    .filter((part) => part !== '')
    .map((part) =>
      part
        .slice(1)
        .split('L')
        .map((point) => {
          const [x, y] = point.split(' ').map(Number);
          return [x ?? Number.NaN, y ?? Number.NaN] as const;
        }),
    );
}

/** Walks path data of M and relative m, l, h, v, q, z. */
function inkOf(path: string, transform: string): Box {
  const moved = /^translate\((\S+) (\S+)\) scale\((\S+)\)$/.exec(transform)?.slice(1).map(Number);
  const [dx = Number.NaN, dy = Number.NaN, scale = Number.NaN] = moved ?? [];
  let [x, y, startX, startY] = [0, 0, 0, 0];
  const [xs, ys]: [number[], number[]] = [[], []];
  const see = (px: number, py: number): void => {
    xs.push(dx + px * scale);
    ys.push(dy + py * scale);
  };
  for (const [, command = '', rest = ''] of path.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const numbers = (rest.match(/-?\d+/g) ?? []).map(Number);
    const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = numbers;
    if (command === 'q') see(x + a, y + b);
    if (command === 'M') [x, y] = [a, b];
    else if (command === 'm' || command === 'l') [x, y] = [x + a, y + b];
    else if (command === 'h') x += a;
    else if (command === 'v') y += a;
    else if (command === 'q') [x, y] = [x + c, y + d];
    else if (command === 'z') [x, y] = [startX, startY];
    else throw new Error(`unknown command ${command}`);
    if (command === 'm') [startX, startY] = [x, y];
    if (command !== 'M') see(x, y);
  }
  return {
    xmin: Math.min(...xs),
    ymin: Math.min(...ys),
    xmax: Math.max(...xs),
    ymax: Math.max(...ys),
  };
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#(\d+));/g, (entity, code: string | undefined) =>
    code === undefined
      ? ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' }[entity] ?? entity)
      : String.fromCharCode(Number(code)),
  );
}

/** Deterministic boxes anywhere, overlapping. */
export function scattered({ width, height }: ImageSize, count: number): Detection[] {
  let state = 12345;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, (_, i) => {
    const [w, h] = [width * (0.02 + 0.1 * next()), height * (0.02 + 0.1 * next())];
    const [x, y] = [next() * (width - w), next() * (height - h)];
    const box = { xmin: x, ymin: y, xmax: x + w, ymax: y + h };
    return { label: `thing ${i % 9}`, box, score: next() };
  });
}
