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

/** Equal for calls that ask the same: method, pictures, prompt and options, but for the seed, which is random by default. */
export function fingerprintOf(call: Call): string {
  const hash = createHash('sha256');
  hashValue(hash, call);
  return hash.digest('hex');
}

function hashValue(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(`[${value.byteLength}]`);
    hash.update(value as Uint8Array);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      if (name === 'seed' || name === 'label') continue;
      hash.update(`{${name}:`);
      hashValue(hash, part);
    }
    hash.update('}');
  } else {
    hash.update(`${typeof value} ${String(value)};`);
  }
}
