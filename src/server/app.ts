/** A server of its own around the plugin, for the command line: listens, reads its files again, drains and ends. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { makeError } from '../errors.js';
import { importPeer } from '../load-peer.js';
import type { ParsedServeOptions } from '../options/server.js';
import { watchFiles } from './config.js';
import { failureOf } from './errors.js';
import { typed } from './faces/typed.js';
import { packageVersion, SERVER_PACKAGES } from './packages.js';
import { LOG, type Reloadable, serve } from './plugin.js';

/** Of one server: more are refused by the system. */
const MAX_CONNECTIONS = 4096;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

export interface Listening {
  readonly url: string;
  /** Resolves when the models that are loaded at the start are; rejects with the first failure. */
  readonly started: Promise<void>;
  /** Takes keys and models of newly read options; names the options that differ and need a restart. */
  readonly reload: (options: ParsedServeOptions) => Promise<readonly string[]>;
  /** Lets no request in, waits for those that are, frees the models. */
  readonly close: () => Promise<void>;
}

/** Throws ERR_OPTION_RANGE for an address that cannot be listened on, or that needs keys. */
export async function listen(options: ParsedServeOptions): Promise<Listening> {
  const { host, port, prefix = '', maxBodyBytes, logRequests } = options;
  checkHost(options);
  const { default: Fastify } = await importPeer('fastify', () => import('fastify'), {
    together: SERVER_PACKAGES,
  });
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    // Standard output is for results. Lines about requests have the level info.
    logger: {
      ...{ level: logRequests ? 'info' : 'warn', stream: process.stderr },
      serializers: LOG,
    },
    // Fastify's own answer repeats the address, which may hold a key. The type of the reply is that of any server.
    frameworkErrors: (_, request, reply) => {
      answerNoRoute(request, reply as unknown as FastifyReply, prefix);
    },
    requestTimeout: 30_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2000, maxHeaderSize: 16_384 },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  nameRoutes(app, prefix);
  let served: Reloadable | undefined;
  await app.register(
    async (scope) => {
      served = await serve(scope, options, new Map());
    },
    { prefix },
  );
  const url = await app.listen({ host, port }).catch(async (error: unknown) => {
    await app.close();
    throw cannotListen(error, host, port);
  });
  // Registering has finished.
  const { started, reload, drain } = served as unknown as Reloadable;
  const unwatch = watchFiles([options.keysFile], () => void reload(options));
  return {
    ...{ url: url + prefix, started, reload },
    close: async () => {
      unwatch();
      // Before the sockets are closed, so that requests in between get 503 and not a reset.
      await drain();
      await app.close();
    },
  };
}

/** For people who try addresses: what this is, and what was meant. */
function nameRoutes(app: FastifyInstance, prefix: string): void {
  app.get(prefix === '' ? '/' : prefix, () => ({
    ...{ name: 'node-paligemma', version: packageVersion(), openapi: `${prefix}/openapi.json` },
    routes: Object.keys(typed.paths).map((path) => prefix + path),
  }));
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const [url = ''] = request.url.split('?', 1);
    const allowed = METHODS.filter((method) => app.hasRoute({ url, method }));
    return answerNoRoute(request, reply, prefix, allowed);
  });
}

/** `allowed`: methods that the address has, which was called with another one. */
function answerNoRoute(
  { id, method }: Pick<FastifyRequest, 'id' | 'method'>,
  reply: FastifyReply,
  prefix: string,
  allowed: readonly string[] = [],
): FastifyReply {
  const isMethod = allowed.length > 0;
  const error = makeError(
    'ERR_REQUEST_ROUTE',
    isMethod ? `the route takes ${allowed.join(', ')}, not ${method}` : 'there is no such route',
    { hint: `${prefix}/openapi.json lists the routes` },
  );
  reply.header('x-request-id', id);
  if (isMethod) reply.header('allow', allowed.join(', '));
  return reply.code(isMethod ? 405 : 404).send(typed.errorBody(failureOf(error), id));
}

const METHODS = ['GET', 'POST', 'DELETE'];

/** Servers that anyone can reach and use are found within hours. */
function checkHost({ host, keys, keysFile, withoutKeys }: ParsedServeOptions): void {
  if (LOOPBACK.test(host) || keys !== undefined || keysFile !== undefined || withoutKeys) return;
  throw makeError(
    'ERR_OPTION_RANGE',
    `option host is "${host}", which others can reach, and there are no keys`,
    {
      ...{ name: 'host', found: `"${host}" without keys`, expected: 'a loopback address, or keys' },
      remedy: 'serve-keys',
    },
  );
}

function cannotListen(error: unknown, host: string, port: number): unknown {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const found = code === 'EADDRINUSE' ? 'taken already' : `refused by the system (${code})`;
  return makeError('ERR_OPTION_RANGE', `port ${port} of ${host} is ${found}`, {
    ...{ name: 'port', found, expected: 'a free port', cause: error },
  });
}
