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
  /** A comma separates values: always, or where a single value is given. `\,` is a comma. */
  readonly commas?: 'always' | 'alone';
  readonly doc?: string;
}

export type ArgumentFlags<Name extends string = string> = { readonly [K in Name]?: ArgumentFlag };

export function addArguments(
  command: Command,
  declarations: Declarations,
  flags: ArgumentFlags = {},
  note: (text: string) => void = () => {},
): void {
  for (const [name, declaration] of Object.entries(declarations)) {
    const { letter, doc = declaration.doc, commas } = flags[name] ?? {};
    const flag = `--${kebab(keyOf(name, declaration))} <${placeholder(declaration)}>`;
    const both = letter === undefined ? flag : `-${letter}, ${flag}`;
    if (declaration.default === REQUIRED) addRequiredFlag(command, both, doc);
    else command.option(both, doc);
    if (commas !== undefined) splitAtCommas(command, keyOf(name, declaration), commas, note);
  }
}

/** `--label cat,dog` as `--label cat dog`, and a note of it. */
function splitAtCommas(
  command: Command,
  key: string,
  when: 'always' | 'alone',
  note: (text: string) => void,
): void {
  command.hook('preAction', () => {
    const given: unknown = command.getOptionValue(key);
    if (!Array.isArray(given) || (when === 'alone' && given.length > 1)) return;
    const parts = given.flatMap((value) => {
      const some = commaParts(String(value));
      if (some.length > 0) return some;
      const found = value === '' ? 'empty' : `${showValue(value)}, commas alone`;
      return command.error(
        `error: --${key} is ${found}, expected a text, or several with commas between them`,
      );
    });
    command.setOptionValue(key, parts);
    if (!given.some((value) => /(?<!\\),/.test(String(value)))) return;
    const shown = parts.map((part) => showValue(part)).join(', ');
    note(`note: --${key} is read as ${parts.length}: ${shown} ("\\," is a comma within one)`);
  });
}

/** `cat, dog` -> `cat` and `dog`; `\,` is a comma. Of commas alone nothing. */
export function commaParts(text: string): string[] {
  return text
    .split(/(?<!\\),/)
    .map((part) => part.replaceAll('\\,', ',').trim())
    .filter((part) => part !== '');
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

/**
 * `total:currency` -> { total: 'currency' }, `total:currency=what is the sum?` -> the same with a question. What is no type
 * is refused by the task.
 */
function toRecord(of: string, entries: readonly string[]): Readonly<Record<string, unknown>> {
  const record = new Map<string, unknown>();
  for (const entry of entries) {
    const [, head = '', question] = /^([^=]*)(?:=(.*))?$/s.exec(entry) ?? [];
    const [name = '', type = 'text'] = head.split(':', 2);
    if (record.has(name)) {
      throw makeError('ERR_OPTION_RANGE', `${of} ${showValue(name)} is given twice`, {
        name: of,
        found: `${showValue(name)} twice`,
        expected: 'each name once',
      });
    }
    record.set(name, question === undefined ? type : { type, question });
  }
  return Object.fromEntries(record);
}

/** Several values are given one by one: the flag has the name of one. */
function keyOf(name: string, declaration: Declaration): string {
  return declaration.kind === 'list' || declaration.kind === 'record' ? declaration.of : name;
}

function placeholder({ kind }: Declaration): string {
  if (kind === 'list') return 'text...';
  return kind === 'record' ? 'name:type=question...' : 'text';
}
