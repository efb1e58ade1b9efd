/** A model on the hub -> a file in the shared cache. Settings come from the environment, as with huggingface_hub. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { makeError, PaliGemmaError } from '../errors.js';
import { type PullOptions, parsePullOptions } from '../options/hub.js';
import { COMMIT, isFile, RepoCache } from './cache.js';
import { download, unreachable } from './download.js';
import { chooseFile, type HubId, parseHubId } from './id.js';

/**
 * Path of a model in the cache; downloads it when it is not there. `id`: `hf:owner/repo[:file][@revision]`.
 * HF_TOKEN (else HF_TOKEN_PATH, else `token` in HF_HOME), HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and HF_HUB_OFFLINE are honoured;
 * the options come before them.
 * Throws ERR_HUB_GATED, ERR_HUB_NOT_FOUND, ERR_HUB_UNREACHABLE, ERR_HUB_DAMAGED, ERR_DISK_FULL, ERR_OUTPUT, ERR_OPTION_*,
 * or the reason of the signal.
 */
export async function pull(id: string, options?: PullOptions): Promise<string> {
  const { token: ownToken, offline = offlineByEnvironment(), ...o } = parsePullOptions(options);
  const wanted = parseHubId(id);
  // Loaded only here: most programs have their model in a file.
  const hub = await import('@huggingface/hub');
  const folder = hub.getRepoFolderName({ name: wanted.repo, type: 'model' });
  const cache = new RepoCache(path.join(hub.getHFHubCachePath(), folder));

  if (offline || COMMIT.test(wanted.revision)) {
    const file = await cached(cache, wanted, id);
    if (file !== undefined) return file;
    if (offline) {
      throw makeError('ERR_HUB_UNREACHABLE', `${id} is not in the cache, and nobody may be asked`, {
        name: id,
        found: 'nothing in the cache',
        expected: 'a file that was downloaded before',
        hint: `run paligemma pull ${id}, with neither offline nor HF_HUB_OFFLINE`,
      });
    }
  }

  const hubUrl = endpoint();
  const access: Access = {
    ...{ repo: wanted.repo, hubUrl, signal: o.signal },
    token: checkedToken(ownToken ?? readToken()),
  };
  const ask: typeof fetch = (input, init) => request(input, init, access);
  let commit: string;
  const entries: { path: string; size: number; hash: string }[] = [];
  try {
    const { revision } = wanted;
    const info = await hub.modelInfo({
      name: wanted.repo,
      revision,
      additionalFields: ['sha'],
      hubUrl,
      fetch: ask,
    });
    commit = String(info.sha);
    const repo = { name: wanted.repo, type: 'model' as const };
    for await (const entry of hub.listFiles({
      repo,
      revision: commit,
      recursive: true,
      hubUrl,
      fetch: ask,
    })) {
      if (entry.type !== 'file') continue;
      entries.push({
        path: entry.path,
        size: entry.lfs?.size ?? entry.size,
        hash: entry.lfs?.oid ?? entry.oid ?? '',
      });
    }
  } catch (error) {
    o.signal?.throwIfAborted();
    if (error instanceof PaliGemmaError && error.code !== 'ERR_HUB_UNREACHABLE') throw error;
    // Without the hub, what a revision meant the last time is the best answer there is.
    const file = await cached(cache, wanted, id).catch(() => undefined);
    if (file !== undefined) return file;
    throw error instanceof PaliGemmaError ? error : unreachable(id, error);
  }
  if (!COMMIT.test(commit)) throw unreachable(id, new Error(`the hub gave the commit "${commit}"`));

  const name = chooseFile(
    entries.map((entry) => entry.path),
    wanted.file,
    id,
  );
  const entry = entries.find((candidate) => candidate.path === name);
  if (
    entry === undefined ||
    !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(entry.hash) ||
    /(^|\/)\.\.?(\/|$)|^\/|\\/.test(name)
  ) {
    throw unreachable(
      id,
      new Error(`the hub lists ${JSON.stringify(name)} in a way that is not understood`),
    );
  }
  const blob = cache.blob(entry.hash);
  if (!(await isFile(blob))) {
    const url = `${hubUrl}/${wanted.repo}/resolve/${commit}/${name.split('/').map(encodeURIComponent).join('/')}`;
    await download(
      blob,
      { name: `${wanted.repo}/${name}`, url, size: entry.size, hash: entry.hash },
      { fetch: ask, signal: o.signal, onProgress: o.onProgress },
    );
  }
  await cache.remember(wanted.revision, commit);
  return cache.link(commit, name, entry.hash);
}

