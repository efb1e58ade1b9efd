/** Answers that come before the body has been read: clients that only read when they have sent all of it get them too. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Lingering, type LingerLimits } from '../../../src/server/lingering.js';
import { folderWith } from '../../support/folder.js';
import { needsTool } from '../../support/needs.js';
import { CAPTION, openSocket, SHAPES } from '../../support/server.js';
import { findProgram } from '../../support/tools.mjs';
import { serve } from './command.js';

const run = promisify(execFile);
const KEY = 'a-key-of-a-test';
const BYTES = 20_000_000;
const TIMES = 8;

/** Python's own client sends a body to its end before it reads. Prints what it got, as a list of [status, code]. */
const PYTHON = `
import http.client, json, sys
port, path, headers, size, times = json.loads(sys.argv[1])
found = []
for _ in range(times):
    try:
        client = http.client.HTTPConnection('127.0.0.1', port)
        chunked = 'transfer-encoding' in headers
        body = (b'A' * 100_000 for _ in range(size // 100_000)) if chunked else b'A' * size
        client.request('POST', path, body=body, headers=headers, encode_chunked=chunked)
        answer = client.getresponse()
        body = json.loads(answer.read())
        found.append([answer.status, body.get('error', body).get('code')])
    except Exception as error:
        found.append([type(error).__name__, None])
print(json.dumps(found))
`;

type Found = readonly [status: unknown, code: unknown];
type Client = (
  port: number,
  route: string,
  headers: Readonly<Record<string, string>>,
) => Promise<readonly Found[]>;

const CLIENTS: Readonly<Record<string, Client>> = {
  fetch: async (port, route, headers) => {
    const found: Found[] = [];
    for (let i = 0; i < TIMES; i++) {
      const bytes = new Uint8Array(BYTES).fill(65);
      const { 'transfer-encoding': isChunked, ...others } = headers;
      const body = isChunked === undefined ? bytes : new Blob([bytes]).stream();
      try {
        const answer = await fetch(`http://127.0.0.1:${port}${route}`, {
          ...{ method: 'POST', body, headers: others, duplex: 'half' },
        });
        const said = (await answer.json()) as { readonly error: { readonly code: string } };
        found.push([answer.status, said.error.code]);
      } catch (error) {
        const { cause } = error as { readonly cause?: { readonly code?: string } };
        found.push([cause?.code ?? error, undefined]);
      }
    }
    return found;
  },
  "Python's http.client": async (...[port, route, headers]) => {
    const given = JSON.stringify([port, route, headers, BYTES, TIMES]);
    const { stdout } = await run(findProgram('python3') as string, ['-c', PYTHON, given]);
    return JSON.parse(stdout) as Found[];
  },
};

const json = { 'content-type': 'application/json' };
const key = { 'x-api-key': KEY };
const TYPED = '/v1/caption';
/** What a server with one key refuses, and how. */
const REFUSALS: readonly (readonly [string, Readonly<Record<string, string>>, Found])[] = [
  [TYPED, key, [413, 'ERR_REQUEST_TOO_LARGE']],
  ['/v1/chat/completions', { ...key, ...json }, [413, 'ERR_REQUEST_TOO_LARGE']],
  // Refused in the middle.
  [TYPED, { ...key, 'transfer-encoding': 'chunked' }, [413, 'ERR_REQUEST_TOO_LARGE']],
  [TYPED, {}, [401, 'ERR_REQUEST_KEY']],
  ['/v1/none', key, [404, 'ERR_REQUEST_ROUTE']],
  [`${TYPED}?prompt=${'a'.repeat(20_000)}`, key, [431, 'ERR_REQUEST_TOO_LARGE']],
];

/** A request of which a server waits for the rest. */
async function openRequest(port: number) {
  const socket = await openSocket(port);
  socket.write(
    `POST ${TYPED} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: ${SHAPES.length}\r\n\r\n`,
  );
  // It has been let in.
  await once(socket, 'data');
  return socket;
}

/** Of each client, and of those that close the connection after a request. */
const HOW = Object.entries(CLIENTS).flatMap(([name, client]) => [
  { name, client, more: {} as Record<string, string> },
  // The header is not for those who use fetch.
  ...(name === 'fetch'
    ? []
    : [{ name: `${name}, closing`, client, more: { connection: 'close' } }]),
]);

