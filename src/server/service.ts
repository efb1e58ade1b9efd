/**
 * What every face of the server shares: who may ask, who is let in, which model answers, when the work has to stop, and
 * what is counted. A face only translates.
 *
 * How to write a face (faces/typed.ts is one):
 *
 * 1. `export const myFace: Face = { name, routes, paths, errorBody }`, and its name in FACES of plugin.ts.
 * 2. `routes(app, service)` adds routes to a scope of its own, so its parsers of bodies, hooks and handlers of errors touch no
 *    other face. Each route says `config: { access }`: `work` (the default) needs a key and takes a ticket before the body
 *    is read; `key` needs a key; `open` needs nothing.
 * 3. A handler reads its pictures with `service.pictures`, and calls `service.run(request, call)` for a result, or
 *    `service.start(request, call)` for a run whose parts it sends as they come (sse.ts). For what is no task of the registry,
 *    `service.use(request, …)` lends the model itself. All of these wait for the model and the turn of the request and stop
 *    when the client is gone, the deadline has come or the server closes.
 * 4. It throws what it likes: `makeError` for the faults of a request; `errorBody` puts every failure into the face's shape.
 *    What is written to `reply.raw` by hand goes through sse.ts.
 * 5. `paths` describes the routes for /openapi.json; a test compares them with the routes.
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, makeError } from '../errors.js';
import type { ModelInfo, PaliGemma, Picture, Timings, Usage } from '../index.js';
import { checkText } from '../options/option.js';
import { type ParsedServerOptions, SERVER_OPTIONS } from '../options/server.js';
import { type ResultOf, TASKS, type Task, type TaskName } from '../tasks/registry.js';
import { Admission, type Ticket } from './admission.js';
import { parseJson, readBytes } from './body.js';
import {
  CLIENT_GONE,
  type Failure,
  failureOf,
  isFault,
  limitFault,
  tooLargeBody,
  withRetryAfter,
} from './errors.js';
import { type Keys, keyOf } from './keys.js';
import { Lingering } from './lingering.js';
import type { Metrics } from './metrics.js';
import type { Lease, Models } from './models.js';
import { checkCaller } from './origin.js';
import type { Pictures, Sender } from './pictures.js';
import { Strangers } from './strangers.js';
import type { Uploads } from './uploads.js';

/** Who may use a route: all, those with a key, or those with a key and a ticket. */
export type Access = 'open' | 'key' | 'work';

/** Of a route, in its `config`. */
export interface RouteConfig {
  readonly access?: Access;
  /**
   * Where a key may be when it is not in the headers: the parameter `api_key` of the query, or the body, which is read before
   * the face calls `identify` with it.
   */
  readonly keyIn?: 'query' | 'body';
  /** For metrics; the face's name unless set. */
  readonly face?: string;
  /** For metrics: from a closed set. */
  readonly task?: string;
}

/** A description of one path in the terms of OpenAPI 3.1. */
export type PathItem = Readonly<Record<string, unknown>>;

export interface Face {
  readonly name: string;
  /** `app` is a scope of its own. */
  readonly routes: (app: FastifyInstance, service: Service) => void | Promise<void>;
  /** By path, without the prefix of the plugin. */
  readonly paths: Readonly<Record<string, PathItem>>;
  /** A failure in the face's shape. */
  readonly errorBody: (failure: Failure, requestId: string) => object;
}

/** A picture that a client sent. Never text, which the model would take for a path. */
export type SentPicture = Uint8Array | Picture;

/** A task of the registry as a client asks for it. */
export interface Call<N extends TaskName = TaskName> {
  /** The alias; left out, the first model. */
  readonly model?: string | undefined;
  readonly task: N;
  readonly pictures: readonly SentPicture[];
  readonly args: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A task that has begun. */
export interface Running<Result = object> {
  /** Of the model that answers. */
  readonly alias: string;
  readonly info: ModelInfo;
  readonly result: Promise<Result>;
  /** Pieces of text, detections or segments as they come; undefined for tasks that have none. */
  readonly parts: AsyncIterable<unknown> | undefined;
  /** What tokens of the model say. */
  readonly textOf: (tokens: readonly number[]) => string;
}

interface Parts {
  readonly options: ParsedServerOptions;
  readonly keys: Keys;
  readonly models: Models;
  readonly pictures: Pictures;
  readonly uploads: Uploads;
  readonly metrics: (service: Service) => Metrics | undefined;
}

/** Of a body that means nothing. */
const NEEDLESS_BYTES = 64 * 1024;
/** Tokens of an answer whose length is not limited. */
const USUAL_ANSWER = 256;
/** Characters of a prompt that make a token, at least. */
const CHARACTERS_PER_TOKEN = 3;

export class Service {
  readonly options: ParsedServerOptions;
  readonly models: Models;
  readonly pictures: Pictures;
  readonly uploads: Uploads;
  readonly admission: Admission;
  readonly lingering: Lingering;
  readonly metrics: Metrics | undefined;
  /** Replaced when they are read again. */
  keys: Keys;
  readonly #tickets = new WeakMap<FastifyRequest, Ticket>();
  readonly #owners = new WeakMap<FastifyRequest, string>();
  readonly #failures = new WeakMap<FastifyRequest, ErrorCode>();
  readonly #strangers = new Strangers();

