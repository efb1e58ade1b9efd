/** Several models: by alias, loaded when they are needed, freed when they are not. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PaliGemma } from '../../../src/index.js';
import { servedModels } from '../../../src/options/server.js';
import { Models } from '../../../src/server/models.js';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL } from '../../support/models.js';
import { CAPTION, metric, SHAPES, startServer, type TestServer } from '../../support/server.js';

const status = async (server: TestServer, route: string) => (await server.get(route)).status;
const isLoaded = (server: TestServer, model: string) =>
  metric(server, 'paligemma_model_loaded', { model });

it('are asked by alias, and the first is the one of requests that name none', async () => {
  const server = await startServer({
    models: { first: DEMO_MODEL, 'second.2': { file: DEMO_MODEL, slots: 2, loadAt: 'first-use' } },
  });
  for (const [query, alias] of [
    ['', 'first'],
    ['?model=second.2', 'second.2'],
    ['?model=first', 'first'],
  ]) {
    const answer = await server.post(`/v1/caption${query}`, SHAPES);
    expect(answer.headers.get('x-model')).toBe(alias);
    expect(((await answer.json()) as { text: string }).text).toBe(CAPTION);
  }
  const unknown = await server.post('/v1/caption?model=third', SHAPES);
  expect([unknown.status, await unknown.json()]).toMatchObject([
    404,
    {
      error: {
        code: 'ERR_REQUEST_MODEL',
        message: expect.stringContaining('the models are first, second.2'),
      },
    },
  ]);
});

it('are loaded when first asked for, by many at once only once, and freed after an idle time', async () => {
  const server = await startServer({
    models: { a: { file: DEMO_MODEL, loadAt: 'first-use' } },
    unloadAfterMs: 300,
  });
  expect([await isLoaded(server, 'a'), await status(server, '/readyz')]).toEqual([0, 200]);
  const all = await Promise.all(
    Array.from({ length: 5 }, () => server.post('/v1/caption', SHAPES)),
  );
  expect(all.map((one) => one.status)).toEqual([200, 200, 200, 200, 200]);
  expect(await metric(server, 'paligemma_model_loads_total')).toBe(1);
  await vi.waitFor(async () => expect(await isLoaded(server, 'a')).toBe(0), 5000);
  expect((await server.post('/v1/caption', SHAPES)).status).toBe(200);
  expect(await metric(server, 'paligemma_model_loads_total')).toBe(2);
});

it('share their memory: the one unused longest makes room', async () => {
  const late = { file: DEMO_MODEL, loadAt: 'first-use' } as const;
  // The demo model takes some 15 MB; two fit, and no third.
  const server = await startServer({ models: { a: late, b: late, c: late }, maxModelMb: 42 });
  for (const model of ['a', 'b', 'a', 'c']) {
    expect((await server.post(`/v1/caption?model=${model}`, SHAPES)).status).toBe(200);
  }
  expect([
    await isLoaded(server, 'a'),
    await isLoaded(server, 'b'),
    await isLoaded(server, 'c'),
  ]).toEqual([1, 0, 1]);
  const small = await startServer({ models: { a: late }, maxModelMb: 1 });
  const refused = await small.post('/v1/caption', SHAPES);
  expect([refused.status, await refused.json()]).toMatchObject([
    507,
    { error: { code: 'ERR_OUT_OF_MEMORY' } },
  ]);
  // Room may be there for the next request, which would not come.
  expect(await status(small, '/readyz')).toBe(200);
});

it('that cannot be loaded make the server not ready, and clients read no path of it', async () => {
  const folder = folderWith({ 'broken.gguf': 'GGUF and no more' });
  const server = await startServer({ model: path.join(folder, 'broken.gguf') });
  await vi.waitFor(async () =>
    expect(await metric(server, 'paligemma_model_loads_total', { outcome: 'failed' })).toBe(1),
  );
  expect([
    await status(server, '/livez'),
    await status(server, '/startupz'),
    await status(server, '/readyz'),
  ]).toEqual([200, 503, 503]);
  const answer = await server.post('/v1/caption', SHAPES);
  const text = await answer.text();
  expect(answer.status).toBe(500);
  expect(text).not.toContain('broken');
  expect(text).toContain('the log of the server says why');
  // Once the file is there, the next request has it.
  writeFileSync(path.join(folder, 'broken.gguf'), readFileSync(DEMO_MODEL));
  expect((await server.post('/v1/caption', SHAPES)).status).toBe(200);
  expect(await status(server, '/readyz')).toBe(200);
});

it('that are loaded at first use do not keep requests from the others', async () => {
  const server = await startServer({
    models: { a: DEMO_MODEL, broken: { file: 'nix.gguf', loadAt: 'first-use' } },
  });
  expect((await server.post('/v1/caption?model=broken', SHAPES)).status).toBe(500);
  expect((await server.post('/v1/caption', SHAPES)).status).toBe(200);
  expect(await status(server, '/readyz')).toBe(200);
});

it('of the application are not ready once it has disposed of them', async () => {
  const model = await PaliGemma.load(DEMO_MODEL);
  const server = await startServer({ model });
  expect(await status(server, '/readyz')).toBe(200);
  await model.dispose();
  const answer = await server.get('/readyz');
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('disposed')]);
});

describe('without a server', () => {
  const { signal } = new AbortController();
  const modelsOf = (aliases: readonly string[], maxModelMb = 0) => {
    const late = { file: DEMO_MODEL, loadAt: 'first-use' } as const;
    const named = servedModels({
      ...{ model: undefined, mmproj: undefined },
      models: Object.fromEntries(aliases.map((alias) => [alias, late])),
    });
    const models = new Models({ unloadAfterMs: 0, maxModelMb }, named);
    onTestFinished(() => models.close());
    return models;
  };

  it('are not freed under a request that came while they were loaded', async () => {
    const models = modelsOf(['a']);
    const loaded = models.load('a', signal);
    const freed = models.unload('a');
    const lease = await models.lease('a', signal);
    await Promise.all([loaded, freed]);
    expect((await lease.model.caption(SHAPES)).text).toBe(CAPTION);
    lease.release();
    await models.unload('a');
    expect(models.status('a').state).toBe('idle');
  });

  it('count for each other while they are loaded', async () => {
    const models = modelsOf(['a', 'b'], 25);
    const both = await Promise.allSettled([models.lease('a', signal), models.lease('b', signal)]);
    expect(both).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'ERR_OUT_OF_MEMORY' } },
    ]);
  });
});

it('with an alias or an option that cannot be are refused with the key', async () => {
  const start = (models: object) => startServer({ models } as never);
  await expect(start({ 'A/b': 'a.gguf' })).rejects.toThrow(/an alias "A\/b"/);
  await expect(start({ a: { file: 'a.gguf', slots: 0 } })).rejects.toThrow(
    'models.a: option slots is 0, expected an integer from 1 to 64',
  );
  await expect(start({ a: { file: 'a.gguf', slot: 1 } })).rejects.toThrow(
    /models.a has no option "slot"/,
  );
  await expect(start({ a: { slots: 1 } })).rejects.toThrow(/models.a: option file is missing/);
});
