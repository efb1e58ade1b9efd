/**
 * Which rows of the embedding are kept. Published files pad their tables with rows that no token has; rows that were trained
 * must not be taken for such padding.
 */
import { makeError } from '../errors.js';
import { FLOAT_BYTES, floatTypeOf, type SourceTensor } from './checkpoint.js';
import { toFloat32 } from './floats.js';

/** What tables are padded to a multiple of; the published ones to 64. */
const PADDINGS = [64, 128, 256, 32, 16, 8] as const;
/** Fewer rows do not show what is usual among them. */
const MIN_COMPARED = 8;
/**
 * Padding is alike: rows drawn around one mean (transformers, convert_paligemma_weights_to_hf.py) or all drawn at random,
 * at one distance from their middle. A row this many times as far away as most is something else.
 */
const FAR = 8;

/**
 * How many rows to keep: `kept`, or more where rows from `named` on, which no token has, stand out among the padding. Throws
 * where they cannot be padding. `notes` gets what was left out, or kept for that reason.
 */
export async function rowsToKeep(
  embedding: SourceTensor,
  named: number,
  kept: number,
  notes: string[],
): Promise<number> {
  const rows = embedding.shape[0] ?? 0;
  const unnamed = rows - named;
  if (unnamed > 0 && !PADDINGS.some((to) => rows % to === 0 && unnamed < to)) {
    throw unnamedRows(embedding, `rows ${named} to ${rows - 1}`);
  }
  const far = unnamed < MIN_COMPARED ? [] : await farRows(embedding, named, unnamed);
  const last = far.at(-1);
  const keep = last === undefined ? kept : last + 1;
  if (last !== undefined) {
    notes.push(
      `embedding ${far.length === 1 ? 'row' : 'rows'} ${far.slice(0, 8).join(', ')}${far.length > 8 ? ' …' : ''} ${far.length === 1 ? 'is' : 'are'} no padding, but no token of the tokenizer has ${far.length === 1 ? 'it' : 'them'}: kept, and never generated`,
    );
  }
  if (rows > keep) {
    const what = keep < named ? '<image> and padding' : 'padding that no token has';
    notes.push(`the last ${rows - keep} of ${rows} embedding rows, ${what}, were dropped`);
  }
  return keep;
}

function unnamedRows(embedding: SourceTensor, which: string): Error {
  return makeError(
    'ERR_TOKENIZER_FORMAT',
    `${which} of ${embedding.name} belong to no token of the tokenizer, and are no padding to a multiple of 8 to 256`,
    {
      name: embedding.name,
      found: `${which} without a token`,
      expected: 'a token for every row that was trained',
      hint: 'save the tokenizer (processor.save_pretrained) of training into the folder, or name the tokens in added_tokens.json: {"<token>": id}',
    },
  );
}

/** Numbers of the rows, of `count` from `first` on, that are much farther from their middle than most. */
async function farRows(tensor: SourceTensor, first: number, count: number): Promise<number[]> {
  const width = tensor.shape[1] as number;
  const type = floatTypeOf(tensor);
  const bytes = new Uint8Array(count * width * FLOAT_BYTES[type]);
  await tensor.read(first * width * FLOAT_BYTES[type], bytes);
  const numbers = new Float32Array(count * width);
  toFloat32(bytes, type, numbers);
  const middle = new Float64Array(width);
  for (const [i, x] of numbers.entries()) middle[i % width] = (middle[i % width] ?? 0) + x / count;
  const distances = Array.from({ length: count }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < width; i++) {
      sum += ((numbers[row * width + i] as number) - (middle[i] as number)) ** 2;
    }
    return Math.sqrt(sum);
  });
  const usual = [...distances].sort((a, b) => a - b)[Math.floor(count / 2)] as number;
  return distances.flatMap((distance, row) => (distance > FAR * usual ? [first + row] : []));
}
