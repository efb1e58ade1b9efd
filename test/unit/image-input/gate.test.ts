/** The limit on simultaneous decodes: order, room after failures, leaving on abort. */
import { getEventListeners } from 'node:events';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src/image-input/gate.js';
import { decodeImage } from '../../../src/image-input/prepare.js';
import { fixture, OPTIONS } from './files.js';

/** Work that ends on demand. */
function job() {
  const events = { started: false, finish: (_value: number) => {}, fail: (_error: unknown) => {} };
  const work = (): Promise<number> => {
    events.started = true;
    return new Promise((resolve, reject) => {
      events.finish = resolve;
      events.fail = reject;
    });
  };
  return { events, work };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Gate', () => {
  it('runs so many at once and the rest in order of arrival', async () => {
    const gate = new Gate(2);
    const jobs = Array.from({ length: 5 }, job);
    const results = jobs.map((j) => gate.run(j.work, undefined));
    const started = () => jobs.map((j) => j.events.started);
    expect(started()).toEqual([true, true, false, false, false]);
    jobs[1]?.events.finish(1);
    expect(await results[1]).toBe(1);
    await settled();
    expect(started()).toEqual([true, true, true, false, false]);
    jobs[0]?.events.fail(new Error('zero'));
    await expect(results[0]).rejects.toThrow('zero');
    await settled();
    expect(started()).toEqual([true, true, true, true, false]);
    for (const i of [2, 3, 4]) {
      jobs[i]?.events.finish(i);
      expect(await results[i]).toBe(i);
      await settled();
    }
  });

  it('keeps its room when work throws at once', async () => {
    const gate = new Gate(1);
    const thrown = gate.run(() => {
      throw new Error('at once');
    }, undefined);
    await expect(thrown).rejects.toThrow('at once');
    await expect(gate.run(async () => 5, undefined)).resolves.toBe(5);
  });

  it('drops waiting work on abort, and never starts work that is aborted already', async () => {
    const gate = new Gate(1);
    const [first, second, third] = [job(), job(), job()];
    const controller = new AbortController();
    const running = gate.run(first.work, undefined);
    const waiting = gate.run(second.work, controller.signal);
    const last = gate.run(third.work, undefined);
    controller.abort('gone');
    await expect(waiting).rejects.toBe('gone');
    await expect(gate.run(second.work, controller.signal)).rejects.toBe('gone');
    first.events.finish(1);
    await running;
    await settled();
    expect([second.events.started, third.events.started]).toEqual([false, true]);
    third.events.finish(3);
    expect(await last).toBe(3);
  });

  it('rejects running work on abort but keeps its place until it has ended', async () => {
    const gate = new Gate(1);
    const [first, second] = [job(), job()];
    const controller = new AbortController();
    const running = gate.run(first.work, controller.signal);
    const waiting = gate.run(second.work, undefined);
    controller.abort('gone');
    await expect(running).rejects.toBe('gone');
    await settled();
    expect(second.events.started).toBe(false);
    first.events.finish(1);
    await settled();
    expect(second.events.started).toBe(true);
    second.events.finish(2);
    await waiting;
  });

  it('leaves no listener on the signal', async () => {
    const gate = new Gate(1);
    const { signal } = new AbortController();
    await gate.run(async () => 1, signal);
    await gate.run(async () => Promise.reject(new Error('x')), signal).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('decodeImage', () => {
  it('rejects with the reason of its signal, before and during', async () => {
    const reason = { any: 'value' };
    const aborted = decodeImage(fixture('wide.jpg'), {
      ...OPTIONS,
      signal: AbortSignal.abort(reason),
    });
    await expect(aborted).rejects.toBe(reason);
    const controller = new AbortController();
    const pending = Array.from({ length: 8 }, () =>
      decodeImage(fixture('wide.jpg'), { ...OPTIONS, signal: controller.signal }),
    );
    controller.abort(reason);
    for (const one of pending) await expect(one).rejects.toBe(reason);
    expect((await decodeImage(fixture('wide.jpg'), OPTIONS)).width).toBe(641);
  });

  it('returns to many callers at once what each asked for', async () => {
    const names = ['wide.jpg', 'small.png', 'lossy.webp', 'dot.png'];
    const widths = [641, 37, 300, 1];
    const all = Array.from({ length: 40 }, (_, i) =>
      decodeImage(fixture(names[i % 4] ?? ''), OPTIONS),
    );
    expect((await Promise.all(all)).map((image) => image.width)).toEqual(
      Array.from({ length: 40 }, (_, i) => widths[i % 4]),
    );
  });
});

it("leaves sharp's settings, which belong to the process, alone", async () => {
  const settings = () => [sharp.concurrency(), sharp.cache().memory.max, sharp.simd()];
  const before = settings();
  await decodeImage(fixture('wide.jpg'), OPTIONS);
  expect(settings()).toEqual(before);
});
