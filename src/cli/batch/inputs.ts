/**
 * What the arguments of a command stand for: files, folders, globs, `@lists` and `-`. Which pictures there are is reported
 * here, one after the other; reading them is not.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream, existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { onAbort } from '../../abort.js';
import { makeError } from '../../errors.js';
import type { ImageInput } from '../../index.js';
import { showPath, showValue } from '../../options/show.js';
import { linesOf } from '../../runs/lines.js';
import type { LeftOut } from './left-out.js';
import {
  type Found,
  isHidden,
  isPictureName,
  PICTURE_EXTENSIONS,
  picturesIn,
  unreadable,
} from './walk.js';

/** The argument that is a picture on standard input. */
export const STDIN = '-';
/** The argument that is a list of paths on standard input. */
export const STDIN_LIST = '@-';
/** Longer lines are no paths. */
const LONGEST_LINE = 65_536;

export interface Input extends Found {
  /** The bytes come from standard input; `image` is `-`. */
  readonly isStdin?: true;
  /** Which page of the file `picture` is, with --all-pages. */
  readonly page?: number;
  /** Read already. */
  readonly picture?: ImageInput;
}

export interface InputOptions {
  readonly recursive: boolean;
  /** A folder whose pictures are not inputs. */
  readonly except?: string | undefined;
  /** What folders and patterns hold beside pictures. */
  readonly leftOut: LeftOut;
  readonly stdin: () => NodeJS.ReadStream;
  readonly signal: AbortSignal;
}

/**
 * The pictures that `args` stand for, in their order, each file once, however often and by whatever name it is found.
 * What is missing or finds nothing comes as a failure; ERR_OPTION_RANGE when nothing else does. Ends early when `signal`
 * is aborted, with what was found so far.
 */
export async function* expand(
  args: readonly string[],
  options: InputOptions,
): AsyncGenerator<Input, void> {
  // Held back until there is a picture, which makes wrong usage of all a failure of some.
  let empty: Empty[] | undefined = [];
  for await (const input of search(args, options)) {
    if (empty === undefined) {
      yield 'what' in input ? nothing(input) : input;
    } else if ('what' in input) {
      empty.push(input);
    } else {
      yield* empty.map(nothing);
      empty = undefined;
      yield input;
    }
  }
  if (empty !== undefined && !options.signal.aborted) throw noPictures(empty, options.leftOut);
}

/** An argument that stands for no picture at all. */
interface Empty {
  readonly arg: string;
  /** What was looked for. */
  readonly what: string;
}

async function* search(
  args: readonly string[],
  options: InputOptions,
): AsyncGenerator<Input | Empty, void> {
  const seen = new Set<string>();
  const isNew = async (image: string): Promise<boolean> => {
    const key = await realpath(image).catch(() => path.resolve(image));
    const size = seen.size;
    return seen.add(key).size > size;
  };
  for (const arg of args) {
    if (arg === STDIN) {
      yield { image: STDIN, isStdin: true };
      continue;
    }
    const found = await searchFor(arg, options);
    if (found === undefined) {
      if (await isNew(arg)) yield { image: arg };
      continue;
    }
    let isEmpty = true;
    for await (const picture of found.pictures) {
      if (options.signal.aborted) return;
      isEmpty = false;
      if (picture.error !== undefined || (await isNew(picture.image))) yield picture;
    }
    if (isEmpty && !options.signal.aborted) yield { arg, what: found.what };
  }
}

function nothing({ arg, what }: Empty): Input {
  const label = showPath(arg);
  const error = makeError(
    'ERR_IMAGE_NOT_FOUND',
    `${label} matches no picture: looked for ${what}`,
    {
      name: label,
      found: 'nothing',
      expected: what,
    },
  );
  return { image: arg, error };
}

function noPictures(empty: readonly Empty[], leftOut: LeftOut): Error {
  const what = empty.map((one) => one.what).join('; ');
  return makeError('ERR_OPTION_RANGE', `there is no picture: looked for ${what}`, {
    name: 'image',
    found: empty.map(({ arg }) => showValue(arg)).join(', '),
    expected: 'at least one picture',
    ...(leftOut.size > 0 && { hint: leftOut.text() }),
  });
}

