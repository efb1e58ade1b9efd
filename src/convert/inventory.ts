/**
 * Finds the source of every tensor and complains about all that is missing, misshapen or left over in one error. Which
 * tensors there should be is the table's (tensor-names.ts).
 */
import { type ErrorCode, makeError } from '../errors.js';
import {
  type Checkpoint,
  FLOAT_BYTES,
  floatTypeOf,
  formatShape,
  type SourceTensor,
  sameShape,
} from './checkpoint.js';
import { toFloat32 } from './floats.js';
import type { PlannedTensor } from './storage-types.js';
import type { BoundTensor } from './tensor-data.js';
import { canonicalName, LM_HEAD, reasonToIgnore } from './tensor-names.js';

/** Of each kind of complaint. */
const MAX_LISTED = 20;

interface Complaint {
  readonly name: string;
  readonly text: string;
  readonly found: string;
  readonly expected: string;
}

/** Tensors of a Hugging Face checkpoint under canonical names, whatever layout they came in. */
export function canonicalTensors(checkpoint: Checkpoint): ReadonlyMap<string, SourceTensor> {
  const result = new Map<string, SourceTensor>();
  for (const tensor of checkpoint.tensors.values()) {
    const name = canonicalName(tensor.name) ?? tensor.name;
    const other = result.get(name);
    if (other) throw sameTensor(other.name, tensor.name);
    result.set(name, tensor);
  }
  return result;
}

