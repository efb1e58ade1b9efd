/** Figures along an axis, and how values become pixels. */
import { round, roundUp, shown, text } from './svg.js';
import { textWidth } from './text-width.js';

/** Values that an axis shows, from its first to its last pixel. */
export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

export function linearAxis(most: number, from: number, to: number): Axis {
  const end = roundUp(most);
  return {
    at: (value) => round(from + (value / end) * (to - from)),
    ticks: [0, 0.25, 0.5, 0.75, 1].map((part) => part * end),
  };
}

/** Round numbers around the values, which are 0 or more: what differs little is seen to differ. */
export function fittedAxis(values: readonly number[], from: number, to: number): Axis {
  if (values.length === 0) return linearAxis(1, from, to);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = roundUp(high > low ? (high - low) / 4 : Math.max(low, 1) / 4);
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.ceil(high / step) - first);
  return {
    at: (value) => round(from + ((value / step - first) / count) * (to - from)),
    ticks: Array.from({ length: count + 1 }, (_, i) =>
      Number(((first + i) * step).toPrecision(12)),
    ),
  };
}

/** Powers of ten around values above 0; where there is none, those of 1 to 10. */
export function logAxis(values: readonly number[], from: number, to: number): Axis {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, ...(positive.length > 0 ? [] : [1]))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 0.1 ** 300))));
  const place = (value: number): number => (Math.log10(value) - low) / (high - low);
  return {
    at: (value) => round(from + Math.max(0, value > 0 ? place(value) : 0) * (to - from)),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => Number(`1e${low + i}`)),
  };
}

/** Pixels between two figures. */
const GAP = 6;

/**
 * The figures under an axis, as many as there is room for, the two ends first.
 *
 * @param width of the panel, which none leaves
 */
export function figuresBelow({ at, ticks }: Axis, y: number, width: number): string[] {
  const labels = ticks.map((tick) => {
    const label = shown(tick);
    const half = textWidth(label) / 2;
    return { label, half, x: Math.min(Math.max(at(tick), half + 1), width - half - 1) };
  });
  const order = [...labels.slice(0, 1), ...labels.slice(1).slice(-1), ...labels.slice(1, -1)];
  const kept: typeof labels = [];
  for (const one of order) {
    const isFree = kept.every((other) => Math.abs(other.x - one.x) >= other.half + one.half + GAP);
    if (isFree) kept.push(one);
  }
  return kept.map(({ label, x }) => text(round(x), y, label, { anchor: 'middle' }));
}
