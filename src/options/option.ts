/**
 * The mechanism of all options: an option is declared once, and the declaration feeds parsing, the command line, the types
 * that editors show and the tables of the documentation. The options themselves are in the other files of this folder.
 */
import { types } from 'node:util';
import { makeError, type PaliGemmaError } from '../errors.js';
import {
  type Choice,
  type Declaration,
  type Declarations,
  type Entries,
  type List,
  type Numeric,
  type Plain,
  REQUIRED,
  type Required,
  type Shape,
  type Text,
} from './declaration.js';
import { type Fault, faultOf, isPlain, judge } from './judge.js';
import { nearest } from './nearest.js';
import { otherName } from './other-names.js';
import { unreadable } from './read.js';
import { showValue } from './show.js';

export { type Declaration, type Declarations, type Entries, type List, REQUIRED };

/** The complete object that parsing returns: every option is there. */
export type Parsed<D extends Declarations> = {
  readonly [K in keyof D]: D[K] extends Declaration<infer T> ? Exclude<T, Required> : never;
};

type RequiredName<D extends Declarations> = {
  [K in keyof D]: Required extends D[K]['default'] ? K : never;
}[keyof D];

/** Two object types as the one that an interface of all their members is. */
type Merged<A, B> = { [K in keyof (A & B)]: (A & B)[K] };

/** What a caller may pass. An explicit undefined is as good as leaving the option out. */
export type Input<D extends Declarations> = Merged<
  { readonly [K in RequiredName<D>]: Parsed<D>[K] },
  { readonly [K in Exclude<keyof D, RequiredName<D>>]?: Parsed<D>[K] | undefined }
>;

type Spec<S extends Shape, D> = Omit<S, 'kind'> & { readonly default: D };

export function integer<D extends number | null | undefined | Required>(
  spec: Spec<Numeric, D>,
): Declaration<D | number> {
  return { kind: 'integer', ...spec };
}

export function number<D extends number | null | undefined | Required>(
  spec: Spec<Numeric, D>,
): Declaration<D | number> {
  return { kind: 'number', ...spec };
}

export function boolean<D extends boolean | undefined | Required>(
  spec: Spec<Plain, D>,
): Declaration<D | boolean> {
  return { kind: 'boolean', ...spec };
}

export function string<T extends string = string, D extends T | undefined | Required = T>(
  spec: Spec<Text, D>,
): Declaration<D | T> {
  return { kind: 'string', ...spec };
}

/** A file or folder. */
export function path<D extends string | undefined | Required>(
  spec: Omit<Spec<Text, D>, 'minLength' | 'maxLength'>,
): Declaration<D | string> {
  // 4096: PATH_MAX of Linux, the longest of the systems Node runs on.
  return { kind: 'path', minLength: 1, maxLength: 4096, ...spec };
}

export function oneOf<
  const V extends readonly string[],
  D extends V[number] | undefined | Required,
>(values: V, spec: Omit<Spec<Choice, D>, 'values'>): Declaration<D | V[number]> {
  return { kind: 'enum', values, ...spec };
}

export function list<D extends readonly string[] | undefined | Required>(
  spec: Spec<List, D>,
): List & { readonly default: D | readonly string[] } {
  return { kind: 'list', ...spec };
}

export function record<V, N extends Declarations, D extends undefined | Required>(
  spec: Spec<Omit<Entries, 'value' | 'detailed'> & { value: Declaration<V>; detailed: N }, D>,
): Entries & { readonly default: D | Readonly<Record<string, Exclude<V, Required> | Input<N>>> } {
  // What callers store under it is checked by judge, not by the compiler.
  return { kind: 'record', ...spec } as unknown as ReturnType<typeof record<V, N, D>>;
}

export function signal(spec: { readonly doc: string }): Declaration<AbortSignal | undefined> {
  return { kind: 'signal', default: undefined, ...spec };
}

/** Options of calls that can only be aborted; part of every other call's. */
export const SIGNAL_OPTIONS = {
  signal: signal({ doc: 'abort the call; it rejects with the reason of the signal' }),
};

// biome-ignore lint/suspicious/noExplicitAny: any parameter list must be acceptable as a constraint
export function callback<F extends (...args: any[]) => unknown>(spec: {
  readonly doc: string;
}): Declaration<F | undefined> {
  return { kind: 'function', default: undefined, ...spec };
}

