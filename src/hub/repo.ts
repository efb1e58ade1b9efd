/** A repository on the hub at one commit, or what the cache has of it. */

import { rmdir } from 'node:fs/promises';
import path from 'node:path';
import { makeError, PaliGemmaError } from '../errors.js';
import { importPeer } from '../load-peer.js';
import { makeFolder } from '../make-folder.js';
import { COMMIT, isFile, RepoCache } from './cache.js';
import { download, requireSpace } from './download.js';
import { type Access, hubError, request, unreachable } from './http.js';
import { type HubId, parseHubId } from './id.js';
import { withLock } from './lock.js';
import { cacheFolder, endpoint, isOffline, readToken } from './settings.js';

export interface HubSettings {
  readonly token?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Repo {
  readonly id: HubId;
  readonly commit: string;
  /** Names of its files: all, or those in the cache. */
  readonly files: readonly string[];
  /** Whether there may be more of them, as the hub was not asked. */
  readonly isPartial: boolean;
  /** Folder of the files that were fetched. */
  readonly folder: string;
  /** Paths of these files in the cache; downloads those that are not there. Nothing is written when all are. */
  fetch(
    names: readonly string[],
    onProgress?: (loaded: number, total: number) => void,
  ): Promise<string[]>;
  /** Takes away those files that this object has downloaded. */
  removeDownloads(): Promise<void>;
}

/**
 * Calls `use` with the repository that `name` means and returns its result. It is asked of the cache first where that is enough
 * (offline, or a commit), and last where the hub cannot be reached; there `use` returns undefined when something is missing.
 * Throws only errors of ours, or the reason of the signal.
 */
export async function withRepo<T>(
  name: string,
  settings: HubSettings,
  use: (repo: Repo) => Promise<T | undefined>,
): Promise<T> {
  try {
    return await firstOf(name, settings, use);
  } catch (error) {
    settings.signal?.throwIfAborted();
    throw hubError(name, error);
  }
}

/**
 * Runs `work` while no other process does so for the same repository: what one takes away again, another may be reading.
 * A cache that cannot be written needs no such care.
 */
export async function holdRepo<T>(
  name: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const folder = folderOf(parseHubId(name));
  try {
    await makeFolder(folder);
  } catch {
    return work();
  }
  let hasBegun = false;
  try {
    return await withLock(path.join(folder, '.held'), signal, () => {
      hasBegun = true;
      return work();
    });
  } catch (error) {
    if (hasBegun || signal?.aborted) throw error;
    return await work();
  } finally {
    // Of a repository that is not there, nothing stays.
    await rmdir(folder).catch(() => {});
  }
}

const folderOf = ({ repo }: HubId): string =>
  path.join(cacheFolder(), `models--${repo.split('/').join('--')}`);

async function firstOf<T>(
  name: string,
  settings: HubSettings,
  use: (repo: Repo) => Promise<T | undefined>,
): Promise<T> {
  const id = parseHubId(name);
  const cache = new RepoCache(folderOf(id));
  const fromCache = async (): Promise<T | undefined> => {
    const repo = await cachedRepo(id, cache);
    return repo && use(repo);
  };
  const offline = settings.offline ?? isOffline();
  if (offline || COMMIT.test(id.revision)) {
    const result = await fromCache();
    if (result !== undefined) return result;
    if (offline) throw notInCache(name);
  }
  let repo: Repo;
  try {
    repo = await listedRepo(id, name, cache, settings);
  } catch (error) {
    settings.signal?.throwIfAborted();
    if (error instanceof PaliGemmaError) throw error;
    // Without the hub, what a revision meant the last time is the best answer there is.
    const result = await fromCache().catch(() => undefined);
    if (result !== undefined) return result;
    throw error;
  }
  const result = await use(repo);
  if (result === undefined) throw new Error('the hub does not list what is needed');
  return result;
}

function notInCache(name: string): Error {
  return makeError(
    'ERR_HUB_UNREACHABLE',
    `${name} is not in the cache, and the network may not be asked`,
    {
      name,
      found: 'nothing in the cache',
      expected: 'a file that was downloaded before',
      remedy: 'pull',
    },
  );
}

async function cachedRepo(id: HubId, cache: RepoCache): Promise<Repo | undefined> {
  const commit = await cache.commit(id.revision);
  if (commit === undefined) return undefined;
  return {
    id,
    commit,
    files: await cache.files(commit),
    isPartial: true,
    folder: cache.snapshot(commit),
    fetch: async (names) => names.map((file) => cache.pointer(commit, file)),
    removeDownloads: async () => {},
  };
}

interface Entry {
  readonly size: number;
  /** SHA-256 of a large file, git's SHA-1 of a small one. */
  readonly hash: string;
}

async function listedRepo(
  id: HubId,
  name: string,
  cache: RepoCache,
  { token, signal }: HubSettings,
): Promise<Repo> {
  const access: Access = {
    ...{ repo: id.repo, hubUrl: endpoint(), signal },
    token: checkedToken(token ?? readToken()),
  };
  const { commit, entries } = await list(id, access);
  if (!COMMIT.test(commit))
    throw unreachable(name, new Error(`the hub gave the commit "${commit}"`));
  return new ListedRepo(id, name, commit, entries, cache, access);
}

async function list(id: HubId, access: Access) {
  // Loaded only here: most programs have their model in a file.
  const hub = await importPeer('@huggingface/hub', () => import('@huggingface/hub'));
  const ask: typeof fetch = (input, init) => request(input, init, access);
  const { hubUrl } = access;
  const info = await hub.modelInfo({
    name: id.repo,
    revision: id.revision,
    additionalFields: ['sha'],
    hubUrl,
    fetch: ask,
  });
  const entries = new Map<string, Entry>();
  const commit = String(info.sha);
  const repo = { name: id.repo, type: 'model' as const };
  for await (const entry of hub.listFiles({
    repo,
    revision: commit,
    recursive: true,
    hubUrl,
    fetch: ask,
  })) {
    if (entry.type !== 'file') continue;
    entries.set(entry.path, {
      size: entry.lfs?.size ?? entry.size,
      hash: entry.lfs?.oid ?? entry.oid ?? '',
    });
  }
  return { commit, entries };
}

class ListedRepo implements Repo {
  readonly isPartial = false;
  readonly files: readonly string[];
  readonly folder: string;
  readonly #downloaded: string[] = [];

