/** Wrong usage, answered with what was probably meant: ours for what other tools call it, pictures taken for labels. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { nearest } from '../options/nearest.js';
import { oneLine, showValue } from '../options/show.js';
import { STDIN, STDIN_LIST } from './batch/inputs.js';
import { isPictureName } from './batch/walk.js';
import {
  example,
  isPicture,
  looksLikePicture,
  missingArgumentHint,
  quoted,
  takesPictures,
  tooManyHint,
} from './missing.js';
import { OTHER_COMMANDS, OTHER_OPTIONS, OTHER_WORDS } from './other-tools.js';

/** Methods of commander that it calls for what is wrong; typed as private. */
interface Checks {
  _excessArguments(given: readonly string[]): void;
  _dispatchHelpCommand(name: string | undefined): unknown;
}

/** Makes the commands of `program` explain what they do not know. */
export function explainUnknown(program: Command): void {
  for (const command of [program, ...program.commands]) {
    Object.assign(command, {
      unknownOption: (flag: string) => {
        const hint = optionHint(flag, command, program);
        command.error(`error: unknown option '${flag}'${inBrackets(hint)}`, {
          code: 'commander.unknownOption',
        });
      },
      missingArgument: (name: string) => {
        const hint = missingArgumentHint(command, name);
        command.error(`error: missing required argument '${name}'${inBrackets(hint)}`, {
          code: 'commander.missingArgument',
        });
      },
      optionMissingArgument: (option: Option) => {
        const hint = valueHint(option);
        command.error(`error: option '${option.flags}' argument missing${inBrackets(hint)}`, {
          code: 'commander.optionMissingArgument',
        });
      },
    });
    explainValues(command);
    // Its own sentence, with ours after it.
    const { _excessArguments: complain } = command as unknown as Checks;
    Object.assign(command, {
      _excessArguments(this: Command, given: readonly string[]) {
        const hint = tooManyHint(this);
        if (hint === undefined || given.length <= this.registeredArguments.length) {
          complain.call(this, given);
        } else {
          this.error(`error: too many arguments for '${this.name()}'${inBrackets(hint)}`, {
            code: 'commander.excessArguments',
          });
        }
      },
    });
  }
  // Hooks of the program run before those of the command, which ask for what is missing.
  program.hook('preAction', (_, command) => {
    const fault =
      flagFault(command) ??
      textFault(command, program) ??
      argumentFault(command, program) ??
      fileFault(command) ??
      deviceFault(command);
    if (fault !== undefined) command.error(`error: ${fault}`);
  });
  const { _dispatchHelpCommand: help } = program as unknown as Checks;
  const unknownCommand = (name: string): never => {
    const hint = commandHint(name, program);
    return program.error(`error: unknown command '${oneLine(name)}'${inBrackets(hint)}`, {
      code: 'commander.unknownCommand',
    });
  };
  Object.assign(program, {
    unknownCommand: () => unknownCommand(program.args[0] ?? ''),
    _dispatchHelpCommand(this: Command, name: string | undefined) {
      if (name === 'help') return this.help();
      const isKnown = name === undefined || commandNames(this).includes(name);
      return isKnown ? help.call(this, name) : unknownCommand(name);
    },
  });
}

/** Values that options and arguments do not take: what was found and what was expected. */
function explainValues(command: Command): void {
  Object.assign(command, {
    _callParseArg(target: Option | Argument, value: string, previous: unknown): unknown {
      try {
        return target.parseArg?.(value, previous);
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        const name = target instanceof Option ? (target.long ?? target.flags) : target.name();
        const choices = target.argChoices;
        const expected =
          choices === undefined
            ? error.message
            : `expected ${choices.join(', ')}${inBrackets(didYouMean(value, choices))}`;
        return command.error(`error: ${name} is ${showValue(value)}, ${expected}`, {
          code: error.code,
        });
      }
    },
  });
}

function didYouMean(name: string, names: readonly string[]): string | undefined {
  const slip = nearest(name, names);
  return slip === undefined ? undefined : `Did you mean ${slip}?`;
}

