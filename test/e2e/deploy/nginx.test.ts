/** A server with nginx before it, with the recipe's configuration: keys, sizes, refusals and streams come through. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { certificateFor } from '../../support/certificate.js';
import { folderWith } from '../../support/folder.js';
import { needsTool } from '../../support/needs.js';
import { CAPTION, SHAPES } from '../../support/server.js';
import { findProgram } from '../../support/tools.mjs';
import { serve } from '../server/command.js';
import { background, deployed, freePort } from './support.js';

const KEY = 'a-key-of-the-test';
const NAME = 'ai.example.com';

/** The command with keys and these flags; its port. */
async function startServer(flags: readonly string[] = []): Promise<number> {
  const keys = path.join(folderWith({ 'keys.txt': KEY }), 'keys.txt');
  const { url } = await serve(['--keys', keys, ...flags]);
  return Number(new URL(url).port);
}

/** nginx in front of a port, and a way to ask it. */
async function startNginx(upstream: number) {
  const folder = folderWith({});
  const { certificate, key } = certificateFor(NAME, folder);
  const port = await freePort();
  const site = deployed('nginx.conf', {
    '127.0.0.1:8765': `127.0.0.1:${upstream}`,
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '/etc/ssl/paligemma.crt': certificate,
    '/etc/ssl/paligemma.key': key,
  });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const main = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${temporary.join(' ')} ${site} }`;
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, main);
  const args = ['-p', folder, '-c', file];
  execFileSync(findProgram('nginx') as string, ['-t', ...args], { stdio: 'pipe' });
  background('nginx', args);
  const ca = readFileSync(certificate);
  const send = (route: string, body: Uint8Array, headers: OutgoingHttpHeaders = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const to = {
        ca,
        port,
        host: '127.0.0.1',
        servername: NAME,
        method: 'POST',
        path: route,
        agent: false as const,
      };
      const outgoing = request(
        { ...to, headers: { host: NAME, 'x-api-key': KEY, ...headers } },
        resolve,
      );
      // What was refused is not read to its end.
      outgoing.once('error', reject).end(body);
    });
  await vi.waitFor(async () => (await send('/metrics', new Uint8Array())).resume(), 10_000);
  return send;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of answer.setEncoding('utf8')) text += piece;
  return text;
}

/** In front of a server: once it has passed on the first event of a stream, it holds the rest back until it is released. */
async function startRelay(port: number): Promise<{ port: number; release: () => void }> {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const relay = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
    onTestFinished(() => void upstream.destroy());
    client.pipe(upstream);
    // All that came, as bytes, and how many of them have been passed on. Lines of headers end with CR LF.
    let [came, passed, isOpen] = ['', 0, false];
    const pass = (): void => {
      const first = came.indexOf('\n\n');
      const end = isOpen || first < 0 ? came.length : first + 2;
      if (end > passed) client.write(came.slice(passed, end), 'latin1');
      passed = Math.max(passed, end);
    };
    void released.then(() => {
      isOpen = true;
      pass();
    });
    upstream.on('data', (data: Buffer) => {
      came += data.toString('latin1');
      pass();
    });
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  onTestFinished(() => void relay.close());
  return { port: (relay.address() as AddressInfo).port, release };
}

describe('through nginx', needsTool('nginx'), () => {
  test('answers, refusals and their headers come through', async () => {
    const send = await startNginx(await startServer(['--requests-per-minute', '2']));
    const answer = await send('/v1/caption', SHAPES);
    expect([answer.statusCode, JSON.parse(await textOf(answer)).text]).toEqual([200, CAPTION]);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    const stranger = await send('/v1/caption', SHAPES, { 'x-api-key': 'not-a-key' });
    expect([stranger.statusCode, JSON.parse(await textOf(stranger)).error.code]).toEqual([
      401,
      'ERR_REQUEST_KEY',
    ]);
    await textOf(await send('/v1/caption', SHAPES));
    const tooOften = await send('/v1/caption', SHAPES);
    expect([tooOften.statusCode, JSON.parse(await textOf(tooOften)).error.code]).toEqual([
      429,
      'ERR_REQUEST_RATE',
    ]);
    expect(Number(tooOften.headers['retry-after'])).toBeGreaterThan(0);
    expect((await send('/metrics', new Uint8Array())).statusCode).toBe(404);
  });

  test('the largest body reaches the server, a larger one is refused', async () => {
    const send = await startNginx(await startServer());
    const largest = await send('/v1/caption', new Uint8Array(2 ** 24));
    expect([largest.statusCode, JSON.parse(await textOf(largest)).error.code]).toEqual([
      415,
      'ERR_IMAGE_FORMAT',
    ]);
    // The length alone says it.
    const larger = await send('/v1/caption', new Uint8Array(), { 'content-length': 2 ** 24 + 1 });
    expect(larger.statusCode).toBe(413);
  });

  test('the first event of a stream is there before the server has sent the others', async () => {
    const relay = await startRelay(await startServer());
    const send = await startNginx(relay.port);
    const answer = await send('/v1/caption', SHAPES, { accept: 'text/event-stream' });
    answer.setEncoding('utf8');
    const events = answer[Symbol.asyncIterator]();
    let text = '';
    const readUntil = async (end: string): Promise<void> => {
      while (!text.includes(end)) {
        const { value, done } = await events.next();
        if (done) throw new Error(`it ended without ${end}: ${text}`);
        text += value;
      }
    };
    await readUntil('\n\n');
    expect(text).not.toContain('event: result');
    relay.release();
    await readUntil('event: result');
    await readUntil(`"text":"${CAPTION}"`);
  });
});
