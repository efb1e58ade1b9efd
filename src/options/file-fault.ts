/** Why the file system refuses something, in the words of all errors about files. */
import { showThrown } from './show.js';

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EEXIST: 'a file of that name is there already',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system can only be read',
  EISDIR: 'it is a folder, expected a file',
  ENXIO: 'it is a socket or device, expected a file',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many files are open in this process',
  ENFILE: 'too many files are open on this machine',
  ENOSPC: 'no room is left on the disk',
  EDQUOT: 'no room is left in the quota of the disk',
};

/** Of an error of `node:fs`; the message of any other. */
export function fileFault(cause: unknown): string {
  const { code = '', syscall } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOTDIR') {
    return syscall === 'scandir' || syscall === 'opendir'
      ? 'it is a file, expected a folder'
      : 'a part of its path is a file, expected a folder';
  }
  return FAULTS[code] ?? showThrown(cause);
}
