/** Draws with replacement, the same on every machine. */

/** How often each group is in a draw. */
export type Counts = Int32Array;

/**
 * sfc32 of PractRand (Chris Doty-Humphrey, public domain): 32-bit additions, shifts and exclusive ors, so exact everywhere.
 * An index is the product of 32 random bits and the number of groups: of n groups none is preferred by more than n / 2^32.
 */
export class Draws {
  readonly #state: Int32Array;

  constructor(seed: number) {
    // Both halves of a seed of up to 53 bits.
    this.#state = Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1);
    this.fill(new Int32Array(16));
  }

  /** As many groups as `counts` is long. */
  fill(counts: Counts): void {
    const n = counts.length;
    const scale = n / 2 ** 32;
    // Not `[a, b, c, d] = …`: V8 then keeps them as any value, and the loop takes three times as long.
    const state = this.#state;
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    counts.fill(0);
    for (let i = 0; i < n; i++) {
      const bits = (((a + b) | 0) + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + bits) | 0;
      const group = ((bits >>> 0) * scale) | 0;
      counts[group] = (counts[group] as number) + 1;
    }
    state.set([a, b, c, d]);
  }
}
