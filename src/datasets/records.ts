/** Files of records, which are values by name: what their rows share, whatever syntax the records are written in. */
import { rowOf } from './record.js';
import type { Place, Row, RowSource } from './rows.js';
import { type Fields, textOrWhole } from './values.js';

/** A record, or why there is none at its place. `source`: the JSON that it is written in. */
export type Item =
  | { readonly place: Place; readonly fields: Fields; readonly source?: string }
  | { readonly error: Error };

export interface ItemsOptions {
  readonly signal?: AbortSignal | undefined;
  /** The only value that is needed, where the syntax lets the others be left out. */
  readonly only?: string | undefined;
}

/** A file of records. `items` throws for a file that cannot be read at all. */
export interface RecordFile {
  readonly file: string;
  readonly split: string | undefined;
  items(options: ItemsOptions): AsyncGenerator<Item, void>;
  content: RowSource['content'];
}

export function recordSource(records: RecordFile, labels: Labels): RowSource {
  const { file, split, content } = records;
  return {
    ...{ file, split, content },
    async *rows({ onBadRow, signal }) {
      const around = { split, labels: () => labels.all(signal) };
      for await (const item of records.items({ signal })) {
        signal?.throwIfAborted();
        let row: Row | undefined;
        try {
          if ('error' in item) throw item.error;
          row = await rowOf(item.fields, item.place, { ...around, source: item.source });
        } catch (error) {
          signal?.throwIfAborted();
          if (onBadRow === undefined) throw error;
          onBadRow(error as Error);
        }
        if (row !== undefined) yield row;
      }
    },
  };
}

/** What pictures of a data set are told apart by: all labels in any of its files, sorted. Read when they are needed. */
export class Labels {
  readonly #files: RecordFile[] = [];
  #all: Promise<readonly string[]> | undefined;

  add(file: RecordFile): void {
    this.#files.push(file);
  }

  all(signal: AbortSignal | undefined): Promise<readonly string[]> {
    this.#all ??= this.#read(signal).catch((error: unknown) => {
      // The next request may have more patience.
      this.#all = undefined;
      throw error;
    });
    return this.#all;
  }

  async #read(signal: AbortSignal | undefined): Promise<readonly string[]> {
    const labels = new Set<string>();
    for (const file of this.#files) {
      for await (const item of file.items({ signal, only: 'label' })) {
        signal?.throwIfAborted();
        const label = 'fields' in item ? textOrWhole(item.fields['label']) : undefined;
        if (label !== undefined) labels.add(label);
      }
    }
    return [...labels].sort();
  }
}
