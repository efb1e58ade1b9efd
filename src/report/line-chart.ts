/** Lines over x, both axes from 0. */
import { figuresBelow } from './axis.js';
import { placeLabels, type Rectangle, type Segment } from './place-labels.js';
import {
  heading,
  length,
  MARGIN,
  type Panel,
  round,
  roundUp,
  SIDE,
  shown,
  type Tone,
  text,
} from './svg.js';
import { shorten, textWidth } from './text-width.js';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** The interval around y. Both or none. */
  readonly low?: number;
  readonly high?: number;
}

export interface Line {
  /** Named in the legend, which is there from two lines on. */
  readonly name: string;
  readonly tone: Tone;
  /** All coordinates are 0 or more. */
  readonly points: readonly Point[];
  /** A dot at each point. Default: false. */
  readonly dots?: boolean;
  /** Each y holds up to the next x, and changes there. Default: false. */
  readonly isStepped?: boolean;
}

/** A place of the chart that its reader should look at. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly tone: Tone;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** Where the x axis has figures. */
  readonly xTicks: readonly number[];
  /** Grid lines at the figures of the x axis. Default: false. */
  readonly xGrid?: boolean;
  /** Where the y axis has figures and grid lines. Default: six from 0 to the top. */
  readonly yTicks?: readonly number[];
  /** The right end. Default: the greatest x. */
  readonly xMax?: number;
  /** The top. Default: a round number above the greatest y. */
  readonly yMax?: number;
  /** A dashed line from 0, 0 to the opposite corner: where a perfect result would be. Default: false. */
  readonly diagonal?: boolean;
  /** Default: none. */
  readonly marks?: readonly Mark[];
  /** Where several lines are named: in the chart at the top on the left, or below it. Default: `inside`. */
  readonly legend?: 'inside' | 'below';
}

/** @throws `ERR_OPTION_RANGE` for a coordinate that is negative or not finite */
export function lineChart(chart: LineChart): Panel {
  const { title, subtitle, xLabel, yLabel, lines, xTicks, marks = [] } = chart;
  const all: readonly Point[] = [...lines.flatMap(({ points }) => points), ...marks];
  for (const { x, y, low = y, high = y } of all) {
    for (const value of [x, y, low, high]) length(value, 'a coordinate');
  }
  const right = chart.xMax ?? (Math.max(0, ...all.map(({ x }) => x)) || 1);
  const top = chart.yMax ?? roundUp(Math.max(0, ...all.map(({ y, high = y }) => high)));
  const yTicks = chart.yTicks ?? [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => part * top);
  const widest = Math.max(0, ...yTicks.map((y) => textWidth(shown(y))));
  const left = Math.max(MARGIN.left, Math.ceil(widest) + 20);
  const px = (x: number): number => round(left + (x / right) * SIDE);
  const py = (y: number): number => round(MARGIN.top + (1 - y / top) * SIDE);
  const width = left + SIDE + MARGIN.right;
  const isBelow = chart.legend === 'below' && lines.length > 1;
  const height = MARGIN.top + SIDE + MARGIN.bottom + (isBelow ? lines.length * LEGEND_STEP : 0);
  const parts = [
    ...heading(left, width, title, subtitle),
    text(left + SIDE / 2, py(0) + MARGIN.bottom - 10, xLabel, {
      ...{ anchor: 'middle', within: SIDE },
    }),
    text(11, MARGIN.top + SIDE / 2, yLabel, { anchor: 'middle', turn: true, within: SIDE }),
  ];
  for (const y of yTicks) {
    parts.push(`<path class="grid" d="M${px(0)} ${py(y)}H${px(right)}"/>`);
    parts.push(text(px(0) - 6, py(y) + 4, shown(y), { anchor: 'end' }));
  }
  for (const x of chart.xGrid ? xTicks : []) {
    parts.push(`<path class="grid" d="M${px(x)} ${py(0)}V${py(top)}"/>`);
  }
  parts.push(...figuresBelow({ at: px, ticks: xTicks }, py(0) + 16, width));
  parts.push(`<rect class="frame" x="${px(0)}" y="${py(top)}" width="${SIDE}" height="${SIDE}"/>`);
  if (chart.diagonal) {
    parts.push(`<path class="ideal" d="M${px(0)} ${py(0)}L${px(right)} ${py(top)}"/>`);
  }
  for (const line of lines) parts.push(...drawn(line, px, py));
  const insideLegend = lines.length > 1 && !isBelow ? lines.length : 0;
  parts.push(...marked(marks, lines, px, py, insideLegend));
  if (lines.length > 1) {
    const at = isBelow ? py(0) + MARGIN.bottom + 8 : MARGIN.top + 16;
    parts.push(...legend(lines, left, at));
  }
  return { width, height, parts };
}

