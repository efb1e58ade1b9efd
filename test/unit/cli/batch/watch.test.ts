/** A watched folder: what was there, what comes, what is not complete yet, what goes. Waits are for events, not times. */
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type WatchOptions, watch } from '../../../../src/cli/batch/watch.js';
import { folderWith } from '../../../support/folder.js';

/** Long enough for a machine with other things to do between two writes below. */
const SETTLE_MS = 400;

interface Watched {
  readonly names: string[];
  /** Resolves when this many were given in all. */
  readonly seen: (count: number) => Promise<string[]>;
  readonly stop: () => Promise<void>;
  readonly folderEvents: boolean[];
}

function watching(folder: string, given: Partial<WatchOptions> = {}): Watched {
  const controller = new AbortController();
  const names: string[] = [];
  const folderEvents: boolean[] = [];
  let wake: () => void = () => {};
  const ended = (async () => {
    const options: WatchOptions = {
      recursive: false,
      newOnly: false,
      settleMs: SETTLE_MS,
      signal: controller.signal,
      onFolder: (isThere) => {
        folderEvents.push(isThere);
        wake();
      },
      ...given,
    };
    for await (const { image } of watch(folder, options)) {
      names.push(path.relative(folder, image).replaceAll(path.sep, '/'));
      wake();
    }
  })();
  const stop = (): Promise<void> => {
    controller.abort();
    return ended;
  };
  onTestFinished(stop);
  return {
    names,
    folderEvents,
    stop,
    seen: async (count) => {
      while (names.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return names;
    },
  };
}

/** As if written long ago. */
function age(...file: string[]): void {
  utimesSync(path.join(...file), new Date(2020, 1), new Date(2020, 1));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('watch', () => {
  it('yields what is there, then what comes, each once', async () => {
    const folder = folderWith({ 'b.png': 'b', 'a.png': 'a', 'x.txt': 'x', 'sub/c.png': 'c' });
    age(folder, 'a.png');
    age(folder, 'b.png');
    const watched = watching(folder);
    expect(await watched.seen(2)).toEqual(['a.png', 'b.png']);
    writeFileSync(path.join(folder, 'd.png'), 'd');
    await watched.seen(3);
    writeFileSync(path.join(folder, 'e.png'), 'e');
    expect(await watched.seen(4)).toEqual(['a.png', 'b.png', 'd.png', 'e.png']);
    await watched.stop();
    expect(watched.names).toHaveLength(4);
  });

  it('goes into folders when asked, also into new ones, and not into its own', async () => {
    const folder = folderWith({ 'sub/a.png': 'a', 'drawn/x.png': 'x' });
    const watched = watching(folder, { recursive: true, except: path.join(folder, 'drawn') });
    await watched.seen(1);
    mkdirSync(path.join(folder, 'new'));
    writeFileSync(path.join(folder, 'new', 'b.png'), 'b');
    expect(await watched.seen(2)).toEqual(['sub/a.png', 'new/b.png']);
  });

  it('with newOnly leaves out what is there, until it changes', async () => {
    const folder = folderWith({ 'a.png': 'a', 'b.png': 'b' });
    const watched = watching(folder, { newOnly: true });
    await pause(SETTLE_MS);
    writeFileSync(path.join(folder, 'c.png'), 'c');
    await watched.seen(1);
    writeFileSync(path.join(folder, 'b.png'), 'changed');
    expect(await watched.seen(2)).toEqual(['c.png', 'b.png']);
  });

  it('waits until a file is complete', async () => {
    const folder = folderWith({});
    const file = path.join(folder, 'slow.png');
    const settleMs = 1000;
    const watched = watching(folder, { settleMs });
    writeFileSync(file, '');
    // Longer in all than it takes to settle, with no pause nearly that long.
    for (let i = 0; i < 20; i++) {
      await pause(settleMs / 16);
      appendFileSync(file, 'part');
      expect(watched.names).toEqual([]);
    }
    writeFileSync(path.join(folder, 'empty.png'), '');
    expect(await watched.seen(1)).toEqual(['slow.png']);
    await pause(2 * settleMs);
    expect(watched.names).toEqual(['slow.png']);
  });

  it('takes a file that is renamed into place, not its temporary name', async () => {
    const folder = folderWith({});
    const watched = watching(folder);
    for (const temporary of ['.a.png.x7', 'b.png.part', 'c.tmp']) {
      writeFileSync(path.join(folder, temporary), 'x');
    }
    await pause(2 * SETTLE_MS);
    renameSync(path.join(folder, '.a.png.x7'), path.join(folder, 'a.png'));
    expect(await watched.seen(1)).toEqual(['a.png']);
  });

  it('yields a file again when it was changed or replaced', async () => {
    const folder = folderWith({ 'a.png': 'one' });
    const watched = watching(folder);
    await watched.seen(1);
    writeFileSync(path.join(folder, 'a.png'), 'two!');
    await watched.seen(2);
    writeFileSync(path.join(folder, 'other'), 'one');
    renameSync(path.join(folder, 'other'), path.join(folder, 'a.png'));
    expect(await watched.seen(3)).toEqual(['a.png', 'a.png', 'a.png']);
  });

  it('survives bursts with files that go at once', async () => {
    const folder = folderWith({});
    const watched = watching(folder);
    const all = Array.from({ length: 200 }, (_, i) => `${String(i).padStart(3, '0')}.png`);
    for (const [i, name] of all.entries()) {
      writeFileSync(path.join(folder, name), name);
      if (i % 4 === 3) unlinkSync(path.join(folder, name));
      if (i % 50 === 0) await pause(1);
    }
    const kept = all.filter((_, i) => i % 4 !== 3);
    expect([...(await watched.seen(kept.length))].sort()).toEqual(kept);
  });

  it('waits for a folder that goes, tells so, and does not repeat what it had', async () => {
    const parent = folderWith({ 'in/a.png': 'a' });
    const folder = path.join(parent, 'in');
    const away = path.join(parent, 'away');
    const watched = watching(folder);
    await watched.seen(1);
    renameSync(folder, away);
    while (watched.folderEvents.length < 1) await pause(20);
    writeFileSync(path.join(away, 'b.png'), 'b');
    renameSync(away, folder);
    expect(await watched.seen(2)).toEqual(['a.png', 'b.png']);
    expect(watched.folderEvents).toEqual([false, true]);
    rmSync(folder, { recursive: true });
    while (watched.folderEvents.length < 3) await pause(20);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'a.png'), 'new');
    expect(await watched.seen(3)).toEqual(['a.png', 'b.png', 'a.png']);
  });

  it('needs a folder to begin with', async () => {
    const folder = path.join(folderWith({}), 'none');
    const options = {
      recursive: false,
      newOnly: false,
      settleMs: 10,
      signal: new AbortController().signal,
    };
    await expect(watch(folder, options).next()).rejects.toMatchObject({
      code: 'ERR_IMAGE_NOT_FOUND',
      message: expect.stringContaining('does not exist'),
    });
  });
});
