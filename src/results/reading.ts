/** Checks on documents that other tools wrote: each returns the value with its type or tells where it is wrong. */
import { makeError } from '../errors.js';

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

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export function fields(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'an object');
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
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'a finite number');
}

export function whole(value: unknown, where: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw badDocument('ERR_OPTION_TYPE', where, describe(value), 'an integer');
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
