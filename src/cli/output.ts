/**
 * Where the command line writes: stdout carries data and nothing else, stderr what people read. What is written is
 * decided by the commands.
 */
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { WriteStream } from 'node:tty';
import { SingleBar } from 'cli-progress';
import { PaliGemmaError, PaliGemmaLoadError } from '../errors.js';
import { oneLine, showThrown } from '../options/show.js';
import { jsonText } from '../wire/json.js';

/** The part of process.stdout and process.stderr that is used. */
export interface Sink extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** How far some work has come; `done` takes the bar away. */
export interface Progress {
  update(loaded: number, total: number): void;
  done(): void;
}

/** How many of several things are done. */
export interface Tally {
  readonly done: number;
  /** Of those that are done. */
  readonly failed: number;
  /** Of those that are done: by an earlier run, in no time. */
  readonly before: number;
  /** undefined until the total is known. */
  readonly total: number | undefined;
  /** What is known so far, in a few words. */
  readonly note?: string;
}

/** Shows how many are done; `done` takes the bar away. */
export interface Count {
  update(tally: Tally): void;
  done(): void;
}

export class Output {
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly #hasColour: boolean;
  /** Stderr is a terminal whose last line can be taken back. */
  readonly #canRedraw: boolean;
  /** Bits of colour that stdout shows: 1, 4, 8 or 24; 1 is none. */
  readonly colourDepth: number;
  #isQuiet = false;
  #stdoutClosed = false;
  #stderrClosed = false;
  readonly #noted = new Set<string>();
  /** On the last line of the terminal. */
  #counter: Counter | undefined;

  /**
   * `onClosed` is called once when stdout takes nothing more: without an error when its reader has gone, as `head`
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
    this.#hasColour = colourDepthOf(stderr, env) > 1;
    this.#canRedraw = stderr.isTTY === true && env.TERM !== 'dumb';
    this.colourDepth = colourDepthOf(stdout, env);
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#stdoutClosed) return;
      this.#stdoutClosed = true;
      if (error.code === 'EPIPE') onClosed();
      else onClosed(error);
    });
    // There is no reader left.
    stderr.on('error', () => {
      this.#stderrClosed = true;
    });
  }

  /** From now on notes and progress are left out; errors are not. */
  quieten(): void {
    this.#isQuiet = true;
  }

  /** A person reads stdout. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Stdout takes nothing more. */
  get isClosed(): boolean {
    return this.#stdoutClosed;
  }

