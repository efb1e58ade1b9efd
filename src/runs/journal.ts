/**
 * The file of a run that can be continued: one line of JSON for each piece of work, and what a killed run left in it. Each
 * line repeats the run that made it (model, settings), so that lines of different runs never get mixed and a file
 * explains itself. What a row holds otherwise is not known here, but for its key and `error`.
 *
 * Lines are appended whole, one write each. A kill can cut the last one only; resuming removes it and its work is done
 * again. Lines of failures stay until their work has a new line and are then taken out at the end.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeError, type PaliGemmaError } from '../errors.js';
import { oneLine, showValue } from '../options/show.js';
import { outputError } from '../output-error.js';
import { jsonText } from '../wire/json.js';
import { linesOf } from './lines.js';

/** What rows are made with. All but `model`, the file's name, must be the same to continue a file. */
export interface Run {
  readonly model: string;
  readonly fingerprint: string;
  /** Prompt and options that differ from their defaults, as JSON holds them. */
  readonly [setting: string]: unknown;
}

/** What came of one piece of work, as JSON holds it; with `error` when it failed. */
export interface Row {
  readonly error?: unknown;
}

export interface JournalOptions<R extends Row> {
  /** Continue a file that has rows. Otherwise it must be new or empty. */
  readonly resume: boolean;
  /** Replace a file that has rows. */
  readonly overwrite?: boolean;
  /** The field that every row begins with, a string: tells what a kill left of a row from what others wrote. */
  readonly firstField: keyof R & string;
  /** Rows with the same key are about the same work. */
  readonly keyOf: (row: R) => string;
  /** What the user of the program calls the file and the continuing, for errors: `--output`, `--resume`. */
  readonly words: {
    readonly output: string;
    readonly resume: string;
    /** Left out where a file is never replaced. */
    readonly overwrite?: string;
    /** How the user calls a setting. */
    readonly setting: (name: string) => string;
  };
}

/** With a kill of the process nothing is lost; with the power, what was written since. */
const SYNC_EVERY_MS = 1000;

export class Journal<R extends Row> {
  /** Keys of the work that had a result when the file was opened. */
  readonly #done = new Set<string>();
  /** Lines of failures by key. */
  readonly #failures = new Map<string, number[]>();
  /** Lines of failures whose work has a later line. */
  readonly #outdated = new Set<number>();
  readonly #run: Run;
  #lines = 0;
  #bytes = 0;
  #syncedMs = 0;
  #isBroken = false;

  private constructor(
    /** As it was named. */
    readonly name: string,
    private readonly file: string,
    private readonly handle: FileHandle,
    run: Run,
    private readonly options: JournalOptions<R>,
  ) {
    this.#run = run;
  }

  /**
   * Opens or creates `file`. With `resume`, what is there must be rows of this very run: ERR_OUTPUT says what differs, and
   * nothing is changed. A torn last line is cut off.
   */
  static async open<R extends Row>(
    file: string,
    run: Run,
    options: JournalOptions<R>,
  ): Promise<Journal<R>> {
    const real = await targetOf(file);
    let handle: FileHandle;
    try {
      handle = await open(real, 'a+');
    } catch (cause) {
      throw outputError(file, 'open', cause);
    }
    try {
      const journal = new Journal(file, real, handle, JSON.parse(jsonText(run)) as Run, options);
      const { size } = await handle.stat();
      if (options.overwrite) await handle.truncate(0);
      else if (size > 0 && !options.resume) throw exists(file, options.words);
      await journal.#read();
      return journal;
    } catch (error) {
      await handle.close();
      throw outputError(file, 'read', error);
    }
  }

  /**
   * Whether the work of this key had a result when the file was opened; a failure is none. Says so once: a caller that
   * comes with the same work again, as one that watches a folder does with a picture that has changed, wants it done again.
   */
  skip(key: string): boolean {
    return this.#done.delete(key);
  }

  /** Writes one row. Not to be called before the last call has ended. */
  async add(row: R): Promise<void> {
    const bytes = Buffer.from(`${jsonText({ ...row, run: this.#run })}\n`);
    try {
      await this.#checkUnchanged();
      await this.handle.appendFile(bytes);
      this.#bytes += bytes.length;
      if (performance.now() - this.#syncedMs > SYNC_EVERY_MS) {
        await this.handle.datasync();
        this.#syncedMs = performance.now();
      }
    } catch (cause) {
      this.#isBroken = true;
      throw outputError(this.name, 'write', cause);
    }
    this.#note(row);
  }

