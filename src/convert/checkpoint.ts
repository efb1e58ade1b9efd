/**
 * What every reader of weights hands to the converter: named arrays that are read piece by piece. No format and no model
 * here.
 */
import { makeError } from '../errors.js';

/** Number types weights are stored in, and the converter computes from. */
export type FloatType = 'f32' | 'f16' | 'bf16';

export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { f32: 4, f16: 2, bf16: 2 };

export interface SourceTensor {
  readonly name: string;
  /** A FloatType, or the file's own name of a type the converter cannot use. */
  readonly dtype: string;
  /** Row-major, slowest first, as PyTorch and NumPy print it. */
  readonly shape: readonly number[];
  /** Fills `target` with the bytes from `offset` on of the tensor's row-major data. */
  read(offset: number, target: Uint8Array): Promise<void>;
}

export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /** Paths of all files it consists of. */
  readonly paths: readonly string[];
  /** Throws ERR_MODEL_CHANGED when a file changed since it was opened. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

export const QUANTISED_HINT =
  'convert from a checkpoint in 16 or 32 bits: the original, or model.dequantize() saved again; an adapter that was trained on a quantised model is merged into the 16-bit base';

/** The type of a tensor the converter has to compute with. */
export function floatTypeOf(tensor: SourceTensor): FloatType {
  if (Object.hasOwn(FLOAT_BYTES, tensor.dtype)) return tensor.dtype as FloatType;
  throw makeError(
    'ERR_MODEL_TENSOR_TYPE',
    `${tensor.name} has type ${tensor.dtype}, expected f32, f16 or bf16`,
    {
      name: tensor.name,
      found: tensor.dtype,
      expected: 'f32, f16 or bf16',
      hint: QUANTISED_HINT,
    },
  );
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** The element count, or undefined when it is not exact in a double. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const n of shape) {
    count *= n;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}
