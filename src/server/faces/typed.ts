/**
 * The tasks as they are in the API: a route for each, made from the registry. Pictures come as the body itself, with
 * arguments and options in the query; as files of a form; or as data URLs in JSON. Answers are results in JSON, parts as
 * they come, or the picture with the answer drawn in.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { makeError } from '../../errors.js';
import { annotate, type ImageInput, videoFrames } from '../../index.js';
import type { AnnotationFormat } from '../../options/annotate.js';
import { IMAGE_OPTIONS } from '../../options/image.js';
import {
  checkText,
  type Declaration,
  type Declarations,
  parseOptions,
} from '../../options/option.js';
import { TASKS, type Task, type TaskName } from '../../tasks/registry.js';
import { drawingOf } from '../../wire/drawing.js';
import { jsonText } from '../../wire/json.js';
import { taskJson } from '../../wire/results.js';
import { asObject, parseJson } from '../body.js';
import type { Face, Running, SentPicture, Service } from '../service.js';
import { streamAnswer } from '../sse.js';
import { parametersOf, pathItem, pathOf, splitParameters } from './typed-schema.js';

interface Asked {
  readonly model: string | undefined;
  readonly pictures: readonly SentPicture[];
  readonly args: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly annotate: AnnotationFormat | undefined;
}

const NAMES = Object.keys(TASKS) as TaskName[];

export const typed: Face = {
  name: 'typed',
  paths: Object.fromEntries(NAMES.map((name) => [pathOf(name), pathItem(name)])),
  errorBody: ({ code, message, subject, retryable }, requestId) => ({
    error: { code, message, ...(subject !== undefined && { subject }), retryable, requestId },
  }),
  routes: async (app, service) => {
    await service.takeAny(app);
    for (const name of NAMES) {
      app.post(pathOf(name), { config: { task: name } }, (request, reply) =>
        answer(service, name, request, reply),
      );
    }
  },
};

async function answer(
  service: Service,
  name: TaskName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const task: Task = TASKS[name];
  const asked = await read(service, name, request);
  const { model, pictures, args, options } = asked;
  const isStreamed = /\btext\/event-stream\b/.test(request.headers.accept ?? '');
  if (isStreamed && asked.annotate !== undefined) throw drawnStream(asked.annotate);
  const running: Running = await service.start(request, {
    ...{ task: name, pictures, args, options },
    ...(model !== undefined && { model }),
  });
  if (isStreamed) return stream(service, task, running, request, reply);
  const result = await running.result;
  service.answering(request);
  reply.header('x-model', running.alias);
  if (asked.annotate === undefined) {
    return reply.type('application/json; charset=utf-8').send(jsonText(taskJson(result)));
  }
  const drawn = await draw(task, asked, asked.annotate, result, service.signalOf(request));
  return reply.type(MEDIA_TYPES[asked.annotate]).send(drawn);
}

function drawnStream(format: AnnotationFormat): Error {
  const expected = 'none for a stream of events';
  return makeError('ERR_OPTION_RANGE', `annotate is "${format}", expected ${expected}`, {
    ...{ name: 'annotate', found: `"${format}"`, expected },
    hint: 'leave out the header accept, or annotate',
  });
}

const MEDIA_TYPES: Readonly<Record<AnnotationFormat, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  svg: 'image/svg+xml',
};

const PART_EVENTS = { text: 'piece', detections: 'detection', segments: 'segment' };

/** Parts as they come, then the result; a failure is an event of its own. */
function stream(
  service: Service,
  task: Task,
  running: Running,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.header('x-model', running.alias);
  return streamAnswer(service, request, reply, {
    parts: running.parts?.[Symbol.asyncIterator](),
    answer: () => running.result,
    send: async (events, parts) => {
      for await (const part of parts) {
        await events.send(part, task.parts && PART_EVENTS[task.parts]);
      }
      const result = await running.result;
      service.answering(request);
      await events.send(taskJson(result), 'result');
    },
    failed: (failure) => ({ data: typed.errorBody(failure, request.id), event: 'error' }),
  });
}

async function draw(
  task: Task,
  { pictures, options }: Asked,
  format: AnnotationFormat,
  result: object,
  signal: AbortSignal,
): Promise<Uint8Array> {
  // One picture at least, as the task has an answer about it.
  let [picture] = pictures as [ImageInput];
  if (task.images === 'clip') [picture = picture] = await videoFrames(picture, { count: 1 });
  const reading = Object.fromEntries(
    Object.keys(IMAGE_OPTIONS).flatMap((name) =>
      options[name] === undefined ? [] : [[name, options[name]]],
    ),
  );
  const { objects, ...caption } = drawingOf(task.answers, result);
  return annotate(picture, objects, { ...reading, ...caption, format, signal });
}

// --- requests -------------------------------------------------------------------------------------------------------

async function read(service: Service, name: TaskName, request: FastifyRequest): Promise<Asked> {
  const task: Task = TASKS[name];
  const parameters = parametersOf(task);
  const given = new Map<string, unknown>();
  const pictures: SentPicture[] = [];
  const sender = service.senderOf(request);
  // Pictures may be named wherever other fields are.
  const take = async ({ image, images, ...fields }: Readonly<Record<string, unknown>>) => {
    for (const entry of Object.entries(fields)) given.set(...entry);
    const texts = [image ?? [], images ?? []].flat();
    if (texts.length > 0) pictures.push(...(await service.pictures.fromTexts(texts, sender)));
  };
  await take(fromTexts(parameters, request.query as Texts));
  const { body } = request;
  if (service.pictures.isForm(request)) {
    const form = await service.pictures.readForm(request, sender.signal);
    pictures.push(...form.pictures);
    await take(fromTexts(parameters, Object.fromEntries(form.fields)));
  } else if (Buffer.isBuffer(body)) {
    if (body.length > 0) pictures.push(service.pictures.fromBytes(body));
  } else if (body !== undefined && body !== null) {
    await take(asObject(body));
  }
  if (pictures.length === 0) throw noPicture();
  const parsed = parseOptions(name, parameters, Object.fromEntries(given));
  return {
    // Checked against the declarations above.
    model: parsed['model'] as string | undefined,
    annotate: parsed['annotate'] as AnnotationFormat | undefined,
    pictures,
    ...splitParameters(task, parsed),
  };
}

type Texts = Readonly<Record<string, string | readonly string[]>>;

/** Values of the types that are declared, out of a query or the fields of a form. Unknown names stay, to be refused. */
function fromTexts(declarations: Declarations, texts: Texts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, given]) => {
      const list = typeof given === 'string' ? [given] : given;
      const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
      if (declaration !== undefined) return [name, fromText(name, declaration, list)];
      return [name, name === 'image' || name === 'images' ? list : list[0]];
    }),
  );
}

function fromText(name: string, declaration: Declaration, texts: readonly string[]): unknown {
  if (declaration.kind === 'list') return texts;
  const [text = '', ...others] = texts;
  if (others.length > 0) {
    const found = `${texts.length} values`;
    throw makeError('ERR_OPTION_RANGE', `${name} is ${found}, expected one`, {
      ...{ name, found, expected: 'one' },
    });
  }
  // Names and values in one parameter are JSON.
  return declaration.kind === 'record'
    ? parseJson(Buffer.from(text), name)
    : checkText(name, declaration, text);
}

function noPicture(): Error {
  return makeError('ERR_REQUEST_FORMAT', 'the request has no picture', {
    ...{ name: 'image', found: 'none', expected: 'a picture' },
    hint: 'send it as the body, as a file of a form, or as the field image in JSON',
  });
}
