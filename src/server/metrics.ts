/** What the server counts, for Prometheus. Every label comes from a closed set, so the number of series is bounded. */
import type * as prom from 'prom-client';
import type { ErrorCode } from '../errors.js';
import type { Timings, Usage } from '../index.js';
import type { Ending, Stage } from './admission.js';

export type Prometheus = typeof prom;

/** Seconds. From a cached yes-or-no answer to a paragraph of a large model on a small machine. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Read when they are scraped. */
export interface Gauges {
  readonly requests: () => number;
  readonly tokens: () => number;
  readonly tokensPerSecond: () => number | undefined;
  readonly waiting: () => number;
  readonly models: () => readonly ModelGauge[];
  readonly memory: () => number;
  readonly uploads: () => number;
  readonly uploadBytes: () => number;
}

interface ModelGauge {
  readonly alias: string;
  readonly isLoaded: boolean;
  /** Whether its engine computes at once what it is given. */
  readonly isReady: boolean;
  readonly crashes: number;
}

export class Metrics {
  readonly #registry: prom.Registry;
  readonly #requests: prom.Counter<'face' | 'task' | 'status'>;
  readonly #seconds: prom.Histogram<'face' | 'task'>;
  readonly #stages: prom.Histogram<'stage'>;
  readonly #tokens: prom.Counter<'model' | 'kind'>;
  readonly #pictures: prom.Counter<'model' | 'from'>;
  readonly #cancelled: prom.Counter<'stage' | 'cause'>;
  readonly #refused: prom.Counter<'stage' | 'code'>;
  readonly #loads: prom.Counter<'model' | 'outcome'>;

  /** A registry of its own: what the program around it counts is its business. */
  constructor({ Counter, Gauge, Histogram, Registry }: Prometheus, gauges: Gauges) {
    const registry = new Registry();
    this.#registry = registry;
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Counter({ name: `paligemma_${name}_total`, help, labelNames, registers });
    const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Histogram({
        ...{ name: `paligemma_${name}_seconds`, help, labelNames, registers },
        buckets: BUCKETS,
      });
    const gauge = (name: string, help: string, read: () => number | undefined) =>
      new Gauge({
        ...{ name: `paligemma_${name}`, help, registers },
        collect() {
          const value = read();
          if (value === undefined) this.reset();
          else this.set(value);
        },
      });

    this.#requests = counter('requests', 'requests that were answered', ['face', 'task', 'status']);
    this.#seconds = histogram('request', 'from the headers to the last byte', ['face', 'task']);
    this.#stages = histogram('stage', 'time that answered requests spent in a stage', ['stage']);
    this.#tokens = counter('tokens', 'tokens of prompts, pictures and answers', ['model', 'kind']);
    this.#pictures = counter('pictures', 'pictures that were answered about', ['model', 'from']);
    this.#cancelled = counter('cancelled', 'requests that ended without an answer', [
      'stage',
      'cause',
    ]);
    this.#refused = counter('refused', 'requests that a client or a full server is the cause of', [
      'stage',
      'code',
    ]);
    this.#loads = counter('model_loads', 'models that were loaded', ['model', 'outcome']);
    gauge('requests_inside', 'requests that are read, wait or run', gauges.requests);
    gauge('requests_waiting', 'requests that wait for their turn', gauges.waiting);
    gauge('queued_tokens', 'cost of the requests that are inside', gauges.tokens);
    gauge('tokens_per_second', 'cost that is finished in a second of work', gauges.tokensPerSecond);
    gauge('model_memory_bytes', 'memory of all models', gauges.memory);
    gauge('uploads', 'pictures that are kept for questions by their ids', gauges.uploads);
    gauge('upload_bytes', 'memory of these pictures', gauges.uploadBytes);
    gauge('resident_memory_bytes', 'memory of the process', () => process.memoryUsage.rss());
    const ofModels = (name: string, help: string, read: (model: ModelGauge) => boolean): void => {
      new Gauge({
        ...{ name: `paligemma_${name}`, help, registers, labelNames: ['model'] },
        collect() {
          this.reset();
          for (const one of gauges.models()) this.set({ model: one.alias }, Number(read(one)));
        },
      });
    };
    ofModels('model_loaded', 'whether a model is in memory', ({ isLoaded }) => isLoaded);
    ofModels('engine_ready', 'whether an engine computes at once', ({ isReady }) => isReady);
    new Counter({
      ...{ name: 'paligemma_engine_crashes_total', help: 'crashes and hangs of engines' },
      ...{ registers, labelNames: ['model'] },
      collect() {
        this.reset();
        for (const { alias, crashes } of gauges.models()) this.inc({ model: alias }, crashes);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A request has its answer, whatever it is, or its client is gone (status 499). */
  ended(face: string, task: string, status: number, seconds: number): void {
    this.#requests.inc({ face, task, status: String(status) });
    this.#seconds.observe({ face, task }, seconds);
  }

  cancelled({ stage, cause }: Ending): void {
    if (cause !== undefined) this.#cancelled.inc({ stage, cause });
  }

  /** `stage`: undefined for what was not let in. */
  refused(stage: Stage | undefined, code: ErrorCode): void {
    this.#refused.inc({ stage: stage ?? 'admission', code });
  }

  waited(stage: Stage, seconds: number): void {
    this.#stages.observe({ stage }, seconds);
  }

  loaded(model: string, error: unknown): void {
    this.#loads.inc({ model, outcome: error === undefined ? 'ok' : 'failed' });
  }

  /** A result of a task, with what it took. */
  answered(model: string, { usage, timings }: { usage?: Usage; timings?: Timings }): void {
    if (usage !== undefined) {
      this.#tokens.inc({ model, kind: 'prompt' }, usage.promptTokens);
      this.#tokens.inc({ model, kind: 'picture' }, usage.imageTokens);
      this.#tokens.inc({ model, kind: 'answer' }, usage.completionTokens);
      this.#pictures.inc({ model, from: 'cache' }, usage.cachedImages);
    }
    if (timings === undefined) return;
    this.#pictures.inc({ model, from: 'encoder' }, timings.encodings);
    for (const [stage, ms] of [
      ['prepare', timings.prepareMs],
      ['encode', timings.encodeMs],
      ['prefill', timings.prefillMs],
      ['decode', timings.decodeMs],
    ] as const) {
      this.#stages.observe({ stage }, ms / 1000);
    }
  }
}
