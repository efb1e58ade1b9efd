/** PredictionStream as an iterator: readers in any number and at any time, leaving, throwing, aborting, failing. */
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma, type Piece, type PredictionStream } from '../../src/index.js';
import { endlessModel, imagePath, LONG } from '../support/models.js';

const SCENE = imagePath('scene1.png');

let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(await endlessModel(), { slots: 2 });
});
afterAll(() => model.dispose());

async function piecesOf(stream: AsyncIterable<Piece>): Promise<number[]> {
  const tokens: number[] = [];
  for await (const { token } of stream) if (token >= 0) tokens.push(token);
  return tokens;
}

/** The next `count` pieces, which must be there. */
async function take(stream: PredictionStream, count: number): Promise<number[]> {
  const tokens: number[] = [];
  while (tokens.length < count) tokens.push((await stream.next()).value.token);
  return tokens;
}

const END = { done: true, value: undefined };

describe('reading', () => {
  test('many calls of next at once get the pieces in order, and the end when there are no more', async () => {
    const { tokens } = await model.predict(SCENE, '', { maxTokens: 6 });
    const stream = model.stream(SCENE, '', { maxTokens: 6 });
    const results = await Promise.all(Array.from({ length: 10 }, () => stream.next()));
    const given = results.flatMap((r) => (r.done === true ? [] : [r.value.token]));
    expect(given.filter((token) => token >= 0)).toEqual(tokens);
    expect(results.slice(given.length)).toEqual(Array(10 - given.length).fill(END));
    expect(given.length).toBeLessThan(10);
  });

  test('a second loop gets what the first has left, and after the end nothing', async () => {
    const { tokens } = await model.predict(SCENE, '', { maxTokens: 12 });
    const stream = model.stream(SCENE, '', { maxTokens: 12 });
    const first = await take(stream, 5);
    const second = await piecesOf(stream);
    expect([...first, ...second]).toEqual(tokens);
    expect(await piecesOf(stream)).toEqual([]);
    expect(await stream.next()).toEqual(END);
  });

  test('two loops at once share the pieces', async () => {
    const { tokens } = await model.predict(SCENE, '', { maxTokens: 20 });
    const stream = model.stream(SCENE, '', { maxTokens: 20 });
    const halves = await Promise.all([piecesOf(stream), piecesOf(stream)]);
    expect(halves.flat().sort()).toEqual([...tokens].sort());
    expect(halves.every((half) => half.length > 0)).toBe(true);
  });

  test('a slow reader holds nothing up and misses nothing', async () => {
    const stream = model.stream(SCENE, '', { maxTokens: 30 });
    const { tokens } = await stream.result;
    expect(await piecesOf(stream)).toEqual(tokens);
  });

  test('no reader is needed: the work is done, and a failure does no harm', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const cached = model.stream(imagePath('scene2.png'), '', { maxTokens: 2 });
    model.stream('/no/such/picture.png', '');
    await cached.result;
    await sleep(50);
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
    const again = await model.predict(imagePath('scene2.png'), '', { maxTokens: 1 });
    expect(again.usage.cachedImages).toBe(1);
  });
});

