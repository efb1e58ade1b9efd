/** Bars from left to right, each with its interval and what it is compared with. */
import { figuresBelow } from './axis.js';
import {
  heading,
  LINE,
  length,
  MARGIN,
  type Panel,
  round,
  roundUp,
  SIDE,
  type Tone,
  text,
} from './svg.js';
import { textWidth, wrap } from './text-width.js';

export interface Bar {
  readonly name: string;
  /** Of 0 or more. */
  readonly value: number;
  /** Where the bar begins, where that is not 0: it is a range then. */
  readonly from?: number;
  /** Values within a range, each a dot. */
  readonly dots?: readonly number[];
  /** The interval around the value. Both or none. */
  readonly low?: number;
  readonly high?: number;
  /** Another value, as a stroke across the bar. */
  readonly reference?: number;
  /** The value in words, above the bar's right end. Needs `names: 'above'`. */
  readonly note?: string;
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
  /** `above` the bars there is room for long ones, and the chart is as wide whatever they are. Default: `beside`. */
  readonly names?: 'beside' | 'above';
}

/** Pixels: from one bar to the next, from there to its top, its thickness, the longest name, and the axis. */
const LAYOUTS = {
  beside: { step: 22, top: 5, thickness: 12, name: 280, side: SIDE },
  above: { step: 40, top: 19, thickness: 12, name: 300, side: 300 },
} as const;

const SUBTITLE_LINES = 4;

/** @throws `ERR_OPTION_RANGE` for a value that is negative or not finite */
export function barChart(chart: BarChart): Panel {
  const { title, subtitle, xLabel, bars, tone = 'a', names = 'beside' } = chart;
  const { step, top, thickness, name: longest, side } = LAYOUTS[names];
  const ends = bars.flatMap(({ name, value, from = 0, dots = [], ...bar }) => {
    const { low = value, high = value, reference = value } = bar;
    return [value, from, ...dots, low, high, reference].map((end) => length(end, name));
  });
  const right = chart.xMax ?? roundUp(Math.max(0, ...ends));
  const widths = bars.map(({ name }) => Math.min(longest, textWidth(name.slice(0, longest))));
  const left = names === 'above' ? 12 : 20 + Math.ceil(Math.max(0, ...widths));
  const width = left + side + MARGIN.right;
  const headLeft = names === 'above' ? left : 10;
  const lines = wrap(subtitle, width - headLeft - 8, SUBTITLE_LINES);
  const begin = MARGIN.top - (subtitle === '' ? 18 : 0) + (lines.length - 1) * LINE;
  const bottom = begin + bars.length * step + (names === 'above' ? 8 : 0);
  // What is beyond the axis ends at it.
  const px = (value: number): number => round(left + (Math.min(value, right) / right) * side);
  const height = bottom + MARGIN.bottom;
  const parts = [
    ...heading(headLeft, width, title, ...lines),
    text(left + side / 2, height - 10, xLabel, { anchor: 'middle', within: side }),
  ];
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * right);
  parts.push(...ticks.map((x) => `<path class="grid" d="M${px(x)} ${begin}V${bottom}"/>`));
  parts.push(...figuresBelow({ at: px, ticks }, bottom + 16, width));
  bars.forEach((bar, i) => {
    const y = begin + i * step + top;
    if (names === 'above') parts.push(...nameAbove(bar, left, y - 5, side));
    else {
      const options = { anchor: 'end', within: longest, cut: 'middle' } as const;
      parts.push(text(left - 8, y + thickness / 2 + 4, bar.name, options));
    }
    parts.push(...drawn(bar, y, thickness, px, tone));
  });
  parts.push(
    `<rect class="frame" x="${left}" y="${begin}" width="${side}" height="${bottom - begin}"/>`,
  );
  return { width, height, parts };
}

function nameAbove({ name, note = '' }: Bar, left: number, y: number, side: number): string[] {
  const pad = 6;
  const taken = note === '' ? 0 : Math.min(textWidth(note), side / 2) + 10;
  const options = { kind: 'label', within: side - 2 * pad - taken, cut: 'middle' } as const;
  const end = { kind: 'label', anchor: 'end', within: side / 2 } as const;
  return [
    text(left + pad, y, name, options),
    ...(note === '' ? [] : [text(left + side - pad, y, note, end)]),
  ];
}

function drawn(
  { value, from = 0, dots = [], low, high, reference }: Bar,
  top: number,
  thickness: number,
  px: (value: number) => number,
  tone: Tone,
): string[] {
  const middle = top + thickness / 2;
  const left = px(from);
  const parts = [
    `<rect class="${tone} bar" x="${left}" y="${top}" width="${round(px(value) - left)}" height="${thickness}"/>`,
  ];
  parts.push(
    ...dots.map((at) => `<circle class="${tone} dot" cx="${px(at)}" cy="${middle}" r="4"/>`),
  );
  if (low !== undefined && high !== undefined) {
    const caps = [low, high].map((end) => `M${px(end)} ${middle - 4}v8`).join('');
    parts.push(`<path class="whisker" d="M${px(low)} ${middle}H${px(high)}${caps}"/>`);
  }
  if (reference !== undefined) {
    parts.push(`<path class="mark" d="M${px(reference)} ${top - 3}v${thickness + 6}"/>`);
  }
  return parts;
}
