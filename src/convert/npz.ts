/**
 * Strict reader of NumPy .npz archives (zip files of .npy arrays). Stored members are read by position. Deflated ones
 * have no positions: each is inflated once, when first needed, into a temporary file beside the output, so that memory
 * stays constant. What the arrays mean is not known here.
 *
 * Formats: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html; zip64 is handled by yauzl.
 * The checksum of a deflated member is checked while it is inflated; stored members are not read a second time for it.
 */

import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Entry, ZipFile } from 'yauzl';
import { makeError, PaliGemmaError } from '../errors.js';
import { importPeer } from '../load-peer.js';
import { type Checkpoint, elementCount, formatShape, type SourceTensor } from './checkpoint.js';
import { crc32 } from './crc32.js';
import { describeContent, SourceFile } from './source-file.js';
import type { TemporaryFile } from './temporary-file.js';

const MAX_MEMBERS = 4096;
const MAX_NPY_HEADER = 65_536;
const MAX_DIMENSIONS = 8;
/** Deflate cannot expand further than about 1032 to 1 (zlib, Technical Details, "Maximum Compression Factor"). */
const MAX_EXPANSION = 1040;
const STORED = 0;
const DEFLATED = 8;

/** bfloat16 is no NumPy type: ml_dtypes arrays are written as two raw bytes. */
const DTYPES: ReadonlyMap<string, readonly [name: string, bytes: number]> = new Map([
  ['<f4', ['f32', 4]],
  ['<f2', ['f16', 2]],
  ['|V2', ['bf16', 2]],
  ['<V2', ['bf16', 2]],
  ['<f8', ['<f8', 8]],
  ['<i8', ['<i8', 8]],
  ['<i4', ['<i4', 4]],
  ['|u1', ['|u1', 1]],
  ['|i1', ['|i1', 1]],
  ['|b1', ['|b1', 1]],
]);

interface Npy {
  readonly dtype: string;
  readonly itemBytes: number;
  readonly shape: readonly number[];
  /** Bytes before the data. */
  readonly dataStart: number;
}

/**
 * Opens an archive; `temporary` takes the inflated members and must outlive the checkpoint. `select` gets the names of all
 * arrays and says which are wanted; the others are not looked at, whatever is in them.
 */