/** Arrays of a big_vision checkpoint without the `params/` some archives have. */
export function arraysWithoutPrefix(checkpoint: Checkpoint): ReadonlyMap<string, SourceTensor> {
  const result = new Map<string, SourceTensor>();
  for (const tensor of checkpoint.tensors.values()) {
    const name = tensor.name.replace(/^params\//, '');
    const other = result.get(name);
    if (other) throw sameTensor(other.name, tensor.name);
    result.set(name, tensor);
  }
  return result;
}

function sameTensor(a: string, b: string): Error {
  return makeError('ERR_MODEL_TENSOR_SURPLUS', `${a} and ${b} are the same tensor`, {
    name: b,
    found: `${a} and ${b}`,
    expected: 'one of them',
  });
}

/** Binds the plan to Hugging Face tensors; `notes` gets what was dropped and why. */
export async function bindHuggingFace(
  plans: readonly PlannedTensor[],
  tensors: ReadonlyMap<string, SourceTensor>,
  notes: string[],
): Promise<BoundTensor[]> {
  const inventory = new Inventory(tensors, 'a PaliGemma');
  const bound: BoundTensor[] = [];
  for (const plan of plans) {
    const { spec } = plan;
    const source = inventory.find(spec.huggingFace, (found) =>
      spec.moreRows
        ? sameShape(found.slice(1), spec.shape.slice(1)) &&
          (found[0] ?? 0) >= (spec.shape[0] as number)
          ? undefined
          : `${formatShape(spec.shape)} or more rows`
        : sameShape(found, spec.shape)
          ? undefined
          : formatShape(spec.shape),
    );
    if (!source) continue;
    bound.push({ plan, source, offset: 0 });
    const dropped = (source.shape[0] ?? 0) - (spec.shape[0] as number);
    if (spec.moreRows && dropped > 0) {
      notes.push(
        `the last ${dropped} of ${source.shape[0]} embedding rows, <image> and padding, were dropped`,
      );
    }
  }
  inventory.finish(notes, [LM_HEAD]);
  const head = tensors.get(LM_HEAD);
  const embedding = bound.find((b) => b.plan.spec.role === 'embedding');
  if (head && embedding) {
    await assertTied(head, embedding.source);
    notes.push(`${head.name} was dropped: it equals the embedding, which is the output matrix`);
  }
  return bound;
}

/**
 * Binds the plan to arrays; several tensors may share one. `network` is what they should be, for messages; names in
 * `droppable` may be left over.
 */
export function bindArrays(
  plans: readonly PlannedTensor[],
  arrays: ReadonlyMap<string, SourceTensor>,
  notes: string[],
  network = 'a PaliGemma',
  droppable: (name: string) => boolean = () => false,
): BoundTensor[] {
  const inventory = new Inventory(arrays, network);
  const bound: BoundTensor[] = [];
  for (const plan of plans) {
    const { path, shape, offset, view } = plan.spec.bigVision;
    const source = inventory.find(path, (found) =>
      sameShape(found, shape) ? undefined : formatShape(shape),
    );
    if (source) bound.push({ plan, source, offset, ...(view ? { view } : {}) });
  }
  inventory.finish(notes, [...arrays.keys()].filter(droppable));
  return bound;
}

class Inventory {
  private readonly used = new Set<string>();
  private readonly missing = new Map<string, Complaint>();
  private readonly misshapen = new Map<string, Complaint>();

  constructor(
    private readonly tensors: ReadonlyMap<string, SourceTensor>,
    private readonly network: string,
  ) {}

  /** `mismatch` answers the expected shape when the found one is wrong. */
  find(
    key: string,
    mismatch: (shape: readonly number[]) => string | undefined,
  ): SourceTensor | undefined {
    const tensor = this.tensors.get(key);
    this.used.add(key);
    if (!tensor) {
      this.missing.set(key, { name: key, text: key, found: 'nothing', expected: 'a tensor' });
      return undefined;
    }
    const expected = mismatch(tensor.shape);
    if (expected !== undefined) {
      const found = formatShape(tensor.shape);
      const text = `${tensor.name} is ${found}, expected ${expected}`;
      this.misshapen.set(key, { name: tensor.name, text, found, expected });
      return undefined;
    }
    floatTypeOf(tensor); // throws for a type that holds no weights
    return tensor;
  }

  /** Throws when anything is wrong; else notes which tensors were left out for a known reason. */
  finish(notes: string[], accepted: readonly string[]): void {
    const surplus: Complaint[] = [];
    const ignored = new Map<string, number>();
    for (const [key, tensor] of this.tensors) {
      if (this.used.has(key) || accepted.includes(key)) continue;
      const reason = reasonToIgnore(key);
      if (reason) ignored.set(reason, (ignored.get(reason) ?? 0) + 1);
      else {
        const { name, shape } = tensor;
        surplus.push({ name, text: name, found: formatShape(shape), expected: 'no such tensor' });
      }
    }
    this.complain([...this.missing.values()], [...this.misshapen.values()], surplus);
    for (const [reason, count] of ignored) {
      notes.push(`${count} tensor${count === 1 ? ' was' : 's were'} dropped: ${reason}`);
    }
  }

  private complain(
    missing: readonly Complaint[],
    misshapen: readonly Complaint[],
    surplus: readonly Complaint[],
  ): void {
    const groups: readonly (readonly [ErrorCode, string, readonly Complaint[]])[] = [
      ['ERR_MODEL_TENSOR_MISSING', 'missing', missing],
      ['ERR_MODEL_TENSOR_SHAPE', 'of the wrong shape', misshapen],
      ['ERR_MODEL_TENSOR_SURPLUS', `not part of ${this.network}`, surplus],
    ];
    const wrong = groups.filter(([, , list]) => list.length > 0);
    const [code, , list] = wrong[0] ?? [];
    const first = list?.[0];
    if (!code || !first) return;
    const sentences = wrong.map(([, what, complaints]) => {
      const shown = complaints.slice(0, MAX_LISTED);
      const more = complaints.length - shown.length;
      const texts = shown.map((c) => c.text).join('; ');
      const count = complaints.length === 1 ? '1 tensor is' : `${complaints.length} tensors are`;
      return `${count} ${what}: ${texts}${more > 0 ? ` and ${more} more` : ''}`;
    });
    throw makeError(code, sentences.join('. '), {
      name: first.name,
      found: first.found,
      expected: first.expected,
      hint: this.hint(surplus),
    });
  }

  private hint(surplus: readonly Complaint[]): string {
    const names = surplus.map((c) => c.name);
    if (names.some((n) => /lora_|\.base_layer\./.test(n))) {
      return 'these are adapter weights: merge the adapter into the model before converting';
    }
    if (names.some((n) => /absmax|quant_state|weight_scale|qweight|SCB/.test(n))) {
      return 'this checkpoint is quantised: convert from the original one';
    }
    return `settings and weights must be those of one checkpoint of ${this.network}`;
  }
}

/** How many rows of an output matrix are compared with the embedding. */
const COMPARED_ROWS = 64;

async function assertTied(head: SourceTensor, embedding: SourceTensor): Promise<void> {
  const [rows, width] = embedding.shape as [number, number];
  let same = sameShape(head.shape, embedding.shape);
  for (let i = 0; same && i < COMPARED_ROWS; i++) {
    const row = Math.floor((i * (rows - 1)) / (COMPARED_ROWS - 1));
    const [a, b] = await Promise.all([readRow(head, row, width), readRow(embedding, row, width)]);
    same = a.every((x, j) => x === b[j]);
  }
  if (same) return;
  throw makeError('ERR_MODEL_ARCH', `${head.name} differs from ${embedding.name}`, {
    name: head.name,
    found: `another matrix, ${formatShape(head.shape)}`,
    expected: 'the embedding itself: PaliGemma ties them',
    hint: 'the head was trained apart from the embedding, which this file format cannot hold',
  });
}

async function readRow(tensor: SourceTensor, row: number, width: number): Promise<Float32Array> {
  const type = floatTypeOf(tensor);
  const bytes = new Uint8Array(width * FLOAT_BYTES[type]);
  await tensor.read(row * bytes.length, bytes);
  const numbers = new Float32Array(width);
  toFloat32(bytes, type, numbers);
  return numbers;
}