/**
 * Checks `options` against the declarations and returns a complete frozen object. `owner` is the call, for the message.
 * Every property is read once. Throws ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE or ERR_OPTION_RANGE.
 */
export function parseOptions<D extends Declarations>(
  owner: string,
  declarations: D,
  options: unknown,
): Parsed<D> {
  const given = options === undefined ? {} : asObject(owner, options);
  refuseUnknown(owner, declarations, given);
  const parsed: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    parsed[name] = checkOption(`option ${name}`, declaration, read(name, declaration, given));
  }
  // The loop above filled exactly the keys of D with checked values.
  return Object.freeze(parsed) as Parsed<D>;
}

type Complete<D extends Declarations> = { readonly [K in keyof D]: unknown };

/** The options of `declarations` out of a parsed object that has more, so that no list of names can miss one. */
export function pick<D extends Declarations, O extends Complete<D>>(
  declarations: D,
  options: O,
): Pick<O, keyof D & keyof O> {
  const entries = Object.keys(declarations).map((name) => [name, options[name as keyof O]]);
  // Exactly the keys of D, each with the value of O.
  return Object.fromEntries(entries) as Pick<O, keyof D & keyof O>;
}

/** All options of a parsed object but those of `declarations`. */
export function omit<D extends Declarations, O extends Complete<D>>(
  declarations: D,
  options: O,
): Omit<O, keyof D> {
  const entries = Object.entries(options).filter(([name]) => !Object.hasOwn(declarations, name));
  // Exactly the keys of O that D has not.
  return Object.fromEntries(entries) as Omit<O, keyof D>;
}

/** The value to use for `value`: the default for undefined, the value itself when it fits. `name` leads the message. */
function checkOption(name: string, declaration: Declaration, value: unknown): unknown {
  if (value === undefined) {
    if (declaration.default !== REQUIRED) return declaration.default;
    throw failure('ERR_OPTION_TYPE', name, 'missing', expectation(declaration));
  }
  if (value === null && declaration.default === null) return null;
  const own = copyOf(name, declaration, value);
  const verdict = judge(declaration, own);
  if (verdict === 'ok') return stored(declaration, own);
  const fault = faultOf(declaration, own);
  const hint =
    fault.of.kind === 'enum' && typeof fault.value === 'string'
      ? nearest(fault.value, fault.of.values)
      : undefined;
  throw failure(
    verdict === 'type' ? 'ERR_OPTION_TYPE' : 'ERR_OPTION_RANGE',
    name + fault.at,
    showFound(fault, declaration),
    fault.isEntry ? entryExpectation(fault.of as List | Entries) : expectation(fault.of),
    hint === undefined ? undefined : `did you mean "${hint}"?`,
  );
}

function stored(declaration: Declaration, value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (declaration.kind !== 'list' || declaration.form?.stored === undefined) return value;
  return Array.isArray(value) ? Object.freeze(value.map(declaration.form.stored)) : value;
}

/** A caller's value, or a part of it, in words. */
function showFound({ value, of }: Fault, declaration: Declaration): string {
  if (value === undefined) return 'missing';
  if (isSecret(declaration) && !Array.isArray(value)) return `a secret ${typeof value}`;
  const isEmpty = of.kind === 'record' && isPlain(value) && Object.keys(value).length === 0;
  return isEmpty ? 'an empty object' : showValue(value);
}

/** Lists and records as they are now: the caller may change them later. Anything that cannot be one is left as it is. */
function copyOf(name: string, declaration: Declaration, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return value;
  try {
    if (declaration.kind === 'list') {
      // Longer ones are refused unread.
      if (!Array.isArray(value) || value.length > declaration.maxCount) return value;
      return Object.freeze([...(value as readonly unknown[])]);
    }
    if (declaration.kind === 'record') {
      const keys = Array.isArray(value) ? [] : Object.keys(value);
      if (keys.length === 0 || keys.length > declaration.maxCount) return value;
      const entries = keys.map((key) => {
        const one = (value as Readonly<Record<string, unknown>>)[key];
        return [key, isPlain(one) ? Object.freeze({ ...one }) : one];
      });
      return Object.freeze(Object.fromEntries(entries));
    }
  } catch (cause) {
    throw unreadable(name, expectation(declaration), cause);
  }
  return value;
}

const isSecret = (declaration: Declaration): boolean =>
  'isSecret' in declaration && declaration.isSecret === true;

