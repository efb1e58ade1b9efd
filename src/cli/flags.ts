/** Option declarations as command-line flags, so that both have one default, range and description. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PaliGemmaError } from '../errors.js';
import { checkText, type Declaration, type Declarations, expectation } from '../options/option.js';

/** Adds a flag for every declaration that can have one, under a heading of the help text. */
export function addFlags(command: Command, heading: string, declarations: Declarations): void {
  for (const [name, declaration] of flagged(declarations)) {
    const flag = flagOf(name, declaration);
    const option = new Option(flag, describe(declaration)).helpGroup(heading);
    if (declaration.kind !== 'boolean') option.argParser((text) => parse(declaration, text));
    command.addOption(option);
  }
}

/** The options that were given as flags, to be passed on whole. */
export function givenFlags(
  declarations: Declarations,
  flags: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    flagged(declarations).flatMap(([name]) =>
      flags[name] === undefined ? [] : [[name, flags[name]]],
    ),
  );
}

function flagged(declarations: Declarations): [string, Declaration][] {
  return Object.entries(declarations).filter(
    ([, { kind, cli }]) =>
      cli !== false && kind !== 'signal' && kind !== 'function' && kind !== 'custom',
  );
}

/** `--max-tokens <n>`, `--exact-gelu`, `--no-upright`. commander turns them back into `maxTokens` and so on. */
function flagOf(name: string, declaration: Declaration): string {
  const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  switch (declaration.kind) {
    case 'boolean':
      return declaration.default === true ? `--no-${kebab}` : `--${kebab}`;
    case 'integer':
      return `--${kebab} <n>`;
    case 'number':
      return `--${kebab} <x>`;
    case 'enum':
      return `--${kebab} <${declaration.values.join('|')}>`;
    default:
      return `--${kebab} <name>`;
  }
}

function describe(declaration: Declaration): string {
  const { kind, doc } = declaration;
  if (kind === 'boolean') return declaration.default === true ? `do not ${doc}` : doc;
  const notes: string[] = [];
  if (kind === 'integer' || kind === 'number') {
    notes.push(expectation(declaration).replace(/^an? | or null$/g, ''));
  }
  if (declaration.default !== undefined && declaration.default !== null) {
    notes.push(`default ${String(declaration.default)}`);
  }
  return notes.length > 0 ? `${doc} (${notes.join('; ')})` : doc;
}

function parse(declaration: Declaration, text: string): unknown {
  try {
    return checkText('it', declaration, text);
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    // commander puts flag and value in front of this.
    throw new InvalidArgumentError(`Expected ${error.expected}.${hint}`);
  }
}
