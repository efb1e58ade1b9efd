/** The flags that every command about pictures has, declared once. What they do is in the other files of this folder. */
import { type Command, Option } from 'commander';
import { boolean, type Declarations, integer, type Parsed } from '../../options/option.js';
import type { AnswerKind } from '../../tasks/registry.js';
import { addFlags, givenFlags } from '../flags.js';
import type { ModelFlags } from '../model.js';
import { DRAWN_OPTIONS } from './drawings.js';
import { addFormatFlags, type FormatFlags } from './format.js';
import { STDIN, STDIN_LIST } from './inputs.js';

/** For commands about single pictures. */
const PAGE_OPTIONS = {
  allPages: boolean({
    default: false,
    doc: 'take every page of a TIFF, or frame of an animation, as a picture of its own',
  }),
} satisfies Declarations;

/** For what writes files. */
export const OVERWRITE = boolean({ default: false, doc: 'replace files that exist' });

const BATCH_OPTIONS = {
  recursive: boolean({
    default: false,
    letter: 'r',
    doc: 'go into the folders in a folder as well',
  }),
  concurrency: integer({
    default: 2,
    min: 1,
    max: 64,
    doc: 'pictures under way at once: one is decoded while the model answers about another',
  }),
  resume: boolean({
    default: false,
    doc: 'continue the file of --output: skip what is done, try failures again',
  }),
  overwrite: OVERWRITE,
  strict: boolean({
    default: false,
    doc: 'end with exit code 6 when a folder or pattern holds files that are left out, as no pictures that are read',
  }),
  newOnly: boolean({ default: false, doc: 'leave out what --watch finds at the beginning' }),
  settleMs: integer({
    default: 500,
    min: 10,
    max: 3_600_000,
    unit: 'ms',
    doc: 'with --watch, how long a file must not have changed to be taken as complete',
  }),
} satisfies Declarations;

/** What commander returns for the flags of this file and those of the model. */
export interface PictureFlags extends ModelFlags, FormatFlags {
  readonly annotate?: string;
  readonly roomy?: true;
}

/** All of them, those that a command lacks with their defaults. */
const ALL_OPTIONS = { ...PAGE_OPTIONS, ...BATCH_OPTIONS };

export type BatchOptions = Parsed<typeof ALL_OPTIONS>;

export const ROOMY_ALONE = "option '--roomy' needs option '--annotate <path>'";

/** Which of the flags a command has. */
export interface Abilities {
  readonly answers: AnswerKind;
  readonly streams: boolean;
  readonly annotates: boolean;
  readonly hasPages: boolean;
}

export function addBatchFlags(command: Command, abilities: Abilities): void {
  const { answers, streams, annotates, hasPages } = abilities;
  const printing = (option: Option): Command => command.addOption(option.helpGroup('Printing:'));
  addFormatFlags(command, answers);
  if (streams) {
    printing(
      new Option('--stream', 'print the answer as it comes, one picture at a time').conflicts([
        'concurrency',
      ]),
    );
  }
  if (annotates) {
    printing(
      new Option(
        '--annotate <path>',
        'write each picture with its result drawn in, or under it, to a folder; one picture also to a file',
      ),
    );
    addFlags(command, 'Printing:', DRAWN_OPTIONS);
  }
  command.addOption(
    new Option(
      '-w, --watch <folder>',
      'take pictures as they appear in a folder, until Ctrl-C; one JSON line each',
    )
      .conflicts(['stream'])
      .helpGroup('Pictures:'),
  );
  addFlags(command, 'Pictures:', hasPages ? ALL_OPTIONS : BATCH_OPTIONS);
}

/** The flags with their defaults. Ends with wrong usage, by `fail`, when they do not fit together. */
export function batchOptions(
  args: readonly string[],
  flags: PictureFlags,
  fail: (message: string) => never,
): BatchOptions {
  const given = givenFlags(ALL_OPTIONS, flags);
  const options = Object.fromEntries(
    Object.entries(ALL_OPTIONS).map(([name, { default: value }]) => [name, given[name] ?? value]),
  ) as unknown as BatchOptions;
  const fromStdin = args.filter((arg) => arg === STDIN || arg === STDIN_LIST);
  if (fromStdin.length > 1) {
    fail(`standard input ("${STDIN}" or "${STDIN_LIST}") can be read once only`);
  }
  if (flags.roomy && flags.annotate === undefined) {
    fail(ROOMY_ALONE);
  }
  if (flags.watch === undefined) {
    if (options.newOnly) fail("option '--new-only' needs option '--watch'");
  } else if (args.length > 0) {
    fail("option '-w, --watch <folder>' takes no other pictures");
  }
  if (options.allPages && 'page' in flags) {
    fail("option '--all-pages' cannot be used with option '--page <n>'");
  }
  if (options.overwrite) {
    const { annotate, output, save } = flags;
    if (options.resume) fail("option '--overwrite' cannot be used with option '--resume'");
    if (annotate === undefined && output === undefined && typeof save !== 'string') {
      fail("option '--overwrite' needs option '--annotate', '--output' or '--save FOLDER'");
    }
  }
  if (options.resume) {
    if (flags.output === undefined) fail("option '--resume' needs option '-o, --output <file>'");
    if (args.includes(STDIN)) fail(`a picture on standard input ("${STDIN}") cannot be resumed`);
  }
  return options;
}
