/** Makes a command out of a task: its flags, where its pictures come from, the model, and the run over all of them. */
import path from 'node:path';
import { Command } from 'commander';
import { LOAD_OPTIONS } from '../../options/load.js';
import type { Declarations } from '../../options/option.js';
import { optionName } from '../../remedies.js';
import { fingerprint } from '../../runs/fingerprint.js';
import { Journal, type Run } from '../../runs/journal.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, loadModel } from '../model.js';
import { Annotations } from './annotations.js';
import { addBatchFlags, type BatchOptions, batchOptions, type PictureFlags } from './flags.js';
import { expand, type Input, STDIN, STDIN_LIST } from './inputs.js';
import { LeftOut } from './left-out.js';
import { eachPage } from './pages.js';
import { type PictureRow, pictureKey, runPictures } from './run.js';
import type { PictureCommand } from './task.js';
import { watch } from './watch.js';

const EXIT_CODES =
  'Exit codes: 0 all answered, 1 failed, 2 wrong usage, 6 some pictures failed, or files were left out with --strict, 130 interrupted.';

const PICTURES =
  'Pictures: files; folders (the pictures in them, --recursive for those further down); patterns in quotes such as ' +
  `'shots/**/*.jpg'; "@list.txt", a file with one path per line; "-", a picture on standard input; "@-", paths on ` +
  'standard input. A file named @x is "./@x". What is found twice is taken once.';

/** Options of loading that change how fast an answer comes and not what it is. */
const ANSWER_STAYS_THE_SAME: readonly string[] = [
  'device',
  'threads',
  'slots',
  'featureCacheMb',
  'checkTensors',
  'offline',
];

export function pictureCommand<F extends PictureFlags, R>(
  context: Context,
  exit: (code: ExitCode) => void,
  spec: PictureCommand<F, R>,
): Command {
  const command = new Command(spec.name)
    .summary(spec.summary)
    .description(spec.description)
    .argument('[image...]', 'files, folders, patterns, "@list.txt", "-" or "@-": see below');
  spec.addFlags?.(command);
  addModelFlags(command);
  addBatchFlags(command, {
    streams: spec.streams === true,
    annotates: spec.annotates === true,
    hasPages: 'page' in spec.options,
  });
  addFlags(command, 'Answering:', spec.options);
  const examples = spec.examples.map((example) => `  ${example}\n`).join('');
  return command
    .addHelpText('after', `\n${PICTURES}\n\nExamples:\n${examples}\n${EXIT_CODES}`)
    .action(async (args: readonly string[], flags: F) => {
      const options = batchOptions(command, args, flags);
      exit(await run(context, spec, args, flags, options));
    });
}

async function run<F extends PictureFlags, R>(
  context: Context,
  spec: PictureCommand<F, R>,
  args: readonly string[],
  flags: F,
  options: BatchOptions,
): Promise<ExitCode> {
  const isOpen = flags.watch !== undefined || args.includes(STDIN_LIST);
  // With --watch all pictures are in its folder, which `check` keeps apart.
  const annotations =
    flags.annotate === undefined
      ? undefined
      : await Annotations.open(flags.annotate, !args.includes(STDIN_LIST));
  const leftOut = new LeftOut(flags.output === undefined ? [] : [flags.output]);
  const inputs = inputsOf(context, args, flags, { ...options, leftOut }, annotations?.folder);
  // Known beforehand, they can be counted, and no model is loaded to report that there are none.
  const known = isOpen ? undefined : await collect(inputs);
  for (const { image, isStdin } of known ?? []) if (!isStdin) await annotations?.check(image);

  const { model, name, files } = await loadModel(context, flags);
  try {
    const given = givenFlags(spec.options, flags);
    const settings = spec.settings(flags);
    const journal =
      flags.output === undefined
        ? undefined
        : await Journal.open<PictureRow>(
            flags.output,
            {
              command: spec.name,
              model: path.basename(name),
              fingerprint: await fingerprint(files),
              ...settings,
              ...changed(spec.options, given),
              ...(options.allPages && { allPages: true }),
              ...changed(LOAD_OPTIONS, givenFlags(LOAD_OPTIONS, flags), ANSWER_STAYS_THE_SAME),
            } satisfies Run,
            {
              resume: options.resume,
              firstField: 'image',
              keyOf: pictureKey,
              words: {
                output: '--output',
                resume: '--resume',
                setting: (setting) => optionName('cli', setting),
              },
            },
          );
    try {
      return await runPictures(context, {
        label: spec.name,
        model: name,
        inputs: options.allPages
          ? eachPage(known ?? inputs, context, `| paligemma ${spec.name} -`, given)
          : (known ?? inputs),
        // A single picture's answer needs no name before it.
        isMany:
          options.allPages ||
          !(known?.length === 1 && (args[0] === STDIN || args[0] === known[0]?.image)),
        task: spec.task(model, flags, given),
        settings,
        format: flags.json ? 'json' : flags.jsonl || flags.watch !== undefined ? 'jsonl' : 'text',
        streams: flags.stream === true,
        atOnce: flags.stream ? 1 : options.concurrency,
        journal,
        annotations,
        leftOut,
        isStrict: options.strict,
      });
    } finally {
      await journal?.close();
    }
  } finally {
    await model.dispose();
  }
}

function inputsOf(
  { output, signal }: Context,
  args: readonly string[],
  flags: PictureFlags,
  { recursive, newOnly, settleMs, leftOut }: BatchOptions & { readonly leftOut: LeftOut },
  except: string | undefined,
): AsyncIterable<Input> {
  if (flags.watch === undefined) {
    const stdin = () => process.stdin;
    return expand(args, { recursive, except, leftOut, stdin, signal });
  }
  const folder = flags.watch;
  return watch(folder, {
    recursive,
    except,
    newOnly,
    settleMs,
    signal,
    onListing: () => leftOut.clear(),
    onLeftOut: (file) => leftOut.add(file),
    onFolder: (isThere) =>
      output.note(`note: ${folder} ${isThere ? 'is back' : 'is gone, waiting for it'}`),
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The options that are not what they are anyway. */
function changed(
  declarations: Declarations,
  given: Readonly<Record<string, unknown>>,
  except: readonly string[] = [],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) => value !== declarations[name]?.default && !except.includes(name),
    ),
  );
}
