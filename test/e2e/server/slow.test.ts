/** Clients that do not read what they asked for: they hold neither memory without bound, nor others up, nor a place for long. */
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import Fastify from 'fastify';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { PaliGemma } from '../../../src/index.js';
import { followClient } from '../../../src/server/gone.js';
import { EventStream } from '../../../src/server/sse.js';
import { DEMO_MODEL } from '../../support/models.js';
import { CAPTION, metric, SHAPES, startServer } from '../../support/server.js';

let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

/** A connection that takes nothing. */
async function openIdle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  await once(socket, 'connect');
  return socket;
}

it('a stream waits for its client, and ends at the deadline', async () => {
  const app = Fastify({ forceCloseConnections: true });
  onTestFinished(() => app.close());
  const event = 'x'.repeat(1_000_000);
  let most = 0;
  const outcome = new Promise<unknown>((resolve) => {
    app.get('/', async (_, reply) => {
      const { signal } = followClient(reply.raw, 1500, () => {});
      const events = new EventStream(reply, signal);
      try {
        for (;;) {
          await events.send(event);
          most = Math.max(most, reply.raw.writableLength);
        }
      } catch (error) {
        resolve(error);
      } finally {
        events.end();
      }
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const socket = await openIdle(port);
  const closed = once(socket, 'close');
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await outcome).toMatchObject({ code: 'ERR_TIMEOUT' });
  // One event at a time is in memory, whatever the system takes.
  expect(most).toBeLessThan(3_000_000);
  await vi.waitFor(
    async () =>
      expect(await new Promise((done) => app.server.getConnections((_, n) => done(n)))).toBe(0),
    10_000,
  );
  socket.resume();
  await closed;
});

/** Noise cannot be packed: drawn as PNG, it is larger than what systems keep for a connection. */
const makeNoise = () =>
  sharp({
    create: {
      ...{ width: 1800, height: 1800, channels: 3, background: 'grey' },
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg({ quality: 95 })
    .toBuffer();

it('an application that has less time than a slow client still closes', async () => {
  const server = await startServer({ model }, { pluginTimeout: 3000 });
  const noise = await makeNoise();
  const socket = await openIdle(server.port);
  socket.write(
    `POST /v1/caption?annotate=png HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${noise.length}\r\n\r\n`,
  );
  socket.write(noise);
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(1));
  await expect(server.app.close()).resolves.toBeUndefined();
});

it('an answer that is not taken loses its place after the deadline, and others are answered meanwhile', {
  timeout: 30_000,
}, async () => {
  const server = await startServer({ model, deadlineMs: 4000, maxRequests: 2 });
  const noise = await makeNoise();
  const socket = await openIdle(server.port);
  socket.write(
    `POST /v1/caption?annotate=png HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${noise.length}\r\n\r\n`,
  );
  socket.write(noise);
  const caption = async () =>
    ((await (await server.post('/v1/caption', SHAPES)).json()) as { text: string }).text;
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(1));
  for (let i = 0; i < 5; i++) expect(await caption()).toBe(CAPTION);
  await vi.waitFor(
    async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(0),
    10_000,
  );
  const labels = { stage: 'reply', cause: 'deadline' };
  expect(await metric(server, 'paligemma_cancelled_total', labels)).toBe(1);
  expect(await caption()).toBe(CAPTION);
});

it('a client that takes its answer slowly gets all of it before the deadline', async () => {
  const server = await startServer({ model });
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const options = { method: 'POST', headers: { accept: 'text/event-stream' } };
    http.request(`${server.url}/v1/caption`, options, resolve).on('error', reject).end(SHAPES);
  });
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(text).toContain('event: result');
});
