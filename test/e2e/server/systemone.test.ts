/** TypeSafe's System One over real HTTP: the numbers are those of the methods. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  CIRCLE,
  COLOUR,
  DATA_URL,
  formOf,
  metric,
  SHAPES,
  startServer,
  useServer,
} from '../../support/server.js';

const server = useServer({ onNote: () => {} });

const data_base64 = SHAPES.toString('base64');
const assets = { photo: { type: 'image', format: 'png', data_base64 } };
const noul = { type: 'noul', instructions: CIRCLE };

interface Answer {
  readonly type: string;
  readonly noul: number;
  readonly choice: string;
  readonly score: number;
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly legend: Readonly<Record<string, unknown>>;
  readonly box: Readonly<Record<'left' | 'top' | 'right' | 'bottom', number>>;
  readonly paligemma: Readonly<Record<'prompt' | 'coverage' | 'presence', unknown>>;
}
interface Answered {
  readonly model: string;
  readonly answers: Readonly<Record<string, Answer>>;
  readonly usage: Readonly<Record<'input_tokens' | 'output_tokens', number>>;
  readonly paligemma: { readonly notes: readonly string[] };
}

async function decide(questions: object, more: object = {}): Promise<Answered> {
  const body = { state: 'photo', assets, questions, ...more };
  const answer = await server.post('/v1/systemone', body);
  const answered = (await answer.json()) as Answered;
  expect([answer.status, answered]).toEqual([200, expect.anything()]);
  return answered;
}

/** The answer to one question. */
async function one(question: object, more: object = {}): Promise<Answer> {
  return (await decide({ it: question }, more)).answers['it'] as Answer;
}

const asking = (question: string) => ({ question, variants: false });
const sumOf = ({ probabilities }: Answer) =>
  Object.values(probabilities).reduce((sum, each) => sum + each, 0);

it('a noul is the probability of yes beside no', async () => {
  const { distribution, coverage, prompt } = await server.model.classify(
    ...([SHAPES, ['yes', 'no'], asking(CIRCLE)] as const),
  );
  const yes = distribution.find(({ label }) => label === 'yes')?.probability;
  expect(await one(noul)).toEqual({
    ...{ type: 'noul', noul: yes, paligemma: { prompt, coverage } },
  });
});

it('what counts as yes and no is counted, or asked', async () => {
  const words = ['yes', 'orange', 'no', 'blue'];
  const { distribution } = await server.model.classify(SHAPES, words, asking(COLOUR));
  const of = (word: string) =>
    distribution.find(({ label }) => label === word)?.probability ?? Number.NaN;
  const criteria = { true: 'orange', false: 'blue' };
  const described = await one({ type: 'noul', instructions: COLOUR, criteria });
  expect(described.noul).toBeCloseTo(of('yes') + of('orange'), 12);
  const alone = await one({ type: 'noul', instructions: null, criteria: { true: CIRCLE } });
  expect(alone).toEqual(await one(noul));
});

it('a choice has the probabilities of classify by name', async () => {
  const labels = ['blue', 'white', 'orange', 'red'];
  const { distribution, label, score } = await server.model.classify(SHAPES, labels, {
    question: COLOUR,
  });
  const criteria = Object.fromEntries(labels.map((name) => [name, null]));
  const answer = await one({ type: 'choice', instructions: COLOUR, criteria });
  expect([answer.choice, Object.keys(answer.probabilities)]).toEqual([label, labels]);
  for (const each of distribution) {
    expect(answer.probabilities[each.label]).toBeCloseTo(each.probability, 12);
  }
  expect(sumOf(answer)).toBeCloseTo(1, 12);
  expect(answer.confidence).toBeCloseTo((score - 1 / 4) / (1 - 1 / 4), 12);
  // Without instructions it is what the picture shows.
  const shown = await one({ type: 'choice', criteria: { triangle: 'a triangle', cat: null } });
  expect(shown.paligemma.prompt).toBe('answer en What objects are in the image?');
});

