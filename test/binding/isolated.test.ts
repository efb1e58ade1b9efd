/** An engine in a process of its own: the same answers and errors, and what becomes of calls when that process ends. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
// The child is a compiled program.
import { type Note, PaliGemma, type PaliGemmaError } from '../../lib/index.js';
import { engineProcesses } from '../support/engines.js';
import { DEMO_MODEL, endlessModel, imagePath, LONG, ROOT } from '../support/models.js';
import { FROZEN_THREADS, needsTool } from '../support/needs.js';

const SCENE = imagePath('scene1.png');
/** For tests that start freeze.py. */
const FREEZING = { ...FROZEN_THREADS, ...needsTool('python3') };
const PROGRAMS = path.join(ROOT, 'test', 'support', 'programs');
let endless: string;
/** Longer than a child takes to be ready here: 0.3 s on a desktop, seconds in an emulator. */
let startMs: number;
beforeAll(async () => {
  // A random model never stops by itself.
  endless = await endlessModel();
  const begin = performance.now();
  const model = await PaliGemma.load(endless, { isolate: 'process', onNote: () => {} });
  startMs = Math.ceil(Math.max(1500, 5 * (performance.now() - begin)));
  await model.dispose();
});

async function isolated(
  file: string,
  options: Parameters<typeof PaliGemma.load>[1] = {},
): Promise<PaliGemma> {
  const model = await PaliGemma.load(file, { isolate: 'process', onNote: () => {}, ...options });
  onTestFinished(() => model.dispose());
  return model;
}

function childOf(model: PaliGemma): number {
  const [pid] = model.health.pids;
  if (pid === undefined) throw new Error('there is no child process');
  return pid;
}

/** What a call rejects with. */
function errorOf(call: PromiseLike<unknown>): Promise<PaliGemmaError> {
  return Promise.resolve(call).then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error as PaliGemmaError,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    // Ended, but not yet taken note of by the process that inherited it.
    return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
  } catch {
    return false;
  }
}

const isGone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), 2000);

/** Starts a long call and waits until the engine computes it. `error`: what it will reject with. */
async function begin(model: PaliGemma, prompt = ''): Promise<{ error: Promise<PaliGemmaError> }> {
  const stream = model.stream(SCENE, prompt, LONG);
  await stream.next();
  return { error: errorOf(stream.result) };
}

/** Stops the main thread of a process, or the one that computes. Returns the program that holds them. */
async function freeze(pid: number, thread: 'main' | 'busiest'): Promise<void> {
  const script = path.join(ROOT, 'test', 'support', 'freeze.py');
  const holder = spawn('python3', [script, String(pid), thread], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const ended = once(holder, 'close').then(() => ['it ended']);
  const [text] = await Promise.race([once(holder.stdout, 'data'), ended]);
  expect(String(text)).toContain('frozen');
}

describe('the same as in this process', () => {
  let here: PaliGemma;
  let there: PaliGemma;
  beforeAll(async () => {
    const options = { onNote: () => {} };
    here = await PaliGemma.load(DEMO_MODEL, options);
    there = await PaliGemma.load(DEMO_MODEL, { ...options, isolate: 'process' });
  });
  afterAll(() => Promise.all([here.dispose(), there.dispose()]));

  /** Without what differs from run to run. */
  const plain = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (key, part) => (key === 'timings' ? undefined : part)));

  const CALLS: Readonly<Record<string, (model: PaliGemma) => PromiseLike<unknown>>> = {
    predict: (model) => model.predict(SCENE, 'caption en', { topLogprobs: 2 }),
    'predict with a seed': (model) =>
      model.predict(SCENE, 'caption en', { temperature: 2, seed: 5 }),
    score: (model) => model.score(SCENE, 'answer en is this a cat?', ['yes', 'no']),
    encode: (model) => model.encode(SCENE),
    prepare: (model) => model.prepare(SCENE),
    'a prepared picture': async (model) => model.caption(await model.prepare(SCENE)),
    tokenize: async (model) => model.tokenize('a red square, <loc0001> and é'),
    detokenize: async (model) => model.detokenize(model.tokenize('a red square')),
    segment: (model) => model.segment(SCENE, ['black circle', 'black triangle']),
    'detect, robust': (model) => model.detect(SCENE, 'black circle', { robust: true }),
    classify: (model) => model.classify(SCENE, ['a circle', 'a square']),
    masks: async (model) => {
      const codes = Array.from({ length: 32 }, (_, i) => (i * 7) % 128);
      const masks = await model.decodeMasks(codes);
      return [masks.length, [...(await model.encodeMasks(masks.map((v) => (v + 1) / 2)))]];
    },
    'a sharp pipeline': (model) => model.caption(sharp(SCENE).flop()),
    'pixels of 50 MB': (model) => {
      const side = 4100;
      const data = new Uint8Array(side * side * 3).fill(77);
      return model.caption({ data, width: side, height: side, channels: 3 });
    },
    'no picture': (model) => model.caption(path.join(ROOT, 'package.json')),
    'no file': (model) => model.caption('nowhere.png'),
    'a damaged picture': async (model) =>
      model.caption((await sharp(SCENE).png().toBuffer()).subarray(0, 900)),
    'too many pixels': (model) => model.caption(SCENE, { maxPixels: 100 }),
    'a wrong option': (model) => model.caption(SCENE, { maxTokens: -1 }),
    'a picture of another model': async (model) => {
      const other = await sharp(SCENE).resize(56, 56).raw().toBuffer();
      return model.caption(Object.assign(await model.prepare(SCENE), { pixels: other }));
    },
    'too long a prompt': (model) => model.predict(SCENE, 'word '.repeat(9000)),
    'a wrong code': (model) => model.decodeMasks([1, 2, 3]),
    'a wrong mask': (model) => model.encodeMasks(new Float32Array(4096).fill(Number.NaN)),
  };
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const outcome = (model: PaliGemma): Promise<unknown> =>
      Promise.resolve(CALLS[name]?.(model)).then(
        (value) => ({ value: plain(value) }),
        // Every fact of an error, its message and its class.
        (error: PaliGemmaError) => ({
          error: plain({ ...error, message: error.message, name: error.name }),
          forUsers: error.messageFor('cli'),
        }),
      );
    expect(await outcome(there)).toEqual(await outcome(here));
  });

  test('streams come piece by piece and end the work when they are left', async () => {
    const pieces: string[] = [];
    for await (const { text } of there.stream(SCENE, 'caption en')) {
      pieces.push(text);
      if (pieces.length === 3) break;
    }
    const whole = (await here.predict(SCENE, 'caption en')).text;
    expect(whole.startsWith(pieces.join(''))).toBe(true);
    for await (const found of there.detect(SCENE, 'black circle')) {
      expect(found.label).toBe('black circle');
    }
  });

  test('stacks begin at the line of the caller', async () => {
    const error = await errorOf(there.caption(path.join(ROOT, 'package.json')));
    expect(error.stack?.split('\n')[1]).toContain('isolated.test.ts');
  });
});

