/** `paligemma serve`: answers over HTTP until it is stopped. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { onAbort } from '../../abort.js';
import { SERVE_OPTIONS } from '../../options/server.js';
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
        const given = {
          ...givenFlags(SERVE_OPTIONS, flags),
          ...(flags.keys !== undefined && { keysFile: flags.keys }),
        };
        return readConfig(flags.config, given, context.env.PALIGEMMA_MODEL || undefined);
      };
      const { listen } = await import('../../server/app.js');
      const { watchFiles } = await import('../../server/config.js');
      const options = await read();
      const server = await listen(options);
      const { model, models, keys, keysFile } = options;
      if (model === undefined && models === undefined) {
        output.note('note: serving the demo model; choose another with --model or --config');
      }
      output.note(`listening on ${server.url}`);
      output.note(`try it: ${exampleLine(server.url, (keys ?? keysFile) !== undefined)}`);
      const readAgain = async (): Promise<void> => {
        try {
          const next = await read();
          const { fixed, started } = await server.reload(next);
          watch(next.keysFile);
          output.note('read the configuration again');
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
        watched = { keysFile, end: watchFiles([flags.config, keysFile], reload) };
      };
      watch(options.keysFile);
      try {
        const stopped = untilStopped(context, reload);
        await Promise.race([server.started.then(() => stopped), stopped]);
      } finally {
        watched?.end();
        await server.close();
      }
      exit(EXIT.ok);
    });
  addFlags(command, 'Serving:', SERVE_OPTIONS);
  return command;
}

/** A line that works as it is: with a picture of the package. */
function exampleLine(url: string, needsKey: boolean): string {
  const own = path.join(__dirname, '..', '..', '..', 'examples', 'pictures', 'shapes.png');
  const near = path.relative(process.cwd(), own);
  const picture = !existsSync(own) ? 'photo.jpg' : near.length < own.length ? near : own;
  const key = needsKey ? ' -H "authorization: Bearer KEY"' : '';
  return `curl${key} --data-binary "@${picture}" "${url}/v1/detect?labels=white%20circle"`;
}

/** Resolves at SIGTERM or when the command is interrupted. */
function untilStopped({ signal }: Context, hangUp: () => void): Promise<void> {
  // Interrupted while it began to listen.
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const release = onAbort(signal, stop);
    process.on('SIGTERM', stop);
    process.on('SIGHUP', hangUp);
    function stop(): void {
      release();
      process.off('SIGTERM', stop);
      process.off('SIGHUP', hangUp);
      resolve();
    }
  });
}
