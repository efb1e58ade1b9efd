/** Parquet, as Hugging Face's `datasets` writes it; pictures may be in it. Read a group of rows at a time. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import { makeError, PaliGemmaError } from '../errors.js';
import { importPeer } from '../load-peer.js';
import { showPath, showThrown } from '../options/show.js';
import { badRow, unreadable } from './faults.js';
import { type Chunk, checkPages } from './parquet-pages.js';
import type { ItemsOptions, RecordFile } from './records.js';
import { type Fields, textOrWhole } from './values.js';

const loadHyparquet = () => importPeer('hyparquet', () => import('hyparquet'));
type Hyparquet = Awaited<ReturnType<typeof loadHyparquet>>;
type FileMetaData = Awaited<ReturnType<Hyparquet['parquetMetadataAsync']>>;
type AsyncBuffer = Parameters<Hyparquet['parquetMetadataAsync']>[0];

const AT_ONCE_BYTES = 8_000_000;

/** Node has it from 22.15 on. */
const zstd = (
  zlib as { readonly zstdDecompressSync?: (bytes: Uint8Array, options: object) => Uint8Array }
).zstdDecompressSync;

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;
const atMost =
  (decompress: Decompress) =>
  (bytes: Uint8Array, size: number): Uint8Array =>
    decompress(bytes, { maxOutputLength: Math.max(1, size) });

/** By name, as Parquet has them. Snappy, which most files are compressed with, is part of hyparquet. */
const COMPRESSORS = {
  GZIP: atMost(zlib.gunzipSync),
  BROTLI: atMost(zlib.brotliDecompressSync),
  ...(zstd && { ZSTD: atMost(zstd) }),
};
const READABLE = ['UNCOMPRESSED', 'SNAPPY', ...Object.keys(COMPRESSORS)];

/** `atOnce`: bytes that are decoded at once, where pages allow it. */
export function parquetRecords(
  file: string,
  split: string | undefined,
  atOnce = AT_ONCE_BYTES,
): RecordFile {
  return {
    ...{ file, split, content: () => createReadStream(file) },
    async *items(options) {
      const handle = await open(file).catch((cause: unknown) => {
        throw unreadable(file, cause);
      });
      try {
        let row = 0;
        for await (const record of records(handle, file, { ...options, atOnce })) {
          yield { place: { file, entry: `rows[${row++}]` }, fields: record };
        }
      } finally {
        await handle.close();
      }
    },
  };
}

async function* records(
  handle: FileHandle,
  file: string,
  { signal, only, atOnce }: ItemsOptions & { readonly atOnce: number },
): AsyncGenerator<Fields, void> {
  const { parquetMetadataAsync, parquetReadObjects } = await loadHyparquet();
  const buffer = await bufferOf(handle);
  const { metadata, labels, leaves, batches } = await parquetMetadataAsync(buffer)
    .then((read) => layoutOf(read, { file, bytes: buffer.byteLength, atOnce }))
    .catch((cause: unknown) => {
      throw cause instanceof PaliGemmaError ? cause : noParquet(file, showThrown(cause), cause);
    });
  if (only !== undefined && !leaves.includes(only)) return;
  let start = 0;
  for (const { rowStart, rowEnd, isPaged, chunks } of batches) {
    signal?.throwIfAborted();
    const place = { file, entry: `rows[${rowStart}] to rows[${rowEnd - 1}]` };
    const damaged = (cause: unknown): never => {
      throw badRow(place, 'the group of rows', showThrown(cause), 'Parquet', cause);
    };
    for (const chunk of chunks) await checkPages(chunk, buffer.slice).catch(damaged);
    const read = await parquetReadObjects({
      ...{
        file: buffer,
        metadata,
        compressors: COMPRESSORS,
        rowStart,
        rowEnd,
        useOffsetIndex: isPaged,
      },
      // Bytes of pictures are no text.
      ...{ utf8: false, ...(only !== undefined && { columns: [only] }) },
    }).catch(damaged);
    start = rowEnd;
    for (const record of read) yield fieldsOf(record, labels);
  }
  if (BigInt(start) !== metadata.num_rows) {
    throw noParquet(file, `of ${metadata.num_rows} rows, and has ${start}`);
  }
}

/** What is needed of the metadata, once they are known to be whole. */
function layoutOf(
  metadata: FileMetaData,
  {
    file,
    bytes,
    atOnce,
  }: { readonly file: string; readonly bytes: number; readonly atOnce: number },
) {
  const leaves = leavesOf(metadata);
  checkLayout(metadata, leaves, file);
  checkCodecs(metadata, file);
  const batches = [...batchesOf(metadata, atOnce)];
  for (const { rowStart, rowEnd, chunks } of batches) {
    const isWhole = chunks.every(
      ({ begin, end, values }) => begin >= 0 && end <= bytes && values >= rowEnd - rowStart,
    );
    if (!isWhole) throw noParquet(file, `rows[${rowStart}] are not in it`);
  }
  return { metadata, leaves, batches, labels: labelNames(metadata) };
}

