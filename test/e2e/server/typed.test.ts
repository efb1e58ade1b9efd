/** The typed routes: every task of the registry over real HTTP answers what the method answers. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { annotate } from '../../../src/index.js';
import { pathOf } from '../../../src/server/faces/typed-schema.js';
import { TASKS, type Task, type TaskName } from '../../../src/tasks/registry.js';
import { jsonText } from '../../../src/wire/json.js';
import { RESULT_SCHEMAS } from '../../../src/wire/result-schemas.js';
import { taskJson } from '../../../src/wire/results.js';
import { CAPTION, DATA_URL, formOf, SHAPES, useServer } from '../../support/server.js';
import { SAMPLES, startSample, TASK_NAMES } from '../../support/task-samples.js';

const server = useServer();

/** What differs from call to call. */
function steady(result: object): unknown {
  const {
    timings: _,
    usage: __,
    ...rest
  } = JSON.parse(jsonText(result)) as Record<string, unknown>;
  return rest;
}

const parametersOf = (name: TaskName): Record<string, unknown> => ({
  ...SAMPLES[name].args,
  ...(SAMPLES[name] as { options?: object }).options,
});

/** Parameters as texts: lists several times, records as JSON. */
function textsOf(name: TaskName): Record<string, string | string[]> {
  const given = Object.entries(parametersOf(name)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([key, value]) => [
      key,
      Array.isArray(value)
        ? value.map(String)
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value),
    ]),
  );
}

function queryOf(name: TaskName): string {
  const query = new URLSearchParams();
  for (const [key, given] of Object.entries(textsOf(name)))
    for (const value of [given].flat()) query.append(key, value);
  return query.toString();
}

describe.each(TASK_NAMES)('%s', (name) => {
  const task: Task = TASKS[name];
  const path = pathOf(name);
  const pictures = task.images === 'two' ? 2 : 1;

  it('answers what the method answers, in JSON, as a form and with the picture as the body', async () => {
    const expected = steady(taskJson(await startSample(name, server.model, SHAPES)));
    const image =
      task.images === 'one' ? { image: DATA_URL } : { images: Array(pictures).fill(DATA_URL) };
    const answers = [
      await server.post(path, { ...image, ...parametersOf(name) }),
      await server.post(path, formOf(Array(pictures).fill(SHAPES), textsOf(name))),
      ...(pictures === 1 ? [await server.post(`${path}?${queryOf(name)}`, SHAPES)] : []),
    ];
    for (const answer of answers) {
      const body = (await answer.json()) as object;
      expect([answer.status, steady(body)]).toEqual([200, expected]);
      const validate = new Ajv2020({ strict: false }).compile(RESULT_SCHEMAS[name]);
      expect([validate(body), validate.errors]).toEqual([true, null]);
      expect(answer.headers.get('x-model')).toBe('paligemma');
    }
  });

  it('sends its parts as they come, and then the result', async () => {
    const answer = await server.post(path, formOf(Array(pictures).fill(SHAPES), textsOf(name)), {
      accept: 'text/event-stream',
    });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = (await answer.text())
      .split('\n\n')
      .filter((event) => event !== '')
      .map((event) => /^event: (.*)\ndata: (.*)$/.exec(event)?.slice(1) ?? [event]);
    const kinds = events.map(([kind]) => kind);
    const kind = { text: 'piece', detections: 'detection', segments: 'segment' }[
      task.parts ?? 'text'
    ];
    const parts = kinds.filter((one) => one === kind);
    expect(kinds).toEqual([...parts, 'result']);
    if (task.parts === undefined) expect(parts).toEqual([]);
    if (task.parts === 'text') expect(parts.length).toBeGreaterThan(0);
    const expected = steady(taskJson(await startSample(name, server.model, SHAPES)));
    expect(steady(JSON.parse(events.at(-1)?.[1] ?? '') as object)).toEqual(expected);
  });

  it('answers with the drawn picture, unless there are two', async () => {
    const query = { ...textsOf(name), annotate: 'webp' };
    const answer = await server.post(path, formOf(Array(pictures).fill(SHAPES), query));
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (task.images === 'two') {
      expect(answer.status).toBe(422);
      return;
    }
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp']);
    expect(bytes.subarray(8, 12).toString()).toBe('WEBP');
    const undrawn = await annotate(SHAPES, [], { format: 'webp' });
    expect(bytes.equals(undrawn)).toBe(false);
  });
});

