/** From instances to boxes in pixels, and which of them stay: for detect, segment, refer. */
import { overlap } from '../results/box.js';
import type { Box, Detection, ImageSize } from '../results/types.js';
import { type Dropped, type Instance, locValue } from './instances.js';
import { askedFor } from './labels.js';
import { boxScore, expectedBins, jointProbability } from './scores.js';

/** A detection with the two parts of its score, and how sure it is that there is anything to find. */
export interface DetectedObject<L extends string = string> extends Detection<L> {
  /** The probability of the label's tokens; 1 for a task without labels. */
  readonly labelScore: number;
  /** The probability that the box is there, give or take a quarter of its sides. */
  readonly boxScore: number;
  /**
   * The probability, 0 to 1, that a box follows rather than the end of the answer: the sum over all places for it.
   * undefined only in answers that were not constrained and had other text before the box.
   */
  readonly presence: number | undefined;
  /** Whether its label is one that was asked for; false only with `extra`. */
  readonly asked: boolean;
}

/** How sure it is that a label is in the picture. */
export interface LabelPresence<L extends string = string> {
  readonly label: L;
  /**
   * Of a label that was found, the highest presence among its boxes. Of one that was not, the probability that one more
   * box had followed where the answer ended; of several that were not found, a box for any of them. undefined where the
   * answer was cut off.
   */
  readonly presence: number | undefined;
}

const LAST_BIN = 1023;

/**
 * The detection an instance stands for, under the label that was asked for. Edges are loc / 1023 of height or width (spec
 * section 6.4).
 */
export function toDetection(
  instance: Instance,
  image: ImageSize,
  useExpected: boolean,
  labelFor: (said: string) => string | undefined = (said) => said,
): DetectedObject {
  const bins = useExpected
    ? expectedBins(instance)
    : instance.locs.map((loc) => locValue(loc.text) ?? 0);
  const labelScore = jointProbability(instance.labels);
  const position = boxScore(instance);
  const asked = labelFor(instance.label);
  return {
    label: asked ?? instance.label,
    score: labelScore * position,
    box: pixelBox(bins, image),
    labelScore,
    boxScore: position,
    presence: instance.presence,
    asked: asked !== undefined,
  };
}

/** ymin, xmin, ymax, xmax as bins of 0 to 1023, to edges in pixels. */
export function pixelBox(bins: readonly number[], { width, height }: ImageSize): Box {
  const [ymin = 0, xmin = 0, ymax = 0, xmax = 0] = bins.map((bin) => bin / LAST_BIN);
  return { xmin: xmin * width, ymin: ymin * height, xmax: xmax * width, ymax: ymax * height };
}

export function hasArea({ xmin, ymin, xmax, ymax }: Box): boolean {
  return xmax > xmin && ymax > ymin;
}

/** For each label how probable it is that it is there. `endPresence`: of one more box where the answer ended. */
export function labelPresences(
  labels: readonly string[],
  found: readonly DetectedObject[],
  endPresence: number | undefined,
): LabelPresence[] {
  return labels.map((label) => {
    const labelFor = askedFor([label]);
    const own = found.flatMap((one) =>
      labelFor(one.label) !== undefined && one.presence !== undefined ? [one.presence] : [],
    );
    return { label, presence: own.length > 0 ? Math.max(...own) : endPresence };
  });
}

/** A box without area counts as not found (spec section 6.4). */
export function emptyBox(instance: Instance): Dropped {
  const text = [...instance.locs, ...instance.segs, ...instance.labels].map((p) => p.text).join('');
  return { text: text.trim(), reason: 'emptyBox' };
}

/** Which detections a caller wants to see. */
export interface Selection {
  readonly minScore: number;
  readonly duplicateIou: number;
  /** Also those with labels that were not asked for. */
  readonly extra: boolean;
}

type Selectable = Detection & Pick<DetectedObject, 'asked'>;

/** Whether a detection is wanted, as far as it alone can show. */
export function isWanted(one: Selectable, { minScore, extra }: Selection): boolean {
  return one.score >= minScore && (extra || one.asked);
}

/**
 * Without those of other labels and those below `minScore`; of those that share a label and overlap by more than
 * `duplicateIou` only the one with the best score. The order stays.
 */
export function selectDetections<T extends Selectable>(
  all: readonly T[],
  selection: Selection,
): { kept: T[]; unasked: number; belowMinScore: number; duplicates: number } {
  const { duplicateIou, extra } = selection;
  const asked = all.filter((one) => extra || one.asked);
  const scored = asked.filter((one) => isWanted(one, selection));
  const kept = new Set<T>();
  for (const one of [...scored].sort((a, b) => b.score - a.score)) {
    const isDuplicate = [...kept].some(
      (other) => other.label === one.label && overlap(other.box, one.box) > duplicateIou,
    );
    if (!isDuplicate) kept.add(one);
  }
  return {
    kept: all.filter((one) => kept.has(one)),
    unasked: all.length - asked.length,
    belowMinScore: asked.length - scored.length,
    duplicates: scored.length - kept.size,
  };
}
