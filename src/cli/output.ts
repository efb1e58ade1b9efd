/**
 * Where the command line writes: stdout carries data and nothing else, stderr what is said to people. What is written is
 * decided by the commands.
 */
import { once } from 'node:events';
import { SingleBar } from 'cli-progress';
import { PaliGemmaError } from '../errors.js';
import { oneLine, showThrown } from '../options/show.js';

/** The part of process.stdout and process.stderr that is used. */
export interface Sink extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** How far some work has come; `done` takes the bar away. */
export interface Progress {
  update(loaded: number, total: number): void;
  done(): void;
}

export class Output {
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly #hasColour: boolean;
  #stdoutClosed = false;
  #stderrClosed = false;

  /**
   * `onClosed` is called once when stdout takes nothing more: without an error when whoever reads it has gone, as `head`
   * does.
   */
  constructor(
    stdout: Sink,
    stderr: Sink,
    env: NodeJS.ProcessEnv,
    onClosed: (error?: Error) => void,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    // https://no-color.org: any value but the empty one.
    this.#hasColour = stderr.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#stdoutClosed) return;
      this.#stdoutClosed = true;
      if (error.code === 'EPIPE') onClosed();
      else onClosed(error);
    });
    // Nobody is left to be told.
    stderr.on('error', () => {
      this.#stderrClosed = true;
    });
  }

  /** Stdout takes nothing more. */
  get isClosed(): boolean {
    return this.#stdoutClosed;
  }

  /** Writes to stdout as it is and waits while the reader is slow. */
  async data(text: string): Promise<void> {
    if (this.#stdoutClosed || text === '') return;
    // Model text may hold escape sequences; a terminal must not obey them, a file or pipe gets them as they are.
    const safe = this.#stdout.isTTY ? withoutControls(text) : text;
    if (this.#stdout.write(safe)) return;
    const settled = new AbortController();
    await Promise.race([
      once(this.#stdout, 'drain', { signal: settled.signal }),
      once(this.#stdout, 'close', { signal: settled.signal }),
    ]).catch(() => {});
    settled.abort();
  }

  /** Writes one line of JSON to stdout. */
  json(value: unknown, indent?: number): Promise<void> {
    return this.data(`${JSON.stringify(value, jsonSafe, indent)}\n`);
  }

  /** Says something on stderr. */
  note(text: string): void {
    this.#say(text);
  }

  /** Reports a failure on one line of stderr: `error: ERR_MODEL_FORMAT: …`. `subject` takes the place of "error". */
  error(error: unknown, subject?: string): void {
    const lead = subject === undefined ? this.#red('error') : oneLine(subject);
    this.#say(`${lead}: ${describe(error)}`);
  }

  /** A bar on stderr if that is a terminal, else nothing. */
  progress(label: string): Progress {
    if (this.#stderr.isTTY !== true) return { update: () => {}, done: () => {} };
    let bar: SingleBar | undefined;
    return {
      update: (loaded, total) => {
        if (bar === undefined) {
          bar = new SingleBar({
            stream: this.#stderr,
            format: `${label} [{bar}] {percentage}% {eta_formatted}`,
            barCompleteChar: '=',
            barIncompleteChar: ' ',
            clearOnComplete: true,
            // An interrupted run would leave the terminal without one.
            hideCursor: false,
            fps: 10,
          });
          bar.start(total, loaded);
        } else {
          bar.setTotal(total);
          bar.update(loaded);
        }
      },
      done: () => bar?.stop(),
    };
  }

  #say(text: string): void {
    if (!this.#stderrClosed) this.#stderr.write(`${text}\n`);
  }

  #red(text: string): string {
    return this.#hasColour ? `\u001b[31m${text}\u001b[39m` : text;
  }
}

/** `ERR_MODEL_FORMAT: …` on one line. */
function describe(error: unknown): string {
  if (error instanceof PaliGemmaError) return `${error.code}: ${oneLine(error.message)}`;
  return showThrown(error);
}

/** What a failed input looks like in JSON. */
export function errorJson(error: unknown): { code: string; message: string } {
  if (error instanceof PaliGemmaError) return { code: error.code, message: error.message };
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return { code: typeof code === 'string' ? code : 'ERR_UNKNOWN', message: showThrown(error) };
}

/** Rows as columns of equal width, two spaces apart; columns whose index is in `right` are aligned right. */
export function columns(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      );
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

/** `13.2 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** GGUF metadata hold 64-bit numbers and non-finite floats, which JSON has no numbers for. */
function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
