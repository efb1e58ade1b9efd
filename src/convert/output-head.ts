/**
 * The output matrix of a Hugging Face checkpoint. PaliGemma ties it to the embedding, so files hold one of the two, or
 * both alike; a head that was trained apart is a tensor of its own.
 */
import {
  FLOAT_BYTES,
  type FloatType,
  floatTypeOf,
  type SourceTensor,
  sameShape,
} from './checkpoint.js';
import { toFloat32 } from './floats.js';
import { EMBEDDING, LM_HEAD } from './source-names.js';

const CHUNK_NUMBERS = 1 << 20;

export interface TiedTensors {
  /** With the embedding, and with LM_HEAD only where it is a matrix of its own. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly separateHead: boolean;
}

/** Either name alone stands for both matrices. `tied`: what the settings say, by default true. */
export function fillInTied(
  tensors: ReadonlyMap<string, SourceTensor>,
  tied: boolean,
  notes: string[],
): ReadonlyMap<string, SourceTensor> {
  const head = tensors.get(LM_HEAD);
  const embedding = tensors.get(EMBEDDING);
  if (embedding && !head && !tied) {
    notes.push('tie_word_embeddings is false, but there is no head: the embedding is taken for it');
  }
  // Untied and alone it is the output matrix and nothing else: the embedding is missing then, which is reported.
  if (!head || embedding || !tied) return tensors;
  notes.push(`${head.name} is the embedding too: the two are tied, and it alone is there`);
  const result = new Map(tensors);
  result.delete(LM_HEAD);
  result.set(EMBEDDING, head);
  return result;
}

/** Compares head and embedding, where both are there, in every number of the first `rows` rows, which are kept. */
export async function untied(
  tensors: ReadonlyMap<string, SourceTensor>,
  rows: number,
  notes: string[],
): Promise<TiedTensors> {
  const head = tensors.get(LM_HEAD);
  const embedding = tensors.get(EMBEDDING);
  if (!head || !embedding) return { tensors, separateHead: head !== undefined };
  if (await sameNumbers(head, embedding, rows)) {
    notes.push(`${head.name} was dropped: it equals the embedding, which is the output matrix`);
    const result = new Map(tensors);
    result.delete(LM_HEAD);
    return { tensors: result, separateHead: false };
  }
  notes.push(`${head.name} differs from ${embedding.name}: stored as an output matrix of its own`);
  return { tensors, separateHead: true };
}

async function sameNumbers(a: SourceTensor, b: SourceTensor, rows: number): Promise<boolean> {
  const [aRows = 0, width = 0] = a.shape;
  const [bRows = 0] = b.shape;
  if (!sameShape(a.shape.slice(1), b.shape.slice(1)) || Math.min(aRows, bRows) < rows) return false;
  const total = rows * width;
  const [aType, bType] = [floatTypeOf(a), floatTypeOf(b)];
  for (let at = 0; at < total; at += CHUNK_NUMBERS) {
    const count = Math.min(CHUNK_NUMBERS, total - at);
    const [x, y] = await Promise.all([bytesOf(a, aType, at, count), bytesOf(b, bType, at, count)]);
    const same =
      aType === bType
        ? Buffer.compare(x, y) === 0
        : widened(x, aType, count).every(equals(widened(y, bType, count)));
    if (!same) return false;
  }
  return true;
}

async function bytesOf(
  tensor: SourceTensor,
  type: FloatType,
  first: number,
  count: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(count * FLOAT_BYTES[type]);
  await tensor.read(first * FLOAT_BYTES[type], bytes);
  return bytes;
}

function widened(bytes: Uint8Array, type: FloatType, count: number): Float32Array {
  const numbers = new Float32Array(count);
  toFloat32(bytes, type, numbers);
  return numbers;
}

function equals(others: Float32Array): (x: number, i: number) => boolean {
  return (x, i) => x === others[i];
}
