/** `paligemma compare-types`: how much quality each number type of a model costs, and what it saves. */
import { Command } from 'commander';
import { makeError } from '../../errors.js';
import { WEIGHT_TYPES, type WeightType } from '../../options/closed-sets.js';
import { TYPES_OPTIONS } from '../../options/evaluation.js';
import { LOAD_OPTIONS } from '../../options/load.js';
import { parseOptions } from '../../options/option.js';
import { showValue } from '../../options/show.js';
import type { Context } from '../context.js';
import { continuedRun, journalWords } from '../continued-run.js';
import { shown, typesTable } from '../evaluation-tables.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';

type Flags = Readonly<Record<string, unknown>> & {
  readonly json?: true;
};

export function compareTypesCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('compare-types')
    .summary('judge the number types of a model on a data set')
    .description(
      'Converts a checkpoint to several number types, asks each the questions of a data set, and compares figures, ' +
        'answers, size, memory and time with the first. The model files are removed; a run that was cut off is continued ' +
        'with the same command.',
    )
    .argument(
      '<checkpoint>',
      'folder of a Hugging Face checkpoint, a big_vision .npz file, or one on the hub',
    )
    .argument('<data>', 'file or folder; `paligemma dataset` says what it holds')
    .option('--json', 'print the report as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma compare-types ./plates-3b plates.jsonl --task ocr -o runs/types
  $ paligemma compare-types ./plates-3b plates.jsonl --task ocr --types bf16,q8_0,q4_0 -o runs/types

The folder has a run of each type, types.json, report.html and report.md.

Exit codes: 0 compared, 1 failed, 2 wrong usage, 6 some rows have no answer, 130 interrupted.`,
    )
    .action(async (checkpoint: string, data: string, flags: Flags) => {
      const o = parseOptions('compare-types', TYPES_OPTIONS, givenFlags(TYPES_OPTIONS, flags));
      const types = o.types
        .flatMap((text) => text.split(','))
        .map((text) => weightType(text.trim()));
      if (types.length < 2) throw notTypes(types.join(', '), 'two or more');
      const [{ openDataset }, { metricsFor }, { judgeTypes }] = await Promise.all([
        import('../../datasets/open.js'),
        import('../../evaluation/tasks.js'),
        import('../../evaluation/weight-types.js'),
      ]);
      const metrics = metricsFor(o.task, o.metric);
      const { output, signal } = context;
      const dataset = await openDataset(data);
      const report = await continuedRun(context, o.output, (counts) =>
        judgeTypes({
          ...{ checkpoint, types, dataset, metrics, signal },
          ...{ task: o.task, limit: o.limit, maxTokens: o.maxTokens, constrained: o.constrained },
          ...{ folder: o.output, words: journalWords, maskCodec: o.maskCodec },
          load: givenFlags(LOAD_OPTIONS, flags),
          onConvert: (type, { done, total }) =>
            counts.update(`converting ${type}`, { done, total, failed: 0, before: 0 }),
          onProgress: (type, { soFar, ...tally }) => {
            const note = soFar === undefined ? {} : { note: `${metrics[0]?.id} ${shown(soFar)}` };
            counts.update(type, { ...tally, ...note });
          },
        }),
      );
      if (flags.json) await output.json(report, 2);
      else await output.data(typesTable(report));
      exit(report.types.some(({ failed }) => failed > 0) ? EXIT.someFailed : EXIT.ok);
    });
  addFlags(command, 'Judging:', TYPES_OPTIONS);
  addFlags(command, 'Loading:', LOAD_OPTIONS);
  return command;
}

function weightType(text: string): WeightType {
  const found = WEIGHT_TYPES.find((type) => type === text.toLowerCase());
  if (found !== undefined) return found;
  throw notTypes(showValue(text), WEIGHT_TYPES.join(', '));
}

function notTypes(found: string, expected: string): Error {
  const message = `option types has ${found}, expected ${expected}`;
  return makeError('ERR_OPTION_RANGE', message, { name: 'types', found, expected });
}
