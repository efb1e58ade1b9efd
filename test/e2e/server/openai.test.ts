/** The routes of OpenAI's APIs over real HTTP, as a client sees them that sends JSON by hand. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { CAPTION, COLOUR, DATA_URL, SHAPES, startServer, useServer } from '../../support/server.js';

const server = useServer({ onNote: () => {} });

interface Completion {
  readonly object: string;
  readonly model: string;
  readonly choices: readonly {
    readonly message: { readonly content: string | null; readonly refusal: string | null };
    readonly finish_reason: string;
    readonly logprobs: { readonly content: readonly Entry[] } | null;
  }[];
  readonly usage: Readonly<Record<string, number>>;
  readonly paligemma: Readonly<Record<string, unknown>> & { readonly notes: readonly string[] };
}
interface Entry {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
  readonly top_logprobs?: readonly Entry[];
}
interface Failed {
  readonly error: Readonly<Record<'message' | 'type' | 'param' | 'code', string | null>>;
}

const asked = (text: string, url: unknown = { url: DATA_URL }) => [
  {
    role: 'user',
    content: [
      { type: 'image_url', image_url: url },
      { type: 'text', text },
    ],
  },
];

async function complete(text: string, more: object = {}): Promise<Completion> {
  const answer = await server.post('/v1/chat/completions', { messages: asked(text), ...more });
  const body = (await answer.json()) as Completion;
  expect([answer.status, body]).toEqual([200, expect.anything()]);
  return body;
}

async function refused(body: object): Promise<[number, Failed['error'], Response]> {
  const answer = await server.post('/v1/chat/completions', body);
  return [answer.status, ((await answer.json()) as Failed).error, answer];
}

const contentOf = ({ choices }: Completion): string => choices[0]?.message.content ?? '';

describe('chat completions', () => {
  it('answer what the model answers, with usage', async () => {
    const { usage } = await server.model.generate(SHAPES, 'caption en');
    const body = await complete('caption en');
    expect(body).toMatchObject({
      ...{ object: 'chat.completion', model: 'paligemma' },
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: CAPTION, refusal: null },
          finish_reason: 'stop',
          logprobs: null,
        },
      ],
      usage: {
        prompt_tokens: usage.promptTokens + usage.imageTokens,
        completion_tokens: usage.completionTokens,
        total_tokens: usage.promptTokens + usage.imageTokens + usage.completionTokens,
      },
      paligemma: { task: 'generate', prompt: 'caption en', raw: CAPTION, notes: [] },
    });
  });

  it('take pictures however clients write them', async () => {
    const data = SHAPES.toString('base64');
    const ways = [
      DATA_URL,
      { url: `data:;base64,${data}` },
      { url: `DATA:IMAGE/JPEG;BASE64,${data}` },
      { url: DATA_URL, detail: 'high' },
    ];
    for (const url of ways) {
      const answer = await server.post('/v1/chat/completions', {
        messages: asked('caption en', url),
      });
      expect([answer.status, contentOf((await answer.json()) as Completion)]).toEqual([
        200,
        CAPTION,
      ]);
    }
  });

  it('ignore what they do not know and what is null', async () => {
    const body = await complete('caption en', {
      ...{ user: 'me', store: true, metadata: {}, parallel_tool_calls: true, tools: [] },
      ...{ temperature: null, max_tokens: null, stop: null, response_format: null, n: null },
      ...{ tool_choice: 'none', presence_penalty: 0, paligemma: null, logit_bias: {} },
    });
    expect(contentOf(body)).toBe(CAPTION);
  });

  it('keep boxes as the model wrote them, and read them beside', async () => {
    const prompt = 'detect white circle ; yellow square';
    const { text } = await server.model.generate(SHAPES, prompt);
    const body = await complete(prompt);
    expect(contentOf(body)).toBe(text);
    expect(body.paligemma['detections']).toMatchObject([
      { label: 'white circle' },
      { label: 'yellow square' },
    ]);
  });

  it('make a question into a trained prompt, unless they must not', async () => {
    const question = 'What color is the circle?';
    const auto = await complete(question);
    expect(auto.paligemma['prompt']).toBe(`answer en ${question}`);
    expect(auto.paligemma.notes.join()).toContain(`answer en ${question}`);
    const verbatim = await complete(question, { paligemma: { prompt_mode: 'verbatim' } });
    expect(verbatim.paligemma['prompt']).toBe(question);
    const [status, error] = await refused({
      ...{ messages: asked(question), paligemma: { prompt_mode: 'strict' } },
    });
    expect([status, error.param]).toEqual([400, 'messages']);
  });

  it('answer the last message of the user, about the last picture', async () => {
    const answer = await server.post('/v1/chat/completions', {
      messages: [
        { role: 'system', content: 'You are a pirate.' },
        ...asked('caption en'),
        { role: 'assistant', content: CAPTION },
        { role: 'user', content: 'ocr' },
      ],
    });
    const { paligemma } = (await answer.json()) as Completion;
    expect(paligemma['prompt']).toBe('ocr');
    expect(paligemma.notes).toHaveLength(2);
  });

  it('end at a text, and after so many tokens, which may be more than the context has', async () => {
    expect(contentOf(await complete('caption en', { stop: [' and', 'xyz'] }))).toBe(
      'an orange triangle, a white circle',
    );
    const short = await complete('caption en', { max_completion_tokens: 2 });
    expect([contentOf(short), short.choices[0]?.finish_reason]).toEqual(['an orange', 'length']);
    for (const max_tokens of [4096, 1_000_000]) {
      expect(contentOf(await complete('caption en', { max_tokens }))).toBe(CAPTION);
    }
  });

  it('tell the probability of each token', async () => {
    const { tokens, logprobs } = await server.model.generate(SHAPES, 'caption en');
    const body = await complete('caption en', { logprobs: true, top_logprobs: 2 });
    const entries = body.choices[0]?.logprobs?.content ?? [];
    expect(entries).toHaveLength(tokens.length);
    expect(entries.map(({ token }) => token).join('')).toBe(CAPTION);
    for (const [i, { logprob, bytes, token, top_logprobs = [] }] of entries.entries()) {
      expect(logprob).toBeCloseTo(logprobs[i] ?? 0, 4);
      expect(Buffer.from(bytes ?? []).toString()).toBe(token);
      expect(top_logprobs).toHaveLength(2);
      expect(top_logprobs[0]?.token).toBe(token);
    }
  });

  it('run a task in place of the prompt', async () => {
    const body = await complete('', {
      paligemma: { task: 'detect', labels: ['white circle'], options: { minScore: 0.1 } },
    });
    const { detections } = await server.model.detect(SHAPES, ['white circle'], { minScore: 0.1 });
    expect(body.paligemma['detections']).toEqual(JSON.parse(JSON.stringify(detections)));
    const labels = ['orange', 'blue', 'white'];
    const choice = await complete(COLOUR, { paligemma: { task: 'classify', labels } });
    expect(contentOf(choice)).toBe(
      (await server.model.classify(SHAPES, labels, { question: COLOUR })).label,
    );
    const ask = await complete(COLOUR, { paligemma: { task: 'ask' } });
    expect(ask.paligemma['prompt']).toBe(`answer en ${COLOUR}`);
  });
});

describe('streams', () => {
  const events = async (more: object, text = 'caption en'): Promise<readonly string[]> => {
    const answer = await server.post('/v1/chat/completions', {
      ...{ messages: asked(text), stream: true },
      ...more,
    });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    return (await answer.text())
      .split('\n\n')
      .filter((event) => event.startsWith('data: '))
      .map((event) => event.slice('data: '.length));
  };

  it('send the same answer in pieces, then the reason, the usage and the end', async () => {
    const whole = await complete('caption en');
    const all = await events({ stream_options: { include_usage: true } });
    expect(all.at(-1)).toBe('[DONE]');
    const chunks = all.slice(0, -1).map((data) => JSON.parse(data) as Chunk);
    const deltas = chunks.map(({ choices }) => choices[0]?.delta);
    expect(deltas[0]).toEqual({ role: 'assistant', content: '' });
    expect(deltas.map((delta) => delta?.content ?? '').join('')).toBe(CAPTION);
    expect(deltas.length).toBeGreaterThan(5);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason ?? null).filter(Boolean)).toEqual([
      'stop',
    ]);
    const { prompt_tokens, completion_tokens } = whole.usage;
    expect(chunks.at(-1)).toMatchObject({
      ...{ choices: [], usage: { prompt_tokens, completion_tokens } },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('send what a task generates as it comes', async () => {
    const all = await events({ paligemma: { task: 'caption' } }, '');
    expect(all.length).toBeGreaterThan(8);
    const more = await events({ paligemma: { task: 'detect', labels: ['white circle'] } }, '');
    const text = (data: readonly string[]) =>
      data
        .slice(0, -1)
        .map((one) => (JSON.parse(one) as Chunk).choices[0]?.delta?.content ?? '')
        .join('');
    const { raw } = await server.model.detect(SHAPES, 'white circle');
    expect([text(all), text(more)]).toEqual([CAPTION, raw]);
  });

  it('end at a text that comes in several pieces', async () => {
    const all = await events({ stop: ' circle and' });
    const text = all
      .slice(0, -1)
      .map((data) => (JSON.parse(data) as Chunk).choices[0]?.delta?.content ?? '')
      .join('');
    expect(text).toBe('an orange triangle, a white');
  });

  it('of a bad picture are no streams but failures', async () => {
    const url = `data:image/png;base64,${SHAPES.subarray(0, 400).toString('base64')}`;
    const [status, error] = await refused({ messages: asked('caption en', url), stream: true });
    expect([status, error.param]).toEqual([400, 'messages']);
  });
});

interface Chunk {
  readonly id: string;
  readonly usage?: object | null;
  readonly choices: readonly {
    readonly delta?: { readonly content?: string };
    readonly finish_reason: string | null;
  }[];
}

describe('response_format', () => {
  const format = (schema: object) => ({
    response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } },
  });
  const text = { type: 'string' };
  const strict = { additionalProperties: false };

  it('reads the fields of a flat object', async () => {
    const properties = {
      colour: { ...text, description: COLOUR },
      total: { type: ['null', 'number'] },
      sum: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    };
    const schema = { type: 'object', properties, required: ['colour', 'total', 'sum'], ...strict };
    const body = await complete('', format(schema));
    const { fields } = await server.model.extract(SHAPES, {
      colour: { type: 'text', question: COLOUR },
      total: 'number',
      sum: 'number',
    });
    expect(JSON.parse(contentOf(body))).toEqual({
      ...{ colour: fields.colour.raw, total: fields.total.value, sum: fields.sum.value },
    });
  });

  it('refuses to make up a value that cannot be null', async () => {
    const properties = { colour: { type: 'integer', description: COLOUR } };
    const schema = { type: 'object', properties, required: ['colour'], ...strict };
    const [choice] = (await complete('', format(schema))).choices;
    expect(choice?.message).toMatchObject({
      ...{ content: null, refusal: expect.stringContaining('colour') as unknown },
    });
  });

  it('chooses among an enum', async () => {
    const among = { ...text, enum: ['orange', 'blue', 'white'] };
    const { label } = await server.model.classify(SHAPES, among.enum, { question: COLOUR });
    const object = { type: 'object', properties: { colour: among }, required: ['colour'] };
    expect(JSON.parse(contentOf(await complete(COLOUR, format(object))))).toEqual({
      colour: label,
    });
    expect(JSON.parse(contentOf(await complete(COLOUR, format(among))))).toBe(label);
  });

  const boxes = (number: object, name: object) => {
    const properties = {
      ...{ x_min: number, y_min: number, x_max: number, y_max: number },
      ...{ class_name: name, confidence: number },
    };
    const items = { type: 'object', properties, required: Object.keys(properties), ...strict };
    return {
      ...{ type: 'object', properties: { detections: { type: 'array', items } } },
      required: ['detections'],
    };
  };

  it.each([
    ['an enum', { ...text, enum: ['white circle'] }],
    ['a constant', { ...text, const: 'white circle' }],
  ])('keeps bounds from 0 to 1, and finds what %s of one value names', async (_, name) => {
    const schema = boxes({ type: 'number', minimum: 0, maximum: 1 }, name);
    const answer = JSON.parse(contentOf(await complete('', format(schema)))) as object;
    const { detections } = await server.model.detect(SHAPES, 'white circle');
    expect(detections.length).toBeGreaterThan(0);
    expect(answer).toEqual({ detections: detections.map(() => expect.any(Object) as unknown) });
    const validate = new Ajv2020({ strict: false }).compile(schema);
    expect([validate(answer), validate.errors]).toEqual([true, null]);
    const one = { type: 'object', properties: { kind: name }, required: ['kind'] };
    expect(JSON.parse(contentOf(await complete('', format(one))))).toEqual({
      kind: 'white circle',
    });
  });

  it('writes boxes between 0 and 1', async () => {
    const schema = boxes({ type: 'number' }, text);
    const body = await complete('detect white circle ; yellow square', format(schema));
    const { detections, image } = await server.model.detect(SHAPES, [
      'white circle',
      'yellow square',
    ]);
    expect(JSON.parse(contentOf(body))).toEqual({
      detections: detections.map(({ box, label, score }) => ({
        ...{ x_min: box.xmin / image.width, y_min: box.ymin / image.height },
        ...{ x_max: box.xmax / image.width, y_max: box.ymax / image.height },
        ...{ class_name: label, confidence: score },
      })),
    });
  });

  it('reads words', async () => {
    const words = { type: 'array', items: text };
    const { words: found } = await server.model.ocr(SHAPES);
    expect(JSON.parse(contentOf(await complete('', format(words))))).toEqual(
      found.map((word) => word.text),
    );
  });

  it('refuses shapes that cannot be guaranteed', async () => {
    const nested = { type: 'object', properties: { a: { type: 'object' } } };
    for (const response_format of [
      { type: 'json_object' },
      format(nested).response_format,
      format(boxes({ type: 'number', minimum: 0.5 }, text)).response_format,
      format(boxes({ type: 'number', maximum: 0 }, text)).response_format,
      format(boxes({ type: 'number' }, { ...text, minimum: 0 })).response_format,
      format({ ...text, enum: [] }).response_format,
      format({ ...text, enum: ['a'], const: 'a' }).response_format,
      format({ type: 'object', properties: { a: { ...text, pattern: '^x$' } } }).response_format,
      format({ type: 'object', properties: { a: { type: 'constructor' } } }).response_format,
      { type: 'json_schema' },
      'json',
    ]) {
      const [status, error] = await refused({ messages: asked('ocr'), response_format });
      expect([status, error.param, error.code]).toEqual([
        ...[400, 'response_format', 'unsupported_response_format'],
      ]);
    }
  });
});

describe('failures', () => {
  it('have the shape of the API and name the field', async () => {
    const good = { messages: asked('caption en') };
    const cases: readonly [object, number, string | null][] = [
      [{}, 400, 'messages'],
      [{ messages: [] }, 400, 'messages'],
      [{ messages: 'caption en' }, 400, 'messages'],
      [{ messages: [null] }, 400, 'messages'],
      [{ messages: [{ role: 'user', content: 'caption en' }] }, 400, 'messages'],
      [{ messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, 400, 'messages'],
      [{ messages: asked('caption en', { url: 'cat.jpg' }) }, 400, 'messages'],
      [{ messages: asked('caption en', { url: 'https://example.com/a.png' }) }, 400, 'messages'],
      [{ messages: asked('caption en', { url: 'data:image/png;base64,AAAA' }) }, 415, 'messages'],
      [{ ...good, n: 2 }, 400, 'n'],
      [{ ...good, temperature: 3 }, 422, 'temperature'],
      [{ ...good, tools: [{ type: 'function' }] }, 400, 'tools'],
      [{ ...good, audio: { voice: 'x' } }, 400, 'audio'],
      [{ ...good, stop: [1] }, 400, 'stop'],
      [{ ...good, stream: true, stream_options: 5 }, 400, 'stream_options'],
      [{ ...good, paligemma: [] }, 400, 'paligemma'],
      [{ ...good, paligemma: { options: 7 } }, 400, 'paligemma.options'],
      [{ ...good, paligemma: { options: { constructor: 7 } } }, 422, 'constructor'],
      [{ ...good, paligemma: { task: 'ocr', annotate: 'png' } }, 422, 'annotate'],
      [{ ...good, model: 'gpt-4o' }, 404, 'model'],
      [{ ...good, paligemma: { task: 'video' } }, 422, 'task'],
      [{ ...good, paligemma: { task: 'detect', labels: ['a'], lables: 1 } }, 422, 'lables'],
    ];
    for (const [body, status, param] of cases) {
      const [found, error, answer] = await refused(body);
      const label = JSON.stringify(body).slice(0, 80);
      expect([label, found, error.param]).toEqual([label, status, param]);
      expect(error.code).toMatch(/^ERR_/);
      expect([typeof error.message, typeof error.type]).toEqual(['string', 'string']);
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    }
  });

  it('that pass are tried again', async () => {
    const key = 'a-key-of-ours';
    const busy = await startServer({ model: server.model, keys: [key], requestsPerMinute: 1 });
    const body = { messages: asked('caption en') };
    const headers = { authorization: `Bearer ${key}` };
    expect((await busy.post('/v1/chat/completions', body, headers)).status).toBe(200);
    const refusal = await busy.post('/v1/chat/completions', body, headers);
    const { error } = (await refusal.json()) as Failed;
    expect([refusal.status, error.type]).toEqual([429, 'rate_limit_error']);
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refusal.headers.get('x-should-retry')).toBe(null);
  });

  it('of a key say so', async () => {
    const locked = await startServer({ model: server.model, keys: ['a-key-of-ours'] });
    const answer = await locked.get('/v1/models');
    expect([answer.status, ((await answer.json()) as Failed).error.type]).toEqual([
      ...[401, 'authentication_error'],
    ]);
    const open = await locked.get('/v1/models', { authorization: 'Bearer a-key-of-ours' });
    expect(open.status).toBe(200);
  });
});

it('lists its models', async () => {
  const list = (await (await server.get('/v1/models')).json()) as { data: readonly object[] };
  expect(list).toMatchObject({ object: 'list', data: [{ id: 'paligemma', object: 'model' }] });
  expect(await (await server.get('/v1/models/paligemma')).json()).toEqual(list.data[0]);
  for (const id of ['google/paligemma', 'x']) {
    const none = await server.get(`/v1/models/${encodeURIComponent(id)}`);
    const { error } = (await none.json()) as Failed;
    expect([none.status, error.code, error.message]).toEqual([
      ...[404, 'ERR_REQUEST_MODEL', expect.stringContaining('the models are paligemma')],
    ]);
  }
});

it('a prompt that is too long is refused with the numbers that clients of llama-server read', async () => {
  const long = 'word '.repeat(3000);
  const picture = { type: 'image_url', image_url: { url: DATA_URL } };
  const body = { messages: [{ role: 'user', content: [{ type: 'text', text: long }, picture] }] };
  for (const stream of [false, true]) {
    const answer = await server.post('/v1/chat/completions', { ...body, stream, max_tokens: 4 });
    const { error } = (await answer.json()) as { error: Record<string, number> };
    expect([answer.status, error]).toMatchObject([
      400,
      { type: 'exceed_context_size_error', code: 'ERR_PROMPT_TOO_LONG', param: 'messages' },
    ]);
    expect(error['n_ctx']).toBe(server.model.info.contextLength);
    expect(error['n_prompt_tokens']).toBeGreaterThan(3000);
  }
});
