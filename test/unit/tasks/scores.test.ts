/** Each score is the formula that is documented, on numbers that can be checked by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Piece, Prediction } from '../../../src/prediction.js';
import type { Instance } from '../../../src/tasks/instances.js';
import {
  answerScore,
  boxScore,
  expectedBins,
  jointProbability,
  maskScore,
  textScore,
} from '../../../src/tasks/scores.js';

/** Probabilities of tokens -> what a score reads of a prediction. */
function prediction(probabilities: readonly number[], end: number): Prediction {
  return {
    logprobs: probabilities.map(Math.log),
    endLogprob: Math.log(end),
  } as unknown as Prediction;
}

function piece(probability: number): Piece {
  return { text: 'x', token: 7, logprob: Math.log(probability) };
}

/** A loc token with the mass of each bin, 0 where there is none. */
function loc(value: number, mass: Readonly<Record<number, number>>): Piece {
  const locProbabilities = new Float32Array(1024);
  for (const [bin, p] of Object.entries(mass)) locProbabilities[Number(bin)] = p;
  const logprob = Math.log(locProbabilities[value] ?? 0);
  return {
    text: `<loc${String(value).padStart(4, '0')}>`,
    token: value,
    logprob,
    locProbabilities,
  };
}

function instance(...locs: readonly Piece[]): Instance {
  return { locs, segs: [], labels: [], label: '', presence: undefined };
}

describe('answers and texts', () => {
  test('an answer is as probable as all its tokens and its end together', () => {
    expect(answerScore(prediction([0.5, 0.8], 0.9))).toBeCloseTo(0.36, 12);
    expect(answerScore(prediction([], 0.25))).toBeCloseTo(0.25, 12);
  });

  test('a text is scored by the geometric mean, whatever its length', () => {
    expect(textScore(prediction([0.5, 0.8], 0.9))).toBeCloseTo(0.36 ** (1 / 3), 12);
    expect(textScore(prediction(Array(100).fill(0.7), 0.7))).toBeCloseTo(0.7, 12);
    expect(textScore(prediction([], 0.25))).toBeCloseTo(0.25, 12);
  });

  test('tokens: their product, their geometric mean, and what none are', () => {
    expect(jointProbability([piece(0.5), piece(0.5), piece(0.8)])).toBeCloseTo(0.2, 12);
    expect(jointProbability([])).toBe(1);
    expect(maskScore(Float32Array.of(-3, 0.5, 0, 1))).toBe(0.625);
  });
});

describe('boxScore', () => {
  test('is the product of the masses within a quarter of the side around each edge', () => {
    // 80 high: 20 bins either way; 16 wide: 4.
    const score = boxScore(
      instance(
        loc(100, { 100: 0.3, 80: 0.2, 120: 0.1, 79: 0.2, 121: 0.2 }),
        loc(200, { 200: 0.4, 196: 0.3, 204: 0.2, 195: 0.05, 205: 0.05 }),
        loc(180, { 180: 0.5, 170: 0.5 }),
        loc(216, { 216: 0.25 }),
      ),
    );
    expect(score).toBeCloseTo(0.6 * 0.9 * 1 * 0.25, 6);
  });

  test('allows at least one bin either way, also to boxes of no size or the wrong way round', () => {
    for (const edges of [
      [500, 500, 500, 500],
      [600, 600, 500, 500],
    ]) {
      const locs = edges.map((value) =>
        loc(value, { [value - 2]: 0.1, [value - 1]: 0.2, [value]: 0.3, [value + 1]: 0.2 }),
      );
      expect(boxScore(instance(...locs))).toBeCloseTo(0.7 ** 4, 6);
    }
  });

  test('stops at the borders of the picture', () => {
    const locs = [
      loc(0, { 0: 0.5, 1: 0.25 }),
      loc(0, { 0: 1 }),
      loc(1023, { 1023: 0.5, 1022: 0.25 }),
      loc(1023, { 1023: 1 }),
    ];
    expect(boxScore(instance(...locs))).toBeCloseTo(0.75 * 0.75, 6);
  });

  test('takes the tokens themselves where there are no distributions', () => {
    const bare = [0.5, 0.5, 1, 0.8].map((p, i): Piece => {
      const text = `<loc000${i}>`;
      return { text, token: i, logprob: Math.log(p) };
    });
    // As the distributions are, in f32.
    expect(boxScore(instance(...bare))).toBeCloseTo(0.2, 6);
  });

  test('is at least the probability of the four tokens and at most 1', () => {
    const edge = fc.record({
      value: fc.integer({ min: 0, max: 1023 }),
      sharpness: fc.double({ min: 0.001, max: 1, noNaN: true }),
      mass: fc.double({ min: 0.01, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(edge, { minLength: 4, maxLength: 4 }), (edges) => {
        const locs = edges.map(({ value, sharpness, mass }) => {
          const weights = Array.from({ length: 1024 }, (_, bin) =>
            Math.exp(-sharpness * Math.abs(bin - value)),
          );
          const total = weights.reduce((a, b) => a + b, 0);
          return loc(value, Object.fromEntries(weights.map((w, i) => [i, (w / total) * mass])));
        });
        const score = boxScore(instance(...locs));
        expect(score).toBeGreaterThanOrEqual(jointProbability(locs) * (1 - 1e-5));
        expect(score).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('expectedBins', () => {
  test('are the means around the edges, whatever part of all tokens they are', () => {
    const bins = expectedBins(
      instance(
        loc(100, { 100: 0.5, 104: 0.5 }),
        loc(100, { 100: 0.05, 104: 0.15 }),
        loc(200, { 200: 1 }),
        loc(1023, { 1023: 0.5, 1021: 0.5 }),
      ),
    );
    for (const [i, expected] of [102, 103, 200, 1022].entries()) {
      expect(bins[i]).toBeCloseTo(expected, 3);
    }
  });

  test('do not mind what another object takes further away than a quarter of the side', () => {
    const [ymin, xmin] = expectedBins(
      instance(
        loc(100, { 100: 0.3, 75: 0.1, 74: 0.6 }),
        loc(100, { 100: 0.3, 125: 0.1, 126: 0.6 }),
        loc(200, { 200: 1 }),
        loc(200, { 200: 1 }),
      ),
    );
    expect(ymin).toBeCloseTo(93.75, 3);
    expect(xmin).toBeCloseTo(106.25, 3);
  });

  test('are what was generated where there is no distribution or nothing in it', () => {
    const bare: Piece = { text: '<loc0077>', token: 1, logprob: 0 };
    expect(expectedBins(instance(bare, bare, bare, bare))).toEqual([77, 77, 77, 77]);
    const nothing = [1, 2, 3, 1023].map((bin) => loc(bin, {}));
    expect(expectedBins(instance(...nothing))).toEqual([1, 2, 3, 1023]);
  });

  test('lie in the picture', () => {
    const [low, , high] = expectedBins(
      instance(loc(0, { 0: 1, 1: 1 }), loc(0, {}), loc(1023, { 1022: 1, 1023: 1 }), loc(9, {})),
    );
    expect(low).toBeCloseTo(0.5, 6);
    expect(high).toBeCloseTo(1022.5, 6);
  });
});
