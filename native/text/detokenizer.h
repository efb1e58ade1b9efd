// Ids -> text, one at a time: never returns half a character. Byte pieces are held until they make
// a UTF-8 sequence; bytes that cannot become one turn into U+FFFD each. Control pieces are dropped,
// the unknown piece becomes " U+2047 ", U+2581 becomes a space; no leading space is removed.
// Source: DecodeIds in sentencepiece_processor.cc.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace paligemma {

class Detokenizer {
  public:
    // `vocabulary` must outlive this object and be one that a Tokenizer has checked.
    explicit Detokenizer(const Vocabulary& vocabulary);

    // The text that became certain with `id`; may be empty. Ids outside the vocabulary throw
    // OptionRange.
    std::string push(int32_t id);
    // What is still held back, as U+FFFD; call once at the end.
    std::string finish();

  private:
    std::string drain(bool at_end);

    const Vocabulary* vocabulary_;
    std::string held_;  // bytes of an unfinished sequence
};

// The bytes of a token in a text; empty for control and unknown pieces. `id` must be of the
// vocabulary.
std::string token_bytes(const Vocabulary& vocabulary, int32_t id);

std::string detokenize(const Vocabulary& vocabulary, const std::vector<int32_t>& ids);

}  // namespace paligemma
