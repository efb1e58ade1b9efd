/** `paligemma eval`: how right a model's answers to a data set are, or those of any other system. */
import path from 'node:path';
import { Command } from 'commander';
import type { Dataset } from '../../datasets/open.js';
import type { Evaluation } from '../../evaluation/evaluate.js';
import type { Summary } from '../../evaluation/summary.js';
import { EVALUATION_OPTIONS } from '../../options/evaluation.js';
import { LOAD_OPTIONS } from '../../options/load.js';
import { parseOptions } from '../../options/option.js';
import { kebab } from '../../remedies.js';
import type { Context } from '../context.js';
import { journalWords, noteKept } from '../continued-run.js';
import { comparisonTable, shown, summaryTable } from '../evaluation-tables.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags, readPath } from '../flags.js';
import {
  addModelFlags,
  isAnotherOfItsKind,
  isOnWording,
  loadModel,
  type ModelFlags,
} from '../model.js';

type Flags = ModelFlags &
  Readonly<Record<string, unknown>> & {
    readonly json?: true;
    readonly output?: string;
    readonly compare?: readonly string[];
    readonly report?: string;
  };

const HELP = `
Examples:
  $ paligemma eval plates.jsonl --task ocr --model plates-q8_0.gguf -o runs/q8
  $ paligemma eval plates.jsonl --task ocr --predictions tesseract.jsonl -o runs/tesseract
  $ paligemma eval coco/valid --task detect --prompt 'detect {labels}' --prompt 'find the {labels}' -o runs/words
  $ paligemma eval --compare runs/q8 runs/q4
  $ paligemma eval --report runs/q8 --metric anls@docvqa
  $ paligemma eval valid.jsonl --fail-under 'exact@lower>=0.9' -o runs/ci

Exit codes: 0 judged, 1 failed, 2 wrong usage, 6 some rows have no answer, 7 a figure misses its limit, 130 interrupted.`;

export function evalCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('eval')
    .summary('judge answers to a data set')
    .description(
      'Asks a model every question of a data set and judges the answers by published metrics, or judges the answers ' +
        'that another system has given. The rows are written as they are answered, and a run that was cut off is ' +
        'continued with --resume.',
    )
    .argument('[data]', 'file or folder; `paligemma dataset` says what it holds')
    .option(
      '--compare <runs...>',
      'compare two folders of runs on the same data, the first with the second',
      readPaths,
    )
    .option(
      '--report <run>',
      'judge the rows of a run again, and write its reports again',
      readPath,
    )
    .option(
      '-o, --output <folder>',
      'where rows, figures and reports go; with --compare, its page',
      readPath,
    )
    .option('--json', 'print the summary as one JSON document')
    .addHelpText('after', HELP)
    .action(async (data: string | undefined, flags: Flags) => {
      const { compare, report, output: folder } = flags;
      const given = givenNames(command);
      const refuse = (mode: string, allowed: readonly string[]): void => {
        const others = given.filter((name) => !allowed.includes(name));
        if (others.length === 0) return;
        const names = others.map((name) => `--${kebab(name)}`).join(', ');
        command.error(`error: ${mode} takes no ${names}`);
      };
      if (compare !== undefined) {
        refuse('--compare', ['compare', 'output', 'json']);
        if (data !== undefined || report !== undefined || compare.length !== 2) {
          command.error('error: --compare takes two folders of runs, and no data set or --report');
        }
        await compareRuns(context, compare as [string, string], flags);
        return exit(EXIT.ok);
      }
      const o = parseOptions('eval', EVALUATION_OPTIONS, givenFlags(EVALUATION_OPTIONS, flags));
      if (report !== undefined) {
        refuse('--report', ['report', 'json', ...OF_JUDGING]);
        if (data !== undefined || folder !== undefined) {
          command.error('error: --report takes the folder of a run, and no data set or --output');
        }
        return exit(await show(context, flags, await judgeAgain(context, report, o)));
      }
      if (o.predictions !== undefined) {
        refuse(
          '--predictions',
          given.filter((name) => !OF_ASKING.includes(name)),
        );
      }
      if (o.seed !== undefined && o.limit === undefined) {
        return command.error('error: --seed draws the rows of a --limit, and there is none');
      }
      if (data === undefined || folder === undefined) {
        return command.error(
          'error: eval takes a data set and --output, or --compare and two runs, or --report and one',
        );
      }
      exit(await show(context, flags, await run(context, flags, { data, folder, o })));
    });
  addFlags(command, 'Judging:', EVALUATION_OPTIONS);
  addModelFlags(command);
  return command;
}

const readPaths = (text: string, others: readonly unknown[] = []): readonly unknown[] => [
  ...others,
  readPath(text),
];

/** Options that change figures and not answers. */
const OF_JUDGING: readonly string[] = [
  ...['metric', 'profile', 'groupBy', 'benchmark', 'failUnder', 'failOn'],
];
/** Options that change answers of a model. */
const OF_ASKING: readonly string[] = [
  ...['model', 'mmproj', 'prompt', 'maxTokens', 'constrained', 'concurrency'],
  ...Object.keys(LOAD_OPTIONS),
];

/** Options that are on the command line. */
const givenNames = (command: Command): string[] => {
  const names = ['compare', 'report', 'output', ...Object.keys(EVALUATION_OPTIONS), ...OF_ASKING];
  return [...new Set(names)].filter((name) => command.getOptionValueSource(name) === 'cli');
};

type Options = ReturnType<typeof parseOptions<typeof EVALUATION_OPTIONS>>;

