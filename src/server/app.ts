/** A server of its own around the plugin, for the command line: listens, drains and ends. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { makeError } from '../errors.js';
import { importPeer } from '../load-peer.js';
import { hasKeys, type ParsedServeOptions } from '../options/server.js';
import { packageVersion } from '../package-version.js';
import { type Failure, failureOf } from './errors.js';
import { typed } from './faces/typed.js';
import { Lingering } from './lingering.js';
import { SERVER_PACKAGES } from './packages.js';
import { LOG, type OnLoad, type Reloadable, serve } from './plugin.js';

/** Of one server: more are refused by the system. */
const MAX_CONNECTIONS = 4096;
/** Bytes of address and headers together. */
const MAX_HEADERS = 16_384;
const ENDED = 'a request ended';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

export interface Listening {
  readonly url: string;
  /** Resolves when the models that are loaded at the start are; rejects with the first failure. */
  readonly started: Promise<void>;
  readonly reload: (options: ParsedServeOptions) => ReturnType<Reloadable['reload']>;
  /** How many requests are read, wait or run. */
  readonly requests: () => number;
  /** Lets no request in, waits for those that are, frees the models. */
  readonly close: () => Promise<void>;
}

/**
 * Throws ERR_OPTION_RANGE for an address that cannot be listened on, or that needs keys, and what is wrong with the file of a
 * model that is to be loaded at the start.
 */
export async function listen(options: ParsedServeOptions, onLoad?: OnLoad): Promise<Listening> {
  const { host, port, prefix = '', maxBodyBytes, logRequests } = options;
  checkHost(options);
  const { default: Fastify, LogController } = await importPeer('fastify', () => import('fastify'), {
    together: SERVER_PACKAGES,
  });
  // Of what is answered without the plugin.
  const lingering = Lingering.after(maxBodyBytes);
  const app: FastifyInstance = Fastify({
    bodyLimit: maxBodyBytes,
    // Standard output is for results. Lines about requests have the level info.
    logger: {
      ...{ level: logRequests ? 'info' : 'warn', stream: process.stderr },
      serializers: LOG,
    },
    // Fastify's own answer repeats the address, which may hold a key. The type of the reply is that of any server.
    frameworkErrors: (_, request, reply) => {
      lingering.follow(request.raw);
      answerNoRoute(request, reply as unknown as FastifyReply, prefix);
      request.log.info({ req: request, status: reply.statusCode }, ENDED);
    },
    // One line for each request, when it has ended, is written below. Versions before 5.10 have no controller.
    ...(LogController === undefined
      ? { disableRequestLogging: true }
      : { logController: new LogController({ disableRequestLogging: true }) }),
    clientErrorHandler: (error, socket) => {
      const failure = answerUnread(error, socket, lingering);
      if (failure) app.log.info({ status: failure.status, code: failure.code }, ENDED);
    },
    requestTimeout: 30_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2000, maxHeaderSize: MAX_HEADERS },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  inviteBodies(app);
  nameRoutes(app, prefix, lingering);
  let served: Reloadable | undefined;
  app.addHook('onResponse', async (request, reply) => {
    const [model, code] = [reply.getHeader('x-model'), served?.failureOf(request)];
    const { statusCode: status, elapsedTime } = reply;
    const ms = Math.round(elapsedTime * 10) / 10;
    request.log.info({ req: request, status, code, model, ms }, ENDED);
  });
  await app.register(
    async (scope) => {
      served = await serve(scope, options, new Map(), onLoad);
    },
    { prefix },
  );
  // Registering has finished.
  const { started, reload, requests, check, drain } = served as unknown as Reloadable;
  const open = async (): Promise<string> => {
    await check();
    return app.listen({ host, port }).catch((error: unknown) => {
      throw cannotListen(error, host, port);
    });
  };
  const url = await open().catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  return {
    ...{ url: url + prefix, started, requests },
    reload: async (next) => {
      // The address stays; keys that are gone from the file must not open it to all.
      checkHost({ ...next, host });
      return reload(next);
    },
    close: async () => {
      // Before the sockets are closed, so that requests in between get 503 and not a reset.
      await drain();
      await app.close();
    },
  };
}

/**
 * Clients that ask before they send a large body (`expect: 100-continue`, as curl does) get their answer when the request has
 * been let in. Node would answer at once.
 */
function inviteBodies(app: FastifyInstance): void {
  const asking = new WeakSet<IncomingMessage>();
  app.server.on('checkContinue', (request, response) => {
    asking.add(request);
    app.routing(request, response);
  });
  app.addHook('preParsing', async ({ raw }, reply) => {
    if (asking.has(raw)) reply.raw.writeContinue();
  });
}

/** For people who try addresses: what this is, and what was meant. */
function nameRoutes(app: FastifyInstance, prefix: string, lingering: Lingering): void {
  app.get(prefix === '' ? '/' : prefix, ({ id }, reply) =>
    reply.header('x-request-id', id).send({
      ...{ name: 'node-paligemma', version: packageVersion(), openapi: `${prefix}/openapi.json` },
      routes: Object.keys(typed.paths).map((path) => prefix + path),
    }),
  );
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [url = ''] = request.url.split('?', 1);
    const allowed = METHODS.filter((method) => app.hasRoute({ url, method }));
    lingering.follow(request.raw);
    return answerNoRoute(request, reply, prefix, allowed);
  };
  app.addHook('preClose', async () => lingering.end());
  app.setNotFoundHandler(answer);
  // Faults of requests for routes that are none, such as a method that Fastify wants a content type for.
  app.setErrorHandler((_, request, reply) => answer(request, reply));
}

/**
 * What Node cannot read as a request: in our shape, and not logged with its bytes as Fastify would. Returns what was
 * answered, if anything could be.
 */
function answerUnread(
  { code }: NodeJS.ErrnoException,
  socket: Socket,
  lingering: Lingering,
): Failure | undefined {
  // It fails again with every part that still comes.
  if (lingering.has(socket)) return undefined;
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const [status, error] = UNREAD[code ?? ''] ?? [
    400,
    makeError('ERR_REQUEST_FORMAT', 'this is no HTTP request'),
  ];
  const failure = failureOf(error);
  const body = JSON.stringify(typed.errorBody(failure, randomUUID()));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  lingering.watch(socket);
  return { ...failure, status };
}

const UNREAD: Readonly<Record<string, readonly [status: number, error: Error]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    makeError('ERR_REQUEST_TOO_LARGE', `address and headers have more than ${MAX_HEADERS} bytes`, {
      hint: 'send long texts in the body',
    }),
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, makeError('ERR_TIMEOUT', 'the request did not arrive in time')],
};

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
function checkHost({ host, withoutKeys, ...options }: ParsedServeOptions): void {
  if (LOOPBACK.test(host) || hasKeys(options) || withoutKeys) return;
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
