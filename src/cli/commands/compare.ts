/** `paligemma compare`: two pictures and a statement in, true or false out. */
import { Command } from 'commander';
import { COMPARE_OPTIONS } from '../../options/tasks.js';
import { taskJson } from '../../wire/results.js';
import { checkPicture } from '../batch/arguments.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, addRequiredFlag, givenFlags } from '../flags.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';

interface Flags extends ModelFlags {
  readonly statement: string;
  readonly json?: true;
}

export function compareCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('compare')
    .summary('tell whether a statement about two pictures is true')
    .description(
      'Tells whether a statement about two pictures is true. For checkpoints fine-tuned on NLVR2.',
    )
    .argument('<left>', 'the first picture')
    .argument('<right>', 'the second picture');
  addRequiredFlag(command, '-s, --statement <text>', 'what may be true of them');
  addModelFlags(command);
  command.option('--json', 'print one JSON document');
  addFlags(command, 'Answering:', COMPARE_OPTIONS);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma compare a.jpg b.jpg --statement "both pictures show a dog"`,
    )
    .action(async (left: string, right: string, flags: Flags) => {
      const { output, signal } = context;
      for (const image of [left, right]) checkPicture(image, '> picture');
      const { model, name } = await loadModel(context, flags);
      try {
        const options = { ...givenFlags(COMPARE_OPTIONS, flags), signal };
        const result = await model.compare([left, right], flags.statement, options);
        const document = { model: name, images: [left, right], ...taskJson(result) };
        if (flags.json) await output.json(document, 2);
        else await output.data(`${result.text}\n`);
      } finally {
        await model.dispose();
      }
      exit(EXIT.ok);
    });
}
