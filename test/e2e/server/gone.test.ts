/** A client that leaves stops its work, wherever that is: while its body comes, in the queue, in the engine, in a stream. */
import { expect, it, vi } from 'vitest';
import {
  CAPTION,
  DATA_URL,
  LONG,
  metric,
  openSocket,
  SHAPES,
  useServer,
} from '../../support/server.js';

// Three requests are in the engine, the others wait.
const server = useServer({ slots: 1 });

async function send(path: string, length = SHAPES.length, headers = '') {
  const socket = await openSocket(server.port);
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}content-type: image/png\r\ncontent-length: ${SHAPES.length}\r\n\r\n`,
  );
  socket.write(SHAPES.subarray(0, length));
  return socket;
}

const left = (stage: string) =>
  metric(server, 'paligemma_cancelled_total', { stage, cause: 'gone' });

async function expectAllWell(): Promise<void> {
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(0));
  const answer = await server.post('/v1/caption', SHAPES);
  expect(((await answer.json()) as { text: string }).text).toBe(CAPTION);
}

it('while its body comes', async () => {
  const socket = await send('/v1/caption', 100);
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(1));
  socket.destroy();
  await vi.waitFor(async () => expect(await left('body')).toBe(1));
  await expectAllWell();
});

it('in the queue: those in the engine are not touched', async () => {
  // How long it takes until the request waits, and how long the others compute, depends on the machine.
  for (let ms = 5; (await left('queue')) === 0 && ms < 2000; ms *= 1.3) {
    const answers = Array.from({ length: 12 }, () => server.post(LONG, SHAPES));
    await vi.waitFor(
      async () => expect(await metric(server, 'paligemma_requests_waiting')).toBeGreaterThan(0),
      { interval: 1 },
    );
    const socket = await send(LONG);
    await new Promise((resolve) => setTimeout(resolve, ms));
    socket.destroy();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(0));
  }
  expect(await left('queue')).toBe(1);
  await expectAllWell();
});

it('in the engine', async () => {
  // How long it takes until the work begins depends on the machine.
  for (let ms = 5; (await left('engine')) === 0 && ms < 2000; ms *= 1.3) {
    const socket = await send(LONG);
    await new Promise((resolve) => setTimeout(resolve, ms));
    socket.destroy();
    await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(0));
  }
  expect(await left('engine')).toBe(1);
  await expectAllWell();
});

it('in the middle of a stream', async () => {
  const before = await left('engine');
  const socket = await send(LONG, SHAPES.length, 'accept: text/event-stream\r\n');
  await vi.waitFor(() => expect(socket.received()).toContain('event: piece'), { interval: 1 });
  expect(socket.received()).not.toContain('event: result');
  socket.destroy();
  await vi.waitFor(async () => expect(await left('engine')).toBe(before + 1));
  await expectAllWell();
});

it('among the questions of a decision', async () => {
  const before = await left('engine');
  const begun = () => metric(server, 'paligemma_stage_seconds_count', { stage: 'queue' });
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
