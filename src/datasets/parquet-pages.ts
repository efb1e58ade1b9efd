/**
 * Checks the headers of pages before hyparquet decodes them: a damaged one can make it count to no end. What is in a page is
 * its own matter; damage there is an error.
 */
import { importPeer } from '../load-peer.js';

const loadColumn = () => importPeer('hyparquet', () => import('hyparquet/src/column.js'));
type PageHeader = ReturnType<Awaited<ReturnType<typeof loadColumn>>['parquetHeader']>;

/** Longer headers have statistics of values that are longer than that, which no writer keeps. */
const LONGEST = 1 << 20;

export interface Chunk {
  readonly begin: number;
  readonly end: number;
  /** With the null ones. */
  readonly values: number;
}

/** Throws an error that says what is wrong with a header of the chunk. */
export async function checkPages(
  { begin, end, values }: Chunk,
  slice: (begin: number, end: number) => ArrayBuffer | PromiseLike<ArrayBuffer>,
): Promise<void> {
  const { parquetHeader } = await loadColumn();
  let counted = 0;
  // What hyparquet leaves at the end of a chunk.
  for (let at = begin; counted < values && at < end - 1; ) {
    const reader = {
      view: new DataView(await slice(at, Math.min(end, at + LONGEST))),
      offset: 0,
    };
    const header = parquetHeader(reader);
    counted += valuesOf(header, values - counted);
    const { compressed_page_size: size } = header;
    if (!isCount(size, end - at - reader.offset)) throw wrong('compressed_page_size', size);
    if (!isCount(header.uncompressed_page_size, 2 ** 31)) {
      throw wrong('uncompressed_page_size', header.uncompressed_page_size);
    }
    at += reader.offset + size;
  }
  if (counted !== values) throw wrong('num_values', `${counted} in all, not ${values}`);
}

function valuesOf(header: PageHeader, left: number): number {
  if (header.type === 'DICTIONARY_PAGE') {
    const count = header.dictionary_page_header?.num_values;
    if (!isCount(count, 2 ** 31)) throw wrong('num_values', count);
    return 0;
  }
  const page = header.data_page_header ?? header.data_page_header_v2;
  if (!isCount(page?.num_values, left)) throw wrong('num_values', page?.num_values);
  const second = header.data_page_header_v2;
  if (second !== undefined) {
    const { compressed_page_size: size } = header;
    const { repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } =
      second;
    if (!isCount(repetition, size)) throw wrong('repetition_levels_byte_length', repetition);
    if (!isCount(definition, size - repetition)) {
      throw wrong('definition_levels_byte_length', definition);
    }
    if (!isCount(second.num_nulls, second.num_values)) throw wrong('num_nulls', second.num_nulls);
    if (!isCount(second.num_rows, second.num_values)) throw wrong('num_rows', second.num_rows);
  }
  return page?.num_values as number;
}

const isCount = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;

function wrong(name: string, value: unknown): Error {
  return new Error(`a page whose ${name} is ${String(value)}`);
}