describe.each(HOW)('$name gets every answer, however much of the body is unread:', (how) => {
  const needs = { timeout: 60_000, ...(how.name === 'fetch' ? {} : needsTool('python3')) };
  const expectAll = async (...[port, route, headers, found]: [...Parameters<Client>, Found]) => {
    const all = await how.client(port, route, { ...headers, ...how.more });
    expect([route, all]).toEqual([route, Array(TIMES).fill(found)]);
  };
  const keys = () => ['--keys', path.join(folderWith({ 'keys.txt': `${KEY}\n` }), 'keys.txt')];

  it('that something is wrong with the request', needs, async () => {
    const { url } = await serve(keys());
    const port = Number(new URL(url).port);
    for (const [route, headers, found] of REFUSALS) await expectAll(port, route, headers, found);
  });

  it('that the client asks too often', needs, async () => {
    const { url, post } = await serve([...keys(), '--requests-per-minute', '1']);
    expect((await post(TYPED, key)).status).toBe(200);
    await expectAll(Number(new URL(url).port), TYPED, key, [429, 'ERR_REQUEST_RATE']);
  });

  it(
    'that the server is full, or closes, which it does as soon as the others are done',
    needs,
    async () => {
      const { child, finished, url, stderr } = await serve([
        '--max-body-bytes',
        `${2 * BYTES}`,
        '--max-requests',
        '1',
      ]);
      const port = Number(new URL(url).port);
      const open = await openRequest(port);
      await expectAll(port, TYPED, {}, [503, 'ERR_QUEUE_FULL']);
      child.kill('SIGTERM');
      await vi.waitFor(() => expect(stderr()).toMatch(/finish/));
      await expectAll(port, TYPED, {}, [503, 'ERR_SHUTTING_DOWN']);
      // It sends for ever, and is not waited for.
      const endless = await openSocket(port);
      endless.write(
        `POST ${TYPED} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${BYTES}\r\n\r\n`,
      );
      await once(endless, 'data');
      const timer = setInterval(() => endless.write('A'), 50);
      onTestFinished(() => clearInterval(timer));
      open.write(SHAPES);
      expect((await finished).code).toBe(0);
      expect(open.received()).toContain(CAPTION);
    },
  );
});

describe('what comes after an answer', () => {
  /** Refuses everything before it is read. */
  async function startRefusing(
    limits: Partial<LingerLimits>,
    headers: http.OutgoingHttpHeaders,
    bytes = 1e9,
  ) {
    const lingering = new Lingering({
      ...{ maxBytes: 1e9, idleMs: 60_000, totalMs: 60_000, ...limits },
    });
    const server = http.createServer((request, response) => {
      lingering.follow(request);
      response.writeHead(400, { 'content-length': 3, ...headers }).end('no\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    // One that still sends when the other side has ended.
    const socket = await openSocket(port, { allowHalfOpen: true });
    socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${bytes}\r\n\r\n`);
    await vi.waitFor(() => expect(socket.received()).toContain('no\n'));
    return { lingering, socket, closed };
  }

  const ANSWERS: readonly http.OutgoingHttpHeaders[] = [{}, { connection: 'close' }];

  it.each(ANSWERS)('is read up to a number of bytes, %j', async (headers) => {
    const { socket, closed } = await startRefusing({ maxBytes: 1_000_000 }, headers);
    const timer = setInterval(() => socket.write('A'.repeat(100_000)), 10);
    await closed;
    clearInterval(timer);
    expect(socket.bytesWritten).toBeGreaterThan(1_000_000);
  });

  it.each(ANSWERS)('is waited for up to a time, also if something comes, %j', async (headers) => {
    for (const limits of [{ totalMs: 100 }, { idleMs: 100 }]) {
      const { socket, closed } = await startRefusing(limits, headers);
      const timer = setInterval(() => 'totalMs' in limits && socket.write('A'), 10);
      await closed;
      clearInterval(timer);
    }
  });

  it.each(ANSWERS)('is not waited for when the server closes, %j', async (headers) => {
    const { closed, lingering } = await startRefusing({}, headers);
    lingering.end();
    await closed;
  });

  it('leaves the connection to the next request when all of it has come', async () => {
    const { socket } = await startRefusing({ idleMs: 200 }, {}, BYTES);
    socket.write('A'.repeat(BYTES));
    // No limit holds for what is complete.
    await new Promise((resolve) => setTimeout(resolve, 600));
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await vi.waitFor(() => expect(socket.received().split('no\n')).toHaveLength(3));
  });
});
