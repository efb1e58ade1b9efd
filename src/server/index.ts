/**
 * `node-paligemma/server`: PaliGemma over HTTP as a plugin for Fastify 5. Importing it loads nothing; fastify,
 * @fastify/multipart and prom-client are optional peers.
 */
import { PaliGemma } from '../index.js';
import { DEFAULT_ALIAS, parseServerOptions } from '../options/server.js';
import type { ServerOptions } from '../options/types.js';
import { serveInside } from './plugin.js';

export type { ServedModelOptions, ServerOptions } from '../options/types.js';

/** Options of the plugin. `model` may also be a model that is loaded already; it stays the caller's. */
export type PluginOptions = Omit<ServerOptions, 'model' | 'prefix'> & {
  readonly prefix?: string;
  readonly model?: string | PaliGemma | undefined;
};

/**
 * The plugin. Routes appear under `prefix`; parsers, hooks and handlers of errors are its own and touch no other route. Models
 * are loaded in the background, so that the application starts at once, and freed when it closes; requests in between wait.
 *
 * Throws ERR_OPTION_* for options, ERR_DEPENDENCY_MISSING with the command that installs what is missing.
 *
 * @example
 * const app = Fastify();
 * await app.register(paligemma, { model: 'paligemma-3b-mix-224-q8_0.gguf' });
 * await app.listen({ port: 8765 });
 */
export async function paligemma(app: object, options: PluginOptions = {}): Promise<void> {
  const {
    model,
    logLevel: _,
    logSerializers: __,
    ...rest
  } = options as PluginOptions & {
    // What Fastify itself reads.
    readonly logLevel?: unknown;
    readonly logSerializers?: unknown;
  };
  const isLoaded = model instanceof PaliGemma;
  const parsed = parseServerOptions({
    ...rest,
    ...(model !== undefined && !isLoaded && { model }),
  });
  await serveInside(app, parsed, isLoaded ? new Map([[DEFAULT_ALIAS, model]]) : new Map());
}

// Read by Fastify: which of its versions this is for.
Object.assign(paligemma, {
  [Symbol.for('plugin-meta')]: { name: 'node-paligemma', fastify: '5.x' },
});
