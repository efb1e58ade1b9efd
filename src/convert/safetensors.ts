/**
 * Strict reader of safetensors, one file or several. Tensor data is read by position when asked for. Which files to read
 * is weights-folder.ts's, which tensors a model needs is not known here.
 *
 * Format: https://github.com/huggingface/safetensors#format. Stricter than the format: a bounded header, and no key twice.
 */
import path from 'node:path';
import { makeError } from '../errors.js';
import { type Checkpoint, elementCount, formatShape, type SourceTensor } from './checkpoint.js';
import { describeContent, SourceFile } from './source-file.js';
import { type JsonValue, jsonTypeOf, parseJsonObject } from './strict-json.js';
import { chooseWeights, INDEX, missingShards, notRead } from './weights-folder.js';

const MAX_HEADER = 16 << 20;
const MAX_INDEX = 16 << 20;
const MAX_TENSORS = 8192;
const MAX_SHARDS = 256;
const MAX_DIMENSIONS = 8;
const MAX_NAME = 512;

const SHARD_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors$/;

/** All types of the format whose size is whole bytes, with that size; floats under our names. */
const DTYPES: ReadonlyMap<string, readonly [name: string, bytes: number]> = new Map([
  ['F32', ['f32', 4]],
  ['F16', ['f16', 2]],
  ['BF16', ['bf16', 2]],
  ['F64', ['F64', 8]],
  ['I64', ['I64', 8]],
  ['U64', ['U64', 8]],
  ['I32', ['I32', 4]],
  ['U32', ['U32', 4]],
  ['I16', ['I16', 2]],
  ['U16', ['U16', 2]],
  ['I8', ['I8', 1]],
  ['U8', ['U8', 1]],
  ['BOOL', ['BOOL', 1]],
  ['F8_E4M3', ['F8_E4M3', 1]],
  ['F8_E5M2', ['F8_E5M2', 1]],
]);

/** Opens the weights of a Hugging Face folder; `notes` gets what was chosen and what was left out. */
export async function openSafetensorsFolder(
  folder: string,
  notes: string[] = [],
): Promise<Checkpoint> {
  const choice = await chooseWeights(folder);
  notes.push(...choice.notes);
  if (choice.index !== undefined) return openIndexed(folder, choice.files, notes);
  return openFiles(new Map(choice.files.map((name) => [name, path.join(folder, name)])));
}

/** `present`: all safetensors files of the folder. */
async function openIndexed(
  folder: string,
  present: readonly string[],
  notes: string[],
): Promise<Checkpoint> {
  const weightMap = await readWeightMap(path.join(folder, INDEX));
  const shards = new Map<string, string>();
  for (const shard of weightMap.values()) {
    if (!SHARD_NAME.test(shard)) {
      throw makeError('ERR_MODEL_FORMAT', `${INDEX} names the shard ${JSON.stringify(shard)}`, {
        name: INDEX,
        found: JSON.stringify(shard),
        expected: 'plain names of .safetensors files in the same folder',
      });
    }
    shards.set(shard, path.join(folder, shard));
  }
  if (shards.size > MAX_SHARDS) throw overLimit(INDEX, 'shards', shards.size, MAX_SHARDS);
  const missing = [...shards.keys()].filter((name) => !present.includes(name)).sort();
  if (missing.length > 0) {
    throw missingShards(folder, missing, shards.size - missing.length, shards.size);
  }
  const others = present.filter((name) => !shards.has(name));
  notes.push(...notRead(others, `${INDEX} does not list ${others.length === 1 ? 'it' : 'them'}`));
  return openFiles(shards, weightMap);
}

async function readWeightMap(indexPath: string): Promise<ReadonlyMap<string, string>> {
  const file = await SourceFile.open(indexPath, 'the index of the shards');
  try {
    const json = parseJsonObject(await file.readAll(MAX_INDEX), INDEX);
    const map = json.get('weight_map');
    if (!(map instanceof Map)) {
      throw makeError('ERR_MODEL_FORMAT', `${INDEX}: weight_map is ${jsonTypeOf(map)}`, {
        name: 'weight_map',
        found: jsonTypeOf(map),
        expected: 'an object from tensor names to file names',
      });
    }
    const result = new Map<string, string>();
    for (const [name, shard] of map) {
      if (typeof shard !== 'string') {
        throw makeError('ERR_MODEL_FORMAT', `${INDEX}: the shard of ${name} is no string`, {
          name,
          found: jsonTypeOf(shard),
          expected: 'a file name',
        });
      }
      result.set(name, shard);
    }
    return result;
  } finally {
    await file.close();
  }
}

