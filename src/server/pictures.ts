/**
 * Pictures out of requests: raw bytes, parts of a form, data URLs, ids of uploads, addresses where the operator allows them.
 * Bytes are counted while they arrive. What they are is decided by their first bytes, whatever the request calls them.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ErrorCode, makeError, PaliGemmaError } from '../errors.js';
import { decodeBase64, decodeDataUrl, isDataUrl } from '../image-input/data-url.js';
import { sniff } from '../image-input/format.js';
import { notAnImage } from '../image-input/source.js';
import { showValue } from '../options/show.js';
import { readBytes } from './body.js';
import { tooLargeBody } from './errors.js';
import { type FormReader, formReader } from './forms.js';
import { withSignal } from './gone.js';
import { UPLOAD_ID } from './uploads.js';

/** Of a form, beside its pictures. */
const MAX_FIELDS = 200;

/** Where pictures come from that a request only names. Undefined where there are none. */
export interface PictureSources {
  /** By the id of an upload of the owner's. Throws ERR_REQUEST_UPLOAD. */
  readonly upload?: (id: string, owner: string) => Uint8Array;
  /** By its address. */
  readonly remote?: (url: string, maxBytes: number, signal: AbortSignal) => Promise<Uint8Array>;
}

/** Who names a picture, and until when it is waited for. */
export interface Sender {
  readonly signal: AbortSignal;
  /** Of uploads. */
  readonly owner: string;
}

/** What a form held. */
export interface Form {
  readonly pictures: readonly Uint8Array[];
  /** What the fields of the pictures are called. */
  readonly names: readonly string[];
  /** Texts by name, in order; JSON as text. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export class Pictures {
  readonly #maxBytes: number;
  readonly #maxPictures: number;
  readonly #sources: PictureSources;
  readonly #forms = new WeakSet<FastifyRequest>();
  #parts: FormReader | undefined;

  constructor(
    { maxBodyBytes, maxPictures }: { readonly maxBodyBytes: number; readonly maxPictures: number },
    sources: PictureSources = {},
  ) {
    this.#maxBytes = maxBodyBytes;
    this.#maxPictures = maxPictures;
    this.#sources = sources;
  }

  /** The bytes as they are. Throws ERR_IMAGE_FORMAT. */
  fromBytes(bytes: Uint8Array): Uint8Array {
    const sniffed = sniff(bytes);
    if ('looksLike' in sniffed) {
      const { looksLike } = sniffed;
      const isJson = looksLike.startsWith('JSON');
      const hint = isJson ? 'JSON needs the header "content-type: application/json"' : undefined;
      throw notAnImage('the picture', looksLike, hint);
    }
    return bytes;
  }

