/** A small GGUF reader for tests of the converter, written apart from its writer. Reads whole files into memory. */
import { readFileSync } from 'node:fs';

export interface GgufTensor {
  /** As stored: fastest first. */
  readonly shape: readonly number[];
  /** ggml_type. */
  readonly typeId: number;
  readonly offset: number;
  /** From here to the next tensor, or to the end of the file: with padding. */
  readonly padded: Buffer;
}

export interface Gguf {
  readonly version: number;
  readonly keys: ReadonlyMap<string, unknown>;
  readonly keyTypes: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly fileBytes: number;
}

const TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
];

export function readGguf(file: string): Gguf {
  const bytes = readFileSync(file);
  let at = 0;
  const skip = (length: number) => {
    at += length;
    return at - length;
  };
  const u32 = () => bytes.readUInt32LE(skip(4));
  const u64 = () => Number(bytes.readBigUInt64LE(skip(8)));
  const string = () => {
    const length = u64();
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const value = (type: string): unknown => {
    if (type === 'u32') return u32();
    if (type === 'i32') return bytes.readInt32LE(skip(4));
    if (type === 'f32') return bytes.readFloatLE(skip(4));
    if (type === 'bool') return bytes.readUInt8(at++) === 1;
    if (type === 'string') return string();
    throw new Error(`the converter writes no ${type}`);
  };
  if (bytes.toString('latin1', 0, 4) !== 'GGUF') throw new Error(`${file} is no GGUF`);
  at = 4;
  const version = u32();
  const tensorCount = u64();
  const keyCount = u64();
  const keys = new Map<string, unknown>();
  const keyTypes = new Map<string, string>();
  for (let i = 0; i < keyCount; i++) {
    const key = string();
    if (keys.has(key)) throw new Error(`${key} comes twice`);
    let type = TYPES[u32()] as string;
    if (type === 'array') {
      const element = TYPES[u32()] as string;
      const length = u64();
      keys.set(
        key,
        Array.from({ length }, () => value(element)),
      );
      type = `${element}[]`;
    } else {
      keys.set(key, value(type));
    }
    keyTypes.set(key, type);
  }
  const entries = Array.from({ length: tensorCount }, () => {
    const name = string();
    const shape = Array.from({ length: u32() }, u64);
    return { name, shape, typeId: u32(), offset: u64() };
  });
  const data = Math.ceil(at / 32) * 32;
  const tensors = new Map<string, GgufTensor>();
  for (const [i, { name, ...entry }] of entries.entries()) {
    const end = entries[i + 1]?.offset ?? bytes.length - data;
    if (tensors.has(name)) throw new Error(`${name} comes twice`);
    tensors.set(name, { ...entry, padded: bytes.subarray(data + entry.offset, data + end) });
  }
  return { version, keys, keyTypes, tensors, fileBytes: bytes.length };
}

/** The numbers of an f32 tensor. */
export function f32Of(gguf: Gguf, name: string): Float32Array {
  const tensor = gguf.tensors.get(name);
  if (!tensor) throw new Error(`no tensor ${name}`);
  if (tensor.typeId !== 0) throw new Error(`${name} is of type ${tensor.typeId}`);
  const count = tensor.shape.reduce((a, b) => a * b, 1);
  return new Float32Array(Uint8Array.from(tensor.padded.subarray(0, count * 4)).buffer);
}
