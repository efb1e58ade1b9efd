/**
 * Requests whose key comes with their body. Until that is read anyone could have sent them, so that each address may only have
 * some of the places.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { makeError } from '../errors.js';

/** Of the requests that are inside, one address may have this part without a key. */
const PART = 1 / 4;

export class Strangers {
  /** With their addresses, which a closed connection has no more. */
  readonly #requests = new WeakMap<FastifyRequest, string>();
  readonly #counts = new Map<string, number>();

  /** Throws ERR_REQUEST_RATE. */
  enter(request: FastifyRequest, response: ServerResponse, maxRequests: number): void {
    const most = Math.ceil(maxRequests * PART);
    const { ip } = request;
    const count = this.#counts.get(ip) ?? 0;
    if (count >= most) {
      throw makeError(
        'ERR_REQUEST_RATE',
        `${count} requests of this address have shown no key yet`,
        {
          ...{ name: 'authorization', found: 'no key', expected: `at most ${most} at a time` },
          hint: 'send the key in the header "authorization: Bearer KEY"',
        },
      );
    }
    this.#counts.set(ip, count + 1);
    this.#requests.set(request, ip);
    response.once('close', () => this.leave(request));
  }

  has(request: FastifyRequest): boolean {
    return this.#requests.has(request);
  }

  /** Whether it was one. */
  leave(request: FastifyRequest): boolean {
    const ip = this.#requests.get(request);
    if (ip === undefined) return false;
    this.#requests.delete(request);
    const left = (this.#counts.get(ip) ?? 1) - 1;
    if (left === 0) this.#counts.delete(ip);
    else this.#counts.set(ip, left);
    return true;
  }
}
