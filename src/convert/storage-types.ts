/**
 * Which number type each tensor is stored with for a wanted type, and why when it is another. The table of types is the
 * one of native/compute/weight_type.cpp.
 */
import type { WeightType } from '../options/closed-sets.js';
import type { TensorSpec } from './tensor-names.js';

export interface StorageType {
  /** ggml_type. */
  readonly id: number;
  /** Elements per block; a row must be a multiple of it. */
  readonly block: number;
  readonly blockBytes: number;
  /** general.file_type of a file that holds mostly this type (llama.cpp's LLAMA_FTYPE). */
  readonly fileType: number;
}

export const STORAGE_TYPES: Readonly<Record<WeightType, StorageType>> = {
  f32: { id: 0, block: 1, blockBytes: 4, fileType: 0 },
  f16: { id: 1, block: 1, blockBytes: 2, fileType: 1 },
  bf16: { id: 30, block: 1, blockBytes: 2, fileType: 32 },
  q8_0: { id: 8, block: 32, blockBytes: 34, fileType: 7 },
  q6_k: { id: 14, block: 256, blockBytes: 210, fileType: 18 },
  q5_k: { id: 13, block: 256, blockBytes: 176, fileType: 16 },
  q4_k: { id: 12, block: 256, blockBytes: 144, fileType: 14 },
  q4_0: { id: 2, block: 32, blockBytes: 18, fileType: 2 },
};

export interface PlannedTensor {
  readonly spec: TensorSpec;
  readonly type: WeightType;
  /** Row-major, with padding. */
  readonly shape: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
  readonly note?: string;
}

/** Bytes of `rows` rows of `columns` elements. */
export function storageBytes(type: WeightType, rows: number, columns: number): number {
  const { block, blockBytes } = STORAGE_TYPES[type];
  return rows * (columns / block) * blockBytes;
}

export function planTensor(spec: TensorSpec, wanted: WeightType): PlannedTensor {
  const shape = spec.padded ?? spec.shape;
  const columns = shape.length === 4 ? product(shape.slice(1)) : (shape.at(-1) as number);
  const rows = product(shape) / columns;
  const notes: string[] = [];
  const type = chooseType(spec, wanted, columns, notes);
  if (spec.padded) {
    notes.push(`zero-padded from [${spec.shape.join(', ')}]`);
  }
  return {
    spec,
    type,
    shape,
    rows,
    columns,
    bytes: storageBytes(type, rows, columns),
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

function chooseType(
  spec: TensorSpec,
  wanted: WeightType,
  columns: number,
  notes: string[],
): WeightType {
  if (spec.role === 'plain' || spec.role === 'norm') return 'f32';
  let type = wanted;
  // The embedding is the output matrix too; below six bits answers break first (spec, pitfall P30).
  const isBelowSixBits = storageBytes(wanted, 1, 256) * 8 < 6 * 256;
  if ((spec.role === 'embedding' || spec.role === 'head') && isBelowSixBits) {
    type = 'q6_k';
    const why =
      spec.role === 'head' ? 'it is the output matrix' : 'the embedding is also the output matrix';
    notes.push(`q6_k instead of ${wanted}: ${why}`);
  }
  for (const narrower of [type, 'q8_0', 'f16'] as const) {
    if (columns % STORAGE_TYPES[narrower].block !== 0) continue;
    if (narrower !== type) {
      notes.push(
        `${narrower} instead of ${type}: rows of ${columns} do not divide into blocks of ${STORAGE_TYPES[type].block}`,
      );
    }
    return narrower;
  }
  return 'f16';
}
