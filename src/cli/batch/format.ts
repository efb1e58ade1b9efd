/** Which format results are written in and where to, from the flags that say so. Writing is in printers.ts. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { oneLine } from '../../options/show.js';
import type { AnswerKind } from '../../tasks/registry.js';
import { FORMATS, type FormatName, formatsFor } from '../../wire/formats.js';
import { offer } from '../flags.js';
import { quoted } from '../missing.js';
import { STDIN } from './inputs.js';
import { isNamedFolder } from './picture-files.js';
import { isPictureName } from './walk.js';

/** `table` is the text of a terminal, aligned, wherever it goes. */
export type Shown = FormatName | 'table';

/** What commander returns for the flags of this file. */
export interface FormatFlags {
  readonly format?: string;
  readonly json?: true;
  readonly jsonl?: true;
  readonly output?: string;
  /** true without a folder. */
  readonly save?: string | true;
  readonly watch?: string;
  readonly stream?: true;
}

/** Where results go; lines of JSON in a file can be continued. */
export type Destination =
  | { readonly to: 'stdout'; readonly format: Shown }
  | { readonly to: 'journal'; readonly format: 'jsonl'; readonly file: string }
  | { readonly to: 'file'; readonly format: Shown; readonly file: string }
  /** Without a folder in a new one of the command's name. */
  | { readonly to: 'folder'; readonly format: Shown; readonly folder: string | undefined };

export function addFormatFlags(command: Command, kind: AnswerKind): void {
  const names = shownFor(kind).join(', ');
  const add = (flags: string, doc: string, values: readonly string[] = []): void => {
    command.addOption(offer(new Option(flags, doc).helpGroup('Printing:'), values));
  };
  add('--format <name>', `how results are written: ${names} (default text)`, shownFor(kind));
  add('--json', 'the same as --format json: one JSON document with all results, at the end');
  add('--jsonl', 'the same as --format jsonl: one JSON line per picture, each as it is finished');
  add(
    '-o, --output <file>',
    `write to a file, in the format of its extension: ${extensionList(kind)}; others are JSON lines, with what they were made with`,
  );
  add(
    '--save [folder]',
    `write one file per picture (default: a new folder paligemma-${command.name()})`,
  );
}

/** Ends with wrong usage, by `fail`, when the flags do not fit together. */
export function destinationOf(
  kind: AnswerKind,
  flags: FormatFlags,
  fail: (message: string) => never,
): Destination {
  const { output, save } = flags;
  const asked = askedFormat(kind, flags, fail);
  if (save !== undefined && output !== undefined) {
    fail("option '--save [folder]' cannot be used with option '-o, --output <file>'");
  }
  if (typeof save === 'string') checkFolder(save, fail);
  if (output !== undefined) checkFile(output, fail);
  const destination = choose(kind, asked, flags, fail);
  const { format, to } = destination;
  if (flags.stream) checkStream(destination, fail);
  if (flags.watch !== undefined && holds(format) === 'document' && to !== 'folder') {
    fail(`--format ${format} is complete at the end only, and --watch has none: use jsonl or csv`);
  }
  if (format === 'coco' && to === 'folder') {
    fail('--format coco is one document for all pictures: write it with --output FILE.json');
  }
  return destination;
}

/** Fails for a picture, a file of results and standard output in place of the folder of --save. */
function checkFolder(save: string, fail: (message: string) => never): void {
  if (save === '') fail('--save is "", expected the name of a folder');
  const shown = oneLine(save);
  if (isPictureName(save)) {
    fail(`--save took ${shown} for its folder: pictures come first, or write --save=FOLDER`);
  }
  if (save === STDIN) {
    fail('--save - is no folder: without --save, results go to standard output');
  }
  if (FORMAT_OF_EXTENSION.has(extensionOf(save)) && !isNamedFolder(save)) {
    fail(
      `--save ${shown} is the name of a file, expected a folder (one file for all pictures: --output ${quoted(save)}; a folder of this name: --save ${quoted(`${save}/`)})`,
    );
  }
}

