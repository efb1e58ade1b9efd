/**
 * The models by their aliases: loaded at the start or when first asked for, used by many requests at once, freed after an
 * idle time or to make room. Clients name an alias and never a file.
 */
import { stat } from 'node:fs/promises';
import { makeError, PaliGemmaError } from '../errors.js';
import { type Health, inspect, type ModelInfo, PaliGemma } from '../index.js';
import { withoutWarnings } from '../model.js';
import type { ParsedServedModel } from '../options/server.js';
import { Turns } from './admission.js';
import { withSignal } from './gone.js';

/** Requests that are given to the engine beside those it decodes, so that it never waits for the next one. */
const AHEAD = 2;

export type ModelState = 'idle' | 'loading' | 'ready' | 'failed';

/** What is known of a model without using it. */
export interface ModelStatus {
  readonly alias: string;
  readonly state: ModelState;
  /** While it is loaded. */
  readonly info?: ModelInfo;
  readonly health?: Health;
  /** Of its engine, since it was first loaded. */
  readonly crashes: number;
  /** Seconds since 1970 when it was loaded last. */
  readonly loadedAt?: number;
  /** Whether the server is there for it: it is loaded with it, or is the caller's. */
  readonly isNeeded: boolean;
  /** Of the last attempt, when that failed and the next one will as well. */
  readonly error?: unknown;
}

/** The use of a model by one request. */
export interface Lease {
  readonly alias: string;
  readonly model: PaliGemma;
  readonly turns: Turns;
  readonly release: () => void;
}

interface ModelsOptions {
  readonly unloadAfterMs: number;
  /** 0: no bound. */
  readonly maxModelMb: number;
  /** Called at every end of loading. */
  readonly onLoad?: (alias: string, ms: number, error: unknown) => void;
  /** Called when the engine of a model crashes, and with what follows. Not for models of the caller's. */
  readonly onEngine?: (alias: string, note: string) => void;
}

class Served {
  readonly alias: string;
  /** Undefined for a model of the caller's, which is neither loaded nor freed here. */
  readonly options: ParsedServedModel | undefined;
  model: PaliGemma | undefined;
  turns: Turns | undefined;
  loading: Promise<PaliGemma> | undefined;
  error: unknown;
  loadedAt: number | undefined;
  /** Bytes that it will take, while it is loaded. */
  reserved = 0;
  leases = 0;
  usedAt = 0;
  /** Of engines that were freed. */
  crashesBefore = 0;
  timer: NodeJS.Timeout | undefined;
  /** No longer among the models: freed when its last request is done. */
  isRemoved = false;

  constructor(alias: string, options: ParsedServedModel | undefined, model?: PaliGemma) {
    this.alias = alias;
    this.options = options;
    if (model !== undefined) this.take(model);
  }

  take(model: PaliGemma): void {
    this.model = model;
    this.turns = new Turns(model.info.slots + AHEAD);
    this.loadedAt = Math.floor(Date.now() / 1000);
    this.error = undefined;
  }

  get status(): ModelStatus {
    const { alias, model, loadedAt, error } = this;
    const state = this.loading ? 'loading' : model ? 'ready' : error ? 'failed' : 'idle';
    const health = model?.health;
    return {
      ...{ alias, state, crashes: this.crashesBefore + (health?.crashes ?? 0) },
      isNeeded: this.options?.loadAt !== 'first-use',
      ...(model && { info: model.info }),
      ...(health && { health }),
      ...(loadedAt !== undefined && { loadedAt }),
      ...(error !== undefined && { error }),
    };
  }
}

export class Models {
  readonly #options: ModelsOptions;
  #served = new Map<string, Served>();
  #isClosed = false;

  constructor(
    options: ModelsOptions,
    models: ReadonlyMap<string, ParsedServedModel>,
    loaded: ReadonlyMap<string, PaliGemma> = new Map(),
  ) {
    this.#options = options;
    for (const [alias, model] of loaded) {
      this.#served.set(alias, new Served(alias, undefined, withoutWarnings(model)));
    }
    for (const [alias, one] of models) this.#served.set(alias, new Served(alias, one));
  }

