/** An engine in a process of its own that is killed while requests run: who gets an error, who an answer, what probes say. */
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
// The engine's process is a compiled program.
import { type LoadOptions, PaliGemma } from '../../../lib/index.js';
import { paligemma } from '../../../lib/server/index.js';
import { engineProcesses } from '../../support/engines.js';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL } from '../../support/models.js';
import { needsTool, STOPPED_PROCESSES } from '../../support/needs.js';
import { CAPTION, metric, SHAPES, startServer, type TestServer } from '../../support/server.js';
import { serve } from './command.js';

interface Isolated {
  readonly server: TestServer;
  readonly model: PaliGemma;
}

async function start(options: LoadOptions = {}): Promise<Isolated> {
  const model = await PaliGemma.load(DEMO_MODEL, {
    ...{ isolate: 'process', slots: 1, onNote: () => {}, ...options },
  });
  onTestFinished(() => model.dispose());
  return { model, server: await startServer({ model } as object, {}, paligemma as never) };
}

/** The process of the engine is stopped, so that what comes stays with it, and killed when `ready` has resolved. */
async function killDuring({ model }: Isolated, ready: () => Promise<unknown>): Promise<void> {
  const pid = model.health.pids[0] as number;
  process.kill(pid, 'SIGSTOP');
  await ready();
  process.kill(pid, 'SIGKILL');
}

/** A file for `--config`. */
const configOf = (config: object) =>
  path.join(folderWith({ 'serve.json': JSON.stringify(config) }), 'serve.json');

interface Answer {
  readonly status: number;
  readonly shouldRetry: string | null;
  readonly text?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
}

async function ask({ server }: Isolated, question = ''): Promise<Answer> {
  const route = question === '' ? '/v1/caption' : `/v1/ask?${new URLSearchParams({ question })}`;
  const answer = await server.post(route, SHAPES);
  const body = (await answer.json()) as Pick<Answer, 'text' | 'error'>;
  return { status: answer.status, shouldRetry: answer.headers.get('x-should-retry'), ...body };
}

const ready = async ({ server }: Isolated) => {
  const answer = await server.get('/readyz');
  return [answer.status, ((await answer.json()) as { reason?: string }).reason];
};

const CHANGE_IT =
  /^the engine crashed twice .* not taken again .*; change the picture or the prompt$/;

/** Requests that the engine has, of those that are inside. */
const sent = async ({ server }: Isolated) =>
  (await metric(server, 'paligemma_requests_inside')) -
  (await metric(server, 'paligemma_requests_waiting'));

/** Kills the engine while it has `count` requests of all that were begun. */
const killWith = (served: Isolated, count: number) =>
  killDuring(served, () =>
    vi.waitFor(async () => expect(await sent(served)).toBe(count), { timeout: 5000 }),
  );

it(
  'what it had gets 500, what waits is answered, and the probe follows',
  STOPPED_PROCESSES,
  async () => {
    const served = await start();
    expect(await ready(served)).toEqual([200, undefined]);
    const pid = served.model.health.pids[0] as number;
    process.kill(pid, 'SIGSTOP');
    const answers = Array.from({ length: 8 }, () => ask(served));
    // One that it decodes, and two ahead.
    await vi.waitFor(async () => {
      expect(await metric(served.server, 'paligemma_requests_waiting')).toBe(5);
    });
    process.kill(pid, 'SIGKILL');
    const first = await Promise.race(answers);
    expect(first).toMatchObject({
      status: 500,
      error: { code: 'ERR_ENGINE_CRASHED', retryable: true },
    });
    expect(await ready(served)).toEqual([
      503,
      'the engine of paligemma crashed and is started again',
    ]);
    expect(await metric(served.server, 'paligemma_engine_ready')).toBe(0);
    const all = await Promise.all(answers);
    expect(all.map(({ status }) => status).sort()).toEqual([
      200, 200, 200, 200, 200, 500, 500, 500,
    ]);
    for (const { status, text, error } of all) {
      if (status === 200) expect(text).toBe(CAPTION);
      // Nothing of what the system says about the process.
      else
        expect(error?.message).toMatch(/^the engine crashed during this request, .*; try again$/);
    }
    await vi.waitFor(async () => expect(await ready(served)).toEqual([200, undefined]));
    expect(await ask(served)).toMatchObject({ status: 200, text: CAPTION });
    expect(await metric(served.server, 'paligemma_engine_crashes_total')).toBe(1);
    expect(await metric(served.server, 'paligemma_engine_ready')).toBe(1);
    // The clients are not the cause.
    expect(await metric(served.server, 'paligemma_refused_total')).toBe(0);
  },
);

