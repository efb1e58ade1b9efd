/** `paligemma build`: compiles the addon from the sources in the package. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Command } from 'commander';
import { onAbort } from '../../abort.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const ROOT = path.join(__dirname, '..', '..', '..');

interface Flags {
  readonly cuda?: true;
  readonly metal?: boolean;
  readonly cudaArchitectures?: string;
}

export function buildCommand(context: Context, exit: (code: ExitCode) => void): Command {
  return new Command('build')
    .summary('compile the native part for this machine')
    .description(
      'Compiles the addon from the sources in the package, for this CPU and, if asked, its GPU. Needs a C++20 compiler and CMake, no network. What it builds is preferred to what came with the package.',
    )
    .option('--cuda', 'for NVIDIA GPUs; needs the CUDA toolkit')
    .option('--cuda-architectures <list>', 'compute capabilities, such as 87 for Jetson Orin')
    .option('--metal', 'for Apple GPUs; default on macOS')
    .option('--no-metal', 'without Apple GPUs')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma build
  $ paligemma build --cuda --cuda-architectures 87`,
    )
    .action(async (flags: Flags, command: Command) => {
      const metal = command.getOptionValueSource('metal') === 'cli';
      const args = [
        ...(flags.cuda ? ['--cuda'] : []),
        ...(metal ? [flags.metal ? '--metal' : '--no-metal'] : []),
        ...(flags.cudaArchitectures
          ? [`-DCMAKE_CUDA_ARCHITECTURES=${flags.cudaArchitectures.replaceAll(',', ';')}`]
          : []),
      ];
      // Its own output is no result: all of it goes to standard error.
      const child = spawn(
        process.execPath,
        [path.join(ROOT, 'scripts', 'build-native.mjs'), ...args],
        { cwd: ROOT, stdio: ['ignore', 2, 2] },
      );
      const release = onAbort(context.signal, () => child.kill());
      try {
        const [code] = (await once(child, 'exit')) as [number | null];
        if (code === 0)
          await context.output.data(`${path.join(ROOT, 'build', 'Release', 'paligemma.node')}\n`);
        exit(code === 0 ? EXIT.ok : EXIT.failure);
      } finally {
        release();
      }
    });
}
