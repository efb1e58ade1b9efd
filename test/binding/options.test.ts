/** Every option of a call arrives where it acts: each of these fails when its option is dropped on the way. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PaliGemma as Compiled } from '../../lib/index.js';
import {
  type EncodeOptions,
  type GenerateOptions,
  inspect,
  type LoadOptions,
  type LoadProgress,
  type ModelInfo,
  PaliGemma,
} from '../../src/index.js';
import { native } from '../../src/native/binding.js';
import type { KernelSet } from '../../src/options/closed-sets.js';
import { GENERATE_OPTIONS, parseGenerateOptions } from '../../src/options/generate.js';
import { ENCODE_OPTIONS } from '../../src/options/image.js';
import { LOAD_OPTIONS, parseLoadOptions } from '../../src/options/load.js';
import { nativeGenerateOptions, nativeLoadOptions } from '../../src/options/native.js';
import { Prompt } from '../../src/prompt.js';
import { FakeHub, type Seen } from '../support/fake-hub.js';
import { AVAILABLE_KERNEL_SETS, MISSING_KERNEL_SETS } from '../support/kernel-sets.js';
import { convertedModel, DEMO_MODEL, imagePath, TEST_MODELS } from '../support/models.js';

const SCENE = imagePath('scene1.png');
const ROTATED = imagePath('rotated.jpg');
const PAGES = imagePath('formats/pages.tif');
const CLEAR = imagePath('formats/rgba.png');
const REASON = new Error('not needed any more');

let file: string;
let model: PaliGemma;
beforeAll(async () => {
  file = await convertedModel('tiny-paligemma2', 'f32');
  model = await PaliGemma.load(file);
});
afterAll(() => model.dispose());

async function withModel<T>(
  options: LoadOptions,
  use: (model: PaliGemma) => T | Promise<T>,
  source = file,
): Promise<T> {
  await using own = await PaliGemma.load(source, options);
  return await use(own);
}
const infoOf = (options: LoadOptions): Promise<ModelInfo> => withModel(options, (m) => m.info);
const logprobsOf = async (m: PaliGemma): Promise<readonly number[]> =>
  (await m.predict(SCENE, 'ocr', { maxTokens: 6 })).logprobs;

/** The file with one weight that is NaN. */
async function damagedFile(): Promise<string> {
  const { tensors } = await inspect(file);
  // Stored last, so its elements are at the end of the file, before less than 32 bytes of padding.
  const last = tensors.at(-1);
  const bytes = readFileSync(file);
  bytes.writeFloatLE(Number.NaN, bytes.length - Math.ceil((last?.bytes ?? 0) / 32) * 32);
  const damaged = path.join(TEST_MODELS, 'one-nan.gguf');
  writeFileSync(damaged, bytes);
  return damaged;
}

/** Loading from a hub that says what it was asked. */
async function seenByHub(options: LoadOptions): Promise<readonly Seen[]> {
  const hub = await FakeHub.start();
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_HUB_CACHE', path.join(TEST_MODELS, 'empty-hub'));
  try {
    await expect(PaliGemma.load('hf:owner/repo', options)).rejects.toMatchObject({
      code: options.offline ? 'ERR_HUB_UNREACHABLE' : 'ERR_HUB_NOT_FOUND',
    });
    return hub.seen;
  } finally {
    vi.unstubAllEnvs();
    await hub.stop();
  }
}

