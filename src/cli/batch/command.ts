/** Makes a command out of a task: its flags, where its pictures come from, the model, and the run over all of them. */
import path from 'node:path';
import { Command } from 'commander';
import type { AnnotationFormat } from '../../options/annotate.js';
import { LOAD_OPTIONS } from '../../options/load.js';
import type { Declarations } from '../../options/option.js';
import { oneLine } from '../../options/show.js';
import { optionName } from '../../remedies.js';
import { fingerprint } from '../../runs/fingerprint.js';
import { Journal, type Run } from '../../runs/journal.js';
import type { Outcome, RunFacts } from '../../wire/formats.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { missingArgumentHint } from '../missing.js';
import { addModelFlags, loadModel } from '../model.js';
import {
  type Drawings,
  existingDrawings,
  extensionFor,
  openDrawings,
  ownFormat,
} from './drawings.js';
import { addBatchFlags, type BatchOptions, batchOptions, type PictureFlags } from './flags.js';
import { type Destination, destinationOf, holds } from './format.js';
import { expand, type Input, STDIN, STDIN_LIST } from './inputs.js';
import { LeftOut } from './left-out.js';
import { eachPage } from './pages.js';
import { PictureFiles } from './picture-files.js';
import { journalPrinter } from './printers.js';
import { outcomeJson, type PictureRow, pictureKey, runPictures } from './run.js';
import { openSink, printerFor, type Sink } from './sinks.js';
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

export function pictureCommand<F extends PictureFlags, R extends object>(
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
    answers: spec.answers,
    streams: spec.streams === true,
    annotates: spec.annotates === true,
    hasPages: 'page' in spec.options,
  });
  addFlags(command, 'Answering:', spec.options);
  const examples = spec.examples.map((example) => `  ${example}\n`).join('');
  return command
    .addHelpText('after', `\n${PICTURES}\n\nExamples:\n${examples}\n${EXIT_CODES}`)
    .action(async (args: readonly string[], flags: F) => {
      const fail = (message: string): never => command.error(`error: ${message}`);
      if (args.length === 0 && flags.watch === undefined) {
        fail(`missing required argument 'image'\n(${missingArgumentHint(command, 'image')})`);
      }
      const options = batchOptions(args, flags, fail);
      const destination = destinationOf(spec.answers, flags, fail);
      if (options.resume && destination.to !== 'journal') {
        fail('--resume continues JSON lines: name the file of --output .jsonl');
      }
      exit(await run({ context, spec, args, flags, options, destination, fail }));
    });
}

/** One call of a command, checked as far as can be without looking at files. */
interface Call<F extends PictureFlags, R extends object> {
  readonly context: Context;
  readonly spec: PictureCommand<F, R>;
  readonly args: readonly string[];
  readonly flags: F;
  readonly options: BatchOptions;
  readonly destination: Destination;
  /** Ends with wrong usage. */
  readonly fail: (message: string) => never;
}

async function run<F extends PictureFlags, R extends object>(call: Call<F, R>): Promise<ExitCode> {
  const { args, flags, options } = call;
  // With --watch all pictures are in its folder, which `check` keeps apart.
  const existing =
    args.includes(STDIN_LIST) && !options.resume
      ? MAY_BE_PICTURES
      : existingDrawings(flags.annotate, options);
  const drawings = await openDrawings(flags.annotate, existing);
  try {
    return await runWith(call, drawings);
  } finally {
    await drawings?.files.close();
  }
}

async function runWith<F extends PictureFlags, R extends object>(
  call: Call<F, R>,
  drawings: Drawings | undefined,
): Promise<ExitCode> {
  const { context, spec, args, flags, options, destination } = call;
  const isOpen = flags.watch !== undefined || args.includes(STDIN_LIST);
  const annotations = drawings?.files;
  const drawingFormat = drawings?.format;
  const leftOut = new LeftOut(flags.output === undefined ? [] : [flags.output]);
  const inputs = inputsOf(
    context,
    args,
    flags,
    { ...options, leftOut },
    drawingFormat === undefined ? annotations?.folder : undefined,
  );
  // Known beforehand, they can be counted, and no model is loaded to report that there are none.
  const known = isOpen ? undefined : await collect(inputs);
  for (const { image, isStdin } of known ?? []) if (!isStdin) await annotations?.check(image);
  const isOne = known?.length === 1 && (args[0] === STDIN || args[0] === known[0]?.image);
  const isMany = options.allPages || !isOne;
  if (isMany && destination.to !== 'folder' && holds(destination.format) === 'picture') {
    const { format } = destination;
    const typed =
      flags.output === undefined ? `--format ${format}` : `--output ${oneLine(flags.output)}`;
    call.fail(
      `${typed} is for one picture, as ${format} is a file for each: for several, --save FOLDER --format ${format}`,
    );
  }
  if (drawingFormat !== undefined && (options.allPages || known?.length !== 1)) {
    call.fail(
      `--annotate ${oneLine(String(flags.annotate))} is one file: name a folder for several pictures`,
    );
  }
  if (known && drawings && !options.allPages) await checkDrawings(drawings, known);
  const sink = await openSink(destination, spec.name, known ?? [], options.overwrite);
  try {
    return await answerAll(call, {
      inputs,
      known,
      isMany,
      annotations,
      drawingFormat,
      sink,
      leftOut,
    });
  } finally {
    await sink?.close();
  }
}

