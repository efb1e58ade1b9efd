/**
 * The servers in examples/ over real HTTP with the demo model: answers, refusals, a full queue, clients that leave, SIGTERM.
 * The route of the Next.js example runs under Node's own HTTP server here; `npm run test:packages` runs it in Next.js.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/models.js';

const FOLDER = path.join(ROOT, 'examples', 'server');
const SERVERS = ['express.mjs', 'fastify.mjs'];
const ROUTE = 'Next.js route';
const SHAPES = readFileSync(path.join(ROOT, 'examples', 'pictures', 'shapes.png'));
const CAPTION = 'an orange triangle, a white circle and a yellow square';

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** What it has printed. */
  readonly output: () => string;
  /** POSTs the form; `entries` are file contents or texts by field name. */
  readonly send: (entries: Readonly<Record<string, Uint8Array | string>>) => Promise<Response>;
}

/** Calls a route handler as Next.js does: with a Request whose signal aborts when the client goes away. */
const ROUTE_SERVER = `
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { POST } from './route.mjs';
const server = createServer(async (incoming, outgoing) => {
  const controller = new AbortController();
  outgoing.on('close', () => outgoing.writableFinished || controller.abort());
  const { headers, method } = incoming;
  const body = Readable.toWeb(incoming);
  const request = new Request('http://x/', { method, headers, body, duplex: 'half', signal: controller.signal });
  const response = await POST(request);
  if (response.status === 499) console.log('the client went away; its work was stopped');
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
});
server.listen(0, '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port));
`;

/** A program that has the package installed and the route in it. */
let routeProgram: string;
beforeAll(() => {
  routeProgram = mkdtempSync(path.join(tmpdir(), 'paligemma-route-'));
  mkdirSync(path.join(routeProgram, 'node_modules'));
  symlinkSync(ROOT, path.join(routeProgram, 'node_modules', 'node-paligemma'), 'junction');
  const route = path.join(ROOT, 'examples/deployment/nextjs/app/api/caption/route.js');
  copyFileSync(route, path.join(routeProgram, 'route.mjs'));
  writeFileSync(path.join(routeProgram, 'server.mjs'), ROUTE_SERVER);
});
afterAll(() => rmSync(routeProgram, { recursive: true, force: true }));

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function start(name: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const { PALIGEMMA_MODEL: _, ...inherited } = process.env;
  const file = name === ROUTE ? path.join(routeProgram, 'server.mjs') : path.join(FOLDER, name);
  const child = spawn(process.execPath, [file], {
    env: { ...inherited, PORT: '0', ...env },
  });
  started.push(child);
  let output = '';
  const address = await new Promise<string>((resolve, reject) => {
    const onData = (data: Buffer): void => {
      output += data;
      const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
      if (found?.[1]) resolve(found[1]);
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.once('exit', () => reject(new Error(`${name} ended: ${output}`)));
  });
  return {
    child,
    port: Number(new URL(address).port),
    output: () => output,
    send: (entries) => {
      const body = new FormData();
      for (const [field, value] of Object.entries(entries)) {
        if (typeof value === 'string') body.set(field, value);
        else body.set(field, new Blob([value as Uint8Array<ArrayBuffer>]), 'picture');
      }
      return fetch(`${address}/caption`, { method: 'POST', body });
    },
  };
}

/** Sends the whole request over a bare socket, and leaves `ms` later. */
async function sendAndLeave(port: number, ms: number): Promise<void> {
  const head =
    '--boundary-of-parts\r\ncontent-disposition: form-data; name="picture"; filename="a.png"\r\n\r\n';
  const body = Buffer.concat([
    Buffer.from(head),
    SHAPES,
    Buffer.from('\r\n--boundary-of-parts--\r\n'),
  ]);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /caption HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=boundary-of-parts\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.write(body, resolve));
  await new Promise((resolve) => setTimeout(resolve, ms));
  socket.destroy();
}

it('every server of examples/server is run here', () => {
  const programs = readdirSync(FOLDER).filter((file) => file !== 'captions.mjs');
  expect(programs.sort()).toEqual([...SERVERS].sort());
});

describe.each([...SERVERS, ROUTE])('%s', (name) => {
  it('captions an uploaded picture, and says what is wrong with others', async () => {
    const { send, output } = await start(name);
    const good = await send({ picture: SHAPES });
    expect([good.status, await good.json()]).toEqual([200, { text: CAPTION }]);

    // A text in place of the file must not be read as a path of the server.
    const text = await send({ picture: path.join(ROOT, 'examples', 'pictures', 'shapes.png') });
    expect(text.status).toBe(400);
    const other = await send({ photo: SHAPES });
    expect(other.status).toBe(400);

    const noPicture = await send({ picture: Buffer.from('%PDF-1.7 of no use') });
    expect(noPicture.status).toBe(name === ROUTE ? 400 : 415);
    expect(await noPicture.json()).toMatchObject({
      message: expect.stringMatching(/expected a JPEG/),
    });
    const damaged = await send({ picture: SHAPES.subarray(0, 300) });
    expect(damaged.status).toBe(400);
    expect(await damaged.json()).toMatchObject({
      message: expect.stringMatching(/damaged|cut off/),
    });
    const large = await send({ picture: new Uint8Array(21 * 1024 * 1024) });
    expect(large.status).toBe(413);

    const again = await send({ picture: SHAPES });
    expect(again.status).toBe(200);
    expect(output()).not.toMatch(/Error/);
  });

  it('refuses with 503 what does not fit the queue, and answers the rest', async () => {
    const { send } = await start(name, { MAX_QUEUE: '1' });
    const all = await Promise.all(Array.from({ length: 12 }, () => send({ picture: SHAPES })));
    const statuses = all.map(({ status }) => status);
    expect([...new Set(statuses)].sort()).toEqual([200, 503]);
    const refused = all[statuses.indexOf(503)];
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(await refused?.json()).toMatchObject({ message: 'the server is busy; try again' });
    expect((await send({ picture: SHAPES })).status).toBe(200);
  });

  it('stops the work of a client that goes away', async () => {
    const { send, port, output } = await start(name);
    // How long it takes until the work begins depends on the machine.
    for (let ms = 1; ms < 2000 && !output().includes('its work was stopped'); ms *= 1.5)
      await sendAndLeave(port, ms);
    expect(output()).toContain('the client went away; its work was stopped');
    expect((await send({ picture: SHAPES })).status).toBe(200);
  });
});

describe.each(SERVERS)('%s', (name) => {
  it('finishes what it has begun after SIGTERM, and ends with 0', async () => {
    const { send, child, port } = await start(name);
    const requests = Array.from({ length: 6 }, () => send({ picture: SHAPES }));
    await Promise.race(requests);
    child.kill('SIGTERM');
    for (const response of await Promise.all(requests)) expect(response.status).toBe(200);
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    const refused = connect(port, '127.0.0.1');
    await expect(once(refused, 'connect')).rejects.toThrow(/ECONNREFUSED/);
  });
});