test('an abort ends a call that computes, and one that waits', async () => {
  const model = await isolated(endless, { slots: 1 });
  const aborts = Array.from({ length: 8 }, () => new AbortController());
  const calls = aborts.map(({ signal }) => model.predict(SCENE, '', { ...LONG, signal }));
  for (const [i, abort] of aborts.entries()) setTimeout(() => abort.abort(new Error(`no ${i}`)), 5);
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map((o) => o.status === 'rejected' && String(o.reason))).toEqual(
    aborts.map((_, i) => `Error: no ${i}`),
  );
  expect((await model.predict(SCENE, '', { maxTokens: 2 })).tokens).toHaveLength(2);
});

test('one more call than maxQueue is refused', async () => {
  const model = await isolated(endless, { maxQueue: 2 });
  const calls = [1, 2].map(() => errorOf(model.predict(SCENE, '', LONG)));
  expect(await errorOf(model.predict(SCENE, ''))).toMatchObject({ code: 'ERR_QUEUE_FULL' });
  await model.dispose();
  for (const call of calls) expect(await call).toMatchObject({ code: 'ERR_DISPOSED' });
});

test('a file over 16 MiB is refused, and says so', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-large-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'large.bmp');
  const side = 2400;
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(side, 18);
  header.writeInt32LE(side, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  writeFileSync(file, Buffer.concat([header, Buffer.alloc(side * side * 3)]));
  const model = await isolated(DEMO_MODEL);
  expect(await errorOf(model.caption(file))).toMatchObject({
    code: 'ERR_IMAGE_TOO_LARGE',
    found: `${54 + side * side * 3} bytes`,
  });
});

