/** Check digits, so that what is drawn could be real, and a reader can tell a wrong answer. */

/** ISO 6346: letters count from 10 without the multiples of 11. */
const CONTAINER_VALUES = '0123456789A?BCDEFGHIJK?LMNOPQRSTU?VWXYZ';

/** The last digit of a container number: of its owner code, `U` and six digits. ISO 6346:2022, annex A. */
export function containerCheckDigit(code: string): number {
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += CONTAINER_VALUES.indexOf(code.charAt(i)) * 2 ** i;
  return (sum % 11) % 10;
}

const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const VIN_VALUES: Readonly<Record<string, number>> = {
  ...{ A: 1, B: 2, C: 3, D: 4, E: 5, F: 6, G: 7, H: 8 },
  ...{ J: 1, K: 2, L: 3, M: 4, N: 5, P: 7, R: 9 },
  ...{ S: 2, T: 3, U: 4, V: 5, W: 6, X: 7, Y: 8, Z: 9 },
};

/** Position 9 of a vehicle identification number, whatever is there. 49 CFR 565.15. */
export function vinCheckDigit(vin: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i++) {
    const character = vin.charAt(i);
    sum += (VIN_VALUES[character] ?? Number(character)) * (VIN_WEIGHTS[i] ?? 0);
  }
  const digit = sum % 11;
  return digit === 10 ? 'X' : `${digit}`;
}
