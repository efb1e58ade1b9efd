/** Seeded random numbers for tests: a failure can be repeated from its seed. */

/** xorshift32: the same values everywhere. */
export class RandomNumbers {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** From 0 to n - 1. */
  below(n: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % n;
  }

  of<T>(list: ArrayLike<T>): T {
    return list[this.below(list.length)] as T;
  }
}
