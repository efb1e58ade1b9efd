/** The file of `--output` in a format that is not continued. Lines of JSON have their own: src/runs/journal.ts. */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { makeError } from '../../errors.js';
import { oneLine } from '../../options/show.js';
import { outputError } from '../../output-error.js';

export class ResultsFile {
  #isEmpty = true;

  private constructor(
    /** As it was named. */
    readonly name: string,
    private readonly handle: FileHandle,
    /** It holds something, which is replaced by what is written. */
    private readonly isReplaced: boolean,
  ) {}

  /**
   * Opens a new file, or an empty one. Throws ERR_OUTPUT for one that holds something, unless it may be replaced, and for
   * what is not a file.
   */
  static async open(name: string, overwrite: boolean): Promise<ResultsFile> {
    let handle: FileHandle;
    try {
      handle = await open(name, 'a');
    } catch (cause) {
      throw outputError(name, 'open', cause);
    }
    const status = await handle.stat();
    if (status.isFile() && (status.size === 0 || overwrite)) {
      return new ResultsFile(name, handle, status.size > 0);
    }
    await handle.close();
    const found = status.isFile() ? 'a file that is not empty' : 'a device or pipe';
    throw makeError('ERR_OUTPUT', `${oneLine(name)} is ${found}, expected no file`, {
      name,
      found,
      expected: 'no file',
      hint: 'remove it, choose another name or replace it with --overwrite; JSON lines (.jsonl) can be continued with --resume',
    });
  }

  async write(text: string): Promise<void> {
    if (text === '') return;
    try {
      if (this.#isEmpty && this.isReplaced) await this.handle.truncate(0);
      this.#isEmpty = false;
      await this.handle.appendFile(text);
    } catch (cause) {
      throw outputError(this.name, 'write', cause);
    }
  }

  /** Removes the file again if nothing was written. */
  async close(): Promise<void> {
    try {
      if (!this.#isEmpty) await this.handle.datasync();
    } catch (cause) {
      throw outputError(this.name, 'finish', cause);
    } finally {
      await this.handle.close();
    }
    if (this.#isEmpty && !this.isReplaced) await unlink(this.name).catch(() => {});
  }
}
