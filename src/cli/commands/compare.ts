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
  existingDrawings,
  extensionFor,
  openDrawings,
  ownFormat,
} from '../batch/drawings.js';
import { OVERWRITE, ROOMY_ALONE } from '../batch/flags.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';

interface Flags extends ModelFlags {
  readonly statement: string;
  readonly json?: true;
  readonly annotate?: string;
  readonly roomy?: true;
  readonly overwrite?: true;
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
  addFlags(command, 'Options:', { ...DRAWN_OPTIONS, overwrite: OVERWRITE });
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
      if (flags.roomy && flags.annotate === undefined) {
        command.error(`error: ${ROOMY_ALONE}`);
      }
      const existing = existingDrawings(flags.annotate, flags);
      const drawings = await openDrawings(flags.annotate, existing);
      try {
        await compare(context, [left, right], flags, drawings);
      } finally {
        await drawings?.files.close();
      }
      exit(EXIT.ok);
    });
}

async function compare(
  context: Context,
  pair: readonly [string, string],
  flags: Flags,
  drawings: Drawings | undefined,
): Promise<void> {
  const { output, signal } = context;
  for (const image of pair) {
    checkPicture(image, '> picture');
    await drawings?.files.check(image);
  }
  const drawing = drawings && (await pairDrawing(drawings, pair));
  const { model, name } = await loadModel(context, flags);
  try {
    const given = givenFlags(TASKS.compare.options, flags);
    const result = await model.compare(pair, flags.statement, { ...given, signal });
    await drawing?.write(result, drawnWith(given, flags));
    const document = { model: name, images: pair, ...taskJson(result) };
    if (flags.json) await output.json(document, 2);
    else await output.data(`${result.text}\n`);
  } finally {
    await model.dispose();
  }
}

/**
 * The one drawing of two pictures: in the format of the file, or in that which both have, else PNG. Throws where it exists
 * and is refused.
 */
async function pairDrawing({ files, format }: Drawings, pair: readonly [string, string]) {
  const [left = 'png', right] = await Promise.all(pair.map((image) => ownFormat(image, image)));
  const chosen = format ?? (left === right ? left : 'png');
  const image = pair.map((one) => path.parse(one).name).join('-') + path.extname(pair[0]);
  const extension = extensionFor(chosen, image);
  await files.checkFree({ image }, extension);
  return {
    async write(result: object, options: AnnotateOptions): Promise<void> {
      const data = await drawPair(pair, chosen, TASKS.compare.answers, result, options);
      await files.write({ image }, { data, extension });
    },
  };
}
