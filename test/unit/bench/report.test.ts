/** What a report says of a model file. */
import { expect, it } from 'vitest';
import { mainType } from '../../../src/bench/report.js';

it.each<[string, Record<string, number>]>([
  ['q8_0', { f32: 11_061_572, q8_0: 9_687_552 }],
  ['q4_k', { q6_k: 10, q4_k: 90, f32: 200 }],
  ['f32', { f32: 1 }],
])('the number type of the large matrices is %s', (type, bytes) => {
  expect(mainType(bytes)).toBe(type);
});
