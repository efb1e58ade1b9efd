/** Several items at once: how many, in which order, and what happens when the items themselves fail. */
import { describe, expect, it } from 'vitest';
import { pool } from '../../../src/runs/pool.js';
import { all } from '../../support/folder.js';

async function* numbers(count: number): AsyncGenerator<number, void> {
  for (let i = 0; i < count; i++) yield i;
}

/** Work that ends on demand. */
function gated(): {
  work: (item: number) => Promise<number>;
  open: (item: number) => void;
  started: number[];
} {
  const open = new Map<number, () => void>();
  const started: number[] = [];
  return {
    started,
    work: (item) => {
      started.push(item);
      return new Promise((resolve) => open.set(item, () => resolve(item)));
    },
    open: (item) => open.get(item)?.(),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('pool', () => {
  it('yields results as they finish', async () => {
    const { work, open, started } = gated();
    const results = pool(numbers(3), { atOnce: 2, order: 'finished' }, work);
    const first = results.next();
    await settle();
    expect(started).toEqual([0, 1]);
    open(1);
    expect((await first).value).toBe(1);
    const second = results.next();
    await settle();
    expect(started).toEqual([0, 1, 2]);
    open(2);
    expect((await second).value).toBe(2);
    const third = results.next();
    open(0);
    expect((await third).value).toBe(0);
    expect((await results.next()).done).toBe(true);
  });

  it('yields results in the order of the items, and does not run ahead of a slow one', async () => {
    const { work, open, started } = gated();
    const results = pool(numbers(4), { atOnce: 2, order: 'items' }, work);
    const first = results.next();
    await settle();
    open(1);
    await settle();
    expect(started).toEqual([0, 1]);
    open(0);
    expect((await first).value).toBe(0);
    expect((await results.next()).value).toBe(1);
    const rest = all(results);
    for (const item of [2, 3]) {
      await settle();
      open(item);
    }
    expect(await rest).toEqual([2, 3]);
  });

  it.each([1, 2, 3])('has %i under way, never more', async (atOnce) => {
    for (const order of ['items', 'finished'] as const) {
      let running = 0;
      let most = 0;
      const results = await all(
        pool(numbers(20), { atOnce, order }, async (item) => {
          most = Math.max(most, ++running);
          for (let i = 0; i < (item * 7) % 5; i++) await settle();
          running--;
          return item;
        }),
      );
      expect(most).toBe(atOnce);
      expect([...results].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
  });

  it('does not let a result wait for the next item', async () => {
    const never = (async function* () {
      yield 0;
      await new Promise(() => {});
    })();
    const results = pool(never, { atOnce: 2, order: 'items' }, async (item) => item);
    expect((await results.next()).value).toBe(0);
  });

  it('tells a failure of the items after the results', async () => {
    const broken = (async function* () {
      yield 0;
      yield 1;
      throw new Error('broken');
    })();
    const seen: number[] = [];
    await expect(async () => {
      const work = async (item: number): Promise<number> => item;
      for await (const item of pool(broken, { atOnce: 3, order: 'items' }, work)) seen.push(item);
    }).rejects.toThrow('broken');
    expect(seen).toEqual([0, 1]);
  });
});
