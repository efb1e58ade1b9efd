/**
 * One process at a time: a lock is a folder whose time its holder renews. Packages for this (proper-lockfile and others)
 * patch `fs` and `process` and listen to every signal of the host, which a library must not.
 */
import { mkdir, rmdir, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two tries to get a lock. */
const PAUSE_MS = 200;
/** Between two renewals. */
const RENEW_MS = 2000;
/** A lock that was not renewed for so long has lost its holder. */
const STALE_MS = 10_000;

/**
 * Runs `work` while this process holds the lock `folder`, whose parent exists. Waits for another holder; when that one
 * stops renewing, because it was killed, the lock is taken from it. A holder that slept for so long (a laptop that was
 * closed) can then have company: `work` has to bear that. Rejects with the signal's reason, or with what the file system
 * says about `folder`.
 */
export async function withLock<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await acquire(folder, signal);
  const renew = setInterval(() => {
    const now = new Date();
    // The lock was taken away, or the folder with it: `work` finds out where it matters.
    utimes(folder, now, now).catch(() => {});
  }, RENEW_MS);
  // A program that ends meanwhile must not wait for this.
  renew.unref();
  try {
    return await work();
  } finally {
    clearInterval(renew);
    await rmdir(folder).catch(() => {});
  }
}

async function acquire(folder: string, signal: AbortSignal | undefined): Promise<void> {
  let seen: number | undefined;
  let since = 0;
  while (!(await made(folder))) {
    signal?.throwIfAborted();
    const changed = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    // By this process's clock alone: the file system may be another machine's, with another time.
    if (changed !== seen) {
      seen = changed;
      since = performance.now();
    } else if (changed !== undefined && performance.now() - since > STALE_MS) {
      await rmdir(folder).catch(() => {});
    }
    await sleep(PAUSE_MS, undefined, signal && { signal }).catch(() => {});
  }
  if (!signal?.aborted) return;
  await rmdir(folder).catch(() => {});
  signal.throwIfAborted();
}

async function made(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
