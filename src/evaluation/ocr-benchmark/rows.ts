/** What a run keeps of each reading: a line of `rows.jsonl`, and the recorded answers of the next run. */
import { showPath } from '../../options/show.js';
import { storedRows } from '../../runs/stored-rows.js';
import { chunksOf } from '../predictions.js';

export interface ReadingRow {
  /** System, crop, pass and mode: no other row has it. */
  readonly id: string;
  readonly system: string;
  readonly version: string;
  readonly threads?: number;
  readonly startSeconds: number;
  /** Modes were chosen for each domain. */
  readonly isTuned: boolean;
  readonly mode?: string;
  readonly crop: string;
  /** Tells the bytes of the crop from others. */
  readonly picture: string;
  readonly group: string;
  readonly domain: string;
  readonly split: 'scored' | 'tuning';
  readonly isTimed: boolean;
  readonly pass: number;
  readonly truth: string;
  /** Left out where it failed. */
  readonly text?: string;
  /** Wall time of the call, with the decoding of the picture. */
  readonly seconds?: number;
  readonly ownSeconds?: number;
  readonly usd?: number;
  readonly tokens?: { readonly input: number; readonly output: number };
  /** The processor that it was recorded on, where that was another run. */
  readonly recordedOn?: string;
  readonly error?: unknown;
}

/** A row as it is in the file, with what it was made with. */
export interface StoredRow extends ReadingRow {
  readonly run: Readonly<Record<string, unknown>>;
}

/** The last row of each id. Throws ERR_DATASET for a file of something else. */
export const readingsIn = (file: string): Promise<StoredRow[]> =>
  storedRows<StoredRow>(chunksOf(file), {
    ...{ name: showPath(file), what: 'reading of a benchmark', keyOf: ({ id }) => id },
    expected: 'a row of the rows.jsonl of a benchmark',
    isRow: ({ id, system, version, crop, picture, truth, pass }) =>
      [id, system, version, crop, picture, truth].every((one) => typeof one === 'string') &&
      typeof pass === 'number',
  });
