/** Two parts of a data set, so that no picture is in both. */
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
  const drawn = [...new Set(pictures)].map((picture) => ({
    picture,
    lot: createHash('sha256').update(`${seed}\n${picture}`).digest('hex'),
  }));
  drawn.sort((a, b) => (a.lot < b.lot ? -1 : 1));
  return new Set(drawn.slice(0, Math.round(share * drawn.length)).map(({ picture }) => picture));
}
