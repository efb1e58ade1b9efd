/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to a client that may read slowly. */
import { once } from 'node:events';
import type { FastifyReply } from 'fastify';
import { follow } from '../abort.js';
import { makeError } from '../errors.js';
import { jsonText } from '../wire/json.js';

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
    const name = event === undefined ? '' : `event: ${event}\n`;
    const lines = data
      .split('\n')
      .map((line) => `data: ${line}\n`)
      .join('');
    if (raw.write(`${name}${lines}\n`)) return;
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

  end(): void {
    clearInterval(this.#heartbeat);
    this.#reply.raw.end();
  }
}
