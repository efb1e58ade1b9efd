/** Requests that are wrong in every way: each gets an answer of class 4xx, and the server goes on. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { pathOf } from '../../../src/server/faces/typed-schema.js';
import { TASKS, type TaskName } from '../../../src/tasks/registry.js';
import { CAPTION, DATA_URL, openSocket, SHAPES, useServer } from '../../support/server.js';

const server = useServer();

/** Sends text as it is and returns the status; 0 when the server only closed the connection. */
async function sendRaw(text: string | Uint8Array): Promise<number> {
  const socket = await openSocket(server.port);
  socket.write(text);
  socket.end();
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(socket.received())?.[1] ?? 0);
}

const request = (type: string, body: string | Uint8Array, route = '/v1/caption', length?: number) =>
  Buffer.concat([
    Buffer.from(
      `POST ${route} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${length ?? Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);
const json = (value: unknown) => request('application/json', JSON.stringify(value));

const head = (name: string, more = '') =>
  `--x\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
const form = (body: string | Uint8Array) => request('multipart/form-data; boundary=x', body);
const FILE = head('image', '; filename="a.png"');
const end = '\r\n--x--\r\n';

const JSON_TYPE = 'application/json';
const CASES: readonly (readonly [string, string | Uint8Array])[] = [
  ['JSON cut off', request(JSON_TYPE, '{"image":"data:')],
  ['JSON that is a list', json([1])],
  ['JSON that is null', json(null)],
  ['no body', request(JSON_TYPE, '')],
  [
    'compressed',
    `POST /v1/caption HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}`,
  ],
  ['not UTF-8', request(JSON_TYPE, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
  ['nested', request(JSON_TYPE, `{"image":${'['.repeat(100_000)}`)],
  [
    'many keys',
    request(JSON_TYPE, `{${Array.from({ length: 1e6 }, (_, i) => `"${i}":0`).join(',')}}`),
  ],
  ['a prototype', request(JSON_TYPE, `{"__proto__":{"a":1},"image":"${DATA_URL}"}`)],
  ['a constructor', json({ image: DATA_URL, constructor: { prototype: {} } })],
  ['a signal', json({ image: DATA_URL, signal: {} })],
  ['bad base64', json({ image: 'data:image/png;base64,@@@@' })],
  ['base64 cut off', json({ image: DATA_URL.slice(0, 501) })],
  ['a data URL without a comma', json({ image: 'data:image/png;base64' })],
  ['a path', json({ image: '/etc/passwd' })],
  ['a file address', json({ image: 'file:///etc/passwd' })],
  ['an address', json({ image: 'http://127.0.0.1/' })],
  ['an upload that is not there', json({ image: 'img_0123' })],
  ['a number as a picture', json({ image: 7 })],
  ['an object as a picture', json({ image: { data: [1], width: 1, height: 1 } })],
  ['no pictures', json({ images: [] })],
  ['two pictures for one', json({ images: [DATA_URL, DATA_URL] })],
  ['a hundred pictures', json({ images: Array(100).fill(DATA_URL) })],
  ['an unknown field', json({ image: DATA_URL, lables: 'cat' })],
  ['a huge number', request(JSON_TYPE, `{"image":"${DATA_URL}","maxTokens":1e999}`)],
  ['a negative number', json({ image: DATA_URL, maxTokens: -1 })],
  ['a text as a number', json({ image: DATA_URL, maxTokens: '5' })],
  ['an unknown model', json({ image: DATA_URL, model: '../../etc/passwd' })],
  ['a picture cut off', request('image/png', SHAPES.subarray(0, 300))],
  [
    'a picture with a damaged header',
    request('image/png', Buffer.concat([SHAPES.subarray(0, 20), Buffer.alloc(300)])),
  ],
  ['a bomb', request('image/png', bomb())],
  ['a PDF', request('image/jpeg', '%PDF-1.7')],
  ['an SVG', request('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['a form without a boundary', request('multipart/form-data', FILE)],
  ['a form cut off in a file', form(`${FILE}abc`)],
  ['a form cut off in a header', form('--x\r\ncontent-dispos')],
  ['a form with nothing', form(`--x--\r\n`)],
  ['a form without a picture', form(`${head('labels')}cat${end}`)],
  ['a form with an empty picture', form(FILE + end)],
  ['a form with a path as the picture', form(`${head('image')}/etc/passwd${end}`)],
  [
    'a form with a thousand fields',
    form(`${Array.from({ length: 1000 }, (_, i) => `${head(`f${i}`)}x\r\n`).join('')}--x--\r\n`),
  ],
  ['a form with a prototype', form(`${head('__proto__')}x${end}`)],
  ['a lying length, too long', request('image/png', SHAPES, '/v1/caption', SHAPES.length + 1000)],
  ['a lying length, negative', request('image/png', SHAPES, '/v1/caption', -5)],
  [
    'two lengths',
    'POST /v1/caption HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabc',
  ],
  [
    'length and chunks',
    'POST /v1/caption HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc',
  ],
  [
    'a chunk of no length',
    'POST /v1/caption HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n',
  ],
  ['a long address', request('image/png', SHAPES, `/v1/caption?prompt=${'a'.repeat(20_000)}`)],
  ['a query that is not one', request('image/png', SHAPES, '/v1/caption?%ff%zz&&&=&model')],
  ['a parameter twice', request('image/png', SHAPES, '/v1/caption?maxTokens=1&maxTokens=2')],
  ['a record that is no JSON', request('image/png', SHAPES, '/v1/extract?fields=total')],
  ['a route that is none', request('image/png', SHAPES, '/v1/%2e%2e/etc')],
  ['another method', 'DELETE /v1/caption HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
  [
    'a pattern that is none',
    request('image/png', SHAPES, '/v1/predict?prompt=caption+en&pattern=(((('),
  ],
  [
    'a pattern that is huge',
    request('image/png', SHAPES, '/v1/predict?prompt=caption+en&pattern=((a{1000}){1000}){1000}'),
  ],
];

/** A PNG that claims 30,000 x 30,000 pixels. */
function bomb(): Buffer {
  const bytes = Buffer.from(SHAPES);
  bytes.writeUInt32BE(30_000, 16);
  bytes.writeUInt32BE(30_000, 20);
  return bytes;
}

describe('is answered with 4xx:', () => {
  it.each(CASES)('%s', async (_, text) => {
    const status = await sendRaw(text);
    expect(status === 0 || (status >= 400 && status < 500), String(status)).toBe(true);
  });
});

const NO_NAME = /a field of a name that no field may have/;

it('what the parser of forms refuses is answered in our words', async () => {
  for (const [body, words] of [
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].flatMap((name) => [
      [`${head(name)}x${end}`, NO_NAME] as const,
      [`${head(name, '; filename="a.png"')}x${end}`, NO_NAME] as const,
    ]),
    [
      `${head('labels', '\r\ncontent-type: application/json')}{"a${end}`,
      /that is no JSON, expected/,
    ],
    [`${FILE}abc`, /^the body was cut off$/],
    ['--x\r\ncontent-dispos', /^the body is a damaged form, expected multipart/],
  ] as const) {
    const answer = await fetch(`${server.url}/v1/caption`, {
      ...{ method: 'POST', body, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      ...[400, { error: { code: 'ERR_REQUEST_FORMAT', message: expect.stringMatching(words) } }],
    ]);
  }
});

it('values of every wrong type for every parameter of every task are refused, and none is an error of the server', async () => {
  const statuses = new Set<number>();
  for (const [name, { arguments: args, options, images }] of Object.entries(TASKS)) {
    const picture =
      images === 'one'
        ? { image: DATA_URL }
        : { images: [DATA_URL, DATA_URL].slice(0, images === 'two' ? 2 : 1) };
    for (const parameter of Object.keys({ ...args, ...options })) {
      for (const value of [{ a: [{}] }, [[]], Number.MAX_VALUE, '\0', '']) {
        const answer = await server.post(pathOf(name as TaskName), {
          ...picture,
          [parameter]: value,
        });
        statuses.add(answer.status);
        await answer.arrayBuffer();
      }
    }
  }
  expect([...statuses].filter((status) => status >= 500)).toEqual([]);
  expect(statuses).toContain(422);
}, 60_000);

it('the server still answers', async () => {
  const answer = await server.post('/v1/caption', SHAPES);
  expect(((await answer.json()) as { text: string }).text).toBe(CAPTION);
});
