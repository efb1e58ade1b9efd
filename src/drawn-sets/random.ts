/** Random numbers of a picture: the same on every machine, and those of one picture do not depend on the others. */
import { createHash } from 'node:crypto';

/**
 * sfc32 of PractRand (Chris Doty-Humphrey, public domain), seeded with SHA-256 of a text: 32-bit operations alone, so
 * exact everywhere. Whatever decides a truth or a layout is made with these and with + - * / and square roots.
 */
export class Random {
  readonly #state: Int32Array;

  constructor(seed: string) {
    const hash = createHash('sha256').update(seed).digest();
    this.#state = Int32Array.from([0, 4, 8, 12], (at) => hash.readInt32LE(at));
    for (let i = 0; i < 12; i++) this.share();
  }

  /** 0 to 1, 1 not included. */
  share(): number {
    const state = this.#state;
    // Not `[a, b, c, d] = state`: an iterator each time takes most of the time.
    const a = state[0] as number;
    const b = state[1] as number;
    const c = state[2] as number;
    const d = state[3] as number;
    const bits = (((a + b) | 0) + d) | 0;
    state[0] = b ^ (b >>> 9);
    state[1] = (c + (c << 3)) | 0;
    state[2] = (((c << 21) | (c >>> 11)) + bits) | 0;
    state[3] = (d + 1) | 0;
    return (bits >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.share();
  }

  /** Both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.share() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.share() < probability;
  }

  of<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    // The lists of this folder are not empty.
    return list[this.integer(0, list.length - 1)] as T;
  }

  /** `n` characters of `alphabet`. */
  text(n: number, alphabet: string): string {
    let text = '';
    for (let i = 0; i < n; i++) text += alphabet[this.integer(0, alphabet.length - 1)];
    return text;
  }

  digits(n: number): string {
    return this.text(n, '0123456789');
  }

  /** In another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const all = [...list];
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [all[i], all[j]] = [all[j] as T, all[i] as T];
    }
    return all;
  }
}

/** Letters that no digit looks like. */
export const CLEAR_LETTERS = 'ABCDEFGHJKLMNPRSTUVWXYZ';