const commandNames = (program: Command): string[] =>
  program.commands.flatMap((command) => [command.name(), ...command.aliases()]);

function inBrackets(hint: string | undefined): string {
  return hint === undefined ? '' : `\n(${hint})`;
}

/** What was probably meant by an option that `command` does not have. */
function optionHint(flag: string, command: Command, program: Command): string | undefined {
  if (command === program) return programOptionHint(flag, program);
  const name = plain(flag);
  if (takesPictures(command) && isPicture(flag)) {
    return `a picture whose name begins with a dash: ${quoted(`./${flag}`)}`;
  }
  const ours = counterpart(name, command);
  if (ours !== undefined) return `Did you mean ${ours}?`;
  const slip = flag.startsWith('--') ? nearest(name, longNames(command)) : undefined;
  if (slip !== undefined && !OTHER_OPTIONS.has(name)) return `Did you mean --${slip}?`;
  return otherHint(name, command, program);
}

/** `ask photo.jpg --question "how many?" -q`: the letter that other commands have for --quiet. */
function valueHint({ short, long }: Option): string | undefined {
  if (short !== '-q' || long === '--quiet') return undefined;
  return `-q is ${long} here; fewer notes are asked for with --quiet`;
}

/** The option of `command` that does what other tools call `name`, with a value if one is meant. */
function counterpart(name: string, command: Command): string | undefined {
  // The same letters in another case or with "_" are that option, whatever other tools mean by it.
  const candidates = [`--${name}`, ...(OTHER_OPTIONS.get(name)?.ours ?? [])];
  return candidates.find((ours) => findOption(command, ours) !== undefined);
}

/** What to do instead of an option `name` that `command` has nothing like. */
function otherHint(name: string, command: Command, program: Command): string | undefined {
  const row = OTHER_OPTIONS.get(name);
  if (row?.say !== undefined) return row.say.replaceAll('NAME', command.name());
  for (const ours of [`--${name}`, ...(row?.ours ?? [])]) {
    const others = program.commands.filter((one) => findOption(one, ours) !== undefined);
    const [long] = ours.split(' ');
    if (others.length > 0) return `${long} is an option of ${listed(others)}`;
  }
  return undefined;
}

/** Before the command: `paligemma --model x caption photo.jpg`, `paligemma -m x --image photo.jpg -p ocr`. */
function programOptionHint(flag: string, program: Command): string | undefined {
  const slip = flag.startsWith('--') ? nearest(plain(flag), longNames(program)) : undefined;
  if (slip !== undefined) return `Did you mean --${slip}?`;
  const [first] = program.args.filter((arg) => program.commands.some((one) => one.name() === arg));
  return `options come after the command: paligemma ${first ?? 'predict'} photo.jpg ${flag} …`;
}

function commandHint(name: string, program: Command): string | undefined {
  const row = OTHER_COMMANDS.get(plain(name));
  const ours = row?.ours?.find((one) => program.commands.some((command) => command.name() === one));
  if (ours !== undefined) return `Did you mean ${ours}?`;
  if (row?.say !== undefined) return row.say;
  if (isPicture(name)) return `a command comes first: paligemma caption ${quoted(name)}`;
  return didYouMean(name, commandNames(program));
}

/**
 * What is wrong with the arguments of a command about pictures, undefined when nothing is: words of other tools
 * (`source=bus.jpg`, `stdout`) and pictures that an option with several values has taken.
 */
function argumentFault(command: Command, program: Command): string | undefined {
  if (!takesPictures(command)) return undefined;
  for (const arg of command.args) {
    const hint = existsSync(arg) ? undefined : wordHint(arg, command, program);
    if (hint !== undefined) return `there is no picture ${oneLine(arg)} (${hint})`;
  }
  return swallowedFault(command) ?? pairFault(command, program);
}

/** `ask photo.jpg -q --json`: an option that takes a value takes the next word, an option too. */
function flagFault(command: Command): string | undefined {
  const flags = new Set(command.options.flatMap(({ short, long }) => [short, long]));
  for (const option of command.options.filter(({ required }) => required)) {
    const flag = given(command, option).find((text) => flags.has(text));
    if (flag === undefined) continue;
    return `${flag} was taken as value of ${option.flags} (write the value after ${option.long}, then ${flag})`;
  }
  return undefined;
}