describe('leaving', () => {
  test('before the first piece was asked for cancels the work', async () => {
    const stream = model.stream(SCENE, '', LONG);
    expect(await stream.return()).toEqual(END);
    await expect(stream.result).rejects.toMatchObject({ name: 'AbortError' });
    expect(await stream.next()).toEqual(END);
    expect(await stream.return()).toEqual(END);
  });

  test('ends what still waits for a piece', async () => {
    const stream = model.stream(SCENE, '', LONG);
    const waiting = [stream.next(), stream.next()];
    expect(await stream.return()).toEqual(END);
    expect(await Promise.all(waiting)).toEqual([END, END]);
  });

  test('drops pieces that were not read, and a failure that was not reported', async () => {
    const done = model.stream(SCENE, '', { maxTokens: 4 });
    await done.result;
    await done.return();
    expect(await piecesOf(done)).toEqual([]);
    const failed = model.stream('/no/such/picture.png', '');
    await failed.result.catch(() => {});
    await failed.return();
    expect(await failed.next()).toEqual(END);
  });

  test('by an exception in the loop passes that exception on', async () => {
    const stream = model.stream(SCENE, '', LONG);
    const reason = new Error('in the loop');
    const loop = (async () => {
      for await (const _ of stream) throw reason;
    })();
    await expect(loop).rejects.toBe(reason);
    await expect(stream.result).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('by throw, as a delegating generator does, rejects with what was thrown', async () => {
    const stream = model.stream(SCENE, '', LONG);
    const generator = (async function* () {
      yield* stream;
    })();
    expect((await generator.next()).done).toBe(false);
    const reason = new Error('thrown in');
    await expect(generator.throw(reason)).rejects.toBe(reason);
    await expect(stream.result).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('aborting', () => {
  const reason = { any: 'value' };

  test('is reported at once to one reader, whatever was not read', async () => {
    const controller = new AbortController();
    const stream = model.stream(SCENE, '', { ...LONG, signal: controller.signal });
    await take(stream, 1);
    await sleep(30);
    controller.abort(reason);
    await expect(stream.result).rejects.toBe(reason);
    await expect(stream.next()).rejects.toBe(reason);
    expect(await stream.next()).toEqual(END);
  });

  test('reaches the first of those who wait and ends the others', async () => {
    const controller = new AbortController();
    const stream = model.stream(SCENE, '', { ...LONG, signal: controller.signal });
    const waiting = [stream.next(), stream.next()];
    controller.abort(reason);
    await expect(waiting[0]).rejects.toBe(reason);
    expect(await waiting[1]).toEqual(END);
  });

  test('before the call is the first thing a loop hears', async () => {
    const stream = model.stream(SCENE, '', { signal: AbortSignal.abort(reason) });
    await expect(piecesOf(stream)).rejects.toBe(reason);
    expect(await piecesOf(stream)).toEqual([]);
  });

  test('after the end changes nothing', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const stream = model.stream(SCENE, '', { maxTokens: 5, signal });
    const { tokens } = await stream.result;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    controller.abort(reason);
    expect(await piecesOf(stream)).toEqual(tokens);
  });

  test('one signal serves a hundred calls of many pictures without a warning', async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listener);
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 100 }, () =>
      model.predict(Array(12).fill(SCENE), '', { signal }),
    );
    await sleep(10);
    controller.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    await sleep(10);
    process.off('warning', listener);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('takes a signal that is not of Node', async () => {
    // What a polyfill or the AbortSignal of a simulated browser is: the methods without the class.
    const { signal } = new AbortController();
    const foreign = {
      aborted: false,
      reason: undefined as unknown,
      listeners: new Set<() => void>(),
      throwIfAborted: () => signal.throwIfAborted(),
      addEventListener: (_: string, listener: () => void) => void foreign.listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) =>
        void foreign.listeners.delete(listener),
    };
    const options = { ...LONG, signal: foreign as unknown as AbortSignal };
    const call = model.predict(SCENE, '', options);
    await sleep(10);
    foreign.aborted = true;
    foreign.reason = reason;
    for (const listener of foreign.listeners) listener();
    await expect(call).rejects.toBe(reason);
    expect(foreign.listeners.size).toBe(0);
  });
});

describe('a failure', () => {
  test('is reported once by the loop and always by the result', async () => {
    const stream = model.stream('/no/such/picture.png', '');
    await expect(piecesOf(stream)).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' });
    expect(await piecesOf(stream)).toEqual([]);
    await expect(stream.result).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' });
  });

  test('by dispose reaches the loop', async () => {
    const own = await PaliGemma.load(await endlessModel());
    const stream = own.stream(SCENE, '', LONG);
    await take(stream, 2);
    const [loop] = await Promise.allSettled([piecesOf(stream), own.dispose()]);
    expect(loop).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISPOSED' } });
  });
});
