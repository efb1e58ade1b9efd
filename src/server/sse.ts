/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to a client that may read slowly. */
import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { follow } from '../abort.js';
import { makeError } from '../errors.js';
import { jsonText } from '../wire/json.js';
import { type Failure, failureOf } from './errors.js';
import type { Service } from './service.js';

/** A client that takes nothing for so long is as good as gone. */
const MAX_PAUSE_MS = 30_000;
/** Proxies close connections on which nothing comes. */
const HEARTBEAT_MS = 15_000;

export class EventStream {
  readonly #reply: FastifyReply;
  readonly #signal: AbortSignal;
  readonly #heartbeat: NodeJS.Timeout;

  /** Sends the headers. From here on the reply is no longer Fastify's. `signal` ends it. */
  constructor(reply: FastifyReply, signal: AbortSignal) {
    this.#reply = reply;
    this.#signal = signal;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // nginx would keep the events until its buffer is full.
      'x-accel-buffering': 'no',
    });
    raw.flushHeaders();
    this.#heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
    this.#heartbeat.unref();
    raw.once('close', () => clearInterval(this.#heartbeat));
  }

  /** Sends an event, when the client has taken those before it. Rejects when it is gone or takes too long. */
  async send(data: unknown, event?: string): Promise<void> {
    await this.sendText(jsonText(data), event);
  }

  /** As `send`, for data that is no JSON, such as `[DONE]`. */
  async sendText(data: string, event?: string): Promise<void> {
    this.#signal.throwIfAborted();
    const { raw } = this.#reply;
    if (this.#write(data, event)) return;
    const { controller, release } = follow(this.#signal);
    const timer = setTimeout(() => controller.abort(), MAX_PAUSE_MS);
    try {
      await once(raw, 'drain', { signal: controller.signal });
    } catch {
      this.#signal.throwIfAborted();
      raw.destroy();
      throw makeError('ERR_ABORTED', 'the client takes nothing');
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /** Sends an event whatever the signal says, and waits for nothing: the last one. */
  sendLast(data: unknown, event?: string): void {
    this.#write(jsonText(data), event);
  }

  #write(data: string, event: string | undefined): boolean {
    const name = event === undefined ? '' : `event: ${event}\n`;
    const lines = data
      .split('\n')
      .map((line) => `data: ${line}\n`)
      .join('');
    return this.#reply.raw.write(`${name}${lines}\n`);
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.#reply.raw.end();
  }
}

/** An answer that is sent as it comes. */
interface Streamed<Part> {
  /** Undefined where there are none. */
  readonly parts: AsyncIterator<Part, unknown> | undefined;
  /** Rejects with what is wrong, where it shows before the first part. */
  readonly answer: () => PromiseLike<unknown>;
  readonly send: (events: EventStream, parts: AsyncIterable<Part>) => Promise<void>;
  /** The last event where `send` rejects, as the status is sent already. */
  readonly failed: (failure: Failure) => { readonly data: object; readonly event?: string };
}

/** Sends an answer as events. Rejects, with nothing sent, when it fails before its first part. */
export async function streamAnswer<Part>(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  { parts, answer, send, failed }: Streamed<Part>,
): Promise<void> {
  // What is wrong with the request shows before the first part, and has a status of its own.
  const first = await parts?.next();
  if (first === undefined || first.done) await answer();
  const signal = service.signalOf(request);
  const events = new EventStream(reply, signal);
  try {
    await send(events, rest(first, parts));
  } catch (error) {
    // Nothing is written to a client that is gone.
    if (signal.aborted && failureOf(error).code === 'ERR_ABORTED') return;
    const { data, event } = failed(service.failed(error, request));
    events.sendLast(data, event);
  } finally {
    events.end();
  }
}

/** All parts, of which the first has been taken already. Leaving them early does not stop what makes them. */
async function* rest<Part>(
  first: IteratorResult<Part, unknown> | undefined,
  parts: AsyncIterator<Part, unknown> | undefined,
): AsyncGenerator<Part, void, undefined> {
  for (let part = first; part !== undefined && !part.done; part = await parts?.next()) {
    yield part.value;
  }
}
