/** The crops of a run: from where they come to the files that every system reads. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../errors.js';
import { loadSharp } from '../../load-sharp.js';
import { outputError } from '../../output-error.js';
import { drawnPictures } from './data/drawn.js';
import { folderPictures } from './data/folder.js';
import type { DataOptions, Picture } from './data/picture.js';
import { realPictures } from './data/real.js';
import type { Crop } from './system.js';

/** Of the crops that do not say it themselves, every fifth is for tuning. */
const TUNING_EVERY = 5;
/** Crops whose time is measured. */
const TIMED = 30;

export interface Crops {
  readonly all: readonly Crop[];
  /** Ids of those that are read in every pass. */
  readonly timed: ReadonlySet<string>;
  /** SHA-256 over pictures and truths. */
  readonly digest: string;
}

/** Puts the crops of `data` into `folder`. Throws ERR_DATASET. */
export async function prepareCrops(
  options: DataOptions,
  folder: string,
  signal: AbortSignal,
): Promise<Crops> {
  const { data } = options;
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw outputError(folder, 'open', cause);
  });
  const all: Crop[] = [];
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const hash = createHash('sha256');
  for (const spec of data) {
    for await (const { png, split, ...picture } of picturesOf(spec, options, signal)) {
      signal.throwIfAborted();
      if (seen.has(picture.id)) throw twice(picture.id);
      seen.add(picture.id);
      const { width, height } = await loadSharp()(png).metadata();
      const file = path.resolve(folder, `${all.length}.png`);
      await writeFile(file, png).catch((cause: unknown) => {
        throw outputError(file, 'write', cause);
      });
      const place = counts.get(picture.domain) ?? 0;
      counts.set(picture.domain, place + 1);
      const isTuning = place % TUNING_EVERY === TUNING_EVERY - 1;
      const digest = createHash('sha256').update(png).digest('hex').slice(0, 16);
      const own = split ?? (isTuning ? 'tuning' : 'scored');
      hash.update(JSON.stringify([picture.id, picture.truth, digest, own]));
      all.push({ ...picture, split: own, file, width, height, digest });
    }
  }
  if (!all.some(({ split }) => split === 'scored')) throw empty(data);
  return { all, timed: timedOf(all), digest: hash.digest('hex') };
}

function picturesOf(
  spec: string,
  options: DataOptions,
  signal: AbortSignal,
): AsyncGenerator<Picture, void> {
  if (spec === 'drawn') return drawnPictures(options, signal);
  const [, folder] = /^real:(.+)$/s.exec(spec) ?? [];
  return folder === undefined ? folderPictures(spec, signal) : realPictures(folder);
}

/** The first of each domain, then the second, until there are enough: all domains have a part in the speed. */
function timedOf(all: readonly Crop[]): Set<string> {
  const scored = all.filter(({ split }) => split === 'scored');
  const domains = new Map<string, Crop[]>();
  for (const crop of scored) {
    domains.set(crop.domain, [...(domains.get(crop.domain) ?? []), crop]);
  }
  const timed = new Set<string>();
  for (let round = 0; timed.size < Math.min(TIMED, scored.length); round++) {
    for (const crops of domains.values()) {
      const crop = crops[round];
      if (crop !== undefined && timed.size < TIMED) timed.add(crop.id);
    }
  }
  return timed;
}

function twice(id: string): Error {
  return makeError('ERR_DATASET', `the crop ${id} is there twice`, {
    ...{ name: id, found: 'the same name again', expected: 'each crop once' },
  });
}

function empty(data: readonly string[]): Error {
  const name = data.join(', ');
  return makeError('ERR_DATASET', `${name} has no crop to score`, {
    ...{ name, found: 'no crop', expected: 'pictures with their texts' },
  });
}