it('pictures can be called anything, as curl does', async () => {
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'image/jpeg']) {
    const answer = await server.post('/v1/caption', SHAPES, { 'content-type': type });
    expect([answer.status, ((await answer.json()) as { text: string }).text]).toEqual([
      200,
      CAPTION,
    ]);
  }
});

describe('is refused, and says what to do:', () => {
  const messageOf = async (answer: Response) => {
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    return [answer.status, error.code, error.message];
  };

  it('JSON that is not called JSON', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await server.post('/v1/caption', Buffer.from('{"image":"data:"}'), type);
    expect(await messageOf(answer)).toEqual([
      ...[415, 'ERR_IMAGE_FORMAT', expect.stringContaining('content-type: application/json')],
    ]);
  });

  it('two pictures for a task that has one, wherever they are', async () => {
    const message = 'images is a list of 2, expected one picture';
    const json = { image: DATA_URL, images: [DATA_URL] };
    const form = formOf([SHAPES], { images: DATA_URL });
    for (const body of [json, form, formOf([SHAPES, SHAPES])]) {
      const answer = await server.post('/v1/caption', body);
      expect(await messageOf(answer)).toEqual([422, 'ERR_OPTION_RANGE', message]);
    }
  });

  it('a form with more than there may be', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a${i}`, 'x']));
    for (const [form, words] of [
      [formOf(Array(9).fill(SHAPES)), 'too many pictures, expected at most 8'],
      [formOf([SHAPES], many), 'too many fields, expected at most 200'],
    ] as const) {
      const answer = await server.post('/v1/caption', form);
      expect(await messageOf(answer)).toEqual([
        ...[413, 'ERR_REQUEST_TOO_LARGE', `the request has ${words}`],
      ]);
    }
  });

  it.each([
    ['detect?labels=', 422, 'labels[0]', 'labels[0] is "", expected a string of 1 to'],
    ['detect?labels=a&labels=', 422, 'labels[1]', 'labels[1] is "", expected a string of 1 to'],
    ['extract?fields={"a":1}', 422, 'fields.a', 'fields.a is 1, expected one of "'],
    ['extract?fields={}', 422, 'fields', 'fields is an empty object, expected an object with'],
    ['extract?fields=color', 400, 'fields', 'fields is not JSON'],
    ['extract?fields=[[[[[[[[[[[[[[[[[', 400, 'fields', 'fields is nested more than 16 deep'],
  ])('%s, by the entry at fault', async (route, status, subject, words) => {
    const answer = await server.post(`/v1/${route}`, SHAPES);
    const { error } = (await answer.json()) as { error: { message: string; subject: string } };
    expect([answer.status, error.subject, error.message]).toEqual([
      ...[status, subject, expect.stringContaining(words)],
    ]);
  });

  it('a drawn picture as a stream', async () => {
    const stream = { accept: 'text/event-stream' };
    const answer = await server.post('/v1/caption?annotate=webp', SHAPES, stream);
    expect(await messageOf(answer)).toEqual([
      ...[422, 'ERR_OPTION_RANGE', expect.stringContaining('leave out the header accept')],
    ]);
  });
});

it('no parameter of a request has the name of an argument or an option', () => {
  for (const task of Object.values(TASKS) as Task[]) {
    const names = Object.keys({ ...task.arguments, ...task.options });
    expect(names.filter((name) => ['image', 'images', 'model', 'annotate'].includes(name))).toEqual(
      [],
    );
  }
});
