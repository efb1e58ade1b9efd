/**
 * Whether a request may come from a web page. A page can call a server on this machine by a name of its own that leads here
 * (DNS rebinding), or without a preflight by a form: what it cannot choose are the headers Host and Origin.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { makeError } from '../errors.js';
import type { ParsedServerOptions } from '../options/server.js';

const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;

/** Throws ERR_REQUEST_ORIGIN. With keys a page gains nothing by a name of its own, as it has none. */
export function checkCaller(
  { headers, raw }: FastifyRequest,
  { hosts, origins = [] }: Pick<ParsedServerOptions, 'hosts' | 'origins'>,
  hasKeys: boolean,
): void {
  const { host = '', origin } = headers;
  const name = hostName(host);
  const isLocal = LOOPBACK_ADDRESS.test(raw.socket.localAddress ?? '');
  const isLimited = hosts !== undefined || (isLocal && !hasKeys);
  if (isLimited && !LOOPBACK_NAME.test(name) && !hosts?.includes(name)) {
    throw refused('host', 'the server is called by a name that is not one of its own', 'hosts');
  }
  if (origin === undefined || origins.includes(origin)) return;
  // What a page of this very server sends.
  if (/^https?:\/\/([^/]*)$/.exec(origin)?.[1] === host) return;
  throw foreignPage();
}

/** What a page may send beside the headers that all may, and what OpenAI's client sends of its own. */
const SENT = [
  ...['authorization', 'x-api-key', 'content-type', 'accept', 'x-deadline-ms', 'x-request-id'],
  ...['openai-organization', 'openai-project', 'idempotency-key'],
];
const SENT_BY_CLIENTS = /^x-stainless-[a-z-]{1,64}$/;
const READ = ['x-request-id', 'x-model', 'retry-after', 'x-should-retry'].join(', ');

/** Lets a page of an origin that is allowed read the answer (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export function showToPage(
  { headers: { origin } }: FastifyRequest,
  reply: FastifyReply,
  { origins }: Pick<ParsedServerOptions, 'origins'>,
): void {
  if (origins === undefined) return;
  reply.header('vary', 'origin');
  if (origin === undefined || !origins.includes(origin)) return;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', READ);
}

/** Answers a browser that asks whether a page may send a request. Throws ERR_REQUEST_ORIGIN. */
export function answerPreflight(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { origins = [] }: Pick<ParsedServerOptions, 'origins'>,
): FastifyReply {
  if (headers.origin === undefined || !origins.includes(headers.origin)) throw foreignPage();
  const asked = String(headers['access-control-request-headers'] ?? '').toLowerCase();
  const clients = asked.split(/[ ,]+/).filter((name) => SENT_BY_CLIENTS.test(name));
  reply.header('access-control-allow-methods', 'GET, POST, DELETE');
  reply.header('access-control-allow-headers', [...SENT, ...clients].join(', '));
  reply.header('access-control-max-age', '600');
  // Of a public page that calls a server of the own network.
  if (headers['access-control-request-private-network'] === 'true') {
    reply.header('access-control-allow-private-network', 'true');
  }
  return reply.code(204).send();
}

function foreignPage(): Error {
  return refused('origin', 'a web page of another origin is not allowed', 'origins');
}

/** Without the port. */
function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

function refused(header: string, message: string, option: string): Error {
  return makeError('ERR_REQUEST_ORIGIN', message, {
    ...{ name: header, hint: `the operator can add it to ${option}` },
  });
}