/** What is in the cache already, without asking anybody. */
async function cached(cache: RepoCache, wanted: HubId, id: string): Promise<string | undefined> {
  const commit = await cache.commit(wanted.revision);
  if (commit === undefined) return undefined;
  const files = await cache.files(commit);
  if (files.length === 0 || (wanted.file?.endsWith('.gguf') && !files.includes(wanted.file)))
    return undefined;
  return cache.pointer(commit, chooseFile(files, wanted.file, id));
}

interface Access {
  readonly repo: string;
  readonly hubUrl: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** fetch with the token, and with the hub's refusals as errors of ours. */
async function request(
  input: string | URL | Request,
  init: RequestInit | undefined,
  { repo, hubUrl, token, signal }: Access,
): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const headers = new Headers(init?.headers);
  // To the hub alone, wherever its lists lead. A redirect to another host loses the header: fetch does that.
  if (token !== undefined && url.origin === new URL(hubUrl).origin)
    headers.set('Authorization', `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  const code = response.headers.get('X-Error-Code') ?? '';
  const page = `${hubUrl}/${repo}`;
  if (code === 'GatedRepo' || (status === 403 && code === '')) {
    throw makeError('ERR_HUB_GATED', `${repo} asks you to accept its licence`, {
      name: repo,
      found: token === undefined ? 'no token' : 'a token without access',
      expected: 'a token of somebody who has accepted the licence',
      hint: `accept it at ${page}, make a token at ${hubUrl}/settings/tokens and set HF_TOKEN or the option token`,
    });
  }
  if (status === 401 || status === 404) {
    const what: Record<string, string> = {
      RevisionNotFound: 'no such revision',
      EntryNotFound: 'no such file',
    };
    throw makeError(
      'ERR_HUB_NOT_FOUND',
      `${page}: ${what[code] ?? 'no such repository, or one that this token does not see'}`,
      {
        name: repo,
        found: `HTTP ${status}${code && ` ${code}`}`,
        expected: 'a model that may be read',
        hint:
          token === undefined
            ? 'for a private one set HF_TOKEN or the option token'
            : 'check the name and the token',
      },
    );
  }
  // 416, 429 and all of 5xx may pass.
  throw new Error(`the hub answered HTTP ${status}`);
}

const offlineByEnvironment = (): boolean =>
  /^(1|on|yes|true)$/i.test(process.env['HF_HUB_OFFLINE'] ?? '');

const endpoint = (): string =>
  (process.env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');

function readToken(): string | undefined {
  const given = process.env['HF_TOKEN']?.trim();
  if (given) return given;
  const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  const home = process.env['HF_HOME'] || path.join(cache, 'huggingface');
  try {
    return (
      readFileSync(process.env['HF_TOKEN_PATH'] || path.join(home, 'token'), 'utf8').trim() ||
      undefined
    );
  } catch {
    return undefined;
  }
}

/** What cannot stand in a header is refused here, as fetch's own message would repeat it. */
function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw makeError('ERR_OPTION_RANGE', 'the token holds characters that no token has', {
    name: 'token',
    found: `${token.length} characters, not all of them printable ASCII`,
    expected: 'an access token of the hub, such as hf_...',
    hint: 'copy it again; look at the option token, HF_TOKEN and the file that HF_TOKEN_PATH names',
  });
}
