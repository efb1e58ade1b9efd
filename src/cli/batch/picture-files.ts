/** A folder with a file for each picture: drawn ones of `--annotate`, results of `--save`. What is in them is not known here. */
import { createHash, randomUUID } from 'node:crypto';
import { access, readdir, realpath, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../errors.js';
import { makeFolder } from '../../make-folder.js';
import { oneLine } from '../../options/show.js';
import { outputError } from '../../output-error.js';
import { STDIN } from './inputs.js';

/** What belongs to a picture, as a file. */
export interface PictureFile {
  readonly data: Uint8Array;
  /** `png`, without a dot. */
  readonly extension: string;
}

/** The picture that a file belongs to; a page of it. */
interface Named {
  readonly image: string;
  readonly page?: number | undefined;
}

/** Why files that exist are left alone. */
interface Kept {
  readonly found: string;
  readonly expected: string;
}

export class PictureFiles {
  /** Names without extension, in small letters as some file systems see them, and the picture each belongs to. */
  readonly #names = new Map<string, string>();
  readonly #nameOf = new Map<string, string>();
  readonly #written = new Set<string>();

  private constructor(
    /** Real path. */
    readonly folder: string,
    /** As the user knows it, for messages. */
    readonly name: string,
    /** What to do where a file exists that may not be replaced, for errors; left out where it may. */
    private readonly kept: Kept | undefined,
    /** The name of the one file, where there is one picture. */
    private readonly only?: string,
  ) {}

  /** The one file of the one picture: it is replaced if it exists. */
  static async openFile(file: string): Promise<PictureFiles> {
    const folder = path.dirname(file);
    try {
      await makeFolder(path.resolve(folder));
      return new PictureFiles(await realpath(folder), file, undefined, path.basename(file));
    } catch (cause) {
      throw outputError(folder, 'create', cause);
    }
  }

  /** Creates `folder` if need be. */
  static async open(folder: string, kept?: Kept): Promise<PictureFiles> {
    try {
      await makeFolder(path.resolve(folder));
      return new PictureFiles(await realpath(folder), folder, kept);
    } catch (cause) {
      throw outputError(folder, 'create', cause);
    }
  }

  /** A new folder in the working folder: `stem`, or `stem-2` and so on where there is something already. */
  static async openNew(stem: string): Promise<PictureFiles> {
    for (let number = 1; ; number++) {
      const folder = number === 1 ? stem : `${stem}-${number}`;
      const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => error);
      const isFree = Array.isArray(entries) ? entries.length === 0 : entries.code === 'ENOENT';
      if (isFree) return PictureFiles.open(folder);
    }
  }

  /** ERR_OUTPUT if the picture is in the folder itself: drawing it would replace it or another input. */
  async check(image: string): Promise<void> {
    const parent = await realpath(path.dirname(image)).catch(() => undefined);
    if (parent !== this.folder) return;
    if (this.only !== undefined && this.only !== path.basename(image)) return;
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
  reserve(picture: Named): string {
    const image = namesake(picture);
    const reserved = this.#nameOf.get(image);
    if (reserved !== undefined) return reserved;
    const stem = path.basename(image, path.extname(image));
    const digest = createHash('sha256').update(image.split(path.sep).join('/')).digest('hex');
    let name = stem;
    for (let digits = 8; this.#names.has(name.toLowerCase()); digits += 8) {
      name = `${stem}-${digest.slice(0, digits)}`;
    }
    this.#names.set(name.toLowerCase(), image);
    this.#nameOf.set(image, name);
    return name;
  }

  /** Throws ERR_OUTPUT if the picture's file exists and may not be replaced. */
  async checkFree(picture: Named, extension: string): Promise<void> {
    await this.#checkFree(path.join(this.folder, `${this.reserve(picture)}.${extension}`));
  }

  /** Writes the file of a picture, whole or not at all. */
  async write(picture: Named, { data, extension }: PictureFile): Promise<void> {
    await this.#write(this.only ?? `${this.reserve(picture)}.${extension}`, data);
  }

  /** Writes a file that belongs to all of them. */
  writeBeside(name: string, text: string): Promise<void> {
    return this.#write(name, Buffer.from(text));
  }

  async #write(name: string, data: Uint8Array): Promise<void> {
    const file = path.join(this.folder, name);
    await this.#checkFree(file);
    const part = path.join(this.folder, `.${randomUUID()}.tmp`);
    try {
      await writeFile(part, data, { flag: 'wx' });
      await rename(part, file);
    } catch (cause) {
      await unlink(part).catch(() => {});
      throw outputError(file, 'write', cause);
    }
    this.#written.add(file);
  }

  async #checkFree(file: string): Promise<void> {
    if (this.kept === undefined || this.#written.has(file) || !(await exists(file))) return;
    throw makeError('ERR_OUTPUT', `${oneLine(file)} exists`, {
      name: oneLine(file),
      ...this.kept,
    });
  }
}

/** What the file of a picture is named after: `scan.tif`, `scan-page2.tif`. */
function namesake({ image, page }: Named): string {
  const named = image === STDIN ? 'stdin' : image;
  if (page === undefined) return named;
  const { dir, name, ext } = path.parse(named);
  return path.join(dir, `${name}-page${page}${ext}`);
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
