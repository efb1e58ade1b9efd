/** Failures of the file system while something is written, as errors of this package. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { makeError, PaliGemmaError } from './errors.js';
import { makeFolder } from './make-folder.js';
import { fileFault } from './options/file-fault.js';
import { showPath } from './options/show.js';

/** A folder for what is written, with those above it. Throws ERR_OUTPUT. */
export async function makeOutputFolder(folder: string): Promise<void> {
  if (folder === '') {
    const [found, expected] = ['""', 'the name of a folder'];
    throw makeError(
      'ERR_OUTPUT',
      `the folder for what is written is ${found}, expected ${expected}`,
      {
        ...{ name: folder, found, expected },
      },
    );
  }
  await makeFolder(folder).catch((cause: NodeJS.ErrnoException) => {
    // One of those above it may be what cannot be made.
    throw outputError(cause.path ?? folder, 'make the folder', cause);
  });
}

/** Turns a failure of the file system into its class. */
export function outputError(file: string, action: string, cause: unknown): Error {
  if (cause instanceof PaliGemmaError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const name = showPath(file);
  if (code === 'ENOENT') {
    // Such as /proc, which refuses new files with this.
    const isThere = existsSync(path.dirname(file));
    const found = isThere ? 'a folder that takes no new files' : 'no folder';
    const why = isThere ? 'its folder takes no new files' : 'its folder does not exist';
    return makeError('ERR_OUTPUT', `cannot ${action} ${name}: ${why}`, {
      name,
      found,
      expected: 'a folder that can be written',
      cause,
    });
  }
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return makeError(
    full ? 'ERR_DISK_FULL' : 'ERR_OUTPUT',
    `cannot ${action} ${name}: ${fileFault(cause)}`,
    {
      name,
      found: code || 'a failure',
      expected: full ? 'enough room on the disk' : 'a folder that can be written',
      cause,
    },
  );
}
