// Writes a GGUF of a published size with random weights: real weights are gated, and speed and memory do not depend on what the
// numbers are. Usage: node bench/random-model.mjs VARIANT TYPE OUTPUT
// VARIANT: 3b-224, 3b-448, 3b-896 (PaliGemma 1), 2-3b-224, 2-3b-448, 2-3b-896, 2-10b-224, 2-28b-224 (PaliGemma 2).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { configFromJson } from '../lib/convert/config.js';
import { GgufWriter } from '../lib/convert/gguf-writer.js';
import { modelKeys } from '../lib/convert/metadata.js';
import { OutputFile } from '../lib/convert/output-file.js';
import { planTensor, STORAGE_TYPES } from '../lib/convert/storage-types.js';
import { parseJsonObject } from '../lib/convert/strict-json.js';
import { modelTensors } from '../lib/convert/tensor-names.js';
import { native } from '../lib/native/binding.js';

const VOCABULARY = 257_152;
const PATTERN_NUMBERS = 1 << 22;

// The sizes of the published models, as their config.json gives them.
const TEXT = {
  '3b': { model_type: 'gemma', hidden_size: 2048, num_hidden_layers: 18, intermediate_size: 16_384, num_attention_heads: 8, num_key_value_heads: 1 },
  '2-3b': { model_type: 'gemma2', hidden_size: 2304, num_hidden_layers: 26, intermediate_size: 9216, num_attention_heads: 8, num_key_value_heads: 4 },
  '2-10b': { model_type: 'gemma2', hidden_size: 3584, num_hidden_layers: 42, intermediate_size: 14_336, num_attention_heads: 16, num_key_value_heads: 8 },
  '2-28b': { model_type: 'gemma2', hidden_size: 4608, num_hidden_layers: 46, intermediate_size: 36_864, num_attention_heads: 32, num_key_value_heads: 16, head_dim: 128, query_pre_attn_scalar: 144 },
};

export const VARIANTS = Object.keys(TEXT).flatMap((size) => ['224', '448', '896'].map((px) => `${size}-${px}`));

function configOf(variant) {
  const [, size, pixels] = /^(.+)-(224|448|896)$/.exec(variant) ?? [];
  if (!TEXT[size]) throw new Error(`unknown variant ${variant}, expected one of ${VARIANTS.join(', ')}`);
  const json = {
    model_type: 'paligemma',
    image_token_index: VOCABULARY,
    text_config: TEXT[size],
    vision_config: {
      model_type: 'siglip_vision_model',
      hidden_size: 1152,
      intermediate_size: 4304,
      num_attention_heads: 16,
      num_hidden_layers: 27,
      patch_size: 14,
      image_size: Number(pixels),
    },
  };
  return configFromJson(parseJsonObject(Buffer.from(JSON.stringify(json)), 'config'), {});
}

/** A vocabulary of the real size and layout; its pieces are invented. */
function vocabulary() {
  const pieces = [];
  const types = new Int32Array(VOCABULARY).fill(1);
  const set = (id, piece, type = 1) => {
    pieces[id] = piece;
    types[id] = type;
  };
  for (const [id, piece] of ['<pad>', '<eos>', '<bos>'].entries()) set(id, piece, 3);
  set(3, '<unk>', 2);
  for (let i = 1; i <= 31; i++) set(107 + i, '\n'.repeat(i), 4);
  for (let i = 0; i < 256; i++) set(217 + i, `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, 6);
  for (let i = 0; i < 1024; i++) set(256_000 + i, `<loc${String(i).padStart(4, '0')}>`, 4);
  for (let i = 0; i < 128; i++) set(257_024 + i, `<seg${String(i).padStart(3, '0')}>`, 4);
  for (let c = 33; c < 127; c++) set(235_000 + c, String.fromCharCode(c));
  set(235_300, '\u2581');
  for (let id = 0; id < VOCABULARY; id++) if (pieces[id] === undefined) set(id, `\u2581w${id}`);
  const scores = Float32Array.from({ length: VOCABULARY }, (_, id) => -id);
  const ids = { bos: 2, eos: 1, unk: 3, pad: 0, firstLoc: 256_000, firstSeg: 257_024, separator: 108 };
  return { pieces, types, scores, ids, file: 'random', notes: [] };
}

/** Random rows of `columns` numbers in `type`, about PATTERN_NUMBERS of them; tensors repeat them. */
async function pattern(type, columns, scale) {
  const rows = Math.max(1, Math.ceil(PATTERN_NUMBERS / columns));
  const numbers = new Float32Array(rows * columns);
  let state = columns;
  for (let i = 0; i < numbers.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    numbers[i] = (state / 2 ** 31 - 1) * scale;
  }
  const bytes = new Uint8Array(numbers.buffer);
  return type === 'f32' ? bytes : native().quantize(bytes, 'f32', type, columns, rows);
}

export async function writeRandomModel(variant, type, file) {
  const config = configOf(variant);
  const tensors = modelTensors(config).map((spec) => planTensor(spec, type));
  const keys = modelKeys(config, vocabulary(), `random-${variant}`, type);
  const entries = tensors.map((t) => ({
    name: t.spec.name,
    shape: t.shape,
    typeId: STORAGE_TYPES[t.type].id,
    bytes: t.bytes,
  }));
  const output = await OutputFile.create(file, true);
  const writer = new GgufWriter(output, entries);
  const patterns = new Map();
  await writer.begin(keys.header(entries));
  for (const t of tensors) {
    await writer.next();
    const isNorm = /norm|ln\d|post_ln/.test(t.spec.name) && t.spec.name.endsWith('.weight');
    if (isNorm) {
      await writer.append(new Uint8Array(new Float32Array(t.columns).fill(1).buffer));
      continue;
    }
    const key = `${t.type} ${t.columns}`;
    // Uniform numbers of this scale keep the variance of what flows through.
    if (!patterns.has(key)) patterns.set(key, await pattern(t.type, t.columns, Math.sqrt(3 / t.columns)));
    const bytes = patterns.get(key);
    for (let at = 0; at < t.bytes; at += bytes.length) {
      await writer.append(bytes.subarray(0, Math.min(bytes.length, t.bytes - at)));
    }
  }
  await writer.finish();
  await output.commit();
  return { file, bytes: writer.written };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [variant, type, file] = process.argv.slice(2);
  if (!file) {
    console.error(`usage: node bench/random-model.mjs VARIANT TYPE OUTPUT\nVARIANT: ${VARIANTS.join(', ')}`);
    process.exit(2);
  }
  if (existsSync(file)) console.error(`${path.basename(file)} is replaced`);
  console.log(await writeRandomModel(variant, type, file));
}
