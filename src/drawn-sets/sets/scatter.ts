/** Places for things, none on another and all inside. */
import type { Box } from '../../results/types.js';
import type { Random } from '../random.js';

export interface Sized<T> {
  readonly of: T;
  readonly width: number;
  readonly height: number;
}

export interface Placed<T> {
  readonly of: T;
  readonly box: Box;
}

export interface Ground {
  readonly width: number;
  readonly height: number;
  /** Between any two, and to the edge. */
  readonly gap: number;
}

/** How often a place is looked for before the thing is left out. */
const TRIES = 200;

export function scatter<T>(
  things: readonly Sized<T>[],
  { width, height, gap }: Ground,
  random: Random,
): Placed<T>[] {
  const placed: Placed<T>[] = [];
  for (const thing of things) {
    for (let i = 0; i < TRIES; i++) {
      const xmin = random.between(gap, width - gap - thing.width);
      const ymin = random.between(gap, height - gap - thing.height);
      const box = { xmin, ymin, xmax: xmin + thing.width, ymax: ymin + thing.height };
      if (placed.some((other) => touch(other.box, box, gap))) continue;
      placed.push({ of: thing.of, box });
      break;
    }
  }
  return placed;
}

function touch(a: Box, b: Box, gap: number): boolean {
  return (
    a.xmin < b.xmax + gap && b.xmin < a.xmax + gap && a.ymin < b.ymax + gap && b.ymin < a.ymax + gap
  );
}
