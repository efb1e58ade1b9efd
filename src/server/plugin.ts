/** The plugin: makes the service from its options and registers every face under the prefix. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginOptions,
  FastifyRequest,
  RouteOptions,
} from 'fastify';
import { findDemoModel } from '../demo-model.js';
import { type ErrorCode, makeError } from '../errors.js';
import type { PaliGemma } from '../index.js';
import { importPeer, installCommand } from '../load-peer.js';
import { type ParsedServerOptions, servedModels } from '../options/server.js';
import { packageVersion } from '../package-version.js';
import { watchFiles } from './config.js';
import { decisions } from './faces/decisions/openai.js';
import { systemOne } from './faces/decisions/systemone.js';
import { images } from './faces/images.js';
import { chat } from './faces/openai/chat.js';
import { models } from './faces/openai/models.js';
import { responses } from './faces/openai/responses.js';
import { roboflow } from './faces/roboflow/face.js';
import { typed } from './faces/typed.js';
import { LAST_MS } from './gone.js';
import { health } from './health.js';
import { checkKeys, Keys, readKeys } from './keys.js';
import { Metrics } from './metrics.js';
import { metricsFace } from './metrics-route.js';
import { Models } from './models.js';
import { Networks } from './networks.js';
import { openapi } from './openapi.js';
import { answerPreflight, showToPage } from './origin.js';
import { SERVER_PACKAGES } from './packages.js';
import { type PictureSources, Pictures } from './pictures.js';
import { RemotePictures } from './remote.js';
import { type Face, type RouteConfig, Service } from './service.js';
import { Uploads } from './uploads.js';

/** In the order of the documentation. */
const DESCRIBED: readonly Face[] = [
  ...[typed, images, chat, responses, models, decisions, systemOne, roboflow],
  ...[health, metricsFace],
];
export const FACES: readonly Face[] = [...DESCRIBED, openapi(DESCRIBED, packageVersion())];

/** Called with the alias of a model that was loaded, and the milliseconds that it took. */
export type OnLoad = (alias: string, ms: number) => void;

/** `loaded`: models of the caller's by their aliases, which stay the caller's. */
async function makeService(
  log: FastifyBaseLogger,
  options: ParsedServerOptions,
  loaded: ReadonlyMap<string, PaliGemma>,
  onLoad: OnLoad,
): Promise<Service> {
  const prometheus = options.metrics
    ? (await importPeer('prom-client', () => import('prom-client'), { together: SERVER_PACKAGES }))
        .default
    : undefined;
  const uploads = new Uploads(options);
  const service: Service = new Service({
    options,
    keys: new Keys(keysOf(options), options.requestsPerMinute),
    models: new Models(
      {
        ...options,
        onLoad: (alias, ms, error) => {
          service.metrics?.loaded(alias, error);
          if (error === undefined) onLoad(alias, ms);
        },
        onEngine: (alias, note) => log.error({ model: alias }, note),
      },
      modelsOf(options, loaded),
      loaded,
    ),
    pictures: new Pictures(options, {
      ...remoteOf(options),
      upload: (id, owner) => uploads.dataOf(id, owner),
    }),
    uploads,
    metrics: ({ admission, models }) =>
      prometheus &&
      new Metrics(prometheus, {
        requests: () => admission.requests,
        tokens: () => admission.tokens,
        tokensPerSecond: () => admission.speed.tokensPerSecond,
        waiting: () => models.waiting,
        memory: () => models.bytes,
        uploads: () => uploads.count,
        uploadBytes: () => uploads.bytes,
        models: () =>
          models.statuses.map(({ alias, state, health, crashes }) => ({
            ...{ alias, crashes },
            ...{ isLoaded: state === 'ready', isReady: health?.state === 'ready' },
          })),
      }),
  });
  return service;
}

/** Nothing is fetched unless the operator says from where. */
function remoteOf(options: ParsedServerOptions): PictureSources {
  // A fault in them is one before they are used as well.
  new Networks(options.pictureNetworks ?? [], 'pictureNetworks');
  if (options.pictureHosts === undefined) return {};
  const remote = new RemotePictures(options);
  return { remote: (...given) => remote.fetch(...given) };
}

function keysOf({ keys = [], keysFile }: ParsedServerOptions): string[] {
  return [...checkKeys(keys), ...(keysFile === undefined ? [] : readKeys(keysFile))];
}

/** The models that the options name; without any, and without one of the caller's, the demo model. */
function modelsOf(options: ParsedServerOptions, loaded: ReadonlyMap<string, unknown>) {
  const named = servedModels(options);
  if (named.size > 0 || loaded.size > 0) return named;
  const model = findDemoModel();
  if (model !== undefined) return servedModels({ ...options, model });
  throw makeError('ERR_MODEL_NOT_FOUND', 'no model is named, and the demo model is not installed', {
    ...{ name: 'model', found: 'none', expected: 'the path of a GGUF file' },
    hint: `set model, or try the demo model: ${installCommand('@node-paligemma/demo-model')}`,
  });
}

const OPEN = { config: { access: 'open' } };

