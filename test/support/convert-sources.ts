/** Source checkpoints for tests of the converter: the tiny ones rewritten in other layouts, types and archives. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { readZip, writeZip, type ZipMember } from './convert-zip.js';

export const CHECKPOINTS = path.resolve(import.meta.dirname, '..', 'fixtures', 'checkpoints');
export const TINY1 = path.join(CHECKPOINTS, 'tiny-paligemma1');
export const TINY2 = path.join(CHECKPOINTS, 'tiny-paligemma2');
export const TOKENIZER_MODEL = path.join(TINY1, 'tokenizer.model');
export const TOKENIZER_JSON = path.join(TINY2, 'tokenizer.json');

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-convert-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let copies = 0;

/** A writable copy of a checkpoint folder. */
export function copyOf(source: string, folder: string): string {
  const copy = path.join(folder, `copy-${copies++}`);
  cpSync(source, copy, { recursive: true });
  return copy;
}

// --- safetensors ------------------------------------------------------------------------------------------------------

export interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Buffer;
}

export type Tensors = Map<string, Tensor>;

export function parseSafetensors(bytes: Buffer): Tensors {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const tensors: Tensors = new Map();
  for (const [name, entry] of Object.entries<Record<string, never>>(header)) {
    if (name === '__metadata__') continue;
    const [begin, end] = entry.data_offsets as unknown as [number, number];
    const data = bytes.subarray(8 + length + begin, 8 + length + end);
    tensors.set(name, {
      dtype: entry.dtype as unknown as string,
      shape: entry.shape as never,
      data,
    });
  }
  return tensors;
}

/** All tensors of a folder, whatever its shards. */
export function readFolder(folder: string): Tensors {
  const all: Tensors = new Map();
  for (const name of readdirSync(folder)
    .filter((n) => n.endsWith('.safetensors'))
    .sort()) {
    for (const [key, tensor] of parseSafetensors(readFileSync(path.join(folder, name)))) {
      all.set(key, tensor);
    }
  }
  return all;
}

export function safetensorsBytes(tensors: Tensors): Buffer {
  let offset = 0;
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    offset += data.length;
    return [name, { dtype, shape, data_offsets: [offset - data.length, offset] }] as const;
  });
  return rawSafetensors(
    JSON.stringify(Object.fromEntries(entries)),
    [...tensors.values()].map((t) => t.data),
  );
}

/** Any text as header, for files that lie. */
export function rawSafetensors(header: string, data: readonly Buffer[]): Buffer {
  const json = Buffer.from(header, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...data]);
}

/** Replaces the weights of a folder by one file. */
export function writeSingle(folder: string, tensors: Tensors): void {
  removeWeights(folder);
  writeFileSync(path.join(folder, 'model.safetensors'), safetensorsBytes(tensors));
}

/** Replaces the weights of a folder by `shards` files and their index. */
export function writeSharded(folder: string, tensors: Tensors, shards: number): void {
  removeWeights(folder);
  const weightMap: Record<string, string> = {};
  const entries = [...tensors];
  for (let i = 0; i < shards; i++) {
    const part = new Map(entries.filter((_, n) => n % shards === i));
    const name = `model-0000${i + 1}-of-0000${shards}.safetensors`;
    for (const key of part.keys()) weightMap[key] = name;
    writeFileSync(path.join(folder, name), safetensorsBytes(part));
  }
  const index = { metadata: {}, weight_map: weightMap };
  writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
}

function removeWeights(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.includes('.safetensors')) rmSync(path.join(folder, name));
  }
}

export function renamed(tensors: Tensors, rename: (name: string) => string): Tensors {
  return new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}

/** f32 tensors cut to bf16 by dropping bits: representable, and simple to undo. */
export function toBf16(tensors: Tensors): Tensors {
  return mapNumbers(tensors, 'BF16', (x, out, i) => {
    const bits = new Uint32Array(new Float32Array([x]).buffer);
    out.writeUInt16LE((bits[0] as number) >>> 16, i * 2);
  });
}

/** f32 tensors rounded to f16 by the textbook: nearest, ties to even; subnormals too. */
export function toF16(tensors: Tensors): Tensors {
  return mapNumbers(tensors, 'F16', (x, out, i) => out.writeUInt16LE(halfBits(x), i * 2));
}

function mapNumbers(
  tensors: Tensors,
  dtype: string,
  write: (x: number, out: Buffer, i: number) => void,
): Tensors {
  return new Map(
    [...tensors].map(([name, { shape, data }]) => {
      const out = Buffer.alloc(data.length / 2);
      for (let i = 0; i < data.length / 4; i++) write(data.readFloatLE(i * 4), out, i);
      return [name, { dtype, shape, data: out }];
    }),
  );
}

export function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65_520) return sign | 0x7c00;
  let exponent = Math.max(Math.floor(Math.log2(a)), -14);
  if (exponent > -14 && 2 ** exponent > a) exponent--; // log2 may round up to the next whole number
  const step = 2 ** (exponent - 10);
  const scaled = a / step;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const steps = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // Counting steps from the bottom of the binade also carries into the next exponent.
  return sign | ((exponent + 14) * 1024 + steps);
}

export function halfValue(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

// --- npz --------------------------------------------------------------------------------------------------------------

/** Members of the tiny PaliGemma 1 as big_vision saves it; the embedding comes from the safetensors (see the fixtures). */
export async function tinyNpzMembers(): Promise<ZipMember[]> {
  const members = await readZip(path.join(CHECKPOINTS, 'tiny-paligemma1-without-embedding.npz'));
  const embedding = readFolder(TINY1).get('language_model.model.embed_tokens.weight') as Tensor;
  const rows = 1792;
  const width = embedding.shape[1] as number;
  const data = embedding.data.subarray(0, rows * width * 4);
  members.push({
    name: 'params/llm/embedder/input_embedding.npy',
    data: npy('<f4', [rows, width], data),
  });
  return members;
}

export async function writeTinyNpz(file: string, deflate = false): Promise<string> {
  const members = await tinyNpzMembers();
  writeFileSync(file, writeZip(members.map((m) => ({ ...m, deflate }))));
  return file;
}

/** A .npy file, version 1.0. */
export function npy(
  descr: string,
  shape: readonly number[],
  data: Buffer,
  fortran = false,
): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const order = fortran ? 'True' : 'False';
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${sizes}), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded, 'latin1'), data]);
}

/** Shape and data of a version 1.0 .npy file. */
export function parseNpy(bytes: Buffer): { descr: string; shape: number[]; data: Buffer } {
  const start = 10 + bytes.readUInt16LE(8);
  const text = bytes.toString('latin1', 10, start);
  const descr = /'descr': '([^']+)'/.exec(text)?.[1] as string;
  const shape = (/\(([^)]*)\)/.exec(text)?.[1] ?? '')
    .split(',')
    .filter((s) => s.trim())
    .map(Number);
  return { descr, shape, data: bytes.subarray(start) };
}

/** Values that look random, repeat for a seed, and deflate well when few values are wanted. */
export function pseudoRandom(count: number, seed: number, values = 1 << 16): Buffer {
  const data = Buffer.alloc(count * 4);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data.writeFloatLE((Math.floor((state / 2 ** 32) * values) - values / 2) / values, i * 4);
  }
  return data;
}
