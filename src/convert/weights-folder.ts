/**
 * Which files of a Hugging Face folder hold the weights. Knows names only; safetensors.ts reads them. What looks like
 * weights and is not read is named in a note, so that nothing is left out in silence.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../errors.js';
import { adapterError, adapterFiles } from './adapter-folder.js';

const SINGLE = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';

const SHARD = /^(.+)-(\d{5})-of-(\d{5})\.safetensors$/;
/** Pickles that hold weights, not the state of an optimiser or of a trainer. */
const PICKLE = /\.(bin|pt|pth|ckpt|pkl)$/;
const TRAINING = /^(optimizer|scheduler|scaler|rng_state|random_states|sampler|training_args)/;
const OTHER_WEIGHTS =
  /^(pytorch_model.*\.bin|.*\.ckpt|consolidated.*\.pth|flax_model.*|tf_model.*)$/;

/** Names in the folder: either all files with weights, or the index that lists them. */
export interface WeightFiles {
  readonly files: readonly string[];
  readonly index?: string;
  readonly notes: readonly string[];
}

/**
 * Chooses as transformers does (model.safetensors, else the index), and beyond that what is unambiguous: all shards of
 * one series without their index, or the only safetensors file.
 */
export async function chooseWeights(folder: string): Promise<WeightFiles> {
  // Names that begin with a dot are the system's, such as ._model.safetensors of macOS.
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  const adapter = adapterFiles(names);
  const weights = names.filter((n) => n.endsWith('.safetensors') && !adapter.includes(n));
  if (adapter.length > 0) {
    throw await adapterError(folder, adapter, weights[0] ?? names.find((n) => isPickle(n)));
  }
  if (weights.includes(SINGLE)) {
    const others = [...weights.filter((n) => n !== SINGLE), ...names.filter((n) => n === INDEX)];
    const why = `${SINGLE} was, as transformers does`;
    return { files: [SINGLE], notes: notRead([...others, ...otherWeights(names)], why) };
  }
  if (names.includes(INDEX)) {
    return { files: weights, index: INDEX, notes: notRead(otherWeights(names), `${INDEX} was`) };
  }
  if (weights.length === 0) throw nothingFound(folder, names);
  const files = withoutIndex(folder, weights);
  const read = files.length === 1 ? `${files[0]}` : `${files.length} shards`;
  const note = `${read}: read without ${files.length === 1 ? `the usual name ${SINGLE}` : INDEX}`;
  return { files, notes: [note, ...notRead(otherWeights(names), 'safetensors were')] };
}

function isPickle(name: string): boolean {
  return PICKLE.test(name) && !TRAINING.test(name);
}

function otherWeights(names: readonly string[]): string[] {
  return names.filter((name) => OTHER_WEIGHTS.test(name));
}

/** The note about weights that were left out; none when there are none. */
export function notRead(files: readonly string[], why: string): string[] {
  if (files.length === 0) return [];
  const shown = files.slice(0, 4).join(', ');
  const more = files.length > 4 ? ` and ${files.length - 4} more` : '';
  return [`${shown}${more} ${files.length === 1 ? 'was' : 'were'} not read: ${why}`];
}

/** One series of shards, or one file; `weights` is not empty. */
function withoutIndex(folder: string, weights: readonly string[]): readonly string[] {
  if (weights.length === 1 && !SHARD.test(weights[0] as string)) return weights;
  const series = new Map<string, Set<number>>();
  for (const name of weights) {
    const [, stem, number, count] = SHARD.exec(name) ?? [];
    const key = stem === undefined ? name : `${stem} ${count}`;
    series.set(key, (series.get(key) ?? new Set()).add(Number(number ?? 0)));
  }
  if (series.size > 1) {
    throw makeError(
      'ERR_MODEL_FORMAT',
      `${folder} holds several safetensors files and neither ${SINGLE} nor ${INDEX}: ${weights.slice(0, 8).join(', ')}${weights.length > 8 ? ' …' : ''}`,
      {
        name: folder,
        found: weights.slice(0, 8).join(', '),
        expected: 'one file, or all shards of one series',
        hint: `leave the one that holds the model, or rename it to ${SINGLE}`,
      },
    );
  }
  const [, stem, , digits] = SHARD.exec(weights[0] as string) ?? [];
  const count = Number(digits);
  const all = Array.from(
    { length: Math.min(count, 1000) },
    (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${digits}.safetensors`,
  );
  const missing = all.filter((name) => !weights.includes(name));
  if (missing.length > 0) throw missingShards(folder, missing, weights.length, count);
  if (weights.length === count) return all;
  throw makeError('ERR_MODEL_FORMAT', `${folder} holds shards numbered beyond ${count}`, {
    name: folder,
    found: weights.find((name) => !all.includes(name)) ?? '',
    expected: `1 to ${count}`,
  });
}

export function missingShards(
  folder: string,
  missing: readonly string[],
  present: number,
  count: number,
): Error {
  const shown = missing.slice(0, 8).join(', ');
  return makeError(
    'ERR_MODEL_NOT_FOUND',
    `${folder} lacks ${missing.length} of ${count} shards: ${shown}${missing.length > 8 ? ' …' : ''}`,
    {
      name: missing[0] as string,
      found: `${present} of ${count} shards`,
      expected: 'all of them',
      hint: 'the copy or download is not complete',
    },
  );
}

/** What to do with what is there instead of safetensors. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /\.ckpt$/,
    "a pickle can run code when it is read and is not supported; save its weights in Python: model.load_state_dict(torch.load(file)['state_dict']), then model.save_pretrained(folder)",
  ],
  [
    /^(zero_to_fp32\.py|global_step\d+)$/,
    'DeepSpeed keeps the weights in parts: python3 zero_to_fp32.py . merged --safe_serialization makes whole ones',
  ],
  [
    PICKLE,
    'a pickle can run code when it is read and is not supported: get the safetensors version, or make it in Python: PaliGemmaForConditionalGeneration.from_pretrained(folder).save_pretrained(new_folder, safe_serialization=True)',
  ],
  [/\.gguf$/, 'a GGUF file needs no conversion: load it'],
];

function nothingFound(folder: string, names: readonly string[]): Error {
  const facts = { name: folder, expected: `${SINGLE} or ${INDEX}` };
  for (const [pattern, hint] of INSTEAD) {
    const found = names.find((name) => pattern.test(name) && !TRAINING.test(name));
    if (found === undefined) continue;
    const message = `${folder} holds no safetensors, only ${found}`;
    return makeError('ERR_MODEL_NOT_FOUND', message, { ...facts, found, hint });
  }
  const npz = names.find((n) => n.endsWith('.npz'));
  const inside = names.find((n) => /^checkpoint-\d+$/.test(n));
  const hint = npz
    ? `give the file itself as the source: ${path.join(folder, npz)}`
    : inside && `give the folder of one checkpoint: ${path.join(folder, inside)}`;
  return makeError('ERR_MODEL_NOT_FOUND', `${folder} holds neither ${SINGLE} nor ${INDEX}`, {
    ...facts,
    found: names.length === 0 ? 'no files' : names.slice(0, 8).join(', '),
    ...(hint ? { hint } : {}),
  });
}
