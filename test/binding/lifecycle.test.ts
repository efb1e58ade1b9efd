/** What happens before, during and after the life of a model. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma } from '../../src/index.js';
import { DEMO_MODEL, endlessModel, imagePath, LONG } from '../support/models.js';

const SCENE = imagePath('scene1.png');

/** A picture whose bytes come on demand. */
function slowPicture() {
  let isRead = false;
  let arrive = (_bytes: Uint8Array): void => {};
  const bytes = new Promise<ArrayBuffer>((resolve) => {
    arrive = (given) => resolve(Uint8Array.from(given).buffer);
  });
  const input = {
    [Symbol.toStringTag]: 'Blob',
    size: 1000,
    arrayBuffer: () => {
      isRead = true;
      return bytes;
    },
  } as unknown as Blob;
  return { input, arrive, isRead: () => isRead };
}

describe('several callers at once', () => {
  let model: PaliGemma;
  beforeAll(async () => {
    model = await PaliGemma.load(DEMO_MODEL, { slots: 3 });
  });
  afterAll(() => model.dispose());

  test('get the answers they would get alone', async () => {
    const questions = [
      'caption en',
      'caption es',
      'answer en how many shapes are there?',
      'detect black circle',
      'ocr',
    ];
    const alone = [];
    for (const q of questions) alone.push(await model.predict(SCENE, q));
    const together = await Promise.all(questions.map((q) => model.predict(SCENE, q)));
    expect(together.map((a) => a.text)).toEqual(alone.map((a) => a.text));
    expect(together.map((a) => a.tokens)).toEqual(alone.map((a) => a.tokens));
  });

  test('take turns: a short request finishes while a long one runs', async () => {
    const endless = await PaliGemma.load(await endlessModel(), { slots: 2 });
    const controller = new AbortController();
    const long = endless.predict(SCENE, '', { ...LONG, signal: controller.signal });
    const outcome = long.then(
      () => 'finished',
      () => 'aborted',
    );
    await sleep(20);
    const { tokens } = await endless.predict(SCENE, '', { maxTokens: 3 });
    expect(tokens).toHaveLength(3);
    controller.abort();
    expect(await outcome).toBe('aborted');
    await endless.dispose();
  });

  test('more callers than slots all finish, in order of arrival', async () => {
    const endless = await PaliGemma.load(await endlessModel(), { slots: 1 });
    const order: number[] = [];
    const pictures = [0, 1, 2, 3, 4].map((i) => (i % 2 ? SCENE : imagePath('wide.jpg')));
    // While the first one runs, the others' pictures are decoded, in whatever order.
    const end = new AbortController();
    const first = endless.predict(SCENE, '', { ...LONG, signal: end.signal });
    const ended = expect(first).rejects.toThrow(/aborted/);
    await sleep(20);
    const others = pictures.map(async (picture, i) => {
      await endless.predict(picture, '', { maxTokens: 4 });
      order.push(i);
    });
    // These pictures are decoded after those: once they are answered, all the others wait.
    await Promise.all(pictures.map((picture) => model.predict(picture, 'ocr', { maxTokens: 1 })));
    end.abort();
    await Promise.all([ended, ...others]);
    await endless.dispose();
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('the feature cache', () => {
  test('serves further questions about one picture and forgets when it is full', async () => {
    const model = await PaliGemma.load(DEMO_MODEL, { featureCacheMb: 0.3 });
    const first = await model.predict(SCENE, 'caption en');
    const second = await model.predict(SCENE, 'caption es');
    expect([first.usage.cachedImages, second.usage.cachedImages]).toEqual([0, 1]);
    await model.predict(imagePath('scene0.png'), 'caption en');
    expect((await model.predict(SCENE, 'caption es')).usage.cachedImages).toBe(0);
    expect(model.info.memory.featureCacheBytes).toBeLessThanOrEqual(0.3 * 2 ** 20);
    await model.dispose();
  });

  test('can be turned off, with the same answers', async () => {
    const model = await PaliGemma.load(DEMO_MODEL, { featureCacheMb: 0 });
    const a = await model.predict(SCENE, 'caption en');
    const b = await model.predict(SCENE, 'caption en');
    expect(b.usage.cachedImages).toBe(0);
    expect(b.text).toBe(a.text);
    await model.dispose();
  });
});

describe('aborting', () => {
  let model: PaliGemma;
  beforeAll(async () => {
    model = await PaliGemma.load(await endlessModel(), { slots: 2 });
  });
  afterAll(() => model.dispose());

  test('rejects with the reason, before, while queued and while running', async () => {
    const reason = new Error('not needed any more');
    await expect(model.predict(SCENE, '', { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controllers = Array.from({ length: 6 }, () => new AbortController());
    const calls = controllers.map(({ signal }) => model.predict(SCENE, '', { ...LONG, signal }));
    await sleep(30);
    for (const c of controllers) c.abort(reason);
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((o) => o.status === 'rejected' && o.reason)).toEqual(
      calls.map(() => reason),
    );
  });

  test('frees the slot, and the next answer is what it would have been', async () => {
    const expected = await model.predict(SCENE, 'caption en', { maxTokens: 20 });
    for (let i = 0; i < 10; i++) {
      const controller = new AbortController();
      const call = model.predict(SCENE, '', { ...LONG, signal: controller.signal });
      await sleep(i * 3);
      controller.abort();
      await expect(call).rejects.toThrow('aborted');
    }
    const again = await model.predict(SCENE, 'caption en', { maxTokens: 20 });
    expect(again.tokens).toEqual(expected.tokens);
  });

  test('while a picture is decoded rejects at once, for predict and encode', async () => {
    const reason = new Error('not needed any more');
    const picture = slowPicture();
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      model.predict(picture.input, '', { signal }),
      model.encode(picture.input, { signal }),
    ];
    await sleep(10);
    expect(picture.isRead()).toBe(true);
    controller.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    picture.arrive(readFileSync(SCENE));
    expect((await model.predict(SCENE, '', { maxTokens: 1 })).tokens).toHaveLength(1);
  });

  test('follows from one picture that is at fault: those after it are not decoded', async () => {
    const pictures = [slowPicture(), slowPicture(), slowPicture()] as const;
    const [first, second, third] = pictures.map((picture) => picture.input) as [Blob, Blob, Blob];
    const call = model.predict([first, '/no/such/picture.png', second, third], '');
    await expect(call).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' });
    for (const picture of pictures) picture.arrive(readFileSync(SCENE));
    expect((await model.predict(SCENE, '', { maxTokens: 1 })).tokens).toHaveLength(1);
    expect([pictures[0].isRead(), pictures[2].isRead()]).toEqual([true, false]);
  });

  test('leaves no listener on the signal', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await model.predict(SCENE, '', { maxTokens: 2, signal });
    expect(listeners).toBe(0);
  });

  test('leaving a loop cancels the work', async () => {
    const stream = model.stream(SCENE, '', LONG);
    let pieces = 0;
    for await (const piece of stream) {
      expect(piece.token).toBeGreaterThanOrEqual(0);
      if (++pieces === 3) break;
    }
    await expect(stream.result).rejects.toThrow('the loop over the stream was left');
    const t = await model.predict(SCENE, '', { maxTokens: 2 });
    expect(t.usage.completionTokens).toBe(2);
  });
});

describe('streaming', () => {
  test('returns the pieces of the same text', async () => {
    const model = await PaliGemma.load(DEMO_MODEL);
    const whole = await model.predict(SCENE, 'caption es');
    const stream = model.stream(SCENE, 'caption es');
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    expect(pieces.map((p) => p.text).join('')).toBe(whole.text);
    expect(pieces.map((p) => p.token)).toEqual(whole.tokens);
    expect((await stream.result).text).toBe(whole.text);
    await model.dispose();
  });

  test('an answer can be awaited without reading the pieces', async () => {
    const model = await PaliGemma.load(DEMO_MODEL);
    expect((await model.stream(SCENE, 'caption en').result).text).not.toBe('');
    await model.dispose();
  });
});

describe('dispose', () => {
  test('rejects what runs, waits for it, and can be called again', async () => {
    const model = await PaliGemma.load(await endlessModel(), { slots: 2 });
    const calls = [1, 2, 3].map(() => model.predict(SCENE, '', LONG));
    const outcomes = Promise.allSettled(calls);
    await sleep(20);
    const first = model.dispose();
    expect(model.dispose()).toBe(first);
    await first;
    for (const o of await outcomes) {
      expect(o).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISPOSED' } });
    }
    await expect(model.predict(SCENE, 'ocr')).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    await expect(model.encode(SCENE)).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    expect(() => model.tokenize('x')).toThrowError(
      expect.objectContaining({ code: 'ERR_DISPOSED' }),
    );
    expect(model.info.architecture).toBe('gemma');
  });

  test('while pictures are decoded rejects at once and lets the others go', async () => {
    const model = await PaliGemma.load(DEMO_MODEL);
    const pictures = Array.from({ length: 4 }, slowPicture);
    const call = model.predict(
      pictures.map((picture) => picture.input),
      'ocr',
    );
    const encoding = model.encode(pictures[0]?.input as Blob);
    const outcomes = Promise.allSettled([call, encoding]);
    await model.dispose();
    for (const o of await outcomes) {
      expect(o).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISPOSED' } });
    }
    // Decoding goes on for other models of this process, without the pictures that waited.
    for (const picture of pictures) picture.arrive(readFileSync(SCENE));
    const other = await PaliGemma.load(DEMO_MODEL);
    expect((await other.predict(SCENE, 'ocr')).usage.imageTokens).toBe(64);
    expect(pictures.map((picture) => picture.isRead())).toEqual([true, true, false, false]);
    await other.dispose();
  });

  test('at random moments of a running request', async () => {
    for (let i = 0; i < 20; i++) {
      const model = await PaliGemma.load(await endlessModel());
      const call = model.predict(SCENE, '', LONG).catch((e: { code: string }) => e.code);
      await sleep(i * 2);
      await model.dispose();
      expect(await call).toBe('ERR_DISPOSED');
    }
  });

  test('aborting a load rejects with the reason and leaves nothing', async () => {
    const reason = new Error('changed my mind');
    const controller = new AbortController();
    const load = PaliGemma.load(DEMO_MODEL, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(load).rejects.toBe(reason);
    await expect(PaliGemma.load(DEMO_MODEL, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });

  test('a load aborted in the moment it ends rejects and keeps no model', async () => {
    const reason = new Error('changed my mind');
    const exitListeners = process.listenerCount('exit');
    const controller = new AbortController();
    const { signal } = controller;
    const remove = signal.removeEventListener.bind(signal);
    // Listening ends with the model's answer, before the caller can have it.
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      remove(...args);
      controller.abort(reason);
    };
    await expect(PaliGemma.load(DEMO_MODEL, { signal })).rejects.toBe(reason);
    expect(process.listenerCount('exit')).toBe(exitListeners);
  });

  test('one file can be loaded many times at once', async () => {
    const models = await Promise.all([1, 2, 3].map(() => PaliGemma.load(DEMO_MODEL)));
    const answers = await Promise.all(models.map((model) => model.predict(SCENE, 'caption en')));
    expect(answers[0]?.text).not.toBe('');
    expect(answers.map((a) => a.tokens)).toEqual(answers.map(() => answers[0]?.tokens));
    await models[0]?.dispose();
    const again = await models[1]?.predict(SCENE, 'caption en');
    expect(again?.tokens).toEqual(answers[0]?.tokens);
    await Promise.all(models.map((model) => model.dispose()));
  });

  test('a callback that throws fails its request', async () => {
    const reason = new Error('from onProgress');
    const load = PaliGemma.load(DEMO_MODEL, {
      onProgress: () => {
        throw reason;
      },
    });
    await expect(load).rejects.toBe(reason);
  });
});
