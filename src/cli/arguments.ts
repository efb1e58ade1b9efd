/** What a task is asked, as flags: `labels` becomes `--label <text...>`. */
import type { Command } from 'commander';
import { makeError } from '../errors.js';
import { type Declaration, type Declarations, REQUIRED } from '../options/option.js';
import { showValue } from '../options/show.js';
import { kebab } from '../remedies.js';
import { addRequiredFlag } from './flags.js';

/** How the command line says an argument where its declaration does not fit. */
export interface ArgumentFlag {
  readonly letter?: string;
  readonly doc?: string;
}

export type ArgumentFlags<Name extends string = string> = { readonly [K in Name]?: ArgumentFlag };

export function addArguments(
  command: Command,
  declarations: Declarations,
  flags: ArgumentFlags = {},
): void {
  for (const [name, declaration] of Object.entries(declarations)) {
    const { letter, doc = declaration.doc } = flags[name] ?? {};
    const flag = `--${kebab(keyOf(name, declaration))} <${placeholder(declaration)}>`;
    const both = letter === undefined ? flag : `-${letter}, ${flag}`;
    if (declaration.default === REQUIRED) addRequiredFlag(command, both, doc);
    else command.option(both, doc);
  }
}

/** The arguments as they were typed, to be repeated beside results. */
export function typedArguments(
  declarations: Declarations,
  flags: object,
): Readonly<Record<string, unknown>> {
  const typed = flags as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(declarations)
      .map(([name, declaration]) => [name, typed[keyOf(name, declaration)]] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** The arguments as a task takes them. */
export function readArguments(
  declarations: Declarations,
  flags: object,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(typedArguments(declarations, flags)).map(([name, value]) => {
      const declaration = declarations[name] as Declaration;
      if (declaration.kind !== 'record') return [name, value];
      return [name, toRecord(declaration.of, value as readonly string[])];
    }),
  );
}

/** `total:currency` -> { total: 'currency' }. What is no type is refused by the task. */
function toRecord(of: string, entries: readonly string[]): Readonly<Record<string, string>> {
  const types = new Map<string, string>();
  for (const entry of entries) {
    const [name = '', type = 'text'] = entry.split(':', 2);
    if (types.has(name)) {
      throw makeError('ERR_OPTION_RANGE', `${of} ${showValue(name)} is given twice`, {
        name: of,
        found: `${types.get(name)} and ${type}`,
        expected: 'each name once',
      });
    }
    types.set(name, type);
  }
  return Object.fromEntries(types);
}

/** Several values are given one by one: the flag has the name of one. */
function keyOf(name: string, declaration: Declaration): string {
  return declaration.kind === 'list' || declaration.kind === 'record' ? declaration.of : name;
}

function placeholder({ kind }: Declaration): string {
  if (kind === 'list') return 'text...';
  return kind === 'record' ? 'name:type...' : 'text';
}