/** Fails for a picture and standard output in place of the file of --output. */
function checkFile(output: string, fail: (message: string) => never): void {
  if (output === '') fail('--output is "", expected the name of a file');
  const shown = oneLine(output);
  if (output === STDIN) {
    fail('--output - is no file: without --output, results go to standard output');
  }
  if (isPictureName(output) || path.extname(output).toLowerCase() === '.svg') {
    fail(
      `--output ${shown} is the name of a picture, expected a file for results (drawn pictures: --annotate ${quoted(output)}; pictures to be looked at come before --output)`,
    );
  }
}

/** In small letters, without a dot. */
function extensionOf(name: string): string {
  return path.extname(name).slice(1).toLowerCase();
}

function choose(
  kind: AnswerKind,
  asked: Shown | undefined,
  { output, save, watch }: FormatFlags,
  fail: (message: string) => never,
): Destination {
  if (save !== undefined) {
    return { to: 'folder', format: asked ?? 'text', folder: save === true ? undefined : save };
  }
  if (output === undefined) {
    return { to: 'stdout', format: asked ?? (watch === undefined ? 'text' : 'jsonl') };
  }
  const extension = extensionOf(output);
  const meant = FORMAT_OF_EXTENSION.get(extension);
  const format = asked ?? meant ?? 'jsonl';
  if (meant !== undefined && !extensionsOf(format).includes(extension)) {
    fail(
      `--output ${oneLine(output)} is a name for ${meant}, and the format is ${format}: name it .${extensionsOf(format)[0]}`,
    );
  }
  if (!shownFor(kind).includes(format)) {
    fail(
      `--output ${oneLine(output)} is a name for ${format}, which is for boxes: choose ${extensionList(kind)}, .jsonl`,
    );
  }
  if (format === 'jsonl') return { to: 'journal', format, file: output };
  return { to: 'file', format, file: output };
}

function askedFormat(
  kind: AnswerKind,
  { format, json, jsonl }: FormatFlags,
  fail: (message: string) => never,
): Shown | undefined {
  const given = [format?.toLowerCase(), json && 'json', jsonl && 'jsonl'].filter((one) => one);
  const different = [...new Set(given)];
  if (different.length > 1) fail(`the format is ${different.join(' and ')}: choose one`);
  const [name] = different;
  if (name === undefined) return undefined;
  const possible = shownFor(kind);
  const shown = possible.find((one) => one === name);
  if (shown === undefined) {
    const isKnown = name in FORMATS;
    const what = isKnown ? 'is for boxes, which this command has not' : 'is not known';
    fail(`--format ${oneLine(String(name))} ${what}: choose ${possible.join(', ')}`);
  }
  return shown;
}

function checkStream({ to, format }: Destination, fail: (message: string) => never): void {
  if (to !== 'stdout') fail("option '--stream' prints: it goes with neither --output nor --save");
  if (format !== 'text' && format !== 'jsonl') {
    fail(`option '--stream' cannot be used with --format ${format}: choose text or jsonl`);
  }
}

function shownFor(kind: AnswerKind): readonly Shown[] {
  const [first, ...others] = formatsFor(kind);
  return [...(first === undefined ? [] : [first]), 'table', ...others];
}

/** `.txt, .json, .csv`: the extensions that choose a format other than JSON lines. */
function extensionList(kind: AnswerKind): string {
  const names = formatsFor(kind).filter((name) => name !== 'jsonl');
  const chosen = names.flatMap((name) =>
    FORMATS[name].extensions
      .filter((extension) => FORMAT_OF_EXTENSION.get(extension) === name)
      .slice(0, 1),
  );
  return chosen.map((extension) => `.${extension}`).join(', ');
}

/** What a file in this format holds: see src/wire/formats.ts. */
export function holds(format: Shown): 'picture' | 'lines' | 'document' {
  return format === 'table' ? 'lines' : FORMATS[format].holds;
}

/** The first is the one for files that are named here. */
export function extensionsOf(format: Shown): readonly string[] {
  return FORMATS[format === 'table' ? 'text' : format].extensions;
}

/** Several formats share extensions: the first one in the list is meant. */
const FORMAT_OF_EXTENSION: ReadonlyMap<string, FormatName> = new Map(
  Object.entries(FORMATS)
    .reverse()
    .flatMap(([name, { extensions }]) =>
      extensions.map((extension) => [extension, name as FormatName] as const),
    ),
);
