// What the campaigns against a live server share: the server, a client that keeps its connections, pictures, and figures.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import sharp from 'sharp';

export const ROOT = path.join(import.meta.dirname, '..', '..', '..');
export const MODEL = path.join(ROOT, 'models', 'shapes-mix-224-q8_0.gguf');
export const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
export const CAPTION = 'an orange triangle, a white circle and a yellow square';

/** A server with the demo model in a process of its own. `load`: options of its model. */
export async function startServer(options = {}, load = {}) {
  const { demo, ...others } = { demo: { file: MODEL, ...load }, ...options };
  const child = fork(
    path.join(import.meta.dirname, 'server.mjs'),
    [JSON.stringify({ models: { demo }, ...others })],
    { execArgv: ['--expose-gc'] },
  );
  const [{ url }] = await once(child, 'message');
  const answered = () => once(child, 'message').then(([message]) => message);
  while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(50);
  return {
    url,
    measure: () => {
      const message = answered();
      child.send('measure');
      return message;
    },
    stop: () => child.kill(),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  };
}

/**
 * POSTs bytes. Resolves with the status, the body and the headers, or with the code of the connection's failure as `status`.
 * `abandon`: milliseconds after which the client leaves; `part` of the body is all it has sent then.
 * @param {{ abandon?: number, accept?: string, type?: string, part?: number }} [options]
 */
export function post(agent, url, body, options = {}) {
  const { abandon, accept, type, part = 1 } = options;
  return new Promise((resolve) => {
    /** @param {NodeJS.ErrnoException} error */
    const failed = (error) => resolve({ status: error.code, text: '', headers: {} });
    const headers = {
      'content-length': body.length,
      ...(accept && { accept }),
      ...(type && { 'content-type': type }),
    };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          text: Buffer.concat(parts).toString(),
          headers: response.headers,
        }),
      );
      response.on('error', failed);
    });
    request.on('error', failed);
    if (part === 1) request.end(body);
    else request.write(body.subarray(0, Math.floor(body.length * part)));
    if (abandon !== undefined) setTimeout(() => request.destroy(), abandon);
  });
}

export const keepAlive = (maxSockets = Number.POSITIVE_INFINITY) =>
  new http.Agent({ keepAlive: true, maxSockets });

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The value at `part` of a sorted list: 0.5 for the median. */
export const at = (list, part) =>
  [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * part)] ?? 0;

export const megabytes = (bytes) => bytes / 1e6;

/** Pictures that differ, in the usual formats. */
export async function makePictures(count) {
  /** @type {('jpeg' | 'png' | 'webp')[]} */
  const formats = ['jpeg', 'png', 'webp'];
  const make = (i) =>
    sharp(SHAPES)
      .resize(224, 224)
      .modulate({ hue: (i * 7) % 360, brightness: 0.8 + (i % 40) / 100 })
      .toFormat(formats[i % formats.length])
      .toBuffer();
  const pictures = [];
  for (let i = 0; i < count; i++) pictures.push(await make(i));
  return pictures;
}

/** Prints what must hold and whether it does; whether all of it does. */
export function verdict(claims) {
  for (const [text, holds] of Object.entries(claims))
    console.log(`  ${holds ? 'ok  ' : 'FAIL'} ${text}`);
  return Object.values(claims).every(Boolean);
}
