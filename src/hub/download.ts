/** One file from the hub to the disk: resumed where it broke off, its hash checked, by one process at a time. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeError, PaliGemmaError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { isFile } from './cache.js';
import { isDiskError, unreachable } from './http.js';
import { withLock } from './lock.js';

export interface Wanted {
  /** For messages. */
  readonly name: string;
  readonly url: string;
  readonly size: number;
  /** SHA-256 of a large file; git's SHA-1 of a small one. */
  readonly hash: string;
}

export interface DownloadOptions {
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
}

/** Tries in a row that bring nothing before it fails, and the first pause between them. */
const TRIES = 5;
const PAUSE_MS = 200;

/**
 * Brings `wanted` to `file`; false when another process did so meanwhile. What has come already is in `file`.incomplete, as with huggingface_hub, and is resumed.
 * Throws ERR_HUB_UNREACHABLE, ERR_HUB_DAMAGED, ERR_DISK_FULL, errors of the file system, or the reason of the signal.
 */
export async function download(
  file: string,
  wanted: Wanted,
  options: DownloadOptions,
): Promise<boolean> {
  await makeFolder(path.dirname(file));
  return withLock(`${file}.incomplete.lock`, options.signal, () => bring(file, wanted, options));
}

async function bring(file: string, wanted: Wanted, options: DownloadOptions): Promise<boolean> {
  const partial = `${file}.incomplete`;
  // Another process held the lock and has done it.
  if (await isFile(file)) return false;
  let loaded = await sizeOf(partial);
  if (loaded > wanted.size) {
    await rm(partial);
    loaded = 0;
  }
  await requireSpace(file, wanted.size - loaded);
  await fetchRest(partial, wanted, options);
  const found = await hashOf(partial, wanted);
  if (found !== wanted.hash) {
    await rm(partial);
    throw makeError('ERR_HUB_DAMAGED', `${wanted.name} came damaged`, {
      name: wanted.name,
      found: `hash ${found}`,
      expected: `hash ${wanted.hash}`,
      hint: 'it was removed; download it again',
    });
  }
  await rename(partial, file).catch(async (error: unknown) => {
    // While this process slept another one took the lock, and was faster.
    if (!(await isFile(file))) throw error;
  });
  return true;
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** Throws ERR_DISK_FULL when the disk of `file`, whose folder exists, has not so many bytes. */
export async function requireSpace(file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path.dirname(file));
  if (bavail * bsize >= bytes) return;
  throw makeError('ERR_DISK_FULL', `${path.dirname(file)} has no room`, {
    name: file,
    found: `${bavail * bsize} bytes free`,
    expected: `${bytes} bytes`,
    hint: 'HF_HOME names another folder for the cache',
  });
}

async function fetchRest(partial: string, wanted: Wanted, options: DownloadOptions): Promise<void> {
  let failures = 0;
  for (;;) {
    const before = await sizeOf(partial);
    options.onProgress?.(before, wanted.size);
    if (before === wanted.size) return;
    try {
      await fetchOnce(partial, before, wanted, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      // What the hub or the disk says for certain does not change by asking again.
      if (error instanceof PaliGemmaError || isFinal(error)) throw error;
      const brought = (await sizeOf(partial)) > before;
      failures = brought ? 0 : failures + 1;
      if (failures === TRIES) throw unreachable(wanted.name, error);
      await sleep(
        brought ? 0 : PAUSE_MS * 2 ** failures,
        undefined,
        options.signal && { signal: options.signal },
      );
    }
  }
}

async function fetchOnce(
  partial: string,
  from: number,
  wanted: Wanted,
  options: DownloadOptions,
): Promise<void> {
  const { signal } = options;
  const response = await options.fetch(wanted.url, {
    headers: {
      // Compressed bytes could neither be counted nor resumed.
      'Accept-Encoding': 'identity',
      ...(from > 0 && { Range: `bytes=${from}-` }),
    },
    ...(signal && { signal }),
  });
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
  const isWhole = response.status === 200;
  const total = isWhole
    ? Number(response.headers.get('Content-Length') ?? wanted.size)
    : Number(range?.[2]);
  const start = isWhole ? 0 : Number(range?.[1]);
  if (total !== wanted.size || start > from || Number.isNaN(start)) {
    await response.body?.cancel();
    throw makeError('ERR_HUB_DAMAGED', `${wanted.name} does not have the size that the hub lists`, {
      name: wanted.name,
      found: `${total} bytes`,
      expected: `${wanted.size} bytes`,
    });
  }
  const file = await open(partial, from > 0 ? 'r+' : 'w');
  try {
    let position = start;
    for await (const chunk of response.body ?? []) {
      if (position + chunk.length > wanted.size) throw new Error('more bytes than announced');
      await file.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      options.onProgress?.(position, wanted.size);
    }
    if (position < wanted.size) throw new Error(`the connection ended at byte ${position}`);
  } finally {
    await file.close();
  }
}

async function hashOf(file: string, { hash, size }: Wanted): Promise<string> {
  const isGit = hash.length === 40;
  const hasher = createHash(isGit ? 'sha1' : 'sha256');
  if (isGit) hasher.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
    hasher.update(chunk as Buffer);
  return hasher.digest('hex');
}

/** Of the disk; but a file that is gone was taken by another process, which was faster. */
const isFinal = (error: unknown): boolean => isDiskError(error) && error.code !== 'ENOENT';
