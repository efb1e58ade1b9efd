/**
 * A benchmark in a folder: `run.json` says what was read and how, `rows.jsonl` has a line for each reading as soon as it is made,
 * `summary.json` the figures, which the reports and charts show. Systems run one after the other, alone.
 */
import { stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TextProfile } from '../../options/closed-sets.js';
import { oneLine } from '../../options/show.js';
import { Journal, type JournalOptions } from '../../runs/journal.js';
import { openRunFolder, writeRunFile } from '../../runs/run-folder.js';
import { errorJson } from '../../wire/errors.js';
import { type Crops, prepareCrops } from './crops.js';
import { type DataOptions, DRAWN } from './data/picture.js';
import { accuracyOf } from './figures.js';
import { checkPriced, type Price } from './prices.js';
import { reportFiles } from './report.js';
import { type ReadingRow, readingsIn } from './rows.js';
import { type BenchmarkSummary, summariseBenchmark } from './summary.js';
import {
  type Crop,
  type Foreseen,
  type OpenOptions,
  type Question,
  type Reading,
  type System,
  type SystemSource,
  tunedName,
} from './system.js';

export interface OcrBenchmark extends DataOptions {
  readonly sources: readonly SystemSource[];
  readonly profile: TextProfile;
  readonly prices: readonly Price[];
  readonly repeats: number;
  readonly threads: number;
  readonly timeoutMs: number;
  readonly prompt: string;
  readonly folder: string;
  readonly resume: boolean;
  readonly words: JournalOptions<ReadingRow>['words'];
  readonly signal: AbortSignal;
  /** Called with the system whose turn it is, and how many readings there are of it. */
  readonly onReading: (
    system: string,
    tally: { readonly done: number; readonly failed: number },
  ) => void;
}

/** Rejects with the signal's reason when it is aborted; what is done stays, and no system is left running. */
export async function benchmarkOcr(benchmark: OcrBenchmark): Promise<BenchmarkSummary> {
  const { sources, folder, threads, timeoutMs, prompt, repeats, resume, words, signal } = benchmark;
  const open: OpenOptions = { threads, timeoutMs, signal };
  // Before the first has taken its time.
  const foreseen: Foreseen[] = [];
  for (const source of sources) foreseen.push(await source.check(open));
  const file = path.join(folder, 'rows.jsonl');
  const names = foreseen.flatMap((one) => one.names);
  checkPriced(benchmark.prices, resume ? [...names, ...(await namesIn(file))] : names);
  const isTuned = foreseen.some((one) => one.isTuned);
  await openRunFolder(folder, 'ocr-benchmark');
  const place = path.join(folder, 'crops');
  // Those that were read stay, whatever the journal says of this run.
  const keeps = await hasContent(file);
  const crops = await prepareCrops({ ...benchmark, isTuned, keeps }, place, signal);
  const [cpu] = os.cpus();
  const machine = `${cpu?.model.trim() ?? os.arch()}, ${os.availableParallelism()} processors`;
  const { profile, seed, perDomain } = benchmark;
  const settings = {
    ...{ data: crops.digest, tuning: crops.tuning, machine, threads, prompt, repeats, profile },
    // Of other crops they say nothing.
    ...(benchmark.data.includes(DRAWN) && { seed, perDomain }),
  };
  const journal = await Journal.open<ReadingRow>(
    file,
    { model: 'ocr-benchmark', fingerprint: 'ocr-benchmark', ...settings },
    { resume, words, firstField: 'id', keyOf: ({ id }) => id },
  );
  const begin = new Date();
  // Of the last minute: who else computes makes every system slower.
  const [loadAtStart = 0] = os.loadavg();
  try {
    await writeRunFile(folder, 'run.json', {
      kind: 'ocr-benchmark',
      ...settings,
      data: { given: benchmark.data, sha256: crops.digest, crops: crops.all.length },
      systems: sources.map(({ spec }) => spec),
      ...{ node: process.version, begin, loadAtStart },
    });
    const taken = new Set<string>();
    for (const source of sources) {
      const systems = await source.open(open);
      try {
        for (const system of systems) {
          const name = nameOf(system, taken);
          await new Turn(benchmark, crops, journal, system, name).run();
        }
      } finally {
        for (const system of systems) await system.close();
      }
    }
  } finally {
    await journal.close();
  }
  const summary = await summariseBenchmark(await readingsIn(file), {
    ...benchmark,
    ...{ machine, loadAtStart },
  });
  await writeRunFile(folder, 'summary.json', summary);
  for (const [name, text] of reportFiles(summary)) await writeRunFile(folder, name, text);
  return summary;
}

/** Of the systems that an earlier run of the folder has asked. */
async function namesIn(file: string): Promise<string[]> {
  return (await hasContent(file)) ? (await readingsIn(file)).map(({ system }) => system) : [];
}

async function hasContent(file: string): Promise<boolean> {
  const there = await stat(file).catch(() => undefined);
  return there?.isFile() === true && there.size > 0;
}

/**
 * `ocrad`, and `ocrad (2)` for another of the same name and version, as its recorded answers are. What comes from files and
 * addresses may hold what steers a terminal.
 */