  constructor({ options, keys, models, pictures, uploads, metrics }: Parts) {
    this.options = options;
    this.keys = keys;
    this.models = models;
    this.pictures = pictures;
    this.uploads = uploads;
    this.admission = new Admission(options);
    this.lingering = Lingering.after(options.maxBodyBytes);
    this.metrics = metrics(this);
  }

  /** Before the body of a request is read: whether it may come in. The hook of every route. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    const { access = 'work', face = '', task = '', keyIn } = configOf(request);
    if (access === 'open') return;
    const response = reply.raw;
    response.once('close', () => {
      const status = response.writableFinished ? reply.statusCode : CLIENT_GONE;
      this.metrics?.ended(face, task, status, reply.elapsedTime / 1000);
    });
    checkCaller(request, this.options, this.keys.areNeeded);
    if (keyIn === 'body' && this.keys.areNeeded && keyOf(request.headers) === undefined) {
      this.#strangers.enter(request, response, this.options.maxRequests);
    } else {
      const { api_key: key } = request.query as { readonly api_key?: unknown };
      const other = keyIn === 'query' && typeof key === 'string' ? key : undefined;
      const client = this.keys.clientOf(request.headers, other);
      this.#owners.set(request, this.keys.ownerOf(client));
      if (access === 'key') return;
      this.keys.count(client);
    }
    this.#enter(request, reply);
  }

  /** The key that the body of a request has; checked where it came without one in its headers. Throws ERR_REQUEST_KEY. */
  identify(request: FastifyRequest, key: unknown): void {
    if (!this.#strangers.leave(request)) return;
    const given = typeof key === 'string' && key !== '' ? key : undefined;
    const client = this.keys.clientWith(given);
    this.#owners.set(request, this.keys.ownerOf(client));
    this.keys.count(client);
    this.#claim(request);
  }

  /** Whose uploads a request may use. */
  ownerOf(request: FastifyRequest): string {
    const owner = this.#owners.get(request);
    if (owner === undefined) throw new TypeError('the face has not identified the client');
    return owner;
  }

  /** For pictures that a request only names. */
  senderOf(request: FastifyRequest): Sender {
    return { signal: this.signalOf(request), owner: this.ownerOf(request) };
  }

  #enter(request: FastifyRequest, reply: FastifyReply): void {
    const { maxBodyBytes } = this.options;
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > maxBodyBytes) throw tooLargeBody(maxBodyBytes);
    // Bytes are counted as they arrive: a small body could become a large one.
    const coding = request.headers['content-encoding'] ?? 'identity';
    if (coding !== 'identity') throw compressed();
    const ticket = this.admission.enter(reply.raw, this.#deadlineOf(request), (ending) =>
      this.metrics?.cancelled(ending),
    );
    this.#tickets.set(request, ticket);
    if (!this.#strangers.has(request)) this.#claim(request);
  }

  /** One client must not take the places of all others. */
  #claim(request: FastifyRequest): void {
    if (!this.keys.areSeveral) return;
    this.admission.claim(this.#ticketOf(request), this.ownerOf(request));
  }

  #deadlineOf({ headers }: FastifyRequest): number {
    const asked = headers['x-deadline-ms'];
    const { deadlineMs } = this.options;
    if (asked === undefined) return deadlineMs;
    const ms = checkText('x-deadline-ms', SERVER_OPTIONS.deadlineMs, String(asked));
    return Math.min(deadlineMs, Number(ms));
  }

  /** Aborted when the work for this request has to stop. */
  signalOf(request: FastifyRequest): AbortSignal {
    return this.#ticketOf(request).signal;
  }

  /** The body of a request as bytes, counted while they arrive: for parsers of bodies. */
  readBody(request: FastifyRequest, payload: Readable): Promise<Buffer> {
    const ticket = this.#tickets.get(request);
    // The route needs no body, and clients send one.
    if (ticket === undefined) return readBytes(payload, NEEDLESS_BYTES);
    return readBytes(payload, this.options.maxBodyBytes, ticket.signal);
  }

