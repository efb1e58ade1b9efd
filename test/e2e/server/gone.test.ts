/** A client that leaves stops its work, wherever that is: while its body comes, in the queue, in the engine, in a stream. */
import { expect, it, vi } from 'vitest';
import { endlessModel, LONG } from '../../support/models.js';
import { DATA_URL, metric, openSocket, SHAPES, useServer } from '../../support/server.js';

// Three requests are in the engine, the others wait.
const server = useServer({ slots: 1 }, endlessModel, {
  maxAnswerTokens: LONG.maxTokens,
  maxQueuedTokens: 10 * LONG.maxTokens,
});

/** Computes for seconds. */
const ENDLESS = `/v1/predict?prompt=caption&maxTokens=${LONG.maxTokens}`;

async function send(path: string, length = SHAPES.length, headers = '') {
  const socket = await openSocket(server.port);
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}content-type: image/png\r\ncontent-length: ${SHAPES.length}\r\n\r\n`,
  );
  socket.write(SHAPES.subarray(0, length));
  return socket;
}

const stream = () => send(ENDLESS, SHAPES.length, 'accept: text/event-stream\r\n');

const left = (stage: string) =>
  metric(server, 'paligemma_cancelled_total', { stage, cause: 'gone' });

/** Requests whose turn has come. */
const begun = () => metric(server, 'paligemma_stage_seconds_count', { stage: 'queue' });

async function expectAllWell(): Promise<void> {
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(0));
  const answer = await server.post('/v1/predict?prompt=caption&maxTokens=3', SHAPES);
  expect(((await answer.json()) as { tokens: number[] }).tokens).toHaveLength(3);
}

it('while its body comes', async () => {
  const socket = await send('/v1/caption', 100);
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(1));
  socket.destroy();
  await vi.waitFor(async () => expect(await left('body')).toBe(1));
  await expectAllWell();
});

it('in the queue: those in the engine are not touched', async () => {
  const others = [await stream(), await stream(), await stream()];
  await vi.waitFor(() => {
    expect(others.some((socket) => socket.received().includes('event: piece'))).toBe(true);
  });
  const socket = await send(ENDLESS);
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_waiting')).toBe(1));
  socket.destroy();
  await vi.waitFor(async () => expect(await left('queue')).toBe(1));
  const length = (): number => others.reduce((sum, other) => sum + other.received().length, 0);
  const already = length();
  await vi.waitFor(() => expect(length()).toBeGreaterThan(already));
  expect(await metric(server, 'paligemma_requests_inside')).toBe(3);
  for (const other of others) other.destroy();
  await vi.waitFor(async () => expect(await left('engine')).toBe(3));
  await expectAllWell();
});

it('in the engine', async () => {
  const before = [await left('engine'), await begun()] as const;
  const socket = await send(ENDLESS);
  await vi.waitFor(async () => expect(await begun()).toBe(before[1] + 1));
  socket.destroy();
  await vi.waitFor(async () => expect(await left('engine')).toBe(before[0] + 1));
  await expectAllWell();
});

it('in the middle of a stream', async () => {
  const before = await left('engine');
  const socket = await stream();
  await vi.waitFor(() => expect(socket.received()).toContain('event: piece'));
  socket.destroy();
  await vi.waitFor(async () => expect(await left('engine')).toBe(before + 1));
  await expectAllWell();
});

it('among the questions of a decision', async () => {
  const before = await left('engine');
  const already = await begun();
  const choices = Array.from({ length: 100 }, (_, i) => ({ value: `the thing number ${i}` }));
  const questions = Array(100).fill({ type: 'choice', instructions: 'what is it?', choices });
  const input = [{ role: 'user', content: [{ type: 'input_image', image_url: DATA_URL }] }];
  const leaving = new AbortController();
  const answer = fetch(`${server.url}/v1/decisions`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, signal: leaving.signal },
    body: JSON.stringify({ input, questions }),
  });
  await vi.waitFor(async () => expect(await begun()).toBe(already + 1), { interval: 1 });
  leaving.abort();
  await expect(answer).rejects.toThrow();
  await vi.waitFor(async () => expect(await left('engine')).toBe(before + 1));
  await expectAllWell();
});
