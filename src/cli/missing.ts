/** What a line of the command line lacks, and how it looks with it. */
import { existsSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { showPath } from '../options/show.js';
import { isPictureName } from './batch/walk.js';

/** What is typed for options that have to be there and arguments, by name. */
export const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ['label', 'cat'],
  ['question', '"how many people are there?"'],
  ['phrase', '"the dog on the left"'],
  ['statement', '"both show a dog"'],
  ['field', 'total'],
  ['prompt', '"caption en"'],
  ['image', 'photo.jpg'],
  ['left', 'left.jpg'],
  ['right', 'right.jpg'],
  ['file', 'model.gguf'],
  ['source', './paligemma-3b-mix-224'],
  ['output', 'paligemma-3b-mix-224-q8_0.gguf'],
  ['id', 'hf:owner/repo'],
  ['path', './pictures'],
  ['shell', 'bash'],
  ['folder', './runs'],
  ['name', 'licence-plate'],
  ['checkpoint', './paligemma-3b-mix-224'],
  ['data', 'valid.jsonl'],
]);

/** Folders have one example, whatever goes into them. */
export const exampleName = (option: Option): string =>
  option.flags.includes('<folder>') ? 'folder' : option.attributeName();

/**
 * What to type where `option`, which is required, was left out. Words that are no pictures were probably meant for it:
 * `ask photo.jpg "how many?"`.
 */
export function missingOptionHint(command: Command, option: Option): string {
  const words = takesPictures(command)
    ? command.args.filter((arg) => !looksLikePicture(arg))
    : ([] as string[]);
  const typed = command.args.filter((arg) => !words.includes(arg));
  const before = typed.length > 0 ? typed.map(quoted) : argumentsOf(command);
  // `ask photo.jpg how many cars`: one text, unless the option takes several.
  const texts = option.variadic || words.length === 0 ? words : [words.join(' ')];
  const value = texts.map(quoted).join(' ') || example(exampleName(option));
  const others = requiredOptions(command, option);
  const line = ['paligemma', command.name(), ...before, option.long, value, ...others].join(' ');
  return words.length > 0 ? `Did you mean ${line}?` : `for example: ${line}`;
}

/** What to type where the argument `name` was left out. */
export function missingArgumentHint(command: Command, name: string): string {
  const typed = command.args.map(quoted);
  const more = argumentsOf(command).slice(typed.length);
  const line = ['paligemma', command.name(), ...typed, ...more, ...requiredOptions(command)];
  const others =
    name === 'image' && takesPictures(command)
      ? '; a folder, a pattern in quotes, or - for a picture on standard input'
      : '';
  return `for example: ${line.join(' ')}${others}`;
}

/** What to type in place of more arguments than `command` takes. */
export function tooManyHint(command: Command): string | undefined {
  if (command.name() !== 'run') return undefined;
  const pictures = command.args.filter(isPicture);
  const words = command.args.filter((arg) => !isPicture(arg));
  // Other tools run models: `run llava "what is this?"`.
  const [first = ''] = command.args;
  const model = isPicture(first) ? '' : ` --model ${quoted(words.shift() ?? '')}`;
  const named = pictures.map(quoted).join(' ') || 'photo.jpg';
  if (words.length > 0) {
    const line = `paligemma predict ${named} --prompt ${quoted(words.join(' '))}${model}`;
    return `prompts are typed once it runs, or come on standard input; for one answer: ${line}`;
  }
  if (pictures.length < 2) return `a model is chosen with --model: paligemma run ${named}${model}`;
  const line = `paligemma predict ${named} --prompt ${example('prompt')}${model}`;
  return `it is about one picture at a time, and /image takes the next one; for several: ${line}`;
}

/** Options that have to be there: see flags.ts. */
export const REQUIRED_OPTIONS = new WeakSet<Option>();

/** What is typed for the required options of `command` but `except`: what was given, or an example. */
function requiredOptions(command: Command, except?: Option): string[] {
  const required = command.options.filter((one) => one !== except && REQUIRED_OPTIONS.has(one));
  return required.flatMap((option) => {
    const given: unknown = command.getOptionValue(option.attributeName());
    const values = [given ?? []].flat().map((value) => quoted(String(value)));
    return [option.long ?? '', ...(values.length > 0 ? values : [example(exampleName(option))])];
  });
}

/** A word as a shell takes it: in the quotes that all shells have, unless it holds what is read within them. */
export function quoted(word: string): string {
  const shown = showPath(word);
  if (/^[\w./@%+=:-]+$/.test(shown)) return shown;
  return /["$`\\!]/.test(shown) ? `'${shown.replaceAll("'", "'\\''")}'` : `"${shown}"`;
}

export const isPicture = (arg: string): boolean => isPictureName(arg) || existsSync(arg);

export function takesPictures(command: Command): boolean {
  const [first] = command.registeredArguments;
  return first?.name() === 'image' && first.variadic;
}

/** Files, folders, patterns, lists and standard input. */
export function looksLikePicture(arg: string): boolean {
  return isPicture(arg) || /^[-@]|[*/\\]/.test(arg);
}

function argumentsOf(command: Command): string[] {
  const needed = command.registeredArguments.filter(
    (argument) => argument.required || takesPictures(command),
  );
  return needed.map((argument) => example(argument.name()));
}

export function example(name: string): string {
  return EXAMPLES.get(name) ?? '…';
}
