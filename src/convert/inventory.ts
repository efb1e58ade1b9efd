/**
 * Finds the source of every tensor and complains about all that is missing, misshapen or left over in one error. Which
 * tensors there should be is the table's (tensor-names.ts).
 */
import { type ErrorCode, makeError } from '../errors.js';
import {
  type Checkpoint,
  floatTypeOf,
  formatShape,
  QUANTISED_HINT,
  type SourceTensor,
  sameShape,
} from './checkpoint.js';
import {
  canonicalName,
  reasonToIgnore,
  refuseAdapterTensors,
  sharedPrefix,
} from './source-names.js';
import type { PlannedTensor } from './storage-types.js';
import type { BoundTensor } from './tensor-data.js';
import type { StridedView } from './tensor-names.js';

/** Of each kind of complaint. */
const MAX_LISTED = 20;

interface Complaint {
  readonly name: string;
  readonly text: string;
  readonly found: string;
  readonly expected: string;
}

/** Tensors of a Hugging Face checkpoint under canonical names, whatever layout and wrappers they came in. */
export function canonicalTensors(
  checkpoint: Checkpoint,
  notes: string[],
): ReadonlyMap<string, SourceTensor> {
  refuseAdapterTensors(checkpoint.tensors.values());
  const names = [...checkpoint.tensors.keys()];
  const prefix = names.every((name) => canonicalName(name) === undefined)
    ? sharedPrefix(names)
    : '';
  if (prefix) notes.push(`all names begin with ${prefix}, which was left out`);
  return byName(checkpoint.tensors.values(), (name) => {
    return canonicalName(name.slice(prefix.length)) ?? name;
  });
}

/**
 * Arrays of a big_vision checkpoint. Training saves `params/…` beside the state of the optimiser (`opt/…`), published
 * archives hold the parameters alone, with or without `params/`.
 */
export function parameterArrays(checkpoint: Checkpoint): ReadonlyMap<string, SourceTensor> {
  return byName(checkpoint.tensors.values(), (name) => name.replace(PARAMS, ''));
}

/** Of the members of an archive those that are parameters: all under `params/` if there are such, else all. */
export function isParameter(names: readonly string[]): (name: string) => boolean {
  const marked = names.some((name) => PARAMS.test(name));
  return (name) => !marked || PARAMS.test(name);
}

const PARAMS = /^params\//;

function byName(
  tensors: Iterable<SourceTensor>,
  rename: (name: string) => string,
): ReadonlyMap<string, SourceTensor> {
  const result = new Map<string, SourceTensor>();
  for (const tensor of tensors) {
    const name = rename(tensor.name);
    const other = result.get(name);
    if (other) {
      const both = `${other.name} and ${tensor.name}`;
      throw makeError('ERR_MODEL_TENSOR_SURPLUS', `${both} are the same tensor`, {
        name: tensor.name,
        found: both,
        expected: 'one of them',
        hint: 'the file holds the model twice, or two models: leave the one to be converted',
      });
    }
    result.set(name, tensor);
  }
  return result;
}

/** Binds the plan to Hugging Face tensors; `notes` gets what was dropped and why, `assumed` is for messages. */
export function bindHuggingFace(
  plans: readonly PlannedTensor[],
  tensors: ReadonlyMap<string, SourceTensor>,
  notes: string[],
  assumed: readonly string[] = [],
): BoundTensor[] {
  const inventory = new Inventory(tensors, 'a PaliGemma', assumed);
  const bound: BoundTensor[] = [];
  for (const plan of plans) {
    const { spec } = plan;
    let view: StridedView | undefined;
    const source = inventory.find(spec.huggingFace, (found) => {
      if (spec.moreRows) {
        const enough = (found[0] ?? 0) >= (spec.shape[0] as number);
        if (enough && sameShape(found.slice(1), spec.shape.slice(1))) return undefined;
        return `${formatShape(spec.shape)} or more rows`;
      }
      if (sameShape(found, spec.shape)) return undefined;
      view = channelsLast(found, spec.shape);
      return view ? undefined : formatShape(spec.shape);
    });
    if (!source) continue;
    bound.push({ plan, source, offset: 0, ...(view ? { view } : {}) });
    if (view) notes.push(`${source.name} has its channels last, as MLX stores it: reordered`);
  }
  inventory.finish(notes);
  return bound;
}

/**
 * The view of a convolution that MLX stored as [out, height, width, in]; undefined when `found` is not that. Where both
 * orders have one shape (patches of 3 pixels) it is PyTorch's.
 */
function channelsLast(found: readonly number[], shape: readonly number[]): StridedView | undefined {
  const [out, channels, height, width] = shape;
  if (out === undefined || channels === undefined || height === undefined || width === undefined) {
    return undefined;
  }
  if (!sameShape(found, [out, height, width, channels])) return undefined;
  return {
    rows: [[out, height * width * channels]],
    columns: [
      [channels, 1],
      [height, width * channels],
      [width, channels],
    ],
  };
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
    private readonly assumed: readonly string[] = [],
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
  finish(notes: string[], accepted: readonly string[] = []): void {
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
    if (
      surplus.some(({ name }) => /absmax|quant_state|weight_scale|qweight|SCB|\.scales$/.test(name))
    ) {
      return QUANTISED_HINT;
    }
    if (this.assumed.length > 0) {
      return `the settings are silent about ${this.assumed.join(', ')}: the defaults of transformers may not be those of these weights`;
    }
    return `settings and weights must be those of one checkpoint of ${this.network}`;
  }
}
