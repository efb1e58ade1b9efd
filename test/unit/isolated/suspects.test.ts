/** What is held to be the same call after a crash. */
import { expect, test } from 'vitest';
import type { Call } from '../../../src/isolated/protocol.js';
import { fingerprintOf, Suspects } from '../../../src/isolated/suspects.js';

const SIZE = 300_000;
const picture = (change: (bytes: Uint8Array) => void = () => {}): Uint8Array => {
  const bytes = new Uint8Array(SIZE).map((_, i) => (i * 31) & 255);
  change(bytes);
  return bytes;
};
const flip = (bytes: Uint8Array, at: number): void => {
  bytes[at] = 255 - (bytes[at] as number);
};
const call = (bytes: Uint8Array, label = 'a', prompt = 'caption en', seed = 1): Call =>
  ({
    method: 'generate',
    pictures: [{ label, bytes }],
    read: { maxPixels: 10 },
    params: { prompt, seed, drafts: [] },
  }) as unknown as Call;

const same = fingerprintOf(call(picture()));

test('the same picture and question are the same call, whatever their name and seed', () => {
  expect(fingerprintOf(call(picture()))).toBe(same);
  expect(fingerprintOf(call(Buffer.from(picture()), 'b', 'caption en', 2))).toBe(same);
});

test.each<[string, Call]>([
  ['another question', call(picture(), 'a', 'caption de')],
  ['a picture that begins otherwise', call(picture((bytes) => flip(bytes, 0)))],
  ['a picture that ends otherwise', call(picture((bytes) => flip(bytes, SIZE - 1)))],
  [
    'a picture of which a part is different',
    call(picture((bytes) => bytes.fill(1, 100_000, 110_000))),
  ],
  ['a picture that goes on', call(new Uint8Array(SIZE + 1))],
  ['a small picture with one other byte', call(picture().subarray(0, 5000))],
])('%s is another call', (_, other) => {
  expect(fingerprintOf(other)).not.toBe(same);
});

test('of a small picture every byte counts', () => {
  const small = picture().subarray(0, 60_000);
  const other = small.slice();
  flip(other, 31_111);
  expect(fingerprintOf(call(other))).not.toBe(fingerprintOf(call(small)));
});

test('a crash is remembered for ten minutes or until the call is answered', () => {
  let now = 0;
  const suspects = new Suspects(() => now);
  suspects.accuse('x');
  suspects.accuse('x');
  suspects.accuse('y');
  expect(suspects.crashesOf('x')).toBe(2);
  suspects.acquit('y');
  expect(suspects.crashesOf('y')).toBe(0);
  now = 10 * 60_000 + 1;
  expect(suspects.crashesOf('x')).toBe(0);
});
