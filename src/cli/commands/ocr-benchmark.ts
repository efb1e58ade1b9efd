/** `paligemma ocr-benchmark`: how well and how fast systems read, ours and others, on the same crops. */
import { Command } from 'commander';
import type { BenchmarkSummary } from '../../evaluation/ocr-benchmark/summary.js';
import { defaultThreads } from '../../options/load.js';
import { OCR_BENCHMARK_OPTIONS } from '../../options/ocr-benchmark.js';
import { parseOptions } from '../../options/option.js';
import { optionName } from '../../remedies.js';
import type { Context } from '../context.js';
import { journalWords, noteKept } from '../continued-run.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, addRequiredFlag, givenFlags, readPath } from '../flags.js';
import { columns } from '../output.js';

interface Flags extends Readonly<Record<string, unknown>> {
  readonly output: string;
  readonly json?: true;
}

/** What a run depends on that no flag is called after. */
const SETTINGS: Readonly<Record<string, string>> = {
  data: 'the crops',
  tuning: 'crops for tuning',
  machine: 'the machine',
};

const HELP = `
Examples:
  $ paligemma ocr-benchmark --system ours:model.gguf --system tesseract -o runs/ocr
  $ paligemma ocr-benchmark --data plates/ --system tesseract --price machine=0.40/h -o runs/plates
  $ paligemma ocr-benchmark --system replay:runs/ocr/rows.jsonl --system ocrad -o runs/again

Exit codes: 0 done, 1 failed, 2 wrong usage, 6 some crops were not read, 130 interrupted.`;

export function ocrBenchmarkCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('ocr-benchmark')
    .summary('compare what reads text: accuracy, speed, cost')
    .description(
      'Lets systems read the same crops, one after the other: our models, programs and packages that are installed here, ' +
        'APIs, and recorded answers. Every reading is written when it is made, and a run that was cut off is continued ' +
        'with --resume.',
    );
  addRequiredFlag(
    command,
    '-o, --output <folder>',
    'where readings, figures, charts and reports go',
    readPath,
  );
  command.option('--json', 'print the summary as one JSON document');
  addFlags(command, 'Benchmark:', OCR_BENCHMARK_OPTIONS);
  return command.addHelpText('after', HELP).action(async (flags: Flags) => {
    const given = givenFlags(OCR_BENCHMARK_OPTIONS, flags);
    const o = parseOptions('ocr-benchmark', OCR_BENCHMARK_OPTIONS, given);
    if (o.system === undefined) {
      return command.error('error: ocr-benchmark takes at least one --system');
    }
    const [{ benchmarkOcr }, { sourceOf }, { parsePrices }, { footOf, notesOn }] =
      await Promise.all([
        import('../../evaluation/ocr-benchmark/run.js'),
        import('../../evaluation/ocr-benchmark/sources.js'),
        import('../../evaluation/ocr-benchmark/prices.js'),
        import('../../evaluation/ocr-benchmark/sentences.js'),
      ]);
    const { output, signal } = context;
    const count = output.count('readings');
    let [before, failures] = [0, 0];
    let last = { system: '', done: 0, failed: 0 };
    try {
      const summary = await benchmarkOcr({
        ...o,
        sources: o.system.map(sourceOf),
        prices: parsePrices(o.price ?? []),
        threads: o.threads || defaultThreads(),
        timeoutMs: o.timeout * 1000,
        folder: flags.output,
        words: {
          ...journalWords,
          setting: (name) => SETTINGS[name] ?? optionName('cli', name),
        },
        signal,
        onReading: (system, { done, failed }) => {
          if (done === 1) {
            before += last.done;
            failures += last.failed;
            output.note(`note: ${system} reads`);
          }
          last = { system, done, failed };
          const total = undefined;
          count.update({ done: before + done, failed: failures + failed, before: 0, total });
        },
      });
      count.done();
      for (const note of notesOn(summary)) output.note(note);
      if (flags.json) await output.json(summary, 2);
      else await output.data(`${tableOf(summary)}${footOf(summary)}\n`);
      exit(summary.systems.some(({ failed }) => failed > 0) ? EXIT.someFailed : EXIT.ok);
    } catch (error) {
      count.done();
      if (signal.aborted) noteKept(context, `${before + last.done} readings`, flags.output);
      throw error;
    } finally {
      count.done();
    }
  });
}

function tableOf({ systems }: BenchmarkSummary): string {
  const shown = (figure: number | null | undefined): string =>
    figure === null || figure === undefined ? 'none' : String(Number(figure.toPrecision(3)));
  const lines = [
    ['system', 'accuracy', '95 % interval', 'seconds', 'per second', 'per cent', 'failed'],
    ...systems.map((one) => {
      const accuracy = one.accuracies['levenshtein'];
      const { low, high } = accuracy ?? { low: null, high: null };
      return [
        ...[one.name, shown(accuracy?.figure)],
        low === null ? 'none' : `${shown(low)} to ${shown(high)}`,
        ...[shown(one.medianSeconds.figure), shown(one.speedEfficiency.figure)],
        ...[one.costEfficiency ? shown(one.costEfficiency.figure) : 'no price', String(one.failed)],
      ];
    }),
  ];
  return `${columns(lines, [1, 3, 4, 5, 6])}\n`;
}
