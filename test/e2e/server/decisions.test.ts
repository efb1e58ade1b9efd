/** OpenAI's decisions over real HTTP: the numbers are those of the methods. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import {
  CIRCLE,
  COLOUR,
  DATA_URL,
  metric,
  SHAPES,
  startServer,
  useServer,
} from '../../support/server.js';

const server = useServer({ onNote: () => {} });

const text = { type: 'input_text', text: 'A drawing.' };
const input = [{ role: 'user', content: [{ type: 'input_image', image_url: DATA_URL }] }];

interface Answer {
  readonly type: string;
  readonly name: string | null;
  readonly probability: number;
  readonly choice: string | boolean;
  readonly score: number;
  readonly confidence: number;
  readonly probabilities: readonly Readonly<{ value: unknown; probability: number }>[];
  readonly paligemma: Readonly<Record<'prompt' | 'coverage' | 'presence', unknown>>;
}
interface Decision {
  readonly model: string;
  readonly answers: readonly Answer[];
  readonly usage: Readonly<Record<string, number>> & {
    readonly input_tokens_details: Readonly<Record<string, number>>;
  };
  readonly paligemma: {
    readonly timings: Readonly<Record<string, number>>;
    readonly notes: readonly string[];
  };
}

async function decide(questions: readonly object[], more: object = {}): Promise<Decision> {
  const answer = await server.post('/v1/decisions', { input, questions, ...more });
  const body = (await answer.json()) as Decision;
  expect([answer.status, body]).toEqual([200, expect.anything()]);
  return body;
}

/** The answer to one question. */
async function one(question: object): Promise<Answer> {
  const [answer] = (await decide([question])).answers;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

const probabilitiesOf = ({ probabilities }: Answer) =>
  new Map(probabilities.map(({ value, probability }) => [value, probability]));

const sumOf = (answer: Answer): number =>
  answer.probabilities.reduce((sum, { probability }) => sum + probability, 0);

describe('a predicate', () => {
  it('has the probability of yes beside no, and how probable either is', async () => {
    const { distribution, coverage, prompt } = await server.model.classify(SHAPES, ['yes', 'no'], {
      ...{ question: CIRCLE, variants: false },
    });
    const yes = distribution.find(({ label }) => label === 'yes')?.probability;
    const answer = await one({ type: 'predicate', instructions: CIRCLE, name: 'circle' });
    expect(answer).toEqual({
      ...{ type: 'predicate', name: 'circle', probability: yes },
      paligemma: { prompt, coverage },
    });
    // The answer that is kept to yes or no, with its share of all answers.
    const asked = await server.model.ask(SHAPES, CIRCLE, { kind: 'yes-no' });
    const said = asked.text === 'yes' ? answer.probability : 1 - answer.probability;
    expect(said * coverage).toBeCloseTo(asked.score, 3);
  });

  it('may be in several texts and lines, and without a name', async () => {
    const [first, second] = CIRCLE.split(' a ');
    const parts = [first, `a\n${second}`].map((part) => ({ type: 'input_text', text: part }));
    const answer = await one({ type: 'predicate', instructions: parts, name: null });
    expect([answer.name, answer.paligemma.prompt]).toEqual([null, `answer en ${CIRCLE}`]);
  });
});

describe('a choice', () => {
  const choice = (choices: readonly object[]) => ({
    ...{ type: 'choice', instructions: COLOUR, choices },
  });

  it('has the probabilities of classify', async () => {
    const labels = ['blue', 'white', 'orange', 'red'];
    const { distribution, label, score, coverage } = await server.model.classify(SHAPES, labels, {
      question: COLOUR,
    });
    const answer = await one(choice(labels.map((value) => ({ value, description: null }))));
    expect([answer.choice, answer.paligemma.coverage]).toEqual([label, coverage]);
    expect(answer.probabilities.map(({ value }) => value)).toEqual(labels);
    for (const each of distribution) {
      expect(probabilitiesOf(answer).get(each.label)).toBeCloseTo(each.probability, 12);
    }
    expect(sumOf(answer)).toBeCloseTo(1, 12);
    expect(answer.confidence).toBeCloseTo((score - 1 / 4) / (1 - 1 / 4), 12);
  });

  it('keeps texts and booleans apart', async () => {
    const answer = await one(choice([{ value: 'true' }, { value: true }, { value: false }]));
    const { distribution, label } = await server.model.classify(SHAPES, ['true', 'yes', 'no'], {
      question: COLOUR,
    });
    const values = { true: 'true', yes: true, no: false };
    expect(answer.choice).toBe(values[label as 'yes']);
    for (const each of distribution) {
      const value: unknown = values[each.label as 'yes'];
      expect(probabilitiesOf(answer).get(value)).toBeCloseTo(each.probability, 12);
    }
    // True is asked for as "yes" unless that is one of the texts.
    const beside = await one(choice([{ value: 'yes' }, { value: true }]));
    const words = await server.model.classify(SHAPES, ['yes', 'true'], { question: COLOUR });
    expect(beside.choice).toBe(words.label === 'yes' ? 'yes' : true);
    expect(sumOf(beside)).toBeCloseTo(1, 12);
  });

  it('counts what a description says for its value', async () => {
    const options = { question: COLOUR };
    const all = await server.model.classify(SHAPES, ['a1', 'a2', 'orange', 'blue'], options);
    const of = (label: string) =>
      all.distribution.find((each) => each.label === label)?.probability ?? 0;
    const answer = await one(
      choice([
        { value: 'a1', description: 'orange' },
        { value: 'a2', description: 'blue' },
      ]),
    );
    expect(answer.choice).toBe('a1');
    expect(probabilitiesOf(answer).get('a1')).toBeCloseTo(of('a1') + of('orange'), 12);
    expect(probabilitiesOf(answer).get('a2')).toBeCloseTo(of('a2') + of('blue'), 12);
    // What is described alike, or as another value, is told apart by the values.
    const alike = await one(
      choice([
        { value: 'orange', description: 'a colour' },
        { value: 'blue', description: 'a colour' },
        { value: 'white', description: 'blue' },
      ]),
    );
    const plain = await one(choice(['orange', 'blue', 'white'].map((value) => ({ value }))));
    expect(alike).toEqual(plain);
  });

  it('takes as many as the API', async () => {
    const choices = Array.from({ length: 255 }, (_, i) => ({ value: `v${i}` }));
    const answer = await one(choice([...choices.slice(1), { value: 'orange' }]));
    expect([answer.choice, answer.probabilities.length]).toEqual(['orange', 255]);
    expect(sumOf(answer)).toBeCloseTo(1, 9);
  });
});

it('a score is the mean of its levels', async () => {
  const levels = ['1', '2', '3', '4'];
  const question = 'how many shapes are there?';
  const { distribution, score } = await server.model.classify(SHAPES, levels, { question });
  const answer = await one({
    ...{ type: 'score', instructions: question, levels: levels.map((label) => ({ label })) },
  });
  expect(answer.probabilities.map(({ value }) => value)).toEqual([0, 1, 2, 3]);
  const mean = distribution.reduce(
    (sum, each) => sum + levels.indexOf(each.label) * each.probability,
    0,
  );
  expect(answer.score).toBeCloseTo(mean, 9);
  expect(answer.confidence).toBeCloseTo((score - 1 / 4) / (1 - 1 / 4), 9);
  expect(sumOf(answer)).toBeCloseTo(1, 9);
});

it('a box is the best detection, and a refusal where nothing is found', async () => {
  const { detections, image, presence } = await server.model.detect(SHAPES, 'white circle');
  const [{ box, score } = { box: undefined, score: 0 }] = detections;
  const { answers } = await decide([
    { type: 'box', instructions: 'the white circle', name: 'circle' },
    { type: 'box', instructions: 'elephant', name: 'elephant' },
  ]);
  expect(answers[0]).toMatchObject({
    ...{ type: 'box', name: 'circle', confidence: score },
    box: {
      ...{ left: (box?.xmin ?? 0) / image.width, right: (box?.xmax ?? 0) / image.width },
      ...{ top: (box?.ymin ?? 0) / image.height, bottom: (box?.ymax ?? 0) / image.height },
    },
    paligemma: { prompt: 'detect white circle', presence: presence[0]?.presence },
  });
  const absent = await server.model.detect(SHAPES, 'elephant');
  expect(absent.detections).toEqual([]);
  expect(answers[1]).toEqual({
    ...{ type: 'refusal', name: 'elephant' },
    paligemma: { prompt: 'detect elephant', presence: absent.presence[0]?.presence },
  });
});

it('many questions are answered in their order, about a picture that is encoded once', async () => {
  const fresh = await startServer();
  const questions = Array.from({ length: 20 }, (_, i) => ({
    ...{ type: 'predicate', instructions: `is there a thing number ${i}?`, name: `q${i}` },
  }));
  const sent = await fresh.post('/v1/decisions', { input, questions });
  const { answers, usage, paligemma } = (await sent.json()) as Decision;
  expect(answers.map(({ name }) => name)).toEqual(questions.map(({ name }) => name));
  expect(paligemma.timings['encodings']).toBe(1);
  expect(await metric(fresh, 'paligemma_pictures_total', { from: 'encoder' })).toBe(1);
  expect(await metric(fresh, 'paligemma_pictures_total', { from: 'cache' })).toBe(19);
  const tokens = server.model.info.imageTokenCount;
  expect(usage.input_tokens_details).toEqual({
    ...{ cached_tokens: 19 * tokens, cache_write_tokens: tokens },
  });
  const { input_tokens = 0, output_tokens = 0, total_tokens } = usage;
  expect(input_tokens).toBeGreaterThan(20 * tokens);
  expect(total_tokens).toBe(input_tokens + output_tokens);
});

it('what is not sent is reported, and what is unknown or null is ignored', async () => {
  const picture = { type: 'input_image', image_url: DATA_URL, detail: 'high' };
  const { model: alias, paligemma } = await decide([{ type: 'predicate', instructions: CIRCLE }], {
    input: [
      { role: 'developer', content: 'You are a judge.' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'See:' }, picture] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    ],
    ...{ model: null, safety_identifier: null, prompt_cache_key: 'x', foo: { bar: 1 } },
  });
  expect(alias).toBe('paligemma');
  expect(paligemma.notes.join()).toMatch(/text of input.*detail/);
  const output = [{ type: 'input_image', image_url: DATA_URL }];
  const shown = await decide([{ type: 'predicate', instructions: CIRCLE }], {
    ...{ input: [{ type: 'function_call_output', call_id: 'c', output }], model: 'paligemma' },
  });
  expect(shown.paligemma.notes).toEqual([]);
});

