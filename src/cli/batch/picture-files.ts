/** A folder with a file for each picture: drawn ones of `--annotate`, results of `--save`. What is in them is not known here. */
import { createHash, randomUUID } from 'node:crypto';
import { access, readdir, realpath, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../errors.js';
import { makeFolder } from '../../make-folder.js';
import { oneLine, showPath } from '../../options/show.js';
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

/** Why files that exist are refused, for errors. */
export interface Refused {
  readonly expected: string;
  readonly hint: string;
}

/** What becomes of files that an earlier run or another program has written. */
export type Existing = 'replaced' | 'left' | Refused;

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
    private readonly existing: Existing,
    /** Folders that were made for it, those above first. */
    private readonly made: readonly string[],
    /** The name of the one file, where there is one picture. */
    private readonly only?: string,
  ) {}

  /** The one file of the one picture. */
  static openFile(file: string, existing: Existing): Promise<PictureFiles> {
    return PictureFiles.#open(path.dirname(file), file, existing, path.basename(file));
  }

  /** Creates `folder` if need be. */
  static open(folder: string, existing: Existing): Promise<PictureFiles> {
    return PictureFiles.#open(folder, folder, existing);
  }

  static async #open(
    folder: string,
    name: string,
    existing: Existing,
    only?: string,
  ): Promise<PictureFiles> {
    const made: string[] = [];
    try {
      await makeFolder(path.resolve(folder), made);
      return new PictureFiles(await realpath(folder), name, existing, made, only);
    } catch (cause) {
      await removeEmpty(made);
      throw outputError(folder, 'create', cause);
    }
  }

  /** A new folder in the working folder: `stem`, or `stem-2` and so on where there is something already. */
  static async openNew(stem: string): Promise<PictureFiles> {
    for (let number = 1; ; number++) {
      const folder = number === 1 ? stem : `${stem}-${number}`;
      const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => error);
      const isFree = Array.isArray(entries) ? entries.length === 0 : entries.code === 'ENOENT';
      if (isFree) return PictureFiles.open(folder, 'replaced');
    }
  }

  /** ERR_OUTPUT if the picture is in the folder itself: drawing it would replace it or another input. */
  async check(image: string): Promise<void> {
    const parent = await realpath(path.dirname(image)).catch(() => undefined);
    if (parent !== this.folder) return;
    if (this.only !== undefined && this.only !== path.basename(image)) return;
    const found =
      this.only === undefined
        ? `in ${showPath(this.name)}, the folder that drawn pictures go to`
        : 'the file that the drawn picture goes to';
    throw makeError('ERR_OUTPUT', `${oneLine(image)} is ${found}, and would be replaced`, {
      name: oneLine(image),
      found,
      expected: 'pictures elsewhere',
      hint: `choose another ${this.only === undefined ? 'folder' : 'file'} for --annotate`,
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

  /** Nothing is there that could be replaced. */
  async isEmpty(): Promise<boolean> {
    return this.made.length > 0 || (await readdir(this.folder)).length === 0;
  }

  /** Throws ERR_OUTPUT if the picture's file exists and that is refused. */
  async checkFree(picture: Named, extension: string): Promise<void> {
    await this.#isFree(this.#fileOf(picture, extension));
  }

  /**
   * Writes the file of a picture, whole or not at all. Returns the name of a file that exists and was left as it is,
   * undefined when it was written.
   */
  write(picture: Named, { data, extension }: PictureFile): Promise<string | undefined> {
    return this.#write(this.#fileOf(picture, extension), data);
  }

  /** As `write`, a file that belongs to all of them. */
  writeBeside(name: string, text: string): Promise<string | undefined> {
    return this.#write(name, Buffer.from(text));
  }

  /** Removes folders again that were made for nothing. */
  async close(): Promise<void> {
    if (this.#written.size === 0) await removeEmpty(this.made);
  }

  #fileOf(picture: Named, extension: string): string {
    return this.only ?? `${this.reserve(picture)}.${extension}`;
  }

  async #write(name: string, data: Uint8Array): Promise<string | undefined> {
    if (!(await this.#isFree(name))) return this.#shown(name);
    const file = path.join(this.folder, name);
    const part = path.join(this.folder, `.${randomUUID()}.tmp`);
    try {
      await writeFile(part, data, { flag: 'wx' });
      await rename(part, file);
    } catch (cause) {
      await unlink(part).catch(() => {});
      throw outputError(file, 'write', cause);
    }
    this.#written.add(name);
    return undefined;
  }

  /** As the user would name it. */
  #shown(name: string): string {
    return showPath(this.only === undefined ? path.join(this.name, name) : this.name);
  }

  /** Whether `name` may be written; throws where one that exists is refused. What was written here may be again. */
  async #isFree(name: string): Promise<boolean> {
    const { existing } = this;
    if (existing === 'replaced' || this.#written.has(name)) return true;
    if (!(await exists(path.join(this.folder, name)))) return true;
    if (existing === 'left') return false;
    const file = this.#shown(name);
    throw makeError('ERR_OUTPUT', `${file} exists, expected ${existing.expected}`, {
      name: file,
      found: 'a file',
      ...existing,
    });
  }
}

/** `drawn/`: a folder, whatever else the name looks like. */
export function isNamedFolder(name: string): boolean {
  return /[/\\]$/.test(name);
}

/** What the file of a picture is named after: `scan.tif`, `scan-page2.tif`. */
function namesake({ image, page }: Named): string {
  const named = image === STDIN ? 'stdin' : image;
  if (page === undefined) return named;
  const { dir, name, ext } = path.parse(named);
  return path.join(dir, `${name}-page${page}${ext}`);
}

/** Of these folders, the innermost first, those that hold nothing. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of [...folders].reverse()) await rmdir(folder).catch(() => {});
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