it('a score is the mean of its levels, with what they are', async () => {
  const criteria = ['1', { level: '2' }, ['3']];
  const question = 'how many shapes are there?';
  const { distribution } = await server.model.classify(SHAPES, ['1', '2', '3'], { question });
  const answer = await one({ type: 'score', instructions: { task: question }, criteria });
  expect(answer.legend).toEqual({ 0: '1', 1: { level: '2' }, 2: ['3'] });
  const mean = distribution.reduce(
    (sum, each) => sum + (Number(each.label) - 1) * each.probability,
    0,
  );
  expect(answer.score).toBeCloseTo(mean, 9);
  expect(sumOf(answer)).toBeCloseTo(1, 12);
  const only = await one({ type: 'score', instructions: question, criteria: ['1'] });
  expect([only.score, only.confidence, only.probabilities]).toEqual([0, 1, { 0: 1 }]);
});

it('a box is the best detection, or the best guess of what is not there', async () => {
  const { detections, image } = await server.model.detect(SHAPES, 'white circle');
  const [{ box, score } = { box: undefined, score: 0 }] = detections;
  const found = await one({ type: 'box', instructions: 'The white circle.' });
  expect(found).toMatchObject({
    ...{ type: 'box', confidence: score, paligemma: { prompt: 'detect white circle' } },
    box: {
      ...{ left: (box?.xmin ?? 0) / image.width, right: (box?.xmax ?? 0) / image.width },
      ...{ top: (box?.ymin ?? 0) / image.height, bottom: (box?.ymax ?? 0) / image.height },
    },
  });
  const absent = await server.model.detect(SHAPES, 'elephant');
  expect(absent.detections).toEqual([]);
  const guess = await one({ type: 'box', instructions: 'elephant' });
  expect(guess.paligemma.presence).toBe(absent.presence[0]?.presence);
  expect(guess.confidence).toBeLessThan(0.05);
  const { left, top, right, bottom } = guess.box;
  expect([left >= 0, left < right, right <= 1, top >= 0, top < bottom, bottom <= 1]).toEqual(
    Array(6).fill(true),
  );
});

describe('pictures', () => {
  it('come as parts of a form, as the client of TypeSafe sends them', async () => {
    const form = new FormData();
    const request = { state: 'x', assets: { x: { type: 'image', part: 'asset-0' } } };
    const body = JSON.stringify({ ...request, questions: { it: noul } });
    form.append('request', new Blob([body], { type: 'application/json' }));
    form.append('asset-0', new Blob([SHAPES as Uint8Array<ArrayBuffer>]), 'asset-0');
    // A Blob always has a file name, which the client of TypeSafe leaves out for the JSON.
    const raw = new Response(form);
    const type = raw.headers.get('content-type') ?? '';
    const bytes = Buffer.from(await raw.arrayBuffer()).toString('latin1');
    const sent = Buffer.from(bytes.replace('; filename="blob"', ''), 'latin1');
    const answer = await server.post('/v1/systemone', sent, { 'content-type': type });
    expect((await answer.json()) as Answered).toMatchObject({
      answers: { it: await one(noul) },
    });
  });

  it('are those that a question names, by asset or by field of the state', async () => {
    const red = await sharp({
      create: { width: 32, height: 32, channels: 3, background: '#f00' },
    })
      .png()
      .toBuffer();
    const two = { a1: assets.photo, b2: { data_base64: red.toString('base64') } };
    const more = { state: { first: 'a1', second: 'b2' }, assets: two };
    const about = (name: string) => ({
      ...{ type: 'noul', instructions: `is there a white circle in ${name}?` },
    });
    const { answers, paligemma } = await decide(
      { first: about('a1'), second: about('`b2`'), third: about('`second`') },
      more,
    );
    const shapes = await one(noul);
    const { distribution } = await server.model.classify(red, ['yes', 'no'], asking(CIRCLE));
    const yes = distribution.find(({ label }) => label === 'yes')?.probability ?? Number.NaN;
    expect(answers['first']?.noul).toBe(shapes.noul);
    expect([answers['second']?.noul, answers['third']?.noul]).toEqual([yes, yes]);
    expect(answers['third']?.paligemma.prompt).toBe(`answer en ${CIRCLE}`);
    expect(paligemma.notes).toEqual([]);
  });

  describe('whose names are words of questions', () => {
    const photo = assets.photo;
    const promptOf = async (name: string, instructions: string) =>
      (await one({ type: 'noul', instructions }, { state: name, assets: { [name]: photo } }))
        .paligemma.prompt;

    it.each([
      ['circle', CIRCLE],
      ['white', CIRCLE],
      ['car', 'is it made of cardboard?'],
      ['photo', 'is it a photograph?'],
      ['image', 'is there a car in the image?'],
      ['a', 'is there an elephant?'],
      ['1', 'are there 12 or 1?'],
      ['1.5', 'is it 1.5 m long?'],
      ['.', 'is it a car. or not?'],
      ['img1', 'does it say img12, img1.png or xximg1?'],
      ['img-1', 'does it say img-12 or my-img-1?'],
    ])('leave them in: %s in %j', async (name, question) => {
      expect(await promptOf(name, question)).toBe(`answer en ${question}`);
    });

    it.each([
      ['circle', 'is there a white circle in `circle`?'],
      ['circle', 'In `circle`, is there a white circle?'],
      ['img1', 'is there a white circle in img1?'],
      ['photo_b', 'is there a white circle on photo_b?'],
      ['my cat.png', 'my cat.png: is there a white circle?'],
      ['a+b (c)', 'is there a white circle in `a+b (c)`?'],
      ['two  spaces', 'is there a white circle in\n`two  spaces`?'],
    ])('take out what is marked or unlike words: %s in %j', async (name, question) => {
      expect(await promptOf(name, question).then((text) => String(text).toLowerCase())).toBe(
        `answer en ${CIRCLE}`,
      );
    });

    it('may be things to find', async () => {
      for (const name of ['circle', 't-shirt']) {
        const more = { state: name, assets: { [name]: photo } };
        const found = await one({ type: 'box', instructions: name }, more);
        expect(found.paligemma.prompt).toBe(`detect ${name}`);
      }
    });

    it('choose no picture', async () => {
      const two = { circle: photo, other: photo };
      const questions = { it: noul };
      const answer = await server.post('/v1/systemone', { state: '', assets: two, questions });
      const { error } = (await answer.json()) as { readonly error: { readonly message: string } };
      expect([answer.status, error.message]).toEqual([400, expect.stringContaining('backticks')]);
    });
  });

  it('are encoded once for all questions', async () => {
    const fresh = await startServer();
    const entries = Array.from({ length: 10 }, (_, i) => [`q${i}`, noul] as const);
    const body = { state: ['photo', 'Look!'], assets, questions: Object.fromEntries(entries) };
    const answer = await fresh.post('/v1/systemone', body);
    const { paligemma, usage } = (await answer.json()) as Answered;
    expect(paligemma.notes).toHaveLength(1);
    expect(usage.input_tokens).toBeGreaterThan(10 * server.model.info.imageTokenCount);
    expect(await metric(fresh, 'paligemma_pictures_total', { from: 'encoder' })).toBe(1);
    expect(await metric(fresh, 'paligemma_pictures_total', { from: 'cache' })).toBe(9);
  });
});

