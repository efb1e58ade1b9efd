/** `paligemma pull`: downloads a model from the hub into the shared cache. */
import { Command } from 'commander';
import { PULL_OPTIONS } from '../../options/hub.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';

export function pullCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('pull')
    .summary('download a model from the Hugging Face hub')
    .description('Downloads a GGUF file into the cache that Python uses too, and prints its path.')
    .argument('<id>', 'hf:owner/repo, with :file or :q8_0 and @revision if need be')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma pull hf:owner/paligemma-3b-mix-224-gguf:q8_0
  $ HF_TOKEN=hf_... paligemma pull hf:owner/private-model@v2

HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and HF_HUB_OFFLINE are honoured. The token has no flag, as others on the
machine see command lines. What broke off goes on where it was.`,
    )
    .action(async (id: string, flags: { readonly json?: true }) => {
      const { pull } = await import('../../index.js');
      const bar = context.output.progress('downloading');
      let file: string;
      try {
        file = await pull(id, {
          ...givenFlags(PULL_OPTIONS, flags),
          signal: context.signal,
          onProgress: (loaded, total) => bar.update(loaded, total),
        });
      } finally {
        bar.done();
      }
      if (flags.json) await context.output.json({ id, file }, 2);
      else await context.output.data(`${file}\n`);
      exit(EXIT.ok);
    });
  addFlags(command, 'Downloading:', PULL_OPTIONS);
  return command;
}
