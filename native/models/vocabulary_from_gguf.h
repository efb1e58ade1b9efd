// The tokenizer's vocabulary out of a GGUF file's keys.
#pragma once
#include "compute/gguf_file.h"
#include "models/config.h"
#include "text/tokenizer.h"

namespace paligemma {

// `file` has the tokenizer.ggml keys. Throws ModelFormat for another kind of tokenizer and for keys
// that are missing or of the wrong type; Tokenizer checks the values.
Vocabulary vocabulary_from_gguf(const GgufFile& file, const TokenIds& tokens);

}  // namespace paligemma
