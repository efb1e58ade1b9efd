/**
 * How sure the model is, from its own probabilities before temperature and grammar: one formula for each kind of result.
 * They are explained for users, with measurements, in docs/tasks.md.
 */
import type { Piece, Prediction } from '../prediction.js';
import { type Instance, locValue } from './instances.js';

const LAST_BIN = 1023;

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

/** The geometric mean of the probabilities of some tokens; 0 for none. */
export function meanProbability(pieces: readonly Piece[]): number {
  if (pieces.length === 0) return 0;
  return Math.exp(pieces.reduce((sum, piece) => sum + piece.logprob, 0) / pieces.length);
}

/** How far an edge may be off, as a part of the box's side, to count as the same. */
const EDGE_TOLERANCE = 1 / 8;

/**
 * The probability that all four edges are where they were said to be, give or take an eighth of the box's side: the
 * product over the edges of the mass of the loc distribution there. Includes the probability that there is a box at all,
 * as the mass is not divided by that of all loc tokens.
 */
export function boxScore({ locs }: Instance): number {
  const [ymin = 0, xmin = 0, ymax = 0, xmax = 0] = locs.map((loc) => locValue(loc.text));
  const tolerances = [ymax - ymin, xmax - xmin].map((side) =>
    Math.max(1, Math.round(side * EDGE_TOLERANCE)),
  );
  return locs.reduce((product, loc, i) => {
    const distribution = loc.locProbabilities;
    const tolerance = tolerances[i % 2] ?? 1;
    const chosen = locValue(loc.text) ?? 0;
    if (distribution === undefined) return product * Math.exp(loc.logprob);
    const near = distribution.subarray(Math.max(0, chosen - tolerance), chosen + tolerance + 1);
    return product * near.reduce((sum, p) => sum + p, 0);
  }, 1);
}

/** The mean of the loc distribution of an edge, 0 to 1023, or the token that was said when there is none. */
export function expectedBin(loc: Piece): number {
  const distribution = loc.locProbabilities;
  const chosen = locValue(loc.text) ?? 0;
  if (distribution === undefined) return chosen;
  let mass = 0;
  let sum = 0;
  distribution.forEach((p, bin) => {
    mass += p;
    sum += p * bin;
  });
  return mass > 0 ? Math.min(LAST_BIN, sum / mass) : chosen;
}
