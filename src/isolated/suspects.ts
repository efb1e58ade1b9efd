/**
 * Calls that were running when an engine crashed, by what they ask. One of them may be what crashes it: it has to run alone
 * next time, so that a second crash proves it. Then it is refused.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Call } from './protocol.js';

/** How long a crash is remembered, in ms. */
const MEMORY_MS = 10 * 60_000;

/** Crashes that are remembered at most; the oldest are forgotten first. */
const MOST = 10_000;

interface Suspicion {
  readonly crashes: number;
  readonly at: number;
}

export class Suspects {
  readonly #known = new Map<string, Suspicion>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How often an engine crashed during this call in the last ten minutes; from two on it was alone. */
  crashesOf(fingerprint: string): number {
    const known = this.#known.get(fingerprint);
    if (known === undefined) return 0;
    if (this.#now() - known.at <= MEMORY_MS) return known.crashes;
    this.#known.delete(fingerprint);
    return 0;
  }

  accuse(fingerprint: string): void {
    const crashes = this.crashesOf(fingerprint) + 1;
    // Again at the end: the map is in order of the last crash.
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, { crashes, at: this.#now() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }

  acquit(fingerprint: string): void {
    this.#known.delete(fingerprint);
  }
}

/** Of a picture that is larger, this many bytes count, in pieces spread over it: every call is hashed, on the event loop. */
const MOST_HASHED = 64 * 1024;
const PIECE = 1024;

/** Equal for calls that ask the same: method, pictures, prompt and options, but for the seed, which is random by default. */
export function fingerprintOf(call: Call): string {
  const hash = createHash('sha256');
  hash.update(textOf(call, (bytes) => hashBytes(hash, bytes)));
  return hash.digest('hex');
}

function hashBytes(hash: Hash, bytes: Uint8Array): void {
  if (bytes.length <= MOST_HASHED) {
    hash.update(bytes);
    return;
  }
  const last = bytes.length - PIECE;
  const pieces = MOST_HASHED / PIECE;
  for (let i = 0; i < pieces; i++) {
    const begin = Math.floor((last * i) / (pieces - 1));
    hash.update(bytes.subarray(begin, begin + PIECE));
  }
}

/** `value` without its bytes, of which each list is passed on. */
function textOf(value: unknown, onBytes: (bytes: Uint8Array) => void): string {
  if (ArrayBuffer.isView(value)) {
    onBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return `[${value.byteLength}]`;
  }
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)};`;
  const parts = Object.entries(value)
    .filter(([name]) => name !== 'seed' && name !== 'label')
    .map(([name, part]) => `${name}:${textOf(part, onBytes)}`);
  return `{${parts.join('')}}`;
}
