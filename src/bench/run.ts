/** Measures one loaded model on this machine, stage by stage and under load. Prints nothing. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { PaliGemma } from '../index.js';
import { loadSharp } from '../load-sharp.js';
import { native } from '../native/binding.js';
import { packageVersion } from '../package-version.js';
import { machine, Neighbours, peakBytes } from './machine.js';
import { type BenchReport, type Load, mainType, type Roofline, spread } from './report.js';

export interface BenchSettings {
  /** How often each stage is measured. */
  readonly rounds: number;
  /** Tokens of an answer. */
  readonly tokens: number;
  /** Requests under way at once, one figure for each. */
  readonly concurrency: readonly number[];
  /** Measure what the machine can do as well, before and after each round: half a second in which this thread does nothing else. */
  readonly roofline: boolean;
  readonly signal: AbortSignal;
  /** Called with what is measured now. */
  readonly onStage?: (name: string) => void;
}

const PROMPT = 'caption en';

/** Loads `file` with `options` and measures it. Rejects as loading and predicting do. */
export async function bench(
  file: string | { text: string; mmproj: string },
  options: Parameters<typeof PaliGemma.load>[1],
  settings: BenchSettings,
): Promise<BenchReport> {
  const neighbours = new Neighbours();
  const { onStage = () => {}, signal } = settings;
  onStage('load');
  const begin = performance.now();
  const model = await PaliGemma.load(file, {
    slots: Math.max(...settings.concurrency),
    ...options,
    signal,
  });
  const loadMs = performance.now() - begin;
  try {
    const { info } = model;
    const pictures = new Pictures(info.imageSize);
    const loads: Load[] = [];
    for (const concurrency of settings.concurrency) {
      onStage(`${concurrency} at once`);
      loads.push(await measureLoad(model, pictures, concurrency, settings));
    }
    // Before the limits are measured, which takes memory of its own.
    const memory = { peakBytes: peakBytes(), ...model.info.memory };
    onStage('stages');
    const { stages, prefixTokens, roofline } = await measureStages(model, pictures, settings);
    const othersShare = neighbours.share();
    const commit = await commitOf(path.join(__dirname, '..', '..'));
    return {
      version: packageVersion(),
      ...(commit === undefined ? {} : { commit }),
      date: new Date().toISOString(),
      machine: machine(),
      model: {
        file: path.basename(typeof file === 'string' ? file : file.text),
        name: info.name ?? '',
        imageSize: info.imageSize,
        fileBytes: info.fileBytes,
        weightTypes: info.weightTypes,
        kernels: info.kernels,
        device: info.device,
        threads: info.threads,
      },
      work: { prefixTokens, answerTokens: settings.tokens, rounds: settings.rounds },
      loadMs,
      stages,
      loads,
      memory,
      ...(roofline === undefined ? {} : { roofline }),
      othersShare,
    };
  } finally {
    await model.dispose();
  }
}

/** A new picture: the encoding of a known one is cached. */
class Pictures {
  #count = 0;
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  next() {
    const size = this.#size;
    const seed = ++this.#count;
    const data = new Uint8Array(size * size * 3);
    for (let i = 0; i < data.length; i++) data[i] = Math.imul(i + seed, 2654435761) >>> 24;
    return { data, width: size, height: size, channels: 3 as const };
  }
}

async function measureStages(
  model: PaliGemma,
  pictures: Pictures,
  { rounds, tokens, signal, roofline }: BenchSettings,
) {
  const limits = roofline ? new Limits(model) : undefined;
  const times = {
    prepare: [] as number[],
    encode: [] as number[],
    prefill: [] as number[],
    decode: [] as number[],
    firstToken: [] as number[],
    firstTokenAgain: [] as number[],
    cancel: [] as number[],
  };
  const ask = async (picture: ReturnType<Pictures['next']>) => {
    const begin = performance.now();
    const stream = model.stream(picture, PROMPT, { maxTokens: tokens, signal });
    let firstToken = Number.NaN;
    for await (const _ of stream) {
      if (Number.isNaN(firstToken)) firstToken = performance.now() - begin;
    }
    return { ...(await stream.result), firstToken };
  };
  const { usage } = await ask(pictures.next());
  for (let round = 0; round < rounds; round++) {
    const picture = pictures.next();
    limits?.measure();
    const first = await ask(picture);
    limits?.measure();
    const { encodeMs, prefillMs, decodeMs } = first.timings;
    const steps = first.usage.completionTokens - 1;
    times.encode.push(encodeMs);
    times.prefill.push(prefillMs);
    if (steps > 0) times.decode.push(decodeMs / steps);
    const prefix = first.usage.imageTokens + first.usage.promptTokens;
    limits?.compare(prefix, { encodeMs, prefillMs, decodeMs: decodeMs / steps });
    const again = await ask(picture);
    times.firstToken.push(first.firstToken);
    times.firstTokenAgain.push(again.firstToken);
    times.cancel.push(
      await cancelMs(model, pictures.next(), first.timings.totalMs, round / rounds),
    );
  }
  const jpeg = await loadSharp()({
    create: {
      width: 1920,
      height: 1080,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  })
    .jpeg()
    .toBuffer();
  for (let round = 0; round < Math.max(rounds, 10); round++) {
    const begin = performance.now();
    await model.prepare(jpeg, { signal });
    times.prepare.push(performance.now() - begin);
  }
  const stages = Object.fromEntries(
    Object.entries(times).map(([name, values]) => [name, spread(values)]),
  ) as unknown as BenchReport['stages'];
  return {
    stages,
    prefixTokens: usage.imageTokens + usage.promptTokens,
    roofline: limits?.result(),
  };
}

/** Aborts at `part` of a call that takes `totalMs`; until a call that fails at once gets its turn. */
async function cancelMs(
  model: PaliGemma,
  picture: ReturnType<Pictures['next']>,
  totalMs: number,
  part: number,
): Promise<number> {
  const controller = new AbortController();
  const call = model.predict(picture, PROMPT, { signal: controller.signal });
  call.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, part * totalMs));
  const begin = performance.now();
  controller.abort();
  await model.predict(picture, 'x '.repeat(12_000)).catch(() => {});
  return performance.now() - begin;
}