export async function openNpz(
  file: string,
  temporary: TemporaryFile,
  select: (names: readonly string[]) => (name: string) => boolean = () => () => true,
): Promise<Checkpoint> {
  const source = await SourceFile.open(file, 'the archive');
  try {
    const archive = await openZip(source);
    const tensors = new Map<string, SourceTensor>();
    const entries = await listMembers(source, archive);
    const wanted = select(entries.map(arrayName));
    for (const entry of entries) {
      const name = arrayName(entry);
      if (!wanted(name)) continue;
      const member = new Member(source, archive, entry, name, temporary);
      tensors.set(name, await member.tensor());
    }
    return {
      tensors,
      paths: [source.path],
      assertUnchanged: () => source.assertUnchanged(),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function arrayName(entry: Entry): string {
  return entry.fileName.slice(0, -'.npy'.length);
}

async function openZip(source: SourceFile): Promise<ZipFile> {
  // Loaded only here: few programs read archives.
  const { fromFdPromise } = await importPeer('yauzl', () => import('yauzl'));
  try {
    // autoClose off and no close(): the descriptor stays ours.
    return await fromFdPromise(source.fd, { autoClose: false, strictFileNames: true });
  } catch (cause) {
    const head = new Uint8Array(Math.min(source.size, 64));
    await source.read(0, head);
    const isZip = head[0] === 0x50 && head[1] === 0x4b;
    throw makeError(
      isZip ? 'ERR_MODEL_TRUNCATED' : 'ERR_MODEL_FORMAT',
      `${source.path} is no complete .npz archive: ${(cause as Error).message}`,
      {
        name: source.path,
        found: isZip ? 'the beginning of a zip archive' : describeContent(head),
        expected: 'a whole zip archive',
        cause,
      },
    );
  }
}

async function listMembers(source: SourceFile, archive: ZipFile): Promise<Entry[]> {
  if (archive.entryCount > MAX_MEMBERS) {
    throw makeError(
      'ERR_MODEL_LIMIT',
      `${source.path} has ${archive.entryCount} members, expected at most ${MAX_MEMBERS}`,
      { name: source.path, found: String(archive.entryCount), expected: `at most ${MAX_MEMBERS}` },
    );
  }
  const entries: Entry[] = [];
  const names = new Set<string>();
  try {
    for await (const entry of archive.eachEntry()) {
      const name = entry.fileName;
      if (!name.endsWith('.npy')) {
        throw badMember(source, name, 'another kind of file', 'only .npy members');
      }
      if (names.has(name)) throw badMember(source, name, 'there twice', 'every name once');
      if (entry.isEncrypted()) throw badMember(source, name, 'encrypted', 'no encryption');
      const method = entry.compressionMethod;
      if (method !== STORED && method !== DEFLATED) {
        throw badMember(source, name, `compressed by method ${method}`, 'stored or deflated');
      }
      if (entry.uncompressedSize > (entry.compressedSize + 64) * MAX_EXPANSION) {
        const found = `${entry.compressedSize} bytes that claim to be ${entry.uncompressedSize}`;
        throw badMember(source, name, found, 'a size that deflate can reach');
      }
      names.add(name);
      entries.push(entry);
    }
  } catch (error) {
    throw zipError(source, 'the list of members', error);
  }
  return entries;
}

function badMember(source: SourceFile, member: string, found: string, expected: string): Error {
  return makeError(
    'ERR_MODEL_FORMAT',
    `${path.basename(source.path)}: ${member} is ${found}, expected ${expected}`,
    { name: member, found, expected },
  );
}

/** Our own errors pass; what yauzl and zlib say gets a class. */
function zipError(source: SourceFile, what: string, cause: unknown): Error {
  if (cause instanceof PaliGemmaError) return cause;
  return makeError(
    'ERR_MODEL_CORRUPT',
    `${path.basename(source.path)}: ${what} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
    { name: what, cause },
  );
}

/** One array of an archive. */
class Member {
  private inflated: Promise<number> | undefined;

  constructor(
    private readonly source: SourceFile,
    private readonly archive: ZipFile,
    private readonly entry: Entry,
    private readonly name: string,
    private readonly temporary: TemporaryFile,
  ) {}

  async tensor(): Promise<SourceTensor> {
    try {
      const { fileDataStart } = await this.archive.readLocalFileHeaderPromise(this.entry, {
        minimal: true,
      });
      const npy = parseNpyHeader(this.source, this.name, await this.head(fileDataStart));
      this.checkSize(npy);
      const start = this.entry.compressionMethod === STORED ? fileDataStart : undefined;
      return {
        name: this.name,
        dtype: npy.dtype,
        shape: npy.shape,
        read: async (offset, target) => {
          if (start !== undefined) {
            return this.source.read(start + npy.dataStart + offset, target);
          }
          this.inflated ??= this.inflate();
          await this.temporary.read((await this.inflated) + npy.dataStart + offset, target);
        },
      };
    } catch (error) {
      throw zipError(this.source, this.name, error);
    }
  }

  private checkSize(npy: Npy): void {
    const count = elementCount(npy.shape);
    const expected = count === undefined ? undefined : npy.dataStart + count * npy.itemBytes;
    if (expected === this.entry.uncompressedSize) return;
    throw makeError(
      'ERR_MODEL_CORRUPT',
      `${this.name} has ${this.entry.uncompressedSize} bytes, expected ${expected ?? 'fewer'} for ${formatShape(npy.shape)} of ${npy.dtype}`,
      {
        name: this.name,
        found: `${this.entry.uncompressedSize} bytes`,
        expected: `${expected ?? 'fewer'} bytes`,
      },
    );
  }

  /** The first bytes of the array file: enough for its header, if it is one. */
  private async head(fileDataStart: number): Promise<Uint8Array> {
    const wanted = Math.min(this.entry.uncompressedSize, MAX_NPY_HEADER);
    if (this.entry.compressionMethod === STORED) {
      const head = new Uint8Array(wanted);
      await this.source.read(fileDataStart, head);
      return head;
    }
    const stream = await this.archive.openReadStreamPromise(this.entry);
    const chunks: Buffer[] = [];
    let bytes = 0;
    await consume(stream, async (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      return bytes < wanted;
    });
    return Buffer.concat(chunks);
  }

  /** Returns where in the temporary file the member begins. */
  private async inflate(): Promise<number> {
    try {
      const begin = this.temporary.size;
      const stream = await this.archive.openReadStreamPromise(this.entry);
      let checksum = 0;
      await consume(stream, async (chunk) => {
        checksum = crc32(chunk, checksum);
        await this.temporary.append(chunk);
        return true;
      });
      if (checksum !== this.entry.crc32) {
        throw makeError('ERR_MODEL_CORRUPT', `${this.name} has a wrong checksum`, {
          name: this.name,
          found: checksum.toString(16),
          expected: this.entry.crc32.toString(16),
          hint: 'the copy or download is damaged',
        });
      }
      return begin;
    } catch (error) {
      throw zipError(this.source, this.name, error);
    }
  }
}

/** Hands chunks on, one after the other, until the end or until `take` answers false. */
async function consume(stream: Readable, take: (chunk: Buffer) => Promise<boolean>): Promise<void> {
  for await (const chunk of stream) {
    if (!(await take(chunk as Buffer))) break;
  }
}

const NPY_MAGIC = '\x93NUMPY';
const NPY_DICTIONARY =
  /^\{\s*'descr'\s*:\s*'([^'\\]{1,16})'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([0-9, ]*)\)\s*,?\s*\}\s*$/;

function parseNpyHeader(source: SourceFile, name: string, head: Uint8Array): Npy {
  const bad = (found: string, expected: string) => badMember(source, name, found, expected);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 12 || Buffer.from(head.subarray(0, 6)).toString('latin1') !== NPY_MAGIC) {
    throw bad(describeContent(head), 'a .npy array');
  }
  const major = head[6] as number;
  if (major < 1 || major > 3) throw bad(`.npy version ${major}`, 'version 1, 2 or 3');
  const lengthBytes = major === 1 ? 2 : 4;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = 8 + lengthBytes + length;
  if (dataStart > head.length) throw bad(`a header of ${length} bytes`, 'a complete .npy header');
  const text = Buffer.from(head.subarray(8 + lengthBytes, dataStart)).toString('latin1');
  const match = NPY_DICTIONARY.exec(text);
  if (!match) {
    throw bad(`described as ${text.trim().slice(0, 120)}`, 'descr, fortran_order and shape');
  }
  const [, descr = '', order, sizes = ''] = match;
  const dtype = DTYPES.get(descr);
  if (!dtype) {
    throw makeError('ERR_MODEL_TENSOR_TYPE', `${name} has type ${descr}`, {
      name,
      found: descr,
      expected: '<f4, <f2 or bfloat16 (|V2)',
    });
  }
  const shape = sizes
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s.length > 0)
    .map(Number);
  if (shape.length > MAX_DIMENSIONS || !shape.every((n) => Number.isSafeInteger(n))) {
    throw bad(`of shape (${sizes})`, `at most ${MAX_DIMENSIONS} whole numbers`);
  }
  if (order === 'True') {
    throw makeError('ERR_MODEL_FORMAT', `${name} is stored column by column (fortran_order)`, {
      name,
      found: 'fortran_order True',
      expected: 'fortran_order False',
      hint: 'save it again from numpy.ascontiguousarray(array)',
    });
  }
  return { dtype: dtype[0], itemBytes: dtype[1], shape, dataStart };
}
