/** Bars from left to right, each with its interval and what it is compared with. */
import {
  length,
  MARGIN,
  type Panel,
  round,
  roundUp,
  SIDE,
  shown,
  type Tone,
  text,
  textWidth,
} from './svg.js';

export interface Bar {
  readonly name: string;
  /** Of 0 or more. */
  readonly value: number;
  /** The interval around the value. Both or none. */
  readonly low?: number;
  readonly high?: number;
  /** Another value, as a stroke across the bar. */
  readonly reference?: number;
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly bars: readonly Bar[];
  /** Default: `a`. */
  readonly tone?: Tone;
  /** The right end. Default: a round number above the greatest value. */
  readonly xMax?: number;
}

/** From one bar to the next, and the thickness of one, in pixels. */
const STEP = 22;
const THICKNESS = 12;

/** @throws `ERR_OPTION_RANGE` for a value that is negative or not finite */
export function barChart(chart: BarChart): Panel {
  const { title, subtitle, xLabel, bars, tone = 'a' } = chart;
  const ends = bars.flatMap(({ name, value, low = value, high = value, reference = value }) =>
    [value, low, high, reference].map((end) => length(end, name)),
  );
  const right = chart.xMax ?? roundUp(Math.max(0, ...ends));
  const left = 20 + Math.ceil(Math.max(0, ...bars.map(({ name }) => textWidth(name))));
  const bottom = MARGIN.top + bars.length * STEP;
  const px = (value: number): number => round(left + (value / right) * SIDE);
  const width = left + SIDE + MARGIN.right;
  const height = bottom + MARGIN.bottom;
  const parts = [
    text(10, 20, title, { kind: 'title' }),
    text(10, 38, subtitle),
    text(left + SIDE / 2, height - 10, xLabel, { anchor: 'middle' }),
  ];
  for (const x of [0, 0.25, 0.5, 0.75, 1].map((part) => part * right)) {
    parts.push(`<path class="grid" d="M${px(x)} ${MARGIN.top}V${bottom}"/>`);
    parts.push(text(px(x), bottom + 16, shown(x), { anchor: 'middle' }));
  }
  bars.forEach(({ name, value, low, high, reference }, i) => {
    const top = MARGIN.top + i * STEP + (STEP - THICKNESS) / 2;
    const middle = top + THICKNESS / 2;
    const size = `width="${round(px(value) - left)}" height="${THICKNESS}"`;
    parts.push(text(left - 8, middle + 4, name, { anchor: 'end' }));
    parts.push(`<rect class="${tone} bar" x="${left}" y="${top}" ${size}/>`);
    if (low !== undefined && high !== undefined) {
      const caps = [low, high].map((end) => `M${px(end)} ${middle - 4}v8`).join('');
      parts.push(`<path class="whisker" d="M${px(low)} ${middle}H${px(high)}${caps}"/>`);
    }
    if (reference !== undefined) {
      parts.push(`<path class="mark" d="M${px(reference)} ${top - 3}v${THICKNESS + 6}"/>`);
    }
  });
  parts.push(
    `<rect class="frame" x="${left}" y="${MARGIN.top}" width="${SIDE}" height="${bottom - MARGIN.top}"/>`,
  );
  return { width, height, parts };
}
