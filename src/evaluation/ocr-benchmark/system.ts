/** What a system is that reads text: the benchmark knows no more of any of them. */

/** A picture of one text, and that text. */
export interface Crop {
  /** `drawn/plates/3` */
  readonly id: string;
  readonly domain: string;
  /** The photograph it is cut from: crops of one are not as much evidence as crops of several. */
  readonly group: string;
  /** `tuning`: page modes are chosen on it, and it is never scored. */
  readonly split: 'scored' | 'tuning';
  /** Absolute path of a PNG. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Tells its bytes from others. */
  readonly digest: string;
  readonly truth: string;
}

export interface Question {
  readonly crop: Crop;
  /** From 1. */
  readonly pass: number;
  readonly prompt: string;
  /** One of the system's modes; left out, it does what it does by itself. */
  readonly mode?: string;
}

export interface Reading {
  readonly text: string;
  /** What the system itself measured. */
  readonly ownSeconds?: number;
  readonly usd?: number;
  readonly tokens?: { readonly input: number; readonly output: number };
  /** Wall time as it was recorded; else the benchmark measures it. */
  readonly recordedSeconds?: number;
}

export interface System {
  readonly name: string;
  readonly version: string;
  /** How many it says it computes with; undefined where nothing is known. */
  readonly threads: number | undefined;
  /** Until it was ready for the first picture. */
  readonly startSeconds: number;
  /** Page modes to choose from for each domain; empty where there is nothing to choose. */
  readonly modes: readonly string[];
  /** How often it can be asked the same at most, where answers are recorded. */
  readonly passes?: number;
  /** The processor, where answers come from an earlier run. */
  readonly recordedOn?: string;
  /** Rejects with why a picture could not be read, and with the signal's reason when it is aborted. */
  readonly read: (question: Question, signal: AbortSignal) => Promise<Reading>;
  readonly close: () => Promise<void>;
}

export interface OpenOptions {
  readonly threads: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What is known of systems before they are started. */
export interface Foreseen {
  /** As they will be called, by which prices are stated. */
  readonly names: readonly string[];
  /** Crops are to be kept to choose page modes on: for it, or for the run whose answers it repeats. */
  readonly isTuned: boolean;
}

/** Systems that are started when their turn comes. */
export interface SystemSource {
  /** As it was asked for. */
  readonly spec: string;
  /** Rejects where what it needs is not there. Starts nothing that takes long. */
  readonly check: (options: OpenOptions) => Promise<Foreseen>;
  readonly open: (options: OpenOptions) => Promise<readonly System[]>;
}

/** What a system is called with the page modes that were chosen for it. */
export const tunedName = (name: string): string => `${name} (tuned)`;

/** What is known of a system without page modes. */
export const untuned = (...names: readonly string[]): Foreseen => ({ names, isTuned: false });
