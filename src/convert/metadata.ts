/**
 * The keys of the file: what native/models/config.cpp reads back (spec section 8.5). Sizes come from config.ts, tokens
 * from tokenizer-source.ts.
 */
import type { WeightType } from '../options/closed-sets.js';
import { imageTokenCount, type ModelConfig, variantName } from './config.js';
import { ALIGNMENT, GgufKeys } from './gguf-writer.js';
import { STORAGE_TYPES } from './storage-types.js';
import type { Vocabulary } from './tokenizer-source.js';

const QUANTIZATION_VERSION = 2; // GGML_QNT_VERSION in ggml.h

export function modelKeys(
  config: ModelConfig,
  vocabulary: Vocabulary,
  name: string,
  type: WeightType,
): GgufKeys {
  const keys = new GgufKeys();
  const { text } = config;
  keys.string('general.architecture', text.architecture);
  keys.string('general.type', 'model');
  keys.string('general.name', name);
  keys.u32('general.file_type', STORAGE_TYPES[type].fileType);
  keys.u32('general.quantization_version', QUANTIZATION_VERSION);
  keys.u32('general.alignment', ALIGNMENT);
  textKeys(keys, config);
  visionKeys(keys, config);
  paligemmaKeys(keys, config, vocabulary);
  tokenizerKeys(keys, vocabulary);
  return keys;
}

function textKeys(keys: GgufKeys, { text, vocabularySize }: ModelConfig): void {
  const a = text.architecture;
  keys.u32(`${a}.context_length`, text.contextLength);
  keys.u32(`${a}.embedding_length`, text.width);
  keys.u32(`${a}.block_count`, text.layers);
  keys.u32(`${a}.feed_forward_length`, text.feedForward);
  keys.u32(`${a}.attention.head_count`, text.heads);
  keys.u32(`${a}.attention.head_count_kv`, text.kvHeads);
  keys.u32(`${a}.attention.key_length`, text.headDim);
  keys.u32(`${a}.attention.value_length`, text.headDim);
  keys.u32(`${a}.vocab_size`, vocabularySize);
  keys.f32(`${a}.attention.layer_norm_rms_epsilon`, text.rmsEpsilon);
  keys.f32(`${a}.rope.freq_base`, text.ropeBase);
  if (a === 'gemma2') {
    keys.f32(`${a}.attn_logit_softcapping`, text.attentionSoftcap);
    keys.f32(`${a}.final_logit_softcapping`, text.finalSoftcap);
  }
}

function visionKeys(keys: GgufKeys, { text, vision }: ModelConfig): void {
  keys.bool('clip.has_vision_encoder', true);
  keys.string('clip.projector_type', 'paligemma');
  keys.bool('clip.use_gelu', true); // llama.cpp's word for the tanh form
  keys.u32('clip.vision.image_size', vision.imageSize);
  keys.u32('clip.vision.patch_size', vision.patchSize);
  keys.u32('clip.vision.embedding_length', vision.width);
  keys.u32('clip.vision.feed_forward_length', vision.feedForward);
  keys.u32('clip.vision.block_count', vision.layers);
  keys.u32('clip.vision.attention.head_count', vision.heads);
  keys.u32('clip.vision.projection_dim', text.width);
  keys.f32('clip.vision.attention.layer_norm_epsilon', vision.epsilon);
  keys.f32s('clip.vision.image_mean', [0.5, 0.5, 0.5]);
  keys.f32s('clip.vision.image_std', [0.5, 0.5, 0.5]);
}

function paligemmaKeys(keys: GgufKeys, config: ModelConfig, { ids }: Vocabulary): void {
  const { text, vision } = config;
  keys.u32('paligemma.version', text.architecture === 'gemma2' ? 2 : 1);
  keys.string('paligemma.variant', variantName(config));
  keys.u32('paligemma.image_token_count', imageTokenCount(vision));
  keys.u32('paligemma.first_loc_token', ids.firstLoc);
  keys.u32('paligemma.first_seg_token', ids.firstSeg);
  keys.u32('paligemma.separator_token', ids.separator);
  keys.f32('paligemma.attention.query_scale', text.queryScale);
  keys.bool('paligemma.norm_offset_baked', true);
  keys.u32('paligemma.vision.feed_forward_padded', vision.paddedFeedForward);
}

function tokenizerKeys(keys: GgufKeys, vocabulary: Vocabulary): void {
  const { pieces, scores, types, ids, added } = vocabulary;
  keys.string('tokenizer.ggml.model', 'llama'); // llama.cpp's word for SentencePiece BPE with scores
  keys.string('tokenizer.ggml.pre', 'default');
  keys.strings('tokenizer.ggml.tokens', pieces);
  keys.f32s('tokenizer.ggml.scores', scores);
  keys.i32s('tokenizer.ggml.token_type', types);
  keys.u32('tokenizer.ggml.bos_token_id', ids.bos);
  keys.u32('tokenizer.ggml.eos_token_id', ids.eos);
  keys.u32('tokenizer.ggml.unknown_token_id', ids.unk);
  keys.u32('tokenizer.ggml.padding_token_id', ids.pad);
  keys.bool('tokenizer.ggml.add_bos_token', true);
  keys.bool('tokenizer.ggml.add_eos_token', false);
  // Must be written: absent means true, one wrong leading space (spec 4.3).
  keys.bool('tokenizer.ggml.add_space_prefix', false);
  if (added.length === 0) return;
  keys.i32s(
    'paligemma.added_tokens.ids',
    Int32Array.from(added, ({ id }) => id),
  );
  keys.i32s(
    'paligemma.added_tokens.flags',
    Int32Array.from(added, ({ flags }) => flags),
  );
}
