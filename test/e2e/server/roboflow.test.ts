/** Roboflow's API over real HTTP, asked with the requests that its Python client sends (test/clients/roboflow.py runs the client). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { fromRoboflow } from '../../../src/index.js';
import { PATHS } from '../../../src/server/faces/roboflow/schemas.js';
import { DEMO_MODEL, FIXTURES } from '../../support/models.js';
import {
  CAPTION,
  DATA_URL,
  SHAPES,
  startServer,
  type TestServer,
  useServer,
} from '../../support/server.js';

interface Recorded {
  readonly call: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string | null;
  readonly authorization?: string;
  readonly body?: object;
}

const BASE64 = SHAPES.toString('base64');
const IMAGE = { type: 'base64', value: BASE64 };
const PROMPT = 'detect white circle ; yellow square';
const KEY = 'a-key-of-ours';

const recorded = JSON.parse(
  readFileSync(path.join(FIXTURES, 'clients', 'inference-sdk.json'), 'utf8').replaceAll(
    '@shapes',
    BASE64,
  ),
) as { readonly requests: readonly Recorded[] };

/** Sends what the client sends for a call, its last request if there are several. */
async function replay(server: TestServer, call: string): Promise<Response> {
  const sent = recorded.requests.filter((one) => one.call === call);
  expect(sent.length).toBeGreaterThan(0);
  let answer: Response | undefined;
  for (const { method, path: to, contentType, authorization, body } of sent) {
    answer = await fetch(server.url + to, {
      method,
      headers: {
        ...(contentType !== null && { 'content-type': contentType }),
        ...(authorization !== undefined && { authorization }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const item = PATHS[to.split('?', 1)[0]?.replace('/lmm/paligemma', '/lmm/{model_id}') ?? ''];
    if (item !== undefined && answer.ok)
      expect(problems(item, await answer.clone().json())).toBe('');
  }
  return answer as Response;
}

/** What the described schema of a good answer says against one. */
function problems(item: object, answer: unknown): string {
  const [operation] = Object.values(item) as [
    { responses: { 200: { content: { 'application/json': { schema: object } } } } },
  ];
  const ajv = new Ajv2020({ strict: false });
  const isValid = ajv.validate(operation.responses[200].content['application/json'].schema, answer);
  return isValid ? '' : ajv.errorsText();
}

const server = useServer();

const body = async (answer: Response | Promise<Response>) =>
  (await (await answer).json()) as Record<string, unknown>;

describe('answers what the client sends:', () => {
  it('a prompt, with the raw text of the model', async () => {
    const { text } = await server.model.generate(SHAPES, PROMPT);
    for (const call of ['lmm', 'lmm in path']) {
      const answer = await body(replay(server, call));
      expect([answer['response'], answer['image']]).toEqual([text, { width: 224, height: 224 }]);
    }
    expect(text).toMatch(/<loc\d{4}> white circle ; <loc\d{4}>/);
  });

  it('detection, for one picture and for two', async () => {
    const { detections } = await server.model.detect(SHAPES, ['white circle', 'yellow square']);
    const plain = detections.map(({ label, score, box }) => ({ label, score, box }));
    const one = await body(replay(server, 'detect'));
    const two = (await (await replay(server, 'detect two')).json()) as unknown[];
    expect(two.length).toBe(2);
    for (const answer of [one, ...two]) {
      const read = fromRoboflow(answer).detections;
      expect(read.map(({ label, score }) => [label, score])).toEqual(
        plain.map(({ label, score }) => [label, score]),
      );
      for (const [i, { box }] of read.entries()) {
        const own = plain[i]?.box ?? box;
        for (const edge of ['xmin', 'ymin', 'xmax', 'ymax'] as const)
          expect(box[edge]).toBeCloseTo(own[edge], 9);
      }
    }
  });

  it('segmentation', async () => {
    const { segments } = await server.model.segment(SHAPES, ['white circle', 'yellow square']);
    const { detections } = fromRoboflow(await body(replay(server, 'segment')));
    expect(detections.map(({ label, score }) => [label, score])).toEqual(
      segments.map(({ label, score }) => [label, score]),
    );
    expect(detections.every((one) => 'mask' in one && one.mask.area > 0)).toBe(true);
  });

  it('classification, with the labels in the name of the model', async () => {
    const { label, score } = await server.model.classify(SHAPES, ['cat', 'circle']);
    const answer = await body(replay(server, 'classify'));
    expect([answer['top'], answer['confidence']]).toEqual([label, score]);
  });

  it('a task as a workflow, and none of others', async () => {
    const { raw } = await server.model.detect(SHAPES, ['white circle']);
    const { outputs } = (await body(replay(server, 'workflow'))) as {
      outputs: { raw: string; predictions: { predictions: { class: string }[] } }[];
    };
    expect(outputs.map((one) => one.raw)).toEqual([raw]);
    expect(outputs[0]?.predictions.predictions.map((one) => one.class)).toContain('white circle');
    const other = await replay(server, 'other workflow');
    expect([other.status, (await body(other))['message']]).toEqual([
      501,
      expect.stringContaining('openai_compatible'),
    ]);
  });

  it('its name, and models that are loaded and freed', async () => {
    const own = await startServer({
      models: { paligemma: { file: DEMO_MODEL, loadAt: 'first-use' } },
    });
    expect(await body(replay(own, 'info'))).toMatchObject({ name: 'node-paligemma' });
    const ids = async (call: string) =>
      ((await body(replay(own, call)))['models'] as { model_id: string }[]).map(
        (one) => one.model_id,
      );
    const all = ['paligemma', 'paligemma/detect', 'paligemma/segment', 'paligemma/classify'];
    expect(await ids('registry')).toEqual([]);
    expect(await ids('add')).toEqual(all);
    expect(await ids('registry')).toEqual(all);
    expect(await ids('remove')).toEqual([]);
    expect(await ids('add')).toEqual(all);
    expect(await ids('clear')).toEqual([]);
  });

  it('a key in the body, in the query and in the headers, and nothing without one', async () => {
    const own = await startServer({ model: server.model, keys: [KEY] });
    const statuses = async (prefix: string) =>
      Promise.all(
        ['registry', 'add', 'lmm', 'clear'].map(
          async (call) => (await replay(own, prefix + call)).status,
        ),
      );
    expect(await statuses('')).toEqual([401, 401, 401, 401]);
    // The client sends no key with its last call unless it is in the headers.
    expect(await statuses('key: ')).toEqual([200, 200, 200, 401]);
    expect(await statuses('key in header: ')).toEqual([200, 200, 200, 200]);
    expect((await own.post('/infer/lmm', { api_key: 'another-key', image: IMAGE })).status).toBe(
      401,
    );
  });
});

it('options of the client are those of the task', async () => {
  const ask = { image: IMAGE, class_filter: ['white circle', 'yellow square'] };
  const all = await body(server.post('/infer/object_detection', { ...ask, confidence: 'best' }));
  const best = await body(server.post('/infer/object_detection', { ...ask, max_detections: 1 }));
  const none = await body(server.post('/infer/object_detection', { ...ask, confidence: 1 }));
  const predictions = all['predictions'] as { confidence: number }[];
  const top = Math.max(...predictions.map((one) => one.confidence));
  expect((best['predictions'] as { confidence: number }[]).map((one) => one.confidence)).toEqual([
    top,
  ]);
  expect(none['predictions']).toEqual([]);
  const masks = await body(
    server.post('/infer/instance_segmentation', {
      ...{ ...ask, response_mask_format: 'rle', visualize_predictions: true },
    }),
  );
  expect(masks['predictions']).toEqual(
    expect.arrayContaining([expect.objectContaining({ mask_format: 'rle' })]),
  );
  expect(Buffer.from(masks['visualization'] as string, 'base64').subarray(0, 2)).toEqual(
    Buffer.from([0xff, 0xd8]),
  );
});

it('classes have the places of their labels, however these are written', async () => {
  const ask = { image: IMAGE, class_filter: [' cat', 'circle '] };
  const { predictions } = await body(server.post('/infer/classification', ask));
  const numbers = (predictions as { class: string; class_id: number }[]).map(
    (one) => [one.class, one.class_id] as const,
  );
  expect(new Map(numbers)).toEqual(
    new Map([
      ['cat', 0],
      ['circle', 1],
    ]),
  );
});

it('a record among the inputs of a workflow is no picture', async () => {
  const inputs = { image: IMAGE, fields: { type: 'text', value: 'text' } };
  const answer = await body(server.post('/paligemma/workflows/extract', { inputs }));
  const [output] = answer['outputs'] as { fields: object }[];
  expect(Object.keys(output?.fields ?? {})).toEqual(['type', 'value']);
});

it('a picture may be a data URL, and a list of one gets a list of one', async () => {
  const ask = { prompt: 'caption en' };
  const one = await body(
    server.post('/infer/lmm', { ...ask, image: { type: 'base64', value: DATA_URL } }),
  );
  expect(one['response']).toBe(CAPTION);
  const many = (await (
    await server.post('/infer/lmm', { ...ask, image: [IMAGE] })
  ).json()) as object[];
  expect(many).toEqual([expect.objectContaining({ response: CAPTION })]);
});

it('names of Roboflow for a checkpoint are the alias that has its name', async () => {
  const own = await startServer({ models: { 'paligemma-3b-mix-224': DEMO_MODEL } });
  const ask = { prompt: 'caption en', image: IMAGE };
  for (const id of [
    'paligemma-3b-mix-224',
    'paligemma-pretrains/1',
    'paligemma-pretrains/1/detect',
  ]) {
    const answer = await own.post('/infer/lmm', { ...ask, model_id: id });
    expect([answer.status, answer.headers.get('x-model-id')]).toEqual([
      200,
      'paligemma-3b-mix-224',
    ]);
  }
  const other = await own.post('/infer/lmm', { ...ask, model_id: 'paligemma-pretrains/20' });
  expect(other.status).toBe(404);
});

it.each([
  ['no picture', '/infer/lmm', { prompt: PROMPT }, 400],
  ['an empty list', '/infer/lmm', { prompt: PROMPT, image: [] }, 400],
  ['numpy', '/infer/lmm', { prompt: PROMPT, image: { type: 'numpy', value: BASE64 } }, 400],
  [
    'an address',
    '/infer/lmm',
    { prompt: PROMPT, image: { type: 'url', value: 'http://127.0.0.1/a.png' } },
    400,
  ],
  ['a path', '/infer/lmm', { prompt: PROMPT, image: { type: 'url', value: '/etc/passwd' } }, 400],
  ['damaged base64', '/infer/lmm', { prompt: PROMPT, image: { type: 'base64', value: '*' } }, 415],
  ['too many pictures', '/infer/lmm', { prompt: PROMPT, image: Array(9).fill(IMAGE) }, 413],
  ['no prompt', '/infer/lmm', { image: IMAGE }, 422],
  ['two names', '/infer/lmm/paligemma', { prompt: PROMPT, image: IMAGE, model_id: 'other' }, 400],
  ['an unknown model', '/infer/lmm', { prompt: PROMPT, image: IMAGE, model_id: 'other' }, 404],
  [
    'an unknown task',
    '/infer/object_detection',
    { image: IMAGE, model_id: 'paligemma/count' },
    404,
  ],
  [
    'another task',
    '/infer/object_detection',
    { image: IMAGE, model_id: 'paligemma/classify/cat' },
    422,
  ],
  ['no labels', '/infer/object_detection', { image: IMAGE }, 422],
  [
    'a wrong confidence',
    '/infer/object_detection',
    { image: IMAGE, class_filter: ['cat'], confidence: 2 },
    422,
  ],
  ['an unknown model to load', '/model/add', { model_id: 'hf:owner/repo' }, 404],
  ['no model to free', '/model/remove', {}, 422],
  [
    'a wrong parameter',
    '/paligemma/workflows/caption',
    { inputs: { image: IMAGE, lables: 1 } },
    422,
  ],
  ['no inputs', '/paligemma/workflows/caption', {}, 400],
  ['a list as the body', '/infer/lmm', [], 400],
])('%s is refused with a message', async (_, to, sent, status) => {
  const answer = await server.post(to, sent);
  const failure = await body(answer);
  expect([answer.status, typeof failure['message']]).toEqual([status, 'string']);
  expect(String(failure['message']).length).toBeLessThan(400);
  expect(Array.isArray(failure['detail'])).toBe(status === 422);
});

it('requests whose key is still to be read get a part of the places', async () => {
  const own = await startServer({ model: server.model, keys: [KEY], maxRequests: 4 });
  const headers = { 'content-type': 'application/json' };
  const text = JSON.stringify({ api_key: KEY, prompt: 'caption en', image: IMAGE });
  let finish = (): void => {};
  const slow = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(Buffer.from(text.slice(0, 1)));
      finish = () => {
        controller.enqueue(Buffer.from(text.slice(1)));
        controller.close();
      };
    },
  });
  const first = fetch(`${own.url}/infer/lmm`, {
    method: 'POST',
    headers,
    body: slow,
    duplex: 'half',
  } as RequestInit);
  const ask = { prompt: 'caption en', image: IMAGE };
  await expect
    .poll(async () => (await own.post('/infer/lmm', { ...ask, api_key: KEY })).status)
    .toBe(429);
  const named = await own.post('/infer/lmm', ask, { 'x-api-key': KEY });
  expect(named.status).toBe(200);
  finish();
  expect((await first).status).toBe(200);
  expect((await own.post('/infer/lmm', { ...ask, api_key: KEY })).status).toBe(200);
});
