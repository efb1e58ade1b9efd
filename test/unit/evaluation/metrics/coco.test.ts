/** What the functions for callers refuse; their figures are in metrics-goldens.test.ts. */
import { expect, it } from 'vitest';
import { PaliGemmaError } from '../../../../src/errors.js';
import { OneOf } from '../../../../src/evaluation/metrics/anls-star.js';
import { COCO_BOXES, cocoFigures } from '../../../../src/evaluation/metrics/coco.js';

const thing = { image: 1, category: 'cat', shape: [0, 0, 5, 5] };
const figures = (truths?: unknown, found?: unknown) => () =>
  cocoFigures(truths as never, found as never, COCO_BOXES as never);
const oneOf = (values?: unknown) => () => new OneOf(values as never);

it.each<[call: () => unknown, code: string, words: string]>([
  [figures(), 'TYPE', 'truths is missing, expected an array'],
  [figures([], 5), 'TYPE', 'found is 5, expected an array'],
  [figures([null], []), 'TYPE', 'truths[0] is null, expected an object'],
  [figures([thing], []), 'TYPE', 'truths[0].area is missing, expected a finite number'],
  [figures([], [{ ...thing, score: Number.NaN }]), 'RANGE', 'found[0].score is NaN'],
  [oneOf(), 'TYPE', 'values is missing, expected an array'],
  [oneOf([]), 'RANGE', 'values is an empty array, expected at least one'],
])('call %# is refused by name', (call, code, words) => {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PaliGemmaError);
  const { code: found, message } = thrown as PaliGemmaError;
  expect([found, message]).toEqual([`ERR_OPTION_${code}`, expect.stringContaining(words)]);
});

it('an empty set has no figures', () => {
  expect(new Set(Object.values(figures([], [])() as object))).toEqual(new Set([-1]));
});
