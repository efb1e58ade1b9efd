/** Each score is the formula that is documented, on numbers that can be checked by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Piece, Prediction } from '../../../src/prediction.js';
import type { Instance } from '../../../src/tasks/instances.js';
import {
  answerScore,
  boxScore,
  expectedBin,
  jointProbability,
  meanProbability,
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

/** A loc token with the mass of each bin, 0 where nothing is said. */
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
  return { locs, segs: [], labels: [], label: '' };
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
    expect(meanProbability([piece(0.25), piece(1)])).toBeCloseTo(0.5, 12);
    expect(meanProbability([])).toBe(0);
  });
});

describe('boxScore', () => {
  test('is the product of the masses within an eighth of the side around each edge', () => {
    // 80 high: 10 bins either way; 16 wide: 2.
    const score = boxScore(
      instance(
        loc(100, { 100: 0.3, 90: 0.2, 110: 0.1, 89: 0.2, 111: 0.2 }),
        loc(200, { 200: 0.4, 198: 0.3, 202: 0.2, 197: 0.05, 203: 0.05 }),
        loc(180, { 180: 0.5, 175: 0.5 }),
        loc(216, { 216: 0.25 }),
      ),
    );
    expect(score).toBeCloseTo(0.6 * 0.9 * 1 * 0.25, 6);
  });

  test('gives at least one bin either way, also to boxes of no size or the wrong way round', () => {
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
    expect(boxScore(instance(...bare))).toBeCloseTo(0.2, 12);
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
        expect(score).toBeLessThanOrEqual(1 + 1e-5);
      }),
      { numRuns: 50 },
    );
  });
});

describe('expectedBin', () => {
  test('is the mean of the loc distribution, whatever part of all tokens it is', () => {
    expect(expectedBin(loc(100, { 100: 0.5, 104: 0.5 }))).toBeCloseTo(102, 6);
    expect(expectedBin(loc(100, { 100: 0.05, 104: 0.15 }))).toBeCloseTo(103, 4);
    expect(expectedBin(loc(1023, { 1023: 1 }))).toBe(1023);
    expect(expectedBin(loc(0, { 0: 1 }))).toBe(0);
  });

  test('is what was said where there is no distribution or nothing in it', () => {
    expect(expectedBin({ text: '<loc0077>', token: 1, logprob: 0 })).toBe(77);
    expect(expectedBin(loc(77, {}))).toBe(77);
  });
});
