/** Lines over x, both axes from 0. */
import { length, MARGIN, type Panel, round, roundUp, SIDE, shown, type Tone, text } from './svg.js';

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
}

/** @throws `ERR_OPTION_RANGE` for a coordinate that is negative or not finite */
export function lineChart(chart: LineChart): Panel {
  const { title, subtitle, xLabel, yLabel, lines, xTicks } = chart;
  const all = lines.flatMap(({ points }) => points);
  for (const { x, y, low = y, high = y } of all) {
    for (const value of [x, y, low, high]) length(value, 'a coordinate');
  }
  const right = chart.xMax ?? (Math.max(0, ...all.map(({ x }) => x)) || 1);
  const top = chart.yMax ?? roundUp(Math.max(0, ...all.map(({ y, high = y }) => high)));
  const yTicks = chart.yTicks ?? [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => part * top);
  const px = (x: number): number => round(MARGIN.left + (x / right) * SIDE);
  const py = (y: number): number => round(MARGIN.top + (1 - y / top) * SIDE);
  const width = MARGIN.left + SIDE + MARGIN.right;
  const height = MARGIN.top + SIDE + MARGIN.bottom;
  const parts = [
    text(MARGIN.left, 20, title, { kind: 'title' }),
    text(MARGIN.left, 38, subtitle),
    text(MARGIN.left + SIDE / 2, height - 10, xLabel, { anchor: 'middle' }),
    text(13, MARGIN.top + SIDE / 2, yLabel, { anchor: 'middle', turn: true }),
  ];
  for (const y of yTicks) {
    parts.push(`<path class="grid" d="M${px(0)} ${py(y)}H${px(right)}"/>`);
    parts.push(text(px(0) - 6, py(y) + 4, shown(y), { anchor: 'end' }));
  }
  for (const x of xTicks) {
    if (chart.xGrid) parts.push(`<path class="grid" d="M${px(x)} ${py(0)}V${py(top)}"/>`);
    parts.push(text(px(x), py(0) + 16, shown(x), { anchor: 'middle' }));
  }
  parts.push(`<rect class="frame" x="${px(0)}" y="${py(top)}" width="${SIDE}" height="${SIDE}"/>`);
  if (chart.diagonal) {
    parts.push(`<path class="ideal" d="M${px(0)} ${py(0)}L${px(right)} ${py(top)}"/>`);
  }
  for (const line of lines) parts.push(...marks(line, px, py));
  return { width, height, parts: lines.length > 1 ? [...parts, ...legend(lines)] : parts };
}

type Scale = (value: number) => number;

function marks({ tone, points, dots = false }: Line, px: Scale, py: Scale): string[] {
  const path = points.map(({ x, y }) => `${px(x)},${py(y)}`).join(' ');
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

/** At the top on the left. */
function legend(lines: readonly Line[]): string[] {
  return lines.flatMap(({ name, tone }, i) => {
    const y = MARGIN.top + 16 + i * 16;
    return [
      `<path class="line ${tone}" d="M${MARGIN.left + 10} ${y - 4}h18"/>`,
      text(MARGIN.left + 34, y, name),
    ];
  });
}
