/**
 * The cache that Python's huggingface_hub uses too: models--owner--repo/{blobs,refs,snapshots}. Content is in blobs under
 * its hash; a snapshot links to it.
 */
import {
  copyFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../make-folder.js';

export const COMMIT = /^[0-9a-f]{40}$/;

export class RepoCache {
  readonly #folder: string;

  /** `folder`: of this repository. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Path of the content whose hash is `etag`. */
  blob(etag: string): string {
    return path.join(this.#folder, 'blobs', etag);
  }

  /** The commit that a revision meant when it was last asked for. */
  async commit(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision;
    try {
      const text = await readFile(path.join(this.#folder, 'refs', revision), 'utf8');
      return COMMIT.test(text.trim()) ? text.trim() : undefined;
    } catch {
      return undefined;
    }
  }

  /** Notes what a revision means now. Writes only what changes: a cache that is full may be read-only. */
  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commit(revision)) === commit) return;
    const file = path.join(this.#folder, 'refs', revision);
    await makeFolder(path.dirname(file));
    await writeFile(`${file}.${process.pid}`, commit);
    await rename(`${file}.${process.pid}`, file);
  }

  /** Names of a commit's files that are here and complete. */
  async files(commit: string): Promise<string[]> {
    const folder = this.snapshot(commit);
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    const present = await Promise.all(names.map((name) => isFile(path.join(folder, name))));
    return names.filter((_, i) => present[i]).map((name) => name.split(path.sep).join('/'));
  }

  /** Folder of a commit's files. */
  snapshot(commit: string): string {
    return path.join(this.#folder, 'snapshots', commit);
  }

  pointer(commit: string, file: string): string {
    return path.join(this.snapshot(commit), file);
  }

  /** Takes a file and its content away again. */
  async remove(commit: string, file: string, etag: string): Promise<void> {
    await rm(this.pointer(commit, file), { force: true });
    await rm(this.blob(etag), { force: true });
  }

  /** Names a blob in a commit. */
  async link(commit: string, file: string, etag: string): Promise<string> {
    const pointer = this.pointer(commit, file);
    if (await isFile(pointer)) return pointer;
    await makeFolder(path.dirname(pointer));
    await rm(pointer, { force: true }); // a link whose blob is gone
    try {
      await symlink(path.relative(path.dirname(pointer), this.blob(etag)), pointer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Another process was faster; or links are not allowed here, as on Windows.
      if (code !== 'EEXIST') await copyFile(this.blob(etag), pointer);
    }
    return pointer;
  }
}

export async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