  /** All, in their order: the first is the one that requests without a name get. */
  get statuses(): readonly ModelStatus[] {
    return [...this.#served.values()].map(({ status }) => status);
  }

  /** Memory of those that are loaded. */
  get bytes(): number {
    return sum(
      [...this.#served.values()].flatMap(({ model }) =>
        model === undefined ? [] : Object.values(model.info.memory),
      ),
    );
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return sum([...this.#served.values()].map(({ turns }) => turns?.waiting ?? 0));
  }

  /** Throws ERR_REQUEST_MODEL for an alias that is none. */
  status(alias: string | undefined): ModelStatus {
    return this.#find(alias).status;
  }

  /** Whether all models that are loaded with the server were loaded once. */
  get areStarted(): boolean {
    return [...this.#served.values()].every(
      ({ options, loadedAt }) => options?.loadAt !== 'start' || loadedAt !== undefined,
    );
  }

  /** Loads those that are loaded with the server, one after the other. Rejects with the first failure, after all. */
  async start(): Promise<void> {
    const failures: unknown[] = [];
    for (const served of this.#served.values()) {
      if (served.options?.loadAt !== 'start') continue;
      await this.#load(served).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Loads a model if it is not loaded. Rejects with what loading fails with, or the reason of the signal. */
  async load(alias: string | undefined, signal: AbortSignal): Promise<ModelStatus> {
    const served = this.#find(alias);
    await withSignal(this.#load(served), signal);
    return served.status;
  }

  /** Frees a model, when the requests that use it are done. The next request loads it again. */
  async unload(alias: string): Promise<void> {
    const served = this.#find(alias);
    if (served.leases > 0 || served.options === undefined) return;
    await this.#free(served);
  }

  /** The model for one request, loaded if need be. */
  async lease(alias: string | undefined, signal: AbortSignal): Promise<Lease> {
    const served = this.#find(alias);
    // Counted first, so that nothing frees it while it is waited for.
    served.leases++;
    clearTimeout(served.timer);
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      served.leases--;
      served.usedAt = performance.now();
      this.#rest(served);
    };
    try {
      const model = await withSignal(this.#load(served), signal);
      // Set with the model.
      return { alias: served.alias, model, turns: served.turns as Turns, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Whether the files of those that would be loaded can be read. Rejects with what is wrong with one. */
  async check(models: ReadonlyMap<string, ParsedServedModel>): Promise<void> {
    for (const [alias, options] of models) {
      const { file, mmproj, loadAt, offline } = options;
      if (loadAt !== 'start' || this.#same(alias, options) !== undefined) continue;
      await inspect(file, { offline });
      if (mmproj !== undefined) await inspect(mmproj, { offline });
    }
  }

  /** As `check`, for those that are loaded at the start, without the network: a model on the hub may take long to come. */
  async checkFiles(): Promise<void> {
    for (const { options } of this.#served.values()) {
      if (options?.loadAt !== 'start') continue;
      for (const file of [options.file, options.mmproj]) {
        if (file === undefined) continue;
        await inspect(file, { offline: true }).catch((error: unknown) => {
          if (!(error instanceof PaliGemmaError && error.code.startsWith('ERR_HUB_'))) throw error;
        });
      }
    }
  }

  /** The model that has this alias and these options already. */
  #same(alias: string, options: ParsedServedModel): Served | undefined {
    const old = this.#served.get(alias);
    return JSON.stringify(old?.options) === JSON.stringify(options) ? old : undefined;
  }

  /**
   * Takes another set of models at once. Those that are the same stay loaded; others are freed once no request uses them.
   * What it returns is as of `start`.
   */
  replace(models: ReadonlyMap<string, ParsedServedModel>): Promise<void> {
    const before = this.#served;
    const callers = [...before].filter(([, { options }]) => options === undefined);
    const next = [...models].map(([alias, options]): [string, Served] => [
      alias,
      this.#same(alias, options) ?? new Served(alias, options),
    ]);
    this.#served = new Map([...callers, ...next]);
    for (const [alias, old] of before) {
      if (this.#served.get(alias) === old) continue;
      old.isRemoved = true;
      this.#rest(old);
    }
    return this.start();
  }

  /** Frees all models that were loaded here. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#served.values()].map((served) => this.#free(served)));
  }

  #find(alias: string | undefined): Served {
    const found =
      alias === undefined ? this.#served.values().next().value : this.#served.get(alias);
    if (found !== undefined) return found;
    const names = [...this.#served.keys()].join(', ');
    throw makeError('ERR_REQUEST_MODEL', 'there is no model of this name', {
      ...{ name: 'model', found: 'an unknown alias', expected: `one of ${names}` },
      hint: `the models are ${names}`,
    });
  }

  async #load(served: Served): Promise<PaliGemma> {
    if (this.#isClosed) throw makeError('ERR_SHUTTING_DOWN', 'the server is closing');
    if (served.model !== undefined) return served.model;
    const begin = performance.now();
    const ended = (error?: unknown): void =>
      this.#options.onLoad?.(served.alias, Math.round(performance.now() - begin), error);
    served.loading ??= this.#loadNow(served)
      .then(
        (model) => {
          served.take(model);
          ended();
          return model;
        },
        (error: unknown) => {
          const isLasting = !(error instanceof PaliGemmaError && error.retryable);
          served.error = isLasting ? error : undefined;
          ended(error);
          throw error;
        },
      )
      .finally(() => {
        served.loading = undefined;
        served.reserved = 0;
        this.#rest(served);
      });
    return served.loading;
  }

  async #loadNow(served: Served): Promise<PaliGemma> {
    const { alias, options } = served;
    // One without options has its model from the beginning.
    if (options === undefined) throw makeError('ERR_DISPOSED', 'the model was disposed of');
    const { file, mmproj, loadAt: _, ...load } = options;
    await this.#makeRoom(served, await bytesOf([file, mmproj]));
    const model = await PaliGemma.load(mmproj === undefined ? file : { text: file, mmproj }, {
      ...load,
      // Notes about prompts repeat them, which no log may.
      onNote: ({ code, message }) => {
        if (code.startsWith('PALIGEMMA_ENGINE_')) this.#options.onEngine?.(alias, message);
      },
    });
    if (!this.#isClosed) return model;
    await model.dispose();
    throw makeError('ERR_SHUTTING_DOWN', 'the server is closing');
  }

  /** Frees those that were not used for longest until another one of so many bytes fits, whose room that is then. */
  async #makeRoom(served: Served, bytes: number): Promise<void> {
    const most = this.#options.maxModelMb * 1024 * 1024;
    if (most === 0) return;
    const idle = [...this.#served.values()]
      .filter((one) => one.model !== undefined && one.leases === 0 && one.options !== undefined)
      .sort((a, b) => a.usedAt - b.usedAt);
    for (;;) {
      const used = this.bytes + sum([...this.#served.values()].map(({ reserved }) => reserved));
      if (used + bytes <= most) break;
      const oldest = idle.shift();
      if (oldest === undefined) {
        const found = `${Math.ceil((used + bytes) / 2 ** 20)} MiB`;
        throw makeError('ERR_OUT_OF_MEMORY', `the models in use and this one need ${found}`, {
          ...{ name: 'maxModelMb', found, expected: `at most ${this.#options.maxModelMb} MiB` },
        });
      }
      await this.#free(oldest);
    }
    served.reserved = bytes;
  }

  /** When no request uses it: freed now if it was removed, else after the idle time. */
  #rest(served: Served): void {
    if (served.leases > 0 || served.options === undefined || this.#isClosed) return;
    if (served.isRemoved) {
      void this.#free(served);
      return;
    }
    const { unloadAfterMs } = this.#options;
    if (unloadAfterMs === 0 || served.model === undefined) return;
    clearTimeout(served.timer);
    served.timer = setTimeout(() => void this.#free(served), unloadAfterMs).unref();
  }

  async #free(served: Served): Promise<void> {
    clearTimeout(served.timer);
    if (served.options === undefined) return;
    await served.loading?.catch(() => {});
    // It was asked for meanwhile.
    if (served.leases > 0 && !this.#isClosed) return;
    const { model } = served;
    served.model = undefined;
    served.crashesBefore += model?.health.crashes ?? 0;
    await model?.dispose();
  }
}

/** What the files have; 0 for one that is not there, as loading says that better. */
async function bytesOf(files: readonly (string | undefined)[]): Promise<number> {
  const sizes = files.map(async (file) => {
    if (file === undefined) return 0;
    return stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  });
  return sum(await Promise.all(sizes));
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
