/** Check digits against examples that others published. */
import { describe, expect, it } from 'vitest';
import { containerCheckDigit, vinCheckDigit } from '../../../src/drawn-sets/check-digits.js';

describe('check digits', () => {
  it('of containers are those of ISO 6346', () => {
    expect(containerCheckDigit('ZEPU003725')).toBe(5);
    expect(containerCheckDigit('CSQU305438')).toBe(3);
    expect(containerCheckDigit('TOLU473478')).toBe(7);
  });

  it('of containers are 0 where the sum leaves 10', () => {
    // A 10, B 12, C 13, U 32: 10 + 24 + 52 + 256 = 342, and 342 % 11 = 1. The last digit counts 512 times, 512 % 11 = 6.
    // 1 + 6 * 7 = 43, 43 % 11 = 10.
    expect(containerCheckDigit('ABCU000007')).toBe(0);
    expect(containerCheckDigit('ABCU000000')).toBe(1);
  });

  it('of vehicles are those of the North American rule', () => {
    // Wikipedia's example, that of NHTSA's interpretation letters, and the number of ones.
    expect(vinCheckDigit('1M8GDM9AXKP042788')).toBe('X');
    expect(vinCheckDigit('5GZCZ43D13S812715')).toBe('1');
    expect(vinCheckDigit('11111111111111111')).toBe('1');
    expect(vinCheckDigit('1HGCM82633A004352')).toBe('3');
  });
});
