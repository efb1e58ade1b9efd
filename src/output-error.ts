/** Failures of the file system while something is written, as errors of this package. */
import { makeError, PaliGemmaError } from './errors.js';
import { fileFault } from './options/file-fault.js';
import { showPath } from './options/show.js';

/** Turns a failure of the file system into its class. */
export function outputError(file: string, action: string, cause: unknown): Error {
  if (cause instanceof PaliGemmaError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const name = showPath(file);
  if (code === 'ENOENT') {
    return makeError('ERR_OUTPUT', `cannot ${action} ${name}: its folder does not exist`, {
      name,
      found: 'no folder',
      expected: 'an existing folder',
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