type Scale = (value: number) => number;

/** Where a line turns. */
const cornersOf = ({ points, isStepped = false }: Line): readonly Point[] =>
  isStepped
    ? points.flatMap((point, i) => [{ x: point.x, y: (points[i - 1] ?? point).y }, point])
    : points;

function drawn(line: Line, px: Scale, py: Scale): string[] {
  const { tone, points, dots = false } = line;
  const corners = cornersOf(line);
  const path = corners.map(({ x, y }) => `${px(x)},${py(y)}`).join(' ');
  return [
    ...points.flatMap(({ x, low, high }) =>
      low === undefined || high === undefined
        ? []
        : [`<path class="interval ${tone}" d="M${px(x)} ${py(low)}V${py(high)}"/>`],
    ),
    `<polyline class="line ${tone}" points="${path}"/>`,
    ...(dots
      ? points.map(({ x, y }) => `<circle class="${tone} dot" cx="${px(x)}" cy="${py(y)}" r="4"/>`)
      : []),
  ];
}

const LEGEND_STEP = 16;
/** Pixels of a mark's name. */
const NAME = { longest: SIDE - 40, height: 14 } as const;

/** Dots with a ring and their names: beside the lines where there is room, else over them. */
function marked(
  marks: readonly Mark[],
  lines: readonly Line[],
  px: Scale,
  py: Scale,
  named: number,
): string[] {
  const frame = {
    ...{ x: px(0) + 2, y: MARGIN.top + 2 },
    ...{ width: SIDE - 4, height: SIDE - 4 },
  };
  const labels = marks.map(({ x, y, name }) => {
    const width = Math.ceil(textWidth(shorten(name, NAME.longest, 'small', 'middle')));
    return { x: px(x), y: py(y), width, height: NAME.height };
  });
  const key: Rectangle = { ...frame, height: named * LEGEND_STEP + 4 };
  const legendBox = named > 0 ? [key] : [];
  const places = placeLabels(
    labels,
    frame,
    legendBox,
    lines.flatMap((line) => strokes(line, px, py)),
  );
  const dots = marks.map(
    ({ x, y, tone }) => `<circle class="${tone} dot" cx="${px(x)}" cy="${py(y)}" r="5"/>`,
  );
  const names = marks.flatMap(({ name }, i) => {
    const place = places[i];
    if (place === undefined) return [];
    const options = { kind: 'label', within: NAME.longest, cut: 'middle' } as const;
    const label = text(round(place.x), round(place.y + 11), name, options);
    if (place.leader === undefined) return [label];
    const [x1, y1, x2, y2] = place.leader.map(round) as [number, number, number, number];
    return [`<path class="leader" d="M${x1} ${y1}L${x2} ${y2}"/>`, label];
  });
  return [...dots, ...names];
}

/** What is drawn of a line and of its intervals. */
function strokes(line: Line, px: Scale, py: Scale): Segment[] {
  const corners = cornersOf(line);
  const intervals = line.points.flatMap(({ x, low, high }): Segment[] =>
    low === undefined || high === undefined ? [] : [[px(x), py(high), px(x), py(low)]],
  );
  const parts = corners.slice(1).map(({ x, y }, i): Segment => {
    const from = corners[i] as Point;
    return [px(from.x), py(from.y), px(x), py(y)];
  });
  return [...parts, ...intervals];
}

/** From `top` down. */
function legend(lines: readonly Line[], left: number, top: number): string[] {
  return lines.flatMap(({ name, tone }, i) => {
    const y = top + i * LEGEND_STEP;
    return [
      `<path class="line ${tone}" d="M${left + 10} ${y - 4}h18"/>`,
      text(left + 34, y, name, { within: SIDE - 38, cut: 'middle' }),
    ];
  });
}
