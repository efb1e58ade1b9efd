/** Parts of a data set: two that no picture is in both of, and samples. */
import { createHash } from 'node:crypto';
import { makeError } from '../errors.js';

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

/**
 * A share that leaves pictures for both parts.
 *
 * @throws ERR_OPTION_RANGE, with the shares that do
 */
export function checkShare(share: number, pictures: number): void {
  const first = Math.round(share * pictures);
  if (first > 0 && first < pictures) return;
  const part = first === 0 ? 'training' : 'validation';
  const found = `${share}, which leaves none of ${pictures} ${pictures === 1 ? 'picture' : 'pictures'} for ${part}`;
  // One picture for a part, in as few digits as are needed.
  const scale = 10 ** String(pictures).length;
  const least = Math.ceil(scale / pictures) / scale;
  const most = Math.floor((scale * (pictures - 1)) / pictures) / scale;
  const expected =
    pictures < 2
      ? 'two pictures at least, or no split'
      : `${least === most ? least : `${least} to ${most}`}, or more pictures`;
  const message = `option split is ${found}, expected ${expected}`;
  throw makeError('ERR_OPTION_RANGE', message, { name: 'split', found, expected });
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
