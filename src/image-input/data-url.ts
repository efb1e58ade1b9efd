/**
 * Strict `data:` URLs (RFC 2397). The media type in the URL is ignored: magic bytes decide what the data are. Nothing
 * of the data appears in a message.
 */
import { makeError, type PaliGemmaError } from '../errors.js';

/** The media type and its parameters are a few dozen characters; no comma by then means no data URL. */
const MAX_HEADER = 1024;

/** The bytes in `url`. Throws ERR_IMAGE_FORMAT for a malformed URL, ERR_IMAGE_TOO_LARGE beyond `maxBytes`. */
export async function decodeDataUrl(url: string, maxBytes: number): Promise<Uint8Array> {
  const comma = url.slice(0, MAX_HEADER).indexOf(',');
  if (comma < 0) throw malformed('has no comma between media type and data');
  const header = url.slice('data:'.length, comma);
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

function fromBase64(data: string): Uint8Array {
  // `+`, `/` and `=` may be written as %2B, %2F and %3D.
  const text = data.includes('%') ? fromPercent(data).toString('latin1') : data;
  const unpadded = text.endsWith('==')
    ? text.length - 2
    : text.length - (text.endsWith('=') ? 1 : 0);
  if (unpadded % 4 === 1) throw malformed('ends in the middle of a base64 group');
  if (unpadded !== text.length && text.length % 4 !== 0)
    throw malformed('has wrong base64 padding');
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64 and stops at padding, so every illegal character makes the result shorter.
  if (bytes.length !== Math.floor((unpadded * 3) / 4)) {
    throw malformed('has characters that are not base64');
  }
  return bytes;
}

function fromPercent(data: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(data.length);
  let length = 0;
  for (let i = 0; i < data.length; i++) {
    let code = data.charCodeAt(i);
    if (code === 0x25) {
      const hex = data.slice(i + 1, i + 3);
      if (!/^[0-9a-f]{2}$/i.test(hex))
        throw malformed('has a % that no two hexadecimal digits follow');
      code = Number.parseInt(hex, 16);
      i += 2;
    } else if (code <= 0x20 || code >= 0x7f) {
      throw malformed('has characters that must be written with %');
    }
    bytes[length++] = code;
  }
  return bytes.subarray(0, length);
}

function malformed(what: string): PaliGemmaError {
  return makeError('ERR_IMAGE_FORMAT', `the data URL ${what}`, {
    name: 'data URL',
    found: what,
    expected: 'data:image/…;base64,…',
  });
}

function tooLarge(maxBytes: number): PaliGemmaError {
  return makeError('ERR_IMAGE_TOO_LARGE', `the data URL holds more than ${maxBytes} bytes`, {
    name: 'data URL',
    expected: `at most ${maxBytes} bytes`,
  });
}
