/**
 * Exact conversions between the float types of source tensors, and checks of their values. Rounding conversions and
 * quantisation are the addon's. Little-endian machines only, as all that Node runs on in practice.
 */
import { makeError } from '../errors.js';
import { FLOAT_BYTES, type FloatType } from './checkpoint.js';
import type { Axis, StridedView } from './tensor-names.js';

type Words = Uint16Array | Uint32Array;

/** `bytes` as whole numbers of the size of a float type. The buffers here are aligned: they are allocated as whole. */
function words(bytes: Uint8Array, type: FloatType): Words {
  return FLOAT_BYTES[type] === 4
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

let halves: Float32Array | undefined;

/** All 65536 half-precision values. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(65_536);
  for (let h = 0; h < 65_536; h++) {
    const exponent = (h >> 10) & 0x1f;
    const fraction = h & 0x3ff;
    const sign = h & 0x8000 ? -1 : 1;
    if (exponent === 0) halves[h] = sign * fraction * 2 ** -24;
    else if (exponent === 31) halves[h] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else halves[h] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halves;
}

/** Exact: every f16 and bf16 number is an f32 number. `target` has as many elements as `bytes` holds. */
export function toFloat32(bytes: Uint8Array, type: FloatType, target: Float32Array): void {
  const source = words(bytes, type);
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  if (type === 'f32') {
    bits.set(source);
  } else if (type === 'bf16') {
    for (let i = 0; i < source.length; i++) bits[i] = (source[i] as number) << 16;
  } else {
    const table = halfTable();
    for (let i = 0; i < source.length; i++) target[i] = table[source[i] as number] as number;
  }
}

const EXPONENT: Readonly<Record<FloatType, number>> = {
  f32: 0x7f800000,
  f16: 0x7c00,
  bf16: 0x7f80,
};

/** Index of the first NaN or infinity, or -1. */
export function findNonFinite(bytes: Uint8Array, type: FloatType): number {
  const source = words(bytes, type);
  const mask = EXPONENT[type];
  for (let i = 0; i < source.length; i++) {
    if (((source[i] as number) & mask) === mask) return i;
  }
  return -1;
}

export function assertFinite(
  bytes: Uint8Array,
  type: FloatType,
  name: string,
  first: number,
): void {
  const at = findNonFinite(bytes, type);
  if (at < 0) return;
  throw makeError('ERR_MODEL_CORRUPT', `${name} holds NaN or infinity at element ${first + at}`, {
    name,
    found: 'NaN or infinity',
    expected: 'finite numbers',
    hint: 'the checkpoint is damaged, or its training diverged',
  });
}

/** Offsets, in elements, that the axes of a view run through. */
function offsets(axes: readonly Axis[]): Float64Array {
  let result = new Float64Array(1);
  for (const [size, stride] of axes) {
    const next = new Float64Array(result.length * size);
    for (let i = 0; i < next.length; i++) {
      next[i] = (result[Math.floor(i / size)] as number) + (i % size) * stride;
    }
    result = next;
  }
  return result;
}

/** Rows taken at a time: neighbours in memory for a transposition, so that a cache line is used whole. */
const BLOCK = 32;

/** Copies rows of a strided view of `source` into `target`, whose rows are `targetColumns` elements long. */
export class Gather {
  private readonly rowOffsets: Float64Array;
  private readonly columnOffsets: Float64Array;

  constructor(
    private readonly source: Uint8Array,
    private readonly type: FloatType,
    view: StridedView,
  ) {
    this.rowOffsets = offsets(view.rows);
    this.columnOffsets = offsets(view.columns);
  }

  rows(first: number, count: number, target: Uint8Array, targetColumns: number): void {
    const from = words(this.source, this.type);
    const to = words(target, this.type);
    const { rowOffsets, columnOffsets } = this;
    for (let block = 0; block < count; block += BLOCK) {
      const end = Math.min(block + BLOCK, count);
      for (let c = 0; c < columnOffsets.length; c++) {
        const column = columnOffsets[c] as number;
        for (let r = block; r < end; r++) {
          to[r * targetColumns + c] = from[(rowOffsets[first + r] as number) + column] as number;
        }
      }
    }
  }
}
