/** Where model files are looked for: folders that were named, else the usual ones. */
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeError } from '../errors.js';
import { placeOf } from '../options/file.js';
import { fileFault } from '../options/file-fault.js';
import { showPath } from '../options/show.js';

export const FOLDERS_DOC = 'where to look for model files (default: here and ~/models)';

/** `places` to look at; `errors` about named ones that are not there, which the usual ones need not be. */
export async function modelFolders(
  folders: readonly string[],
): Promise<{ readonly places: readonly string[]; readonly errors: readonly Error[] }> {
  if (folders.length === 0) return { places: ['.', path.join(os.homedir(), 'models')], errors: [] };
  const outcomes = await Promise.all(
    folders.map((folder) =>
      readdir(folder).then(
        () => folder,
        (cause: unknown) => failure(folder, cause),
      ),
    ),
  );
  return {
    places: outcomes.filter((one) => typeof one === 'string'),
    errors: outcomes.filter((one) => typeof one !== 'string'),
  };
}

function failure(folder: string, cause: unknown): Error {
  const { code } = cause as NodeJS.ErrnoException;
  const isGone = code === 'ENOENT';
  const found = isGone
    ? 'does not exist'
    : code === 'ENOTDIR'
      ? 'is not a folder'
      : `cannot be read: ${fileFault(cause)}`;
  const hint = isGone ? placeOf(folder) : undefined;
  const name = showPath(folder);
  return makeError('ERR_MODEL_NOT_FOUND', `${name} ${found}`, {
    name,
    found,
    expected: 'a folder with model files',
    ...(hint !== undefined && { hint }),
    cause,
  });
}
