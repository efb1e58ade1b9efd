/** `paligemma serve`: answers over HTTP until it is stopped. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { onAbort } from '../../abort.js';
import { hasKeys, type ParsedServeOptions, SERVE_OPTIONS } from '../../options/server.js';
import type { Listening } from '../../server/app.js';
import type { watchFiles as WatchFiles } from '../../server/config.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';

interface Flags {
  readonly config?: string;
  readonly keys?: string;
}

export function serveCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('serve')
    .summary('answer over HTTP')
    .description(
      'Serves models over HTTP until it is stopped: a route for each task, /openapi.json, probes and metrics. Needs fastify, @fastify/multipart and prom-client.',
    )
    .option('--config <file>', 'JSON file with these options and more; read again when it changes')
    .option('--keys <file>', 'file with a key of a client on each line; read again when it changes')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma serve --model paligemma-3b-mix-224-q8_0.gguf
  $ paligemma serve --config serve.json --host 0.0.0.0 --keys keys.txt

On SIGHUP the files are read again: keys and models. On SIGTERM and SIGINT accepted requests are finished first.`,
    )
    .action(async (flags: Flags) => {
      const { output } = context;
      const read = async () => {
        const { readConfig } = await import('../../server/config.js');
        return readConfig(flags.config, optionsOf(flags), context.env.PALIGEMMA_MODEL || undefined);
      };
      const { listen } = await import('../../server/app.js');
      const { watchFiles } = await import('../../server/config.js');
      const { options, inFile } = await read();
      const server = await listen(options, (alias, ms) => {
        output.note(`loaded ${alias} in ${ms} ms`);
      }).catch((error: unknown) => {
        throw inFile(error);
      });
      const { model, models } = options;
      if (model === undefined && models === undefined) {
        output.note('note: serving the demo model; choose another with --model or --config');
      }
      for (const line of greeting(server.url, options, flags.config)) output.note(line);
      const again = readingAgain(context.output, {
        read,
        server,
        watchFiles,
        options,
        file: flags.config,
      });
      const stop = untilStopped(context, again.reload, () => {
        output.note(`stopping: ${server.requests()} requests are finished first`);
      });
      try {
        await Promise.race([server.started.then(() => stop.came), stop.came]);
      } finally {
        again.end();
        await server.close();
        stop.end();
      }
      exit(EXIT.ok);
    });
  addFlags(command, 'Serving:', SERVE_OPTIONS);
  return command;
}

interface ReadingAgain {
  readonly read: () => Promise<{
    readonly options: ParsedServeOptions;
    readonly inFile: (error: unknown) => unknown;
  }>;
  readonly server: Listening;
  readonly watchFiles: typeof WatchFiles;
  /** Those it has started with. */
  readonly options: ParsedServeOptions;
  /** The configuration. */
  readonly file: string | undefined;
}

/** Takes a changed configuration and changed keys, and says so; a bad one leaves all as it was. */
function readingAgain(
  output: Context['output'],
  { read, server, watchFiles, options, file }: ReadingAgain,
): { readonly reload: () => void; readonly end: () => void } {
  let current = options;
  const readAgain = async (): Promise<void> => {
    try {
      const { options: next, inFile } = await read();
      const { fixed, started } = await server.reload(next).catch((error: unknown) => {
        throw inFile(error);
      });
      watch(next.keysFile);
      output.note('read the configuration again');
      if (hasKeys(current) && !hasKeys(next)) output.note('it asks for no key any more');
      current = next;
      if (fixed.length > 0) output.note(`needs a restart: ${fixed.join(', ')}`);
      started.catch((error: unknown) => output.error(error));
    } catch (error) {
      output.error(error);
      output.note('the configuration is as it was');
    }
  };
  // One after the other, so that the latest is the one that stays.
  let last = Promise.resolve();
  const reload = (): void => {
    last = last.then(readAgain);
  };
  // The file of keys may be another one in a changed configuration.
  let watched: { readonly keysFile: string | undefined; readonly end: () => void } | undefined;
  const watch = (keysFile: string | undefined): void => {
    if (watched !== undefined && watched.keysFile === keysFile) return;
    watched?.end();
    watched = { keysFile, end: watchFiles([file, keysFile], reload) };
  };
  watch(options.keysFile);
  return { reload, end: () => watched?.end() };
}

function optionsOf(flags: Flags): Readonly<Record<string, unknown>> {
  return {
    ...givenFlags(SERVE_OPTIONS, flags),
    ...(flags.keys !== undefined && { keysFile: flags.keys }),
  };
}

/** Where it listens, and a line that works: with a picture of the package. */
function greeting(url: string, options: ParsedServeOptions, config: string | undefined): string[] {
  const { host, keys, keysFile } = options;
  // What is asked on this machine when it listens on all addresses.
  const isOther = new URL(url).hostname.replace(/[[\]]/g, '') !== host;
  const own = path.join(__dirname, '..', '..', '..', 'examples', 'pictures', 'shapes.png');
  const near = path.relative(process.cwd(), own);
  const picture = !existsSync(own) ? 'photo.jpg' : near.length < own.length ? near : own;
  const places = [...(keysFile === undefined ? [] : [keysFile]), ...(keys ? [config] : [])];
  const needsKey = places.length > 0;
  const key = needsKey ? ' -H "x-api-key: $KEY"' : '';
  const line = `curl${key} --data-binary "@${picture}" "${url}/v1/detect?labels=white%20circle"`;
  return [
    `listening on ${url}${isOther ? ` (host ${host})` : ''}`,
    ...(needsKey ? [`set KEY to one of the keys in ${places.join(' or ')} first: KEY=…`] : []),
    `try it: ${line}`,
  ];
}

interface Stop {
  /** Resolves at SIGTERM or when the command is interrupted. */
  readonly came: Promise<void>;
  /** Until then, signals do not end the process: those who manage processes may send several. */
  readonly end: () => void;
}

/** `stopping` is called when the first signal comes. */
function untilStopped({ signal }: Context, hangUp: () => void, stopping: () => void): Stop {
  let release = (): void => {};
  let stop = (): void => {};
  let isStopped = false;
  const onHangUp = (): void => {
    if (!isStopped) hangUp();
  };
  const came = new Promise<void>((resolve) => {
    stop = () => {
      if (isStopped) return;
      isStopped = true;
      stopping();
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGHUP', onHangUp);
    // Called at once where it was interrupted while it began to listen.
    release = onAbort(signal, () => stop());
  });
  return {
    came,
    end: () => {
      release();
      process.off('SIGTERM', stop);
      process.off('SIGHUP', onHangUp);
    },
  };
}
