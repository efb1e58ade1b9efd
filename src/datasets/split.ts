/** Parts of a data set: two that no picture is in both of, and samples. */
import { createHash } from 'node:crypto';

/**
 * The pictures of the first part: `share` of them, rounded, chosen by `seed`. Depends on neither their order nor the
 * machine.
 *
 * @param pictures any name or hash of each
 * @param share 0 to 1
 */
export function splitPictures(
  pictures: Iterable<string>,
  share: number,
  seed: number,
): ReadonlySet<string> {
  const different = new Set(pictures);
  return drawnOf(different, Math.round(share * different.size), seed);
}

/** `count` of these names, chosen by `seed`. */
export function drawnOf(names: Iterable<string>, count: number, seed: number): ReadonlySet<string> {
  const lots = Array.from(names, (name) => ({
    name,
    lot: createHash('sha256').update(`${seed}\n${name}`).digest('hex'),
  }));
  lots.sort((a, b) => (a.lot < b.lot ? -1 : 1));
  return new Set(lots.slice(0, count).map(({ name }) => name));
}