/** Registers every face in a scope of its own. `app` has the prefix already. */
async function registerFaces(app: FastifyInstance, service: Service): Promise<void> {
  const { maxBodyBytes, origins } = service.options;
  for (const face of FACES) {
    await app.register(
      async (scope) => {
        const asked = new Set<string>();
        scope.addHook('onRoute', (route: RouteOptions & { routePath: string }) => {
          route.bodyLimit ??= maxBodyBytes;
          const own = route.config as RouteConfig | undefined;
          route.config = { access: 'work', face: face.name, ...own } as object;
          if (origins === undefined || asked.has(route.routePath)) return;
          asked.add(route.routePath);
          scope.options(route.routePath, OPEN, (request, reply) =>
            answerPreflight(request, reply, service.options),
          );
        });
        scope.addHook('onRequest', async (request, reply) => {
          reply.header('x-request-id', request.id);
          showToPage(request, reply, service.options);
          service.admit(request, reply);
        });
        scope.addHook('onSend', (request, _, payload, done) => {
          service.lingering.follow(request.raw);
          done(null, payload);
        });
        scope.setErrorHandler((error, request, reply) =>
          service.fail(error, request, reply, face.errorBody),
        );
        await face.routes(scope, service);
      },
      // Addresses hold prompts and keys.
      { logSerializers: LOG } as FastifyPluginOptions,
    );
  }
}

/** What can be done with a service from outside. */
export interface Reloadable {
  /** Resolves when the models that are loaded at the start are; rejects with the first failure. */
  readonly started: Promise<void>;
  /** Takes keys and models of newly read options. Rejects with a fault in them, and changes nothing then. */
  readonly reload: (options: ParsedServerOptions) => Promise<Reloaded>;
  /** Rejects with what is wrong with the file of a model that is to be loaded at the start. */
  readonly check: () => Promise<void>;
  /** How many requests are read, wait or run. */
  readonly requests: () => number;
  readonly drain: () => Promise<void>;
  /** What a request failed with; undefined where it did not. */
  readonly failureOf: (request: FastifyRequest) => ErrorCode | undefined;
}

interface Reloaded {
  /** Options that differ and need a restart. */
  readonly fixed: readonly string[];
  /** As `started`, of the models that are new. */
  readonly started: Promise<void>;
}

/** As `serve`, in an application whose log is the only place for what fails later. */
export async function serveInside(
  app: object,
  options: ParsedServerOptions,
  loaded: ReadonlyMap<string, PaliGemma>,
): Promise<void> {
  const { log } = app as FastifyInstance;
  const { started, reload } = await serve(app, options, loaded, (model, ms) =>
    log.info({ model, ms }, 'a model was loaded'),
  );
  const tell = (message: string) => (error: unknown) => log.error({ err: error }, message);
  started.catch(tell('a model cannot be loaded'));
  const unwatch = watchFiles([options.keysFile], () => {
    reload(options).catch(tell('the keys are as they were'));
  });
  (app as FastifyInstance).addHook('onClose', async () => unwatch());
}

/** For timers that are late. */
const SPARE_MS = 500;

/** What the plugin does: `app` is the application in the scope of the plugin. */
export async function serve(
  app: object,
  options: ParsedServerOptions,
  loaded: ReadonlyMap<string, PaliGemma>,
  onLoad: OnLoad = () => {},
): Promise<Reloadable> {
  // Its type is not in the public types, which compile without fastify.
  const scope = app as FastifyInstance;
  const service = await makeService(scope.log, options, loaded, onLoad);
  // Fastify does not wait longer for any hook, and what is stopped then still has its last answer to send.
  const { pluginTimeout = 0 } = scope.initialConfig;
  const most =
    pluginTimeout > 0 ? Math.max(0, pluginTimeout - LAST_MS - SPARE_MS) : Number.POSITIVE_INFINITY;
  scope.addHook('preClose', () => service.drain(most));
  scope.addHook('onClose', () => service.close());
  await registerFaces(scope, service);
  const started = service.models.start();
  started.catch(() => {});
  return {
    started,
    check: () => service.models.checkFiles(),
    requests: () => service.admission.requests,
    drain: () => service.drain(),
    failureOf: (request) => service.failureOf(request),
    reload: async (next) => {
      // All of them first: a fault in one changes nothing.
      const [keys, models] = [keysOf(next), modelsOf(next, loaded)];
      await service.models.check(models);
      service.keys = new Keys(keys, options.requestsPerMinute, service.keys);
      const started = service.models.replace(models);
      started.catch(() => {});
      const fixed = Object.keys(options).filter(
        (name) => !RELOADED.includes(name) && !isSame(name, options, next),
      );
      return { fixed, started };
    },
  };
}

/** Options that are taken without a restart. */
const RELOADED: readonly string[] = [
  ...['keys', 'keysFile', 'withoutKeys'],
  ...['model', 'mmproj', 'models'],
];

function isSame(name: string, ...options: readonly object[]): boolean {
  const [a, b] = options.map((one) => JSON.stringify((one as Record<string, unknown>)[name]));
  return a === b;
}

/** A request in a log: the route that it is for and not its address, in which there are ids and whatever a client writes. */
export const LOG = {
  req: ({ method, routeOptions, ip }: FastifyRequest) => ({
    ...{ method, url: routeOptions?.url ?? NO_ROUTE, remoteAddress: ip },
  }),
};

const NO_ROUTE = 'no route';