const LOAD: Readonly<Record<keyof LoadOptions, () => Promise<void>>> = {
  device: () =>
    expect(infoOf({ device: 'toaster' })).rejects.toMatchObject({ code: 'ERR_DEVICE_UNAVAILABLE' }),
  threads: async () => expect((await infoOf({ threads: 3 })).threads).toBe(3),
  maxQueue: () =>
    withModel({ maxQueue: 2 }, async (m) => {
      const ask = () => m.predict(SCENE, 'ocr', { maxTokens: 2 });
      const first = [ask(), ask()];
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL', retryable: true });
      await expect(m.encode(SCENE)).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
      await expect(m.score(SCENE, 'ocr', ['a'])).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
      await Promise.all(first);
      await ask(); // there is room again
    }),
  encodeThreads: async () =>
    expect((await infoOf({ threads: 1, encodeThreads: 2 })).threads).toBe(2),
  prefillThreads: async () =>
    expect((await infoOf({ threads: 1, prefillThreads: 3 })).threads).toBe(3),
  decodeThreads: async () =>
    expect((await infoOf({ threads: 2, decodeThreads: 1 })).threads).toBe(2),
  // A child is a compiled program; test/binding/isolated.test.ts has what these do.
  isolate: async () => {
    const model = await Compiled.load(file, { isolate: 'process' });
    expect(model.health.pids).toHaveLength(1);
    await model.dispose();
  },
  engines: async () => {
    for (const [name, value] of Object.entries({ engines: 2, hangMs: 5000 })) {
      await expect(PaliGemma.load(file, { [name]: value })).rejects.toMatchObject({
        ...{ code: 'ERR_OPTION_RANGE', subject: name },
        message: expect.stringContaining(`option ${name} is ${value}, expected `),
      });
    }
    const model = await Compiled.load(file, { isolate: 'process', engines: 2 });
    expect(model.health.pids).toHaveLength(2);
    await model.dispose();
  },
  hangMs: () =>
    expect(PaliGemma.load(file, { hangMs: 999 })).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
    }),
  token: async () =>
    expect((await seenByHub({ token: 'hf_x' }))[0]?.authorization).toBe('Bearer hf_x'),
  offline: async () => expect(await seenByHub({ offline: true })).toEqual([]),
  slots: async () => expect((await infoOf({ slots: 3 })).slots).toBe(3),
  contextLength: async () => expect((await infoOf({ contextLength: 128 })).contextLength).toBe(128),
  kvType: async () => {
    const [narrow, wide] = [await infoOf({ kvType: 'f16' }), await infoOf({ kvType: 'f32' })];
    expect(wide.memory.kvCacheBytes).toBe(2 * narrow.memory.kvCacheBytes);
    // 32 numbers of 8 bits have a scale of 16 bits.
    const blocks = await infoOf({ kvType: 'q8_0' });
    expect(blocks.memory.kvCacheBytes).toBe((narrow.memory.kvCacheBytes * 34) / 64);
  },
  kernels: async () => {
    /** Our kernels that read weights, by their names. */
    const own = async (kernels: KernelSet): Promise<string[]> => {
      const info = await withModel({ kernels }, (m) => m.info, DEMO_MODEL);
      return Object.keys(info.kernels).filter((n) => !n.startsWith('CPU') && n !== 'AMX');
    };
    const found = new Map<KernelSet, string[]>();
    for (const set of AVAILABLE_KERNEL_SETS) found.set(set, await own(set));
    const { auto = [], ggml, ...sets } = Object.fromEntries(found);
    expect(ggml).toEqual([]);
    for (const [set, names] of Object.entries(sets)) {
      expect(names.filter((name) => !name.startsWith(set))).toEqual([]);
    }
    const { features } = await withModel({}, (m) => m.info, DEMO_MODEL);
    // The demo model is of q8_0: the best set that has a kernel for it comes first.
    const best = Object.values(sets).find((names) => names.length > 0) ?? [];
    expect(auto).toEqual(best);
    // What ggml was compiled for, this CPU has.
    for (const [feature, set] of Object.entries({ AVX512_VNNI: 'avx512', AVX2: 'avx2' }))
      if (features[feature] === '1') expect(sets).toHaveProperty(set);

    for (const kernels of MISSING_KERNEL_SETS) {
      await expect(withModel({ kernels }, (m) => m.info)).rejects.toMatchObject({
        code: 'ERR_OPTION_RANGE',
        message: expect.stringContaining(AVAILABLE_KERNEL_SETS.join(', ')),
      });
    }
    expect(MISSING_KERNEL_SETS).not.toEqual([]);
  },
  exactGelu: async () => {
    const exact = await withModel({ exactGelu: true }, logprobsOf);
    const table = await withModel({ exactGelu: false }, logprobsOf);
    expect(exact).not.toEqual(table);
    expect(exact[0]).toBeCloseTo(table[0] ?? Number.NaN, 1);
  },
  checkTensors: async () => {
    const damaged = await damagedFile();
    await expect(withModel({ checkTensors: true }, (m) => m.info, damaged)).rejects.toMatchObject({
      code: 'ERR_MODEL_CORRUPT',
    });
    expect(await withModel({}, (m) => m.info.architecture, damaged)).toBe('gemma2');
  },
  featureCacheMb: () =>
    withModel({ featureCacheMb: 0 }, async (m) => {
      await m.encode(SCENE);
      expect((await m.predict(SCENE, '', { maxTokens: 1 })).usage.cachedImages).toBe(0);
    }),
  attentionSoftcap: async () =>
    expect((await infoOf({ attentionSoftcap: 7 })).text['attentionSoftcap']).toBe(7),
  finalSoftcap: async () =>
    expect((await infoOf({ finalSoftcap: 7 })).text['finalSoftcap']).toBe(7),
  onProgress: async () => {
    const seen: LoadProgress[] = [];
    await infoOf({ onProgress: (progress) => void seen.push(progress) });
    expect(seen.at(-1)?.loaded).toBe(seen[0]?.total);
    expect(seen.map((p) => p.loaded)).toEqual(seen.map((p) => p.loaded).sort((a, b) => a - b));
  },
  onNote: async () => {
    const seen: string[] = [];
    await withModel({ onNote: ({ code }) => void seen.push(code) }, async (m) => {
      await m.predict(SCENE, 'Ocr', { maxTokens: 1 });
    });
    expect(seen).toEqual(['PALIGEMMA_PROMPT_UPPER_CASE']);
  },
  signal: () => expect(infoOf({ signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON),
};

const ask = (options: GenerateOptions, picture = SCENE) =>
  model.predict(picture, 'ocr', { maxTokens: 6, ...options });
const tokensOf = async (options: GenerateOptions) => (await ask(options)).tokens;

const GENERATE: Readonly<Record<keyof GenerateOptions, () => Promise<void>>> = {
  maxTokens: async () => expect(await tokensOf({ maxTokens: 3 })).toHaveLength(3),
  temperature: async () =>
    expect(await tokensOf({ temperature: 50, seed: 1 })).not.toEqual(await tokensOf({ seed: 1 })),
  topK: async () =>
    expect(await tokensOf({ temperature: 50, topK: 1 })).toEqual(await tokensOf({})),
  topP: async () =>
    expect(await tokensOf({ temperature: 50, topP: 1e-9 })).toEqual(await tokensOf({})),
  seed: async () => {
    const draw = (seed: number) => tokensOf({ temperature: 50, seed });
    expect(await draw(5)).toEqual(await draw(5));
    expect(await draw(5)).not.toEqual(await draw(6));
  },
  pattern: async () => expect((await ask({ pattern: '[a-c]{3}' })).text).toMatch(/^[a-c]{3}$/),
  locProbabilities: async () => {
    const stream = model.stream(SCENE, 'detect red circle', {
      pattern: '<loc>{4}',
      locProbabilities: true,
    });
    for await (const piece of stream) expect(piece.locProbabilities).toHaveLength(1024);
    expect((await stream.result).tokens).toHaveLength(4);
  },
  minPresence: async () => {
    await using demo = await PaliGemma.load(DEMO_MODEL);
    const say = async (minPresence: number) =>
      (await demo.predict(SCENE, 'detect star', { locProbabilities: true, minPresence })).text;
    expect(await say(0.001)).toMatch(/^(<loc\d{4}>){4} /);
    expect(await say(1)).toBe('');
  },
  stopAtRepetition: async () => {
    // Made to go on for ever, the model comes to say the same box again.
    const again = { pattern: '(<loc>{4};){200}', maxTokens: 400 };
    expect((await ask(again)).finishReason).toBe('length');
    const stopped = await ask({ ...again, stopAtRepetition: true });
    expect(stopped.finishReason).toBe('repetition');
    const [last, before] = stopped.text.split(';').slice(0, -1).reverse();
    expect(last).toBe(before);
  },
  topLogprobs: async () => {
    const { topLogprobs } = await ask({ topLogprobs: 4, maxTokens: 2 });
    expect(topLogprobs?.map((top) => top.length)).toEqual([4, 4]);
    expect(await ask({})).not.toHaveProperty('topLogprobs');
  },
  page: async () => {
    const [first, third] = [await ask({}, PAGES), await ask({ page: 2 }, PAGES)];
    expect(first.logprobs).not.toEqual(third.logprobs);
    await expect(ask({ page: 4 }, PAGES)).rejects.toMatchObject({ code: 'ERR_IMAGE_PAGE' });
  },
  background: async () => {
    const [dropped, white] = [await ask({}, CLEAR), await ask({ background: '#fff' }, CLEAR)];
    expect(dropped.logprobs).not.toEqual(white.logprobs);
  },
  upright: async () => {
    const [upright, lying] = [await ask({}, ROTATED), await ask({ upright: false }, ROTATED)];
    expect(upright.logprobs).not.toEqual(lying.logprobs);
  },
  maxPixels: () =>
    expect(ask({ maxPixels: 10 })).rejects.toMatchObject({ code: 'ERR_IMAGE_TOO_LARGE' }),
  signal: () => expect(ask({ signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON),
};

const ENCODE: Readonly<Record<keyof EncodeOptions, () => Promise<void>>> = {
  page: async () => {
    expect((await model.encode(PAGES)).image).toEqual({ width: 18, height: 12 });
    expect((await model.encode(PAGES, { page: 1 })).image).toEqual({ width: 10, height: 8 });
  },
  background: async () => {
    const { data: dropped } = await model.encode(CLEAR);
    const { data: white } = await model.encode(CLEAR, { background: '#ffffff' });
    expect(white).not.toEqual(dropped);
  },
  upright: async () => {
    const { image: upright } = await model.encode(ROTATED);
    const { image: lying } = await model.encode(ROTATED, { upright: false });
    expect(upright).toEqual({ width: lying.height, height: lying.width });
    expect(upright).not.toEqual(lying);
  },
  maxPixels: () =>
    expect(model.encode(SCENE, { maxPixels: 10 })).rejects.toMatchObject({
      code: 'ERR_IMAGE_TOO_LARGE',
    }),
  signal: () =>
    expect(model.encode(SCENE, { signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON),
};

describe.each([
  ['load', LOAD],
  ['predict', GENERATE],
  ['encode', ENCODE],
])('%s', (_, checks) => {
  test.each(Object.entries<() => Promise<void>>(checks))('%s', async (_option, check) => {
    expect.hasAssertions();
    await check();
  });
});

describe('speculative labels of a prompt', () => {
  test('do not change the answer', async () => {
    await using demo = await PaliGemma.load(DEMO_MODEL);
    const text = 'detect white circle ; orange triangle ; yellow square';
    // ggml's matmul rounds by how many rows there are, which a draw at random may notice.
    const isOurs = Object.keys(demo.info.kernels).some((name) => !name.startsWith('CPU'));
    const drawn = isOurs ? [{ temperature: 0.8, seed: 3 }] : [];
    for (const image of [imagePath('scene1.png'), imagePath('scene2.png')]) {
      for (const more of [{}, ...drawn, { maxTokens: 6 }]) {
        const { tokens, logprobs } = await demo.predict(image, text, more);
        // Right, in another order, one of them, wrong, and longer than can be worked out at once.
        for (const labels of [
          ['white circle', 'orange triangle', 'yellow square'],
          ['yellow square', 'white circle'],
          ['square'],
          ['cat'],
          ['white circle and a very long label of more tokens than fit'],
        ]) {
          const prompt = new Prompt(text).drafting({ labels, after: 4 });
          const drafted = await demo.predict(image, prompt, more);
          expect(drafted.tokens).toEqual(tokens);
          drafted.logprobs.forEach((value, i) => {
            expect(value).toBeCloseTo(logprobs[i] ?? Number.NaN, isOurs ? 3 : 1);
          });
        }
      }
    }
  });

  test('wait for as many loc and seg tokens as they say', async () => {
    const prompt = new Prompt('ocr').drafting({ labels: ['white circle'], after: 20 });
    const { tokens } = await model.predict(SCENE, prompt, { maxTokens: 6 });
    expect(tokens).toEqual(await tokensOf({}));
  });
});

describe('the addon reads every option that crosses', () => {
  /** The names that the addon asks `params` for, those of objects inside as well. */
  function namesRead(params: object, start: (watched: never) => void): string[] {
    const names = new Set<string>();
    const watch = (object: object): object =>
      new Proxy(object, {
        get: (target, name, receiver) => {
          names.add(String(name));
          const value: unknown = Reflect.get(target, name, receiver);
          return value?.constructor === Object ? watch(value as object) : value;
        },
      });
    start(watch(params) as never);
    return [...names];
  }
  const addon = () => new (native().Model)(() => {});

  test('of load', () => {
    const crossing = nativeLoadOptions(parseLoadOptions());
    const read = namesRead({ paths: [], ...crossing }, (p) => addon().load(1, p));
    expect(read).toEqual(expect.arrayContaining(Object.keys(crossing)));
    // Those that cross in another form, and those that this side uses.
    const changed = ['encodeThreads', 'prefillThreads', 'decodeThreads', 'featureCacheMb'];
    const here = [
      'maxQueue',
      'isolate',
      'engines',
      'hangMs',
      'token',
      'offline',
      'onProgress',
      'onNote',
      'signal',
    ];
    expect([...read, ...changed, ...here]).toEqual(
      expect.arrayContaining(Object.keys(LOAD_OPTIONS)),
    );
  });

  test('of predict', () => {
    const crossing = nativeGenerateOptions(parseGenerateOptions());
    const params = { images: [], prompt: '', drafts: [], draftAfter: 1, ...crossing };
    const read = namesRead(params, (p) => {
      try {
        addon().generate(1, p);
      } catch (error) {
        // Everything is read before the model is asked for.
        expect(error).toMatchObject({ message: expect.stringContaining('no model is loaded') });
      }
    });
    expect(read).toEqual(expect.arrayContaining(Object.keys(crossing)));
    expect([...read, ...Object.keys(ENCODE_OPTIONS)]).toEqual(
      expect.arrayContaining(Object.keys(GENERATE_OPTIONS)),
    );
  });
});

describe('what is no option', () => {
  test.each<[unknown, string]>([
    [null, 'model is null, expected the path of a GGUF file'],
    [7, 'model is 7, expected the path of a GGUF file (of a model in two files: { text, mmproj })'],
    ['', 'model is "", expected the path of a GGUF file'],
    [['a', 'b'], 'model is an array of 2, expected the path'],
    [
      new URL('https://example.org/?key=secret'),
      'model is a https: URL (The URL must be of scheme',
    ],
    [{ text: 'a.gguf' }, 'model.mmproj is undefined, expected the path of the GGUF file of the'],
    [{ text: 3, mmproj: 'b' }, 'model.text is 3, expected the path of the GGUF file of the'],
  ])('%o in place of a model is named', async (source, message) => {
    const error = await PaliGemma.load(source as never).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'InputError', code: 'ERR_OPTION_TYPE' });
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('secret');
  });

  test.each([[undefined], [null], [5], [{}]])('%o in place of token ids is named', (ids) => {
    expect(() => model.detokenize(ids as never)).toThrowError(
      expect.objectContaining({ code: 'ERR_OPTION_TYPE', subject: 'ids' }),
    );
  });

  test('a hole in a list of pictures is named like any other value', async () => {
    const pictures: string[] = [];
    pictures[1] = SCENE;
    await expect(model.predict(pictures, '')).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
      message: expect.stringMatching(/^the image is undefined, expected a path/),
    });
  });
});
