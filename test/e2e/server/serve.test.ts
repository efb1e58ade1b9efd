/** `paligemma serve`: the line it prints works, it reads its files again, and it finishes what it has begun. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { configSchema } from '../../../src/server/config.js';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL, ROOT } from '../../support/models.js';
import { CAPTION, openSocket, SHAPES } from '../../support/server.js';
import { paligemma } from '../cli/command.js';
import { serve } from './command.js';

const SCHEMA = path.join(ROOT, 'docs', 'serving.schema.json');

it('prints one line that works, and ends with 0 after SIGTERM with all requests answered', async () => {
  const { child, finished, url, post, stderr } = await serve([]);
  const line = /try it: (.*)/.exec(stderr())?.[1] ?? '';
  const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd: ROOT });
  expect(JSON.parse(stdout)).toMatchObject({ detections: [{ label: 'white circle' }] });
  await vi.waitFor(() => expect(stderr()).toMatch(/^loaded paligemma in \d+ ms$/m));
  // Still arrives when all others are answered: while a process ends by itself, nothing can keep a signal from it.
  const slow = await openSocket(Number(new URL(url).port));
  slow.write(
    `POST /v1/caption HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: ${SHAPES.length}\r\n\r\n`,
  );
  await vi.waitFor(() => expect(slow.received()).toContain('100 Continue'), 10_000);
  const running = Array.from({ length: 6 }, () => post('/v1/caption'));
  await Promise.race(running);
  child.kill('SIGTERM');
  await vi.waitFor(() => expect(stderr()).toMatch(/^stopping: \d requests are finished first$/m));
  // Supervisors send it to the group and to the process, and the terminal may go as well.
  child.kill('SIGTERM');
  child.kill('SIGHUP');
  for (const answer of await Promise.all(running)) {
    expect([answer.status, ((await answer.json()) as { text: string }).text]).toEqual([
      200,
      CAPTION,
    ]);
  }
  slow.write(SHAPES);
  await vi.waitFor(() => expect(slow.received()).toContain(CAPTION), 10_000);
  expect(slow.received()).toMatch(/HTTP\/1\.1 200 /);
  expect(await finished).toMatchObject({ code: 0, stdout: '' });
});

it('with --log-requests writes a line for each request, without its address, key and body', async () => {
  const { child, finished, url, post, stderr } = await serve(['--log-requests']);
  const key = { authorization: 'Bearer xyzzy' };
  expect((await post('/v1/ask?question=xyzzy', key)).status).toBe(200);
  expect((await post('/v1/ask?xyzzy=1', key)).status).toBe(422);
  expect((await fetch(`${url}/v1/images/img_xyzzy`, { headers: key })).status).toBe(404);
  for (const route of ['/xyzzy?xyzzy', '/v1/xyzzy?api_key=xyzzy', '/v1/xyzzy%zz?xyzzy']) {
    const answer = await post(route, { ...key, 'x-request-id': 'given' });
    expect([answer.status, await answer.json()]).toMatchObject([
      ...[404, { error: { code: 'ERR_REQUEST_ROUTE', requestId: 'given' } }],
    ]);
  }
  const long = await fetch(`${url}/v1/ask?question=xyzzy${'a'.repeat(20_000)}`, { method: 'POST' });
  expect([long.status, await long.json()]).toMatchObject([
    ...[431, { error: { code: 'ERR_REQUEST_TOO_LARGE' } }],
  ]);
  const raw = await openSocket(Number(new URL(url).port));
  raw.end('POST /v1/ask?xyzzy HTTP/1.1\r\nhost: localhost\r\nxyzzy xyzzy\r\n\r\n');
  child.kill('SIGTERM');
  await finished;
  const lines = stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const requests = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ status }) => status !== undefined)
    .map(({ req, status, code, model }) => [
      ...[(req as { readonly url: string } | undefined)?.url, status, code ?? model],
    ]);
  expect(requests).toEqual([
    ['/v1/ask', 200, 'paligemma'],
    ['/v1/ask', 422, 'ERR_OPTION_UNKNOWN'],
    ['/v1/images/:id', 404, 'ERR_REQUEST_UPLOAD'],
    ...Array(3).fill(['no route', 404, undefined]),
    [undefined, 431, 'ERR_REQUEST_TOO_LARGE'],
    [undefined, 400, 'ERR_REQUEST_FORMAT'],
  ]);
  expect(stderr()).not.toContain('Deprecation');
  expect(stderr()).not.toContain('xyzzy');
});

it('asks for a body only when it lets the request in', async () => {
  const { child, finished, url } = await serve(['--max-body-bytes', '100000']);
  const answerTo = async (length: number) => {
    const socket = await openSocket(Number(new URL(url).port));
    socket.write(
      `POST /v1/caption HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`,
    );
    await vi.waitFor(() => expect(socket.received()).toContain('\r\n\r\n'), 10_000);
    return socket;
  };
  expect((await answerTo(1_000_000)).received()).toMatch(/^HTTP\/1.1 413 /);
  const socket = await answerTo(SHAPES.length);
  expect(socket.received()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  socket.write(SHAPES);
  await vi.waitFor(() => expect(socket.received()).toContain(CAPTION), 10_000);
  child.kill('SIGTERM');
  await finished;
});

it('reads keys and models again when the file changes or at SIGHUP, and keeps the old ones if it is bad', async () => {
  const folder = folderWith({});
  const file = path.join(folder, 'serve.json');
  const write = (config: unknown) =>
    writeFileSync(
      file,
      typeof config === 'string' || config instanceof Uint8Array ? config : JSON.stringify(config),
    );
  write({ $schema: 'x', models: { one: DEMO_MODEL }, keys: ['first-key'] });
  const { child, post, stderr } = await serve(['--config', file]);
  const status = async (key: string, model: string) =>
    (await post(`/v1/caption?model=${model}`, { 'x-api-key': key })).status;
  expect([await status('first-key', 'one'), await status('second-key', 'one')]).toEqual([200, 401]);

  write({
    models: { one: DEMO_MODEL, two: { file: DEMO_MODEL, slots: 1 } },
    keys: ['second-key'],
    maxRequests: 3,
  });
  child.kill('SIGHUP');
  await vi.waitFor(async () => expect(await status('second-key', 'two')).toBe(200), 10_000);
  expect(await status('first-key', 'one')).toBe(401);
  expect(stderr()).toContain('needs a restart: maxRequests');

  for (const [bad, words] of [
    ['{"models": {', `${file} is no JSON`],
    [Buffer.from('{"host": "\xe9"}', 'latin1'), `${file} is not UTF-8`],
    [
      { models: { one: { file: DEMO_MODEL, slots: 'many' } } },
      'models.one: option slots is "many"',
    ],
    [{ model: DEMO_MODEL, isolate: 'process' }, 'each model has it: "models": { "paligemma": {'],
    [{ models: { one: DEMO_MODEL }, maxRequests: 0 }, `${file}: option maxRequests is 0, expected`],
    [{ models: { a: 5 } }, `${file}: option models.a is 5, expected a path of`],
    [
      { models: { a: { file: DEMO_MODEL, engines: 2 } } },
      'models.a: option engines is 2, expected 1 without isolate (set isolate to "process"',
    ],
    [{ models: { a: { file: DEMO_MODEL, zz: 2 } } }, `${file}: models.a has no option "zz"`],
    [{ models: {} }, `${file}: option models is an empty object, expected an object with 1 to 64`],
    [
      { model: DEMO_MODEL, keys: ['short'] },
      `${file}: option keys[0] is a secret string, expected`,
    ],
    [
      { model: DEMO_MODEL, keys: ['two words'] },
      `${file}: option keys is a list whose key 1 is two`,
    ],
    [{ model: DEMO_MODEL, prot: 1 }, `${file} has no option "prot" (did you mean port?)`],
  ] as const) {
    write(bad);
    await vi.waitFor(() => expect(stderr()).toContain(words), 10_000);
    expect(stderr()).toContain('the configuration is as it was');
    expect(await status('second-key', 'two')).toBe(200);
  }
  write({ models: { two: { file: DEMO_MODEL, slots: 1 } }, keys: ['second-key'] });
  await vi.waitFor(async () => expect(await status('second-key', 'one')).toBe(404), 10_000);
  expect(await status('second-key', 'two')).toBe(200);
});

it('keeps its keys while their file is bad, and reads those of the newest configuration', async () => {
  const folder = folderWith({
    'a.txt': '\uFEFF# ours\r\n\r\n  first-key  \r\n',
    'b.txt': 'other-key',
    'serve.json': `\uFEFF${JSON.stringify({ models: { one: DEMO_MODEL }, keysFile: 'a.txt' })}\r\n`,
  });
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const { post, stderr } = await serve(['--config', path.join(folder, 'serve.json')]);
  const status = async (key: string, model = 'one') =>
    (await post(`/v1/caption?model=${model}`, { 'x-api-key': key })).status;
  expect([await status('first-key'), await status('second-key')]).toEqual([200, 401]);

  for (const [bad, words] of [
    ['', 'a.txt is a file without keys'],
    ['second-key\nshort', 'key 2 is too short'],
    ['two words and more', 'key 1 is two words'],
    [`sha256:${'0'.repeat(63)}`, 'key 1 is an incomplete digest'],
    [Buffer.from('second-key', 'utf16le').toString('latin1'), 'key 1 has a character that is not'],
  ] as const) {
    write('a.txt', bad);
    await vi.waitFor(() => expect(stderr()).toContain(words), 10_000);
    expect(await status('first-key')).toBe(200);
  }
  write('a.txt', 'second-key');
  await vi.waitFor(async () => expect(await status('second-key')).toBe(200), 10_000);

  write('serve.json', JSON.stringify({ models: { two: DEMO_MODEL }, keysFile: 'b.txt' }));
  await vi.waitFor(async () => expect(await status('other-key', 'two')).toBe(200), 10_000);
  write('b.txt', 'another-key');
  await vi.waitFor(async () => expect(await status('another-key', 'two')).toBe(200), 10_000);
});

it.each([
  ['that others reach, keeps its keys where a changed file has none', '0.0.0.0', 401],
  ['of this machine alone, says that it asks for none any more', '127.0.0.1', 200],
])('on an address %s', async (_, host, status) => {
  const folder = folderWith({
    'keys.txt': 'first-key',
    'serve.json': JSON.stringify({ model: DEMO_MODEL, keysFile: 'keys.txt' }),
  });
  const file = path.join(folder, 'serve.json');
  const { child, post, stderr } = await serve(['--config', file, '--host', host]);
  expect((await post('/v1/caption')).status).toBe(401);
  writeFileSync(file, JSON.stringify({ model: DEMO_MODEL }));
  child.kill('SIGHUP');
  const words =
    status === 401
      ? ['which others can reach, and there are no keys', 'the configuration is as it was']
      : ['read the configuration again', 'it asks for no key any more'];
  await vi.waitFor(() => {
    for (const one of words) expect(stderr()).toContain(one);
  }, 10_000);
  expect((await post('/v1/caption')).status).toBe(status);
  expect((await post('/v1/caption', { 'x-api-key': 'first-key' })).status).toBe(200);
});

it('a model of a changed file that cannot be loaded changes nothing', async () => {
  const folder = folderWith({ 'broken.gguf': 'GGUF and no more' });
  const file = path.join(folder, 'serve.json');
  const write = (config: object) => writeFileSync(file, JSON.stringify(config));
  write({ models: { one: DEMO_MODEL } });
  const { post, stderr, url } = await serve(['--config', file]);
  for (const model of ['nix.gguf', 'broken.gguf']) {
    write({ models: { two: model } });
    await vi.waitFor(() => expect(stderr()).toContain(model), 10_000);
    expect((await post('/v1/caption?model=one')).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  }
});

it('takes the model of the environment only where none is named', async () => {
  const folder = folderWith({ 'serve.json': JSON.stringify({ models: { one: DEMO_MODEL } }) });
  const served = async (args: readonly string[], model: string) => {
    const { url, child } = await serve(args, { PALIGEMMA_MODEL: model });
    const answer = await fetch(`${url}/v1/models`);
    child.kill('SIGTERM');
    return ((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
  };
  const config = ['--config', path.join(folder, 'serve.json')];
  expect(await served(config, 'nix.gguf')).toEqual(['one']);
  expect(await served(['--model', DEMO_MODEL], 'nix.gguf')).toEqual(['paligemma']);
  expect(await served([], DEMO_MODEL)).toEqual(['paligemma']);
});

it('says by which host and with which keys it is asked', async () => {
  const open = await serve(['--host', '0.0.0.0', '--without-keys']);
  expect(open.stderr()).toMatch(/^listening on http:\/\/127.0.0.1:\d+ \(host 0.0.0.0\)$/m);
  const folder = folderWith({ 'keys.txt': 'first-key' });
  const keysFile = path.join(folder, 'keys.txt');
  const { stderr } = await serve(['--keys', keysFile]);
  expect(stderr()).toContain(`set KEY to one of the keys in ${keysFile} first`);
  expect(stderr()).not.toContain('first-key');
  const line = /try it: (.*)/.exec(stderr())?.[1] ?? '';
  const env = { ...process.env, KEY: 'first-key' };
  const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd: ROOT, env });
  expect(JSON.parse(stdout)).toMatchObject({ detections: [{ label: 'white circle' }] });
});

it('says what it is, and what was meant by an address that is none', async () => {
  const { url } = await serve([]);
  const get = async (route: string, method = 'GET') => {
    const answer = await fetch(url + route, { method });
    return { status: answer.status, allow: answer.headers.get('allow'), body: await answer.json() };
  };
  expect(await get('/')).toMatchObject({
    status: 200,
    body: {
      name: 'node-paligemma',
      openapi: '/openapi.json',
      routes: expect.arrayContaining(['/v1/caption', '/v1/detect']),
    },
  });
  expect(await get('/v1/captoin', 'POST')).toMatchObject({
    status: 404,
    body: {
      error: { code: 'ERR_REQUEST_ROUTE', message: expect.stringContaining('/openapi.json') },
    },
  });
  expect(await get('/v1/caption?lang=en')).toMatchObject({
    status: 405,
    allow: 'POST',
    body: { error: { message: expect.stringContaining('takes POST, not GET') } },
  });
  expect(await get('/livez', 'PUT')).toMatchObject({ status: 405, allow: 'GET' });
});

it.each([
  ['a model that is not there', ['--model', 'nix.gguf'], 1, 'ERR_MODEL_NOT_FOUND'],
  [
    'an address that others reach, without keys',
    ['--host', '0.0.0.0'],
    2,
    'name a file of keys with --keys',
  ],
  [
    'a file that is not there',
    ['--config', 'nix.json'],
    2,
    'nix.json is a file that does not exist',
  ],
  [
    'a folder for a file',
    ['--config', '.'],
    2,
    'is a file that cannot be read (it is a folder, expected a file)',
  ],
  ['keys that are not there', ['--keys', 'nix.txt'], 2, 'nix.txt is a file that does not exist'],
  ['a port that is none', ['--port', '70000'], 2, 'expected an integer from 0 to 65535'],
])('%s ends it', async (_, args, code, words) => {
  const { code: ended, stderr } = await paligemma(['serve', '--port', '0', ...args]);
  expect(stderr).toContain(words);
  expect(stderr).not.toContain('listening');
  expect(ended).toBe(code);
});

it('the schema of the file is published as the declarations have it', () => {
  const current = `${JSON.stringify(configSchema(), null, 2)}\n`;
  if (process.env['PALIGEMMA_UPDATE_DOCS']) writeFileSync(SCHEMA, current);
  expect(readFileSync(SCHEMA, 'utf8')).toBe(current);
});
