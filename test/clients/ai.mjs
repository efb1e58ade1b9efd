// The AI SDK with its provider for servers like OpenAI's, against our server: texts, streams, objects, errors, retries, and
// requests that are given up.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { requireClient, runTests } from './tests.mjs';

const { createOpenAICompatible } = requireClient('@ai-sdk/openai-compatible');
const { APICallError, generateObject, generateText, jsonSchema, Output, streamText } =
  requireClient('ai');

const { URL_OF, BUSY, KEY, PICTURE } = process.env;
const CAPTION = 'an orange triangle, a white circle and a yellow square';
const picture = readFileSync(PICTURE);

const provider = (url, options = {}) =>
  createOpenAICompatible({
    ...{ name: 'paligemma', baseURL: `${url}/v1`, apiKey: KEY, includeUsage: true },
    ...{ supportsStructuredOutputs: true, ...options },
  });
const model = provider(URL_OF)('paligemma');
/** What a call sends: a question about the picture. */
const ask = (text, image = picture, mediaType = 'image/png') => ({
  model,
  maxRetries: 0,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text },
        { type: 'file', data: image, mediaType },
      ],
    },
  ],
});
const FORM = jsonSchema({
  type: 'object',
  properties: { shapes: { type: ['integer', 'null'] }, colour: { type: ['string', 'null'] } },
  required: ['shapes', 'colour'],
  additionalProperties: false,
});

const tests = {
  async 'a text'() {
    const { text, finishReason, usage, response } = await generateText(ask('caption en'));
    assert.deepEqual([text, finishReason, usage.outputTokens], [CAPTION, 'stop', 11]);
    assert.equal(response.modelId, 'paligemma');
  },
  async 'a streamed text'() {
    const pieces = [];
    const result = streamText(ask('caption en'));
    for await (const piece of result.textStream) pieces.push(piece);
    assert.equal(pieces.join(''), CAPTION);
    assert.ok(pieces.length > 1);
    assert.deepEqual([await result.finishReason, (await result.usage).outputTokens], ['stop', 11]);
  },
  async 'an object of a schema'() {
    const { object } = await generateObject({ ...ask('read the form'), schema: FORM });
    assert.deepEqual(Object.keys(object), ['shapes', 'colour']);
    assert.ok(object.shapes === null || Number.isInteger(object.shapes));
  },
  async 'an object in the words of the newest release'() {
    const output = Output.object({ schema: FORM });
    const answer = await generateText({ ...ask('read the form'), output });
    assert.deepEqual(Object.keys(answer.output), ['shapes', 'colour']);
  },
  async 'one of several'() {
    const output = Output.choice({ options: ['circle', 'car'] });
    const answer = await generateText({ ...ask('what is in the picture?'), output });
    assert.equal(answer.output, 'circle');
  },
  async boxes() {
    const number = { type: 'number' };
    const edges = ['x_min', 'y_min', 'x_max', 'y_max', 'confidence'];
    const item = {
      type: 'object',
      properties: {
        ...Object.fromEntries(edges.map((edge) => [edge, number])),
        class_name: { type: 'string', enum: ['white circle', 'yellow square'] },
      },
      required: [...edges, 'class_name'],
      additionalProperties: false,
    };
    const schema = jsonSchema({
      type: 'object',
      properties: { detections: { type: 'array', items: item } },
      required: ['detections'],
      additionalProperties: false,
    });
    const { object } = await generateObject({ ...ask('find them'), schema });
    assert.deepEqual(
      object.detections.map((one) => one.class_name),
      ['white circle', 'yellow square'],
    );
  },
  async 'a task, by options of the provider'() {
    const providerOptions = {
      paligemma: { paligemma: { task: 'detect', labels: ['white circle'] } },
    };
    const answer = await generateText({
      ...{ ...ask(''), providerOptions, include: { responseBody: true } },
    });
    assert.equal(answer.response.body.paligemma.detections[0].label, 'white circle');
  },
  async 'a schema that cannot be guaranteed'() {
    const schema = jsonSchema({
      type: 'object',
      properties: { tree: { type: 'object', properties: { leaf: { type: 'object' } } } },
    });
    const error = await failure(() => generateObject({ ...ask('read it'), schema }));
    assert.deepEqual([error.statusCode, error.isRetryable], [400, false]);
    assert.equal(error.data.error.param, 'response_format');
  },
  async 'no picture at all'() {
    const error = await failure(() => generateText(ask('caption en', Buffer.from('no picture'))));
    assert.deepEqual([error.statusCode, error.data.error.code], [415, 'ERR_IMAGE_FORMAT']);
    assert.ok(error.responseHeaders['x-request-id']);
  },
  async 'a wrong key, whole and streamed'() {
    const other = provider(URL_OF, { apiKey: 'not-the-key' })('paligemma');
    const error = await failure(() => generateText({ ...ask('caption en'), model: other }));
    assert.deepEqual([error.statusCode, error.isRetryable], [401, false]);
    const streamed = [];
    const onError = ({ error }) => streamed.push(error);
    await streamText({ ...ask('caption en'), model: other, onError }).consumeStream();
    assert.deepEqual([streamed.at(-1)?.statusCode], [401]);
  },
  async 'an unknown model'() {
    const other = provider(URL_OF)('gpt-4o');
    const error = await failure(() => generateText({ ...ask('caption en'), model: other }));
    assert.equal(error.statusCode, 404);
  },
  async 'a full server, which is asked again'() {
    const busy = provider(BUSY)('paligemma');
    const call = { ...ask('caption en'), model: busy, maxRetries: 2 };
    assert.equal((await generateText(call)).text, CAPTION);
  },
  async 'a stream that is given up'() {
    const control = new AbortController();
    let aborted = false;
    const onAbort = () => {
      aborted = true;
    };
    const { textStream } = streamText({
      ...{ ...ask('caption en'), abortSignal: control.signal, onAbort },
    });
    for await (const _ of textStream) control.abort();
    assert.ok(aborted);
  },
  async 'a text that is given up before it begins'() {
    const call = { ...ask('caption en'), abortSignal: AbortSignal.abort() };
    await assert.rejects(generateText(call), { name: 'AbortError' });
  },
};

async function failure(call) {
  try {
    await call();
  } catch (error) {
    assert.ok(APICallError.isInstance(error), error.stack);
    return error;
  }
  throw new assert.AssertionError({ message: 'the request succeeded' });
}

await runTests(tests);
