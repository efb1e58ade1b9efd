/** `paligemma convert`: a published checkpoint to one GGUF file. Ranges of the options are checked by `convert`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ConvertOptions, type ConvertReport, convert, WEIGHT_TYPES } from '../../index.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { bytesText } from '../output.js';

type Flags = Omit<ConvertOptions, 'source' | 'output' | 'onProgress' | 'signal'> & {
  readonly json?: true;
};

export function convertCommand(context: Context, exit: (code: ExitCode) => void): Command {
  return new Command('convert')
    .summary('make a GGUF file of published weights')
    .description(
      'Converts a Hugging Face folder (safetensors) or a big_vision .npz to one GGUF file. The file appears under its ' +
        'name only when it is complete.',
    )
    .argument('<source>', 'folder or .npz file')
    .argument('<output>', 'GGUF file to write')
    .addOption(
      new Option('-t, --type <type>', 'number type of the large matrices')
        .choices(WEIGHT_TYPES)
        .default('q8_0'),
    )
    .option('--tokenizer <file>', 'tokenizer.model or tokenizer.json (default: from the source)')
    .option('--mask-codec <file>', 'vae-oid.npz, which turns segmentation answers into masks')
    .option('--name <text>', 'name to store in the file (default: that of the source)')
    .option('--image-size <n>', 'pixels, where the source does not say', toNumber)
    .option('--patch-size <n>', 'pixels, where the source does not say', toNumber)
    .option('--context-length <n>', 'tokens, where the source does not say', toNumber)
    .option('--query-pre-attn-scalar <x>', 'PaliGemma 2: query scale, as in its config', toNumber)
    .option('--attention-softcap <x>', 'PaliGemma 2: soft-cap of the attention, 0 is off', toNumber)
    .option('--final-softcap <x>', 'PaliGemma 2: soft-cap of the logits, 0 is off', toNumber)
    .option('--overwrite', 'replace an existing output')
    .option('--json', 'print the report as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma convert ./paligemma-3b-mix-224 paligemma-3b-mix-224-q8_0.gguf --type q8_0
  $ paligemma convert ./paligemma2-3b-pt-448 pt-448.gguf --type bf16 --mask-codec vae-oid.npz
  $ paligemma convert paligemma-3b-pt-224.npz pt-224.gguf --tokenizer tokenizer.model`,
    )
    .action(async (source: string, output: string, { json, ...flags }: Flags) => {
      const report = await convertWithBar(context, { ...flags, source, output });
      for (const note of report.notes) context.output.note(`note: ${note}`);
      if (json) await context.output.json(report, 2);
      else await context.output.data(`${summary(report)}\n`);
      exit(EXIT.ok);
    });
}

async function convertWithBar(context: Context, options: ConvertOptions): Promise<ConvertReport> {
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

function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw new InvalidArgumentError('Expected a number.');
  return value;
}
