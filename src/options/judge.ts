/** Whether a value fits its declaration, and where it does not. The words of the error are in option.ts. */
import { types } from 'node:util';
import { type Declaration, type Entries, type List, REQUIRED, type Text } from './declaration.js';
import { showValue } from './show.js';

/** Where a value that does not fit is at fault: as a whole, or in one of its entries. */
export interface Fault {
  /** `[0]`, `.small`, `.small.slots`. */
  readonly at: string;
  readonly value: unknown;
  readonly of: Declaration;
  /** It is one of several that `of` has. */
  readonly isEntry?: true;
}

export function faultOf(declaration: Declaration, value: unknown): Fault {
  const whole = { at: '', value, of: declaration };
  if (declaration.kind === 'list' && Array.isArray(value)) {
    if (!fitsCount(declaration, value.length)) return whole;
    const i = value.findIndex((one) => typeof one !== 'string' || !fitsText(declaration, one));
    return { ...whole, at: `[${i}]`, value: value[i], isEntry: true };
  }
  if (declaration.kind !== 'record' || !isPlain(value)) return whole;
  const entries = Object.entries(value);
  const found = entries.find(([, one]) => !fitsEntry(declaration, one));
  if (found === undefined || !fitsCount(declaration, entries.length)) return whole;
  const [key, entry] = found;
  const { detailed } = declaration;
  const at = placeOf(key);
  const part = Object.entries(detailed).find(
    ([name, of]) => isPlain(entry) && !fits(of, entry[name]),
  );
  if (!isPlain(entry) || part === undefined) {
    return { ...whole, at, value: entry, isEntry: true };
  }
  return { at: `${at}.${part[0]}`, value: entry[part[0]], of: part[1] };
}

/** A caller chose it: it may be any text. */
function placeOf(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? `.${key}` : `[${showValue(key)}]`;
}

export function judge(declaration: Declaration, value: unknown): 'ok' | 'type' | 'range' {
  switch (declaration.kind) {
    case 'integer':
    case 'number': {
      if (typeof value !== 'number') return 'type';
      if (declaration.kind === 'integer' && !Number.isSafeInteger(value)) return 'range';
      // Written so that NaN fails.
      const fits = value >= declaration.min && value <= declaration.max;
      return fits && !(declaration.aboveMin && value === declaration.min) ? 'ok' : 'range';
    }
    case 'string':
    case 'path': {
      if (typeof value !== 'string') return 'type';
      return fitsText(declaration, value) ? 'ok' : 'range';
    }
    case 'list': {
      if (!Array.isArray(value)) return 'type';
      if (!fitsCount(declaration, value.length)) return 'range';
      if (!value.every((one) => typeof one === 'string')) return 'type';
      return value.every((one) => fitsText(declaration, one)) ? 'ok' : 'range';
    }
    case 'record': {
      if (!isPlain(value)) return 'type';
      const all = Object.values(value);
      return fitsCount(declaration, all.length) && all.every((one) => fitsEntry(declaration, one))
        ? 'ok'
        : 'range';
    }
    case 'enum':
      if (typeof value !== 'string') return 'type';
      return declaration.values.includes(value) ? 'ok' : 'range';
    case 'boolean':
      return typeof value === 'boolean' ? 'ok' : 'type';
    case 'signal':
      return isSignal(value) ? 'ok' : 'type';
    case 'function':
      return typeof value === 'function' ? 'ok' : 'type';
  }
}

function fitsCount({ minCount, maxCount }: List | Entries, count: number): boolean {
  return count >= minCount && count <= maxCount;
}

function fitsText({ minLength, maxLength, form }: Text | List, text: string): boolean {
  if (form !== undefined && !form.pattern.test(text)) return false;
  // What ends a string in C would cut it short on its way.
  return hasLength(text, minLength, maxLength) && !text.includes('\0');
}

/** Characters are code points, as JSON Schema and other languages count them. */
function hasLength(text: string, min: number, max: number): boolean {
  // Neither counts what is far too long.
  if (text.length < min || text.length > 2 * max) return false;
  let length = 0;
  for (const _ of text) length++;
  return length >= min && length <= max;
}

function fitsEntry({ value, detailed }: Entries, entry: unknown): boolean {
  if (judge(value, entry) === 'ok') return true;
  if (!isPlain(entry) || Object.keys(entry).some((key) => !Object.hasOwn(detailed, key))) {
    return false;
  }
  return Object.entries(detailed).every(([key, declaration]) => fits(declaration, entry[key]));
}

/** Whether it may be so in an object, where undefined is left out. */
function fits(declaration: Declaration, value: unknown): boolean {
  return value === undefined
    ? declaration.default !== REQUIRED
    : judge(declaration, value) === 'ok';
}

/** By shape, not by class: a signal of another realm or a polyfill is as good, if it has all that is used of it. */
function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  try {
    const signal = value as Partial<AbortSignal>;
    return (
      typeof signal.aborted === 'boolean' &&
      [signal.addEventListener, signal.removeEventListener, signal.throwIfAborted].every(
        (method) => typeof method === 'function',
      )
    );
  } catch {
    return false;
  }
}

/** Asked without running code of the caller's. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !types.isProxy(value);
}
