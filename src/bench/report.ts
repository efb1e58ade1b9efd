/** The result of a benchmark, for machines; how people see it is in the command. Times are milliseconds. */

/**
 * The number type of the large matrices. Norms, biases and the mask codec are f32 in every file, which in a small one are
 * most of the bytes.
 */
export function mainType(bytesByType: Readonly<Record<string, number>>): string {
  const types = Object.entries(bytesByType).sort(([, a], [, b]) => b - a);
  const [type = ''] = types.find(([name]) => name !== 'f32') ?? types[0] ?? [];
  return type;
}

/** Of times: the middle one, and those that 95 and 99 of 100 stay below. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly count: number;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Instruction sets that matter here and the CPU has. */
  readonly features: readonly string[];
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
}

/** Several requests under way at all times. */
export interface Load {
  readonly concurrency: number;
  readonly picturesPerSecond: number;
  readonly tokensPerSecond: number;
  /** Of whole requests. */
  readonly latency: Spread;
}

/** What the machine can do at most, and how much of it each stage reaches, 0 to 1. */
export interface Roofline {
  readonly readBytesPerSecond: number;
  /** Operations per second of the instructions for each weight type. */
  readonly peaks: Readonly<
    Record<string, { readonly kernel: string; readonly opsPerSecond: number }>
  >;
  readonly shares: {
    /** Of the peak of the type that most weights have; absent where that has none of our kernels. */
    readonly encode?: number;
    readonly prefill?: number;
    /** Of the memory bandwidth. */
    readonly decode: number;
  };
}

export interface BenchReport {
  readonly version: string;
  readonly commit?: string;
  readonly date: string;
  readonly machine: Machine;
  readonly model: {
    readonly file: string;
    readonly name: string;
    readonly imageSize: number;
    readonly fileBytes: number;
    readonly weightTypes: Readonly<Record<string, number>>;
    readonly kernels: Readonly<Record<string, number>>;
    readonly device: string;
    readonly threads: number;
  };
  readonly work: {
    readonly prefixTokens: number;
    readonly answerTokens: number;
    readonly rounds: number;
  };
  readonly loadMs: number;
  readonly stages: {
    /** A JPEG of 1920 x 1080, decoded and resized. */
    readonly prepare: Spread;
    readonly encode: Spread;
    readonly prefill: Spread;
    /** Per token. */
    readonly decode: Spread;
    /** From the call to the first token, everything above included. */
    readonly firstToken: Spread;
    /** The same with a picture that is encoded already. */
    readonly firstTokenAgain: Spread;
    /** From abort() until the engine works on another request. */
    readonly cancel: Spread;
  };
  readonly loads: readonly Load[];
  readonly memory: { readonly peakBytes: number; readonly [part: string]: number };
  readonly roofline?: Roofline;
  /** What part of all cores other processes used meanwhile, 0 to 1. Above QUIET the figures mean little. */
  readonly othersShare: number;
}

export const QUIET = 0.05;

export function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), count: sorted.length };
}
