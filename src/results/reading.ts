/** Checks on arguments and on documents that other tools wrote: each returns the value with its type or tells where it is wrong. */
import { makeError, PaliGemmaError } from '../errors.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';

export type Fields = Readonly<Record<string, unknown>>;

/** `ERR_OPTION_TYPE` or `ERR_OPTION_RANGE` about `where`, such as `annotations[3].bbox`. */
export function badDocument(
  code: 'ERR_OPTION_TYPE' | 'ERR_OPTION_RANGE',
  where: string,
  found: string,
  expected: string,
): Error {
  return makeError(code, `${where} is ${found}, expected ${expected}`, {
    name: where,
    found,
    expected,
  });
}

/** What `read` returns. Its errors about one of `names`, the names of arguments, are about `where`, which was given for it. */
export function readAt<T>(where: string, names: readonly string[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    const { code, subject = '', found = 'wrong', expected = 'another value' } = error;
    const name = names.find(
      (one) => /^$|^[.[]/.test(subject.slice(one.length)) && subject.startsWith(one),
    );
    if (name === undefined) throw error;
    const kind = code === 'ERR_OPTION_TYPE' ? code : 'ERR_OPTION_RANGE';
    throw badDocument(kind, `${where}${subject.slice(name.length)}`, found, expected);
  }
}

function describe(value: unknown): string {
  return value === undefined ? 'missing' : showValue(value);
}

export function fields(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'an object');
}

/** The options of a call as an object of our own; none for undefined, unless the call needs some. */
export function optionsOf(value: unknown, { name = 'options', isNeeded = false } = {}): Fields {
  if (value === undefined && !isNeeded) return {};
  return reading(name, 'an object', () => ({ ...fields(value, name) }));
}

export function flag(value: unknown, where: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'true or false');
}

/** One of `values`; the first for undefined. */
export function choice<const V extends string>(
  value: unknown,
  where: string,
  values: readonly [V, ...V[]],
): V {
  if (value === undefined) return values[0];
  const found = values.find((one) => one === value);
  if (found !== undefined) return found;
  const code = typeof value === 'string' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE';
  const expected = `one of ${values.map((one) => `"${one}"`).join(', ')}`;
  throw badDocument(code, where, describe(value), expected);
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'an array');
}

export function text(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'text');
}

export function finite(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const code = typeof value === 'number' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE';
  throw badDocument(code, where, describe(value), 'a finite number');
}

export function whole(value: unknown, where: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  const code = typeof value === 'number' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE';
  throw badDocument(code, where, describe(value), 'an integer');
}

/** Finite numbers; exactly `length` of them when it is given. */
export function numbers(value: unknown, where: string, length?: number): readonly number[] {
  const items = list(value, where).map((item, i) => finite(item, `${where}[${i}]`));
  if (length === undefined || items.length === length) return items;
  throw badDocument('ERR_OPTION_RANGE', where, `${items.length} numbers`, `${length} numbers`);
}

/** A score; documents that people drew have none, which counts as 1. */
export function scoreOf(value: unknown, where: string): number {
  return value === undefined || value === null ? 1 : finite(value, where);
}
