/**
 * The file under construction: written as `<output>.part`, moved to its name when complete and on disk. Nothing
 * half-written ever carries the final name, and a `.part` is never a valid model: until the very end its first bytes
 * are a note of who writes it, and the real ones come last. The note also tells a living writer from one that was
 * killed: a `.part` whose writer is dead is removed and writing starts anew. (A lock file would be one more thing to be
 * left behind.) What is written is not known here.
 */
import { readFileSync } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeError } from '../errors.js';
import { outputError } from '../output-error.js';

/** Bytes at the beginning that hold the note until the end. */
export const NOTE_BYTES = 256;
const NOTE_WORD = 'node-paligemma writes this file';
/** A writer on another machine cannot be asked; a file untouched for this long has none. */
const FOREIGN_STALE_MS = 15 * 60_000;

export class OutputFile {
  private held: Uint8Array | undefined;
  private done = false;

  private constructor(
    readonly path: string,
    private readonly part: string,
    private readonly handle: FileHandle,
    private readonly overwrite: boolean,
  ) {}

  /** Creates `<file>.part`. Refuses when `file` exists and may not be replaced, or when another process writes it. */
  static async create(file: string, overwrite: boolean): Promise<OutputFile> {
    const part = `${file}.part`;
    await checkTarget(file, overwrite);
    const handle = await createExclusively(part);
    const output = new OutputFile(file, part, handle, overwrite);
    try {
      await output.writeAll(note(), 0);
      return output;
    } catch (error) {
      await output.discard();
      throw error;
    }
  }

  /** `bytes` go to `position`; the first write must begin at 0 and be longer than the note. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    if (position === 0) {
      this.held = bytes.slice(0, NOTE_BYTES);
      await this.writeAll(bytes.subarray(NOTE_BYTES), NOTE_BYTES);
    } else {
      await this.writeAll(bytes, position);
    }
  }

  /** Puts everything on disk and renames the file. */
  async commit(): Promise<void> {
    if (!this.held || this.held.length < NOTE_BYTES) throw new Error('nothing was written');
    try {
      await this.handle.sync();
      await this.writeAll(this.held, 0);
      await this.handle.sync();
      const [mine, named] = await Promise.all([this.handle.stat(), stat(this.part)]);
      if (mine.ino !== named.ino || mine.dev !== named.dev) {
        throw makeError('ERR_OUTPUT', `${this.part} was replaced by another process`, {
          name: this.part,
          hint: 'two conversions to one output ran at once: run it again',
        });
      }
      await this.handle.close();
      await this.move();
      this.done = true;
    } catch (cause) {
      throw outputError(this.path, 'finish', cause);
    }
    await syncFolder(path.dirname(this.path));
  }

  private async move(): Promise<void> {
    if (this.overwrite) return rename(this.part, this.path);
    try {
      // rename() would replace a file that appeared meanwhile; link() does not.
      await link(this.part, this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(this.path);
      return rename(this.part, this.path); // a file system without hard links
    }
    await unlink(this.part);
  }

  /** Removes the unfinished file; does nothing after commit(). Never throws: it runs while another error is thrown. */
  async discard(): Promise<void> {
    if (this.done) return;
    this.done = true;
    const mine = await this.handle.stat().catch(() => undefined);
    await this.handle.close().catch(() => undefined);
    const named = await stat(this.part).catch(() => undefined);
    if (mine && named && mine.ino !== named.ino) return; // another process's by now
    await unlink(this.part).catch(() => undefined);
  }

  private async writeAll(bytes: Uint8Array, position: number): Promise<void> {
    try {
      await writeWhole(this.handle, bytes, position);
    } catch (cause) {
      throw outputError(this.path, 'write', cause);
    }
  }
}

/** Writes until nothing is left: one write may take less than it is given. */
export async function writeWhole(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const left = bytes.length - done;
    done += (await handle.write(bytes, done, left, position + done)).bytesWritten;
  }
}

