/** Requests to the hub: the token, redirects, proxies, and every refusal or fault as an error that says what helps. */
import { makeError, PaliGemmaError } from '../errors.js';
import { fileFault } from '../options/file-fault.js';
import { fetchFor, proxyVariable } from './proxy.js';

export interface Access {
  /** `owner/repo`, for messages. */
  readonly repo: string;
  readonly hubUrl: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const MAX_REDIRECTS = 8;

/** fetch with the token, and with the hub's refusals as errors of ours. */
export async function request(
  input: string | URL | Request,
  init: RequestInit | undefined,
  access: Access,
): Promise<Response> {
  const { hubUrl, token, signal } = access;
  let url = new URL(input instanceof Request ? input.url : input);
  for (let redirects = 0; ; redirects++) {
    const headers = new Headers(init?.headers);
    // To the hub alone, wherever its lists and redirects lead.
    if (token !== undefined && url.origin === new URL(hubUrl).origin)
      headers.set('Authorization', `Bearer ${token}`);
    const response = await send(url, { ...init, headers, redirect: 'manual' }, signal);
    const target = response.headers.get('Location');
    if (![301, 302, 303, 307, 308].includes(response.status) || target === null) {
      if (response.ok) return response;
      await response.body?.cancel();
      throw refusal(response, access);
    }
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    url = new URL(target, url);
  }
}

async function send(
  url: URL,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    const fetchUrl = await fetchFor(url);
    return await fetchUrl(url, { ...init, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function refusal({ status, headers }: Response, { repo, hubUrl, token }: Access): Error {
  const code = headers.get('X-Error-Code') ?? '';
  const page = `${hubUrl}/${repo}`;
  if (code === 'GatedRepo' || (status === 403 && code === '')) {
    return makeError('ERR_HUB_GATED', `${repo} asks you to accept its licence`, {
      name: repo,
      found: token === undefined ? 'no token' : 'a token without access',
      expected: 'a token of an account that has accepted the licence',
      hint: `accept it at ${page}, make a token at ${hubUrl}/settings/tokens and set HF_TOKEN or the option token`,
    });
  }
  if (status === 401 || status === 403 || status === 404) {
    const what: Record<string, string> = {
      RevisionNotFound: 'no such revision',
      EntryNotFound: 'no such file',
    };
    return makeError(
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
  // 407, 416, 429 and all of 5xx may pass.
  return new HttpError(status);
}

class HttpError extends Error {
  constructor(readonly status: number) {
    super(`the hub answered HTTP ${status}`);
  }
}

/** ERR_HUB_UNREACHABLE for what the network, the hub or a proxy did. */
export function unreachable(name: string, error: unknown): PaliGemmaError {
  const { reason, code } = rootOf(error);
  return makeError('ERR_HUB_UNREACHABLE', `cannot get ${name}: ${reason}`, {
    name,
    found: reason,
    expected: 'an answer of the hub',
    hint: hintFor(error, `${code} ${reason}`),
    cause: error,
  });
}

function hintFor(error: unknown, found: string): string {
  const proxy = proxyVariable();
  if (error instanceof HttpError && error.status === 429)
    return 'the hub allows only so many requests; wait some minutes, or set HF_TOKEN';
  if (/407|Proxy Auth|Proxy response|InvalidArgument|Invalid URL|socks/i.test(found) && proxy)
    return `${proxy} names a proxy that refused; it has to be http://name:password@host:port`;
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|certificate/i.test(found)) {
    return 'a proxy or firewall that signs connections itself needs its certificate in NODE_EXTRA_CA_CERTS';
  }
  const later = 'try again later; what has come is kept';
  if (proxy) return `${later}. The proxy is that of ${proxy}`;
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|TIMEDOUT|TIMEOUT/.test(found)
    ? `${later}. Where a proxy is needed, set HTTPS_PROXY`
    : later;
}

/** What was wrong in the end: fetch wraps it, once or more. */
function rootOf(error: unknown): { reason: string; code: string } {
  let inner = error as { cause?: unknown; message?: string; code?: unknown; errors?: unknown[] };
  while (typeof inner.cause === 'object' && inner.cause !== null) inner = inner.cause;
  // One for each address of a name.
  if (inner.errors?.[0] !== undefined) inner = inner.errors[0] as typeof inner;
  const code = typeof inner.code === 'string' ? inner.code : '';
  const reason = inner.message || code || String(error);
  return { reason: reason.split('\n')[0] ?? '', code };
}

/** What reading and writing files throws. Of the network there are only TypeErrors of fetch, with the cause inside. */
export const isDiskError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';

/** The error for what went wrong with `name` while it was brought to the cache; one of ours passes. */
export function hubError(name: string, error: unknown): Error {
  if (error instanceof PaliGemmaError) return error;
  if (!isDiskError(error)) return unreachable(name, error);
  const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
  return makeError(
    isFull ? 'ERR_DISK_FULL' : 'ERR_OUTPUT',
    `cannot write ${name} to the cache: ${fileFault(error)}`,
    {
      name,
      found: error.code ?? 'an error of the file system',
      expected: isFull ? 'room on the disk' : 'a folder that may be written',
      hint: 'HF_HOME or HF_HUB_CACHE name another folder for the cache',
      cause: error,
    },
  );
}
