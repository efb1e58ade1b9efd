/**
 * A nameless file for data that is needed again and fits no memory. Where the system allows, the name is removed as soon
 * as the file is open, so that even kill -9 leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { outputError } from '../output-error.js';
import { writeWhole } from './output-file.js';

export class TemporaryFile {
  private handle: FileHandle | undefined;
  private named = false;
  private readonly path: string;
  private bytes = 0;

  /** Nothing is created before the first append. `base` is the path to lie beside; `signal` ends long appending. */
  constructor(
    base: string,
    private readonly signal?: AbortSignal,
  ) {
    this.path = `${base}.${randomBytes(6).toString('hex')}.inflate.part`;
  }

  get size(): number {
    return this.bytes;
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.signal?.throwIfAborted();
    try {
      this.handle ??= await this.create();
      await writeWhole(this.handle, chunk, this.bytes);
      this.bytes += chunk.length;
    } catch (cause) {
      throw outputError(this.path, 'write the temporary file', cause);
    }
  }

  private async create(): Promise<FileHandle> {
    const handle = await open(this.path, 'wx+', 0o600);
    // Windows refuses to remove the name of an open file: then close() does.
    this.named = await unlink(this.path).then(
      () => false,
      () => true,
    );
    return handle;
  }

  async read(position: number, target: Uint8Array): Promise<void> {
    let done = 0;
    while (done < target.length) {
      const result = await this.handle?.read(target, done, target.length - done, position + done);
      if (!result?.bytesRead) {
        throw outputError(this.path, 'read the temporary file', new Error('it ends too early'));
      }
      done += result.bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
    if (this.named) await unlink(this.path).catch(() => undefined);
  }
}