  /** Takes out failures that were tried again, and puts everything on disk. */
  async close(): Promise<void> {
    try {
      await this.handle.datasync();
      // After a write that failed the next run finds out what there is.
      if (this.#outdated.size > 0 && !this.#isBroken) await this.#compact();
    } catch (cause) {
      throw outputError(this.name, 'finish', cause);
    } finally {
      await this.handle.close();
    }
  }

  async #read(): Promise<void> {
    for await (const { bytes, ended } of linesOf(createReadStream(this.file))) {
      if (!ended) {
        if (!this.#isTorn(bytes)) throw this.#foreign();
        await this.handle.truncate(this.#bytes);
        break;
      }
      const row = this.#check(bytes);
      const key = this.#note(row);
      if (row.error === undefined) this.#done.add(key);
      else this.#done.delete(key);
      this.#bytes += bytes.length + 1;
    }
  }

  /** The row, if it is one of this run. */
  #check(bytes: Buffer): R {
    if (!isUtf8(bytes)) throw this.#foreign();
    let line: unknown;
    try {
      line = JSON.parse(bytes.toString('utf8'));
    } catch {
      throw this.#foreign();
    }
    const { run, ...row } = (line ?? {}) as Record<string, unknown>;
    if (typeof row[this.options.firstField] !== 'string' || typeof run !== 'object' || !run) {
      throw this.#foreign();
    }
    const differences = differencesOf(run as Run, this.#run, this.options.words.setting);
    if (differences.length > 0) {
      throw otherRun(this.name, this.#lines + 1, differences, this.options.words.output);
    }
    return row as unknown as R; // written by add(), as its run says
  }

  /** Counts a line. Returns its key. */
  #note(row: R): string {
    const key = this.options.keyOf(row);
    for (const number of this.#failures.get(key) ?? []) this.#outdated.add(number);
    this.#failures.delete(key);
    if (row.error !== undefined) this.#failures.set(key, [this.#lines]);
    this.#lines++;
    return key;
  }

  /** What a write that was cut leaves: the beginning of a row. After a power cut, zeros in its place. */
  #isTorn(bytes: Buffer): boolean {
    const beginning = `{"${this.options.firstField}":`;
    const text = bytes.toString('utf8').replace(/\0+$/, '');
    return text.startsWith(beginning) || beginning.startsWith(text);
  }

  /** The line after those that were read is none of ours. */
  #foreign(): PaliGemmaError {
    const { words, firstField } = this.options;
    return makeError(
      'ERR_OUTPUT',
      `line ${this.#lines + 1} of ${oneLine(this.name)} was not written by ${words.output}, so it cannot be continued`,
      {
        name: this.name,
        found: 'something else',
        expected: `lines of results, each with ${firstField} and run`,
      },
    );
  }

  /** Replaces the file by one without the outdated lines, in one step. */
  async #compact(): Promise<void> {
    await this.#checkUnchanged();
    const { mode } = await this.handle.stat();
    const part = path.join(
      path.dirname(this.file),
      `.${path.basename(this.file)}.${process.pid}.tmp`,
    );
    try {
      await pipeline(
        Readable.from(this.#current()),
        createWriteStream(part, { mode, flush: true }),
      );
      // Windows does not replace a file that is open.
      await this.handle.close();
      await rename(part, this.file);
    } catch (error) {
      await unlink(part).catch(() => {});
      throw error;
    }
  }

  /** The name must still lead to this very file: another run may have put one without its failures in its place. */
  async #checkUnchanged(): Promise<void> {
    const [mine, named] = await Promise.all([
      this.handle.stat({ bigint: true }),
      stat(this.file, { bigint: true }).catch(() => undefined),
    ]);
    const isSame = named?.ino === mine.ino && named.dev === mine.dev;
    if (isSame && mine.size === BigInt(this.#bytes)) return;
    throw makeError(
      'ERR_OUTPUT',
      `${oneLine(this.name)} was changed by another program meanwhile`,
      {
        name: this.name,
        found: isSame ? `${mine.size} bytes` : 'another file, or none',
        expected: `the file with ${this.#bytes} bytes`,
        hint: `run it again with ${this.options.words.resume} when no other program writes it`,
      },
    );
  }

  async *#current(): AsyncGenerator<Buffer, void> {
    let number = 0;
    for await (const { bytes } of linesOf(createReadStream(this.file))) {
      if (!this.#outdated.has(number++)) yield Buffer.concat([bytes, Buffer.from('\n')]);
    }
  }
}

/** The file that links lead to. Devices, pipes and folders are refused before they are opened. */
async function targetOf(file: string): Promise<string> {
  const real = await realpath(file).catch(() => undefined);
  if (real === undefined) {
    // A link to nothing would be filled where it points, but is replaced when lines are taken out.
    const link = await lstat(file).catch(() => undefined);
    if (link === undefined) return path.resolve(file);
    throw makeError('ERR_OUTPUT', `${oneLine(file)} is a link to nothing`, {
      name: file,
      found: 'a link to nothing',
      expected: 'the name of a file',
    });
  }
  const target = await stat(real);
  if (target.isFile()) return real;
  const found = target.isDirectory() ? 'a folder' : 'a device or pipe';
  throw makeError('ERR_OUTPUT', `${oneLine(file)} is ${found}, expected a file name`, {
    name: file,
    found,
    expected: 'the name of a file',
  });
}

function differencesOf(found: Run, wanted: Run, nameOf: (name: string) => string): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  // `model` is a name; whether it is the same model is known from the fingerprint.
  names.delete('model');
  return [...names]
    .filter((name) => canonical(found[name]) !== canonical(wanted[name]))
    .map((name) =>
      name === 'fingerprint'
        ? `model ${showValue(found.model)}, this run another file`
        : `${nameOf(name)} ${settingText(found[name])}, this run ${settingText(wanted[name])}`,
    );
}

function settingText(value: unknown): string {
  if (value === undefined) return '(default)';
  return typeof value === 'string' ? showValue(value) : oneLine(JSON.stringify(value));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function exists(file: string, { resume, overwrite }: JournalOptions<Row>['words']): PaliGemmaError {
  const replace = overwrite === undefined ? '' : `, replace it with ${overwrite}`;
  return makeError('ERR_OUTPUT', `${oneLine(file)} exists`, {
    name: file,
    found: 'a file that is not empty',
    expected: 'no file',
    hint: `continue it with ${resume}${replace}, remove it or choose another name`,
  });
}

function otherRun(
  file: string,
  number: number,
  differences: readonly string[],
  output: string,
): PaliGemmaError {
  const found = differences.join('; ');
  return makeError(
    'ERR_OUTPUT',
    `${oneLine(file)} was made with other settings, line ${number}: ${found}`,
    {
      name: file,
      found,
      expected: 'the settings of this run',
      hint: `repeat them, or choose another ${output}`,
    },
  );
}
