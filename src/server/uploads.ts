/**
 * Pictures that clients send once and then ask about by their ids. What is kept is bounded in bytes and time: an upload that
 * does not fit is refused, so that an id lives until the time that its client knows. Ids cannot be guessed, and belong to
 * the key that they were made with.
 */
import { randomBytes } from 'node:crypto';
import { makeError } from '../errors.js';
import type { ImageSize } from '../index.js';
import { limitFault, withRetryAfter } from './errors.js';

/** What is known of an upload without its bytes. */
export interface Upload extends ImageSize {
  readonly id: string;
  readonly bytes: number;
  readonly format: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

interface Kept {
  readonly upload: Upload;
  readonly owner: string;
  readonly data: Uint8Array;
  readonly timer: NodeJS.Timeout;
}

/** Bytes beside the picture, so that many small ones are bounded as well. */
const BESIDE = 1024;

/** What ids look like. */
export const UPLOAD_ID = /^img_[\w-]{1,128}$/;

export class Uploads {
  readonly #maxBytes: number;
  readonly #keepMs: number;
  readonly #all = new Map<string, Kept>();
  #bytes = 0;

  constructor({
    maxUploadBytes,
    uploadMs,
  }: {
    readonly maxUploadBytes: number;
    readonly uploadMs: number;
  }) {
    this.#maxBytes = maxUploadBytes;
    this.#keepMs = uploadMs;
  }

  get count(): number {
    return this.#all.size;
  }

  /** What all take together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws ERR_REQUEST_TOO_LARGE for what never fits, ERR_UPLOADS_FULL for what does not fit now. */
  checkRoom(bytes: number): void {
    const needed = bytes + BESIDE;
    if (needed > this.#maxBytes) {
      const expected = `at most ${Math.max(0, this.#maxBytes - BESIDE)}`;
      throw limitFault('ERR_REQUEST_TOO_LARGE', 'the upload', `${bytes} bytes`, expected);
    }
    if (this.#bytes + needed <= this.#maxBytes) return;
    const message = `there is no room for an upload of ${bytes} bytes`;
    const error = makeError('ERR_UPLOADS_FULL', message, {
      ...{ name: 'maxUploadBytes', found: 'no room', expected: `at most ${this.#maxBytes} bytes` },
      hint: 'delete uploads that are not needed, or send the picture with its question',
    });
    // All are kept for the same time, so the oldest goes first.
    const [oldest] = this.#all.values();
    const left = (oldest?.upload.expiresAt ?? 0) - Date.now() / 1000;
    throw withRetryAfter(error, Math.max(1, Math.ceil(left)));
  }

  /** Throws as checkRoom does. */
  keep(
    data: Uint8Array,
    owner: string,
    { width, height, format }: ImageSize & { readonly format: string },
  ): Upload {
    this.checkRoom(data.length);
    const id = `img_${randomBytes(24).toString('base64url')}`;
    const createdAt = Math.floor(Date.now() / 1000);
    const upload = {
      ...{ id, bytes: data.length, format, width, height, createdAt },
      expiresAt: Math.ceil((Date.now() + this.#keepMs) / 1000),
    };
    const timer = setTimeout(() => this.#drop(id), this.#keepMs);
    timer.unref();
    // A copy, as the bytes may be a small part of what else would stay with them.
    this.#all.set(id, { upload, owner, timer, data: new Uint8Array(data) });
    this.#bytes += data.length + BESIDE;
    return upload;
  }

  /** The picture. Throws ERR_REQUEST_UPLOAD. */
  dataOf(id: string, owner: string): Uint8Array {
    return this.#find(id, owner).data;
  }

  /** Throws ERR_REQUEST_UPLOAD. */
  describe(id: string, owner: string): Upload {
    return this.#find(id, owner).upload;
  }

  /** Throws ERR_REQUEST_UPLOAD. */
  remove(id: string, owner: string): void {
    this.#find(id, owner);
    this.#drop(id);
  }

  close(): void {
    for (const id of [...this.#all.keys()]) this.#drop(id);
  }

  /** Of another owner is as good as not there. */
  #find(id: string, owner: string): Kept {
    const kept = this.#all.get(id);
    if (kept?.owner === owner) return kept;
    throw makeError('ERR_REQUEST_UPLOAD', 'there is no upload of this id', {
      ...{ name: 'images', found: 'an id that is not there', expected: 'the id of an upload' },
      hint: 'it may have expired: upload the picture again',
    });
  }

  #drop(id: string): void {
    const kept = this.#all.get(id);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    this.#all.delete(id);
    this.#bytes -= kept.data.length + BESIDE;
  }
}
