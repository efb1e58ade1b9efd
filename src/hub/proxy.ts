/** fetch through the proxies that the environment names, which Node's own does in its newer versions only, and only when asked. */
import { importPeer } from '../load-peer.js';

type Fetch = typeof fetch;

/**
 * The fetch for `url`: Node's own, unless HTTPS_PROXY, HTTP_PROXY or ALL_PROXY (in either case) name a proxy for it that
 * NO_PROXY does not exclude. Throws what the packages throw for a proxy that is none, and ERR_DEPENDENCY_MISSING.
 */
export async function fetchFor(url: URL): Promise<Fetch> {
  if (!isAnySet() || isDoneByNode()) return fetch;
  const { getProxyForUrl } = await importPeer('proxy-from-env', () => import('proxy-from-env'));
  const proxy = withScheme(getProxyForUrl(url.href));
  if (proxy === '') return fetch;
  let through = fetches.get(proxy);
  if (through === undefined) {
    through = await fetchThrough(proxy);
    fetches.set(proxy, through);
  }
  return through;
}

/** By proxy: each keeps its connections for the next request. */
const fetches = new Map<string, Fetch>();

async function fetchThrough(proxy: string): Promise<Fetch> {
  // undici makes itself the dispatcher of all of Node's requests where there is none. Touched first, Node's own is there.
  void new Headers();
  const undici = await importPeer('undici', () => import('undici'));
  const dispatcher = new undici.ProxyAgent(proxy);
  return ((url: string, init?: RequestInit) =>
    undici.fetch(url, { ...init, dispatcher } as never)) as unknown as Fetch;
}

/** For messages: which variable sends `url` to a proxy. */
export function proxyVariable(): string | undefined {
  return ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']
    .flatMap((name) => [name.toLowerCase(), name])
    .find((name) => process.env[name]);
}

const isAnySet = (): boolean => proxyVariable() !== undefined;

/** Node 22.21 and 24.5 and later, with NODE_USE_ENV_PROXY=1 or --use-env-proxy. */
function isDoneByNode(): boolean {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  const isAsked = process.env['NODE_USE_ENV_PROXY'] === '1' || flags.includes('--use-env-proxy');
  return isAsked && process.allowedNodeEnvironmentFlags.has('--use-env-proxy');
}

/** `proxy:3128` is spoken to in plain HTTP, as other programs do; the package assumes the scheme of the target. */
function withScheme(proxy: string): string {
  const isAsGiven = Object.values(process.env).includes(proxy);
  return isAsGiven ? proxy : proxy.replace(/^https:/, 'http:');
}
