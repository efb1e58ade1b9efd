/** `paligemma list`: the models on this machine. */
import { Command } from 'commander';
import { oneLine } from '../../options/show.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { FOLDERS_DOC, modelFolders } from '../model-folders.js';
import { bytesText, columns } from '../output.js';

export function listCommand(context: Context, exit: (code: ExitCode) => void): Command {
  return new Command('list')
    .summary('list the models on this machine')
    .description(
      "Lists PaliGemma models: the demo model, those of the hub's cache, and GGUF files of folders. Other models are left out.",
    )
    .argument('[folders...]', FOLDERS_DOC)
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
      const { places, errors } = await modelFolders(folders);
      for (const error of errors) context.output.error(error);
      const models = await localModels(places);
      if (flags.json) await context.output.json({ models }, 2);
      else if (models.length > 0) await context.output.data(table(models));
      if (models.length === 0) {
        const where = [...places.map(oneLine), "the hub's cache"].join(', ');
        context.output.note(`note: no models in ${where}`);
      }
      if (errors.length === 0) exit(EXIT.ok);
      else exit(places.length > 0 ? EXIT.someFailed : EXIT.failure);
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
