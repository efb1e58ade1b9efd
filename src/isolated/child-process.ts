/** One child process with an engine, seen from its parent: started, watched, ended. When to start another is the supervisor's. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { EngineOptions } from '../engine/engine.js';
import { fromNative } from '../errors.js';
import type { NativeMemory, NativeModelInfo } from '../native/contract.js';
import { showThrown } from '../options/show.js';
import { type Answer, BEAT_MS, type Call, type FromChild, type ToChild } from './protocol.js';

/** Beside this file, as tools that copy what a program needs can see. */
const PROGRAM = join(__dirname, 'child.js');

/** The end of what the child wrote to standard error: the last words of a native library. */
const STDERR_KEPT = 64 * 1024;

/** After a kill. What hangs in the kernel, such as in a driver, does not end even then; it is given up. */
const END_MS = 2000;

/** Loading and decoding pictures report rarely: they may be silent this many times longer than a computation. */
const RARE = 3;

/** What a child may know of its parent's environment: where things are, and how libraries are to behave. No secrets. */
const ENVIRONMENT =
  /^(PATH|HOME|USER|TMPDIR|TEMP|TMP|LANG|LANGUAGE|LC_\w+|TZ|SYSTEMROOT|WINDIR|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_\w+|UV_THREADPOOL_SIZE|(CUDA|NVIDIA|GGML|OMP|MALLOC|VIPS|ASAN|LSAN|TSAN|UBSAN)_\w+)$/i;

export interface ChildEvents {
  readonly onProgress: (loaded: number, total: number) => void;
  readonly onLoaded: (info: NativeModelInfo) => void;
  readonly onMemory: (memory: NativeMemory) => void;
  readonly onAnswer: (answer: Answer) => void;
  /** The last event. `error`: what loading failed with. */
  readonly onGone: (reason: string, error: Error | undefined) => void;
}

export class EngineProcess {
  /** Undefined when it could not be started at all. */
  readonly #child: ChildProcess | undefined;
  readonly #events: ChildEvents;
  readonly #hangMs: number;
  readonly #watch: NodeJS.Timeout;
  #state: 'loading' | 'ready' | 'gone' = 'loading';
  /** Why it was killed, when it was. */
  #verdict: string | undefined;
  #loadError: Error | undefined;
  #stderr = '';
  #calls = 0;
  /** When it was last heard of, and when it last got on with its work. */
  #heardAt = performance.now();
  #movedAt = this.#heardAt;
  #pulse = { busy: false, steps: -1 };
  #checkedAt = this.#heardAt;
  readonly #exited: Promise<void>;
  #end: (ending: string) => void = () => {};

  constructor(options: EngineOptions, hangMs: number, events: ChildEvents) {
    this.#events = events;
    this.#hangMs = hangMs;
    this.#exited = new Promise((resolve) => {
      this.#end = (ending) => {
        resolve();
        this.#gone(ending);
      };
    });
    this.#watch = setInterval(() => this.#check(), BEAT_MS);
    // Whether the process goes on is decided by calls that wait, not by an idle child.
    this.#watch.unref();
    this.#child = this.#fork();
    this.#send({ kind: 'load', options });
  }

  #fork(): ChildProcess | undefined {
    const failed = (error: unknown): void =>
      this.#end(`it cannot be started: ${showThrown(error)}`);
    try {
      const child = fork(PROGRAM, [], {
        // Not those of the parent, such as --inspect with its port.
        execArgv: [],
        env: environment(),
        serialization: 'advanced',
        // Nothing that a library prints may reach the parent's output.
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      child.once('error', failed);
      child.once('close', (code, signal) => this.#end(ending(code, signal)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
      });
      child.on('message', (message) => this.#receive(message as FromChild));
      child.unref();
      child.channel?.unref();
      (child.stderr as unknown as { unref(): void } | null)?.unref();
      return child;
    } catch (error) {
      // Some failures of the system are events, others exceptions. All are heard of after the constructor.
      setImmediate(failed, error);
      return undefined;
    }
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): 'loading' | 'ready' | 'gone' {
    return this.#state;
  }

  /** Calls that it has not answered. */
  get calls(): number {
    return this.#calls;
  }

  call(id: number, call: Call): void {
    if (this.#calls++ === 0) this.#movedAt = performance.now();
    this.#send({ kind: 'call', id, call });
  }

  /** The call still ends with an answer. */
  cancel(id: number): void {
    this.#send({ kind: 'cancel', id });
  }

  /** Ends it at once, whatever it does. Resolves when it is gone. */
  kill(reason: string): Promise<void> {
    this.#verdict ??= reason;
    this.#child?.kill('SIGKILL');
    setTimeout(() => this.#end('it does not end'), END_MS).unref();
    return this.#exited;
  }

  #send(message: ToChild): void {
    // A failure here means that the child is about to be gone.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromChild): void {
    if (this.#state === 'gone') return;
    this.#heardAt = performance.now();
    if (message.kind !== 'beat') this.#movedAt = this.#heardAt;
    switch (message.kind) {
      case 'beat':
        if (message.pulse.steps !== this.#pulse.steps) this.#movedAt = this.#heardAt;
        this.#pulse = message.pulse;
        if (message.memory) this.#events.onMemory(message.memory);
        break;
      case 'progress':
        this.#events.onProgress(message.loaded, message.total);
        break;
      case 'loaded':
        this.#state = 'ready';
        this.#events.onLoaded(message.info);
        break;
      case 'load-failed':
        this.#loadError = fromNative(message.error);
        void this.kill('the model could not be loaded');
        break;
      case 'warning':
        process.emitWarning(message.message, {
          type: 'PaliGemmaWarning',
          ...(message.code !== undefined && { code: message.code }),
        });
        break;
      case 'answers':
        for (const answer of message.answers) {
          if (answer.end) this.#calls--;
          this.#events.onAnswer(answer);
        }
        break;
    }
  }

  /** The event loop and the pump hang in different ways: the one is silent, the other reports that it does not get on. */
  #check(): void {
    const now = performance.now();
    // This process was stopped, suspended or busy itself: what the child has sent meanwhile is not read yet.
    if (now - this.#checkedAt > 3 * BEAT_MS) {
      this.#heardAt = now;
      this.#movedAt = now;
    }
    this.#checkedAt = now;
    const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
    const silent = now - this.#heardAt;
    if (silent > this.#hangMs) {
      void this.kill(`its event loop gave no sign of life for ${seconds(silent)}`);
      return;
    }
    if (this.#calls === 0 && this.#state !== 'loading') return;
    const still = now - this.#movedAt;
    if (still > this.#hangMs * (this.#pulse.busy ? 1 : RARE)) {
      void this.kill(`it made no progress for ${seconds(still)}`);
    }
  }

  #gone(ending: string): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    clearInterval(this.#watch);
    const words = this.#stderr.trim();
    const reason = this.#verdict ?? (words === '' ? ending : `${ending}: ${lastLine(words)}`);
    this.#events.onGone(reason, this.#loadError);
  }
}

function environment(): NodeJS.ProcessEnv {
  const allowed = Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name));
  // In Electron `execPath` is the application.
  const electron = process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' };
  return { ...Object.fromEntries(allowed), ...electron };
}

function ending(code: number | null, signal: string | null): string {
  return signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
}

function lastLine(text: string): string {
  return (text.split('\n').at(-1) ?? '').slice(0, 300);
}
