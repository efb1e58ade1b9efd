/** The folder of `--annotate`: names for drawn pictures, and writing them. Drawing is the task's. */
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../errors.js';
import { oneLine } from '../../options/show.js';
import { outputError } from '../../output-error.js';

/** A drawn picture as a file. */
export interface Annotation {
  readonly data: Uint8Array;
  /** `png`, without a dot. */
  readonly extension: string;
}

export class Annotations {
  /** Names without extension, in small letters as some file systems see them, and the picture each belongs to. */
  readonly #names = new Map<string, string>();
  readonly #nameOf = new Map<string, string>();
  readonly #written = new Set<string>();

  private constructor(
    /** Real path. */
    readonly folder: string,
    /** Files that are there already are ours: all inputs are known and none is in the folder. */
    private readonly mayReplace: boolean,
  ) {}

  /** Creates `folder` if need be. `mayReplace`: see above. */
  static async open(folder: string, mayReplace: boolean): Promise<Annotations> {
    try {
      await makeFolder(path.resolve(folder));
      return new Annotations(await realpath(folder), mayReplace);
    } catch (cause) {
      throw outputError(folder, 'create', cause);
    }
  }

  /** ERR_OUTPUT if the picture is in the folder itself: drawing it would replace it or another input. */
  async check(image: string): Promise<void> {
    const parent = await realpath(path.dirname(image)).catch(() => undefined);
    if (parent !== this.folder) return;
    throw makeError('ERR_OUTPUT', `${oneLine(image)} is in the folder for drawn pictures`, {
      name: oneLine(image),
      found: 'the same folder for pictures and --annotate',
      expected: 'another folder for --annotate',
    });
  }

  /**
   * Takes a name for a picture; called in the order of the inputs, so that the same inputs get the same names, whichever is
   * done first. The first `cow.jpg` is `cow`, a `cow` from elsewhere gets eight digits that are made from its path.
   */
  reserve(image: string): void {
    if (this.#nameOf.has(image)) return;
    const stem = image === '-' ? 'stdin' : path.basename(image, path.extname(image));
    const digest = createHash('sha256').update(image.split(path.sep).join('/')).digest('hex');
    let name = stem;
    for (let digits = 8; this.#names.has(name.toLowerCase()); digits += 8) {
      name = `${stem}-${digest.slice(0, digits)}`;
    }
    this.#names.set(name.toLowerCase(), image);
    this.#nameOf.set(image, name);
  }

  /** Writes the drawn picture, whole or not at all. Returns its path. */
  async write(image: string, { data, extension }: Annotation): Promise<string> {
    this.reserve(image);
    const file = path.join(this.folder, `${this.#nameOf.get(image)}.${extension}`);
    if (!this.mayReplace && !this.#written.has(file) && (await exists(file))) {
      throw makeError('ERR_OUTPUT', `${oneLine(file)} exists`, {
        name: oneLine(file),
        found: 'a file that may be one of the pictures to come',
        expected: 'an empty folder for --annotate while the list of pictures is not known',
      });
    }
    const part = path.join(this.folder, `.${randomUUID()}.tmp`);
    try {
      await writeFile(part, data, { flag: 'wx' });
      await rename(part, file);
    } catch (cause) {
      await unlink(part).catch(() => {});
      throw outputError(file, 'write', cause);
    }
    this.#written.add(file);
    return file;
  }
}

/** With those above it. Not the recursive mkdir of Node: on a system that refuses with ENOENT, as /proc, it never ends. */
async function makeFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (there?.isDirectory()) return;
  if (there) throw new Error('it is a file, not a folder');
  if (path.dirname(folder) !== folder) await makeFolder(path.dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
