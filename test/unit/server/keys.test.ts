/** How many requests a key has left, also when keys are read again. */
import { expect, test } from 'vitest';
import { Keys } from '../../../src/server/keys.js';

const [FIRST, SECOND, OTHER] = ['first-key-1', 'second-key-2', 'other-key-3'] as const;

function use(keys: Keys, key: string, times: number, now: number): number {
  let allowed = 0;
  for (let i = 0; i < times; i++) {
    try {
      keys.count(keys.clientWith(key), now);
      allowed++;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_REQUEST_RATE' });
    }
  }
  return allowed;
}

test('a key has its requests in a minute, whatever others use, and gets them back with time', () => {
  const keys = new Keys([FIRST, SECOND], 6);
  expect(use(keys, FIRST, 10, 0)).toBe(6);
  expect(use(keys, SECOND, 10, 0)).toBe(6);
  expect(use(keys, FIRST, 10, 20_000)).toBe(2);
  expect(use(keys, FIRST, 10, 3_600_000)).toBe(6);
});

test('keys that are read again have not been used less, in whatever order they are', () => {
  const keys = new Keys([FIRST, SECOND], 6);
  use(keys, FIRST, 6, 0);
  const again = new Keys([OTHER, SECOND, FIRST], 6, keys);
  expect(use(again, FIRST, 1, 0)).toBe(0);
  expect(use(again, SECOND, 10, 0)).toBe(6);
  expect(use(again, OTHER, 10, 0)).toBe(6);
});