describe('failures', () => {
  const predicate = { type: 'predicate', instructions: CIRCLE };
  const questions = [predicate];
  const choice = (choices: unknown) => ({ type: 'choice', instructions: COLOUR, choices });
  const score = (levels: unknown) => ({ type: 'score', instructions: COLOUR, levels });
  const image = (image_url: unknown) => [
    { role: 'user', content: [{ type: 'input_image', image_url }] },
  ];
  const of = (...all: readonly unknown[]) => ({ input, questions: all });
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ value: `v${i}` }));

  it.each<[number, string, object]>([
    [400, 'questions', { input }],
    [400, 'questions', { input, questions: [] }],
    [400, 'questions', { input, questions: Array(401).fill(predicate) }],
    [400, 'questions', { input, questions: 'is it?' }],
    [400, 'questions', of({ ...predicate, instructions: 'a\n'.repeat(300_000) })],
    [400, 'questions[0].type', of(null)],
    [400, 'questions[0].instructions', of({ type: 'predicate' })],
    [400, 'questions[0].type', of({ type: 'rank', instructions: 'x' })],
    [400, 'questions[1].instructions', of(predicate, { type: 'predicate', instructions: ' ' })],
    [400, 'questions[0].name', of({ ...predicate, name: 5 })],
    [422, 'questions[0].instructions', of({ ...predicate, instructions: 'is <loc0001> it?' })],
    [422, 'questions[0].instructions', of({ ...predicate, instructions: 'x'.repeat(10_001) })],
    [
      400,
      'questions[0].instructions',
      of({ ...predicate, instructions: [{ type: 'input_image', image_url: DATA_URL }] }),
    ],
    [400, 'questions[0].choices', of(choice(undefined))],
    [400, 'questions[0].choices', of(choice(many(1)))],
    [400, 'questions[0].choices', of(choice(many(256)))],
    [400, 'questions[0].choices', of(choice([{ value: 'a' }, { value: 'a' }]))],
    [400, 'questions[0].choices', of(choice([{ value: true }, { value: true }]))],
    [400, 'questions[0].choices[1].value', of(choice([{ value: 'a' }, { value: 1 }]))],
    [400, 'questions[0].choices[1].value', of(choice([{ value: 'a' }, null]))],
    [400, 'questions[0].choices[1]', of(choice([{ value: 'a' }, { value: 'a;b' }]))],
    [
      400,
      'questions[0].choices[0].description',
      of(choice([{ value: 'a', description: 1 }, { value: 'b' }])),
    ],
    [400, 'questions[0].levels', of(score([{ label: 'a' }]))],
    [400, 'questions[0].levels', of(score(many(11).map(({ value: label }) => ({ label }))))],
    [400, 'questions[0].levels[0].label', of(score([{ label: true }, { label: 'b' }]))],
    [400, 'questions[0].instructions', of({ type: 'box', instructions: 'a ; b' })],
    [400, 'input', { questions }],
    [400, 'input', { questions, input: 'a text' }],
    [400, 'input', { questions, input: [{ role: 'user', content: [text] }] }],
    [400, 'input', { questions, input: [...image(DATA_URL), null, ...image('cat.jpg')] }],
    [
      400,
      'input',
      { questions, input: [{ role: 'user', content: Array(2).fill(input[0]?.content).flat() }] },
    ],
    [415, 'input', { questions, input: image('data:image/png;base64,AAAA') }],
    [400, 'input', { questions, input: image('https://example.com/a.png') }],
    [404, 'model', { questions, input, model: 'gpt-6-luna' }],
    [422, 'model', { questions, input, model: 5 }],
  ])('%i about %s', async (status, param, body) => {
    const answer = await server.post('/v1/decisions', body);
    const { error } = (await answer.json()) as {
      readonly error: Readonly<Record<'message' | 'type' | 'param' | 'code', string>>;
    };
    expect([answer.status, error.param, error.message]).toEqual([
      ...[status, param, expect.any(String)],
    ]);
    expect(error.code).toMatch(/^ERR_/);
    expect(error.type).toMatch(/_error$/);
  });

  it('of a compressed body say so', async () => {
    const body = { input, questions };
    const answer = await server.post('/v1/decisions', body, { 'content-encoding': 'zstd' });
    const { error } = (await answer.json()) as { readonly error: Readonly<Record<string, string>> };
    expect([answer.status, error['code']]).toEqual([415, 'ERR_REQUEST_MEDIA_TYPE']);
  });

  it('of a key say so', async () => {
    const locked = await startServer({ model: server.model, keys: ['a-key-of-ours'] });
    const body = { input, questions };
    expect((await locked.post('/v1/decisions', body)).status).toBe(401);
    const headers = { authorization: 'Bearer a-key-of-ours' };
    expect((await locked.post('/v1/decisions', body, headers)).status).toBe(200);
  });
});