/** As many requests at once as `concurrency`, each about a picture of its own; the next one starts when one is done. */
async function measureLoad(
  model: PaliGemma,
  pictures: Pictures,
  concurrency: number,
  { rounds, tokens, signal }: BenchSettings,
): Promise<Load> {
  const count = concurrency * Math.max(1, Math.ceil(rounds / 2));
  const latencies: number[] = [];
  let started = 0;
  let answered = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (started < count) {
        started++;
        const from = performance.now();
        const { usage } = await model.predict(pictures.next(), PROMPT, {
          maxTokens: tokens,
          signal,
        });
        answered += usage.completionTokens;
        latencies.push(performance.now() - from);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  return {
    concurrency,
    picturesPerSecond: count / seconds,
    tokensPerSecond: answered / seconds,
    latency: spread(latencies),
  };
}

interface Stage {
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

const median = (values: readonly number[]): number => spread(values).p50;

/** What the machine can do, measured again before and after each pass: shared ones change from minute to minute. */
class Limits {
  readonly #model: PaliGemma;
  readonly #type: string;
  readonly #measured: ReturnType<ReturnType<typeof native>['roofline']>[] = [];
  readonly #shares = { encode: [] as number[], prefill: [] as number[], decode: [] as number[] };

  constructor(model: PaliGemma) {
    this.#model = model;
    this.#type = mainType(model.info.weightTypes);
  }

  /** Half a second in which this thread does nothing else. */
  measure(): void {
    this.#measured.push(native().roofline(this.#model.info.threads));
  }

  /** A pass between the last two measurements, against their middle. */
  compare(prefixTokens: number, { encodeMs, prefillMs, decodeMs }: Stage): void {
    const [before, after] = this.#measured.slice(-2);
    if (before === undefined || after === undefined) return;
    const { encode, prefill } = operations(this.#model.info, prefixTokens);
    const bytes = this.#model.info.text['bytes'] ?? 0;
    const read = (before.readBytesPerSecond + after.readBytesPerSecond) / 2;
    if (decodeMs > 0) this.#shares.decode.push(bytes / (decodeMs / 1000) / read);
    const [a, b] = [before, after].map(({ peaks }) => peaks[this.#type]?.opsPerSecond);
    if (a === undefined || b === undefined) return;
    const peak = (a + b) / 2;
    this.#shares.encode.push(encode / (encodeMs / 1000) / peak);
    this.#shares.prefill.push(prefill / (prefillMs / 1000) / peak);
  }

  /** Medians. */
  result(): Roofline {
    const peaks: Record<string, { kernel: string; opsPerSecond: number }> = {};
    for (const [type, { kernel }] of Object.entries(this.#measured[0]?.peaks ?? {})) {
      const rates = this.#measured.map((m) => m.peaks[type]?.opsPerSecond ?? Number.NaN);
      peaks[type] = { kernel, opsPerSecond: median(rates) };
    }
    const { encode, prefill, decode } = this.#shares;
    return {
      readBytesPerSecond: median(this.#measured.map((m) => m.readBytesPerSecond)),
      peaks,
      shares: {
        ...(encode.length > 0 ? { encode: median(encode), prefill: median(prefill) } : {}),
        decode: median(decode),
      },
    };
  }
}

/** Additions and multiplications of a picture's encoding and of a prefill. */
function operations(
  { text, vision, imageTokenCount: patches, vocabularySize }: PaliGemma['info'],
  n: number,
): { readonly encode: number; readonly prefill: number } {
  const field = (from: Readonly<Record<string, number>>, name: string): number => from[name] ?? 0;
  const [d, ff, layers] = [field(text, 'width'), field(text, 'feedForward'), field(text, 'layers')];
  const q = field(text, 'heads') * field(text, 'headDim');
  const kv = field(text, 'kvHeads') * field(text, 'headDim');
  const [vd, vff, vl] = [
    field(vision, 'width'),
    field(vision, 'feedForward'),
    field(vision, 'layers'),
  ];
  return {
    encode:
      vl * (2 * patches * (4 * vd * vd + 2 * vd * vff) + 4 * patches * patches * vd) +
      2 * patches * vd * d,
    prefill:
      layers * (2 * n * (2 * d * q + 2 * d * kv + 3 * d * ff) + 4 * n * n * q) +
      2 * d * vocabularySize,
  };
}

/** Of a clone; an installed package has none. */
async function commitOf(folder: string): Promise<string | undefined> {
  try {
    const git = promisify(execFile);
    const { stdout: top } = await git('git', ['rev-parse', '--show-toplevel'], { cwd: folder });
    if (path.resolve(top.trim()) !== path.resolve(folder)) return undefined;
    const { stdout } = await git('git', ['describe', '--always', '--dirty', '--abbrev=10'], {
      cwd: folder,
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
