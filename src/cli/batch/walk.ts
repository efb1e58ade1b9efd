/** The pictures in a folder, by the extension of their names. Nothing is opened here. */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../errors.js';
import { fileFault } from '../../options/file-fault.js';
import { showPath } from '../../options/show.js';

/** Names that folders and globs are searched for, in small letters; a file named as such may have any. */
export const PICTURE_EXTENSIONS = [
  'jpg',
  'jpeg',
  'jpe',
  'jfif',
  'png',
  'webp',
  'gif',
  'avif',
  'tif',
  'tiff',
  'bmp',
  'dib',
] as const;

/** Something to look at, or what cannot be looked at and why. `image` is the path as results repeat it. */
export interface Found {
  readonly image: string;
  readonly error?: unknown;
}

export interface WalkOptions {
  /** Go into folders as well. */
  readonly recursive: boolean;
  /** A folder whose pictures are our own: real path. */
  readonly except?: string | undefined;
  /** Called with each file that is there and is no picture by its name. */
  readonly onLeftOut?: (file: string) => void;
}

export function isPictureName(name: string): boolean {
  const extension = path.extname(name).slice(1).toLowerCase();
  return !isHidden(name) && (PICTURE_EXTENSIONS as readonly string[]).includes(extension);
}

/** Names that begin with a dot: rsync and browsers write unfinished files under them. */
export function isHidden(name: string): boolean {
  return path.basename(name).startsWith('.');
}

/**
 * Pictures of `folder`, sorted by name, folder for folder, the names of files and folders in one order. Links are
 * followed, none in a circle. A folder that cannot be read is given as a failure, and the walk goes on.
 */
export async function* picturesIn(
  folder: string,
  options: WalkOptions,
  seen: Set<string> = new Set(),
): AsyncGenerator<Found, void> {
  try {
    const real = await realpath(folder);
    if (seen.has(real) || real === options.except) return;
    seen.add(real);
    const entries = await readdir(folder, { withFileTypes: true });
    // By code units: the same on every machine, whatever its language.
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const image = path.join(folder, entry.name);
      const target = entry.isSymbolicLink() ? await stat(image).catch(() => undefined) : entry;
      if (target?.isDirectory()) {
        if (options.recursive) yield* picturesIn(image, options, seen);
      } else if (target?.isFile()) {
        if (isPictureName(entry.name)) yield { image };
        else options.onLeftOut?.(image);
      }
    }
  } catch (cause) {
    yield { image: folder, error: unreadable(folder, cause) };
  }
}

/** ERR_IMAGE_NOT_FOUND for a folder or list that cannot be read. */
export function unreadable(name: string, cause: unknown, hint?: string): Error {
  const label = showPath(name);
  const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const what = gone ? 'does not exist' : `cannot be read: ${fileFault(cause)}`;
  return makeError('ERR_IMAGE_NOT_FOUND', `${label} ${what}`, {
    name: label,
    found: gone ? 'nothing' : fileFault(cause),
    expected: 'something that can be read',
    cause,
    ...(hint !== undefined && { hint }),
  });
}
