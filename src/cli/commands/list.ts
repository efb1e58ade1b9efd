/** `paligemma list`: the models on this machine. */
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { bytesText, columns } from '../output.js';

export function listCommand(context: Context, exit: (code: ExitCode) => void): Command {
  return new Command('list')
    .summary('list the models on this machine')
    .description(
      "Lists PaliGemma models: the demo model, those of the hub's cache, and GGUF files of folders. Other models are left out.",
    )
    .argument('[folders...]', 'where to look for model files (default: here and ~/models)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma list
  $ paligemma list /data/models --json

Models are plain files: rm removes one, --model or PALIGEMMA_MODEL chooses one.`,
    )
    .action(async (folders: string[], flags: { readonly json?: true }) => {
      const { localModels } = await import('../../doctor/local-models.js');
      const places = folders.length > 0 ? folders : ['.', path.join(os.homedir(), 'models')];
      const models = await localModels(places);
      if (flags.json) await context.output.json({ models }, 2);
      else if (models.length > 0) await context.output.data(table(models));
      if (models.length === 0)
        context.output.note(`note: no models in ${places.join(', ')}, nor in the hub's cache`);
      exit(EXIT.ok);
    });
}

function table(
  models: Awaited<ReturnType<typeof import('../../doctor/local-models.js').localModels>>,
): string {
  return columns(
    [
      ['name', 'type', 'pixels', 'size', 'file'],
      ...models.map(({ name, type, imageSize, bytes, file }) => {
        return [name, type, String(imageSize ?? ''), bytesText(bytes), file];
      }),
    ],
    [2, 3],
  );
}
