/**
 * From the names that libraries save tensors under to one canonical name each, and what to do with tensors that belong
 * to no network. A new wrapper or outer model is a word in a list here, not a case anywhere else.
 */
import { makeError } from '../errors.js';
import type { SourceTensor } from './checkpoint.js';

/**
 * Segments that only say what a model was wrapped in, and mean nothing wherever they come in a name. No tensor of
 * PaliGemma has one of them as a part of its own name.
 */
const WRAPPERS: ReadonlySet<string> = new Set([
  'model', // the outer model of transformers 4.52 and later, Lightning's attribute, Gemma below its head
  'module', // DataParallel, DistributedDataParallel, DeepSpeed
  '_orig_mod', // torch.compile
  'base_model', // PEFT
  '_fsdp_wrapped_module', // FullyShardedDataParallel
  '_checkpoint_wrapped_module', // activation checkpointing of fairscale and torch
  '_forward_module', // Lightning Fabric
]);

/** The part a name belongs to is its first segment that is no wrapper. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['language_model', 'text.'],
  ['vision_tower', 'vision.'],
  ['multi_modal_projector', 'projector.'],
]);

export const LM_HEAD = 'lm_head.weight';
export const EMBEDDING = 'text.embed_tokens.weight';

/**
 * The canonical name of a Hugging Face tensor (`text.`, `vision.` or `projector.` and the suffix of the inner network;
 * LM_HEAD), or undefined when it belongs to no layout. Layouts: `language_model.model.…` until transformers 4.51,
 * `model.language_model.…` from 4.52 on, the vision tower without `vision_model` in version 5, each under any wrappers,
 * and mixed.
 */
export function canonicalName(name: string): string | undefined {
  const [first = '', ...rest] = name.split('.').filter((segment) => !WRAPPERS.has(segment));
  if (first === 'lm_head') return [first, ...rest].join('.');
  const part = PARTS.get(first);
  if (part === undefined) return undefined;
  if (first === 'language_model' && rest[0] === 'lm_head') return rest.join('.');
  // SigLIP's inner model: a name of its own until version 5 of transformers.
  if (first === 'vision_tower' && rest[0] === 'vision_model') rest.shift();
  return part + rest.join('.');
}

/**
 * A prefix that every name begins with, and that holds no part: the attribute of a custom module, such as
 * `paligemma.`. Empty when there is none.
 */
export function sharedPrefix(names: Iterable<string>): string {
  let shared: string[] | undefined;
  for (const name of names) {
    const segments = name.split('.');
    const part = segments.findIndex((s) => PARTS.has(s) || s === 'lm_head');
    if (part < 0) return '';
    const before = segments.slice(0, part);
    if (shared === undefined) shared = before;
    const same = shared.findIndex((segment, i) => segment !== before[i]);
    if (same >= 0) shared = shared.slice(0, same);
  }
  return (shared ?? []).map((segment) => `${segment}.`).join('');
}

/** Tensors that belong to a PaliGemma checkpoint but not to the networks; the reason goes into the report. */
const IGNORED: readonly (readonly [RegExp, string])[] = [
  [/^text\.(?:.*\.)?rotary_emb\.inv_freq$/, 'rotary frequencies follow from the config'],
  [/^vision\.embeddings\.position_ids$/, 'position numbers follow from the config'],
  [/^vision\.head\./, "PaliGemma does not use the vision tower's pooling head"],
  [/^img\/MAPHead_0\//, "PaliGemma does not use the vision tower's pooling head"],
];

export function reasonToIgnore(name: string): string | undefined {
  return IGNORED.find(([pattern]) => pattern.test(name))?.[1];
}

/** What adapter libraries put into names (PEFT's tuners), most telling first. */
const ADAPTER_NAMES: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)lora_magnitude_vector(\.|$)/, 'DoRA weights'],
  [/(^|\.)lora_(A|B|embedding_A|embedding_B)(\.|$)/, 'LoRA weights'],
  [/(^|\.)trainable_tokens_(delta|original)/, 'trained token rows'],
  [/(^|\.)(ia3_l|vera_lambda_|hada_w1|lokr_w1|oft_[rR]|boft_[rR]|adalora_)/, 'adapter weights'],
  [/(^|\.)(modules_to_save|original_module)\./, 'fully trained modules beside their originals'],
  [/(^|\.)base_layer\./, 'layers that an adapter was taken off'],
];

/** Adapter weights inside a checkpoint are never left out: without them the model is another. */
export function refuseAdapterTensors(tensors: Iterable<SourceTensor>): void {
  const names = [...tensors].map((t) => t.name);
  for (const [pattern, what] of ADAPTER_NAMES) {
    const found = names.filter((name) => pattern.test(name));
    const first = found[0];
    if (first === undefined) continue;
    throw makeError(
      'ERR_MODEL_ADAPTER',
      `the checkpoint has ${what} of an adapter that is not merged: ${found.length === 1 ? first : `${found.length} tensors, the first is ${first}`}`,
      {
        name: first,
        found: what,
        expected: 'the weights of a whole model',
        hint: 'merge it in Python and save again: model.merge_and_unload().save_pretrained(folder)',
      },
    );
  }
}
