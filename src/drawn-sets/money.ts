/** Amounts in cents, so that sums are exact. */

/** 1234 as `12.34`. */
export function amount(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
