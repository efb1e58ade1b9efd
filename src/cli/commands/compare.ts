/** `paligemma compare`: two pictures and a statement in, true or false out. */
import path from 'node:path';
import { Command } from 'commander';
import type { AnnotateOptions } from '../../index.js';
import { needsText, TASKS } from '../../tasks/registry.js';
import { taskJson } from '../../wire/results.js';
import { addArguments } from '../arguments.js';
import { checkPicture } from '../batch/arguments.js';
import {
  DRAWN_OPTIONS,
  type Drawings,
  drawnWith,
  drawPair,
  extensionFor,
  openDrawings,
  ownFormat,
} from '../batch/drawings.js';
import { ROOMY_ALONE } from '../batch/flags.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';

interface Flags extends ModelFlags {
  readonly statement: string;
  readonly json?: true;
  readonly annotate?: string;
  readonly roomy?: true;
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
  command.option(
    '--annotate <path>',
    'write both pictures beside each other with the answer under them, to a file or into a folder',
  );
  addFlags(command, 'Options:', DRAWN_OPTIONS);
  addFlags(command, 'Answering:', task.options);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma compare a.jpg b.jpg --statement "both pictures show a dog"
  $ paligemma compare old.png new.png --statement "they are the same" --annotate drawn.png`,
    )
    .action(async (left: string, right: string, flags: Flags) => {
      const { output, signal } = context;
      if (flags.roomy && flags.annotate === undefined) {
        command.error(`error: ${ROOMY_ALONE}`);
      }
      const drawings = await openDrawings(flags.annotate);
      for (const image of [left, right]) {
        checkPicture(image, '> picture');
        await drawings?.files.check(image);
      }
      const { model, name } = await loadModel(context, flags);
      try {
        const given = givenFlags(task.options, flags);
        const result = await model.compare([left, right], flags.statement, { ...given, signal });
        if (drawings) await writePair(drawings, [left, right], result, drawnWith(given, flags));
        const document = { model: name, images: [left, right], ...taskJson(result) };
        if (flags.json) await output.json(document, 2);
        else await output.data(`${result.text}\n`);
      } finally {
        await model.dispose();
      }
      exit(EXIT.ok);
    });
}

/** In the format of the file, or in that which both pictures have, else PNG. */
async function writePair(
  { files, format }: Drawings,
  pair: readonly [string, string],
  result: object,
  options: AnnotateOptions,
): Promise<void> {
  const [left = 'png', right] = await Promise.all(pair.map((image) => ownFormat(image, image)));
  const chosen = format ?? (left === right ? left : 'png');
  const data = await drawPair(pair, chosen, TASKS.compare.answers, result, options);
  const image = pair.map((one) => path.parse(one).name).join('-') + path.extname(pair[0]);
  await files.write({ image }, { data, extension: extensionFor(chosen, image) });
}
