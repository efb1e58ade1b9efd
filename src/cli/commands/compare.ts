/** `paligemma compare`: two pictures and a statement in, true or false out. */
import { Command } from 'commander';
import { needsText, TASKS } from '../../tasks/registry.js';
import { taskJson } from '../../wire/results.js';
import { addArguments } from '../arguments.js';
import { checkPicture } from '../batch/arguments.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';

interface Flags extends ModelFlags {
  readonly statement: string;
  readonly json?: true;
}

export function compareCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const task = TASKS.compare;
  const command = new Command('compare')
    .summary(task.summary)
    .description(`${task.description} ${needsText(task.needs)}`)
    .argument('<left>', 'the first picture')
    .argument('<right>', 'the second picture');
  addArguments(command, task.arguments, { statement: { letter: 's' } });
  addModelFlags(command);
  command.option('--json', 'print one JSON document');
  addFlags(command, 'Answering:', task.options);
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
        const options = { ...givenFlags(task.options, flags), signal };
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
