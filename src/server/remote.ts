/**
 * Pictures that a request names by an address, from hosts that the operator lists. What is checked is the very address that
 * is connected to, so that no name can lead elsewhere than it did when it was looked at; each redirect is checked as the first
 * address was. Messages repeat nothing of an answer, and no address.
 */
import dns from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { makeError, PaliGemmaError } from '../errors.js';
import type { ParsedServerOptions } from '../options/server.js';
import { Networks } from './networks.js';

const MAX_REDIRECTS = 3;
/** Over all redirects. Someone waits for an answer meanwhile. */
const MAX_MS = 10_000;
const MAX_ADDRESS = 8192;

/** An entry of the list. */
interface Source {
  readonly protocol: string;
  /** Without `*.`; empty for all hosts. */
  readonly host: string;
  readonly isPattern: boolean;
  /** Empty for that of the protocol. */
  readonly port: string;
}

type Lookup = (
  host: string,
  options: dns.LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: dns.LookupAddress[]) => void,
) => void;

export class RemotePictures {
  readonly #sources: readonly Source[];
  readonly #networks: Networks;
  readonly #lookup: Lookup;

  /** Throws ERR_OPTION_RANGE for an entry that is none. */
  constructor(
    {
      pictureHosts = [],
      pictureNetworks = [],
    }: Pick<ParsedServerOptions, 'pictureHosts' | 'pictureNetworks'>,
    lookup: Lookup = dns.lookup,
  ) {
    this.#sources = pictureHosts.map(readSource);
    this.#networks = new Networks(pictureNetworks, 'pictureNetworks');
    this.#lookup = lookup;
  }

  /** Rejects with ERR_IMAGE_NOT_FOUND, ERR_IMAGE_TOO_LARGE, or the reason of the signal. */
  async fetch(address: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(MAX_MS);
    try {
      return await this.#follow(address, maxBytes, AbortSignal.any([signal, timeout]));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PaliGemmaError) throw error;
      const what = timeout.aborted ? 'gave no picture in time' : 'cannot be reached';
      throw refused(what, { retryable: true, cause: error });
    }
  }

  async #follow(address: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    let url = this.#checked(address);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#get(url, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode === 200) return readPicture(response, maxBytes);
      response.destroy();
      if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
        throw refused(`answered with status ${statusCode}`, { retryable: statusCode >= 500 });
      }
      url = this.#checked(headers.location, url);
    }
    throw refused(`leads on more than ${MAX_REDIRECTS} times`);
  }

  #checked(address: string, base?: URL): URL {
    if (address.length > MAX_ADDRESS) throw refused('is too long');
    let url: URL;
    try {
      url = new URL(address, base);
    } catch {
      throw refused('is malformed');
    }
    if (url.username !== '' || url.password !== '') throw refused('holds a name or a password');
    if (!this.#sources.some((source) => isFrom(source, url))) {
      throw refused('is not one that this server fetches from', {
        hint: 'the operator can add its host to pictureHosts',
      });
    }
    // No name is looked up for what is an address already.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !this.#networks.mayReach(host)) throw notPublic();
    return url;
  }

  #get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const lookup: LookupFunction = (host, options, callback) => {
      this.#lookup(host, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, []);
        const addresses = found.filter(({ address }) => this.#networks.mayReach(address));
        const [first] = addresses;
        if (first === undefined) return callback(notPublic(), []);
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    };
    return new Promise((resolve, reject) => {
      const { get } = url.protocol === 'https:' ? https : http;
      get(url, {
        ...{ lookup, signal },
        // A connection for each picture: none is kept that was checked for another name. It asks no proxy either.
        agent: false,
        headers: {
          accept: 'image/*',
          'accept-encoding': 'identity',
          'user-agent': 'node-paligemma',
        },
      })
        .once('response', resolve)
        .on('error', reject);
    });
  }
}

/** Bytes counted while they arrive. */
async function readPicture(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = Number(response.headers['content-length'] ?? 0);
  if (length > maxBytes) {
    response.destroy();
    throw tooLarge(maxBytes);
  }
  length = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** `images.example`, `*.images.example`, `*`; with a port if need be; with http:// where that is meant. */
function readSource(entry: string): Source {
  const [, scheme = 'https', pattern, rest = ''] =
    /^(?:(https?):\/\/)?(\*(?:\.(?=[^*])|(?=:|$)))?([^*/?#@\s]*)$/i.exec(entry) ?? [];
  const isAll = pattern === '*';
  // As addresses are written by the parser that reads them.
  const host = isAll ? `x${rest}` : rest;
  const protocol = `${scheme.toLowerCase()}:`;
  try {
    const url = new URL(`${protocol}//${host}`);
    return {
      ...{ protocol, isPattern: pattern !== undefined, port: url.port },
      host: isAll ? '' : withoutDot(url.hostname),
    };
  } catch {
    const expected = 'hosts such as images.example or *.images.example';
    throw makeError('ERR_OPTION_RANGE', `option pictureHosts is "${entry}", expected ${expected}`, {
      ...{ name: 'pictureHosts', found: `"${entry}"`, expected },
    });
  }
}

function isFrom({ protocol, host, isPattern, port }: Source, url: URL): boolean {
  if (url.protocol !== protocol || url.port !== port) return false;
  const name = withoutDot(url.hostname);
  if (!isPattern) return name === host;
  return host === '' || name.endsWith(`.${host}`);
}

/** The dot of the root, with which a name means the same. */
function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

function notPublic(): PaliGemmaError {
  return refused('is not one of the public internet', {
    hint: 'the operator can add its network to pictureNetworks',
  });
}

function refused(
  found: string,
  more: { readonly hint?: string; readonly retryable?: boolean; readonly cause?: unknown } = {},
): PaliGemmaError {
  return makeError('ERR_IMAGE_NOT_FOUND', `the address of the picture ${found}`, {
    ...{ name: 'image', found: `an address that ${found}`, expected: 'the address of a picture' },
    ...more,
  });
}

function tooLarge(maxBytes: number): PaliGemmaError {
  const expected = `at most ${maxBytes} bytes`;
  return makeError(
    'ERR_IMAGE_TOO_LARGE',
    `the picture at the address has more than ${maxBytes} bytes`,
    {
      ...{ name: 'image', found: 'more', expected },
    },
  );
}
