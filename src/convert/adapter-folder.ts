/** Recognises a PEFT adapter in a folder and says how to merge it: an adapter is never ignored, and not merged here. */
import path from 'node:path';
import { makeError } from '../errors.js';
import { SourceFile } from './source-file.js';
import { JsonReader, parseJsonObject } from './strict-json.js';

const CONFIG = 'adapter_config.json';
const MAX_CONFIG = 1 << 20;

/** Files that make a folder an adapter's: the settings, and weights in any of PEFT's formats. */
export function adapterFiles(names: readonly string[]): string[] {
  return names.filter(
    (name) => name === CONFIG || /^adapter_model([.-].*)?\.(safetensors|bin)$/.test(name),
  );
}

interface Adapter {
  /** "a LoRA adapter", "a DoRA adapter". */
  readonly kind: string;
  /** What the settings name as its base. */
  readonly base: string | undefined;
  /** Modules that were trained as a whole. */
  readonly modules: readonly string[];
}

/** The error about the adapter in `folder`; `files` are those of adapterFiles, `model` weights of a whole model there. */
export async function adapterError(
  folder: string,
  files: readonly string[],
  model: string | undefined,
): Promise<Error> {
  const adapter = files.includes(CONFIG)
    ? await readAdapter(path.join(folder, CONFIG))
    : { kind: 'an adapter', base: undefined, modules: [] };
  const { kind, base, modules } = adapter;
  const whole =
    modules.length > 0 ? `, with ${modules.join(', ')} trained as a whole (modules_to_save)` : '';
  const what = `${kind}${base === undefined ? '' : ` of ${base}`} (${files.join(', ')})${whole}`;
  const beside = model === undefined ? 'not a whole model' : `beside the whole model ${model}`;
  return makeError('ERR_MODEL_ADAPTER', `${folder} holds ${what}, ${beside}`, {
    name: folder,
    found: what,
    expected: 'the folder of a whole model',
    hint:
      model === undefined
        ? `merge it into its base in Python, and convert the merged folder: ${mergeCommand(folder, base)}`
        : `to convert the model without the adapter, move ${files.join(' and ')} away; to keep what was trained, merge it in Python: ${mergeCommand(folder, base)}`,
  });
}

async function readAdapter(file: string): Promise<Adapter> {
  const source = await SourceFile.open(file, 'the settings of the adapter');
  try {
    const json = parseJsonObject(await source.readAll(MAX_CONFIG), CONFIG);
    const reader = new JsonReader(json, CONFIG);
    const type = reader.string('peft_type') ?? 'LORA';
    const name = type !== 'LORA' ? type : reader.boolean('use_dora') ? 'DoRA' : 'LoRA';
    const modules = json.get('modules_to_save');
    return {
      kind: `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name} adapter`,
      base: reader.string('base_model_name_or_path') || undefined,
      modules: Array.isArray(modules) ? modules.filter((m) => typeof m === 'string') : [],
    };
  } finally {
    await source.close();
  }
}

/** What may be pasted into a shell as it is: the texts come from files of unknown origin. */
const PLAIN = /^[\w./@:+-]+$/;

function mergeCommand(folder: string, base: string | undefined): string {
  const from = base !== undefined && PLAIN.test(base) ? base : 'BASE';
  const adapter = PLAIN.test(folder) ? folder : 'ADAPTER';
  return [
    'python3 -c "from transformers import AutoProcessor, PaliGemmaForConditionalGeneration as P',
    'from peft import PeftModel',
    `m = PeftModel.from_pretrained(P.from_pretrained('${from}', torch_dtype='auto'), '${adapter}')`,
    "m.merge_and_unload().save_pretrained('merged')",
    `AutoProcessor.from_pretrained('${from}').save_pretrained('merged')"`,
  ].join('; ');
}
