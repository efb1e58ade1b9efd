/** Programs of others, started and stopped so that none can hang a run or outlive it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { makeError, type PaliGemmaError } from '../../errors.js';
import { oneLine, showThrown } from '../../options/show.js';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The program is a line for the shell. */
  readonly isShell?: boolean;
}

/** The last of what a program complains of. */
const STDERR_BYTES = 2000;
const LONGEST_TEXT = 1 << 20;

/** A child whose stdin, stdout and stderr are ours, the leader of a group: what it starts ends with it. */
export function startChild({ program, args, env, isShell = false }: Command): Child {
  return new Child(
    spawn(program, args, {
      env: { ...process.env, ...env },
      shell: isShell,
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    }),
    program,
  );
}

export class Child {
  /** Settles when it has ended and its pipes are closed, with how. */
  readonly ended: Promise<string>;
  #complaints = '';
  #hasEnded = false;

  constructor(
    readonly process: ChildProcess,
    private readonly program: string,
  ) {
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-STDERR_BYTES);
    });
    // A program that has ended does not read any more; how it ended says more.
    process.stdin?.on('error', () => {});
    this.ended = new Promise((resolve) => {
      let failure: string | undefined;
      const end = (how: string): void => {
        this.#hasEnded = true;
        resolve(how);
      };
      process.once('error', (error) => {
        failure = `cannot be started: ${showThrown(error)}`;
        // Without a process there is no close.
        if (process.pid === undefined) end(failure);
      });
      process.once('close', (code, signal) =>
        end(failure ?? (signal ? `was ended by ${signal}` : `ended with exit code ${code}`)),
      );
    });
  }

  /** The end of what it printed on standard error. */
  get complaints(): string {
    return this.#complaints;
  }

  /** `tesseract ended with exit code 1: no such language`. */
  failure(what: string): PaliGemmaError {
    const last = this.#complaints.trim().split('\n').at(-1) ?? '';
    const words = last === '' ? what : `${what}: ${oneLine(last).slice(0, 200)}`;
    return makeError('ERR_SYSTEM', `${oneLine(this.program)} ${words}`, {
      ...{ name: oneLine(this.program), found: words, expected: 'an answer' },
    });
  }

  /** At once, with all that it has started. */
  kill(): void {
    const { pid } = this.process;
    if (pid === undefined || this.#hasEnded) return;
    try {
      if (process.platform === 'win32') this.process.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

/** A program from its start to its end: what it prints, and how it ended. Rejects as `within` does. */
export async function runProgram(
  command: Command,
  { input, ...limits }: Omit<Limits, 'stop' | 'name'> & { readonly input?: Buffer | undefined },
): Promise<{ readonly child: Child; readonly how: string; readonly stdout: string }> {
  const child = startChild(command);
  const parts: Buffer[] = [];
  let length = 0;
  child.process.stdout?.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    length += chunk.length;
    // One that prints without end must not fill the memory.
    if (length > LONGEST_TEXT) child.kill();
  });
  child.process.stdin?.end(input);
  const stop = (): void => child.kill();
  const how = await within(child.ended, { ...limits, name: command.program, stop });
  return { child, how, stdout: Buffer.concat(parts).toString('utf8') };
}

/** Rejects with ERR_TIMEOUT after `ms`, and with the reason of the signal; calls `stop` before it does. */
export async function within<T>(
  work: Promise<T>,
  { ms, signal, name, stop, hint = 'allow more with timeout' }: Limits,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const limit = new Promise<never>((_, reject) => {
    const end = (error: unknown): void => {
      stop();
      reject(error);
    };
    timer = setTimeout(() => end(late(name, ms, hint)), ms);
    abort = () => end(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

interface Limits {
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly name: string;
  readonly stop: () => void;
  /** What to do where it is late. */
  readonly hint?: string;
}

function late(name: string, ms: number, hint: string): PaliGemmaError {
  const [found, expected] = ['no answer', `one within ${ms / 1000} s`];
  return makeError('ERR_TIMEOUT', `${name} has no answer after ${ms / 1000} s`, {
    ...{ name, found, expected, hint },
  });
}