/** Reads an option from text, as a flag has it. `name` leads the message: `--top-p`. */
export function checkText(name: string, declaration: Declaration, text: string): unknown {
  switch (declaration.kind) {
    case 'integer':
    case 'number':
      return checkOption(name, declaration, numberFromText(declaration, text));
    case 'boolean':
      return checkOption(name, declaration, text === 'true' || (text === 'false' ? false : text));
    default:
      return checkOption(name, declaration, text);
  }
}

/** What the option takes, to follow "expected": `an integer from 0 to 512`. */
export function expectation(declaration: Declaration): string {
  const or = declaration.default === null ? ' or null' : '';
  switch (declaration.kind) {
    case 'integer':
    case 'number': {
      const noun = declaration.kind === 'integer' ? 'an integer' : 'a number';
      const unit = declaration.unit === undefined ? '' : ` ${declaration.unit}`;
      const from = declaration.aboveMin
        ? `above ${declaration.min} and up to`
        : `from ${declaration.min} to`;
      return `${noun} ${from} ${declaration.max}${unit}${or}`;
    }
    case 'string':
    case 'path': {
      if (declaration.form !== undefined) return `${declaration.form.words}${or}`;
      const noun = declaration.kind === 'path' ? 'a path' : 'a string';
      return `${noun} of ${lengths(declaration)}`;
    }
    case 'enum':
      return `one of ${declaration.values.map((v) => `"${v}"`).join(', ')}`;
    case 'list': {
      const { of, minCount, maxCount, form } = declaration;
      const each = form === undefined ? `of ${lengths(declaration)}` : `, each ${form.words}`;
      return `${minCount} to ${maxCount} ${of}s${form === undefined ? ' ' : ''}${each}`;
    }
    case 'record': {
      const { of, minCount, maxCount } = declaration;
      return `an object with ${minCount} to ${maxCount} ${of}s: ${entryExpectation(declaration)}`;
    }
    case 'boolean':
      return 'true or false';
    case 'signal':
      return 'an AbortSignal';
    case 'function':
      return 'a function';
  }
}

/** What one of several takes. */
function entryExpectation(declaration: List | Entries): string {
  if (declaration.kind === 'list')
    return declaration.form?.words ?? `a string of ${lengths(declaration)}`;
  const long = Object.keys(declaration.detailed).join(', ');
  return `${expectation(declaration.value)}, or an object of ${long}`;
}

const lengths = ({ minLength, maxLength }: Text | List): string =>
  `${minLength} to ${maxLength} characters without NUL`;

function numberFromText(declaration: Numeric, text: string): unknown {
  const pattern =
    declaration.kind === 'integer' ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  // Anything else stays text, so that the message shows what was typed.
  return pattern.test(text) ? Number(text) : text;
}

function asObject(owner: string, options: unknown): object {
  const isObject = typeof options === 'object' && options !== null;
  // Asked first: not even whether it is an array can be asked of a revoked Proxy.
  if (isObject && (types.isProxy(options) || !Array.isArray(options))) return options;
  throw failure('ERR_OPTION_TYPE', `${owner}: options`, showValue(options), 'an object');
}

function refuseUnknown(owner: string, declarations: Declarations, given: object): void {
  let names: readonly string[];
  try {
    names = Object.keys(given);
  } catch (cause) {
    // Only a Proxy can refuse to list its keys.
    throw unreadable(`${owner}: options`, 'an object', cause);
  }
  for (const name of names) {
    if (Object.hasOwn(declarations, name)) continue;
    const options = Object.keys(declarations);
    const meant = otherName(name, options) ?? nearest(name, options);
    throw makeError('ERR_OPTION_UNKNOWN', `${owner} has no option ${showValue(name)}`, {
      name,
      found: showValue(name),
      expected: `one of ${options.join(', ')}`,
      hint:
        meant === undefined ? `the options are ${options.join(', ')}` : `did you mean ${meant}?`,
    });
  }
}

function read(name: string, declaration: Declaration, given: object): unknown {
  try {
    return (given as Readonly<Record<string, unknown>>)[name];
  } catch (cause) {
    throw unreadable(`option ${name}`, expectation(declaration), cause);
  }
}

function failure(
  code: 'ERR_OPTION_TYPE' | 'ERR_OPTION_RANGE',
  name: string,
  found: string,
  expected: string,
  hint?: string,
): PaliGemmaError {
  return makeError(code, `${name} is ${found}, expected ${expected}`, {
    name: name.replace(/^option /, ''),
    found,
    expected,
    ...(hint === undefined ? {} : { hint }),
  });
}
