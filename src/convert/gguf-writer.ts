/**
 * Writes the GGUF format, version 3: keys and the table of tensors first, then the data, which may come in pieces. What
 * the keys mean is not known here (metadata.ts).
 *
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import type { OutputFile } from './output-file.js';

export const ALIGNMENT = 32;

const MAGIC = 0x46554747; // "GGUF", little-endian
const VERSION = 3;
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

export interface GgufTensorEntry {
  readonly name: string;
  /** Row-major; written the other way round, as the format wants. */
  readonly shape: readonly number[];
  /** ggml_type. */
  readonly typeId: number;
  readonly bytes: number;
}

/** Collects keys, in order. */
export class GgufKeys {
  private readonly out = new ByteWriter();
  private count = 0;

  u32(key: string, value: number): void {
    this.key(key, TYPE.u32).u32(value);
  }

  f32(key: string, value: number): void {
    this.key(key, TYPE.f32).f32(value);
  }

  bool(key: string, value: boolean): void {
    this.key(key, TYPE.bool).u8(value ? 1 : 0);
  }

  string(key: string, value: string): void {
    this.key(key, TYPE.string).string(value);
  }

  strings(key: string, values: readonly string[]): void {
    this.array(key, TYPE.string, values.length);
    for (const value of values) this.out.string(value);
  }

  f32s(key: string, values: ArrayLike<number>): void {
    this.array(key, TYPE.f32, values.length);
    for (let i = 0; i < values.length; i++) this.out.f32(values[i] as number);
  }

  i32s(key: string, values: ArrayLike<number>): void {
    this.array(key, TYPE.i32, values.length);
    for (let i = 0; i < values.length; i++) this.out.i32(values[i] as number);
  }

  /** Magic, counts, keys and table, padded to where the data begins. */
  header(tensors: readonly GgufTensorEntry[]): Uint8Array {
    const head = new ByteWriter();
    head.u32(MAGIC);
    head.u32(VERSION);
    head.u64(tensors.length);
    head.u64(this.count);
    head.bytes(this.out.done());
    let offset = 0;
    for (const tensor of tensors) {
      head.string(tensor.name);
      head.u32(tensor.shape.length);
      for (const size of [...tensor.shape].reverse()) head.u64(size);
      head.u32(tensor.typeId);
      head.u64(offset);
      offset += aligned(tensor.bytes);
    }
    head.bytes(new Uint8Array(aligned(head.length) - head.length));
    return head.done();
  }

  private key(key: string, type: number): ByteWriter {
    this.count++;
    this.out.string(key);
    this.out.u32(type);
    return this.out;
  }

  private array(key: string, elementType: number, length: number): void {
    this.key(key, TYPE.array).u32(elementType);
    this.out.u64(length);
  }
}

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Writes header and data one after the other. */
export class GgufWriter {
  private position = 0;
  private index = -1;
  private end = 0;

  constructor(
    private readonly output: OutputFile,
    private readonly tensors: readonly GgufTensorEntry[],
  ) {}

  /** Bytes written so far. */
  get written(): number {
    return this.position;
  }

  async begin(header: Uint8Array): Promise<void> {
    await this.append(header);
    this.end = this.position;
  }

  /** Starts the next tensor of the table. */
  async next(): Promise<void> {
    await this.finishTensor();
    this.index++;
    this.end = this.position + (this.tensors[this.index]?.bytes ?? 0);
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.index >= 0 && this.position + bytes.length > this.end) {
      throw new Error(`${this.tensors[this.index]?.name}: more data than the table says`);
    }
    await this.output.write(bytes, this.position);
    this.position += bytes.length;
  }

  async finish(): Promise<void> {
    await this.finishTensor();
    if (this.index + 1 !== this.tensors.length) throw new Error('not all tensors were written');
  }

  /** Pads after every tensor, the last one too: ggml's reader counts padded sizes. */
  private async finishTensor(): Promise<void> {
    if (this.position !== this.end) {
      throw new Error(`${this.tensors[this.index]?.name}: less data than the table says`);
    }
    const padding = aligned(this.position) - this.position;
    if (padding > 0) {
      await this.output.write(new Uint8Array(padding), this.position);
      this.position += padding;
    }
  }
}

/** A growing little-endian buffer. */
class ByteWriter {
  private buffer = Buffer.allocUnsafe(1 << 16);
  length = 0;

  private room(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    if (this.length > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.length, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    return at;
  }

  u8(value: number): void {
    const at = this.room(1);
    this.buffer.writeUInt8(value, at);
  }

  u32(value: number): void {
    const at = this.room(4);
    this.buffer.writeUInt32LE(value, at);
  }

  i32(value: number): void {
    const at = this.room(4);
    this.buffer.writeInt32LE(value, at);
  }

  f32(value: number): void {
    const at = this.room(4);
    this.buffer.writeFloatLE(value, at);
  }

  u64(value: number): void {
    const at = this.room(8);
    this.buffer.writeBigUInt64LE(BigInt(value), at);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    this.u64(length);
    const at = this.room(length);
    this.buffer.write(value, at, 'utf8');
  }

  bytes(value: Uint8Array): void {
    const at = this.room(value.length);
    this.buffer.set(value, at);
  }

  done(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}
