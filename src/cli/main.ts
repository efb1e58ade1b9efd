#!/usr/bin/env node
/** The `paligemma` command: runs it, turns failures and signals into exit codes. */
import { CommanderError } from 'commander';
import { onAbort } from '../abort.js';
import { makeError } from '../errors.js';
import { outputError } from '../output-error.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode, isUsage } from './exit-codes.js';
import { bytesText, Output } from './output.js';
import { buildProgram } from './program.js';

void main();

async function main(): Promise<void> {
  const controller = new AbortController();
  let code: ExitCode = EXIT.ok;
  /** Takes precedence over `code`: the command was stopped from outside. */
  let stopped: ExitCode | undefined;
  const output = new Output(process.stdout, process.stderr, process.env, (error) => {
    stopped ??= error === undefined ? EXIT.ok : EXIT.failure;
    if (error !== undefined) output.error(outputError('standard output', 'write', error));
    controller.abort(makeError('ERR_ABORTED', 'the output is no longer read'));
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
    // commander has written its message already; an interruption is no news to the user who caused it.
    if (!(error instanceof CommanderError) && !controller.signal.aborted) output.error(error);
  }
}

function exitCodeOf(error: unknown): ExitCode {
  // Help and version that were asked for end with 0; everything else commander throws is about usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return isUsage(error) ? EXIT.usage : EXIT.failure;
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
        const most = bytesText(maxBytes);
        const found = `more than ${most}`;
        throw makeError(
          'ERR_OPTION_RANGE',
          `standard input has ${found}, expected at most ${most}`,
          {
            name: '-',
            found,
            expected: `at most ${most}`,
            hint: 'pass less, or in parts',
          },
        );
      }
    }
    return Buffer.concat(chunks);
  } finally {
    release();
  }
}