describe('a child that ends', () => {
  // Windows knows no others, and no signal afterwards.
  const endings: readonly (readonly [NodeJS.Signals, string])[] =
    process.platform === 'win32'
      ? [['SIGKILL', 'exit code 1']]
      : (['SIGKILL', 'SIGSEGV', 'SIGABRT'] as const).map((signal) => [signal, signal]);
  test.each(endings)(
    'by %s: its call gets an error, those that wait an answer',
    async (signal, words) => {
      const model = await isolated(endless, { slots: 1 });
      const before = childOf(model);
      const running = await begin(model);
      // Two of them at most are sent beside the one that has the slot; the rest waits.
      const others = Array.from({ length: 6 }, (_, i) =>
        model.predict(SCENE, `wait ${i}`, { maxTokens: 2 }),
      );
      process.kill(before, signal);
      const error = await running.error;
      expect(error).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable: true });
      expect(error.message).toContain(words);
      const outcomes = (await Promise.allSettled(others)).map(({ status }) => status);
      expect(outcomes.slice(2)).toEqual(Array(4).fill('fulfilled'));
      expect(model.health).toMatchObject({ state: 'ready', crashes: 1 });
      expect(childOf(model)).not.toBe(before);
    },
  );

  test('whose event loop hangs is killed and replaced', FREEZING, async () => {
    const model = await isolated(endless, { hangMs: startMs });
    await freeze(childOf(model), 'main');
    const error = await errorOf(model.predict(SCENE, 'hang', { maxTokens: 2 }));
    expect(error).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable: true });
    expect(error.message).toContain('its event loop gave no sign of life');
    expect((await model.predict(SCENE, 'next', { maxTokens: 2 })).tokens).toHaveLength(2);
  });

  test(
    'whose computation hangs is killed and replaced, although its event loop answers',
    FREEZING,
    async () => {
      const model = await isolated(DEMO_MODEL, { hangMs: startMs, threads: 1, featureCacheMb: 0 });
      // Nothing is left to decode, so no other thread computes.
      const picture = await model.prepare(SCENE);
      // Until the hang, whenever that is; nearly all of it is matmuls.
      const candidates = Array.from({ length: 200 }, (_, i) => `an orange triangle and ${i}`);
      const failures: PaliGemmaError[] = [];
      let asked = 0;
      const scoreUntilHang = async (): Promise<void> => {
        while (failures.length === 0) {
          const call = model.score(picture, `caption ${asked++}`, candidates);
          await call.catch((error) => failures.push(error));
        }
      };
      const ended = Promise.all([scoreUntilHang(), scoreUntilHang(), scoreUntilHang()]);
      await freeze(childOf(model), 'busiest');
      await ended;
      for (const error of failures) {
        expect(error).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable: true });
        expect(error.message).toContain('it made no progress');
      }
      expect((await model.predict(SCENE, 'next', { maxTokens: 2 })).tokens).toHaveLength(2);
    },
  );

  test('twice during the same call: that call is refused, others are not', async () => {
    const model = await isolated(endless);
    for (const retryable of [true, false]) {
      const running = await begin(model, 'poison');
      process.kill(childOf(model), 'SIGKILL');
      expect(await running.error).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable });
    }
    const third = await errorOf(model.predict(SCENE, 'poison', LONG));
    expect(third).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable: false });
    expect(third.message).toContain('refused');
    expect((await model.predict(SCENE, 'other', { maxTokens: 2 })).tokens).toHaveLength(2);
    expect(model.health.crashes).toBe(2);
  });

  test('five times within a minute: calls are refused until it is started again', async () => {
    const notes: string[] = [];
    const onNote = ({ code, message }: Note) => notes.push(`${code} ${message}`);
    const model = await isolated(endless, { onNote });
    let reading: Promise<PaliGemmaError> | undefined;
    for (let i = 0; i < 5; i++) {
      const running = await begin(model, `call ${i}`);
      // Its picture is still to come when the engine ends.
      if (i === 4) reading = errorOf(model.predict(sharp(), 'later', { maxTokens: 2 }));
      process.kill(childOf(model), 'SIGKILL');
      expect(await running.error).toMatchObject({ code: 'ERR_ENGINE_CRASHED' });
    }
    expect(await reading).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable: true });
    const error = await errorOf(model.predict(SCENE, 'one more', { maxTokens: 2 }));
    expect(error).toMatchObject({ code: 'ERR_ENGINE_CRASHED', retryable: true });
    expect(error.message).toContain('crashed 5 times within a minute');
    expect(model.health).toMatchObject({ state: 'unavailable', crashes: 5, pids: [] });
    const crash = expect.stringMatching(/^PALIGEMMA_ENGINE_CRASHED an engine crashed: it /);
    const restart = 'PALIGEMMA_ENGINE_RESTARTED an engine was started again after a crash';
    const stop = expect.stringMatching(
      /^PALIGEMMA_ENGINE_STOPPED .*crashed 5 times within a minute/,
    );
    const each = Array.from({ length: 4 }, () => [crash, restart]).flat();
    const ofEngine = notes.filter((note) => note.startsWith('PALIGEMMA_ENGINE_'));
    expect(ofEngine).toEqual([...each, crash, stop]);
  });

  test('a note on it that throws is a warning', async () => {
    const warned: Error[] = [];
    const onWarning = (warning: Error) => warned.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const model = await isolated(DEMO_MODEL, {
      onNote: () => {
        throw new Error('of the caller');
      },
    });
    process.kill(childOf(model), 'SIGKILL');
    await vi.waitFor(() => {
      expect(warned.map(({ message }) => message)).toContainEqual(
        expect.stringMatching(/^an engine crashed: it /),
      );
    }, 10_000);
    expect((await model.predict(SCENE, 'caption en', { maxTokens: 2 })).tokens).toHaveLength(2);
  });

  test('with a spare: it takes over at once', async () => {
    const model = await isolated(endless, { engines: 2 });
    await vi.waitFor(() => expect(model.health.pids).toHaveLength(2), 10 * startMs);
    const [, spare] = model.health.pids;
    // Loaded, not only started: a call of the first one ends after it.
    await vi.waitFor(() => expect(isAlive(spare as number)).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, startMs));
    const running = await begin(model);
    process.kill(childOf(model), 'SIGKILL');
    await running.error;
    expect(model.health).toMatchObject({ state: 'ready' });
    expect(childOf(model)).toBe(spare);
    expect((await model.predict(SCENE, 'next', { maxTokens: 2 })).tokens).toHaveLength(2);
  });
});

