/** Who is let in, over real HTTP: keys, names, limits and the queue, decided before a body is read. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { PaliGemma } from '../../../src/index.js';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL } from '../../support/models.js';
import { CAPTION, metric, openSocket, SHAPES, startServer } from '../../support/server.js';

let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

const KEY = 'key-of-a-client';
const WORD = 'one-word-key';

async function failure(answer: Response) {
  const { error } = (await answer.json()) as { error: Record<string, unknown> };
  return [answer.status, error['code']];
}

describe('keys', () => {
  it('are taken from both headers, plain or hashed, and needed everywhere but for probes', async () => {
    const hashed = `sha256:${createHash('sha256').update(WORD).digest('hex')}`;
    const server = await startServer({ model, keys: ['another-key', hashed] });
    const send = (headers: Record<string, string>) => server.post('/v1/caption', SHAPES, headers);
    expect((await send({ authorization: `Bearer ${WORD}` })).status).toBe(200);
    expect((await send({ 'x-api-key': 'another-key' })).status).toBe(200);
    for (const headers of [
      {},
      { authorization: 'Bearer unknown-key' },
      { authorization: `Bearer ${hashed}` },
      { authorization: `Basic ${WORD}` },
      { 'x-api-key': '' },
    ] as Record<string, string>[]) {
      const refused = await send(headers);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      expect(await failure(refused)).toEqual([401, 'ERR_REQUEST_KEY']);
    }
    const unknown = await server.get('/metrics');
    expect([unknown.status, await unknown.json()]).toMatchObject([
      ...[401, { error: { code: 'ERR_REQUEST_KEY', retryable: false } }],
    ]);
    for (const open of ['/livez', '/readyz', '/startupz', '/openapi.json'])
      expect([open, (await server.get(open)).status]).toEqual([open, 200]);
  });

  it('are checked before the body is there', async () => {
    const server = await startServer({ model, keys: [KEY] });
    const socket = await openSocket(server.port);
    socket.write('POST /v1/caption HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n');
    await vi.waitFor(() => expect(socket.received()).toMatch(/^HTTP\/1.1 401 /));
  });

  it('in a file are read again when it changes, and a file without keys opens nothing', async () => {
    const file = path.join(folderWith({ 'keys.txt': '# ours\nfirst-key\n' }), 'keys.txt');
    const server = await startServer({ model, keysFile: file });
    const status = async (key: string) =>
      (await server.post('/v1/caption', SHAPES, { 'x-api-key': key })).status;
    expect([await status('first-key'), await status('second-key')]).toEqual([200, 401]);
    writeFileSync(file, 'second-key\n\n');
    await vi.waitFor(async () => expect(await status('second-key')).toBe(200), 10_000);
    expect(await status('first-key')).toBe(401);
    writeFileSync(file, '# none\n');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect([await status('second-key'), await status('')]).toEqual([200, 401]);
    await expect(startServer({ model, keysFile: file })).rejects.toThrow(/file without keys/);
  });

  it('may send so many requests in a minute', async () => {
    const server = await startServer({ model, keys: [WORD, 'other-key'], requestsPerMinute: 2 });
    const send = (key: string) => server.post('/v1/caption', SHAPES, { 'x-api-key': key });
    expect([(await send(WORD)).status, (await send(WORD)).status]).toEqual([200, 200]);
    const refused = await send(WORD);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await failure(refused)).toEqual([429, 'ERR_REQUEST_RATE']);
    expect((await send('other-key')).status).toBe(200);
  });
});

/** As `fetch` lets no one choose the name. */
function call(port: number, headers: Record<string, string>): Promise<number | undefined> {
  const route = { port, host: '127.0.0.1', path: '/v1/caption', method: 'POST', headers };
  return new Promise((resolve, reject) => {
    const request = http.request(route, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
    request.end(SHAPES);
  });
}

it('a web page reaches the server neither by a name of its own nor from another origin', async () => {
  const open = await startServer({ model, origins: ['https://App.example:443/'] });
  const named = await startServer({ model, hosts: ['API.example'] });
  const keyed = await startServer({ model, keys: [WORD] });
  const key = { 'x-api-key': WORD };
  for (const [server, headers, status] of [
    [open, { host: 'evil.example' }, 403],
    [open, { host: 'localhost.evil.example:80' }, 403],
    [open, { host: `localhost:${open.port}` }, 200],
    [open, { host: '[::1]:1' }, 200],
    [open, { origin: 'https://evil.example' }, 403],
    [open, { origin: 'null' }, 403],
    [open, { origin: 'https://app.example' }, 200],
    [open, { origin: `http://localhost:${open.port}`, host: `localhost:${open.port}` }, 200],
    [named, { host: 'api.example' }, 200],
    [named, { host: 'Api.Example:8765' }, 200],
    [named, { host: 'evil.example' }, 403],
    [keyed, { host: 'evil.example' }, 403],
    [keyed, { host: 'evil.example', ...key }, 200],
  ] as const) {
    const expected = server === keyed && !('x-api-key' in headers) ? 401 : status;
    expect([headers, await call(server.port, headers)]).toEqual([headers, expected]);
  }
});

describe('limits', () => {
  it('on the body hold for what is announced and for what arrives', async () => {
    const server = await startServer({ model, maxBodyBytes: 100_000 });
    const large = new Uint8Array(100_001);
    expect(await failure(await server.post('/v1/caption', large))).toEqual([
      413,
      'ERR_REQUEST_TOO_LARGE',
    ]);
    for (const type of ['application/json', 'image/png', 'multipart/form-data; boundary=x']) {
      const socket = await openSocket(server.port);
      socket.write(
        `POST /v1/caption HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      if (type.startsWith('multipart')) {
        const head = '--x\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n';
        socket.write(`${head.length.toString(16)}\r\n${head}\r\n`);
      }
      // More than the limit in all, without an end.
      for (let i = 0; i < 40 && !socket.received(); i++) {
        socket.write(`2710\r\n${'7'.repeat(10_000)}\r\n`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await vi.waitFor(() =>
        expect([type, socket.received()]).toEqual([type, expect.stringMatching(/^HTTP\/1.1 413 /)]),
      );
    }
    expect((await server.post('/v1/caption', SHAPES)).status).toBe(200);
  });

  it('on pictures, pixels and tokens name what is too much', async () => {
    const server = await startServer({
      model,
      maxPictures: 1,
      maxPixels: 1000,
      maxAnswerTokens: 10,
    });
    const image = `data:image/png;base64,${SHAPES.toString('base64')}`;
    for (const [route, body, expected] of [
      ['/v1/ask', { images: [image, image], question: 'what?' }, [413, 'ERR_REQUEST_TOO_LARGE']],
      ['/v1/caption', { image, maxPixels: 400_000_000 }, [413, 'ERR_IMAGE_TOO_LARGE']],
      ['/v1/caption', { image, maxTokens: 11 }, [422, 'ERR_OPTION_RANGE']],
    ] as const) {
      expect(await failure(await server.post(route, body))).toEqual(expected);
    }
  });

  it('on time end a request with 504, which a client can make shorter and not longer', async () => {
    const server = await startServer({ model, deadlineMs: 1 });
    for (const headers of [{}, { 'x-deadline-ms': '60000' }] as Record<string, string>[]) {
      expect(await failure(await server.post('/v1/caption', SHAPES, headers))).toEqual([
        504,
        'ERR_TIMEOUT',
      ]);
    }
    const patient = await startServer({ model });
    const post = (ms: string) => patient.post('/v1/caption', SHAPES, { 'x-deadline-ms': ms });
    expect(await failure(await post('1'))).toEqual([504, 'ERR_TIMEOUT']);
    expect(await failure(await post('soon'))).toEqual([422, 'ERR_OPTION_TYPE']);
    expect((await post('60000')).status).toBe(200);
  });
});

const FIRST_BYTES = 10;

/** A request with the beginning of its body only: it is in until the rest is sent, or the test is over. */
async function stay(port: number) {
  const socket = await openSocket(port);
  socket.write(
    `POST /v1/caption HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${SHAPES.length}\r\n\r\n`,
  );
  socket.write(SHAPES.subarray(0, FIRST_BYTES));
  return socket;
}

it('what does not fit the queue gets 503 with a time, before its body is read, and the rest is answered', async () => {
  const server = await startServer({ model, maxRequests: 2 });
  const [first] = [await stay(server.port), await stay(server.port)];
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(2));
  const third = await stay(server.port);
  await vi.waitFor(() =>
    expect(third.received()).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: \d+/),
  );
  expect(await failure(await server.post('/v1/caption', SHAPES))).toEqual([503, 'ERR_QUEUE_FULL']);
  first.destroy();
  await vi.waitFor(async () => expect((await server.post('/v1/caption', SHAPES)).status).toBe(200));
});

it('the cost in tokens is bounded too, but one request alone always fits', async () => {
  const server = await startServer({ model, maxQueuedTokens: 1 });
  expect((await server.post('/v1/caption', SHAPES)).status).toBe(200);
  const all = await Promise.all(
    Array.from({ length: 8 }, () => server.post('/v1/caption', SHAPES)),
  );
  const statuses = all.map(({ status }) => status);
  expect([...new Set(statuses)].sort()).toEqual([200, 503]);
  expect(await metric(server, 'paligemma_queued_tokens')).toBe(0);
});

it('closing finishes what is in and lets nothing in', async () => {
  const server = await startServer({ model, drainMs: 20_000 });
  const inside: Awaited<ReturnType<typeof openSocket>>[] = [];
  for (let i = 0; i < 6; i++) inside.push(await stay(server.port));
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(6));
  const closed = server.app.close();
  const late = await server.post('/v1/caption', SHAPES).catch(() => ({ status: 503 }));
  expect(late.status).toBe(503);
  for (const socket of inside) socket.write(SHAPES.subarray(FIRST_BYTES));
  await closed;
  for (const socket of inside) {
    await vi.waitFor(() => expect(socket.received()).toContain(CAPTION));
    expect(socket.received()).toMatch(/^HTTP\/1.1 200 /);
  }
});

it('what takes longer than drainMs is stopped', async () => {
  const server = await startServer({ model, drainMs: 50 });
  const socket = await stay(server.port);
  await vi.waitFor(async () => expect(await metric(server, 'paligemma_requests_inside')).toBe(1));
  const ended = once(socket, 'close');
  onTestFinished(() => void socket.destroy());
  await server.app.close();
  await ended;
  expect(socket.received()).toMatch(/^HTTP\/1.1 503 [\s\S]*ERR_SHUTTING_DOWN/);
});
