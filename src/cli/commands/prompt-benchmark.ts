/** `paligemma prompt-benchmark`: how much the wording of prompts decides, on drawn sets. */
import path from 'node:path';
import { Command } from 'commander';
import { DRAWN_SETS, type DrawnSetName } from '../../drawn-sets/sets.js';
import { makeError } from '../../errors.js';
import { PROMPTS_OPTIONS } from '../../options/evaluation.js';
import { parseOptions } from '../../options/option.js';
import { showValue } from '../../options/show.js';
import type { Context } from '../context.js';
import { continuedRun, journalWords } from '../continued-run.js';
import { promptsTable, shown } from '../evaluation-tables.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, isOnWording, loadModel, type ModelFlags } from '../model.js';

type Flags = ModelFlags & Readonly<Record<string, unknown>> & { readonly json?: true };

export function promptBenchmarkCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('prompt-benchmark')
    .summary('compare phrasings of prompts on drawn sets')
    .description(
      'Draws receipts, menus, coins, things to find and serial plates, asks about each picture in many words, and tells how ' +
        'much the wording decides. A run that was cut off is continued with the same command.',
    )
    .option('--json', 'print the report as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma prompt-benchmark --model plates-q8_0.gguf -o runs/prompts
  $ paligemma prompt-benchmark --set menus --set coins --count 200 -o runs/prompts

The folder has a run of each question, prompts.json, report.html and report.md.

Exit codes: 0 compared, 1 failed, 2 wrong usage, 6 some rows have no answer, 130 interrupted.`,
    )
    .action(async (flags: Flags) => {
      const given = givenFlags(PROMPTS_OPTIONS, flags);
      const o = parseOptions('prompt-benchmark', PROMPTS_OPTIONS, given);
      const sets = o.set.map(setOf);
      const [{ judgePrompts }, { fingerprint }] = await Promise.all([
        import('../../evaluation/prompt-benchmark.js'),
        import('../../runs/fingerprint.js'),
      ]);
      const { output, signal } = context;
      const { model, name, files } = await loadModel(context, flags, isOnWording);
      try {
        const answeredBy = { model: path.basename(name), fingerprint: await fingerprint(files) };
        const report = await continuedRun(context, o.output, (counts) =>
          judgePrompts({
            ...{ sets, count: o.count, seed: o.seed, maxTokens: o.maxTokens },
            ...{ model, answeredBy, signal, folder: o.output, words: journalWords },
            onPicture: (set, done) =>
              counts.update(`drawing ${set}`, { done, failed: 0, before: 0, total: o.count }),
            onProgress: (run, { soFar, ...tally }) => {
              counts.update(run, { ...tally, ...(soFar !== undefined && { note: shown(soFar) }) });
            },
          }),
        );
        if (flags.json) await output.json(report, 2);
        else await output.data(promptsTable(report));
        exit(report.questions.some(({ failed }) => failed > 0) ? EXIT.someFailed : EXIT.ok);
      } finally {
        await model.dispose();
      }
    });
  addFlags(command, 'Asking:', PROMPTS_OPTIONS);
  addModelFlags(command);
  return command;
}

function setOf(text: string): DrawnSetName {
  const found = DRAWN_SETS.find((name) => name === text);
  if (found !== undefined) return found;
  const expected = DRAWN_SETS.join(', ');
  const message = `option set has ${showValue(text)}, expected ${expected}`;
  throw makeError('ERR_OPTION_RANGE', message, { name: 'set', found: text, expected });
}