describe('failures', () => {
  const questions = { it: noul };
  const of = (it: unknown) => ({ state: 'photo', assets, questions: { it } });
  const criteriaOf = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`v${i}`, null]));
  const levels = (count: number) => Array.from({ length: count }, (_, i) => `level ${i}`);

  it.each<[number, string, object]>([
    [400, 'assets', { state: 'a text', questions }],
    [400, 'assets', { state: '', assets: {}, questions }],
    [400, 'assets', { state: '', assets: [assets.photo], questions }],
    [
      400,
      'assets',
      { assets: Object.fromEntries(levels(9).map((n) => [n, assets.photo])), questions },
    ],
    [400, 'assets.photo', { assets: { photo: null }, questions }],
    [400, 'assets.photo', { assets: { photo: { part: 'asset-0' } }, questions }],
    [415, 'assets', { assets: { photo: { data_base64: 'AAAA' } }, questions }],
    [415, 'assets', { assets: { photo: { data_base64: '!' } }, questions }],
    [404, 'assets', { assets: { photo: { data_base64: 'img_unknown' } }, questions }],
    [400, 'assets', { assets: { ['x'.repeat(257)]: assets.photo }, questions }],
    [400, 'questions', { assets }],
    [400, 'questions', { assets, questions: {} }],
    [400, 'questions', { assets, questions: criteriaOf(401) }],
    [400, 'questions', { assets, questions: { ['x'.repeat(257)]: noul } }],
    [400, 'questions.it.type', of(null)],
    [400, 'questions.it.type', of({ type: 'predicate', instructions: 'x' })],
    [400, 'questions.it.instructions', of({ type: 'noul' })],
    [400, 'questions.it.instructions', of({ type: 'noul', criteria: { false: 'x' } })],
    [422, 'questions.it.instructions', of({ type: 'noul', instructions: '<seg001>?' })],
    [400, 'questions.it.criteria', of({ ...noul, criteria: 'yes' })],
    [400, 'questions', of({ ...noul, criteria: { true: 'a\n'.repeat(300_000) } })],
    [400, 'state', { ...of(noul), state: ['a\n'.repeat(300_000)] }],
    [400, 'questions.it.criteria', of({ type: 'choice' })],
    [400, 'questions.it.criteria', of({ type: 'choice', criteria: ['a', 'b'] })],
    [400, 'questions.it.criteria', of({ type: 'choice', criteria: {} })],
    [400, 'questions.it.criteria', of({ type: 'choice', criteria: criteriaOf(256) })],
    [400, 'questions.it.criteria[0]', of({ type: 'choice', criteria: { '': '', b: null } })],
    [400, 'questions.it.criteria', of({ type: 'score', criteria: { a: null } })],
    [400, 'questions.it.criteria', of({ type: 'score', criteria: levels(11) })],
    [400, 'questions.it.criteria', of({ type: 'score', criteria: ['a', ['a']] })],
    [400, 'questions.it.instructions', of({ type: 'box', instructions: 'a ; b' })],
    [400, 'questions.it.instructions', of({ type: 'box' })],
    [
      400,
      'questions.it.instructions',
      { assets: { a1: assets.photo, b2: assets.photo }, questions: { it: noul } },
    ],
    [404, 'model', { ...of(noul), model: 'jev-latest' }],
  ])('%i about %s', async (status, param, body) => {
    const answer = await server.post('/v1/systemone', body);
    const { error } = (await answer.json()) as {
      readonly error: Readonly<Record<'message' | 'type' | 'param' | 'code', string>>;
    };
    expect([answer.status, error.param, error.message]).toEqual([
      ...[status, param, expect.any(String)],
    ]);
    expect(error.code).toMatch(/^ERR_/);
  });

  it.each([
    { request: [] },
    { request: ['{'] },
    { request: ['{}', '{}'] },
    { request: ['[1]'] },
    { request: [`${'['.repeat(100)}${']'.repeat(100)}`] },
  ])('of a form with %j', async (fields) => {
    const answer = await server.post('/v1/systemone', formOf([SHAPES], fields));
    expect(answer.status).toBe(400);
  });

  it('of JSON in a form that is nested too deeply to be read', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `--x\r\nContent-Disposition: form-data; name="request"\r\nContent-Type: application/json\r\n\r\n${nested}\r\n--x--\r\n`;
    const type = 'multipart/form-data; boundary=x';
    const answer = await server.post('/v1/systemone', Buffer.from(body), { 'content-type': type });
    expect(answer.status).toBe(400);
  });
});

