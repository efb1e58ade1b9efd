/** Keys of clients: kept as SHA-256 digests, compared in constant time, with a bound on requests for each. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { makeError } from '../errors.js';
import { unreadable } from './config.js';
import { withRetryAfter } from './errors.js';

const HASHED = /^sha256:([0-9a-f]{64})$/i;

const digestOf = (key: string): Buffer => {
  const hex = HASHED.exec(key)?.[1];
  return hex === undefined ? createHash('sha256').update(key).digest() : Buffer.from(hex, 'hex');
};

/** A client that may ask: its place among the keys, undefined where none are needed. */
export type Client = number | undefined;

export class Keys {
  readonly #digests: readonly Buffer[];
  readonly #perMinute: number;
  /** Requests that are left to each owner of a key, and when that was counted. */
  readonly #left: Map<string, { readonly count: number; readonly at: number }>;

  /** `before`: what it replaces; who has used up its minute there has done so here. */
  constructor(keys: readonly string[], perMinute: number, before?: Keys) {
    this.#digests = keys.map(digestOf);
    this.#perMinute = perMinute;
    const owners = new Set(this.#digests.map((digest) => digest.toString('hex')));
    this.#left = new Map(before && [...before.#left].filter(([owner]) => owners.has(owner)));
  }

  /** Whether clients can be told apart. */
  get areSeveral(): boolean {
    return this.#digests.length > 1;
  }

  /** Whether a key is needed. */
  get areNeeded(): boolean {
    return this.#digests.length > 0;
  }

  /**
   * The client of a request by its headers, `authorization: Bearer KEY` or `x-api-key: KEY`, or by the key that it has
   * elsewhere. Throws ERR_REQUEST_KEY.
   */
  clientOf(headers: IncomingHttpHeaders, other?: string): Client {
    return this.clientWith(keyOf(headers) ?? other);
  }

  /** Who that is after other keys were read as well: the digest of its key, and nothing where none are needed. */
  ownerOf(client: Client): string {
    return client === undefined ? '' : (this.#digests[client]?.toString('hex') ?? '');
  }

  /** As clientOf, for a key that came in another way. */
  clientWith(key: string | undefined): Client {
    if (!this.areNeeded) return undefined;
    const given = createHash('sha256')
      .update(key ?? '')
      .digest();
    let client: Client;
    // All of them, so that the time tells nothing of which one it is.
    for (const [i, digest] of this.#digests.entries()) {
      if (timingSafeEqual(digest, given)) client = i;
    }
    if (client !== undefined && key !== undefined) return client;
    const [found, hint] =
      key === undefined
        ? ['no key', 'send the header "authorization: Bearer KEY"']
        : ['an unknown key', 'ask the operator of the server for one'];
    throw makeError('ERR_REQUEST_KEY', `the request has ${found}`, {
      ...{ name: 'authorization', found, expected: 'a key of this server', hint },
    });
  }

  /** Counts a request. Throws ERR_REQUEST_RATE when the client has sent too many. */
  count(client: Client, now = performance.now()): void {
    if (client === undefined || this.#perMinute === 0) return;
    const perMs = this.#perMinute / 60_000;
    const owner = this.ownerOf(client);
    const before = this.#left.get(owner) ?? { count: this.#perMinute, at: now };
    const count = Math.min(this.#perMinute, before.count + (now - before.at) * perMs);
    this.#left.set(owner, { count: count < 1 ? count : count - 1, at: now });
    if (count >= 1) return;
    const error = makeError(
      'ERR_REQUEST_RATE',
      `more than ${this.#perMinute} requests in a minute`,
      { name: 'requestsPerMinute', expected: `at most ${this.#perMinute} in a minute` },
    );
    throw withRetryAfter(error, Math.ceil((1 - count) / perMs / 1000));
  }
}

export function keyOf({
  authorization,
  'x-api-key': other,
}: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  return bearer ?? (typeof other === 'string' && other !== '' ? other : undefined);
}

/** The keys in a file: one on each line; empty lines and those that begin with # do not count. */
export function readKeys(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw keysFault(file, unreadable(cause), cause);
  }
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  // A file without keys must not open the server to all.
  if (keys.length === 0) throw keysFault(file, 'a file without keys');
  const fault = faultOf(keys);
  if (fault !== undefined) throw keysFault(file, `a file whose ${fault}`);
  return keys;
}

/** Keys of the options, checked as those of a file are: one that cannot be sent would lock its client out. */
export function checkKeys(keys: readonly string[]): readonly string[] {
  const fault = faultOf(keys);
  if (fault === undefined) return keys;
  throw makeError('ERR_OPTION_RANGE', `option keys is a list whose ${fault}, expected ${KEY}`, {
    ...{ name: 'keys', found: `a list whose ${fault}`, expected: KEY },
  });
}

const KEY = 'keys of at least 8 visible ASCII characters, or sha256: and 64 hexadecimal digits';

/** What is wrong with the first key that no client can send; never the key itself. */
function faultOf(keys: readonly string[]): string | undefined {
  for (const [i, key] of keys.entries()) {
    const name = `key ${i + 1}`;
    if (key.length < 8) return `${name} is too short`;
    if (/\s/.test(key)) return `${name} is two words`;
    if (!/^[!-~]+$/.test(key)) return `${name} has a character that is not visible ASCII`;
    if (/^sha256:/i.test(key) && !HASHED.test(key)) return `${name} is an incomplete digest`;
  }
  return undefined;
}

function keysFault(file: string, found: string, cause?: unknown): Error {
  const expected = `a file with a key on each line: ${KEY}`;
  return makeError('ERR_OPTION_RANGE', `${file} is ${found}, expected ${expected}`, {
    ...{ name: 'keysFile', found: `${file}: ${found}`, expected, cause },
  });
}
