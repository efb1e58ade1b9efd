/**
 * How a value a caller handed in is printed in an error: short, unambiguous, on one line, and without running any of
 * the caller's code. Which values are right is not decided here.
 */
import { types } from 'node:util';

const LONGEST = 60;

/** `"text"`, `-0`, `5n`, `an array of 3`, `a Proxy`, `an instance of Foo` … */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${shorten(String(value))}n`;
    case 'symbol':
      return shorten(oneLine(String(value)));
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : showObject(value);
    default:
      return String(value);
  }
}

/** The message of something thrown, whatever it is. */
export function showThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return shorten(oneLine(String(thrown.message)), 200);
  } catch {
    // A hostile Error: its message cannot be read either.
  }
  return showValue(thrown);
}

/** Control characters as escapes, so that a message stays on one line and cannot steer a terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => {
    if (c === '\n') return '\\n';
    if (c === '\t') return '\\t';
    if (c === '\r') return '\\r';
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Longer paths lose their middle: they are seldom what is wrong, and begin and end tell them apart. */
const LONGEST_PATH = 200;

export function isLongPath(file: string): boolean {
  return file.length > LONGEST_PATH;
}

/** A path on one line. */
export function showPath(file: string): string {
  if (!isLongPath(file)) return oneLine(file);
  const half = LONGEST_PATH / 2;
  return oneLine(`${file.slice(0, half)}…${file.slice(-half)}`);
}

function quote(text: string): string {
  // Cut first: a string of 100 MB must not be escaped whole for 60 characters of it.
  const cut = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  const quoted = oneLine(JSON.stringify(cut));
  return text.length > LONGEST ? `${quoted.slice(0, -1)}…" (${text.length} characters)` : quoted;
}

function shorten(text: string, longest = LONGEST): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function showObject(value: object): string {
  // Asked first: every other question about a Proxy runs its traps.
  if (types.isProxy(value)) return 'a Proxy';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (types.isDate(value)) return 'a Date';
  const name = constructorName(value);
  if (name === undefined || name === 'Object') return 'an object';
  return `an instance of ${shorten(oneLine(name))}`;
}

function constructorName(value: object): string | undefined {
  // Property descriptors instead of property reads: a getter would be the caller's code.
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
    if (types.isProxy(at)) return undefined;
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof made !== 'function' || types.isProxy(made)) continue;
    const name: unknown = Object.getOwnPropertyDescriptor(made, 'name')?.value;
    return typeof name === 'string' && name !== '' ? name : undefined;
  }
  return undefined;
}