test('where no process may be started, loading says so', () => {
  const isOld = Number(process.versions.node.split('.')[0]) < 23;
  const permission = isOld ? '--experimental-permission' : '--permission';
  const code = `
    const { PaliGemma } = require(${JSON.stringify(path.join(ROOT, 'lib'))});
    PaliGemma.load(${JSON.stringify(DEMO_MODEL)}, { isolate: 'process' })
      .catch(({ code, message }) => console.log(code, message));`;
  const rights = [permission, '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*'];
  const { stdout } = spawnSync(process.execPath, [...rights, '-e', code], { encoding: 'utf8' });
  expect(stdout).toMatch(/^ERR_ENGINE_CRASHED the engine did not start: it cannot be started: /);
});

describe('nothing is left behind', () => {
  test('after dispose', async () => {
    const model = await isolated(DEMO_MODEL, { engines: 2 });
    const { pids } = model.health;
    expect(pids).toHaveLength(2);
    await model.dispose();
    for (const pid of pids) expect(isAlive(pid)).toBe(false);
    expect(model.health).toMatchObject({ state: 'disposed', pids: [] });
    expect(model.info.imageSize).toBe(224);
    expect(await errorOf(model.caption(SCENE))).toMatchObject({ code: 'ERR_DISPOSED' });
  });

  test('after a load that fails, or is aborted', needsTool('ps'), async () => {
    const broken = path.join(ROOT, 'package.json');
    expect(await errorOf(isolated(broken))).toMatchObject({ code: 'ERR_MODEL_FORMAT' });
    const reason = new Error('enough');
    const abort = new AbortController();
    const loading = isolated(DEMO_MODEL, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    await expect(loading).rejects.toBe(reason);
    await vi.waitFor(() => expect(engineProcesses()).toEqual([]), 2000);
  });

  test(
    'when the parent is killed, while the child computes and while its event loop is blocked',
    FREEZING,
    async () => {
      for (const blocked of [false, true]) {
        const parent = spawn(
          process.execPath,
          [path.join(PROGRAMS, 'isolated-parent.mjs'), endless, SCENE],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        onTestFinished(() => void parent.kill('SIGKILL'));
        const [line] = await once(parent.stdout, 'data');
        const child = Number(String(line));
        expect(isAlive(child)).toBe(true);
        if (blocked) await freeze(child, 'main');
        parent.kill('SIGKILL');
        await isGone(child);
      }
    },
  );

  test('when the worker thread that loaded it is terminated', async () => {
    const code = `
      const { parentPort } = require('node:worker_threads');
      const { PaliGemma } = require(${JSON.stringify(path.join(ROOT, 'lib'))});
      PaliGemma.load(${JSON.stringify(DEMO_MODEL)}, { isolate: 'process' })
        .then((model) => { parentPort.postMessage(model.health.pids[0]); setInterval(() => {}, 1000); });`;
    const worker = new Worker(code, { eval: true });
    const [child] = (await once(worker, 'message')) as [number];
    expect(isAlive(child)).toBe(true);
    await worker.terminate();
    await isGone(child);
  });

  test('when the program ends by itself, which an idle model does not keep', async () => {
    const code = `
      const { PaliGemma } = require(${JSON.stringify(path.join(ROOT, 'lib'))});
      PaliGemma.load(${JSON.stringify(DEMO_MODEL)}, { isolate: 'process' })
        .then(async (model) => {
          const { text } = await model.caption(${JSON.stringify(SCENE)});
          console.log(JSON.stringify([model.health.pids[0], text]));
        });`;
    const program = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    program.stdout.on('data', (data: Buffer) => output.push(data));
    const [exit] = await once(program, 'close');
    expect(exit).toBe(0);
    const [child, text] = JSON.parse(Buffer.concat(output).toString()) as [number, string];
    expect(text).toMatch(/^a black circle/);
    await isGone(child);
  });
});
