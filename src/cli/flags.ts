/** Option declarations as command-line flags, so that both have one default, range and description. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PaliGemmaError } from '../errors.js';
import {
  checkText,
  type Declaration,
  type Declarations,
  expectation,
  path as pathDeclaration,
  REQUIRED,
} from '../options/option.js';
import { kebab } from '../remedies.js';
import { missingOptionHint, REQUIRED_OPTIONS } from './missing.js';

/** Values of options that a shell offers: all there are, or examples. Help has its own words for them. */
const OFFERED = new WeakMap<Option, readonly string[]>();

export function offer(option: Option, values: readonly string[]): Option {
  OFFERED.set(option, values);
  return option;
}

export function offeredFor(option: Option): readonly string[] {
  return OFFERED.get(option) ?? option.argChoices ?? [];
}

/** Adds a flag for every declaration that can have one, under a heading of the help text. */
export function addFlags(command: Command, heading: string, declarations: Declarations): void {
  for (const [name, declaration] of flagged(declarations)) {
    const flag = flagOf(name, declaration);
    const option = new Option(flag, describe(declaration)).helpGroup(heading);
    if (declaration.kind === 'list') {
      // One value each time the flag is there. How many there may be is checked with the other options.
      option.argParser((text, others: readonly string[] | undefined) => [...(others ?? []), text]);
    } else if (declaration.kind !== 'boolean') option.argParser((text) => parse(declaration, text));
    command.addOption(offer(option, knownValues(declaration)));
    if (declaration.default === REQUIRED) requireFlag(command, option);
  }
}

/** Reads a flag that is no declared option and names a file or folder. */
export const readPath = (text: string): unknown =>
  parse(pathDeclaration({ default: undefined, doc: 'a file or folder' }), text);

/**
 * Adds a flag that must be given. Not commander's own check: it comes before the one for unknown flags, and who wrote
 * --lable would hear that --label is missing.
 */
export function addRequiredFlag(
  command: Command,
  flags: string,
  doc: string,
  read?: (text: string) => unknown,
): void {
  const option = new Option(flags, `${doc} (required)`);
  if (read !== undefined) option.argParser(read);
  command.addOption(option);
  requireFlag(command, option);
}

function requireFlag(command: Command, option: Option): void {
  REQUIRED_OPTIONS.add(option);
  command.hook('preAction', () => {
    if (command.getOptionValue(option.attributeName()) === undefined) {
      const hint = missingOptionHint(command, option);
      command.error(`error: required option '${option.flags}' not specified\n(${hint})`);
    }
  });
}

/** The options that were given as flags, to be passed on whole. */
export function givenFlags(declarations: Declarations, flags: object): Record<string, unknown> {
  const given = new Map(Object.entries(flags));
  return Object.fromEntries(
    flagged(declarations).flatMap(([name]) => (given.has(name) ? [[name, given.get(name)]] : [])),
  );
}

function flagged(declarations: Declarations): [string, Declaration][] {
  return Object.entries(declarations).filter(
    ([, { kind, cli }]) => cli !== false && kind !== 'signal' && kind !== 'function',
  );
}

/** `--max-tokens <n>`, `--exact-gelu`, `--no-upright`. commander turns them back into `maxTokens` and so on. */
function flagOf(name: string, declaration: Declaration): string {
  const letter = declaration.letter === undefined ? '' : `-${declaration.letter}, `;
  if (declaration.kind === 'boolean') {
    return `${letter}${declaration.default === true ? '--no-' : '--'}${kebab(name)}`;
  }
  return `${letter}--${kebab(name)} <${placeholder(declaration)}>`;
}

function placeholder(declaration: Declaration): string {
  if (declaration.placeholder !== undefined) return declaration.placeholder;
  switch (declaration.kind) {
    case 'integer':
      return 'n';
    case 'number':
      return 'x';
    case 'path':
      return 'file';
    case 'enum':
      return declaration.values.join('|');
    case 'list':
      return declaration.of;
    default:
      return 'text';
  }
}

function describe(declaration: Declaration): string {
  const { kind, doc } = declaration;
  if (kind === 'boolean') return declaration.default === true ? `do not ${doc}` : doc;
  const notes: string[] = [];
  if (kind === 'integer' || kind === 'number') {
    notes.push(expectation(declaration).replace(/^an? | or null$/g, ''));
  }
  const { default: value } = declaration;
  if (value === REQUIRED) notes.push('required');
  else if (value !== undefined && value !== null) notes.push(`default ${String(value)}`);
  return notes.length > 0 ? `${doc} (${notes.join('; ')})` : doc;
}

function parse(declaration: Declaration, text: string): unknown {
  try {
    return checkText('it', declaration, inOurCase(declaration, text));
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    // usage.ts puts flag and value in front of this.
    throw new InvalidArgumentError(`expected ${error.expected}${hint}`);
  }
}

/** A value of a list in the case of the list: people write `Q8_0` and `CPU`. */
function inOurCase(declaration: Declaration, text: string): string {
  const lower = text.toLowerCase();
  return knownValues(declaration).find((value) => value.toLowerCase() === lower) ?? text;
}

/** All values of a list, or examples of others. */
function knownValues(declaration: Declaration): readonly string[] {
  if (declaration.kind === 'enum') return declaration.values;
  return ('examples' in declaration && declaration.examples) || [];
}
