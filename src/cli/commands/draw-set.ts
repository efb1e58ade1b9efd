/** `paligemma draw-set`: pictures with their truth, drawn from a seed, as a data set. */
import { Argument, Command } from 'commander';
import { DRAWN_SETS, type DrawnSetName, SETS } from '../../drawn-sets/sets.js';
import { DRAW_SET_OPTIONS } from '../../options/draw-set.js';
import { parseOptions } from '../../options/option.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { columns } from '../output.js';

export function drawSetCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('draw-set')
    .summary('draw a data set: pictures with their exact truth')
    .description(
      'Draws pictures with their truth, as PaliGemma JSON lines or COCO: to judge a model with `eval`, or to train one.',
    )
    .addArgument(new Argument('<name>', 'which set').choices(DRAWN_SETS))
    .addHelpText(
      'after',
      `
Sets:
${list()}
Examples:
  $ paligemma draw-set licence-plate -o plates
  $ paligemma draw-set meter --count 5000 --split 0.9 --seed 1 -o meters
  $ paligemma draw-set plurals -o plurals

The folder has the pictures in \`images\`, the rows, and the phrasings of each question in \`prompts.json\`.`,
    )
    .action(async (name: DrawnSetName, flags: Readonly<Record<string, unknown>>) => {
      const { output, signal } = context;
      const given = givenFlags(DRAW_SET_OPTIONS, flags);
      const options = parseOptions('draw-set', DRAW_SET_OPTIONS, given);
      const { count: total, output: folder } = options;
      const { writeDrawnSet } = await import('../../drawn-sets/write.js');
      const count = output.count('pictures');
      let files: ReadonlyMap<string, number>;
      try {
        files = await writeDrawnSet(folder, name, {
          ...options,
          signal,
          onPicture: (done) => count.update({ done, failed: 0, before: 0, total }),
        });
      } finally {
        count.done();
      }
      await output.data(
        columns(
          [...files].map(([file, n]) => [file, `${n}`]),
          [1],
        ),
      );
      exit(EXIT.ok);
    });
  addFlags(command, 'Drawing:', DRAW_SET_OPTIONS);
  return command;
}

function list(): string {
  const rows = DRAWN_SETS.map((name) => [name, SETS[name].doc]);
  return columns(rows).replace(/^(?=.)/gm, '  ');
}
