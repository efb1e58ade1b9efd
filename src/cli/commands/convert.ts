/** `paligemma convert`: a published checkpoint to one GGUF file. */
import { Command } from 'commander';
import type { ConvertOptions, ConvertReport } from '../../index.js';
import { CONVERT_OPTIONS } from '../../options/convert.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { bytesText } from '../output.js';

interface Flags {
  readonly json?: true;
}

export function convertCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('convert')
    .summary('make a GGUF file of published weights')
    .description(
      'Converts a Hugging Face folder (safetensors) or a big_vision .npz, here or on the hub, to one GGUF file. The file ' +
        'appears under its name only when it is complete.',
    )
    .argument('<source>', CONVERT_OPTIONS.source.doc)
    .argument('<output>', CONVERT_OPTIONS.output.doc);
  addFlags(command, 'Converting:', CONVERT_OPTIONS);
  return command
    .option('--json', 'print the report as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma convert ./paligemma-3b-mix-224 paligemma-3b-mix-224-q8_0.gguf --type q8_0
  $ paligemma convert ./paligemma2-3b-pt-448 pt-448.gguf --type bf16 --mask-codec vae-oid.npz
  $ paligemma convert paligemma-3b-pt-224.npz pt-224.gguf --tokenizer tokenizer.model
  $ HF_TOKEN=hf_... paligemma convert hf:google/paligemma-3b-mix-224@bfloat16 mix-224.gguf`,
    )

    .action(async (source: string, output: string, flags: Flags) => {
      const given = { ...givenFlags(CONVERT_OPTIONS, flags), source, output };
      const report = await convertWithBar(context, given);
      for (const note of report.notes) context.output.note(`note: ${note}`);
      if (flags.json) await context.output.json(report, 2);
      else await context.output.data(`${summary(report)}\n`);
      exit(EXIT.ok);
    });
}

async function convertWithBar(context: Context, options: ConvertOptions): Promise<ConvertReport> {
  // Here and not above: --help and usage errors should not wait for the converter.
  const { convert } = await import('../../index.js');
  const bar = context.output.progress('converting');
  try {
    return await convert({
      ...options,
      signal: context.signal,
      onProgress: ({ done, total }) => bar.update(done, total),
    });
  } finally {
    bar.done();
  }
}

function summary({ output, bytes, architecture, variant, tensors }: ConvertReport): string {
  return `${output}: ${bytesText(bytes)}, ${architecture} ${variant}, ${tensors.length} tensors`;
}
