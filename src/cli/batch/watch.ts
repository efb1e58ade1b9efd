/**
 * Pictures that appear in a folder, each when it is completely written.
 *
 * The folder is listed again and again. Notifications of the system would save some of that, but they do not exist for
 * most network mounts, get lost in bursts and do not say when a file is complete; a listing is always right, and its
 * cost is bounded: it takes a tenth of the time at most.
 */
import { stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeError } from '../../errors.js';
import { oneLine } from '../../options/show.js';
import { type Found, picturesIn, unreadable, type WalkOptions } from './walk.js';

export interface WatchOptions extends WalkOptions {
  /** Leave out what is there at the beginning and does not change. */
  readonly newOnly: boolean;
  /** A file is complete when size and time have not changed for this long. */
  readonly settleMs: number;
  readonly signal: AbortSignal;
  /** Called when the folder is about to be listed. */
  readonly onListing?: () => void;
  /** Called when the folder goes and when it comes back. */
  readonly onFolder?: (isThere: boolean) => void;
}

/** How a file looked, and when it was first seen so. */
interface Look {
  readonly state: string;
  readonly sinceMs: number;
  readonly isGiven: boolean;
}

/** At the beginning, a file that was not touched for this long need not be looked at twice. */
const QUIET_MS = 10_000;

/**
 * Yields each picture of `folder` when it is complete, and again when it has changed, until `signal` is aborted. An empty
 * file is waited for. A folder that goes away is waited for as well. Throws ERR_IMAGE_NOT_FOUND if it is not there at
 * the beginning, ERR_OPTION_RANGE if it is no folder.
 */
export async function* watch(folder: string, options: WatchOptions): AsyncGenerator<Found, void> {
  const { settleMs, signal } = options;
  const there = await stat(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  if (!there.isDirectory()) {
    throw makeError('ERR_OPTION_RANGE', `${oneLine(folder)} is no folder`, {
      name: 'watch',
      found: 'a file',
      expected: 'a folder',
    });
  }
  let looks = new Map<string, Look>();
  let isFirst = true;
  let isThere = true;
  while (!signal.aborted) {
    const begin = performance.now();
    const next = new Map<string, Look>();
    const ready: string[] = [];
    let isMissing = false;
    options.onListing?.();
    for await (const { image, error } of picturesIn(folder, options)) {
      if (signal.aborted) return;
      // A folder within that is just being removed, or may not be read: the next listing sees it, or not.
      if (error !== undefined) {
        isMissing ||= image === folder;
        continue;
      }
      const file = await stat(image).catch(() => undefined);
      if (file === undefined) continue;
      const state = `${file.dev}:${file.ino}:${file.size}:${file.mtimeMs}`;
      const before = looks.get(image);
      const isSame = before?.state === state;
      const now = performance.now();
      const sinceMs = isSame ? before.sinceMs : now;
      const isQuiet = isFirst && Date.now() - file.mtimeMs > QUIET_MS;
      const isComplete = file.size > 0 && (isQuiet || now - sinceMs >= settleMs);
      let isGiven = isSame && before.isGiven;
      if (!isGiven && isFirst && options.newOnly) isGiven = true;
      if (!isGiven && isComplete) {
        ready.push(image);
        isGiven = true;
      }
      next.set(image, { state, sinceMs, isGiven });
    }
    if (isMissing === isThere) {
      isThere = !isMissing;
      options.onFolder?.(isThere);
    }
    // While the folder is away nothing is forgotten: a mount that comes back has the same files.
    if (!isMissing) looks = next;
    isFirst = false;
    const tookMs = performance.now() - begin;
    for (const image of ready) {
      yield { image };
      if (signal.aborted) return;
    }
    await sleep(Math.max(settleMs / 2, 10 * tookMs), undefined, { signal }).catch(() => {});
  }
}
