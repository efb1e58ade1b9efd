/**
 * Whether a request may come from a web page. A page can call a server on this machine by a name of its own that leads here
 * (DNS rebinding), or without a preflight by a form: what it cannot choose are the headers Host and Origin.
 */
import type { FastifyRequest } from 'fastify';
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
  throw refused('origin', 'a web page of another origin is not allowed', 'origins');
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
