/**
 * A JSON reader for files of unknown origin. It differs from JSON.parse in three ways: a key that comes twice is an
 * error (JSON.parse keeps the last one, other tools the first, so two tools would see two models), objects become
 * Maps (`__proto__` is a legal key), and nesting has a limit. No schema here; `JsonReader` reads typed values.
 */
import { type ErrorCode, makeError } from '../errors.js';

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = Map<string, JsonValue>;

const MAX_DEPTH = 32;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Parses UTF-8 bytes whose top level must be an object. `file` names the source in errors of class `code`. */
export function parseJsonObject(
  bytes: Uint8Array,
  file: string,
  code: ErrorCode = 'ERR_MODEL_FORMAT',
): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw makeError(code, `${file} is not valid UTF-8`, { name: file, cause });
  }
  const value = new Scanner(text, file, code).document();
  if (value instanceof Map) return value;
  throw makeError(code, `${file} holds no JSON object`, {
    name: file,
    found: jsonTypeOf(value),
    expected: 'an object',
  });
}

export function jsonTypeOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof Map) return 'an object';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

class Scanner {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly file: string,
    private readonly code: ErrorCode,
  ) {}

  document(): JsonValue {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('the end of the file');
    return value;
  }

  private fail(expected: string): never {
    const found =
      this.at < this.text.length
        ? JSON.stringify(this.text.slice(this.at, this.at + 12))
        : 'the end of the file';
    throw makeError(
      this.code,
      `${this.file} is not valid JSON at character ${this.at}: found ${found}, expected ${expected}`,
      { name: this.file, found, expected },
    );
  }

  private space(): void {
    for (; this.at < this.text.length; this.at++) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
    }
  }

  private value(depth: number): JsonValue {
    this.space();
    if (depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels of nesting`);
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('a value');
    this.at += word.length;
    return value;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) this.fail('a value');
    this.at += match[0].length;
    return Number(match[0]);
  }

  private object(depth: number): JsonObject {
    const object: JsonObject = new Map();
    this.at++;
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      return object;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail('a key');
      const start = this.at;
      const key = this.string();
      if (object.has(key)) {
        this.at = start;
        this.fail('a key that did not come before in the same object');
      }
      this.space();
      if (this.text[this.at] !== ':') this.fail('":"');
      this.at++;
      object.set(key, this.value(depth + 1));
      this.space();
      const c = this.text[this.at];
      if (c !== ',' && c !== '}') this.fail('"," or "}"');
      this.at++;
      if (c === '}') return object;
    }
  }

  private array(depth: number): JsonValue[] {
    const array: JsonValue[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      return array;
    }
    for (;;) {
      array.push(this.value(depth + 1));
      this.space();
      const c = this.text[this.at];
      if (c !== ',' && c !== ']') this.fail('"," or "]"');
      this.at++;
      if (c === ']') return array;
    }
  }

  private string(): string {
    let result = '';
    let start = ++this.at;
    for (;;) {
      if (this.at >= this.text.length) this.fail('the end of the string');
      const c = this.text.charCodeAt(this.at);
      if (c === 0x22) {
        result += this.text.slice(start, this.at++);
        return result;
      }
      if (c < 0x20) this.fail('no control character inside a string');
      if (c !== 0x5c) {
        this.at++;
        continue;
      }
      result += this.text.slice(start, this.at) + this.escape();
      start = this.at;
    }
  }

  private escape(): string {
    const c = this.text[this.at + 1] ?? '';
    if (c === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('four hexadecimal digits');
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    if (!Object.hasOwn(ESCAPES, c)) this.fail('an escape');
    this.at += 2;
    return ESCAPES[c] as string;
  }
}

/** Typed access to one object of a file; every error names file, key, found and expected. */
export class JsonReader {
  constructor(
    private readonly object: JsonObject,
    private readonly file: string,
    /** Keys of the objects around this one, joined by dots. */
    private readonly path = '',
    private readonly code: ErrorCode = 'ERR_MODEL_FORMAT',
  ) {}

  has(key: string): boolean {
    return this.object.has(key);
  }

  /** undefined when the key is absent or null. */
  raw(key: string): JsonValue | undefined {
    return this.object.get(key) ?? undefined;
  }

  isNull(key: string): boolean {
    return this.object.get(key) === null;
  }

  child(key: string): JsonReader | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (!(value instanceof Map)) this.fail(key, 'an object');
    return new JsonReader(value, this.file, this.name(key), this.code);
  }

  string(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'string') return value;
    return this.fail(key, 'a string');
  }

  boolean(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.fail(key, 'true or false');
  }

  /** A whole number from `min` to `max`. */
  integer(key: string, min: number, max: number): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    return this.fail(key, `a whole number from ${min} to ${max}`);
  }

  /** A positive finite number, or 0 when `zero` allows it. */
  positive(key: string, zero = false): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (
      typeof value === 'number' &&
      Number.isFinite(value) &&
      (value > 0 || (zero && value === 0))
    ) {
      return value;
    }
    return this.fail(key, zero ? 'a number, 0 or more' : 'a positive number');
  }

  required<T>(key: string, value: T | undefined): T {
    if (value !== undefined) return value;
    return this.fail(key, 'a value: published files carry it, and no default is right');
  }

  fail(key: string, expected: string, code = this.code): never {
    const name = this.name(key);
    const found = jsonTypeOf(this.object.get(key));
    throw makeError(code, `${this.file}: ${name} is ${found}, expected ${expected}`, {
      name,
      found,
      expected,
    });
  }

  private name(key: string): string {
    return this.path ? `${this.path}.${key}` : key;
  }
}
