/**
 * A file the converter reads: opened once, read by position, and watched for changes. Knows no format; says what a file
 * looks like when it is not what was expected.
 */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { makeError } from '../errors.js';

export class SourceFile {
  private constructor(
    readonly path: string,
    readonly size: number,
    private readonly handle: FileHandle,
    private readonly opened: BigIntStats,
  ) {}

  /** `what` names the file's role in messages: "the tokenizer". */
  static async open(path: string, what: string): Promise<SourceFile> {
    let handle: FileHandle;
    try {
      // Without O_NONBLOCK opening a FIFO waits for a writer, perhaps for ever.
      handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw makeError('ERR_MODEL_NOT_FOUND', `cannot open ${what}: ${path}: ${reason}`, {
        name: path,
        found: reason,
        expected: 'a readable file',
        cause,
      });
    }
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) {
        const found = stats.isDirectory() ? 'a folder' : 'not a regular file';
        throw makeError('ERR_MODEL_FORMAT', `${what} ${path} is ${found}, expected a file`, {
          name: path,
          found,
          expected: 'a regular file',
        });
      }
      return new SourceFile(path, Number(stats.size), handle, stats);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** For readers that need the descriptor itself; it stays owned by this object. */
  get fd(): number {
    return this.handle.fd;
  }

  /** Fills `target` with the bytes from `position` on. */
  async read(position: number, target: Uint8Array): Promise<void> {
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await this.handle.read(
        target,
        done,
        target.length - done,
        position + done,
      );
      if (bytesRead === 0) {
        throw makeError(
          'ERR_MODEL_TRUNCATED',
          `${this.path} ends at byte ${position + done}, expected ${target.length} bytes from ${position}`,
          {
            name: this.path,
            found: `${position + done} bytes`,
            expected: `at least ${position + target.length} bytes`,
            hint: 'the copy or download is not complete',
          },
        );
      }
      done += bytesRead;
    }
  }

  /** The whole file, refused when it is larger than `limit`. */
  async readAll(limit: number): Promise<Uint8Array> {
    if (this.size > limit) {
      throw makeError(
        'ERR_MODEL_LIMIT',
        `${this.path} has ${this.size} bytes, expected at most ${limit}`,
        { name: this.path, found: `${this.size} bytes`, expected: `at most ${limit} bytes` },
      );
    }
    const bytes = new Uint8Array(this.size);
    await this.read(0, bytes);
    return bytes;
  }

  /** Throws when size or modification time differ from those at opening. */
  async assertUnchanged(): Promise<void> {
    const now = await this.handle.stat({ bigint: true });
    if (now.size === this.opened.size && now.mtimeNs === this.opened.mtimeNs) return;
    throw makeError('ERR_MODEL_CHANGED', `${this.path} was changed while it was being read`, {
      name: this.path,
      found: `${now.size} bytes, modified ${new Date(Number(now.mtimeMs)).toISOString()}`,
      expected: `${this.opened.size} bytes, modified ${new Date(Number(this.opened.mtimeMs)).toISOString()}`,
      hint: 'convert again when nothing writes to it any more',
    });
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

const SIGNATURES: readonly (readonly [string, string])[] = [
  [
    'version https://git-lfs',
    'a Git LFS pointer, not the file itself (fetch it with: git lfs pull)',
  ],
  ['<!DOCTYPE', 'an HTML page, perhaps a login or error page saved as the file'],
  ['<html', 'an HTML page, perhaps a login or error page saved as the file'],
  ['GGUF', 'a GGUF file, which needs no conversion'],
  ['PK\x03\x04', 'a zip archive, perhaps a PyTorch pickle'],
  ['\x80\x02', 'a Python pickle'],
];

/** What the beginning of a file looks like, for messages. */
export function describeContent(head: Uint8Array): string {
  if (head.length === 0) return 'an empty file';
  const text = Buffer.from(head.subarray(0, 32)).toString('latin1');
  for (const [signature, meaning] of SIGNATURES) if (text.startsWith(signature)) return meaning;
  return `bytes ${Buffer.from(head.subarray(0, 8)).toString('hex')}`;
}