it('takes and answers what /openapi.json says', async () => {
  const document = (await (await server.get('/openapi.json')).json()) as {
    readonly paths: Readonly<Record<'/v1/decisions', { readonly post: Operation }>>;
  };
  const { requestBody, responses } = document.paths['/v1/decisions'].post;
  const ajv = new Ajv2020({ strict: false });
  const isRequest = ajv.compile(requestBody.content['application/json'].schema);
  const isAnswer = ajv.compile(responses['200'].content['application/json'].schema);
  const isFailure = ajv.compile(responses.default.content['application/json'].schema);
  const questions = [
    { type: 'predicate', instructions: CIRCLE, name: null },
    { type: 'choice', instructions: COLOUR, choices: [{ value: true }, { value: 'no idea' }] },
    { type: 'score', instructions: COLOUR, levels: [{ label: 'one' }, { label: 'two' }] },
    { type: 'box', instructions: 'white circle', name: 'circle' },
    { type: 'box', instructions: 'elephant' },
  ];
  const body = { input, questions, model: null };
  expect([isRequest(body), isRequest.errors]).toEqual([true, null]);
  expect([isAnswer(await decide(questions)), isAnswer.errors]).toEqual([true, null]);
  const bad = { input, questions: [{ type: 'rank', instructions: 'x' }] };
  expect(isRequest(bad)).toBe(false);
  const refused = await (await server.post('/v1/decisions', bad)).json();
  expect([isFailure(refused), isFailure.errors]).toEqual([true, null]);
});

interface Content {
  readonly content: { readonly 'application/json': { readonly schema: object } };
}
interface Operation {
  readonly requestBody: Content;
  readonly responses: Readonly<Record<'200' | 'default', Content>>;
}