function nameOf({ name, version }: System, names: Set<string>): string {
  for (let i = 1; ; i++) {
    const own = oneLine(i === 1 ? name : `${name} (${i})`);
    const key = JSON.stringify([own, version]);
    if (names.has(key)) continue;
    names.add(key);
    return own;
  }
}

/** What one system does: its default, and where it has page modes, the best of them for each domain. */
class Turn {
  #done = 0;
  #failed = 0;
  #isWarm = false;

  constructor(
    private readonly benchmark: OcrBenchmark,
    private readonly crops: Crops,
    private readonly journal: Journal<ReadingRow>,
    private readonly system: System,
    private readonly name: string,
  ) {}

  async run(): Promise<void> {
    const scored = this.crops.all.filter(({ split }) => split === 'scored');
    await this.#readAll(scored, undefined);
    if (this.system.modes.length === 0) return;
    const modes = await this.#chooseModes();
    await this.#readAll(scored, modes);
  }

  /** All once, then those whose time is measured as often as was asked for. */
  async #readAll(
    crops: readonly Crop[],
    modes: ((domain: string) => string) | undefined,
  ): Promise<void> {
    const { passes = Infinity } = this.system;
    for (let pass = 1; pass <= Math.min(this.benchmark.repeats, passes); pass++) {
      for (const crop of crops) {
        if (pass > 1 && !this.crops.timed.has(crop.id)) continue;
        await this.#keep(crop, pass, modes?.(crop.domain));
      }
    }
  }

  /** For each domain the mode that reads its tuning crops best; where it has none, the one that reads all of them best. */
  async #chooseModes(): Promise<(domain: string) => string> {
    const tuning = this.crops.all.filter(({ split }) => split === 'tuning');
    for (const mode of this.system.modes) {
      for (const crop of tuning) await this.#keep(crop, 1, mode);
    }
    const rows = (await readingsIn(this.journal.name)).filter(
      (row) => row.split === 'tuning' && row.system === this.#name(true),
    );
    const best = (own: readonly ReadingRow[]): string => {
      const means = this.system.modes.map((mode) => {
        const of = own.filter((row) => row.mode === mode);
        return (
          of.reduce((sum, row) => sum + accuracyOf(row, this.benchmark.profile), 0) / of.length
        );
      });
      const highest = Math.max(...means.map((mean) => mean || 0));
      return this.system.modes[Math.max(0, means.indexOf(highest))] as string;
    };
    const usual = best(rows);
    const chosen = new Map<string, string>();
    for (const domain of new Set(rows.map((row) => row.domain))) {
      chosen.set(domain, best(rows.filter((row) => row.domain === domain)));
    }
    return (domain) => chosen.get(domain) ?? usual;
  }

  #name(isTuned: boolean): string {
    return isTuned ? tunedName(this.name) : this.name;
  }

  async #keep(crop: Crop, pass: number, mode: string | undefined): Promise<void> {
    const { system, benchmark, journal, crops } = this;
    const { threads, startSeconds, recordedOn } = system;
    const version = oneLine(system.version);
    const isTuned = mode !== undefined;
    const key = [this.#name(isTuned), version, crop.id, `pass ${pass}`];
    const id = [...key, ...(crop.split === 'tuning' ? [`mode ${mode}`] : [])].join(' | ');
    if (journal.skip(id)) return this.#count(false);
    const question: Question = {
      ...{ crop, pass, prompt: benchmark.prompt },
      ...(mode !== undefined && { mode }),
    };
    await this.#warmUp(question);
    const outcome = await this.#outcome(question);
    benchmark.signal.throwIfAborted();
    await journal.add({
      ...{ id, system: this.#name(isTuned), version, startSeconds, isTuned },
      ...(threads !== undefined && { threads }),
      ...(mode !== undefined && { mode }),
      ...{ crop: crop.id, picture: crop.digest, group: crop.group, domain: crop.domain },
      ...{ split: crop.split, isTimed: crops.timed.has(crop.id), pass, truth: crop.truth },
      ...outcome,
      ...(recordedOn !== undefined && { recordedOn }),
    });
    this.#count('error' in outcome);
  }

  /** The first call of a system pays for what later ones find there: it is made, and not counted. */
  async #warmUp(question: Question): Promise<void> {
    if (this.#isWarm) return;
    this.#isWarm = true;
    await this.system.read(question, this.benchmark.signal).catch(() => {});
    this.benchmark.signal.throwIfAborted();
  }

  async #outcome(question: Question): Promise<Pick<ReadingRow, 'text' | 'seconds' | 'error'>> {
    const begin = performance.now();
    try {
      const reading = await this.system.read(question, this.benchmark.signal);
      const { recordedSeconds, ...rest }: Reading = reading;
      return { ...rest, seconds: recordedSeconds ?? (performance.now() - begin) / 1000 };
    } catch (error) {
      return { error: errorJson(error, 'cli') };
    }
  }

  #count(isFailure: boolean): void {
    this.#done++;
    if (isFailure) this.#failed++;
    this.benchmark.onReading(this.name, { done: this.#done, failed: this.#failed });
  }
}