/** `weightMap`, when there is one, must say the same as the files. */
async function openFiles(
  shards: ReadonlyMap<string, string>,
  weightMap?: ReadonlyMap<string, string>,
): Promise<Checkpoint> {
  const files: SourceFile[] = [];
  const close = async () => {
    await Promise.all(files.map((f) => f.close()));
  };
  try {
    const tensors = new Map<string, SourceTensor>();
    for (const [shard, shardPath] of shards) {
      const file = await SourceFile.open(shardPath, 'the weights');
      files.push(file);
      for (const tensor of await readHeader(file)) {
        const owner = weightMap?.get(tensor.name) ?? shard;
        if (tensors.has(tensor.name) || owner !== shard) {
          throw makeError('ERR_MODEL_FORMAT', `${tensor.name} is in ${shard}`, {
            name: tensor.name,
            found: shard,
            expected: `it only in ${owner}`,
          });
        }
        if (weightMap && !weightMap.has(tensor.name)) {
          throw makeError('ERR_MODEL_FORMAT', `${tensor.name} of ${shard} is not in ${INDEX}`, {
            name: tensor.name,
            found: 'no entry',
            expected: `an entry in ${INDEX}`,
          });
        }
        tensors.set(tensor.name, tensor);
      }
    }
    for (const [name, shard] of weightMap ?? []) {
      if (tensors.has(name)) continue;
      throw makeError('ERR_MODEL_TENSOR_MISSING', `${name} is not in ${shard}`, {
        name,
        found: 'no such tensor',
        expected: `it in ${shard}, as ${INDEX} says`,
      });
    }
    return {
      tensors,
      paths: files.map((f) => f.path),
      assertUnchanged: async () => {
        for (const file of files) await file.assertUnchanged();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Header and table of one file; exported for tests. */
export async function readHeader(file: SourceFile): Promise<SourceTensor[]> {
  const name = path.basename(file.path);
  const head = new Uint8Array(Math.min(file.size, 64));
  await file.read(0, head);
  if (file.size < 10) throw truncated(name, file.size, 10);
  const length = new DataView(head.buffer).getBigUint64(0, true);
  if (head[8] !== 0x7b || length < 2n) {
    throw makeError(
      'ERR_MODEL_FORMAT',
      `${name} is ${describeContent(head)}, no safetensors file`,
      {
        name,
        found: describeContent(head),
        expected: 'a header length and a JSON object',
      },
    );
  }
  if (length > BigInt(MAX_HEADER)) throw overLimit(name, 'header bytes', length, MAX_HEADER);
  const start = 8 + Number(length);
  if (start > file.size) throw truncated(name, file.size, start);
  const header = new Uint8Array(Number(length));
  await file.read(8, header);
  const entries = [...parseJsonObject(header, `header of ${name}`)].filter(
    ([key]) => key !== '__metadata__',
  );
  if (entries.length > MAX_TENSORS) throw overLimit(name, 'tensors', entries.length, MAX_TENSORS);
  const table = entries.map(([key, value]) => tableEntry(name, key, value));
  checkRanges(name, table, file.size - start);
  return table.map(({ key, dtype, shape, begin }) => ({
    name: key,
    dtype,
    shape,
    read: (offset, target) => file.read(start + begin + offset, target),
  }));
}

interface TableEntry {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function tableEntry(file: string, key: string, value: JsonValue): TableEntry {
  const bad = (what: string, found: string, expected: string) =>
    makeError('ERR_MODEL_FORMAT', `${file}: ${what} of ${key} is ${found}, expected ${expected}`, {
      name: key,
      found,
      expected,
    });
  if (key.length === 0 || key.length > MAX_NAME) {
    throw bad('the name', `${key.length} characters long`, `1 to ${MAX_NAME} characters`);
  }
  if (!(value instanceof Map)) throw bad('the entry', jsonTypeOf(value), 'an object');
  const unknown = [...value.keys()].find((k) => !['dtype', 'shape', 'data_offsets'].includes(k));
  if (unknown !== undefined) {
    throw bad('the entry', `with the key ${unknown}`, 'dtype, shape and data_offsets only');
  }
  const dtype = value.get('dtype');
  const type = typeof dtype === 'string' ? DTYPES.get(dtype) : undefined;
  if (!type) throw bad('dtype', jsonTypeOf(dtype), [...DTYPES.keys()].join(', '));
  const shape = value.get('shape');
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS) {
    throw bad('shape', jsonTypeOf(shape), `at most ${MAX_DIMENSIONS} whole numbers`);
  }
  const offsets = value.get('data_offsets');
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw bad('data_offsets', jsonTypeOf(offsets), 'two whole numbers');
  }
  const [begin, end] = offsets as [number, number];
  const count = elementCount(shape);
  if (count === undefined || !Number.isSafeInteger(count * type[1])) {
    throw bad('shape', formatShape(shape), 'a size that can exist');
  }
  if (end - begin !== count * type[1]) {
    throw bad(
      'data_offsets',
      `${end - begin} bytes`,
      `${count * type[1]} bytes for ${formatShape(shape)} of ${dtype}`,
    );
  }
  return { key, dtype: type[0], shape, begin, end };
}

function isSizes(value: JsonValue | undefined): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}

/** The ranges must cover the data section exactly: no hole, no overlap, no byte left over. */
function checkRanges(file: string, table: readonly TableEntry[], dataBytes: number): void {
  let at = 0;
  for (const { key, begin, end } of [...table].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      throw makeError(
        'ERR_MODEL_CORRUPT',
        `${file}: ${key} begins at byte ${begin}, expected ${at}: the ranges ${begin < at ? 'overlap' : 'leave a hole'}`,
        { name: key, found: String(begin), expected: String(at) },
      );
    }
    at = end;
  }
  if (at > dataBytes) throw truncated(file, dataBytes, at);
  if (at < dataBytes) {
    throw makeError(
      'ERR_MODEL_CORRUPT',
      `${file} has ${dataBytes - at} bytes after its last tensor`,
      {
        name: file,
        found: `${dataBytes} bytes of data`,
        expected: `${at} bytes of data`,
      },
    );
  }
}

function truncated(file: string, found: number, expected: number): Error {
  return makeError('ERR_MODEL_TRUNCATED', `${file} is cut off: ${found} of ${expected} bytes`, {
    name: file,
    found: `${found} bytes`,
    expected: `${expected} bytes`,
    hint: 'the copy or download is not complete',
  });
}

function overLimit(file: string, what: string, found: number | bigint, limit: number): Error {
  return makeError('ERR_MODEL_LIMIT', `${file} has ${found} ${what}, expected at most ${limit}`, {
    name: file,
    found: String(found),
    expected: `at most ${limit}`,
  });
}
