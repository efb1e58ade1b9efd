/** Folders for what is written. */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * With those above it, where they are not there. Not the recursive mkdir of Node: on a system that refuses with ENOENT, as
 * /proc, it never ends. `made` gets those that were not there, the outermost first. Rejects with the error of the file system.
 */
export async function makeFolder(folder: string, made: string[] = []): Promise<void> {
  const there = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (there?.isDirectory()) return;
  if (there) throw new Error('it is a file, expected a folder');
  if (path.dirname(folder) !== folder) await makeFolder(path.dirname(folder), made);
  try {
    await mkdir(folder);
    made.push(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