async function run(
  context: Context,
  flags: Flags,
  { data, folder, o }: { readonly data: string; readonly folder: string; readonly o: Options },
): Promise<Summary> {
  const [{ openDataset }, { evaluate }, { metricsFor }, { parseLimit }] = await Promise.all([
    import('../../datasets/open.js'),
    import('../../evaluation/evaluate.js'),
    import('../../evaluation/tasks.js'),
    import('../../evaluation/limits.js'),
  ]);
  const metrics = metricsFor(o.task, o.metric, o.profile);
  const limits = (o.failUnder ?? []).map((text) => parseLimit(text, metrics));
  const dataset = await openDataset(data, { pictures: path.join(folder, 'pictures') });
  const { end, ...answers } = await answering(context, flags, dataset, o);
  const count = context.output.count('rows');
  const { signal } = context;
  const [headline] = metrics;
  const evaluation: Omit<Evaluation, 'onProgress'> = {
    ...{ dataset, metrics, limits, ...answers, signal, folder },
    ...{ task: o.task, limit: o.limit, seed: o.seed, split: o.split, resume: o.resume },
    ...{ groupBy: o.groupBy, failOn: o.failOn, benchmark: o.benchmark },
    concurrency: o.concurrency,
    phrasings: o.prompt ?? [],
    settings: {
      ...{ limit: o.limit ?? null, maxTokens: o.maxTokens ?? null },
      ...(!o.constrained && { constrained: false }),
    },
    words: journalWords,
  };
  let done = 0;
  try {
    return await evaluate({
      ...evaluation,
      onProgress: ({ soFar, ...tally }) => {
        ({ done } = tally);
        const note = soFar === undefined ? {} : { note: `${headline?.id} ${shown(soFar)}` };
        count.update({ ...tally, ...note });
      },
    });
  } catch (error) {
    count.done();
    if (signal.aborted) noteKept(context, `${done} rows`, folder);
    throw error;
  } finally {
    count.done();
    await end();
  }
}

async function judgeAgain(context: Context, folder: string, o: Options): Promise<Summary> {
  const [{ readRun }, { metricsFor }, { withoutProfile }, { parseLimit }, { sumUp }] =
    await Promise.all([
      import('../../evaluation/compare.js'),
      import('../../evaluation/tasks.js'),
      import('../../evaluation/metrics/registry.js'),
      import('../../evaluation/limits.js'),
      import('../../evaluation/evaluate.js'),
    ]);
  const stored = await readRun(folder);
  const before = stored.metrics.map(({ id }) => (o.profile ? withoutProfile(id) : id));
  const ids = o.metric ?? before;
  const metrics = metricsFor(stored.task, ids, o.profile);
  const limits = (o.failUnder ?? []).map((text) => parseLimit(text, metrics));
  const { groupBy, failOn } = o;
  const { benchmark = stored.run['benchmark'] as string | undefined } = o;
  const { signal } = context;
  const { run: known, task, dataset, model } = stored;
  const expected = known['rows'] as number | undefined;
  const options = { metrics, limits, groupBy, failOn, benchmark, expected, signal };
  // What the page says it was judged by.
  const run = { ...known, task, dataset, model, metrics: metrics.map(({ id }) => id) };
  return sumUp(folder, run, options);
}

async function show({ output }: Context, flags: Flags, summary: Summary): Promise<ExitCode> {
  if (flags.json) await output.json(summary, 2);
  else await output.data(summaryTable(summary));
  const { failed, limits } = summary;
  if (limits.some(({ isMet }) => !isMet)) return EXIT.missed;
  return failed > 0 ? EXIT.someFailed : EXIT.ok;
}

async function compareRuns(
  { output, signal }: Context,
  folders: readonly [string, string],
  { json, output: folder }: Flags,
): Promise<void> {
  const { compareStored, readRun } = await import('../../evaluation/compare.js');
  const [first, second] = [await readRun(folders[0]), await readRun(folders[1])];
  const comparison = await compareStored(first, second);
  if (folder !== undefined) {
    const { writeComparison } = await import('../../evaluation/write-comparison.js');
    await writeComparison(folder, [first, second], comparison, signal);
  }
  if (json) await output.json(comparison, 2);
  else await output.data(comparisonTable(comparison));
}

async function answering(
  context: Context,
  flags: Flags,
  dataset: Dataset,
  { predictions, task, maxTokens, constrained, prompt }: Options,
): Promise<
  Pick<Evaluation, 'answerer' | 'answeredBy' | 'decodeMasks'> & {
    readonly end: () => Promise<void>;
  }
> {
  if (predictions !== undefined) {
    const { readAnswers } = await import('../../evaluation/predictions.js');
    const { answerer, fingerprint } = await readAnswers(predictions, dataset, context.signal);
    const answeredBy = { model: path.basename(predictions), fingerprint };
    return { answerer, answeredBy, end: async () => {} };
  }
  const { fingerprint } = await import('../../runs/fingerprint.js');
  const { maskDecoder, modelAnswerer } = await import('../../evaluation/answering.js');
  const keepsPictures = prompt !== undefined && prompt.length > 1;
  const leavesOut = keepsPictures ? isOnWording : isAnotherOfItsKind();
  const { model, name, files } = await loadModel(context, flags, leavesOut);
  return {
    answerer: modelAnswerer(model, { task, maxTokens, constrained, keepsPictures }),
    answeredBy: { model: path.basename(name), fingerprint: await fingerprint(files) },
    decodeMasks: maskDecoder(model),
    end: () => model.dispose(),
  };
}