  constructor(
    readonly id: HubId,
    private readonly name: string,
    readonly commit: string,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly cache: RepoCache,
    private readonly access: Access,
  ) {
    this.files = [...entries.keys()];
    this.folder = cache.snapshot(commit);
  }

  async fetch(
    names: readonly string[],
    onProgress?: (loaded: number, total: number) => void,
  ): Promise<string[]> {
    const { cache, commit } = this;
    const wanted = names.map((name) => ({ name, ...this.#entry(name) }));
    const missing: typeof wanted = [];
    for (const file of wanted) {
      const isThere =
        (await isFile(cache.pointer(commit, file.name))) || (await isFile(cache.blob(file.hash)));
      if (!isThere) missing.push(file);
    }
    await this.#requireSpace(missing);
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    for (const file of missing) {
      await this.#download(file, (loaded) => onProgress?.(done + loaded, total));
      done += file.size;
    }
    const paths: string[] = [];
    for (const { name, hash } of wanted) paths.push(await cache.link(commit, name, hash));
    // A cache that cannot be written serves what it has.
    const remembered = cache.remember(this.id.revision, commit);
    await (missing.length === 0 ? remembered.catch(() => {}) : remembered);
    return paths;
  }

  async removeDownloads(): Promise<void> {
    for (const name of this.#downloaded.splice(0))
      await this.cache.remove(this.commit, name, this.#entry(name).hash);
  }

  async #requireSpace(missing: readonly Entry[]): Promise<void> {
    // One file is checked when its turn comes, with what has come of it already.
    if (missing.length < 2) return;
    const file = this.cache.blob('x');
    await makeFolder(path.dirname(file));
    await requireSpace(
      file,
      missing.reduce((sum, { size }) => sum + size, 0),
    );
  }

  async #download(
    { name, size, hash }: Entry & { readonly name: string },
    onProgress: (loaded: number) => void,
  ): Promise<void> {
    const { hubUrl, repo, signal } = this.access;
    const url = `${hubUrl}/${repo}/resolve/${this.commit}/${name.split('/').map(encodeURIComponent).join('/')}`;
    const isOurs = await download(
      this.cache.blob(hash),
      { name: `${repo}/${name}`, url, size, hash },
      {
        fetch: (input, init) => request(input, init, this.access),
        signal,
        onProgress,
      },
    );
    // What another process has brought is for it to remove.
    if (isOurs) this.#downloaded.push(name);
  }

  /** Names and hashes become paths: nothing else than such may be one. */
  #entry(name: string): Entry {
    const entry = this.entries.get(name);
    const isSafe = !/(^|\/)\.{0,2}(\/|$)|\\|\0/.test(name);
    if (isSafe && entry !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(entry.hash))
      return entry;
    throw unreachable(
      this.name,
      new Error(`the hub lists ${JSON.stringify(name)} in a way that is not understood`),
    );
  }
}

/** What cannot be in a header is refused here, as fetch's own message would repeat it. */
function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw makeError('ERR_OPTION_RANGE', 'the token holds characters that no token has', {
    name: 'token',
    found: `${token.length} characters, not all of them printable ASCII`,
    expected: 'an access token of the hub, such as hf_...',
    hint: 'copy it again; look at the option token, HF_TOKEN and the file that HF_TOKEN_PATH names',
  });
}
