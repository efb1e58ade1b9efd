/**
 * Keeps an engine in a child process running and sends it the calls, in order. When the child crashes or hangs, the calls it
 * had are rejected with ERR_ENGINE_CRASHED, and those that wait are for the next child.
 */
import { performance } from 'node:perf_hooks';
import type { EngineOptions, Health } from '../engine/engine.js';
import { fromNative, makeError, type PaliGemmaError } from '../errors.js';
import type { NativeMemory, NativeModelInfo, NativeToken } from '../native/contract.js';
import { type OnNote, warnOnce } from '../notes.js';
import type { ImageSize } from '../results/types.js';
import { EngineProcess } from './child-process.js';
import type { Answer, Call } from './protocol.js';
import { fingerprintOf, Suspects } from './suspects.js';

/** Before the next child is started: doubled with each crash, from the first again after so many good answers. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;
const GOOD_ANSWERS = 10;

/**
 * So many crashes within this time, without so many good answers, open the circuit: nothing is tried before the longest delay
 * is over.
 */
const CIRCUIT_CRASHES = 5;
const CIRCUIT_MS = 60_000;

/** Calls that a child has beyond those that decode at the same time: their pictures are decoded meanwhile. */
const AHEAD = 2;

export interface SupervisorOptions {
  readonly engine: EngineOptions;
  /** 1 or 2 children with the model in memory. */
  readonly engines: number;
  readonly hangMs: number;
  /** Called with each crash and what follows. */
  readonly onNote: OnNote;
}

/** One call while it waits or runs. */
export interface Job {
  /** Reads its pictures; called when its turn comes, again when the child crashed before it was sent. */
  readonly read: () => Promise<Call>;
  readonly onImages?: (sizes: readonly ImageSize[]) => void;
  readonly onToken?: (token: NativeToken) => void;
}

/** What came of a job. */
export interface Finished {
  readonly result: unknown;
  /** Milliseconds before it was sent: waiting for its turn, and reading its pictures. */
  readonly waitedMs: number;
  readonly readMs: number;
}

interface Entry extends Job {
  readonly id: number;
  readonly resolve: (finished: Finished) => void;
  readonly reject: (error: unknown) => void;
  readonly arrivedAt: number;
  readMs: number;
  sentAt: number;
  call: Call | undefined;
  fingerprint: string;
  isSuspect: boolean;
  /** The caller has its answer already; the child has not ended it yet. */
  isSettled: boolean;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #suspects = new Suspects(() => performance.now());
  /** The one that has the calls, and the spare. */
  #active: EngineProcess | undefined;
  #spare: EngineProcess | undefined;
  #queue: Entry[] = [];
  /** Those whose pictures are being read. */
  readonly #reading = new Set<Entry>();
  readonly #sent = new Map<number, Entry>();
  #nextId = 1;
  #slots = 1;
  #memory: NativeMemory | undefined;
  #crashes = 0;
  #lastCrash: string | undefined;
  /** Crashes since there were GOOD_ANSWERS, and answers since the last crash. */
  #crashesInRow = 0;
  #goodAnswers = 0;
  /** When the latest of them were. */
  #crashTimes: number[] = [];
  #restart: NodeJS.Timeout | undefined;
  #opensAt = 0;
  #disposed: { readonly error: Error; readonly done: Promise<void> } | undefined;
  /** Keeps the process alive while a call waits, as a pending request of the addon does. */
  #keeper: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** What the model takes in the active child, up to a second ago; undefined before it was loaded. */
  get memory(): NativeMemory | undefined {
    return this.#memory;
  }

