/**
 * `data:` URLs (RFC 2397), read as browsers do (https://fetch.spec.whatwg.org/#data-url-processor): line breaks and other
 * white space in base64 are dropped, padding may be missing. What can only be damage is refused. The media type is
 * ignored: magic bytes decide what the data are. Nothing of the data appears in a message.
 */
import { makeError, type PaliGemmaError } from '../errors.js';

/** The media type and its parameters are a few dozen characters; no comma by then means no data URL. */
const MAX_HEADER = 1024;

/** Whether a string is meant as a data URL. Parsers of URLs drop white space before it. */
export function isDataUrl(text: string): boolean {
  return /^\s*data:/i.test(text.slice(0, MAX_HEADER));
}

/** The bytes in `url`. Throws ERR_IMAGE_FORMAT for a malformed URL, ERR_IMAGE_TOO_LARGE beyond `maxBytes`. */
export async function decodeDataUrl(url: string, maxBytes: number): Promise<Uint8Array> {
  const comma = url.slice(0, MAX_HEADER).indexOf(',');
  if (comma < 0) throw malformed('has no comma between media type and data');
  const header = url.slice(0, comma);
  const isBase64 = /;\s*base64\s*$/i.test(header);
  // Base64 is the longest form of the two that matters: 4 characters for 3 bytes; percent needs 3 for 1.
  if (url.length - comma > maxBytes * 3 + 4) throw tooLarge(maxBytes);
  let data = url.slice(comma + 1);
  const hash = data.indexOf('#');
  if (hash >= 0) data = data.slice(0, hash);
  const bytes = isBase64 ? fromBase64(data) : fromPercent(data);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** The bytes in base64 that is no data URL. Throws as `decodeDataUrl`, with `name` for what it is. */
export function decodeBase64(text: string, maxBytes: number, name: string): Uint8Array {
  if (text.length > maxBytes * 3 + 4) throw tooLarge(maxBytes, name);
  if (text.includes('%')) throw malformed(NOT_BASE64, name);
  const bytes = fromBase64(text, name);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes, name);
  return bytes;
}

/** https://infra.spec.whatwg.org/#forgiving-base64-decode */
function fromBase64(data: string, name = DATA_URL): Uint8Array {
  // `+`, `/`, `=` and line breaks may be written as %2B, %2F, %3D and %0A.
  const text = /[%\t\n\f\r ]/.test(data) ? withoutSpace(fromPercent(data)) : data;
  const isWhole = text.length % 4 === 0;
  const padding = isWhole && text.endsWith('==') ? 2 : isWhole && text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  if (digits % 4 === 1) throw malformed('ends in the middle of a base64 group', name);
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64 and stops at padding, so every illegal character makes the result shorter.
  if (bytes.length !== Math.floor((digits * 3) / 4)) {
    const isPadding = /^[^=]+={1,2}$/.test(text);
    throw malformed(isPadding ? 'has wrong base64 padding' : NOT_BASE64, name);
  }
  return bytes;
}

/** Byte by byte: a regular expression takes seconds for megabytes of short lines. */
function withoutSpace(bytes: Buffer): string {
  let length = 0;
  for (const byte of bytes) {
    if (!isSpace(byte)) bytes[length++] = byte;
  }
  return bytes.toString('latin1', 0, length);
}

function fromPercent(data: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(data.length);
  let length = 0;
  for (let i = 0; i < data.length; i++) {
    let code = data.charCodeAt(i);
    // White space itself is written with %: what is there came with breaking lines.
    if (isSpace(code)) continue;
    if (code === PERCENT) {
      code = 16 * digitOf(data.charCodeAt(i + 1)) + digitOf(data.charCodeAt(i + 2));
      if (Number.isNaN(code)) throw malformed('has a % that no two hexadecimal digits follow');
      i += 2;
    } else if (code < 0x20 || code >= 0x7f) {
      throw malformed('has characters that must be written with %');
    }
    bytes[length++] = code;
  }
  return bytes.subarray(0, length);
}

const PERCENT = 0x25;

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** What a hexadecimal digit means; NaN for another character, and for none. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

const DATA_URL = 'data URL';
const NOT_BASE64 = 'has characters that are not base64';

function malformed(what: string, name = DATA_URL): PaliGemmaError {
  return makeError('ERR_IMAGE_FORMAT', `${subjectOf(name)} ${what}`, {
    name,
    found: what,
    expected: name === DATA_URL ? 'data:image/…;base64,…' : 'base64',
  });
}

const subjectOf = (name: string): string => (name === DATA_URL ? `the ${name}` : name);

function tooLarge(maxBytes: number, name = DATA_URL): PaliGemmaError {
  return makeError('ERR_IMAGE_TOO_LARGE', `${subjectOf(name)} holds more than ${maxBytes} bytes`, {
    name,
    expected: `at most ${maxBytes} bytes`,
  });
}