  /** Writes to stdout as it is and waits while the reader is slow. */
  async data(text: string): Promise<void> {
    // Model text may hold escape sequences; a terminal must not obey them, a file or pipe gets them as they are.
    await this.styled(this.#stdout.isTTY ? withoutControls(text) : text);
  }

  /** As `data`, but with escape sequences of our own: what else is in it has been through withoutControls. */
  async styled(text: string): Promise<void> {
    if (this.#stdoutClosed || text === '') return;
    if (this.#stdout.isTTY) this.#counter?.makeRoom();
    if (this.#stdout.write(text)) return;
    const settled = new AbortController();
    await Promise.race([
      once(this.#stdout, 'drain', { signal: settled.signal }),
      once(this.#stdout, 'close', { signal: settled.signal }),
    ]).catch(() => {});
    settled.abort();
  }

  /** Writes one line of JSON to stdout. */
  json(value: unknown, indent?: number): Promise<void> {
    return this.data(`${jsonText(value, indent)}\n`);
  }

  /** Says something on stderr, unless it is to be quiet. */
  note(text: string): void {
    if (!this.#isQuiet) this.#say(text);
  }

  /** As `note`, but never the same text twice: a run over many pictures has one prompt. */
  noteOnce(text: string): void {
    if (this.#noted.has(text)) return;
    this.#noted.add(text);
    this.note(text);
  }

  /** Reports a failure on one line of stderr: `error: ERR_MODEL_FORMAT: …`. `subject` takes the place of "error". */
  error(error: unknown, subject?: string): void {
    // An argument may be a whole picture in base64.
    const lead = subject === undefined ? this.#red('error') : cut(oneLine(subject)) || '""';
    // Most messages about a picture begin with its name, which the lead has.
    const text = describe(error);
    const named = subject === undefined ? '' : `: ${oneLine(subject)} `;
    this.#say(`${lead}: ${named === '' ? text : text.replace(named, ': ')}`);
  }

  /** A bar on stderr if that is a terminal, else nothing. */
  progress(label: string): Progress {
    if (!this.#showsBars) return { update: () => {}, done: () => {} };
    let bar: SingleBar | undefined;
    return {
      update: (loaded, total) => {
        if (bar === undefined) {
          bar = new SingleBar({
            stream: this.#stderr,
            format: `${label} [{bar}] {percentage}% {eta_formatted}`,
            formatTime: estimate,
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

  /**
   * A bar on stderr with count and estimated time if that is a terminal, else nothing. Lines that are written meanwhile
   * go above it.
   */
  count(label: string): Count {
    if (!this.#showsBars) return { update: () => {}, done: () => {} };
    const counter = new Counter(label, (text) => {
      if (!this.#stderrClosed) this.#stderr.write(text);
    });
    this.#counter = counter;
    return {
      update: (tally) => counter.update(tally),
      done: () => {
        counter.makeRoom();
        if (this.#counter === counter) this.#counter = undefined;
      },
    };
  }

  get #showsBars(): boolean {
    return this.#canRedraw && !this.#isQuiet;
  }

  #say(text: string): void {
    this.#counter?.makeRoom();
    if (!this.#stderrClosed) this.#stderr.write(`${text}\n`);
  }

  #red(text: string): string {
    return this.#hasColour ? `\u001b[31m${text}\u001b[39m` : text;
  }
}

/** Bars of one thing after the other. */
export class Counts {
  #name: string | undefined;
  #count: Count | undefined;

  constructor(private readonly output: Pick<Output, 'count'>) {}

  update(name: string, tally: Tally): void {
    if (name !== this.#name) {
      this.#count?.done();
      this.#name = name;
      this.#count = this.output.count(name);
    }
    this.#count?.update(tally);
  }

  done(): void {
    this.#count?.done();
  }
}

/** Not cli-progress: its bar puts the cursor back to where it began, over the lines that were written meanwhile. */
class Counter {
  readonly #label: string;
  readonly #write: (text: string) => void;
  #beginMs: number | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(label: string, write: (text: string) => void) {
    this.#label = label;
    this.#write = write;
  }

  update(tally: Tally): void {
    const { done, before, total } = tally;
    const now = performance.now();
    this.#beginMs ??= now;
    // Faster than ten times a second is not seen.
    if (now - this.#drawnMs < 100 && done !== total) return;
    this.#drawnMs = now;
    const own = done - before;
    const leftMs =
      total === undefined || own === 0 ? undefined : ((now - this.#beginMs) / own) * (total - done);
    this.#write(`\r${countText(this.#label, tally, leftMs)}\u001b[K`);
  }

  /** Clears the line for others; the next update draws it again. */
  makeRoom(): void {
    if (this.#drawnMs === Number.NEGATIVE_INFINITY) return;
    this.#write('\r\u001b[K');
    this.#drawnMs = Number.NEGATIVE_INFINITY;
  }
}

/** `predict [=====     ] 30/60, 2 failed, 1:05 left`; without a total `predict 30 done`. */
export function countText(
  label: string,
  { done, total, failed, note }: Tally,
  leftMs: number | undefined,
): string {
  const failures = `${failed > 0 ? `, ${failed} failed` : ''}${note ? `, ${note}` : ''}`;
  if (total === undefined) return `${label} ${done} done${failures}`;
  const width = 24;
  const full = total === 0 ? width : Math.min(width, Math.floor((done / total) * width));
  const bar = '='.repeat(full).padEnd(width);
  const left = leftMs === undefined ? '' : `, ${durationText(leftMs)} left`;
  return `${label} [${bar}] ${done}/${total}${failures}${left}`;
}

/** What cli-progress knows of the time that is left: seconds, or a word where it has nothing to reckon with. */
function estimate(seconds: number | string): string {
  const known = Number(seconds);
  return Number.isFinite(known) ? durationText(known * 1000) : '';
}

/** `0:07`, `1:05:30`. */
function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** `ERR_MODEL_FORMAT: …` on one line, but for an addon that does not load: its message has a line for each file. */
function describe(error: unknown): string {
  if (error instanceof PaliGemmaError) {
    const message = error.messageFor('cli');
    const lines = error instanceof PaliGemmaLoadError ? message.split('\n') : [message];
    return `${error.code}: ${lines.map(oneLine).join('\n')}`;
  }
  return showThrown(error);
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

/** As Node judges it, by TERM and COLORTERM; FORCE_COLOR is for what is not a terminal, too. */
function colourDepthOf(sink: Sink, env: NodeJS.ProcessEnv): number {
  if (sink.isTTY !== true && env.FORCE_COLOR === undefined) return 1;
  // https://no-color.org: any value but the empty one.
  if (env.NO_COLOR || env.TERM === 'dumb' || env.FORCE_COLOR === '0') return 1;
  // Eight colours at least, also where Node does not know the terminal.
  return Math.max(4, WriteStream.prototype.getColorDepth(env));
}

/** Without what a terminal would obey. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
