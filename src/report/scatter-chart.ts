/** Points with names that never cover each other. */
import { type Axis, figuresBelow, fittedAxis, linearAxis, logAxis } from './axis.js';
import { type Labelled, type Placed, placeLabels, type Segment, spread } from './place-labels.js';
import { heading, length, type Panel, round, shown, type Tone, text } from './svg.js';
import { shorten, textWidth } from './text-width.js';

export interface ScatterPoint {
  readonly name: string;
  /** 0 or more; above 0 on a logarithmic axis. */
  readonly x: number;
  readonly y: number;
  /** Interval of y. Both or none. */
  readonly low?: number;
  readonly high?: number;
  /** Default: `a`. */
  readonly tone?: Tone;
}

export interface ScatterChart {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly ScatterPoint[];
  /** Powers of ten along x. Default: false. */
  readonly xLog?: boolean;
  /** The axes begin near the least value and end near the greatest. Default: they begin at 0. */
  readonly fitted?: boolean;
  /** The top. Default: a round number above the greatest y. */
  readonly yMax?: number;
}

/** Pixels. */
const PLOT = { x: 52, y: 52, width: 320, height: 260 } as const;
const LABEL = { longest: 150, height: 14 } as const;
/** From the plot to the labels that are beside it. */
const COLUMN = 22;

/** @throws `ERR_OPTION_RANGE` for a coordinate that is negative or not finite */
export function scatterChart(chart: ScatterChart): Panel {
  const { title, subtitle, xLabel, yLabel, points, xLog = false, fitted = false } = chart;
  for (const { name, x, y, low = y, high = y } of points) {
    for (const value of [x, y, low, high]) length(value, name);
  }
  const [right, bottom] = [PLOT.x + PLOT.width, PLOT.y + PLOT.height];
  const xs = points.map(({ x }) => x);
  const xAxis = xLog
    ? logAxis(xs, PLOT.x, right)
    : fitted
      ? fittedAxis(xs, PLOT.x, right)
      : linearAxis(Math.max(0, ...xs), PLOT.x, right);
  const most = chart.yMax ?? Math.max(0, ...points.map(({ y, high = y }) => high));
  const ends = points.flatMap(({ y, low = y, high = y }) => [low, high]);
  const yAxis = fitted ? fittedAxis(ends, bottom, PLOT.y) : linearAxis(most, bottom, PLOT.y);
  const labels = points.map(({ name, x, y }): Labelled => {
    const width = Math.ceil(textWidth(shorten(name, LABEL.longest, 'small', 'middle')));
    return { x: xAxis.at(x), y: yAxis.at(y), width, height: LABEL.height };
  });
  const inside = { x: PLOT.x + 2, y: PLOT.y + 2, width: PLOT.width - 4, height: PLOT.height - 4 };
  const whiskers = points.flatMap(({ x, low, high }): Segment[] =>
    low === undefined || high === undefined
      ? []
      : [[xAxis.at(x), yAxis.at(high), xAxis.at(x), yAxis.at(low)]],
  );
  const near = placeLabels(labels, inside, [], whiskers);
  const beside = besidePlot(labels, near);
  const column = Math.max(0, ...beside.map((place) => place?.width ?? 0));
  const lowest = Math.max(0, ...beside.map((place) => (place ? place.y + place.height : 0)));
  const width = right + (column > 0 ? COLUMN + column : 0) + 18;
  const height = Math.max(bottom + 46, lowest + 8);
  const parts = [
    ...heading(PLOT.x, width, title, subtitle),
    text(PLOT.x + PLOT.width / 2, bottom + 36, xLabel, { anchor: 'middle', within: PLOT.width }),
    text(11, PLOT.y + PLOT.height / 2, yLabel, {
      ...{ anchor: 'middle', turn: true, within: PLOT.height },
    }),
    ...grid(xAxis, yAxis),
    ...figuresBelow(xAxis, bottom + 16, width),
    `<rect class="frame" x="${PLOT.x}" y="${PLOT.y}" width="${PLOT.width}" height="${PLOT.height}"/>`,
    ...marks(points, xAxis, yAxis),
  ];
  const places = near.map((place, i) => place ?? (beside[i] as Placed));
  for (const { leader } of places) {
    if (leader === undefined) continue;
    const [x1, y1, x2, y2] = leader.map(round) as [number, number, number, number];
    parts.push(`<path class="leader" d="M${x1} ${y1}L${x2} ${y2}"/>`);
  }
  points.forEach(({ name }, i) => {
    const { x, y } = places[i] as Placed;
    parts.push(
      text(round(x), round(y + 11), name, { kind: 'label', within: LABEL.longest, cut: 'middle' }),
    );
  });
  return { width, height, parts };
}

/** What has no place near its point is in a column beside the plot, with a line to it. */
function besidePlot(
  labels: readonly Labelled[],
  near: readonly (Placed | undefined)[],
): readonly (Placed | undefined)[] {
  const left = PLOT.x + PLOT.width + COLUMN;
  const missing = labels.flatMap((_, i) => (near[i] === undefined ? [i] : []));
  const wanted = missing.map((i) => (labels[i] as Labelled).y - LABEL.height / 2);
  const tops = spread(wanted, LABEL.height, PLOT.y, PLOT.y + PLOT.height);
  const places = new Array<Placed | undefined>(labels.length).fill(undefined);
  for (const [k, i] of missing.entries()) {
    const { x, y, width, height } = labels[i] as Labelled;
    const top = tops[k] as number;
    const leader = [x, y, left - 3, top + height / 2] as const;
    places[i] = { x: left, y: top, width, height, leader };
  }
  return places;
}

function grid(xAxis: Axis, yAxis: Axis): string[] {
  const [right, bottom] = [PLOT.x + PLOT.width, PLOT.y + PLOT.height];
  return [
    ...xAxis.ticks.map((x) => `<path class="grid" d="M${xAxis.at(x)} ${PLOT.y}V${bottom}"/>`),
    ...yAxis.ticks.flatMap((y) => [
      `<path class="grid" d="M${PLOT.x} ${yAxis.at(y)}H${right}"/>`,
      text(PLOT.x - 6, yAxis.at(y) + 4, shown(y), { anchor: 'end', within: PLOT.x - 20 }),
    ]),
  ];
}

function marks(points: readonly ScatterPoint[], xAxis: Axis, yAxis: Axis): string[] {
  const whiskers = points.flatMap(({ x, low, high, tone = 'a' }) =>
    low === undefined || high === undefined
      ? []
      : [`<path class="interval ${tone}" d="M${xAxis.at(x)} ${yAxis.at(low)}V${yAxis.at(high)}"/>`],
  );
  const dots = points.map(
    ({ x, y, tone = 'a' }) =>
      `<circle class="${tone} dot" cx="${xAxis.at(x)}" cy="${yAxis.at(y)}" r="4"/>`,
  );
  return [...whiskers, ...dots];
}