  /** Starts the first child. Rejects with what loading fails with; then nothing runs any more. */
  load(
    signal: AbortSignal | undefined,
    onProgress: (loaded: number, total: number) => void,
  ): Promise<NativeModelInfo> {
    return new Promise<NativeModelInfo>((resolve, reject) => {
      const release = this.#keepAlive();
      const stop = (): void => {
        signal?.removeEventListener('abort', onAbort);
        release();
      };
      const onAbort = (): void => {
        stop();
        void child.kill('loading was aborted');
        reject(signal?.reason);
      };
      const child = this.#start({
        onProgress,
        onLoaded: (info) => {
          stop();
          this.#active = child;
          if (this.#options.engines > 1) this.#startSpare();
          resolve(info);
        },
        onGone: (reason, error) => {
          stop();
          reject(error ?? crashed(`the engine did not start: ${reason}`));
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  get health(): Health {
    const ready = this.#active?.state === 'ready';
    const isOpen = this.#isOpen();
    const pids = this.#children().flatMap(({ pid }) => pid ?? []);
    return {
      state: this.#disposed ? 'disposed' : ready ? 'ready' : isOpen ? 'unavailable' : 'starting',
      crashes: this.#crashes,
      ...(this.#lastCrash !== undefined && { lastCrash: this.#lastCrash }),
      ...(isOpen && { retryAfterMs: this.#opensAt - performance.now() }),
      pids,
    };
  }

  run(job: Job, signal: AbortSignal | undefined): Promise<Finished> {
    return new Promise<Finished>((resolve, reject) => {
      if (this.#disposed) return reject(this.#disposed.error);
      if (signal?.aborted) return reject(signal.reason);
      if (this.#isOpen()) return reject(this.#circuitError());
      const release = this.#keepAlive();
      const onAbort = (): void => this.#abort(entry, signal?.reason);
      const settle = (): void => {
        entry.isSettled = true;
        signal?.removeEventListener('abort', onAbort);
        release();
      };
      const entry: Entry = {
        ...job,
        id: this.#nextId++,
        arrivedAt: performance.now(),
        readMs: 0,
        sentAt: 0,
        call: undefined,
        fingerprint: '',
        isSuspect: false,
        isSettled: false,
        resolve: (finished) => {
          if (entry.isSettled) return;
          settle();
          resolve(finished);
        },
        reject: (error) => {
          if (entry.isSettled) return;
          settle();
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(entry);
      this.#fill();
    });
  }

  /** Rejects all calls with `error` and ends the children. Always the same promise. */
  dispose(error: Error): Promise<void> {
    if (this.#disposed === undefined) {
      clearTimeout(this.#restart);
      const release = this.#keepAlive();
      const done = Promise.all(
        this.#children().map((child) => child.kill('the model was disposed of')),
      );
      this.#active = undefined;
      this.#spare = undefined;
      this.#disposed = { error, done: done.then(release) };
      for (const entry of this.#all()) entry.reject(error);
      this.#queue = [];
    }
    return this.#disposed.done;
  }

  /** For the end of this process, which waits for nothing. */
  killAll(): void {
    for (const child of this.#children()) void child.kill('its parent ended');
  }

  #children(): EngineProcess[] {
    return [this.#active, this.#spare].filter((child) => child !== undefined);
  }

  #all(): Entry[] {
    return [...this.#queue, ...this.#reading, ...this.#sent.values()];
  }

  #start({
    onProgress = () => {},
    onLoaded,
    onGone,
  }: {
    readonly onProgress?: (loaded: number, total: number) => void;
    readonly onLoaded: (info: NativeModelInfo) => void;
    /** Before it was loaded. */
    readonly onGone: (reason: string, error: Error | undefined) => void;
  }): EngineProcess {
    let isLoaded = false;
    const child: EngineProcess = new EngineProcess(this.#options.engine, this.#options.hangMs, {
      onProgress,
      onLoaded: (info) => {
        isLoaded = true;
        this.#slots = info.slots;
        this.#memory = info.memory;
        onLoaded(info);
      },
      onMemory: (memory) => {
        if (child === this.#active) this.#memory = memory;
      },
      onAnswer: (answer) => this.#answer(answer),
      onGone: (reason, error) => {
        if (isLoaded) this.#lost(child, reason);
        else onGone(reason, error);
      },
    });
    return child;
  }

  #startSpare(afterCrash = false): void {
    if (this.#disposed) return;
    const spare = this.#start({
      onLoaded: () => {
        if (afterCrash) this.#tell('RESTARTED', 'an engine was started again after a crash');
        // The active one may have crashed while this one was loading.
        if (this.#active === undefined) this.#takeOver();
      },
      onGone: (reason, error) => {
        this.#spare = undefined;
        this.#count(error === undefined ? reason : `it did not start: ${error.message}`);
        this.#schedule();
      },
    });
    this.#spare = spare;
  }

  #takeOver(): void {
    this.#active = this.#spare;
    this.#spare = undefined;
    this.#fill();
    if (this.#options.engines > 1) this.#schedule();
  }

  /** A child that was loaded is gone. */
  #lost(child: EngineProcess, reason: string): void {
    if (this.#disposed) return;
    const wasActive = child === this.#active;
    if (wasActive) this.#active = undefined;
    else if (child === this.#spare) this.#spare = undefined;
    this.#count(reason);
    if (wasActive) this.#failSent(reason);
    if (this.#active === undefined && this.#spare?.state === 'ready') this.#takeOver();
    else this.#schedule();
  }

  #failSent(reason: string): void {
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    // Several that ask the same are one suspect.
    for (const fingerprint of new Set(sent.map((entry) => entry.fingerprint))) {
      this.#suspects.accuse(fingerprint);
    }
    for (const entry of sent) {
      const crashes = this.#suspects.crashesOf(entry.fingerprint);
      entry.reject(
        crashes > 1
          ? crashed(`the engine crashed during this call for the second time: ${reason}`, {
              retryable: false,
              hint: 'the same call will be refused for ten minutes',
            })
          : crashed(`the engine crashed while it had this call: ${reason}`),
      );
    }
  }

  #count(reason: string): void {
    const now = performance.now();
    this.#crashes++;
    this.#crashesInRow++;
    this.#goodAnswers = 0;
    this.#lastCrash = reason;
    this.#tell('CRASHED', `an engine crashed: ${reason}`);
    this.#crashTimes = [...this.#crashTimes.filter((at) => now - at < CIRCUIT_MS), now];
    if (this.#crashTimes.length < CIRCUIT_CRASHES) return;
    this.#opensAt = now + LONGEST_DELAY_MS;
    if (this.#active !== undefined || this.#spare?.state === 'ready') return;
    const error = this.#circuitError();
    this.#tell('STOPPED', error.message);
    for (const entry of [...this.#queue, ...this.#reading]) entry.reject(error);
    this.#queue = [];
  }

  /** A note that throws belongs to no call that could fail with it. */
  #tell(code: 'CRASHED' | 'RESTARTED' | 'STOPPED', message: string): void {
    const note = { code: `PALIGEMMA_ENGINE_${code}`, message } as const;
    try {
      this.#options.onNote(note);
    } catch {
      warnOnce(note);
    }
  }

  /** Starts what is missing when its time has come. */
  #schedule(): void {
    if (this.#disposed || this.#restart !== undefined || this.#spare !== undefined) return;
    if (this.#active !== undefined && this.#options.engines < 2) return;
    const now = performance.now();
    const backOff = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#crashesInRow - 1));
    const delay = Math.max(this.#crashesInRow === 0 ? 0 : backOff, this.#opensAt - now);
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#startSpare(true);
    }, delay);
    this.#restart.unref();
  }

  /** Whether nothing is tried for now: no child has the model, and none will before `opensAt`. */
  #isOpen(): boolean {
    return (
      this.#active === undefined && this.#spare === undefined && performance.now() < this.#opensAt
    );
  }

  #circuitError(): PaliGemmaError {
    const seconds = Math.max(1, Math.ceil((this.#opensAt - performance.now()) / 1000));
    return crashed(
      `the engine crashed ${this.#crashTimes.length} times within a minute, the last time because ${this.#lastCrash}`,
      { hint: `it is started again in ${seconds} s` },
    );
  }

  /** Sends the active child as many calls as it can have. */
  #fill(): void {
    const child = this.#active;
    if (child === undefined) return;
    while (this.#queue.length > 0 && this.#sent.size + this.#reading.size < this.#slots + AHEAD) {
      const entry = this.#queue.shift() as Entry;
      this.#reading.add(entry);
      void this.#read(entry);
    }
    this.#sendReady(child);
  }

  async #read(entry: Entry): Promise<void> {
    const begin = performance.now();
    try {
      entry.call ??= await entry.read();
      entry.readMs += performance.now() - begin;
      entry.fingerprint ||= fingerprintOf(entry.call);
    } catch (error) {
      this.#reading.delete(entry);
      entry.reject(error);
    }
    this.#fill();
  }

  /** In order of arrival; one that may crash the child goes alone. */
  #sendReady(child: EngineProcess): void {
    for (const entry of this.#reading) {
      if (entry.isSettled) {
        this.#reading.delete(entry);
        continue;
      }
      // A later one that is read already does not overtake: the place in the queue is that of the call.
      if (entry.call === undefined) return;
      const crashes = this.#suspects.crashesOf(entry.fingerprint);
      if (crashes > 1) {
        this.#reading.delete(entry);
        entry.reject(
          crashed('the engine crashed twice during the same call, which is refused now', {
            retryable: false,
            hint: 'change the picture or the prompt; it is tried again after ten minutes',
          }),
        );
        continue;
      }
      const isAloneNeeded = crashes > 0;
      const suspectRuns = [...this.#sent.values()].some((other) => other.isSuspect);
      if (suspectRuns || (isAloneNeeded && this.#sent.size > 0)) return;
      this.#reading.delete(entry);
      entry.isSuspect = isAloneNeeded;
      entry.sentAt = performance.now();
      this.#sent.set(entry.id, entry);
      child.call(entry.id, entry.call);
      // It is not sent a second time, and its pictures are large.
      entry.call = undefined;
    }
  }

  #answer({ id, images, tokens = [], end }: Answer): void {
    const entry = this.#sent.get(id);
    if (entry === undefined) return;
    // An aborted call proves nothing.
    if (end && !entry.isSettled) this.#suspects.acquit(entry.fingerprint);
    try {
      if (images && !entry.isSettled) entry.onImages?.(images);
      for (const token of tokens) if (!entry.isSettled) entry.onToken?.(token);
    } catch (error) {
      // A callback of the user threw: that is the outcome of its call.
      entry.reject(error);
      if (!end) this.#active?.cancel(id);
    }
    if (!end) return;
    this.#sent.delete(id);
    if ('error' in end) {
      entry.reject(fromNative(end.error));
    } else {
      entry.resolve({
        result: end.result,
        waitedMs: entry.sentAt - entry.arrivedAt - entry.readMs,
        readMs: entry.readMs,
      });
      if (++this.#goodAnswers >= GOOD_ANSWERS) {
        this.#crashesInRow = 0;
        this.#crashTimes = [];
      }
    }
    this.#fill();
  }

  #abort(entry: Entry, reason: unknown): void {
    entry.reject(reason);
    const place = this.#queue.indexOf(entry);
    if (place >= 0) this.#queue.splice(place, 1);
    else if (this.#sent.has(entry.id)) this.#active?.cancel(entry.id);
    else this.#fill();
  }

  #waiting = 0;

  /** The process does not end while a call waits. Returns what ends that. */
  #keepAlive(): () => void {
    if (this.#waiting++ === 0) this.#keeper = setInterval(() => {}, 2 ** 30);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#waiting === 0) clearInterval(this.#keeper);
    };
  }
}

function crashed(
  message: string,
  facts: { readonly retryable?: boolean; readonly hint?: string } = {},
): PaliGemmaError {
  return makeError('ERR_ENGINE_CRASHED', message, { name: 'engine', ...facts });
}
