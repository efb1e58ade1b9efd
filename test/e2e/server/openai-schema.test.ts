/** What /openapi.json says of the routes of OpenAI's APIs, against what they take and answer. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { DATA_URL, startServer } from '../../support/server.js';

it('the routes of OpenAI take and answer what /openapi.json says', async () => {
  const server = await startServer();
  const document = (await (await server.get('/openapi.json')).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  };
  const operationOf = (path: string, method: string): Operation => {
    const operation = document.paths[path]?.[method];
    if (operation === undefined) throw new Error(`${method} ${path} is not described`);
    return operation;
  };
  const ajv = new Ajv2020({ strict: false });
  const check = (schema: object | undefined, body: unknown, isRight = true): void => {
    const validate = ajv.compile(schema ?? false);
    expect([validate(body), isRight ? validate.errors : undefined]).toEqual([
      ...[isRight, isRight ? null : undefined],
    ]);
  };
  const bodies = {
    '/v1/chat/completions': {
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: DATA_URL }] }],
      logprobs: true,
      seed: null,
      foo: 1,
    },
    '/v1/responses': {
      input: [{ role: 'user', content: [{ type: 'input_image', image_url: DATA_URL }] }],
      include: ['message.output_text.logprobs'],
    },
  };
  for (const [path, body] of Object.entries(bodies)) {
    const { requestBody, responses } = operationOf(path, 'post');
    check(requestBody?.content['application/json'].schema, body);
    check(requestBody?.content['application/json'].schema, { ...body, temperature: 'hot' }, false);
    const good = await server.post(path, body);
    check(responses['200']?.content['application/json'].schema, await good.json());
    const bad = await server.post(path, { ...body, temperature: 'hot' });
    expect([good.status, bad.status]).toEqual([200, 422]);
    check(responses['default']?.content['application/json'].schema, await bad.json());
  }
  for (const path of ['/v1/models', '/v1/models/{model}']) {
    const { responses } = operationOf(path, 'get');
    const answer = await server.get(path.replace('{model}', 'paligemma'));
    check(responses['200']?.content['application/json'].schema, await answer.json());
  }
});

interface Operation {
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
interface Content {
  readonly content: { readonly 'application/json': { readonly schema: object } };
}
