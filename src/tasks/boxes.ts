/** From instances to boxes in pixels, and which of them stay: for detect, segment, refer. */
import { boxIou } from '../results/box.js';
import type { Box, Detection, ImageSize } from '../results/types.js';
import { type Dropped, type Instance, locValue } from './instances.js';
import { boxScore, expectedBins, jointProbability } from './scores.js';

/** A detection with the two parts of its score. */
export interface DetectedObject extends Detection {
  /** The probability of the label's tokens; 1 for a task without labels. */
  readonly labelScore: number;
  /** The probability that the box is there, give or take a quarter of its sides. */
  readonly boxScore: number;
}

const LAST_BIN = 1023;

/** The detection an instance stands for. Edges are loc / 1023 of height or width (spec section 6.4). */
export function toDetection(
  instance: Instance,
  image: ImageSize,
  useExpected: boolean,
): DetectedObject {
  const bins = useExpected
    ? expectedBins(instance)
    : instance.locs.map((loc) => locValue(loc.text) ?? 0);
  const [ymin = 0, xmin = 0, ymax = 0, xmax = 0] = bins.map((bin) => bin / LAST_BIN);
  const { width, height } = image;
  const labelScore = jointProbability(instance.labels);
  const position = boxScore(instance);
  return {
    label: instance.label,
    score: labelScore * position,
    box: { xmin: xmin * width, ymin: ymin * height, xmax: xmax * width, ymax: ymax * height },
    labelScore,
    boxScore: position,
  };
}

export function hasArea({ xmin, ymin, xmax, ymax }: Box): boolean {
  return xmax > xmin && ymax > ymin;
}

/** A box without area counts as not found (spec section 6.4). */
export function emptyBox(instance: Instance): Dropped {
  const text = [...instance.locs, ...instance.segs, ...instance.labels].map((p) => p.text).join('');
  return { text, reason: 'emptyBox' };
}

/**
 * Without those below `minScore`, and of those that share a label and overlap by more than `duplicateIou` only the one
 * with the best score. The order stays.
 */
export function selectDetections<T extends Detection>(
  all: readonly T[],
  { minScore, duplicateIou }: { readonly minScore: number; readonly duplicateIou: number },
): { kept: T[]; duplicates: number; belowMinScore: number } {
  const scored = all.filter((one) => one.score >= minScore);
  const kept = new Set<T>();
  for (const one of [...scored].sort((a, b) => b.score - a.score)) {
    const isDuplicate = [...kept].some(
      (other) => other.label === one.label && boxIou(other.box, one.box) > duplicateIou,
    );
    if (!isDuplicate) kept.add(one);
  }
  return {
    kept: all.filter((one) => kept.has(one)),
    duplicates: scored.length - kept.size,
    belowMinScore: all.length - scored.length,
  };
}
