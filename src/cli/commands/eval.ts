/** `paligemma eval`: how right a model's answers to a data set are, or those of any other system. */
import path from 'node:path';
import { Command } from 'commander';
import type { Answerer } from '../../evaluation/answering.js';
import type { RunComparison } from '../../evaluation/compare.js';
import type { Evaluation } from '../../evaluation/evaluate.js';
import { type Estimate, REASONS } from '../../evaluation/statistics/estimate.js';
import type { Summary } from '../../evaluation/summary.js';
import { EVALUATION_OPTIONS } from '../../options/evaluation.js';
import { parseOptions } from '../../options/option.js';
import { optionName } from '../../remedies.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';
import { columns } from '../output.js';

type Flags = ModelFlags &
  Readonly<Record<string, unknown>> & {
    readonly json?: true;
    readonly output?: string;
    readonly compare?: readonly string[];
  };

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
    )
    .option('-o, --output <folder>', 'where rows, figures and reports go')
    .option('--json', 'print the summary as one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma eval plates.jsonl --task ocr --model plates-q8_0.gguf -o runs/q8
  $ paligemma eval plates.jsonl --task ocr --predictions tesseract.jsonl -o runs/tesseract
  $ paligemma eval --compare runs/q8 runs/q4
  $ paligemma eval valid.jsonl --fail-under 'exact@lower>=0.9' -o runs/ci

Exit codes: 0 judged, 1 failed, 2 wrong usage, 6 some rows have no answer, 7 a figure misses its limit, 130 interrupted.`,
    )
    .action(async (data: string | undefined, flags: Flags) => {
      if (flags.compare !== undefined) {
        if (data !== undefined || flags.compare.length !== 2) {
          command.error('error: --compare takes two folders of runs, and nothing else');
        }
        await compare(context, flags.compare as [string, string], flags.json === true);
        return exit(EXIT.ok);
      }
      const { output: folder } = flags;
      if (data === undefined || folder === undefined) {
        return command.error(
          'error: eval takes a data set and --output, or --compare and two runs',
        );
      }
      const o = parseOptions('eval', EVALUATION_OPTIONS, givenFlags(EVALUATION_OPTIONS, flags));
      const [{ openDataset }, { evaluate }, { metricsFor }, { parseLimit }] = await Promise.all([
        import('../../datasets/open.js'),
        import('../../evaluation/evaluate.js'),
        import('../../evaluation/tasks.js'),
        import('../../evaluation/summary.js'),
      ]);
      const metrics = metricsFor(o.task, o.metric);
      const limits = (o.failUnder ?? []).map((text) => parseLimit(text, metrics));
      const dataset = await openDataset(data);
      const { answerer, answeredBy, end } = await answering(context, flags, o);
      const count = context.output.count('rows');
      const { signal } = context;
      const evaluation: Evaluation = {
        ...{ dataset, metrics, limits, answerer, answeredBy, signal },
        ...{ task: o.task, limit: o.limit, resume: o.resume, folder },
        settings: { limit: o.limit ?? null, maxTokens: o.maxTokens ?? null },
        words: {
          output: '--output',
          resume: '--resume',
          setting: (name) => (name === 'data' ? 'the data set' : optionName('cli', name)),
        },
        onRow: (done, failed, before) => count.update({ done, failed, before, total: o.limit }),
      };
      try {
        const summary = await evaluate(evaluation);
        count.done();
        if (flags.json) await context.output.json(summary, 2);
        else await context.output.data(table(summary));
        exit(codeOf(summary));
      } finally {
        count.done();
        await end();
      }
    });
  addFlags(command, 'Judging:', EVALUATION_OPTIONS);
  addModelFlags(command);
  return command;
}

async function compare(
  { output }: Context,
  folders: readonly [string, string],
  isJson: boolean,
): Promise<void> {
  const { compareStored, readRun } = await import('../../evaluation/compare.js');
  const [first, second] = [await readRun(folders[0]), await readRun(folders[1])];
  const comparison = await compareStored(first, second);
  if (isJson) await output.json(comparison, 2);
  else await output.data(comparisonTable(comparison));
}

function comparisonTable({ models, rows, leftOut, differences }: RunComparison): string {
  const lines = [
    ['metric', ...models, 'difference', '95 % interval', 'the second is', 'could show'],
    ...differences.map(({ id, first, second, difference, verdict, smallest }) => [
      ...[id, shown(first), shown(second), shown(difference.figure)],
      difference.reason ? 'none' : `${shown(difference.low)} to ${shown(difference.high)}`,
      ...[verdict, shown(smallest)],
    ]),
  ];
  const left = leftOut === 0 ? '' : `, without ${leftOut} that one of them alone has answered`;
  const reasons = why(differences.map(({ difference }) => difference));
  return `${columns(lines, [1, 2, 3])}\n${rows} rows${left}\n${reasons}`;
}

const shown = (figure: number | null): string => (figure === null ? 'none' : figure.toFixed(4));

function why(estimates: readonly Pick<Estimate, 'reason'>[]): string {
  const reasons = [...new Set(estimates.flatMap(({ reason }) => reason ?? []))];
  return reasons.map((reason) => `no interval: ${REASONS[reason]}\n`).join('');
}

type Options = ReturnType<typeof parseOptions<typeof EVALUATION_OPTIONS>>;

async function answering(
  context: Context,
  flags: Flags,
  { predictions, maxTokens }: Options,
): Promise<{
  readonly answerer: Answerer;
  readonly answeredBy: Evaluation['answeredBy'];
  readonly end: () => Promise<void>;
}> {
  const { fingerprint } = await import('../../runs/fingerprint.js');
  const { modelAnswerer, readAnswers } = await import('../../evaluation/answering.js');
  if (predictions !== undefined) {
    const answerer = await readAnswers(predictions);
    const answeredBy = {
      model: path.basename(predictions),
      fingerprint: await fingerprint([predictions]),
    };
    return { answerer, answeredBy, end: async () => {} };
  }
  const { model, name, files } = await loadModel(context, flags);
  return {
    answerer: modelAnswerer(model, maxTokens),
    answeredBy: { model: path.basename(name), fingerprint: await fingerprint(files) },
    end: () => model.dispose(),
  };
}

function codeOf({ failed, limits }: Summary): ExitCode {
  if (limits.some(({ isMet }) => !isMet)) return EXIT.missed;
  return failed > 0 ? EXIT.someFailed : EXIT.ok;
}

function table({ rows, failed, figures, limits }: Summary): string {
  const lines = [
    ['metric', 'figure', '95 % interval', ''],
    ...figures.map(({ id, title, better, figure, low, high, reason }) => [
      ...[id, shown(figure), reason ? 'none' : `${shown(low)} to ${shown(high)}`],
      `${title}, ${better} is better`,
    ]),
  ];
  const verdicts = limits.map(({ limit, figure, isMet }) => [
    ...[limit, shown(figure), isMet ? 'met' : 'MISSED'],
  ]);
  const left = failed === 0 ? '' : `, ${failed} without an answer, which the figures leave out`;
  return `${columns(lines, [1])}\n${rows} rows${left}\n${why(figures)}${verdicts.length > 0 ? `\n${columns(verdicts, [1])}` : ''}`;
}
