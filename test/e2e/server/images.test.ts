/** Uploads over real HTTP: sent once, asked about by every face, bounded in bytes and time, each of its own key. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
// The engine's process is a compiled program.
import { paligemma as compiled } from '../../../lib/server/index.js';
import { DEMO_MODEL } from '../../support/models.js';
import {
  CAPTION,
  CIRCLE,
  COLOUR,
  DATA_URL,
  formOf,
  metric,
  openSocket,
  SHAPES,
  startServer,
  type TestServer,
  useServer,
} from '../../support/server.js';

const server = useServer({ onNote: () => {} });

interface Upload {
  readonly id: string;
  readonly created_at: number;
  readonly expires_at: number;
}

async function upload(
  to: TestServer = server,
  headers: Readonly<Record<string, string>> = {},
  picture: Uint8Array = SHAPES,
): Promise<Upload> {
  const answer = await to.post('/v1/images', picture, headers);
  const body = (await answer.json()) as Upload;
  expect([answer.status, body]).toEqual([201, expect.anything()]);
  return body;
}

async function codeOf(answer: Response): Promise<[number, string]> {
  const { error } = (await answer.json()) as { readonly error: { readonly code: string } };
  return [answer.status, error.code];
}

const remove = (
  id: string,
  from: TestServer = server,
  headers: Readonly<Record<string, string>> = {},
) => fetch(`${from.url}/v1/images/${id}`, { method: 'DELETE', headers });

it('is deleted whatever the body of the request is', async () => {
  const { id } = await upload();
  const send = (method: string, body: string) =>
    fetch(`${server.url}/v1/images/${id}`, {
      ...{ method, body, headers: { 'content-type': 'application/json' } },
    });
  expect((await send('DELETE', '{')).status).toBe(400);
  expect((await send('DELETE', ' '.repeat(100_000))).status).toBe(413);
  expect((await send('DELETE', '{}')).status).toBe(200);
  const cleared = await server.post('/model/clear', { api_key: null });
  expect(cleared.status).toBe(200);
});

describe('an upload', () => {
  it.each([
    ['the body', SHAPES],
    ['a form', formOf([SHAPES])],
    ['a data URL', { image: DATA_URL }],
  ])('is sent as %s', async (_, body) => {
    const answer = await server.post('/v1/images', body);
    const sent = (await answer.json()) as Upload;
    expect(sent).toEqual({
      ...{ id: expect.stringMatching(/^img_[\w-]{32}$/) as unknown, object: 'image' },
      ...{ bytes: SHAPES.length, format: 'png', width: 224, height: 224 },
      ...{ created_at: expect.any(Number) as unknown, expires_at: expect.any(Number) as unknown },
    });
    expect([3600, 3601]).toContain(sent.expires_at - sent.created_at);
    const location = answer.headers.get('location') ?? '';
    expect([answer.status, location]).toEqual([201, `/v1/images/${sent.id}`]);
    expect(await (await server.get(location)).json()).toEqual(sent);
  });

  it('has the size of the upright picture', async () => {
    const sideways = await sharp(SHAPES)
      .resize(64, 32, { fit: 'fill' })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    expect(await upload(server, {}, sideways)).toMatchObject({
      ...{ width: 32, height: 64, format: 'jpeg' },
    });
  });

  it('can be deleted by a client that names the type of the body that it does not send', async () => {
    const { id } = await upload();
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/v1/images/${id}`, { method: 'DELETE', headers });
    expect([answer.status, await answer.json()]).toMatchObject([200, { deleted: true }]);
  });

  it('can be deleted, and is not there then', async () => {
    const { id } = await upload();
    expect(await (await remove(id)).json()).toEqual({ id, object: 'image', deleted: true });
    const gone = [404, 'ERR_REQUEST_UPLOAD'];
    expect(await codeOf(await remove(id))).toEqual(gone);
    expect(await codeOf(await server.get(`/v1/images/${id}`))).toEqual(gone);
    expect(await codeOf(await server.post('/v1/caption', { image: id }))).toEqual(gone);
    expect(await codeOf(await server.get('/v1/images/toString'))).toEqual(gone);
  });

  it.each<[number, string, object]>([
    [415, 'ERR_IMAGE_FORMAT', Buffer.from('no picture')],
    [400, 'ERR_REQUEST_FORMAT', Buffer.alloc(0)],
    [400, 'ERR_IMAGE_CORRUPT', SHAPES.subarray(0, 400)],
    [400, 'ERR_REQUEST_FORMAT', {}],
    [400, 'ERR_REQUEST_FORMAT', { image: [DATA_URL] }],
    [400, 'ERR_REQUEST_FORMAT', formOf([])],
    [400, 'ERR_REQUEST_FORMAT', formOf([SHAPES, SHAPES])],
    [400, 'ERR_IMAGE_NOT_FOUND', { image: 'photo.jpg' }],
    [400, 'ERR_REQUEST_FORMAT', { image: 5 }],
    [404, 'ERR_REQUEST_UPLOAD', { image: 'img_x' }],
  ])('that is wrong gets %i %s', async (status, code, body) => {
    const before = await metric(server, 'paligemma_uploads');
    expect(await codeOf(await server.post('/v1/images', body))).toEqual([status, code]);
    expect(await metric(server, 'paligemma_uploads')).toBe(before);
  });

  it.each([5, true, {}])('that is %j where text is expected is a wrong type', async (image) => {
    const answer = await codeOf(await server.post('/v1/caption', { image }));
    expect(answer).toEqual([422, 'ERR_OPTION_TYPE']);
  });

  it('that is larger than pictures may be is refused', async () => {
    const small = await startServer({ model: server.model, maxPixels: 100 });
    expect(await codeOf(await small.post('/v1/images', SHAPES))).toEqual([
      ...[413, 'ERR_IMAGE_TOO_LARGE'],
    ]);
  });
});

describe('every face takes its id', () => {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const answer = await server.post(path, body);
    const answered: unknown = await answer.json();
    expect([answer.status, answered]).toEqual([200, expect.anything()]);
    return answered;
  };

  it('typed: in JSON, in a form, in the query without a body', async () => {
    const { id } = await upload();
    const text = CAPTION;
    expect(await ask('/v1/caption', { image: id })).toMatchObject({ text });
    expect(await ask('/v1/caption', formOf([], { image: id }))).toMatchObject({ text });
    expect(await ask('/v1/caption', formOf([], { images: [id] }))).toMatchObject({ text });
    const plain = await fetch(`${server.url}/v1/caption?image=${id}`, { method: 'POST' });
    expect(await plain.json()).toMatchObject({ text });
    const typed = await server.post(`/v1/detect?image=${id}&labels=white+circle`, Buffer.alloc(0));
    const { detections } = await server.model.detect(SHAPES, 'white circle');
    expect(await typed.json()).toMatchObject({
      detections: JSON.parse(JSON.stringify(detections)) as unknown,
    });
    const statement = 'both have a circle';
    const { raw } = await server.model.compare([SHAPES, SHAPES], statement);
    expect(await ask('/v1/compare', { images: [id, id], statement })).toMatchObject({ raw });
  });

  it("OpenAI's", async () => {
    const { id } = await upload();
    const user = (part: object) => [
      { role: 'user', content: [part, { type: 'text', text: 'caption en' }] },
    ];
    for (const image_url of [id, { url: id }]) {
      const messages = user({ type: 'image_url', image_url });
      expect(await ask('/v1/chat/completions', { messages })).toMatchObject({
        choices: [{ message: { content: CAPTION } }],
      });
    }
    for (const named of [{ image_url: id }, { file_id: id }, { image_url: null, file_id: id }]) {
      const input = user({ type: 'input_image', ...named });
      expect(await ask('/v1/responses', { input })).toMatchObject({
        output: [{ content: [{ text: CAPTION }] }],
      });
    }
  });

  it('decisions, System One and Roboflow', async () => {
    const { id } = await upload();
    const input = [{ role: 'user', content: [{ type: 'input_image', file_id: id }] }];
    const questions = [{ type: 'predicate', instructions: CIRCLE }];
    const one = (await ask('/v1/decisions', { input, questions })) as {
      readonly answers: readonly { readonly probability: number }[];
    };
    const assets = { photo: { data_base64: id } };
    const it_ = { type: 'noul', instructions: CIRCLE };
    expect(await ask('/v1/systemone', { assets, questions: { it: it_ } })).toMatchObject({
      answers: { it: { noul: one.answers[0]?.probability } },
    });
    for (const type of ['base64', 'url']) {
      const image = { type, value: id };
      const body = { model_id: 'paligemma', image, prompt: 'caption en' };
      expect(await ask('/infer/lmm', body)).toMatchObject({ response: CAPTION });
    }
  });

  it('and says in its own shape that it is not there', async () => {
    const messages = [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'img_unknown' } }] },
    ];
    const answer = await server.post('/v1/chat/completions', { messages });
    expect([answer.status, await answer.json()]).toMatchObject([
      ...[404, { error: { code: 'ERR_REQUEST_UPLOAD', param: 'messages' } }],
    ]);
  });
});

it('the second question about it needs no encoder', async () => {
  const fresh = await startServer();
  const { id } = await upload(fresh);
  for (const question of [COLOUR, 'how many shapes are there?']) {
    expect((await fresh.post('/v1/ask', { image: id, question })).status).toBe(200);
  }
  expect(await metric(fresh, 'paligemma_pictures_total', { from: 'encoder' })).toBe(1);
  expect(await metric(fresh, 'paligemma_pictures_total', { from: 'cache' })).toBe(1);
});

it('a model in a process of its own answers about it as well', async () => {
  const own = { file: DEMO_MODEL, isolate: 'process' } as const;
  const isolated = await startServer({ models: { own } }, {}, compiled as never);
  const questions = [
    { type: 'predicate', instructions: CIRCLE },
    { type: 'box', instructions: 'white circle' },
  ];
  const answersOf = async (one: TestServer): Promise<unknown> => {
    const part = { type: 'input_image', file_id: (await upload(one)).id };
    const input = [{ role: 'user', content: [part] }];
    const answer = await one.post('/v1/decisions', { input, questions });
    return ((await answer.json()) as { readonly answers: unknown }).answers;
  };
  const answers = await answersOf(isolated);
  expect(answers).toMatchObject([{ type: 'predicate' }, { type: 'box' }]);
  expect(answers).toEqual(await answersOf(server));
});

describe('keys', () => {
  const [mine, other] = ['a-key-of-mine', 'a-key-of-others'];
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  it('have uploads of their own', async () => {
    const locked = await startServer({ model: server.model, keys: [mine, other] });
    expect((await locked.post('/v1/images', SHAPES)).status).toBe(401);
    const { id } = await upload(locked, bearer(mine));
    const path = `/v1/images/${id}`;
    const gone = [404, 'ERR_REQUEST_UPLOAD'];
    expect(await codeOf(await locked.get(path, bearer(other)))).toEqual(gone);
    expect(await codeOf(await remove(id, locked, bearer(other)))).toEqual(gone);
    const asked = { image: id };
    expect(await codeOf(await locked.post('/v1/caption', asked, bearer(other)))).toEqual(gone);
    expect((await locked.get(path)).status).toBe(401);
    expect((await locked.get(path, { 'x-api-key': mine })).status).toBe(200);
    expect((await locked.post('/v1/caption', asked, bearer(mine))).status).toBe(200);
    // In the body, as clients of Roboflow send it.
    const image = { type: 'url', value: id };
    const infer = (api_key: string) =>
      locked.post('/infer/lmm', { model_id: 'paligemma', image, prompt: 'caption en', api_key });
    expect([(await infer(mine)).status, (await infer(other)).status]).toEqual([200, 404]);
  });
});

describe('what is kept is bounded', () => {
  it('in bytes: one more is refused until there is room', async () => {
    const room = 2 * (SHAPES.length + 1024);
    const small = await startServer({ model: server.model, maxUploadBytes: room });
    const first = await upload(small);
    await upload(small);
    expect(await metric(small, 'paligemma_uploads')).toBe(2);
    expect(await metric(small, 'paligemma_upload_bytes')).toBe(room);
    const full = await small.post('/v1/images', SHAPES);
    expect(await codeOf(full)).toEqual([507, 'ERR_UPLOADS_FULL']);
    const wait = Number(full.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(3601);
    // None of the others is lost.
    expect((await small.get(`/v1/images/${first.id}`)).status).toBe(200);
    await remove(first.id, small);
    expect(await metric(small, 'paligemma_upload_bytes')).toBe(room / 2);
    await upload(small);
  });

  it('in bytes of one, before it is decoded', async () => {
    for (const maxUploadBytes of [0, SHAPES.length]) {
      const small = await startServer({ model: server.model, maxUploadBytes });
      expect(await codeOf(await small.post('/v1/images', SHAPES.subarray(0, 400)))).toEqual(
        maxUploadBytes === 0 ? [413, 'ERR_REQUEST_TOO_LARGE'] : [400, 'ERR_IMAGE_CORRUPT'],
      );
      expect(await codeOf(await small.post('/v1/images', SHAPES))).toEqual([
        ...[413, 'ERR_REQUEST_TOO_LARGE'],
      ]);
    }
  });

  it('in time', async () => {
    const short = await startServer({ model: server.model, uploadMs: 50 });
    const { id } = await upload(short);
    await vi.waitFor(async () => {
      expect(await metric(short, 'paligemma_uploads')).toBe(0);
    });
    expect(await metric(short, 'paligemma_upload_bytes')).toBe(0);
    expect(await codeOf(await short.get(`/v1/images/${id}`))).toEqual([
      ...[404, 'ERR_REQUEST_UPLOAD'],
    ]);
  });

  it('when its client leaves before the picture is there', async () => {
    const before = await metric(server, 'paligemma_uploads');
    const socket = await openSocket(server.port);
    const head = `POST /v1/images HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${SHAPES.length}\r\n\r\n`;
    socket.write(head);
    socket.write(SHAPES.subarray(0, 400));
    await vi.waitFor(async () => {
      expect(await metric(server, 'paligemma_requests_inside')).toBe(1);
    });
    socket.destroy();
    await vi.waitFor(async () => {
      expect(await metric(server, 'paligemma_requests_inside')).toBe(0);
    });
    expect(await metric(server, 'paligemma_uploads')).toBe(before);
  });
});

it('answers what /openapi.json says', async () => {
  const document = (await (await server.get('/openapi.json')).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  };
  const ajv = new Ajv2020({ strict: false, formats: { binary: true } });
  const check = async (answer: Response, path: string, method: string): Promise<unknown> => {
    const responses = document.paths[path]?.[method]?.responses;
    const described = responses?.[String(answer.status)] ?? responses?.['default'];
    const validate = ajv.compile(described?.content['application/json'].schema ?? false);
    const body: unknown = await answer.json();
    expect([validate(body), validate.errors]).toEqual([true, null]);
    return body;
  };
  const sent = await server.post('/v1/images', SHAPES);
  const { id } = (await check(sent, '/v1/images', 'post')) as Upload;
  await check(await server.post('/v1/images', {}), '/v1/images', 'post');
  await check(await server.get(`/v1/images/${id}`), '/v1/images/{id}', 'get');
  await check(await remove(id), '/v1/images/{id}', 'delete');
  await check(await remove(id), '/v1/images/{id}', 'delete');
});

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: { readonly 'application/json': { schema: object } } }>
  >;
}
