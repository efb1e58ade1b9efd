/** Rejections that no one looked at, which end a process of Node's. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

/** Registers hooks that fail a test of the file after which there is one. Returns those that there have been. */
export function failOnUnhandled(): readonly unknown[] {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(() => void process.off('unhandledRejection', note));
  afterEach(async () => {
    // Node tells of them when the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
  return unhandled;
}
