import { Command, CommanderError, Option } from 'commander';
import { packageVersion } from '../package-version.js';
import { benchCommand } from './commands/bench.js';
import { buildCommand } from './commands/build.js';
import { compareCommand } from './commands/compare.js';
import { compareTypesCommand } from './commands/compare-types.js';
import { completionCommand } from './commands/completion.js';
import { convertCommand } from './commands/convert.js';
import { datasetCommand } from './commands/dataset.js';
import { doctorCommand } from './commands/doctor.js';
import { drawSetCommand } from './commands/draw-set.js';
import { evalCommand } from './commands/eval.js';
import { inspectCommand } from './commands/inspect.js';
import { listCommand } from './commands/list.js';
import { ocrBenchmarkCommand } from './commands/ocr-benchmark.js';
import { predictCommand } from './commands/predict.js';
import { promptBenchmarkCommand } from './commands/prompt-benchmark.js';
import { pullCommand } from './commands/pull.js';
import { runCommand } from './commands/run.js';
import { serveCommand } from './commands/serve.js';
import { taskCommands } from './commands/tasks.js';
import { tokenizeCommand } from './commands/tokenize.js';
import type { Context } from './context.js';
import type { ExitCode } from './exit-codes.js';
import { helpWidth, shapeHelp, wrapped } from './help.js';
import { explainUnknown } from './usage.js';

/** `exit` is called by the command with what came of it. */
export function buildProgram(context: Context, exit: (code: ExitCode) => void): Command {
  const version = packageVersion();
  const program = new Command('paligemma')
    .description('Runs PaliGemma from one GGUF file: caption, answer, read, detect and segment.')
    .version(version, '-V, --version', 'print the version; -v does the same')
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
    runCommand(context, exit),
    serveCommand(context, exit),
    convertCommand(context, exit),
    pullCommand(context, exit),
    listCommand(context, exit),
    inspectCommand(context, exit),
    datasetCommand(context, exit),
    drawSetCommand(context, exit),
    evalCommand(context, exit),
    compareTypesCommand(context, exit),
    promptBenchmarkCommand(context, exit),
    ocrBenchmarkCommand(context, exit),
    tokenizeCommand(context, exit),
    benchCommand(context, exit),
    doctorCommand(context, exit),
    buildCommand(context, exit),
    completionCommand(context, exit),
  ];
  const width = helpWidth(process.stdout, context.env);
  for (const command of commands) {
    addQuiet(command);
    program.addCommand(command);
  }
  for (const command of [program, ...commands]) {
    const name = command === program ? 'paligemma' : `paligemma ${command.name()}`;
    command
      .exitOverride()
      .showHelpAfterError(`Usage: ${name} ${command.usage()}\nHelp:  ${name} --help`);
    shapeHelp(command, width);
    // Last, as those of addHelpText are paragraphs.
    command.configureOutput({ writeOut: (text) => process.stdout.write(wrapped(text, width)) });
  }
  program.addOption(new Option('-v', 'as -V').hideHelp());
  program.on('option:v', () => {
    process.stdout.write(`${version}\n`);
    throw new CommanderError(0, 'commander.version', version);
  });
  program.hook('preAction', (_, command) => {
    if (command.getOptionValue('quiet') === true) context.output.quieten();
  });
  explainUnknown(program);
  return program;
}

/** `-q` is the question where there is one. */
function addQuiet(command: Command): void {
  const isTaken = command.options.some(({ short }) => short === '-q');
  const flags = isTaken ? '--quiet' : '-q, --quiet';
  const option = new Option(flags, 'no notes and no progress on standard error, errors only');
  command.addOption(option.helpGroup('Printing:'));
}
