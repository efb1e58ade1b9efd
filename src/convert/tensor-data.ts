/**
 * Turns a tensor of the source into the bytes of the file, a chunk of rows at a time: reorders, pads, adds the norms' 1,
 * converts. A matrix that must be transposed is held whole, everything else only in chunks.
 */
import { fromNative, makeError } from '../errors.js';
import { native } from '../native/binding.js';
import type { WeightType } from '../options/closed-sets.js';
import { FLOAT_BYTES, type FloatType, floatTypeOf, type SourceTensor } from './checkpoint.js';
import { assertFinite, findNonFinite, Gather, toFloat32 } from './floats.js';
import { type PlannedTensor, storageBytes } from './storage-types.js';
import type { StridedView } from './tensor-names.js';

/** f32 bytes of one chunk: large enough to keep all cores busy while quantising, small beside a model. */
const CHUNK_BYTES = 32 << 20;

/** A planned tensor and where its elements come from. */
export interface BoundTensor {
  readonly plan: PlannedTensor;
  readonly source: SourceTensor;
  /** Elements of the source before this tensor. */
  readonly offset: number;
  readonly view?: StridedView;
}

/** Buffers that live as long as the conversion, so that chunks make no garbage of their size. */
export class ChunkBuffers {
  private readonly buffers = new Map<string, Uint8Array>();

  take(role: 'raw' | 'staged' | 'wide', bytes: number): Uint8Array {
    let buffer = this.buffers.get(role);
    if (!buffer || buffer.length < bytes) {
      buffer = new Uint8Array(Math.max(bytes, Math.min(CHUNK_BYTES, bytes * 2)));
      this.buffers.set(role, buffer);
    }
    return buffer.subarray(0, bytes);
  }
}

/** Yields the stored bytes in order. A yielded chunk is valid until the next one is asked for. */
export async function* storedChunks(
  bound: BoundTensor,
  buffers: ChunkBuffers,
): AsyncGenerator<Uint8Array> {
  const { rows, columns } = bound.plan;
  const type = floatTypeOf(bound.source);
  const reader = new RowReader(bound, type, buffers);
  await reader.prepare();
  const step = Math.max(1, Math.floor(CHUNK_BYTES / (columns * 4)));
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    const staged = await reader.rows(first, count);
    assertFinite(staged, type, bound.source.name, bound.offset + first * columns);
    yield await encode(bound.plan, staged, type, count, buffers);
  }
}

/** Reads rows of one tensor in their final order and width, in the source's type. */
class RowReader {
  private gather: Gather | undefined;
  private readonly elementBytes: number;
  private readonly sourceRows: number;
  private readonly sourceColumns: number;

  constructor(
    private readonly bound: BoundTensor,
    private readonly type: FloatType,
    private readonly buffers: ChunkBuffers,
  ) {
    const { shape } = bound.plan.spec;
    this.elementBytes = FLOAT_BYTES[type];
    this.sourceRows = shape.length === 1 ? 1 : (shape[0] as number);
    this.sourceColumns = shape.reduce((a, b) => a * b, 1) / this.sourceRows;
  }

  async prepare(): Promise<void> {
    const { view, source, offset } = this.bound;
    if (!view) return;
    const whole = new Uint8Array(this.sourceRows * this.sourceColumns * this.elementBytes);
    await source.read(offset * this.elementBytes, whole);
    this.gather = new Gather(whole, this.type, view);
  }

  async rows(first: number, count: number): Promise<Uint8Array> {
    const { columns } = this.bound.plan;
    const rowBytes = columns * this.elementBytes;
    const staged = this.buffers.take('staged', count * rowBytes);
    const present = Math.max(0, Math.min(count, this.sourceRows - first));
    const padded = columns !== this.sourceColumns || present < count;
    if (padded) staged.fill(0);
    if (present === 0) return staged;
    if (this.gather) this.gather.rows(first, present, staged, columns);
    else if (padded) await this.readPadded(first, present, staged, rowBytes);
    else await this.readPlain(first, staged);
    return staged;
  }

  private async readPlain(first: number, target: Uint8Array): Promise<void> {
    const position = this.bound.offset + first * this.sourceColumns;
    await this.bound.source.read(position * this.elementBytes, target);
  }

  private async readPadded(
    first: number,
    count: number,
    target: Uint8Array,
    rowBytes: number,
  ): Promise<void> {
    const sourceBytes = this.sourceColumns * this.elementBytes;
    const raw = this.buffers.take('raw', count * sourceBytes);
    await this.readPlain(first, raw);
    for (let r = 0; r < count; r++) {
      target.set(raw.subarray(r * sourceBytes, (r + 1) * sourceBytes), r * rowBytes);
    }
  }
}

async function encode(
  plan: PlannedTensor,
  staged: Uint8Array,
  from: FloatType,
  rows: number,
  buffers: ChunkBuffers,
): Promise<Uint8Array> {
  const isNorm = plan.spec.role === 'norm';
  if (plan.type === from && !isNorm) return staged;
  if (plan.type === 'f32') {
    const elements = rows * plan.columns;
    const wide = buffers.take('wide', elements * 4);
    const numbers = new Float32Array(wide.buffer, wide.byteOffset, elements);
    toFloat32(staged, from, numbers);
    // The norm multiplies by 1 + w; llama.cpp's convention bakes the 1 in, rounded as one f32 addition.
    if (isNorm) for (let i = 0; i < elements; i++) numbers[i] = (numbers[i] as number) + 1;
    return wide;
  }
  return quantize(plan, staged, from, rows, plan.type);
}

async function quantize(
  { spec, columns }: PlannedTensor,
  staged: Uint8Array,
  from: FloatType,
  rows: number,
  to: WeightType,
): Promise<Uint8Array> {
  const addon = native();
  let bytes: Uint8Array;
  try {
    bytes = await addon.quantize(staged, from, to, columns, rows);
  } catch (error) {
    throw fromNative(error);
  }
  const expected = storageBytes(to, rows, columns);
  if (bytes.length !== expected) {
    throw makeError(
      'ERR_ENGINE_INTERNAL',
      `${spec.name}: the addon made ${bytes.length} bytes of ${to}, expected ${expected}`,
      { name: spec.name, found: String(bytes.length), expected: String(expected) },
    );
  }
  if ((to === 'f16' || to === 'bf16') && findNonFinite(bytes, to) >= 0) {
    throw makeError('ERR_MODEL_TENSOR_TYPE', `${spec.name} has values too large for ${to}`, {
      name: spec.name,
      found: `values beyond the range of ${to}`,
      expected: 'a type that holds them',
      hint: 'convert with type bf16 or f32',
    });
  }
  return bytes;
}