/** Throws ERR_OUTPUT when `file` cannot become an output. */
export async function checkTarget(file: string, overwrite: boolean): Promise<void> {
  const folder = path.dirname(file);
  const parent = await stat(folder).catch(() => undefined);
  if (!parent?.isDirectory()) {
    throw makeError('ERR_OUTPUT', `the folder ${folder} does not exist`, {
      name: file,
      found: parent ? 'not a folder' : 'nothing',
      expected: 'an existing folder',
    });
  }
  const target = await lstat(file).catch(() => undefined);
  if (!target) return;
  if (target.isDirectory()) {
    throw makeError('ERR_OUTPUT', `${file} is a folder, expected a file name`, {
      name: file,
      found: 'a folder',
      expected: 'the name of a file',
    });
  }
  // A device or pipe must never be renamed over: as root that would take /dev/null from the whole machine.
  if (!target.isFile() && !target.isSymbolicLink()) {
    throw makeError('ERR_OUTPUT', `${file} is a device or pipe, expected a file name`, {
      name: file,
      found: 'a device or pipe',
      expected: 'the name of a file',
    });
  }
  if (!overwrite) throw exists(file);
}

function exists(file: string): Error {
  return makeError('ERR_OUTPUT', `${file} exists`, {
    name: file,
    found: 'a file',
    expected: 'no file',
    remedy: 'overwrite',
  });
}

async function createExclusively(part: string): Promise<FileHandle> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open(part, 'wx+');
    } catch (cause) {
      const taken = (cause as NodeJS.ErrnoException).code === 'EEXIST';
      if (!taken || attempt >= 20) throw outputError(part, 'create', cause);
    }
    const owner = await ownerOf(part);
    if (owner === 'gone') continue;
    if (owner === 'unknown' && attempt < 5) {
      await sleep(100); // it may have been created this instant and carry no note yet
      continue;
    }
    if (owner !== 'dead' && owner !== 'unknown') {
      throw makeError('ERR_OUTPUT', `${part} is being written by ${owner}`, {
        name: part,
        found: owner,
        expected: 'no other conversion to the same output',
        hint: 'wait for it, or remove the file if that process is gone',
      });
    }
    await unlink(part).catch(() => undefined);
  }
}

function note(): Uint8Array {
  const text = JSON.stringify({
    note: NOTE_WORD,
    pid: process.pid,
    started: startTime(process.pid),
    host: hostname().slice(0, 80),
  });
  return Buffer.from(text.padEnd(NOTE_BYTES, ' '), 'utf8').subarray(0, NOTE_BYTES);
}

/** Who writes a `.part`: a description of a living writer, or that there is none, or that the note is missing. */
async function ownerOf(part: string): Promise<'gone' | 'dead' | 'unknown' | string> {
  let handle: FileHandle;
  try {
    const found = await lstat(part);
    if (!found.isFile()) return 'something that is not a file';
    handle = await open(part, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw outputError(part, 'read', error);
  }
  try {
    const bytes = Buffer.alloc(NOTE_BYTES);
    await handle.read(bytes, 0, NOTE_BYTES, 0);
    const { mtimeMs } = await handle.stat();
    const owner = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    if (owner.note !== NOTE_WORD || typeof owner.pid !== 'number') return 'unknown';
    if (owner.host !== hostname().slice(0, 80)) {
      const stale = Date.now() - mtimeMs > FOREIGN_STALE_MS;
      return stale ? 'dead' : `process ${owner.pid} on ${String(owner.host)}`;
    }
    const alive = isAlive(owner.pid) && startTime(owner.pid) === owner.started;
    return alive ? `process ${owner.pid}` : 'dead';
  } catch {
    return 'unknown'; // no note: killed before it was written, or after the real bytes replaced it
  } finally {
    await handle.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Tells a process from a later one with the same number; empty where the system does not say (only Linux does). */
function startTime(pid: number): string {
  try {
    // proc(5): field 22; the name in parentheses before it may hold spaces.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** Makes the new name survive a power cut, where folders can be synced (not on Windows). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file itself is on disk and complete; only its name may be lost with the power.
  }
}
