/** Closed sets are written down on both sides of the boundary; these tests keep them one list. */
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { devices, WEIGHT_TYPES } from '../../src/index.js';
import { native } from '../../src/native/binding.js';

test('the addon knows the same weight types', () => {
  expect(native().weightTypes()).toEqual([...WEIGHT_TYPES]);
});

test('every error code of the addon has a class', () => {
  expect(
    native()
      .errorCodes()
      .filter((code) => !(code in ERROR_CODES)),
  ).toEqual([]);
});

test('the CPU is among the devices, with its features', () => {
  const cpu = devices().find((d) => d.type === 'cpu');
  expect(cpu?.name).toBe('CPU');
  expect(cpu?.memoryTotal).toBeGreaterThan(2 ** 28);
  expect(Object.keys(cpu?.features ?? {})).not.toEqual([]);
});

test('a wrong argument is a typed error, not a crash', () => {
  const model = new (native().Model)(() => {});
  for (const wrong of [undefined, null, 1, 'x', {}, []]) {
    expect(() => model.load(1, wrong as never)).toThrow();
    expect(() => model.generate(2, wrong as never)).toThrow();
    expect(() => model.encode(3, wrong as never)).toThrow();
  }
  expect(() => model.tokenize('before load')).toThrow('no model is loaded');
});