interface Prepared {
  readonly inputs: AsyncIterable<Input>;
  /** All of `inputs`, read already. */
  readonly known: readonly Input[] | undefined;
  readonly isMany: boolean;
  readonly annotations: PictureFiles | undefined;
  /** Of the one file of --annotate. */
  readonly drawingFormat: AnnotationFormat | undefined;
  readonly sink: Sink;
  readonly leftOut: LeftOut;
}

async function answerAll<F extends PictureFlags, R extends object>(
  call: Call<F, R>,
  { inputs, known, isMany, annotations, drawingFormat, sink, leftOut }: Prepared,
): Promise<ExitCode> {
  const { context, spec, flags, options, destination } = call;
  const { model, name, files } = await loadModel(context, flags);
  let journal: Journal<PictureRow> | undefined;
  try {
    const given = givenFlags(spec.options, flags);
    const task = spec.task(model, flags, given);
    const settings = spec.settings(flags);
    const toJson = (outcome: Outcome): PictureRow => outcomeJson({ task, settings }, outcome);
    if (destination.to === 'journal') journal = await openJournal(call, destination, name, files);
    const facts: RunFacts = {
      front: 'cli',
      kind: spec.answers,
      labels: spec.labels?.(flags) ?? [],
      // A single picture's text needs no name before it.
      named: destination.to !== 'folder' && (isMany || spec.answers !== 'text'),
      hasPages: options.allPages,
      toJson,
      head: { model: name },
    };
    const streams = flags.stream === true;
    const names = (known ?? []).map(({ image }) => image);
    return await runPictures(context, {
      label: spec.name,
      inputs: options.allPages
        ? eachPage(known ?? inputs, context, `| paligemma ${spec.name} -`, given)
        : (known ?? inputs),
      task,
      settings,
      printer: journal
        ? journalPrinter(journal, toJson)
        : printerFor(destination, sink, facts, context.output, { names, streams }),
      hasRemarks: ['text', 'table', 'csv'].includes(destination.format),
      streams,
      atOnce: streams ? 1 : options.concurrency,
      journal,
      folders: [annotations, sink].filter((one) => one instanceof PictureFiles),
      annotations,
      drawingFormat,
      leftOut,
      isStrict: options.strict,
    });
  } finally {
    await journal?.close();
    await model.dispose();
  }
}

const MAY_BE_PICTURES = {
  expected: 'no such file: it may be one of the pictures to come',
  hint: 'choose an empty folder for --annotate',
};

/** Throws where the drawing of a picture exists and is refused, before a model is loaded. */
async function checkDrawings({ files, format }: Drawings, known: readonly Input[]): Promise<void> {
  if (await files.isEmpty()) return;
  for (const input of known) {
    // Those of standard input are not read yet.
    if (input.error !== undefined || (input.isStdin && format === undefined)) continue;
    const { image } = input;
    await files.checkFree(input, extensionFor(format ?? (await ownFormat(image, image)), image));
  }
}

async function openJournal<F extends PictureFlags, R extends object>(
  { spec, flags, options }: Call<F, R>,
  { file }: { readonly file: string },
  model: string,
  modelFiles: Parameters<typeof fingerprint>[0],
): Promise<Journal<PictureRow>> {
  return Journal.open<PictureRow>(
    file,
    {
      command: spec.name,
      model: path.basename(model),
      fingerprint: await fingerprint(modelFiles),
      ...spec.settings(flags),
      ...changed(spec.options, givenFlags(spec.options, flags)),
      ...(options.allPages && { allPages: true }),
      ...changed(LOAD_OPTIONS, givenFlags(LOAD_OPTIONS, flags), ANSWER_STAYS_THE_SAME),
    } satisfies Run,
    {
      resume: options.resume,
      overwrite: options.overwrite,
      firstField: 'image',
      keyOf: pictureKey,
      words: {
        output: '--output',
        resume: '--resume',
        overwrite: '--overwrite',
        setting: (setting) => optionName('cli', setting),
      },
    },
  );
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
