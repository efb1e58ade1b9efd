/**
 * A model with Gemma's own 256,000 pieces and tiny random networks, and the tokenizer package they come from, to compare
 * with. What texts they are compared on is in multilingual-texts.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configOf, writeRandomGguf } from '../../bench/random-gguf.mjs';
import { readVocabulary, type Vocabulary } from '../../src/convert/tokenizer-source.js';
import {
  GEMMA_PIECES,
  gemmaTokenizerJson,
  PIECES,
  referenceTokenizer,
} from './gemma-tokenizer.mjs';
import { TEST_MODELS } from './models.js';

export { GEMMA_PIECES, PIECES, referenceTokenizer };

/** The vocabulary as our converter reads it from the package's tokenizer.json with the loc and seg pieces added. */
export async function gemmaVocabulary(): Promise<Vocabulary> {
  mkdirSync(TEST_MODELS, { recursive: true });
  const file = path.join(TEST_MODELS, 'gemma-tokenizer.json');
  writeFileSync(file, JSON.stringify(gemmaTokenizerJson()));
  return readVocabulary([file], { base: PIECES, imageTokenId: undefined, rows: PIECES });
}

/** Writes the model and returns its path. */
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