interface Search {
  /** What is looked for, in words. */
  readonly what: string;
  readonly pictures: AsyncIterable<Found>;
}

/** How to search for what `arg` stands for; undefined for a file, be it there or not. */
async function searchFor(arg: string, options: InputOptions): Promise<Search | undefined> {
  if (arg === STDIN_LIST) {
    return { what: 'paths on standard input', pictures: fromStdin(options) };
  }
  if (arg.startsWith('@')) {
    const file = arg.slice(1);
    return { what: `paths in ${showPath(file)}`, pictures: fromListFile(file) };
  }
  // What is there is meant as it is: `a[1].png` is a file, if it is one.
  const there = await stat(arg).catch(() => undefined);
  if (there?.isDirectory()) {
    const depth = options.recursive
      ? 'and the folders in it'
      : 'not in folders in it (--recursive)';
    return {
      what: `files *.{${PICTURE_EXTENSIONS.join(',')}} in ${showPath(arg)}, ${depth}`,
      pictures: picturesIn(arg, { ...options, onLeftOut: (file) => options.leftOut.add(file) }),
    };
  }
  if (there === undefined && isPattern(arg)) {
    return { what: `pictures that match ${showPath(arg)}`, pictures: matches(arg, options) };
  }
  return undefined;
}

/** Narrower than what tinyglobby takes for a pattern: `photo (1).png` is a name. */
function isPattern(arg: string): boolean {
  return /[*?]|\[[^\]]+\]|\{[^}]*(,|\.\.)[^}]*\}|[!@+]\([^)]*\)/.test(arg);
}

async function* matches(pattern: string, options: InputOptions): AsyncGenerator<Found, void> {
  const found = await glob(path.sep === '\\' ? pattern.replaceAll('\\', '/') : pattern, {
    expandDirectories: false,
    absolute: path.isAbsolute(pattern),
    signal: options.signal,
  });
  const pictures = found.filter(isPictureName).sort();
  for (const name of found.sort()) {
    if (!isPictureName(name) && !isHidden(name)) options.leftOut.add(path.normalize(name));
  }
  for (const name of pictures) {
    const image = path.normalize(name);
    if (options.except === undefined || !(await isInside(image, options.except))) yield { image };
  }
}

async function isInside(image: string, folder: string): Promise<boolean> {
  const parent = await realpath(path.dirname(image)).catch(() => path.resolve(image));
  const relative = path.relative(folder, parent);
  return relative === '' || !(relative.startsWith('..') || path.isAbsolute(relative));
}

async function* fromListFile(file: string): AsyncGenerator<Found, void> {
  const name = `@${file}`;
  try {
    yield* fromList(name, createReadStream(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    const hint = existsSync(name)
      ? `the picture ${showPath(name)} is ./${showPath(name)}`
      : undefined;
    yield { image: name, error: unreadable(`the list ${file}`, cause, hint) };
  }
}

async function* fromStdin({ stdin, signal }: InputOptions): AsyncGenerator<Found, void> {
  const stream = stdin();
  const release = onAbort(signal, () => stream.destroy());
  try {
    yield* fromList(STDIN_LIST, stream);
  } catch (cause) {
    if (signal.aborted) return;
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    yield { image: STDIN_LIST, error: unreadable('standard input', cause) };
  } finally {
    release();
  }
}

/** One path on each line, spaces around it apart; empty lines and those that begin with # are nothing. */
async function* fromList(
  name: string,
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Found, void> {
  let number = 0;
  for await (const { bytes } of linesOf(chunks)) {
    number++;
    const text = bytes.toString('utf8');
    // A picture taken for a list of pictures would be thousands of failures.
    if (bytes.length > LONGEST_LINE || text.includes('\0') || !isUtf8(bytes)) {
      const label = showPath(name);
      const error = makeError('ERR_IMAGE_NOT_FOUND', `line ${number} of ${label} is not a path`, {
        name: label,
        found: 'something else than a line of UTF-8 text',
        expected: 'a list of paths, one on each line',
      });
      yield { image: name, error };
      return;
    }
    const image = (number === 1 ? text.replace(/^\ufeff/, '') : text).trim();
    if (image !== '' && !image.startsWith('#')) yield { image };
  }
}
