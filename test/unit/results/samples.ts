/** Made-up masks, by the same arithmetic as scripts/dev/mask-oracle.py, and how the fixtures are read. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/masks');

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(FIXTURES, name), 'utf8')) as T;
}

/** Decoded masks, [64, 64] each. */
export const SOFT = fixture<string[]>('soft.json').map((text) => {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length }, (_, i) => bytes.readInt8(i) / 64);
});

export type Kind = 'noise' | 'wave' | 'disc' | 'all' | 'none';

function splitMix(i: number, seed: number): bigint {
  const wrap = (value: bigint) => BigInt.asUintN(64, value);
  let z = wrap((BigInt(i) + BigInt(seed) * 1_000_003n + 1n) * 0x9e3779b97f4a7c15n);
  z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/** Row-major, 0 or 1. */
export function sample(kind: Kind, width: number, height: number, seed: number): Uint8Array {
  const data = new Uint8Array(width * height);
  if (kind === 'all') return data.fill(1);
  if (kind === 'none') return data;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const inside =
        kind === 'noise'
          ? (splitMix(i, seed) & 1n) === 1n
          : kind === 'wave'
            ? (x * x + 3 * y * y + seed * x * y) % 20011 < 9000
            : (2 * x - width) ** 2 * height ** 2 + (2 * y - height) ** 2 * width ** 2 <
              width ** 2 * height ** 2;
      data[i] = inside ? 1 : 0;
    }
  }
  return data;
}
