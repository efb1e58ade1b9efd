/** One at a time; that a dead holder's lock is taken is tested with processes that are killed (test/e2e/hub.test.ts). */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../../src/hub/lock.js';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'paligemma-lock-'));
  folder = path.join(parent, 'x.lock');
});
afterEach(() => rmSync(parent, { recursive: true }));

test('those who want the same lock come one after the other, and it goes away', async () => {
  let inside = 0;
  const work = async (value: number): Promise<number> => {
    expect(++inside).toBe(1);
    for (let i = 0; i < 10; i++) await turn();
    inside--;
    return value;
  };
  const values = [1, 2, 3, 4];
  const results = values.map((value) => withLock(folder, undefined, () => work(value)));
  expect(await Promise.all(results)).toEqual(values);
  expect(existsSync(folder)).toBe(false);
});

test('work that fails releases it', async () => {
  const error = new Error('no');
  await expect(withLock(folder, undefined, () => Promise.reject(error))).rejects.toBe(error);
  expect(await withLock(folder, undefined, async () => 1)).toBe(1);
});

test('waiting can be aborted, and leaves the lock to its holder', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error('enough');
  await withLock(folder, undefined, async () => {
    const waiting = withLock(folder, signal, async () => 'not reached');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(existsSync(folder)).toBe(true);
  });
  await expect(withLock(folder, signal, async () => 'not reached')).rejects.toBe(reason);
  expect(existsSync(folder)).toBe(false);
});

test('a folder that cannot be made is an error of the file system', async () => {
  const nowhere = path.join(parent, 'missing', 'x.lock');
  await expect(withLock(nowhere, undefined, async () => 1)).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