/** `ask photo.jpg --question what is this`: the first word is the text, those after it are taken for pictures. */
function textFault(command: Command, program: Command): string | undefined {
  if (!takesPictures(command)) return undefined;
  for (const option of command.options) {
    if (option.variadic || !TEXTS.includes(option.attributeName())) continue;
    const [text = ''] = given(command, option);
    // Who wrote a space within the text knows of quotes.
    const words = /^\S+$/.test(text) ? wordsAfter(option, text, lineOf(program)) : [];
    if (words.length === 0) continue;
    const pictures = command.args.filter((arg) => !words.includes(arg)).map(quoted);
    const line = `paligemma ${command.name()} ${pictures.join(' ') || example('image')} ${option.long} ${quoted([text, ...words].join(' '))}`;
    const are = words.length === 1 ? 'is no picture' : 'are no pictures';
    return `${words.map((word) => showValue(word)).join(', ')} ${are} (a text with spaces needs quotes: ${line})`;
  }
  return undefined;
}

/** As it was typed; not among commander's types. */
const lineOf = (program: Command): readonly string[] =>
  (program as Command & { readonly rawArgs: readonly string[] }).rawArgs;

/** The words of the line that follow `option` and its value, up to the next option or picture. */
function wordsAfter(
  { short, long }: Option,
  text: string,
  line: readonly string[],
): readonly string[] {
  const flags = [short, long];
  const value = line.findIndex((word, i) => word === text && flags.includes(line[i - 1]));
  const joined = flags.flatMap((flag) => [`${flag}=${text}`, `${flag}${text}`]);
  const at = value >= 0 ? value : line.findIndex((word) => joined.includes(word));
  if (at < 0) return [];
  const after = line.slice(at + 1);
  const end = after.findIndex(
    (word) => looksLikePicture(word) || OTHER_WORDS.has(word) || word.includes('='),
  );
  return end < 0 ? after : after.slice(0, end);
}

/** `--device 0` and `--device cuda:0`, as PyTorch counts them. */
function deviceFault(command: Command): string | undefined {
  const device = String(command.getOptionValue('device') ?? '');
  const [, number] = /^(?:cuda:)?(\d+)$/i.exec(device) ?? [];
  if (number === undefined) return undefined;
  return `there is no device ${device} (Did you mean --device CUDA${number}, or --device cuda for the first one?)`;
}

/** Options that take one text; those that take several are variadic. */
const TEXTS: readonly string[] = ['prompt', 'question', 'phrase', 'statement'];

const takesText = (option: Option): boolean =>
  option.variadic || TEXTS.includes(option.attributeName());

/** What was given for `option`, as texts. */
function given(command: Command, option: Option): string[] {
  const value: unknown = command.getOptionValue(option.attributeName());
  return [value].flat().filter((one) => typeof one === 'string');
}

/** `--prompt @prompt.txt`, as curl has it, and `--prompt -`. */
function fileFault(command: Command): string | undefined {
  for (const option of command.options.filter(takesText)) {
    for (const text of given(command, option)) {
      if (text === STDIN || text === STDIN_LIST) {
        return `${text} is no text for ${option.long} (the shell reads standard input: ${option.long} "$(cat)")`;
      }
      if (!isList(text)) continue;
      const file = text.slice(1);
      return `@${oneLine(file)} is no text for ${option.long} (the shell reads files: ${option.long} "$(cat ${quoted(file)})")`;
    }
  }
  return undefined;
}

/** `@list.txt`. */
function isList(text: string): boolean {
  return /^@./.test(text) && isFileName(text.slice(1));
}

function isFileName(text: string): boolean {
  return /^\S+\.(txt|md|json|prompt)$/i.test(text) || existsSync(text);
}

function wordHint(arg: string, command: Command, program: Command): string | undefined {
  const row = OTHER_WORDS.get(arg.toLowerCase());
  if (row !== undefined) return row.say.replace('NAME', command.name());
  return pairHint(arg, command, program);
}