  /** A data URL, the id of an upload, or an address. Never a path. `maxBytes`: for what comes from elsewhere. */
  async #fromText(
    text: unknown,
    maxBytes: number,
    { signal, owner }: Sender,
    name: string,
  ): Promise<Uint8Array> {
    if (typeof text === 'string' && text.startsWith(BARE)) {
      return this.fromBytes(decodeBase64(text.slice(BARE.length), this.#maxBytes, name));
    }
    if (typeof text !== 'string') throw unreadable(showValue(text), 'ERR_OPTION_TYPE');
    if (isDataUrl(text)) return this.fromBytes(await decodeDataUrl(text, this.#maxBytes));
    if (UPLOAD_ID.test(text)) {
      const { upload } = this.#sources;
      if (upload === undefined) throw unreadable('the id of no upload');
      return upload(text, owner);
    }
    if (/^https?:/i.test(text)) {
      const { remote } = this.#sources;
      if (remote === undefined) throw unreadable('an address, which this server does not fetch');
      return this.fromBytes(await remote(text, maxBytes, signal));
    }
    throw unreadable('another text');
  }

  /** Texts, one or several, of a field in JSON. `names`: what the client calls those that are base64. */
  async fromTexts(
    texts: unknown,
    sender: Sender,
    names: readonly string[] = [],
  ): Promise<Uint8Array[]> {
    const list: readonly unknown[] = Array.isArray(texts) ? texts : [texts];
    this.#checkCount(list.length);
    const pictures: Uint8Array[] = [];
    // Together: a small request could name many large ones.
    let left = this.#maxBytes;
    for (const [i, text] of list.entries()) {
      const picture = await this.#fromText(text, left, sender, names[i] ?? 'image');
      left = Math.max(0, left - picture.length);
      pictures.push(picture);
    }
    return pictures;
  }

  /** Lets the routes of `app` take forms, which `readForm` reads. */
  async takeForms(app: FastifyInstance): Promise<void> {
    this.#parts ??= await formReader({
      // One more, as a file that is cut off at the limit would be read to its end first.
      ...{ fileSize: this.#maxBytes + 1, files: this.#maxPictures, fields: MAX_FIELDS },
      ...{ parts: MAX_FIELDS + this.#maxPictures, fieldSize: 1024 * 1024, fieldNameSize: 200 },
      headerPairs: 50,
    });
    app.addContentTypeParser('multipart/form-data', (request, _, done) => {
      this.#forms.add(request);
      done(null);
    });
  }

  isForm(request: FastifyRequest): boolean {
    return this.#forms.has(request);
  }

  /** The files of a form are pictures, whatever they are called; the rest are fields. */
  async readForm(request: FastifyRequest, signal: AbortSignal): Promise<Form> {
    const pictures: Uint8Array[] = [];
    const names: string[] = [];
    const fields = new Map<string, string[]>();
    let left = this.#maxBytes;
    const count = (bytes: number): void => {
      left -= bytes;
      if (left < 0) throw tooLargeBody(this.#maxBytes);
    };
    // Not for await: leaving that would wait for the rest of the body.
    // Set since the routes take forms.
    const parts = (this.#parts as FormReader)(request.raw);
    for (;;) {
      const { value: part, done } = await withSignal(parts.next(), signal).catch((error) =>
        this.#formFault(error),
      );
      if (done) break;
      if (part.type === 'file') {
        const bytes = await readBytes(part.file, left, signal);
        count(bytes.length);
        pictures.push(this.fromBytes(bytes));
        names.push(part.fieldname);
        continue;
      }
      const text = textOf(part.value);
      count(text.length);
      if (part.valueTruncated || part.fieldnameTruncated) throw tooLargeBody(this.#maxBytes);
      fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), text]);
    }
    return { pictures, names, fields };
  }

  #checkCount(count: number): void {
    if (count > this.#maxPictures) throw tooMany('images', 'pictures', this.#maxPictures);
  }

  /** The parser's own words name neither what there was too much of nor the limit. */
  #formFault(error: unknown): never {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (code === 'FST_FILES_LIMIT') throw tooMany('images', 'pictures', this.#maxPictures);
    if (code === 'FST_REQ_FILE_TOO_LARGE') throw tooLargeBody(this.#maxBytes);
    if (code === 'FST_FIELDS_LIMIT') throw tooMany('body', 'fields', MAX_FIELDS);
    if (code === 'FST_PARTS_LIMIT') {
      throw tooMany('body', 'fields and pictures', MAX_FIELDS + this.#maxPictures);
    }
    return formFault(error);
  }
}

function tooMany(name: string, things: string, most: number): Error {
  const expected = `at most ${most}`;
  return makeError(
    'ERR_REQUEST_TOO_LARGE',
    `the request has too many ${things}, expected ${expected}`,
    {
      ...{ name, found: `too many ${things}`, expected },
    },
  );
}

/** A field of a form, which the parser has read where its type is JSON. */
function textOf(value: unknown): string {
  try {
    return typeof value === 'string' ? value : JSON.stringify(value);
  } catch (error) {
    // Nested too deeply.
    return formFault(error);
  }
}

/** Base64 as a text that pictures are read from. No id and no data URL is base64: either may be in its place. */
export function base64Text(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined;
  return isDataUrl(given) || UPLOAD_ID.test(given) ? given : BARE + given;
}

/** Before base64 that came as it is. */
const BARE = 'data:;base64,';

/** Of what the parser of forms refuses. Its own words name neither what was found nor what is expected. */
const FORM_FAULTS: Readonly<Record<string, readonly [found: string, expected: string]>> = {
  FST_PROTO_VIOLATION: [
    'a form with a field of a name that no field may have, such as __proto__',
    'fields that the route has',
  ],
  FST_INVALID_JSON_FIELD_ERROR: [
    'a form with a field of the type application/json that is no JSON',
    'JSON, or a field without a type',
  ],
};

/** What the parser of forms rejects with, in our words. */
function formFault(error: unknown): never {
  if (error instanceof PaliGemmaError) throw error;
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const [found, expected] = FORM_FAULTS[String(code)] ?? ['a damaged form', 'multipart/form-data'];
  throw makeError('ERR_REQUEST_FORMAT', `the body is ${found}, expected ${expected}`, {
    ...{ name: 'body', found, expected, cause: error },
  });
}

/** The first characters of a text may be a secret or a picture: nothing of it is repeated. */
function unreadable(found: string, code: ErrorCode = 'ERR_IMAGE_NOT_FOUND'): Error {
  const expected = 'a data URL such as data:image/jpeg;base64,…';
  return makeError(code, `the picture is ${found}, expected ${expected}`, {
    ...{ name: 'image', found, expected },
  });
}
