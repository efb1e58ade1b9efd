/** A server with the plugin in it, over real HTTP, for as long as a test runs. No expectations live here. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type LoadOptions, PaliGemma } from '../../src/index.js';
import { type PluginOptions, paligemma } from '../../src/server/index.js';
import { DEMO_MODEL, ROOT } from './models.js';

export const SHAPES = readFileSync(path.join(ROOT, 'examples', 'pictures', 'shapes.png'));
export const CAPTION = 'an orange triangle, a white circle and a yellow square';
/** Questions about it. */
export const COLOUR = 'what color is the circle?';
export const CIRCLE = 'is there a white circle?';
export const DATA_URL = `data:image/png;base64,${SHAPES.toString('base64')}`;

/** The plugin: as it is compiled where a test needs engines of their own, whose programs are compiled. */
type Plugin = (app: object, options: PluginOptions) => Promise<void>;

export interface TestServer {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly port: number;
  /** POSTs JSON, a form or bytes. */
  readonly post: (
    path: string,
    body: object | Uint8Array | FormData,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
}

/** Ends with the test. */
export async function startServer(
  options: PluginOptions = {},
  fastify: FastifyServerOptions = {},
  plugin: Plugin = paligemma,
): Promise<TestServer> {
  const server = await openServer(options, fastify, plugin);
  onTestFinished(() => server.app.close());
  return server;
}

/** With the model that it serves. */
export interface Served extends TestServer {
  readonly model: PaliGemma;
}

/**
 * One server with the demo model, or another, for all tests of a file. Registers the hooks; what it returns is there in
 * tests.
 */
export function useServer(
  load: LoadOptions = {},
  file: () => string | Promise<string> = () => DEMO_MODEL,
  options: PluginOptions = {},
): Served {
  const served: Partial<Served> = {};
  beforeAll(async () => {
    const model = await PaliGemma.load(await file(), load);
    Object.assign(served, { model }, await openServer({ ...options, model }));
  });
  afterAll(async () => {
    await served.app?.close();
    await served.model?.dispose();
  });
  return served as Served;
}

/** Is closed by the caller. */
export async function openServer(
  options: PluginOptions = {},
  fastify: FastifyServerOptions = {},
  plugin: Plugin = paligemma,
): Promise<TestServer> {
  const app: FastifyInstance = Fastify({ forceCloseConnections: true, ...fastify });
  await app.register(plugin, options);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    app,
    url,
    port: Number(new URL(url).port),
    get: (path, headers = {}) => fetch(url + path, { headers }),
    post: (path, body, headers = {}) => {
      const isForm = body instanceof FormData;
      const isBytes = body instanceof Uint8Array;
      return fetch(url + path, {
        method: 'POST',
        body:
          isForm || isBytes ? (body as Uint8Array<ArrayBuffer> | FormData) : JSON.stringify(body),
        headers: { ...(!isForm && !isBytes && { 'content-type': 'application/json' }), ...headers },
      });
    },
  };
}

/** A form with pictures and fields. */
export function formOf(
  pictures: readonly Uint8Array[],
  fields: Readonly<Record<string, string | readonly string[]>> = {},
): FormData {
  const form = new FormData();
  for (const [i, bytes] of pictures.entries()) {
    form.append('image', new Blob([bytes as Uint8Array<ArrayBuffer>]), `${i}.png`);
  }
  for (const [name, given] of Object.entries(fields)) {
    for (const value of [given].flat() as string[]) form.append(name, value);
  }
  return form;
}

/** A connection on which a test writes what no client would. */
export async function openSocket(
  port: number,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<Socket & { received: () => string }> {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  socket.on('error', () => {});
  return Object.assign(socket, { received: () => received });
}

/** The value of a metric with these labels in any order; 0 where it has none yet. */
export async function metric(
  server: TestServer,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await server.get('/metrics')).text();
  const lines = text.split('\n').filter((line) => line.split(/[{ ]/, 1)[0] === name);
  const found = lines.filter((line) =>
    Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)),
  );
  return found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