it('takes and answers what /openapi.json says', async () => {
  const document = (await (await server.get('/openapi.json')).json()) as {
    readonly paths: Readonly<Record<'/v1/systemone', { readonly post: Operation }>>;
  };
  const { requestBody, responses } = document.paths['/v1/systemone'].post;
  const ajv = new Ajv2020({ strict: false });
  const isRequest = ajv.compile(requestBody.content['application/json'].schema);
  const isAnswer = ajv.compile(responses['200'].content['application/json'].schema);
  const isFailure = ajv.compile(responses.default.content['application/json'].schema);
  const questions = {
    noul,
    choice: { type: 'choice', criteria: { a: null, b: { in: 'words' } } },
    score: { type: 'score', instructions: [COLOUR], criteria: ['one', ['two']] },
    box: { type: 'box', instructions: 'elephant' },
  };
  const body = { model: null, state: null, assets, questions };
  expect([isRequest(body), isRequest.errors]).toEqual([true, null]);
  expect([isAnswer(await decide(questions)), isAnswer.errors]).toEqual([true, null]);
  const bad = { assets, questions: { it: { type: 'rank' } } };
  expect(isRequest(bad)).toBe(false);
  const refused = await (await server.post('/v1/systemone', bad)).json();
  expect([isFailure(refused), isFailure.errors]).toEqual([true, null]);
  const url = { photo: { data_base64: DATA_URL } };
  expect(await decide(questions, { assets: url })).toMatchObject({ model: 'paligemma' });
});

interface Content {
  readonly content: { readonly 'application/json': { readonly schema: object } };
}
interface Operation {
  readonly requestBody: Content;
  readonly responses: Readonly<Record<'200' | 'default', Content>>;
}
