/** Long loops over pixels without holding up the event loop. */
import { setImmediate } from 'node:timers/promises';

/** Pixels of one piece: a few milliseconds. */
export const PIECE = 1 << 19;

/** Runs `pass` over 0 to `count`, `piece` at a time, with a break for the event loop after each. */
export async function inPieces(
  count: number,
  piece: number,
  pass: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < count; from += piece) {
    if (from > 0) await setImmediate();
    pass(from, Math.min(count, from + piece));
  }
}