it(
  'a request that crashed it twice is refused, and its client should not try again',
  STOPPED_PROCESSES,
  async () => {
    const served = await start();
    for (const retryable of [true, false]) {
      await vi.waitFor(async () => expect(await ready(served)).toEqual([200, undefined]), 5000);
      const answer = ask(served, 'poison');
      await killWith(served, 1);
      expect(await answer).toMatchObject({
        ...{ status: 500, shouldRetry: retryable ? null : 'false' },
        error: {
          ...{ code: 'ERR_ENGINE_CRASHED', retryable },
          message: expect.stringMatching(retryable ? /try again$/ : CHANGE_IT) as string,
        },
      });
    }
    const crashes = await metric(served.server, 'paligemma_engine_crashes_total');
    expect(await ask(served, 'poison')).toMatchObject({
      ...{ status: 500, shouldRetry: 'false' },
      error: {
        ...{ code: 'ERR_ENGINE_CRASHED', retryable: false },
        message: expect.stringMatching(CHANGE_IT) as string,
      },
    });
    expect(await ask(served)).toMatchObject({ status: 200, text: CAPTION });
    expect(await metric(served.server, 'paligemma_engine_crashes_total')).toBe(crashes);
  },
);

it('after five crashes within a minute requests are refused with the time, and the probe says why', {
  ...STOPPED_PROCESSES,
  timeout: 60_000,
}, async () => {
  const served = await start();
  for (let i = 0; i < 5; i++) {
    await vi.waitFor(async () => expect(await ready(served)).toEqual([200, undefined]), 10_000);
    const answer = ask(served, `crash ${i}`);
    await killWith(served, 1);
    expect((await answer).status).toBe(500);
  }
  expect(await ready(served)).toEqual([503, 'the engine of paligemma crashed too often']);
  const refused = await served.server.post('/v1/caption', SHAPES);
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([
    503,
    expect.closeTo(30, 0),
  ]);
  expect(await refused.json()).toMatchObject({
    error: {
      ...{ code: 'ERR_ENGINE_CRASHED', retryable: true },
      message: `the engine crashed too often; try again after ${refused.headers.get('retry-after')} seconds`,
    },
  });
  expect((await served.server.get('/livez')).status).toBe(200);
});

it('each crash, restart and refusal is one line of the log, with alias and reason', {
  ...needsTool('ps'),
  timeout: 60_000,
}, async () => {
  const { child, finished, url, post, stderr } = await serve([
    ...['--config', configOf({ models: { one: { file: DEMO_MODEL, isolate: 'process' } } })],
  ]);
  const pid = child.pid as number;
  const linesOf = (words: string) =>
    stderr()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(words))
      .map((line) => JSON.parse(line) as { readonly model?: string; readonly msg: string });
  for (let i = 1; i <= 5; i++) {
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 20_000);
    for (const engine of engineProcesses(pid)) process.kill(engine, 'SIGKILL');
    await vi.waitFor(() => expect(linesOf('an engine crashed')).toHaveLength(i), 5000);
  }
  expect(linesOf('an engine crashed')[4]).toMatchObject({
    ...{ model: 'one', msg: 'an engine crashed: it was ended by SIGKILL' },
  });
  expect(linesOf('started again after a crash')).toHaveLength(4);
  expect(linesOf('crashed 5 times within a minute')).toMatchObject([{ model: 'one' }]);
  expect((await post('/v1/ask?question=xyzzy')).status).toBe(503);
  expect(linesOf('a request failed')).toHaveLength(1);
  expect(stderr()).toContain('too often, the last time because it was ended by SIGKILL');
  child.kill('SIGTERM');
  await finished;
  expect(stderr()).not.toContain('xyzzy');
});

it(
  'with two engines no request is refused, and what waits is answered by the other one',
  STOPPED_PROCESSES,
  async () => {
    const served = await start({ engines: 2 });
    await vi.waitFor(() => expect(served.model.health.pids).toHaveLength(2));
    const begun: Promise<Answer>[] = [];
    for (let i = 0; i < 3; i++) {
      await killDuring(served, async () => {
        const before = begun.length;
        begun.push(...Array.from({ length: 6 }, (_, j) => ask(served, `${i} ${j}`)));
        await vi.waitFor(async () => {
          expect(await metric(served.server, 'paligemma_requests_waiting')).toBe(3);
        });
        expect(begun).toHaveLength(before + 6);
      });
      await Promise.all(begun);
      expect(await ask(served)).toMatchObject({ status: 200, text: CAPTION });
    }
    const answers = await Promise.all(begun);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(9).fill(200), ...Array(9).fill(500)]);
    expect(await metric(served.server, 'paligemma_refused_total', { code: 'ERR_QUEUE_FULL' })).toBe(
      0,
    );
    expect(await ready(served)).toEqual([200, undefined]);
  },
);