/** What to type in place of `conf=0.25`, undefined when it is no option of anything. */
function pairHint(arg: string, command: Command, program: Command): string | undefined {
  const [, key = '', value = ''] = /^([a-z_-]+)=(.*)$/i.exec(arg) ?? [];
  if (key === '') return undefined;
  const name = plain(key);
  const ours = counterpart(name, command);
  if (ours === undefined) {
    return otherHint(name, command, program)?.replace('photo.jpg', quoted(value));
  }
  // `--device cuda` has its value.
  const isOpen = !ours.includes(' ') && findOption(command, ours)?.required === true;
  return `options have dashes: ${ours}${isOpen ? ` ${quoted(value)}` : ''}`;
}

/** `detect photo.jpg --label cat conf=0.25`: an option of another tool, taken for one more label. */
function pairFault(command: Command, program: Command): string | undefined {
  for (const option of command.options.filter(({ variadic }) => variadic)) {
    // `--field size="how big is it?"` is a field.
    const hasPairs = option.flags.includes('=');
    for (const text of given(command, option)) {
      if (hasPairs && !/=(true|false|[\d.]+)$/i.test(text)) continue;
      const hint = pairHint(text, command, program);
      if (hint === undefined) continue;
      return `${oneLine(text)} was taken as value of ${option.long}, which takes all words after it (${hint})`;
    }
  }
  return undefined;
}

/**
 * `detect --label cat photo.jpg`: an option that takes several values takes all words after it, and one that takes a text
 * or may have a value takes the next word (`--save photo.jpg`). `-`, `@-` and lists are pictures too.
 */
function swallowedFault(command: Command): string | undefined {
  const { args } = command;
  const hasPictures = args.length > 0 || command.getOptionValue('watch') !== undefined;
  const isTaken = (text: string): boolean => {
    if (text === STDIN || text === STDIN_LIST) return true;
    return hasPictures ? isPictureFile(text) : isPicture(text) || isList(text);
  };
  for (const option of command.options) {
    const isOpen = option.optional || takesText(option);
    // Names of files and folders may well be those of pictures: where one is missing, they are it.
    if (!isOpen && (hasPictures || !option.required)) continue;
    const texts = given(command, option);
    const taken = texts.filter(isOpen ? isTaken : isPictureFile);
    if (taken.length === 0) continue;
    const kept = texts.filter((text) => !taken.includes(text)).map(quoted);
    const named = new Set(args.map((arg) => path.resolve(arg)));
    const more = taken.filter((text) => !named.has(path.resolve(text)));
    const pictures = [...args, ...more].map(quoted).join(' ');
    const values = kept.join(' ') || (option.optional ? '' : '…');
    const better = `paligemma ${command.name()} ${pictures} ${option.long} ${values}`.trimEnd();
    const [what, is] = taken.length === 1 ? ['value', 'was'] : ['values', 'were'];
    const why = more.length > 0 ? 'pictures come first' : 'it is named already';
    return `${taken.map(oneLine).join(', ')} ${is} taken as ${what} of ${option.long}, which takes ${option.variadic ? 'all words' : 'the word'} after it (${why}: ${better})`;
  }
  return undefined;
}

const isPictureFile = (arg: string): boolean => isPictureName(arg) && existsSync(arg);

/** `--Top_K`, `-ngl`, `conf` -> `top-k`, `ngl`, `conf`. */
function plain(flag: string): string {
  return flag.replace(/^-+/, '').replace(/=.*$/s, '').toLowerCase().replaceAll('_', '-');
}

/** `ours` may have a value after the name. */
function findOption(command: Command, ours: string): Option | undefined {
  const [long] = ours.split(' ');
  return command.options.find((option) => option.long === long && !option.hidden);
}

function longNames(command: Command): string[] {
  const own = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long);
  return [...own, '--help'].flatMap((long) => (long ? [long.slice(2)] : []));
}

/** `detect, segment and refer`. */
function listed(commands: readonly Command[]): string {
  const names = commands.map((command) => command.name());
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}
