/** `paligemma tokenize`: texts in, token ids and pieces out. */
import { isUtf8 } from 'node:buffer';
import { Command } from 'commander';
import { makeError } from '../../errors.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';
import { columns } from '../output.js';

const MAX_STDIN_BYTES = 1024 * 1024;

interface Flags extends ModelFlags {
  readonly json?: true;
}

export function tokenizeCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('tokenize')
    .summary('show the tokens of a text')
    .description(
      'Shows the tokens of each text, without the BOS token and the newline that a prompt gets. Without a text, ' +
        'standard input is one text; a line break at its very end is left out.',
    )
    .argument('[text...]', 'texts, one result each; "-" is standard input');
  addModelFlags(command);
  return command
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma tokenize "detect red circle"
  $ paligemma tokenize --json "caption en" "caption de" --model paligemma-3b-mix-224-q8_0.gguf
  $ cat prompt.txt | paligemma tokenize`,
    )
    .action(async (texts: readonly string[], flags: Flags) => {
      const sources = texts.length === 0 ? ['-'] : texts;
      if (sources.filter((text) => text === '-').length > 1) {
        command.error('error: standard input ("-") can be read once only');
      }
      await tokenize(context, sources, flags);
      exit(EXIT.ok);
    });
}

async function tokenize(context: Context, sources: readonly string[], flags: Flags): Promise<void> {
  const { output } = context;
  const texts: string[] = [];
  for (const source of sources) {
    texts.push(source === '-' ? await stdinText(context) : source);
  }
  const { model, name } = await loadModel(context, flags);
  try {
    const results = texts.map((text) => {
      const tokens = model.tokenize(text);
      return { text, tokens, pieces: tokens.map((id) => model.detokenize([id])) };
    });
    if (flags.json) {
      await output.json({ model: name, results }, 2);
      return;
    }
    const tables = results.map(({ tokens, pieces }) =>
      columns(
        tokens.map((id, i) => [String(id), JSON.stringify(pieces[i])]),
        [0],
      ),
    );
    // Else one would wonder whether anything was done.
    for (const [i, { tokens }] of results.entries())
      if (tokens.length === 0) tables[i] = '(no tokens)\n';
    await output.data(tables.join('\n'));
  } finally {
    await model.dispose();
  }
}

async function stdinText({ readStdin }: Context): Promise<string> {
  const bytes = await readStdin(MAX_STDIN_BYTES);
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/\r?\n$/, '');
  const message = 'standard input is not UTF-8, expected UTF-8 text';
  throw makeError('ERR_OPTION_RANGE', message, {
    ...{ name: 'text', found: 'not UTF-8', expected: 'UTF-8 text' },
  });
}
