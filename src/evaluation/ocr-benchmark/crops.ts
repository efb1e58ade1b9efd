/** The crops of a run: from where they come to the files that every system reads. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DOMAINS } from '../../drawn-sets/sets.js';
import { makeError } from '../../errors.js';
import { loadSharp } from '../../load-sharp.js';
import { showValue } from '../../options/show.js';
import { makeOutputFolder, outputError } from '../../output-error.js';
import { drawnPictures } from './data/drawn.js';
import { folderPictures } from './data/folder.js';
import { PHOTOGRAPHS } from './data/photographs.js';
import { type DataOptions, DRAWN, type Picture } from './data/picture.js';
import { realPictures } from './data/real.js';
import type { Crop } from './system.js';

/** Of the crops that do not say it themselves, every fifth is for tuning where a system has page modes. */
const TUNING_EVERY = 5;
/** Crops whose time is measured. */
const TIMED = 30;

export interface Crops {
  readonly all: readonly Crop[];
  /** Ids of those that are read in every pass. */
  readonly timed: ReadonlySet<string>;
  /** SHA-256 over pictures and truths. */
  readonly digest: string;
  /** Which of the crops that do not say it themselves are kept for tuning. */
  readonly tuning: string;
}

export interface CropsOptions extends DataOptions {
  /** A system has page modes to choose. */
  readonly isTuned: boolean;
  /** Files that are there are not replaced. */
  readonly keeps?: boolean;
}

/** Puts the crops of `data` into `folder`. Throws ERR_DATASET, and ERR_OPTION_RANGE for the same data twice. */
export async function prepareCrops(
  options: CropsOptions,
  folder: string,
  signal: AbortSignal,
): Promise<Crops> {
  const { data, isTuned, keeps = false } = options;
  const names = namesOf(data);
  await makeOutputFolder(folder);
  const all: Crop[] = [];
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const hash = createHash('sha256');
  let kept = 0;
  for (const [i, spec] of data.entries()) {
    const pictures = picturesOf(spec, names[i] as string, options, signal);
    for await (const { png, split, ...picture } of pictures) {
      signal.throwIfAborted();
      if (seen.has(picture.id)) throw twice(picture.id);
      seen.add(picture.id);
      const { width, height } = await loadSharp()(png).metadata();
      const file = path.resolve(folder, `${all.length}.png`);
      await writeFile(file, png, { flag: keeps ? 'wx' : 'w' }).catch((cause: unknown) => {
        if (keeps && (cause as NodeJS.ErrnoException).code === 'EEXIST') return;
        throw outputError(file, 'write', cause);
      });
      const place = counts.get(picture.domain) ?? 0;
      counts.set(picture.domain, place + 1);
      const isTuning = isTuned && split === undefined && place % TUNING_EVERY === TUNING_EVERY - 1;
      if (isTuning) kept++;
      const digest = createHash('sha256').update(png).digest('hex').slice(0, 16);
      const own = split ?? (isTuning ? 'tuning' : 'scored');
      hash.update(JSON.stringify([picture.id, picture.truth, digest, split]));
      all.push({ ...picture, split: own, file, width, height, digest });
    }
  }
  if (!all.some(({ split }) => split === 'scored')) throw empty(data);
  const tuning = kept === 0 ? 'none' : 'every fifth';
  return { all, timed: timedOf(all), digest: hash.digest('hex'), tuning };
}

const REAL = /^real:(.+)$/s;
const isOwn = (spec: string): boolean => spec !== DRAWN && !REAL.test(spec);

/**
 * What each of `data` is called, in the names of its crops and as their domain: a folder or file of the user by its last name, where
 * another has that, by as much of its path as tells them apart. Throws ERR_OPTION_RANGE.
 */
export function namesOf(data: readonly string[]): string[] {
  const paths = data.map((spec) => (isOwn(spec) ? path.resolve(spec) : spec));
  const twice = data.find((_, i) => paths.indexOf(paths[i] as string) !== i);
  if (twice !== undefined) {
    const [found, expected] = [`${showValue(twice)} twice`, 'each folder or file once'];
    throw makeError('ERR_OPTION_RANGE', `option data is ${found}, expected ${expected}`, {
      ...{ name: 'data', found, expected },
    });
  }
  const built = new Set([
    ...(data.includes(DRAWN) ? DOMAINS : []),
    ...(data.some((spec) => REAL.test(spec)) ? PHOTOGRAPHS.map(({ domain }) => domain) : []),
  ]);
  const own = paths.filter((_, i) => isOwn(data[i] as string));
  return paths.map((one, i) => {
    if (!isOwn(data[i] as string)) return one;
    const others = own.filter((other) => other !== one);
    for (let parts = 1; parts <= one.split(path.sep).length; parts++) {
      for (const end of ['name', 'base'] as const) {
        const name = ending(one, parts, end);
        if (!built.has(name) && others.every((other) => ending(other, parts, end) !== name)) {
          return name;
        }
      }
    }
    return one;
  });
}

/** The last parts of a path; by its `name` without the extension, by its `base` with it. */
function ending(file: string, parts: number, end: 'name' | 'base'): string {
  const parsed = path.parse(file);
  return [...parsed.dir.split(path.sep), parsed[end]].slice(-parts).join('/');
}

function picturesOf(
  spec: string,
  name: string,
  options: DataOptions,
  signal: AbortSignal,
): AsyncGenerator<Picture, void> {
  if (spec === DRAWN) return drawnPictures(options, signal);
  const [, folder] = REAL.exec(spec) ?? [];
  return folder === undefined ? folderPictures(spec, name, signal) : realPictures(folder);
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
    hint: 'give each folder of photographs, and each data set, once',
  });
}

function empty(data: readonly string[]): Error {
  const name = data.join(', ');
  return makeError('ERR_DATASET', `${name} has no crop to score`, {
    ...{ name, found: 'no crop', expected: 'pictures with their texts' },
  });
}