function checkCodecs({ row_groups: groups }: FileMetaData, file: string): void {
  for (const { columns } of groups) {
    for (const { meta_data: { codec = 'UNCOMPRESSED' } = {} } of columns) {
      if (READABLE.includes(codec)) continue;
      const way = 'write it again with compression="snappy"';
      throw makeError(
        'ERR_DATASET',
        `${showPath(file)} is compressed with ${codec}, expected ${READABLE.join(', ')}`,
        {
          ...{ name: file, found: codec, expected: READABLE.join(', ') },
          hint: codec === 'ZSTD' ? `run Node 22.15 or newer, or ${way}` : way,
        },
      );
    }
  }
}

function noParquet(file: string, found: string, cause?: unknown): Error {
  return makeError('ERR_DATASET', `${showPath(file)} is no Parquet: ${found}`, {
    ...{ name: file, found, expected: 'a Parquet file', cause },
  });
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await handle.stat();
  const read = async (begin: number, end: number): Promise<ArrayBuffer> => {
    const from = Math.max(0, begin);
    const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - from));
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.buffer;
  };
  return {
    byteLength,
    slice(begin, end = byteLength) {
      const bytes = read(begin, end);
      // hyparquet does not wait for every part that it asks for when another one fails.
      bytes.catch(() => {});
      return bytes;
    },
  };
}

/** Paths of the columns that hold values, as `schema` lists them: parents before what is in them. */
function leavesOf({ schema: [root, ...elements] }: FileMetaData): string[] {
  const paths: string[] = [];
  const open: { readonly path: string; left: number }[] = [
    { path: '', left: root?.num_children ?? 0 },
  ];
  for (const { name, num_children: children = 0 } of elements) {
    while (open.at(-1)?.left === 0) open.pop();
    const parent = open.at(-1);
    if (parent === undefined) break;
    parent.left--;
    const path = parent.path === '' ? name : `${parent.path}.${name}`;
    if (children > 0) open.push({ path, left: children });
    else paths.push(path);
  }
  return paths;
}

/** hyparquet takes these for granted, and would leave a failure in a part that it has lost unhandled. */
function checkLayout(metadata: FileMetaData, leaves: readonly string[], file: string): void {
  if (new Set(leaves).size < leaves.length) throw noParquet(file, 'two columns have one name');
  for (const [i, { columns }] of metadata.row_groups.entries()) {
    const paths = columns.map(({ meta_data: data }) => data?.path_in_schema.join('.'));
    if (paths.length === leaves.length && paths.every((path, k) => path === leaves[k])) continue;
    throw noParquet(file, `the columns of row group ${i} are not those of the schema`);
  }
}

interface Batch {
  readonly rowStart: number;
  readonly rowEnd: number;
  /** Whether the file says where the pages of these rows are, so that others are not decoded. */
  readonly isPaged: boolean;
  /** Columns of a group that no batch before has read. */
  readonly chunks: readonly Chunk[];
}

function chunkOf({
  meta_data: data,
}: FileMetaData['row_groups'][number]['columns'][number]): Chunk {
  // As hyparquet finds it: some writers have 0 for no dictionary.
  const begin = Number(data?.dictionary_page_offset || data?.data_page_offset || 0);
  const end = begin + Number(data?.total_compressed_size ?? 0);
  return { begin, end, values: Number(data?.num_values ?? 0) };
}

function* batchesOf({ row_groups: groups }: FileMetaData, atOnce: number): Generator<Batch> {
  let begin = 0;
  for (const { columns, num_rows } of groups) {
    const end = begin + Number(num_rows);
    const isPaged = columns.every(({ offset_index_offset: at }) => at !== undefined);
    let chunks = columns.map(chunkOf);
    const size = chunks.reduce((sum, one) => sum + one.end - one.begin, 0);
    const parts = isPaged ? Math.ceil(size / atOnce) : 1;
    const step = Math.max(1, Math.ceil((end - begin) / Math.max(1, parts)));
    for (; begin < end; begin += step) {
      yield { rowStart: begin, rowEnd: Math.min(end, begin + step), isPaged, chunks };
      chunks = [];
    }
    begin = end;
  }
}

/** Names of numbers, by column, that `datasets` keeps in the file. */
function labelNames({
  key_value_metadata: pairs = [],
}: FileMetaData): ReadonlyMap<string, string[]> {
  const text = pairs.find(({ key }) => key === 'huggingface')?.value;
  const names = new Map<string, string[]>();
  try {
    const { info } = JSON.parse(text ?? '{}') as {
      readonly info?: {
        readonly features?: Readonly<Record<string, { readonly names?: unknown }>>;
      };
    };
    for (const [column, feature] of Object.entries(info?.features ?? {})) {
      if (Array.isArray(feature.names)) names.set(column, feature.names.map(String));
    }
  } catch {
    // Other tools may use the key for something else.
  }
  return names;
}

function fieldsOf(record: Fields, labels: ReadonlyMap<string, string[]>): Fields {
  const fields = Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, plain(value)] as const),
  );
  for (const [column, names] of labels) {
    // -1 is no label in `datasets`.
    const name = names[Number(textOrWhole(fields[column]) ?? Number.NaN)];
    if (name === undefined) continue;
    fields[column] = name;
    if (column === 'label') fields['labels'] ??= names;
  }
  return fields;
}

/** As it would be in JSON, with bytes as they are. Whole numbers that JSON would round are texts. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
