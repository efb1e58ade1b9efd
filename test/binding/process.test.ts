/** The process around a model: exits, worker threads, memory, other work on the event loop. Each runs in a child. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { DEMO_MODEL, endlessModel, imagePath, ROOT } from '../support/models.js';

const run = promisify(execFile);
const SCENE = imagePath('scene1.png');
let endless: string;
beforeAll(async () => {
  // A random model never stops by itself.
  endless = await endlessModel();
});

interface Outcome {
  readonly code: number;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function program(
  name: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Outcome> {
  const file = path.join(ROOT, 'test', 'support', 'programs', `${name}.mjs`);
  try {
    const { stdout, stderr } = await run(process.execPath, [...flags, file, ...args], {
      timeout: 600_000,
    });
    return { code: 0, signal: undefined, stdout, stderr };
  } catch (error) {
    const e = error as { code: number; signal?: string; stdout: string; stderr: string };
    return { code: e.code, signal: e.signal, stdout: e.stdout, stderr: e.stderr };
  }
}

test.each([
  ['exit', { code: 7 }],
  ['throw', { code: 1, stderr: expect.stringContaining('Error: uncaught') }],
  ['signal', process.platform === 'win32' ? { code: 1, stderr: '' } : { signal: 'SIGTERM' }],
  ['finish', { code: 0, stdout: '', stderr: '' }],
  ['idle', { code: 0, stdout: '', stderr: '' }],
])('a process that ends by %s during a generation ends cleanly', async (way, expected) => {
  for (let i = 0; i < 5; i++) {
    expect(await program('exit', [endless, SCENE, way])).toMatchObject(expected);
  }
});

test('100 worker threads terminated in the middle do no harm', async () => {
  const outcome = await program('worker-cycles', [endless, SCENE, '100']);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(Number(outcome.stdout)).toBe(80);
}, 600_000);

test('worker threads have models of their own, at the same time', async () => {
  const { stdout, code } = await program('workers-at-once', [DEMO_MODEL, SCENE, '4']);
  expect(code).toBe(0);
  const texts = JSON.parse(stdout) as string[];
  expect(texts).toHaveLength(4);
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toMatch(/^a black circle/);
});

test('1,000 predictions, a third of them aborted, leave memory, handles and listeners as they were', async () => {
  const { stdout, code, stderr } = await program(
    'soak',
    [DEMO_MODEL, SCENE, '1000'],
    // V8 takes 25 MB more at some point of a run, for its young generation, unless that has a size.
    ['--expose-gc', '--max-semi-space-size=1'],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { outcomes, before, after, disposed } = JSON.parse(stdout);
  expect(outcomes.done + outcomes.aborted).toBe(1000);
  expect(outcomes.aborted).toBeGreaterThan(100);
  // 750 predictions between the two: a leak of one picture (150 KB) or one listener each would show.
  expect(after.rss - before.rss).toBeLessThan(15 * 2 ** 20);
  expect(after.heapUsed - before.heapUsed).toBeLessThan(2 * 2 ** 20);
  expect(after.external - before.external).toBeLessThan(2 ** 20);
  expect(after.handles).toBeLessThanOrEqual(before.handles);
  expect(before.exitListeners - disposed.exitListeners).toBe(1);
}, 600_000);

test('models that were forgotten without dispose are collected, and their calls are answered', async () => {
  const outcome = await program('forgotten-models', [DEMO_MODEL, SCENE, '30'], ['--expose-gc']);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const { before, after } = JSON.parse(outcome.stdout);
  // 30 models of 13 MB each.
  expect(after - before).toBeLessThan(150e6);
}, 120_000);

test('other work on the event loop and the threadpool goes on during a generation', async () => {
  const { stdout, code } = await program('event-loop', [endless, SCENE, '900']);
  expect(code).toBe(0);
  const { samples } = JSON.parse(stdout);
  // No times here, they belong into bench/: that stat was answered again and again is what a blocked pool would prevent.
  expect(samples).toBeGreaterThan(10);
});
