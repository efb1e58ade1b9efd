/** Several keys: one that sends much neither makes others wait for all of it, nor takes all places. */
import { expect, it, vi } from 'vitest';
import { openSocket, SHAPES, startServer, useServer } from '../../support/server.js';

const served = useServer({ slots: 1 });

const [MANY, FEW] = ['the-key-with-many', 'the-key-with-few'];

it('the request of another key is answered before the backlog of the first', async () => {
  const server = await startServer({ model: served.model, keys: [MANY, FEW] });
  const long = `/v1/predict?${new URLSearchParams({ prompt: 'caption en', pattern: '[a-z ]{300}', maxTokens: '60' })}`;
  const order: string[] = [];
  const send = async (key: string) => {
    const { status } = await server.post(long, SHAPES, { 'x-api-key': key });
    order.push(key);
    return status;
  };
  const backlog = Array.from({ length: 24 }, () => send(MANY));
  await vi.waitFor(
    async () => {
      const text = await (await server.get('/metrics', { 'x-api-key': FEW })).text();
      expect(Number(/^paligemma_requests_waiting (\d+)/m.exec(text)?.[1])).toBeGreaterThan(10);
    },
    { interval: 1 },
  );
  expect(await send(FEW)).toBe(200);
  const place = order.indexOf(FEW);
  expect(await Promise.all(backlog)).toEqual(Array(24).fill(200));
  // Of more than ten that waited before it, one at most has its turn first.
  expect(order.slice(place + 1).length).toBeGreaterThan(4);
});

it('one of several keys has three quarters of the places at most, a key alone has all', async () => {
  for (const [keys, most] of [
    [[MANY, FEW], 6],
    [[MANY], 8],
  ] as const) {
    const server = await startServer({ model: served.model, keys: [...keys], maxRequests: 8 });
    const sockets: Awaited<ReturnType<typeof openSocket>>[] = [];
    for (let i = 0; i < 8; i++) {
      const socket = await openSocket(server.port);
      socket.write(
        `POST /v1/caption HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${MANY}\r\ncontent-length: 1000\r\n\r\nbeginning`,
      );
      sockets.push(socket);
    }
    await vi.waitFor(() => {
      const refused = sockets.filter((socket) =>
        /^HTTP\/1.1 503 [\s\S]*of this key/.test(socket.received()),
      );
      expect(refused).toHaveLength(8 - most);
    });
    if (keys.length > 1) {
      const answer = await server.post('/v1/caption', SHAPES, { 'x-api-key': FEW });
      expect(answer.status).toBe(200);
    }
    for (const socket of sockets) socket.destroy();
  }
});

it('what it costs together is bounded in the same way', async () => {
  const server = await startServer({
    model: served.model,
    keys: [MANY, FEW],
    maxQueuedTokens: 2000,
  });
  const ask = (key: string) => server.post('/v1/caption', SHAPES, { 'x-api-key': key });
  const all = await Promise.all(Array.from({ length: 12 }, () => ask(MANY)));
  const statuses = new Set(all.map(({ status }) => status));
  expect([...statuses].sort()).toEqual([200, 503]);
  const words = await Promise.all(
    all.filter(({ status }) => status === 503).map((one) => one.text()),
  );
  expect(words.some((text) => text.includes('tokens of this key'))).toBe(true);
  expect((await ask(FEW)).status).toBe(200);
});
