/**
 * Bodies of requests: bytes counted while they arrive, and JSON, bounded before it is parsed, as a small body can take long and
 * much memory to read.
 */
import type { Readable } from 'node:stream';
import { onAbort } from '../abort.js';
import { makeError } from '../errors.js';
import { tooLargeBody } from './errors.js';

const MAX_DEPTH = 16;
/** Commas, colons and brackets: a schema of 200 fields has some 1,500. */
const MAX_MARKS = 50_000;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** What a byte outside of texts means. A table, as millions of them are looked up while nothing else runs. */
const [PLAIN, TEXT, OPEN, CLOSE, BETWEEN] = [0, 1, 2, 3, 4];
const KINDS = new Uint8Array(256);
const MARKS: readonly (readonly [kind: number, marks: string])[] = [
  [TEXT, '"'],
  [OPEN, '[{'],
  [CLOSE, ']}'],
  [BETWEEN, ',:'],
];
for (const [kind, marks] of MARKS) {
  for (const mark of marks) KINDS[mark.charCodeAt(0)] = kind;
}

/**
 * All bytes of a stream, at most `maxBytes`. Not Fastify's own parser, which a deadline could not end. Rejects with
 * ERR_REQUEST_TOO_LARGE, or with the reason of the signal; the stream is not read on then.
 */
export function readBytes(
  stream: Readable,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxBytes) end(() => reject(tooLargeBody(maxBytes)));
    };
    const onEnd = (): void => end(() => resolve(Buffer.concat(chunks, length)));
    const onFailure = (): void => end(() => reject(malformed('was cut off', BODY)));
    // Called at once for a signal that is aborted already.
    let release = (): void => {};
    release = onAbort(signal, (reason) => end(() => reject(reason)));
    function end(settle: () => void): void {
      stream.off('data', onData).off('end', onEnd);
      stream.off('error', onFailure).off('close', onFailure);
      // Without a listener an error would end the process.
      stream.on('error', () => {});
      stream.pause();
      release();
      settle();
    }
    if (signal?.aborted) return;
    stream.on('data', onData).once('end', onEnd);
    stream.once('error', onFailure).once('close', onFailure);
  });
}

/**
 * Throws ERR_REQUEST_FORMAT. Nothing of the body is repeated. `name`: what the text is the whole of, `body`, or a field or
 * parameter.
 */
export function parseJson(bytes: Buffer, name = BODY): unknown {
  // As the file of the configuration, it may begin with a byte order mark.
  const text = bytes.subarray(0, BOM.length).equals(BOM) ? bytes.subarray(BOM.length) : bytes;
  checkShape(text, name);
  try {
    // Keys such as __proto__ become properties like any other, and are unknown to every face.
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch {
    throw malformed('is not JSON', name);
  }
}

const BODY = 'body';
const BOM = Buffer.from('\ufeff');

/** Depth and number of values, without making any. */
function checkShape(body: Buffer, name: string): void {
  let [depth, marks] = [0, 0];
  for (let i = 0; i < body.length; i++) {
    const kind = KINDS[body[i] as number];
    if (kind === PLAIN) continue;
    if (kind === TEXT) {
      i = endOfText(body, i + 1);
      continue;
    }
    if (kind === CLOSE) {
      depth--;
      continue;
    }
    if (kind === OPEN) depth++;
    marks++;
    if (depth > MAX_DEPTH) throw malformed(`is nested more than ${MAX_DEPTH} deep`, name);
    if (marks > MAX_MARKS) throw malformed('has too many values', name);
  }
}

/** The place of the quote that ends a text. Pictures have no escapes, and are searched by the machine's own means. */
function endOfText(body: Buffer, start: number): number {
  const quote = body.indexOf(QUOTE, start);
  if (quote < 0) return body.length;
  if (body[quote - 1] !== BACKSLASH) return quote;
  for (let at = start; at < body.length; at++) {
    if (body[at] === QUOTE) return at;
    if (body[at] === BACKSLASH) at++;
  }
  return body.length;
}

/** The object that a body must be, or what is named. */
export function asObject(body: unknown, name = BODY): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return body as Readonly<Record<string, unknown>>;
  }
  throw malformed('is not a JSON object', name);
}

function malformed(found: string, name: string): Error {
  const what = name === BODY ? 'the body' : name;
  return makeError('ERR_REQUEST_FORMAT', `${what} ${found}`, { name, expected: 'a JSON object' });
}
