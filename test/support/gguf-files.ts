/** GGUF files made from others: halves of a model, other architectures, damaged copies. The reader is convert-gguf.ts. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { GgufKeys } from '../../src/convert/gguf-writer.js';
import { type Gguf, readGguf } from './convert-gguf.js';

interface GgufChange {
  /** Which keys and tensors stay. Default: all. */
  readonly keepKey?: (key: string) => boolean;
  readonly keepTensor?: (name: string) => boolean;
  /** Strings and whole numbers to set; a key that is set is not taken from the source. */
  readonly set?: Readonly<Record<string, string | number>>;
}

function copyKey(keys: GgufKeys, source: Gguf, key: string): void {
  const value = source.keys.get(key) as never;
  const type = source.keyTypes.get(key);
  if (type === 'u32') keys.u32(key, value);
  else if (type === 'f32') keys.f32(key, value);
  else if (type === 'bool') keys.bool(key, value);
  else if (type === 'string') keys.string(key, value);
  else if (type === 'string[]') keys.strings(key, value);
  else if (type === 'f32[]') keys.f32s(key, value);
  else if (type === 'i32[]') keys.i32s(key, value);
  else throw new Error(`${key} is of type ${type}`);
}

/** A copy of a GGUF with other keys or fewer tensors. Padding stays as it is. */
export function changedGguf(source: Gguf, change: GgufChange): Buffer {
  const { keepKey = () => true, keepTensor = () => true, set = {} } = change;
  const keys = new GgufKeys();
  for (const [key, value] of Object.entries(set)) {
    if (typeof value === 'string') keys.string(key, value);
    else keys.u32(key, value);
  }
  for (const key of source.keys.keys()) {
    if (keepKey(key) && !(key in set)) copyKey(keys, source, key);
  }
  const tensors = [...source.tensors].filter(([name]) => keepTensor(name));
  const header = keys.header(
    tensors.map(([name, t]) => ({
      name,
      shape: [...t.shape].reverse(),
      typeId: t.typeId,
      bytes: t.padded.length,
    })),
  );
  return Buffer.concat([header, ...tensors.map(([, t]) => t.padded)]);
}

const isVisionTensor = (name: string) => /^(v|mm)\./.test(name);
const isVisionKey = (key: string) =>
  key.startsWith('clip.') ||
  key.startsWith('paligemma.vision.') ||
  key === 'paligemma.image_token_count';

/** A model as the two files other converters make: the language model, and the vision part of architecture `clip`. */
export function splitModel(file: string, folder: string): { text: string; mmproj: string } {
  const source = readGguf(file);
  const text = path.join(folder, 'text.gguf');
  const mmproj = path.join(folder, 'mmproj.gguf');
  writeFileSync(
    text,
    changedGguf(source, {
      keepKey: (key) => !isVisionKey(key),
      keepTensor: (name) => !isVisionTensor(name),
    }),
  );
  writeFileSync(
    mmproj,
    changedGguf(source, {
      keepKey: isVisionKey,
      keepTensor: isVisionTensor,
      set: { 'general.architecture': 'clip' },
    }),
  );
  return { text, mmproj };
}

/**
 * A model in parts as llama-gguf-split makes them: all keys are in the first, which has no tensor where `emptyFirst` says so
 * (--no-tensor-first-split).
 */
export function splitParts(
  file: string,
  stem: string,
  count: number,
  emptyFirst = false,
): string[] {
  const source = readGguf(file);
  const names = [...source.tensors.keys()];
  const filled = emptyFirst ? count - 1 : count;
  const share = Math.ceil(names.length / filled);
  return Array.from({ length: count }, (_, no) => {
    const at = emptyFirst ? no - 1 : no;
    const own = new Set(at < 0 ? [] : names.slice(at * share, (at + 1) * share));
    const digits = (n: number): string => String(n).padStart(5, '0');
    const part = `${stem}-${digits(no + 1)}-of-${digits(count)}.gguf`;
    const change = {
      keepKey: () => no === 0,
      keepTensor: (name: string) => own.has(name),
      set: { 'split.no': no, 'split.count': count, 'split.tensors.count': names.length },
    };
    writeFileSync(part, changedGguf(source, change));
    return part;
  });
}

/** Where the parts of a file begin, in bytes. */
export interface GgufRegions {
  readonly vocabulary: number;
  readonly table: number;
  readonly data: number;
  readonly end: number;
}

export function regionsOf(bytes: Buffer, source: Gguf): GgufRegions {
  const padded = [...source.tensors.values()].reduce((sum, t) => sum + t.padded.length, 0);
  const firstName = [...source.tensors.keys()][0] as string;
  const name = Buffer.alloc(8 + firstName.length);
  name.writeBigUInt64LE(BigInt(firstName.length));
  name.write(firstName, 8);
  return {
    vocabulary: bytes.indexOf('tokenizer.ggml.tokens'),
    table: bytes.indexOf(name),
    data: bytes.length - padded,
    end: bytes.length,
  };
}
