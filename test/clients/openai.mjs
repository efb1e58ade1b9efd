// The official client of OpenAI against our server: chat completions, responses, decisions, models, streams,
// errors and retries.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { requireClient, runTests } from './tests.mjs';

const { default: OpenAI } = requireClient('openai');

const { URL_OF, BUSY, KEY, PICTURE } = process.env;
const CAPTION = 'an orange triangle, a white circle and a yellow square';
const url = `data:image/png;base64,${readFileSync(PICTURE).toString('base64')}`;
const client = new OpenAI({ baseURL: `${URL_OF}/v1`, apiKey: KEY });
const model = 'paligemma';
const ask = (text, image = url) => ({
  model,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text },
        { type: 'image_url', image_url: { url: image, detail: 'auto' } },
      ],
    },
  ],
});

const respond = (text) => ({
  model,
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text },
        { type: 'input_image', image_url: url, detail: 'auto' },
      ],
    },
  ],
});

const decision = (questions) => ({
  model,
  input: [{ role: 'user', content: [{ type: 'input_image', image_url: url, detail: 'auto' }] }],
  questions,
});

const tests = {
  async 'a completion'() {
    const answer = await client.chat.completions.create(ask('caption en'));
    assert.equal(answer.choices[0].message.content, CAPTION);
    assert.equal(answer.choices[0].finish_reason, 'stop');
    assert.equal(answer.usage.completion_tokens, 11);
    assert.ok(answer._request_id);
    assert.equal(answer.paligemma.task, 'generate');
  },
  async 'a streamed completion'() {
    const stream = await client.chat.completions.create({
      ...{ ...ask('caption en'), stream: true, stream_options: { include_usage: true } },
    });
    let [text, usage] = ['', undefined];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.deepEqual([text, usage.completion_tokens], [CAPTION, 11]);
  },
  async 'the helper that collects a stream'() {
    const runner = client.chat.completions.stream({
      ...{ ...ask('caption en'), logprobs: true, top_logprobs: 2 },
    });
    const { choices } = await runner.finalChatCompletion();
    assert.equal(choices[0].message.content, CAPTION);
    assert.equal(choices[0].logprobs.content.map(({ token }) => token).join(''), CAPTION);
  },
  async 'a stream that is left'() {
    const stream = await client.chat.completions.create({ ...ask('caption en'), stream: true });
    for await (const _ of stream) break;
    assert.equal(stream.controller.signal.aborted, true);
  },
  async 'parsed JSON'() {
    const schema = {
      ...{ type: 'object', additionalProperties: false, required: ['colour'] },
      properties: { colour: { type: 'string', description: 'what color is the circle?' } },
    };
    const answer = await client.chat.completions.parse({
      ...ask(''),
      response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } },
    });
    assert.equal(typeof answer.choices[0].message.parsed.colour, 'string');
  },
  async 'a task'() {
    const answer = await client.chat.completions.create({
      ...{ ...ask(''), paligemma: { task: 'detect', labels: ['white circle'] } },
    });
    assert.equal(answer.paligemma.detections[0].label, 'white circle');
  },
  async 'a bad picture'() {
    const error = await failure(complete(ask('caption en', 'data:image/png;base64,AAAA')));
    assert.ok(error instanceof OpenAI.APIError);
    assert.deepEqual([error.code, error.param], ['ERR_IMAGE_FORMAT', 'messages']);
    assert.ok(error.requestID);
  },
  async 'a bad request, whole and streamed'() {
    for (const stream of [false, true]) {
      const error = await failure(complete({ ...ask('caption en'), n: 2, stream }));
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'n');
    }
  },
  async 'a wrong key'() {
    const other = new OpenAI({ baseURL: `${URL_OF}/v1`, apiKey: 'not-the-key' });
    const error = await failure(complete(ask('caption en'), other));
    assert.ok(error instanceof OpenAI.AuthenticationError);
  },
  async 'an unknown model'() {
    const error = await failure(complete({ ...ask('caption en'), model: 'gpt-4o' }));
    assert.ok(error instanceof OpenAI.NotFoundError);
  },
  async 'a full server, which is asked again'() {
    const patient = new OpenAI({ baseURL: `${BUSY}/v1`, apiKey: 'none', maxRetries: 2 });
    const answer = await patient.chat.completions.create(ask('caption en'));
    assert.equal(answer.choices[0].message.content, CAPTION);
  },
  async 'a response'() {
    const answer = await client.responses.create(respond('caption en'));
    assert.deepEqual([answer.output_text, answer.status], [CAPTION, 'completed']);
    assert.equal(answer.usage.output_tokens, 11);
  },
  async 'a streamed response'() {
    const stream = await client.responses.create({ ...respond('caption en'), stream: true });
    let text = '';
    for await (const event of stream)
      if (event.type === 'response.output_text.delta') text += event.delta;
    assert.equal(text, CAPTION);
  },
  async 'the helper that collects the events of a response'() {
    const answer = await client.responses.stream(respond('caption en')).finalResponse();
    assert.deepEqual([answer.output_text, answer.status], [CAPTION, 'completed']);
  },
  async 'a response that needs a state'() {
    const body = { ...respond('caption en'), previous_response_id: 'resp_1' };
    const error = await failure(client.responses.create(body));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, 'previous_response_id');
  },
  async 'a decision about a picture'() {
    const { answers, usage } = await client.decisions.create(
      decision([
        { type: 'predicate', name: 'circle', instructions: 'is there a white circle?' },
        {
          ...{ type: 'choice', instructions: 'what color is the circle?' },
          choices: [{ value: 'blue' }, { value: 'orange' }, { value: true, description: 'red' }],
        },
        {
          ...{ type: 'score', instructions: 'how many shapes are there?' },
          levels: [{ label: '1' }, { label: '2' }, { label: '3', description: 'three' }],
        },
      ]),
    );
    const [predicate, choice, score] = answers;
    assert.equal(predicate.name, 'circle');
    assert.ok(predicate.probability > 0 && predicate.probability < 1);
    assert.equal(choice.choice, 'orange');
    assert.deepEqual(
      choice.probabilities.map(({ value }) => value),
      ['blue', 'orange', true],
    );
    assert.ok(score.score > 1.5 && score.score <= 2);
    for (const { probabilities } of [choice, score]) {
      const sum = probabilities.reduce((all, { probability }) => all + probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-9);
    }
    assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
  },
  async 'a decision that cannot be asked'() {
    const questions = [{ type: 'predicate', instructions: '' }];
    const error = await failure(client.decisions.create(decision(questions)));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, 'questions[0].instructions');
  },
  async models() {
    const ids = [];
    for await (const one of client.models.list()) ids.push(one.id);
    assert.deepEqual(ids, [model]);
    assert.equal((await client.models.retrieve(model)).id, model);
    await assert.rejects(client.models.retrieve('google/paligemma'), OpenAI.NotFoundError);
  },
};

async function complete(body, from = client) {
  const answer = await from.chat.completions.create(body);
  if (body.stream) for await (const _ of answer);
}

const failure = (request) =>
  request.then(
    () => assert.fail('the request succeeded'),
    (error) => error,
  );

await runTests(tests);
