/** Hundreds of wrong requests, generated for every face: none is an error of the server's, and it goes on. */
import { once } from 'node:events';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { RandomNumbers } from '../../support/random.js';
import { CAPTION, DATA_URL, openSocket, SHAPES, useServer } from '../../support/server.js';

const server = useServer();

/** Sends bytes as they are. The status, or 0 when the server only closed the connection. */
async function send(bytes: Uint8Array): Promise<number> {
  const socket = await openSocket(server.port);
  socket.write(bytes);
  socket.end();
  const timer = setTimeout(() => socket.destroy(), 10_000);
  await once(socket, 'close');
  clearTimeout(timer);
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(socket.received())?.[1] ?? 0);
}

type Body = string | Uint8Array;
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;

function post(route: string, type: string, body: Body, length = Buffer.byteLength(body)): Buffer {
  const head = lines(
    ...[`POST ${route} HTTP/1.1`, 'host: localhost', 'connection: close'],
    ...[`content-type: ${type}`, `content-length: ${length}`],
  );
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}
const JSON_TYPE = 'application/json';
const json = (route: string, body: unknown) => post(route, JSON_TYPE, JSON.stringify(body));

/** A request that each face answers, by the address of its picture. */
const FACES: Readonly<Record<string, (image: string) => object>> = {
  '/v1/caption': (image) => ({ image }),
  '/v1/detect': (image) => ({ image, labels: ['circle'] }),
  '/v1/compare': (image) => ({ images: [image, image], question: 'same?' }),
  '/v1/chat/completions': (image) => ({
    ...{ model: 'paligemma', max_tokens: 8 },
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'caption en' },
          { type: 'image_url', image_url: { url: image } },
        ],
      },
    ],
  }),
  '/v1/responses': (image) => ({
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'caption en' },
          { type: 'input_image', image_url: image },
        ],
      },
    ],
  }),
  '/v1/decisions': (image) => ({
    input: [{ role: 'user', content: [{ type: 'input_image', image_url: image }] }],
    questions: [{ type: 'predicate', question: 'is there a circle?' }],
  }),
  '/infer/lmm': (image) => ({
    ...{ model_id: 'paligemma', prompt: 'caption en' },
    image: { type: 'base64', value: image },
  }),
  '/infer/object_detection': (image) => ({
    ...{ model_id: 'paligemma/detect', class_filter: ['circle'] },
    image: { type: 'base64', value: image },
  }),
};
const ROUTES = Object.keys(FACES);

const ODD: readonly unknown[] = [
  ...[null, true, -1, 0, 1e308, 2 ** 53, '', ' ', '\0', '\ud800', 'a'.repeat(70_000), [], {}, [[]]],
  ...[[null], { a: { b: [1] } }, '__proto__', { constructor: 1 }, ['a', 'a'], [1, '2', null]],
];

/** Puts `value` in the place of one part of a body, `at` of all. */
function replaced(body: unknown, at: number, value: unknown): unknown {
  let left = at;
  const visit = (part: unknown): unknown => {
    if (left-- === 0) return value;
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, visit(one)]));
  };
  return visit(body);
}

function* bodies(next: () => number): Generator<Buffer> {
  for (const route of ROUTES) {
    const good = FACES[route]?.(DATA_URL) as object;
    for (let at = 0; at < 18; at++) {
      yield json(route, replaced(good, at, ODD[Math.floor(next() * ODD.length)]));
    }
    const text = JSON.stringify(good);
    for (let i = 0; i < 6; i++) yield post(route, JSON_TYPE, text.slice(0, next() * text.length));
    for (const opening of ['[', '{"a":', '[{"image":', `{"image":"${DATA_URL}","a":[`]) {
      yield post(route, JSON_TYPE, opening.repeat(opening.length > 99 ? 1 : 50_000));
    }
    const keys = Array.from({ length: 1e6 }, (_, i) => `"${i}":0`);
    yield post(route, JSON_TYPE, `{${keys.join(',')}}`);
    yield post(route, JSON_TYPE, `[${'0,'.repeat(1e6)}0]`);
    for (const image of [
      ...['data:image/png;base64,@@@@', 'data:image/png;base64,A', 'data:,', 'data:image/png,%zz'],
      ...[
        DATA_URL.slice(0, 501),
        `${DATA_URL}=`,
        DATA_URL.replace(/A/g, '-'),
        'img_0123',
        '../a.png',
      ],
      ...[
        'file:///etc/passwd',
        'http://127.0.0.1/a',
        '',
        `data:image/png;base64,${'A'.repeat(60_000)}`,
      ],
    ]) {
      yield json(route, FACES[route]?.(image));
    }
    for (const type of [
      'text/html',
      'application/xml',
      'application/json; charset=utf-16',
      ';',
      'a/',
    ]) {
      yield post(route, type, text);
    }
    for (const length of [0, 1, text.length + 1000, -1, 1e12])
      yield post(route, JSON_TYPE, text, length);
  }
}

