/** Smooth random fields over the plane: grain of materials, clouds of dirt. Value noise on a lattice that repeats. */
import { Random } from './random.js';

const SIDE = 256;
const MASK = SIDE - 1;

/** Made with the first picture. */
let lattice: Float32Array | undefined;

function heights(): Float32Array {
  if (lattice === undefined) {
    const random = new Random('waves');
    lattice = Float32Array.from({ length: SIDE * SIDE }, () => random.share());
  }
  return lattice;
}

/** A place in the field. */
export interface Origin {
  readonly x: number;
  readonly y: number;
}

export function anyOrigin(random: Random): Origin {
  return { x: random.between(0, SIDE), y: random.between(0, SIDE) };
}

/** 0 to 1, with waves of length 1. */
export function wave({ x: left, y: top }: Origin, x: number, y: number): number {
  const field = heights();
  const u = left + x;
  const v = top + y;
  const i = Math.floor(u);
  const j = Math.floor(v);
  const s = u - i;
  const t = v - j;
  const a = (j & MASK) * SIDE;
  const b = ((j + 1) & MASK) * SIDE;
  const i0 = i & MASK;
  const i1 = (i + 1) & MASK;
  const p = s * s * (3 - 2 * s);
  const q = t * t * (3 - 2 * t);
  const above = (field[a + i0] as number) * (1 - p) + (field[a + i1] as number) * p;
  const below = (field[b + i0] as number) * (1 - p) + (field[b + i1] as number) * p;
  return above * (1 - q) + below * q;
}

/** As `wave`, with finer waves on it. */
export function cloud(origin: Origin, x: number, y: number): number {
  return (
    0.55 * wave(origin, x, y) +
    0.3 * wave(origin, 2.1 * x, 2.1 * y) +
    0.15 * wave(origin, 4.3 * x, 4.3 * y)
  );
}

/**
 * A row of the field: `wave` at `x` times the column, in `into`. Several times as fast as one by one, as the places
 * between the columns of the lattice are computed once for all rows.
 */
export class WaveRows {
  readonly #from: Int32Array;
  readonly #between: Float32Array;
  readonly #origin: Origin;

  constructor(origin: Origin, columns: number, x: number) {
    this.#origin = origin;
    this.#from = new Int32Array(columns);
    this.#between = new Float32Array(columns);
    for (let column = 0; column < columns; column++) {
      const u = origin.x + column * x;
      const i = Math.floor(u);
      const s = u - i;
      this.#from[column] = i & MASK;
      this.#between[column] = s * s * (3 - 2 * s);
    }
  }

  row(y: number, into: Float32Array): void {
    const field = heights();
    const v = this.#origin.y + y;
    const j = Math.floor(v);
    const t = v - j;
    const q = t * t * (3 - 2 * t);
    const a = (j & MASK) * SIDE;
    const b = ((j + 1) & MASK) * SIDE;
    const from = this.#from;
    const between = this.#between;
    for (let column = 0; column < into.length; column++) {
      const i0 = from[column] as number;
      const i1 = (i0 + 1) & MASK;
      const p = between[column] as number;
      const above = (field[a + i0] as number) * (1 - p) + (field[a + i1] as number) * p;
      const below = (field[b + i0] as number) * (1 - p) + (field[b + i1] as number) * p;
      into[column] = above * (1 - q) + below * q;
    }
  }
}
