/** What goes wrong between here and the hub, and proxies: servers on loopback. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { convert, PaliGemma, PaliGemmaError, pull } from '../../src/index.js';
import { FakeHub } from '../support/fake-hub.js';
import { ROOT } from '../support/models.js';
import { HUB, useHub } from '../support/use-hub.js';

const content = randomBytes(1_000_003);
const { ID } = HUB;
let hub: FakeHub;
let home: string;
useHub((fresh) => {
  ({ hub, home } = fresh);
});

describe('every failure is an error of ours with something to do', () => {
  const closedPort = async (): Promise<string> => {
    const other = await FakeHub.start();
    const { url } = other;
    await other.stop();
    return url;
  };
  const notJson = http.createServer((_, response) => response.end('<html>'));
  const circle = http.createServer((_, response) =>
    response.writeHead(302, { Location: '/again' }).end(),
  );
  const tls = https.createServer({
    key: readFileSync(path.join(ROOT, 'test', 'fixtures', 'tls', 'key.pem')),
    cert: readFileSync(path.join(ROOT, 'test', 'fixtures', 'tls', 'cert.pem')),
  });
  const url = (server: http.Server | https.Server, scheme = 'http'): string =>
    `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  beforeAll(async () => {
    for (const server of [notJson, circle, tls])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    for (const server of [notJson, circle, tls]) {
      server.closeAllConnections();
      server.close();
    }
  });

  test.each<[string, string, RegExp, () => unknown]>([
    [
      'a cache below a folder that cannot be made',
      'ERR_OUTPUT',
      /HF_HOME/,
      () => void vi.stubEnv('HF_HUB_CACHE', path.join(blockedFolder(), 'hub')),
    ],
    [
      'a name that does not exist',
      'ERR_HUB_UNREACHABLE',
      /HTTPS_PROXY/,
      () => void vi.stubEnv('HF_ENDPOINT', 'http://nowhere.invalid'),
    ],
    [
      'a port where nothing listens',
      'ERR_HUB_UNREACHABLE',
      /try again later/,
      async () => void vi.stubEnv('HF_ENDPOINT', await closedPort()),
    ],
    [
      'an endpoint that is no address',
      'ERR_OPTION_RANGE',
      /unset/,
      () => void vi.stubEnv('HF_ENDPOINT', 'mirror'),
    ],
    [
      'an answer that is no JSON',
      'ERR_HUB_UNREACHABLE',
      /try again/,
      () => void vi.stubEnv('HF_ENDPOINT', url(notJson)),
    ],
    [
      'redirects without an end',
      'ERR_HUB_UNREACHABLE',
      /try again/,
      () => void vi.stubEnv('HF_ENDPOINT', url(circle)),
    ],
    [
      'a certificate that no authority vouches for',
      'ERR_HUB_UNREACHABLE',
      /NODE_EXTRA_CA_CERTS/,
      () => void vi.stubEnv('HF_ENDPOINT', url(tls, 'https')),
    ],
    [
      'too many requests',
      'ERR_HUB_UNREACHABLE',
      /wait some minutes/,
      () => Object.assign(hub.faults, { refuse: { status: 429 } }),
    ],
    [
      'a proxy that is none',
      'ERR_HUB_UNREACHABLE',
      /HTTP_PROXY/i,
      () => void vi.stubEnv('HTTP_PROXY', 'socks5://127.0.0.1:1').stubEnv('NO_PROXY', ''),
    ],
    [
      'a proxy where nothing listens',
      'ERR_HUB_UNREACHABLE',
      /HTTP_PROXY/i,
      async () => void vi.stubEnv('HTTP_PROXY', await closedPort()).stubEnv('NO_PROXY', ''),
    ],
  ])('%s', async (_, code, hint, arrange) => {
    for (const name of ['m.gguf', 'config.json', 'model.safetensors']) hub.files.set(name, content);
    await arrange();
    const errors = [
      await pull(ID).catch((error: unknown) => error),
      await PaliGemma.load(ID).catch((error: unknown) => error),
      await convert({ source: ID, output: path.join(home, 'o.gguf'), type: 'f32' }).catch(
        (error: unknown) => error,
      ),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(PaliGemmaError);
      expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) });
    }
  });

  /** Folders cannot be made below a file. */
  function blockedFolder(): string {
    const file = path.join(home, 'file');
    writeFileSync(file, '');
    return file;
  }
});

describe('through a proxy', () => {
  let proxy: http.Server;
  let tunnels: { target: string; authorization: string | undefined }[];
  beforeEach(async () => {
    tunnels = [];
    proxy = http.createServer((_, response) => response.writeHead(405).end());
    proxy.on('connect', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
      tunnels.push({
        target: request.url ?? '',
        authorization: request.headers['proxy-authorization'],
      });
      // Whatever the name is: only this proxy knows it.
      const port = Number(request.url?.split(':')[1]);
      const through = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.write(head);
        through.pipe(socket).pipe(through);
      });
      for (const end of [through, socket]) end.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('HF_ENDPOINT', `http://hub.invalid:${new URL(hub.url).port}`);
    hub.files.set('m.gguf', content);
  });
  afterEach(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });
  const address = (): string => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;

  test.each([
    ['HTTP_PROXY', (at: string) => `http://${at}`, undefined],
    ['http_proxy', (at: string) => `http://user:secret@${at}`, 'Basic dXNlcjpzZWNyZXQ='],
    ['ALL_PROXY', (at: string) => at, undefined],
  ])('%s is taken', async (name, value, authorization) => {
    vi.stubEnv(name, value(address()));
    expect(readFileSync(await pull(ID)).equals(content)).toBe(true);
    const port = new URL(hub.url).port;
    // The content comes from another host, through the proxy as well.
    expect(new Set(tunnels.map(({ target }) => target))).toEqual(
      new Set([`hub.invalid:${port}`, `localhost:${port}`]),
    );
    for (const tunnel of tunnels) expect(tunnel.authorization).toBe(authorization);
    expect(hub.seen.filter(({ authorization: token }) => token).map(({ host }) => host)).toEqual(
      Array.from({ length: 3 }, () => `hub.invalid:${port}`),
    );
  });

  test('NO_PROXY excludes hosts', async () => {
    vi.stubEnv('HTTP_PROXY', `http://${address()}`);
    vi.stubEnv('NO_PROXY', 'localhost, 127.0.0.1');
    vi.stubEnv('HF_ENDPOINT', hub.url);
    await pull(ID);
    expect(tunnels).toEqual([]);
  });
});
