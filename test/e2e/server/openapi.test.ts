/** /openapi.json is what the server does: its routes, the requests it takes, the answers it sends. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { pathOf } from '../../../src/server/faces/typed-schema.js';
import { paligemma } from '../../../src/server/index.js';
import { TASKS } from '../../../src/tasks/registry.js';
import { DATA_URL, startServer } from '../../support/server.js';
import { SAMPLES, TASK_NAMES } from '../../support/task-samples.js';

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly security?: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }>
  >;
}

const ajv = new Ajv2020({ strict: false, formats: { binary: true } });

it('names exactly the routes that there are', async () => {
  const routes: string[] = [];
  const app = Fastify();
  app.addHook('onRoute', ({ method, path }) => {
    const described = path.replace(/:(\w+)/g, '{$1}').replace('*', '{model_id}');
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${described}`);
  });
  await app.register(paligemma, { prefix: '/ai', keys: ['a-key-of-ours'] });
  await app.ready();
  const answer = await app.inject('/ai/openapi.json');
  const document = answer.json<Document>();
  await app.close();
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} /ai${path}`),
  );
  expect(described.sort()).toEqual(routes.sort());
  expect([document.openapi, document.servers]).toEqual(['3.1.0', [{ url: '/ai' }]]);
  expect(document.security).toEqual([{ bearer: [] }, { header: [] }]);
});

describe('describes requests and answers:', () => {
  it.each(TASK_NAMES)('%s', async (name) => {
    const server = await startServer();
    const document = (await (await server.get('/openapi.json')).json()) as Document;
    const operation = document.paths[pathOf(name)]?.['post'] as Operation;
    const schema = operation.requestBody?.content['application/json']?.schema ?? {};
    const isRequest = ajv.compile(schema);
    const { images } = TASKS[name];
    const picture =
      images === 'one'
        ? { image: DATA_URL }
        : { images: Array(images === 'two' ? 2 : 1).fill(DATA_URL) };
    const body = {
      ...picture,
      ...SAMPLES[name].args,
      ...(SAMPLES[name] as { options?: object }).options,
    };
    const sent = JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
    expect([isRequest(sent), isRequest.errors]).toEqual([true, null]);
    expect(isRequest({ ...sent, lables: 1 })).toBe(false);
    const good = await server.post(pathOf(name), sent);
    const isResult = ajv.compile(
      operation.responses['200']?.content?.['application/json']?.schema ?? {},
    );
    expect([isResult(await good.json()), isResult.errors, good.status]).toEqual([true, null, 200]);
    const bad = await server.post(pathOf(name), { ...sent, lables: 1 });
    const isFailure = ajv.compile(
      operation.responses['default']?.content?.['application/json']?.schema ?? {},
    );
    expect([isFailure(await bad.json()), isFailure.errors, bad.status]).toEqual([true, null, 422]);
  });
});
