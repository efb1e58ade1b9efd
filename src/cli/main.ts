#!/usr/bin/env node
/** The `paligemma` command: assembles the commands, turns failures and signals into exit codes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { onAbort } from '../abort.js';
import { makeError } from '../errors.js';
import { outputError } from '../output-error.js';
import { benchCommand } from './commands/bench.js';
import { buildCommand } from './commands/build.js';
import { compareCommand } from './commands/compare.js';
import { convertCommand } from './commands/convert.js';
import { doctorCommand } from './commands/doctor.js';
import { inspectCommand } from './commands/inspect.js';
import { predictCommand } from './commands/predict.js';
import { pullCommand } from './commands/pull.js';
import { taskCommands } from './commands/tasks.js';
import { tokenizeCommand } from './commands/tokenize.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode, isUsage } from './exit-codes.js';
import { Output } from './output.js';

void main();

async function main(): Promise<void> {
  const controller = new AbortController();
  let code: ExitCode = EXIT.ok;
  /** Stands above `code`: the command was stopped from outside. */
  let stopped: ExitCode | undefined;
  const output = new Output(process.stdout, process.stderr, process.env, (error) => {
    stopped ??= error === undefined ? EXIT.ok : EXIT.failure;
    if (error !== undefined) output.error(outputError('standard output', 'write', error));
    controller.abort(makeError('ERR_ABORTED', 'nobody reads the output any more'));
  });
  process.on('SIGINT', () => {
    // The second one does not wait for anything.
    if (stopped === EXIT.interrupted) process.exit();
    stopped = EXIT.interrupted;
    controller.abort(makeError('ERR_ABORTED', 'interrupted'));
  });
  // Not process.exit at the end: what is still being written to a pipe would be lost, and a full disk not be noticed.
  process.on('exit', (crashed) => {
    if (crashed === 0) process.exitCode = stopped ?? code;
  });
  const context: Context = {
    output,
    signal: controller.signal,
    env: process.env,
    readStdin: (maxBytes) => readStdin(maxBytes, controller.signal),
  };

  try {
    const program = buildProgram(context, (done) => {
      code = done;
    });
    await program.parseAsync(process.argv);
  } catch (error) {
    code = exitCodeOf(error);
    // commander has written its message already; an interruption is no news to whoever caused it.
    if (!(error instanceof CommanderError) && !controller.signal.aborted) output.error(error);
  }
}

function buildProgram(context: Context, exit: (code: ExitCode) => void): Command {
  const program = new Command('paligemma')
    .description('Runs PaliGemma from one GGUF file: caption, answer, read, detect and segment.')
    .version(packageVersion(), '-v, --version')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma caption photo.jpg
  $ paligemma detect street.jpg --label car --annotate drawn
  $ paligemma ask receipt.png --question "what is the total?"
  $ paligemma convert ./paligemma-3b-mix-224 paligemma-3b-mix-224-q8_0.gguf --type q8_0
  $ paligemma inspect paligemma-3b-mix-224-q8_0.gguf

Results go to standard output, everything else to standard error.`,
    );
  const commands = [
    ...taskCommands(context, exit),
    compareCommand(context, exit),
    predictCommand(context, exit),
    convertCommand(context, exit),
    pullCommand(context, exit),
    inspectCommand(context, exit),
    tokenizeCommand(context, exit),
    benchCommand(context, exit),
    doctorCommand(context, exit),
    buildCommand(context, exit),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) {
    const name = command === program ? 'paligemma' : `paligemma ${command.name()}`;
    command
      .exitOverride()
      .showHelpAfterError(`Usage: ${name} ${command.usage()}\nHelp:  ${name} --help`);
  }
  return program;
}

function exitCodeOf(error: unknown): ExitCode {
  // Help and version that were asked for end with 0; everything else commander throws is about usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return isUsage(error) ? EXIT.usage : EXIT.failure;
}

function packageVersion(): string {
  const file = path.join(__dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}

async function readStdin(maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const release = onAbort(signal, (reason) => {
    process.stdin.destroy(reason instanceof Error ? reason : undefined);
  });
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > maxBytes) {
        throw makeError('ERR_OPTION_RANGE', `standard input has more than ${maxBytes} bytes`, {
          name: '-',
          found: `more than ${maxBytes} bytes`,
          expected: `at most ${maxBytes} bytes`,
        });
      }
    }
    return Buffer.concat(chunks);
  } finally {
    release();
  }
}
