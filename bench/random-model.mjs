// Writes a GGUF of a published size with random weights: real weights are gated, and speed and memory do not depend on what the
// values are. Usage: node bench/random-model.mjs VARIANT TYPE OUTPUT
// VARIANT: 3b-224, 3b-448, 3b-896 (PaliGemma 1), 2-3b-224, 2-3b-448, 2-3b-896, 2-10b-224, 2-28b-224 (PaliGemma 2).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { configOf, writeRandomGguf } from './random-gguf.mjs';

const VOCABULARY = 257_152;

// The sizes of the published models, as their config.json has them.
const TEXT = {
  '3b': {
    model_type: 'gemma',
    hidden_size: 2048,
    num_hidden_layers: 18,
    intermediate_size: 16_384,
    num_attention_heads: 8,
    num_key_value_heads: 1,
  },
  '2-3b': {
    model_type: 'gemma2',
    hidden_size: 2304,
    num_hidden_layers: 26,
    intermediate_size: 9216,
    num_attention_heads: 8,
    num_key_value_heads: 4,
  },
  '2-10b': {
    model_type: 'gemma2',
    hidden_size: 3584,
    num_hidden_layers: 42,
    intermediate_size: 14_336,
    num_attention_heads: 16,
    num_key_value_heads: 8,
  },
  '2-28b': {
    model_type: 'gemma2',
    hidden_size: 4608,
    num_hidden_layers: 46,
    intermediate_size: 36_864,
    num_attention_heads: 32,
    num_key_value_heads: 16,
    head_dim: 128,
    query_pre_attn_scalar: 144,
  },
};

export const VARIANTS = Object.keys(TEXT).flatMap((size) =>
  ['224', '448', '896'].map((px) => `${size}-${px}`),
);

const VISION = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_attention_heads: 16,
  num_hidden_layers: 27,
  patch_size: 14,
};

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
  for (let i = 0; i < 256; i++)
    set(217 + i, `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, 6);
  for (let i = 0; i < 1024; i++) set(256_000 + i, `<loc${String(i).padStart(4, '0')}>`, 4);
  for (let i = 0; i < 128; i++) set(257_024 + i, `<seg${String(i).padStart(3, '0')}>`, 4);
  for (let c = 33; c < 127; c++) set(235_000 + c, String.fromCharCode(c));
  set(235_300, '\u2581');
  for (let id = 0; id < VOCABULARY; id++) if (pieces[id] === undefined) set(id, `\u2581w${id}`);
  const scores = Float32Array.from({ length: VOCABULARY }, (_, id) => -id);
  const ids = {
    bos: 2,
    eos: 1,
    unk: 3,
    pad: 0,
    firstLoc: 256_000,
    firstSeg: 257_024,
    separator: 108,
  };
  return { pieces, types, scores, ids, added: [], named: VOCABULARY, file: 'random', notes: [] };
}

/** `isUniform`: the embedding has the type too, where `convert` would choose a finer one. */
export async function writeRandomModel(variant, type, file, isUniform = false) {
  const [, size, pixels] = /^(.+)-(224|448|896)$/.exec(variant) ?? [];
  if (!TEXT[size])
    throw new Error(`unknown variant ${variant}, expected one of ${VARIANTS.join(', ')}`);
  const config = configOf(TEXT[size], { ...VISION, image_size: Number(pixels) }, VOCABULARY);
  const bytes = await writeRandomGguf(file, config, vocabulary(), {
    name: `random-${variant}`,
    type,
    isUniform,
  });
  return { file, bytes };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [variant, type, file] = process.argv.slice(2);
  if (!file) {
    console.error(
      `usage: node bench/random-model.mjs VARIANT TYPE OUTPUT\nVARIANT: ${VARIANTS.join(', ')}`,
    );
    process.exit(2);
  }
  if (existsSync(file)) console.error(`${path.basename(file)} is replaced`);
  console.log(await writeRandomModel(variant, type, file));
}
