/** What a run keeps of each reading: a line of `rows.jsonl`, and the recorded answers of the next run. */
import { makeError } from '../../errors.js';
import { showPath } from '../../options/show.js';
import { linesOf } from '../../runs/lines.js';
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

/** The last row of each id. What a kill has left of a line is no row. Throws ERR_DATASET for a file of something else. */
export async function readingsIn(file: string): Promise<StoredRow[]> {
  const rows = new Map<string, StoredRow>();
  let number = 0;
  for await (const { bytes, ended } of linesOf(chunksOf(file))) {
    number++;
    if (!ended) break;
    const row = rowOf(bytes);
    if (row === undefined) {
      const name = `${showPath(file)}:${number}`;
      const [found, expected] = ['something else', 'a row of the rows.jsonl of a benchmark'];
      throw makeError('ERR_DATASET', `${name} is no reading of a benchmark`, {
        ...{ name, found, expected },
      });
    }
    rows.set(row.id, row);
  }
  return [...rows.values()];
}

function rowOf(bytes: Buffer): StoredRow | undefined {
  try {
    const row = JSON.parse(bytes.toString('utf8')) as Partial<StoredRow> | null;
    const texts = [row?.id, row?.system, row?.version, row?.crop, row?.picture, row?.truth];
    const isRow = texts.every((one) => typeof one === 'string') && typeof row?.pass === 'number';
    return isRow ? (row as StoredRow) : undefined;
  } catch {
    return undefined;
  }
}
