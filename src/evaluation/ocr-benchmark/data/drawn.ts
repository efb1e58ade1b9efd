/** Drawn crops of ten domains, the first of each domain for scoring, those after them for tuning. */
import { drawnSet } from '../../../drawn-sets/draw.js';
import { DOMAINS } from '../../../drawn-sets/sets.js';
import { loadSharp } from '../../../load-sharp.js';
import type { DataOptions, Picture } from './picture.js';

/** So many crops for tuning to each that is scored. */
const TUNING_SHARE = 0.25;

export async function* drawnPictures(
  { perDomain, seed }: DataOptions,
  signal: AbortSignal,
): AsyncGenerator<Picture, void> {
  const tuning = Math.round(perDomain * DOMAINS.length * TUNING_SHARE);
  for (const [i, domain] of DOMAINS.entries()) {
    // Whole crops of a share that is none: the domains take turns.
    const [before, after] = [i, i + 1].map((n) => Math.floor((n * tuning) / DOMAINS.length));
    const count = perDomain + (after as number) - (before as number);
    let place = 0;
    for await (const { name, picture, answers } of drawnSet(domain, { count, seed, signal })) {
      const id = `drawn/${domain}/${name.replace(/\.\w+$/, '')}`;
      const split = place++ < perDomain ? 'scored' : 'tuning';
      const png = await loadSharp()(picture).png().toBuffer();
      yield { id, domain, group: id, split, truth: answers['text'] as string, png };
    }
  }
}