function* forms(next: () => number): Generator<Buffer> {
  const head = (name: string, more = '') =>
    `--x\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
  const whole = Buffer.concat([
    Buffer.from(`${head('question')}what?\r\n${head('image', '; filename="a.png"')}`),
    ...[SHAPES, Buffer.from('\r\n--x--\r\n')],
  ]);
  const type = 'multipart/form-data; boundary=x';
  for (const route of ['/v1/ask', '/v1/images']) {
    // All of its beginning, as parsers of headers break there, and some of the rest.
    for (let i = 0; i < 60; i++) {
      const length = i < 40 ? i * 4 : Math.floor(next() * whole.length);
      yield post(route, type, whole.subarray(0, length));
    }
    for (const boundary of ['', '; boundary=', '; boundary=y', `; boundary=${'x'.repeat(300)}`]) {
      yield post(route, `multipart/form-data${boundary}`, whole);
    }
    yield post(route, type, head('a').repeat(2000));
    yield post(route, type, `${head('a'.repeat(50_000))}b\r\n--x--\r\n`);
    yield post(route, type, `--x\r\n${'a: b\r\n'.repeat(3000)}\r\nc\r\n--x--\r\n`);
    yield post(route, type, whole, whole.length + 50);
  }
}

/** A picture of each format, by its name. */
async function pictures(): Promise<ReadonlyMap<string, Buffer>> {
  const small = sharp(SHAPES).resize(64, 64);
  const formats = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const;
  const made = formats.map(
    async (format) => [format, await small.clone().toFormat(format).toBuffer()] as const,
  );
  return new Map(await Promise.all(made));
}

/** Says in its header that it is huge. */
function bomb(format: string, picture: Buffer): Buffer {
  const bytes = Buffer.from(picture);
  if (format === 'png') bytes.fill(0x7f, 16, 24);
  if (format === 'gif') bytes.fill(0xff, 6, 10);
  if (format === 'webp') bytes.fill(0xff, 24, 30);
  if (format === 'jpeg') {
    const frame = bytes.findIndex(
      (byte, i) => byte === 0xff && /^c[012]$/.test((bytes[i + 1] ?? 0).toString(16)),
    );
    bytes.fill(0xff, frame + 5, frame + 9);
  }
  if (format === 'avif') bytes.fill(0x7f, bytes.indexOf('ispe') + 8, bytes.indexOf('ispe') + 16);
  if (format === 'tiff') {
    // Width and height are the first entries of its table, four bytes from the end of each.
    const table = bytes.readUInt32LE(4);
    for (let i = 0; i < 4; i++) {
      const entry = table + 2 + 12 * i;
      if ([256, 257].includes(bytes.readUInt16LE(entry))) bytes.fill(0x7f, entry + 8, entry + 12);
    }
  }
  return bytes;
}

async function* damaged(next: () => number): AsyncGenerator<Buffer> {
  for (const [format, picture] of await pictures()) {
    const type = `image/${format}`;
    const all = [bomb(format, picture)];
    for (let i = 0; i < 6; i++) all.push(picture.subarray(0, 4 + next() * (picture.length - 4)));
    for (let i = 0; i < 10; i++) {
      const bytes = Buffer.from(picture);
      for (let j = 0; j < 6; j++)
        bytes[Math.floor(next() * Math.min(bytes.length, 400))] = next() * 256;
      all.push(bytes);
    }
    for (const [i, bytes] of all.entries()) {
      yield post('/v1/caption', type, bytes);
      const url = `data:${type};base64,${bytes.toString('base64')}`;
      const route = ROUTES[i % ROUTES.length] as string;
      if (i < 8) yield json(route, FACES[route]?.(url));
    }
  }
}

function* transports(): Generator<Buffer> {
  const chunked = (...rest: string[]) =>
    Buffer.from(
      lines('POST /v1/caption HTTP/1.1', 'host: localhost', 'transfer-encoding: chunked') +
        rest.join('\r\n'),
    );
  for (const rest of [
    ...[
      'zz',
      '-1',
      '0x5',
      'ffffffffffffffffff',
      '5\r\nabc',
      '3;a="\r\nabc',
      '3\r\nabcd\r\n0',
      '\r\n',
    ],
    ...[
      '0\r\na: b\r\n',
      `5${' '.repeat(20_000)}`,
      `1\r\na\r\n`.repeat(50),
      '+3\r\nabc\r\n0\r\n\r\n',
    ],
  ]) {
    yield chunked(rest);
  }
  for (const head of [
    ...[
      'content-length: 3\r\ncontent-length: 4',
      'content-length: 3\r\ntransfer-encoding: chunked',
    ],
    ...['transfer-encoding: gzip', 'transfer-encoding: chunked, identity', 'content-length: 3, 3'],
    ...[
      'content-length: 0x3',
      'content-length: +3',
      'expect: 200-ok',
      'content-encoding: gzip',
      'a b: c',
    ],
    ...[
      ': a',
      'a',
      `a: ${'b'.repeat(30_000)}`,
      Array(2500).fill('a: b').join('\r\n'),
      'x-deadline-ms: NaN',
    ],
    ...[
      'x-deadline-ms: 1e9',
      'authorization: \u0001',
      'x-request-id: \u00ff'.repeat(3),
      'upgrade: websocket',
    ],
  ]) {
    yield Buffer.from(
      `${lines('POST /v1/caption HTTP/1.1', 'host: localhost', 'connection: close', head)}abc`,
      'latin1',
    );
  }
  for (const line of [
    ...[
      'GET / HTTP/9.9',
      'POST',
      '\u0000\u0000',
      'BREW /v1/caption HTTP/1.1',
      'PRI * HTTP/2.0',
      '{"image":1}',
    ],
    ...[
      'POST /v1/%zz HTTP/1.1',
      'POST /v1/caption?%ff%00=%zz HTTP/1.1',
      'POST //v1//caption HTTP/1.1',
    ],
    ...['POST http://127.0.0.1/v1/caption HTTP/1.1', 'CONNECT a:1 HTTP/1.1', 'OPTIONS * HTTP/1.1'],
    ...[`POST /v1/caption?${'a=b&'.repeat(3000)} HTTP/1.1`, 'DELETE /v1/images/../../a HTTP/1.1'],
    ...['GET /v1/models/%2e%2e%2fetc HTTP/1.1', `GET /v1/models/${'a'.repeat(9000)} HTTP/1.1`],
  ]) {
    yield Buffer.from(lines(line, 'host: localhost', 'connection: close'));
  }
}

it('five hundred and more get no answer of class 5xx, and the server still answers', {
  timeout: 120_000,
}, async () => {
  const random = new RandomNumbers(18);
  const next = (): number => random.below(2 ** 30) / 2 ** 30;
  const requests: Buffer[] = [...bodies(next), ...forms(next), ...transports()];
  for await (const one of damaged(next)) requests.push(one);
  expect(requests.length).toBeGreaterThanOrEqual(500);
  const counts = new Map<number, number>();
  const faults: string[] = [];
  // A few at a time, so that none is refused for the others.
  await Promise.all(
    Array.from({ length: 6 }, async (_, worker) => {
      for (let i = worker; i < requests.length; i += 6) {
        const bytes = requests[i] as Buffer;
        const status = await send(bytes);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        if (status >= 500) faults.push(`${status}: ${bytes.subarray(0, 600).toString('latin1')}`);
      }
    }),
  );
  expect(faults).toEqual([]);
  const refused = [...counts]
    .filter(([status]) => status >= 400)
    .reduce((sum, [, n]) => sum + n, 0);
  // Damaged pictures can often be read, and null is as good as left out.
  expect(refused).toBeGreaterThan(requests.length * 0.7);
  const answer = await server.post('/v1/caption', SHAPES);
  expect(((await answer.json()) as { text: string }).text).toBe(CAPTION);
});
