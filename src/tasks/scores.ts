/**
 * How sure the model is, from its own probabilities before temperature and grammar: one formula for each kind of result.
 * They are explained for users, with measurements, in docs/tasks.md.
 */
import type { Piece, Prediction } from '../prediction.js';
import { type Instance, locValue } from './instances.js';

/** The probability of exactly this answer: the product over its tokens and its end. */
export function answerScore({ logprobs, endLogprob }: Prediction): number {
  return Math.exp(logprobs.reduce((sum, logprob) => sum + logprob, endLogprob));
}

/** The geometric mean of the probabilities of its tokens and its end, which does not fall with length. */
export function textScore({ logprobs, endLogprob }: Prediction): number {
  const sum = logprobs.reduce((total, logprob) => total + logprob, endLogprob);
  return Math.exp(sum / (logprobs.length + 1));
}

/** The product of the probabilities of some tokens. */
export function jointProbability(pieces: readonly Piece[]): number {
  return Math.exp(pieces.reduce((sum, piece) => sum + piece.logprob, 0));
}

/**
 * How clearly the decoder tells inside from outside: the mean distance of its values from the border at 0, at most 1
 * each. The probabilities of the 16 codes say less (AUROC 0.49): many codes draw the same shape, and share it.
 */
export function maskScore(soft: Float32Array): number {
  return soft.reduce((sum, value) => sum + Math.min(1, Math.abs(value)), 0) / soft.length;
}

/**
 * How far an edge may be off, as a part of the box's side, to count as the same. Of 1/16, 1/8, 1/6, 1/4 and 1/3 this one
 * ranks right before wrong best and comes nearest to the part of boxes that are right.
 */
const EDGE_TOLERANCE = 1 / 4;

/** What the model thinks of one edge of a box. */
interface Edge {
  /** The token that was generated, 0 to 1023. */
  readonly bin: number;
  /** Loc probabilities around it: those within the tolerance, and the first of these bins. */
  readonly near: Float32Array;
  readonly first: number;
}

/** ymin, xmin, ymax, xmax. */
function edgesOf({ locs }: Instance): Edge[] {
  const bins = locs.map((loc) => locValue(loc.text) ?? 0);
  const [ymin = 0, xmin = 0, ymax = 0, xmax = 0] = bins;
  const tolerances = [ymax - ymin, xmax - xmin].map((side) =>
    Math.max(1, Math.round(side * EDGE_TOLERANCE)),
  );
  return locs.map((loc, i) => {
    const bin = bins[i] ?? 0;
    const tolerance = tolerances[i % 2] ?? 1;
    const first = Math.max(0, bin - tolerance);
    const near = loc.locProbabilities?.subarray(first, bin + tolerance + 1);
    return near
      ? { bin, near, first }
      : { bin, near: Float32Array.of(Math.exp(loc.logprob)), first: bin };
  });
}

/**
 * The probability that all four edges are where they were placed, give or take a quarter of the box's side: the
 * product over the edges of the mass of the loc distribution there. Includes the probability that there is a box at all,
 * as the mass is not divided by that of all loc tokens.
 */
export function boxScore(instance: Instance): number {
  const product = edgesOf(instance).reduce(
    (all, { near }) => all * near.reduce((sum, p) => sum + p, 0),
    1,
  );
  // f32 probabilities may add up to a little more than 1.
  return Math.min(1, product);
}

/**
 * The mean of each edge's loc distribution within the same tolerance, 0 to 1023. The mean of the whole distribution is
 * worse than the generated token: it is between objects when the model hesitates between two.
 */
export function expectedBins(instance: Instance): number[] {
  return edgesOf(instance).map(({ bin, near, first }) => {
    const mass = near.reduce((sum, p) => sum + p, 0);
    return mass > 0 ? near.reduce((sum, p, i) => sum + p * (first + i), 0) / mass : bin;
  });
}
