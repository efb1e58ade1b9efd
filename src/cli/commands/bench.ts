/** `paligemma bench`: how fast a model is on this machine, as a table or as JSON. */
import { Command } from 'commander';
import { type BenchReport, mainType, QUIET, type Spread } from '../../bench/report.js';
import { BENCH_OPTIONS } from '../../options/bench.js';
import { LOAD_OPTIONS } from '../../options/load.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, chosenModel, type ModelFlags } from '../model.js';
import { bytesText, columns } from '../output.js';

interface Flags extends ModelFlags {
  readonly json?: true;
  readonly rounds?: number;
  readonly maxTokens?: number;
  readonly maxConcurrency?: number;
  readonly roofline?: true;
}

export function benchCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('bench')
    .summary('measure how fast a model is here')
    .description(
      'Measures loading, each stage of an answer, several requests at once, cancelling, and memory.',
    );
  addModelFlags(command);
  command.option('--json', 'print one JSON document');
  addFlags(command, 'Measuring:', BENCH_OPTIONS);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma bench --model paligemma-3b-mix-224-q8_0.gguf --roofline
  $ paligemma bench --rounds 20 --json > here.json`,
    )
    .action(async (flags: Flags) => {
      const { output, signal } = context;
      const { source } = chosenModel(context, flags);
      // Here and not above: --help and usage errors should not wait for the addon.
      const { bench } = await import('../../bench/run.js');
      const most = flags.maxConcurrency ?? BENCH_OPTIONS.maxConcurrency.default;
      const report = await bench(source, givenFlags(LOAD_OPTIONS, flags), {
        rounds: flags.rounds ?? BENCH_OPTIONS.rounds.default,
        tokens: flags.maxTokens ?? BENCH_OPTIONS.maxTokens.default,
        concurrency: [1, 2, 4, 8, 16, 32, 64].filter((n) => n <= most),
        roofline: flags.roofline === true,
        signal,
        onStage: (name) => output.note(`note: measuring ${name}`),
      });
      if (report.othersShare > QUIET) {
        output.note(
          `warning: other processes used ${percent(report.othersShare)} of the cores meanwhile: run it again when it is quiet`,
        );
      }
      if (flags.json) await output.json(report, 2);
      else await output.data(tables(report));
      exit(EXIT.ok);
    });
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const ms = (time: number): string => time.toFixed(time < 10 ? 2 : time < 1000 ? 1 : 0);

const STAGES: Readonly<Record<keyof BenchReport['stages'], string>> = {
  prepare: 'decode and resize a 1920 x 1080 JPEG',
  encode: 'encode the picture',
  prefill: 'prefill',
  decode: 'decode, per token',
  firstToken: 'first token',
  firstTokenAgain: 'first token, same picture again',
  cancel: 'cancel',
};

function tables(report: BenchReport): string {
  const { machine, model, work, stages, roofline } = report;
  const row = (name: string, { p50, p95, p99 }: Spread, share?: number): string[] => [
    name,
    ...[p50, p95, p99].map(ms),
    ...(roofline === undefined ? [] : [share === undefined ? '' : percent(share)]),
  ];
  const kernels = Object.entries(model.kernels).sort(([, a], [, b]) => b - a);
  const lines = [
    `node-paligemma ${report.version}${report.commit === undefined ? '' : ` (${report.commit})`}, Node ${machine.node}, ${machine.platform}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.features.join(' ')}`,
    `${model.file}: ${bytesText(model.fileBytes)}, mostly ${mainType(model.weightTypes)}, ${model.imageSize} pixels, on ${model.device} with ${model.threads} threads`,
    `kernels: ${kernels.map(([name, bytes]) => `${name} ${bytesText(bytes)}`).join(', ')}`,
    `${work.prefixTokens} tokens in, ${work.answerTokens} out; loaded in ${ms(report.loadMs)} ms; peak memory ${bytesText(report.memory.peakBytes)}`,
    `${report.othersShare > QUIET ? 'NOT QUIET' : 'quiet'}: others used ${percent(report.othersShare)} of the cores`,
  ];
  const limits = roofline?.shares as Readonly<Record<string, number>> | undefined;
  const stageRows = [
    ['milliseconds', 'p50', 'p95', 'p99', ...(roofline ? ['of limit'] : [])],
    ...Object.entries(STAGES).map(([key, name]) =>
      row(name, stages[key as keyof BenchReport['stages']], limits?.[key]),
    ),
  ];
  const loadRows = [
    ['at once', 'pictures/s', 'tokens/s', 'p50 ms', 'p95 ms', 'p99 ms'],
    ...report.loads.map(({ concurrency, picturesPerSecond, tokensPerSecond, latency }) => [
      String(concurrency),
      picturesPerSecond.toFixed(2),
      tokensPerSecond.toFixed(1),
      ...[latency.p50, latency.p95, latency.p99].map(ms),
    ]),
  ];
  const limitLines =
    roofline === undefined
      ? ''
      : `\nlimits: memory ${(roofline.readBytesPerSecond / 1e9).toFixed(1)} GB/s${Object.entries(
          roofline.peaks,
        )
          .map(([type, { opsPerSecond }]) => `, ${type} ${(opsPerSecond / 1e9).toFixed(0)} Gop/s`)
          .join('')}\n`;
  return `${lines.join('\n')}\n\n${columns(stageRows, [1, 2, 3, 4])}\n${columns(loadRows, [0, 1, 2, 3, 4, 5])}${limitLines}`;
}