  /** Lets the routes of `app` take JSON and nothing else. */
  takeJson(app: FastifyInstance): void {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/json',
      async (request: FastifyRequest, body: Readable) => {
        const bytes = await this.readBody(request, body);
        // Some clients name the type of a body that they do not send, and some routes need none.
        return bytes.length === 0 ? undefined : parseJson(bytes);
      },
    );
  }

  /** Lets the routes of `app` take JSON, forms, and any other body as the bytes of a picture. */
  async takeAny(app: FastifyInstance): Promise<void> {
    this.takeJson(app);
    await this.pictures.takeForms(app);
    // Whatever the client calls it: curl says that it is a form.
    app.addContentTypeParser('*', (request: FastifyRequest, body: Readable) =>
      this.readBody(request, body),
    );
  }

  /** The answer comes next: what is stopped from now on was stopped while it was sent. */
  answering(request: FastifyRequest): void {
    this.#ticketOf(request).stage = 'reply';
  }

  #ticketOf(request: FastifyRequest): Ticket {
    const ticket = this.#tickets.get(request);
    if (ticket === undefined) throw new TypeError('the route has no access "work"');
    return ticket;
  }

  /** Runs a task to its end. */
  async run<N extends TaskName>(
    request: FastifyRequest,
    call: Call<N>,
  ): Promise<{ readonly alias: string; readonly info: ModelInfo; readonly result: ResultOf<N> }> {
    const { alias, info, result } = await this.start(request, call);
    return { alias, info, result: await result };
  }

  /** Starts a task when its model is loaded and its turn has come. Its model is given back when it has ended. */
  async start<N extends TaskName>(
    request: FastifyRequest,
    call: Call<N>,
  ): Promise<Running<ResultOf<N>>> {
    const task: Task = TASKS[call.task];
    this.#check(call);
    const maxPixels = Math.min(
      this.options.maxPixels,
      Number(call.options?.['maxPixels'] ?? Number.POSITIVE_INFINITY),
    );
    const { signal } = this.#ticketOf(request);
    const lent = await this.#lend(request, call.model, (info) => costOf(call, info));
    const { alias, model } = lent.lease;
    try {
      const { info } = model;
      if (task.needs?.maskCodec && !info.hasMaskCodec) throw noCodec(call.task, alias);
      const run = task.start(model, call.pictures, call.args, {
        ...call.options,
        ...{ maxPixels, signal },
      });
      // The registry's types say which result a task has.
      const result = lent.until(Promise.resolve(run) as Promise<ResultOf<N>>);
      const parts = task.parts && (run as unknown as AsyncIterable<unknown>);
      const textOf = (tokens: readonly number[]) => model.detokenize(tokens);
      return { alias, info, result, parts, textOf };
    } catch (error) {
      lent.fail();
      throw error;
    }
  }

  /**
   * Lends the model for what is no task of the registry. `cost`: tokens, as far as they are known. `work` stops with the
   * signal.
   */
  async use<T extends object>(
    request: FastifyRequest,
    model: string | undefined,
    cost: (info: ModelInfo) => number,
    work: (model: PaliGemma, signal: AbortSignal, alias: string) => Promise<T>,
  ): Promise<T> {
    const lent = await this.#lend(request, model, cost);
    const { signal } = this.#ticketOf(request);
    return lent.until((async () => work(lent.lease.model, signal, lent.lease.alias))());
  }

  async #lend(
    request: FastifyRequest,
    alias: string | undefined,
    cost: (info: ModelInfo) => number,
  ): Promise<Lent> {
    const ticket = this.#ticketOf(request);
    const begin = performance.now();
    if (this.#strangers.has(request)) throw new TypeError('the face has not identified the client');
    ticket.signal.throwIfAborted();
    ticket.stage = 'load';
    const lease = await this.models.lease(alias, ticket.signal);
    try {
      checkHealth(lease.model);
      const tokens = cost(lease.model.info);
      ticket.weigh(tokens);
      ticket.stage = 'queue';
      const giveBack = await lease.turns.take(ticket.signal, this.ownerOf(request));
      this.metrics?.waited('queue', (performance.now() - begin) / 1000);
      ticket.stage = 'engine';
      return new Lent(this, lease, tokens, giveBack);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** What the schema of a task cannot say. */
  #check({ pictures, options = {} }: Call): void {
    const { maxPictures, maxAnswerTokens } = this.options;
    if (pictures.length > maxPictures) {
      const found = `${pictures.length} pictures`;
      throw limitFault('ERR_REQUEST_TOO_LARGE', 'images', found, `at most ${maxPictures}`);
    }
    const maxTokens = Number(options['maxTokens'] ?? 0);
    if (maxTokens > maxAnswerTokens) {
      throw limitFault('ERR_OPTION_RANGE', 'maxTokens', `${maxTokens}`, `1 to ${maxAnswerTokens}`);
    }
  }

  /** What a failure is to the client; counted as refused, or logged where it is the server's fault. */
  failed(error: unknown, request: FastifyRequest): Failure {
    const failure = failureOf(error);
    this.#failures.set(request, failure.code);
    // Others may repeat what the client sent.
    if (isFault(failure)) request.log.error({ err: error }, 'a request failed');
    else this.metrics?.refused(this.#tickets.get(request)?.stage, failure.code);
    return failure;
  }

  /** What a request failed with; undefined where it did not. */
  failureOf(request: FastifyRequest): ErrorCode | undefined {
    return this.#failures.get(request);
  }

  /** Sends a failure in the shape of a face. */
  fail(error: unknown, request: FastifyRequest, reply: FastifyReply, shape: Face['errorBody']) {
    const failure = this.failed(error, request);
    const { status, retryAfter, retryable } = failure;
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    // Clients of OpenAI's APIs would send again what crashed the engine.
    else if (!retryable) reply.header('x-should-retry', 'false');
    // A client that reads this need not send the rest.
    if (!request.raw.complete && status === 413) reply.header('connection', 'close');
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).send(shape(failure, request.id));
  }

  /** Lets no request in any more and waits for those that are; what takes longer than `drainMs` is stopped. */
  async drain(most = Number.POSITIVE_INFINITY): Promise<void> {
    await this.admission.drain(Math.min(most, this.options.drainMs));
    this.lingering.end();
  }

  /** After `drain`. */
  close(): Promise<void> {
    this.uploads.close();
    return this.models.close();
  }
}

/** A model that is lent to one request, with its turn. */
class Lent {
  readonly lease: Lease;
  readonly #service: Service;
  readonly #tokens: number;
  readonly #giveBack: () => void;

  constructor(service: Service, lease: Lease, tokens: number, giveBack: () => void) {
    this.#service = service;
    this.lease = lease;
    this.#tokens = tokens;
    this.#giveBack = giveBack;
    service.admission.speed.begin();
  }

  /** Hands both back when `work` has ended. */
  until<T extends object>(work: Promise<T>): Promise<T> {
    const result = work.then(
      (value) => {
        this.#end(this.#tokens);
        this.#service.metrics?.answered(
          this.lease.alias,
          value as { usage?: Usage; timings?: Timings },
        );
        return value;
      },
      (error: unknown) => {
        this.fail();
        throw error;
      },
    );
    // A face that only sends the parts gets the error there.
    result.catch(() => {});
    return result;
  }

  fail(): void {
    this.#end(0);
  }

  #end(tokens: number): void {
    this.#service.admission.speed.end(tokens);
    this.#giveBack();
    this.lease.release();
  }
}

