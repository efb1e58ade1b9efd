/** TaskRun by itself: awaiting, looping, leaving, failing. With a model: test/binding/task-runs.test.ts. */
import { describe, expect, test } from 'vitest';
import { attempt, TaskRun } from '../../../src/tasks/task-run.js';
import { failOnUnhandled } from '../../support/unhandled.js';

const unhandled = failOnUnhandled();

/** Work that yields what it is given, step by step. */
class Work {
  emit: (part: number) => void = () => {};
  finish: (result: string) => void = () => {};
  fail: (error: unknown) => void = () => {};
  signal: AbortSignal | undefined;
  readonly run: TaskRun<string, number>;

  constructor(signal?: AbortSignal) {
    this.run = new TaskRun<string, number>(signal, (emit, own) => {
      this.emit = emit;
      this.signal = own;
      return new Promise<string>((resolve, reject) => {
        this.finish = resolve;
        this.fail = reject;
        own.addEventListener('abort', () => reject(own.reason));
        if (own.aborted) reject(own.reason);
      });
    });
  }
}

async function collect(run: AsyncIterable<number>): Promise<number[]> {
  const parts: number[] = [];
  for await (const part of run) parts.push(part);
  return parts;
}

describe('awaiting', () => {
  test('returns the result, as often as one likes, and so does .result', async () => {
    const work = new Work();
    work.finish('done');
    expect(await work.run).toBe('done');
    expect(await work.run).toBe('done');
    expect(await work.run.result).toBe('done');
    expect(await work.run.then((result) => `${result}!`)).toBe('done!');
    expect(await Promise.all([work.run, work.run])).toEqual(['done', 'done']);
  });

  test('then, catch and finally do what those of a promise do', async () => {
    const calls: string[] = [];
    const good = new Work();
    good.finish('done');
    expect(await good.run.catch(() => 'caught')).toBe('done');
    expect(await good.run.finally(() => void calls.push('finally'))).toBe('done');
    const bad = new Work();
    const error = new Error('broken');
    bad.fail(error);
    expect(await bad.run.catch((e) => ['caught', e])).toEqual(['caught', error]);
    expect(await bad.run.then(undefined, (e) => e)).toBe(error);
    await expect(bad.run.finally(() => void calls.push('finally'))).rejects.toBe(error);
    expect(calls).toEqual(['finally', 'finally']);
  });
});

describe('looping', () => {
  test('yields parts as they come, then ends, and the result is there', async () => {
    const work = new Work();
    const loop = work.run[Symbol.asyncIterator]();
    work.emit(1);
    expect(await loop.next()).toEqual({ done: false, value: 1 });
    const next = loop.next();
    work.emit(2);
    expect(await next).toEqual({ done: false, value: 2 });
    work.emit(3);
    work.finish('done');
    expect(await loop.next()).toEqual({ done: false, value: 3 });
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    expect(await work.run.result).toBe('done');
  });

  test('every loop gets all parts from the first one, during the work and after it', async () => {
    const work = new Work();
    const early = collect(work.run);
    work.emit(1);
    await Promise.resolve();
    const late = collect(work.run);
    work.emit(2);
    work.finish('done');
    expect(await Promise.all([early, late])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(await collect(work.run)).toEqual([1, 2]);
    expect(await work.run).toBe('done');
  });

  test('a loop over nothing ends with the result', async () => {
    const work = new Work();
    const loop = collect(work.run);
    work.finish('done');
    expect(await loop).toEqual([]);
  });

  test('leaving a loop aborts the work; the result and other loops reject', async () => {
    const work = new Work();
    const other = collect(work.run);
    work.emit(1);
    for await (const part of work.run) {
      expect(part).toBe(1);
      break;
    }
    expect(work.signal?.aborted).toBe(true);
    await expect(work.run.result).rejects.toMatchObject({ name: 'AbortError' });
    await expect(work.run).rejects.toMatchObject({ name: 'AbortError' });
    await expect(other).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('an exception in a loop aborts the work and is what comes out', async () => {
    const work = new Work();
    work.emit(1);
    const mine = new Error('mine');
    const loop = async (): Promise<void> => {
      for await (const _ of work.run) throw mine;
    };
    await expect(loop()).rejects.toBe(mine);
    expect(work.signal?.aborted).toBe(true);
  });

  test('leaving a loop over work that has ended takes nothing back', async () => {
    const work = new Work();
    work.emit(1);
    work.emit(2);
    work.finish('done');
    await work.run;
    for await (const _ of work.run) break;
    expect(await work.run).toBe('done');
    expect(await collect(work.run)).toEqual([1, 2]);
  });
});

describe('failing', () => {
  test('is reported to every loop after its parts, to await and to .result', async () => {
    const work = new Work();
    const error = new Error('broken');
    work.emit(1);
    const parts: number[] = [];
    const loop = async (): Promise<void> => {
      for await (const part of work.run) parts.push(part);
    };
    const looping = loop();
    work.fail(error);
    await expect(looping).rejects.toBe(error);
    expect(parts).toEqual([1]);
    await expect(loop()).rejects.toBe(error);
    await expect(work.run).rejects.toBe(error);
    await expect(work.run.result).rejects.toBe(error);
  });

  test('is not an unhandled rejection when no caller looks', async () => {
    new Work().fail(new Error('unseen'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(unhandled).toEqual([]);
  });
});

describe('a signal', () => {
  test('that is aborted before or during the work ends it with its reason', async () => {
    const before = new Work(AbortSignal.abort('before'));
    expect(before.signal?.aborted).toBe(true);
    await expect(before.run).rejects.toBe('before');

    const controller = new AbortController();
    const during = new Work(controller.signal);
    during.emit(1);
    const loop = collect(during.run);
    controller.abort('during');
    await expect(loop).rejects.toBe('during');
    await expect(during.run).rejects.toBe('during');
  });

  test('that is aborted afterwards changes nothing and is not listened to', async () => {
    const controller = new AbortController();
    const work = new Work(controller.signal);
    work.finish('done');
    await work.run;
    controller.abort('late');
    expect(work.signal?.aborted).toBe(false);
    expect(await work.run).toBe('done');
  });

  test('is not aborted by leaving a loop: it belongs to the caller', async () => {
    const controller = new AbortController();
    const work = new Work(controller.signal);
    work.emit(1);
    for await (const _ of work.run) break;
    await expect(work.run).rejects.toMatchObject({ name: 'AbortError' });
    expect(controller.signal.aborted).toBe(false);
  });
});

/** Is not running, so that there is no place of a call. */
const unused = (): void => {};

describe('attempt', () => {
  test('hands on the run, or a run that rejects with what was thrown', async () => {
    const work = new Work();
    expect(attempt(unused, () => work.run)).toBe(work.run);
    work.finish('done');
    const error = new TypeError('wrong use');
    const run = attempt(unused, (): TaskRun<string, number> => {
      throw error;
    });
    await expect(run).rejects.toBe(error);
    await expect(run.result).rejects.toBe(error);
    await expect(collect(run)).rejects.toBe(error);
  });
});