export function configOf(request: FastifyRequest): RouteConfig {
  // Fastify keeps what the route had; plugin.ts completes it for each.
  return request.routeOptions.config as RouteConfig;
}

/** Tokens of the pictures, the prompts and the longest answers. An estimate: the engine counts exactly. */
function costOf({ task, pictures, args, options = {} }: Call, info: ModelInfo): number {
  const frames = task === 'video' ? Number(options['count'] ?? 16) : pictures.length;
  const prompts = promptsOf(args, options);
  const characters = JSON.stringify(args).length;
  const answer = Number(options['maxTokens'] ?? USUAL_ANSWER);
  const each = frames * info.imageTokenCount + answer;
  return (
    prompts * Math.min(each, info.contextLength) + Math.ceil(characters / CHARACTERS_PER_TOKEN)
  );
}

/** How many prompts a task sends. */
function promptsOf(
  { fields, prompts }: Readonly<Record<string, unknown>>,
  { robust }: Readonly<Record<string, unknown>>,
): number {
  if (Array.isArray(prompts)) return prompts.length;
  if (typeof fields === 'object' && fields !== null) return Object.keys(fields).length;
  return robust === true ? 3 : 1;
}

/** What would be refused by the engine later is refused before it waits. Throws ERR_ENGINE_CRASHED. */
function checkHealth({ health: { state, lastCrash, retryAfterMs = 0 } }: PaliGemma): void {
  if (state !== 'unavailable') return;
  const error = makeError(
    'ERR_ENGINE_CRASHED',
    `the engine crashed too often, the last time because ${lastCrash}`,
  );
  throw withRetryAfter(error, Math.max(1, Math.ceil(retryAfterMs / 1000)));
}

function compressed(): Error {
  return makeError('ERR_REQUEST_MEDIA_TYPE', 'the body is compressed', {
    ...{ name: 'content-encoding', found: 'a compressed body', expected: 'none' },
    hint: 'send it as it is: pictures are compressed already',
  });
}

function noCodec(task: string, alias: string): Error {
  return makeError(
    'ERR_REQUEST_TASK',
    `the model ${alias} has no mask codec, which ${task} needs`,
    {
      ...{ name: task, found: 'no mask codec', expected: 'a model with the mask codec' },
      hint: 'detect works without it',
    },
  );
}
